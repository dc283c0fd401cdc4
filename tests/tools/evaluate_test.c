/* evaluate_test: evaluate and compare_audio on signals whose figures are known by construction. */
#include "tests/test.h"
#include "tests/tools/folder.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVALUATE TEST_BUILD_DIR "/tools/evaluate"
#define COMPARE  TEST_BUILD_DIR "/tools/compare_audio"
#define FRAMES   9001 /* more than two blocks, and a rest */

static float samples[2][2 * FRAMES];

/* gain_a a + gain_b b, where a and b are square waves of amplitude 1/4 that are orthogonal over
 * FRAMES - 1 frames (the last frame is zero): on the 16-bit grid for gains that are multiples of
 * 1/8192. */
static clip signal_of(int slot, float gain_a, float gain_b)
{
    clip c = {samples[slot], FRAMES, 2, 22050};

    for (int64_t i = 0; i < FRAMES; i++)
        for (int k = 0; k < 2; k++) {
            float a = i & 1 ? 0.25f : -0.25f, b = i & 2 ? 0.25f : -0.25f;
            c.samples[2 * i + k] = i == FRAMES - 1 ? 0 : gain_a * a + gain_b * b;
        }
    return c;
}

static void write_signal(const char *folder, const char *name, float gain_a, float gain_b)
{
    clip c = signal_of(0, gain_a, gain_b);

    folder_write(folder, name, &c);
}

/* The number of a key in the object of a stem. */
static double figure(const char *json, const char *stem, const char *key)
{
    char wanted[80];

    snprintf(wanted, sizeof wanted, "\"stem\":\"%s\"", stem);
    const char *at = strstr(json, wanted);
    snprintf(wanted, sizeof wanted, "\"%s\":", key);
    at = at ? strstr(at, wanted) : NULL;
    return at ? strtod(at + strlen(wanted), NULL) : NAN;
}

static int near(double x, double wanted)
{
    return fabs(x - wanted) < 0.0002; /* four decimals are printed */
}

static void make_folders(char reference[600], char estimate[600])
{
    snprintf(reference, 600, "%s", folder_make());
    snprintf(estimate, 600, "%s", folder_make());
}

/* With s = a, e = a + b/4: SDR = 10 log10(1 / (1/16)). With e = a/2: the error is a/2, and SI-SDR
 * infinite. */
static void test_known_figures(void)
{
    char reference[600], estimate[600], text[4096];

    make_folders(reference, estimate);
    write_signal(reference, "vocals.wav", 1, 0);
    write_signal(reference, "drums.wav", 0, 1);
    write_signal(estimate, "vocals.wav", 1, 0.25f);
    write_signal(estimate, "drums.wav", 0, 0.5f);
    TEST_CHECK(!folder_run(text, EVALUATE " --reference '%s' --estimate '%s' --json", reference,
                           estimate));
    TEST_CHECK(near(figure(text, "vocals", "sdr_db"), 10 * log10(16)));
    TEST_CHECK(near(figure(text, "vocals", "si_sdr_db"), 10 * log10(16)));
    TEST_CHECK(near(figure(text, "vocals", "mixture_sdr_db"), 0));
    TEST_CHECK(near(figure(text, "vocals", "gain_db"), 10 * log10(16)));
    TEST_CHECK(near(figure(text, "drums", "sdr_db"), 10 * log10(4)));
    TEST_CHECK(strstr(strstr(text, "drums") ? text : "", "\"si_sdr_db\":null") != NULL);
    TEST_CHECK(
        !folder_run(text, EVALUATE " --reference '%s' --estimate '%s'", reference, estimate));
    TEST_CHECK(strstr(text, "12.04") != NULL);
}

/* no_vocals and accompaniment are b/2 + b/4 here: the sum of the two references beside the vocals.
 */
static void test_sum_of_references(void)
{
    char reference[600], estimate[600], text[4096];

    make_folders(reference, estimate);
    write_signal(reference, "vocals.wav", 1, 0);
    write_signal(reference, "drums.wav", 0, 0.5f);
    write_signal(reference, "bass.wav", 0, 0.25f);
    write_signal(estimate, "accompaniment.wav", 0, 0.5f);
    write_signal(estimate, "no_drums.wav", 0.5f, 0.25f);
    TEST_CHECK(!folder_run(text, EVALUATE " --reference '%s' --estimate '%s' --json", reference,
                           estimate));
    TEST_CHECK(near(figure(text, "accompaniment", "sdr_db"), 10 * log10(9)));
    TEST_CHECK(near(figure(text, "accompaniment", "mixture_sdr_db"), 10 * log10(0.5625)));
    TEST_CHECK(near(figure(text, "no_drums", "sdr_db"), 10 * log10(1.0625 / 0.25)));
}

static void test_refuses(void)
{
    char reference[600], estimate[600], text[4096];
    clip c;

    make_folders(reference, estimate);
    write_signal(reference, "vocals.wav", 1, 0);
    write_signal(estimate, "piano.wav", 1, 0);
    TEST_CHECK(
        folder_run(text, EVALUATE " --reference '%s' --estimate '%s'", reference, estimate) == 1);
    TEST_CHECK(strstr(text, "piano") != NULL);

    make_folders(reference, estimate);
    write_signal(reference, "vocals.wav", 1, 0);
    c = signal_of(0, 1, 0);
    c.frames--;
    folder_write(estimate, "vocals.wav", &c);
    TEST_CHECK(
        folder_run(text, EVALUATE " --reference '%s' --estimate '%s'", reference, estimate) == 1);
    TEST_CHECK(strstr(text, "length") != NULL);

    c.frames = FRAMES;
    c.rate_hz = 44100;
    folder_write(estimate, "vocals.wav", &c);
    TEST_CHECK(
        folder_run(text, EVALUATE " --reference '%s' --estimate '%s'", reference, estimate) == 1);
    TEST_CHECK(strstr(text, "rate") != NULL);
    TEST_CHECK(folder_run(text, EVALUATE " --reference '%s'", reference) == 2);
    TEST_CHECK(folder_run(text, EVALUATE " --reference '%s' --estimate /nowhere", reference) == 1);
}

/* Noise, and the same noise 137 frames later with one sample changed by 2^-10. */
static void test_compare(void)
{
    char folder[600], text[4096];
    clip a = {samples[0], FRAMES, 2, 22050}, b = {samples[1], FRAMES, 2, 22050};

    snprintf(folder, sizeof folder, "%s", folder_make());
    for (int64_t i = 0; i < 2 * FRAMES; i++)
        a.samples[i] = rintf(8192 * test_uniform(5, (uint64_t)i)) / 32768;
    memset(b.samples, 0, sizeof samples[1]);
    memcpy(b.samples + 2 * 137, a.samples, sizeof *a.samples * 2 * (FRAMES - 137));
    b.samples[2 * 1000] += 0x1p-10f;
    folder_write(folder, "a.wav", &a);
    folder_write(folder, "b.wav", &b);
    TEST_CHECK(folder_run(text, COMPARE " '%s/a.wav' '%s/b.wav'", folder, folder) == 1);
    TEST_CHECK(strstr(text, "shift          137 frames\n") != NULL);
    TEST_CHECK(strstr(text, "max difference 0.0009765625 at frame 863\n") != NULL ||
               strstr(text, "max difference 0.000976562 at frame 863\n") != NULL);
    TEST_CHECK(folder_run(text, COMPARE " '%s/a.wav' '%s/a.wav'", folder, folder) == 0);
    TEST_CHECK(strstr(text, "SNR            equal") != NULL);
    TEST_CHECK(folder_run(text, COMPARE " '%s/a.wav' '%s/none.wav'", folder, folder) == 2);
    TEST_CHECK(folder_run(text, COMPARE " '%s/a.wav'", folder) == 2);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"evaluate/known figures", test_known_figures},
        {"evaluate/sum of references", test_sum_of_references},
        {"evaluate/refuses", test_refuses},
        {"compare_audio/shift and difference", test_compare},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof *cases);
}
