/* channels_test.c: the matrices between numbers of channels. */
#include "host/channels.h"
#include "tests/test.h"

#include <math.h>

static const channel_matrix *matrix(int32_t in, int32_t out)
{
    static channel_matrix made;
    channels_matrix(&made, in, out);
    return &made;
}

static int is(float value, double expected)
{
    return fabs(value - expected) < 1e-6;
}

static void keeps(void)
{
    for (int32_t n = 1; n <= AUDIO_CHANNELS_MAX; n++) {
        const channel_matrix *m = matrix(n, n);
        for (int32_t o = 0; o < n; o++) {
            for (int32_t i = 0; i < n; i++) {
                TEST_CHECK(m->gain[o][i] == (o == i ? 1.0f : 0.0f));
            }
        }
    }
}

static void usual(void)
{
    const channel_matrix *m = matrix(2, 1);
    TEST_CHECK(is(m->gain[0][0], 0.5) && is(m->gain[0][1], 0.5));
    m = matrix(1, 2);
    TEST_CHECK(m->gain[0][0] == 1.0f && m->gain[1][0] == 1.0f);
    m = matrix(6, 2); /* L + C / sqrt 2 + Ls / sqrt 2, scaled to full scale; no LFE */
    double scale = 1.0 / (1.0 + sqrt(2.0));
    TEST_CHECK(is(m->gain[0][0], scale) && is(m->gain[0][2], scale * sqrt(0.5)));
    TEST_CHECK(is(m->gain[0][4], scale * sqrt(0.5)) && m->gain[0][5] == 0.0f);
    TEST_CHECK(m->gain[0][3] == 0.0f && m->gain[1][3] == 0.0f && m->gain[1][0] == 0.0f);
    m = matrix(2, 6);
    TEST_CHECK(m->gain[0][0] == 1.0f && m->gain[1][1] == 1.0f && m->gain[2][0] == 0.0f);
    m = matrix(1, 6);
    TEST_CHECK(m->gain[2][0] == 1.0f && m->gain[0][0] == 0.0f);
}

/* Between any two: full scale stays within full scale, only low frequencies may be lost, and a
 * mirror of the input is a mirror of the output for pairs. */
static void bounded(void)
{
    int tried = 0;
    for (int32_t in = 1; in <= AUDIO_CHANNELS_MAX; in++) {
        for (int32_t out = 1; out <= AUDIO_CHANNELS_MAX; out++) {
            const channel_matrix *m = matrix(in, out);
            for (int32_t o = 0; o < out; o++) {
                float sum = 0.0f;
                for (int32_t i = 0; i < in; i++) {
                    sum += m->gain[o][i];
                    TEST_CHECK(m->gain[o][i] >= 0.0f);
                }
                TEST_CHECK(sum <= 1.000001f);
            }
            for (int32_t i = 0; i < in; i++) {
                float heard = 0.0f;
                for (int32_t o = 0; o < out; o++) {
                    heard += m->gain[o][i];
                }
                TEST_CHECK(heard > 0.0f || (in >= 6 && i == 3));
            }
            if (in >= 2 && out >= 2) {
                TEST_CHECK(m->gain[0][0] == m->gain[1][1] && m->gain[0][1] == m->gain[1][0]);
            }
            tried++;
        }
    }
    test_passed_count(tried);
}

static void mixes(void)
{
    const float in[4] = {1.0f, 0.5f, -1.0f, 0.0f};
    float out[2];
    channels_mix(matrix(2, 1), in, out, 2);
    TEST_CHECK(is(out[0], 0.75) && is(out[1], -0.5));
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"same", keeps}, {"usual", usual}, {"bounded", bounded}, {"mixes", mixes}};
    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
