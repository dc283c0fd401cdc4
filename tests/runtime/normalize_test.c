/* normalize_test.c: the level of a whole track, told beforehand: what the model gets, and what
 * comes back. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "kernels/rearrange/rearrange.h"
#include "tests/runtime/track.h"
#include "tests/stretch_model.h"

/* out[v] = in[V - 1 - v]: what lies outside the track comes back inside. */
static void build_mirror(const cleave_model_request *request, cleave_graph *graph,
                         cleave_model_ports *ports)
{
    const int64_t C = request->channels, V = request->segment_frames;

    ports->input = cleave_graph_tensor_add(graph, "input", C * V, CLEAVE_TENSOR_INPUT);
    ports->output = cleave_graph_tensor_add(graph, "output", C * V, CLEAVE_TENSOR_OUTPUT);
    for (int64_t v = 0; v < V; v++) {
        const cleave_rearrange_args copy = {
            .size = {C, 1, 1, 1}, .in_stride = {V, 0, 0, 1}, .out_stride = {V, 0, 0, 1}};
        cleave_graph_add(graph, "mirror", CLEAVE_OP_REARRANGE, &copy,
                         (cleave_view[]){{ports->input, V - 1 - v}, {ports->output, v}}, 2);
    }
}

static cleave_model mirror(int64_t S, int normalizes)
{
    cleave_model model = cleave_model_identity;

    model.segment_seconds = (double)S / 8000;
    model.build = build_mirror;
    model.normalizes = normalizes;
    return model;
}

/* What the procedure gives for frame n of a track of N <= S frames in one segment, from the numbers
 * as they are stated: rounded to float32 on the way in and on the way out. */
static float expected(const float *x, int64_t N, int64_t S, int64_t n, double mean,
                      double deviation)
{
    const int64_t left = (S - N) / 2, from = S - 1 - (left + n) - left;
    const float in =
        from >= 0 && from < N ? (float)(((double)x[from] - mean) / (deviation + 1e-8)) : 0.0f;

    return (float)((double)in * (deviation + 1e-8) + mean);
}

static void levels(void)
{
    static const struct {
        double mean, deviation;
    } level[] = {{0, 1}, {0.25, 0.1}, {-3, 0.003}, {1e-5, 1e-6}, {0.5, 0}, {0, 100}};
    const int64_t S = 301;
    cleave_config config = track_config("identity");
    const cleave_model model = mirror(S, 1), other = mirror(S, 0);

    config.segment_seconds = 0;
    config.channels = 1;
    config.overlap = 0;
    cleave_engine *engine = track_open(&model, &config), *plain = track_open(&other, &config);
    for (size_t i = 0; i < sizeof level / sizeof level[0]; i++)
        for (int64_t N = 1; N <= S; N += 30) {
            const double mean = level[i].mean, deviation = level[i].deviation;
            float *const x = track_noise(i, N, 1);
            for (int64_t n = 0; n < N; n++)
                x[n] = (float)(mean + deviation * (double)x[n]);
            TEST_CHECK(cleave_normalize(engine, mean, deviation) == CLEAVE_OK);
            TEST_CHECK(cleave_normalize(plain, mean, deviation) == CLEAVE_OK);
            float *const out = track_separate(engine, x, N, 50, (uint64_t)N);
            for (int64_t n = 0; out && n < N; n++)
                TEST_CHECK(isfinite(out[n]) && out[n] == expected(x, N, S, n, mean, deviation));
            /* After a reset, and for a model that does not normalize, the track is as it is. */
            cleave_reset(engine);
            float *const again = track_separate(engine, x, N, 50, (uint64_t)N);
            float *const raw = track_separate(plain, x, N, 50, (uint64_t)N);
            TEST_CHECK(again && raw && !memcmp(again, raw, (size_t)N * sizeof *raw));
            const int64_t left = (S - N) / 2;
            for (int64_t n = 0; raw && n < N; n++) {
                const int64_t from = S - 1 - n - 2 * left;
                TEST_CHECK(raw[n] == (from >= 0 && from < N ? x[from] : 0));
            }
            cleave_reset(engine);
            cleave_reset(plain);
            free(raw);
            free(again);
            free(out);
            free(x);
        }
    cleave_close(&engine);
    cleave_close(&plain);
}

/* Silence, and a track that is one constant. */
static void silence(void)
{
    const cleave_model model = mirror(200, 1);
    cleave_config config = track_config("identity");
    float x[1000];

    config.segment_seconds = 0;
    config.channels = 1;
    cleave_engine *engine = track_open(&model, &config);
    for (int k = 0; k < 2; k++) {
        for (int n = 0; n < 1000; n++)
            x[n] = 0.25f * (float)k;
        TEST_CHECK(cleave_normalize(engine, 0.25 * k, 0) == CLEAVE_OK);
        float *const out = track_separate(engine, x, 1000, 0, 0);
        TEST_CHECK(out && !memcmp(out, x, sizeof x));
        free(out);
        cleave_reset(engine);
    }
    cleave_close(&engine);
}

/* The matrix works at the level of the mixture: a sum of two stems carries the mean twice, and what
 * is conserved is the mixture that was pushed. */
static void matrices(void)
{
    const int64_t N = 9001;
    const double mean = 0.5, deviation = 0.125;
    float *const x = track_noise(2, N, 2);
    float *part[3];

    for (int64_t i = 0; i < 2 * N; i++)
        x[i] = (float)(mean + deviation * (double)x[i]);
    for (int k = 0; k < 3; k++) {
        cleave_config config = track_config("stretch");
        config.segment_seconds = 0;
        if (k == 1)
            config.two_stems = "wave";
        config.conserve = k == 2;
        cleave_engine *engine = track_open(&test_model_stretch, &config);
        TEST_CHECK(cleave_normalize(engine, mean, deviation) == CLEAVE_OK);
        part[k] = track_separate(engine, x, N, 0, 0);
        cleave_close(&engine);
    }
    /* Stems "wave" and "no_wave" are the model's own; stems that conserve sum to the mixture,
     * within a few roundings of values below 2. */
    TEST_CHECK(part[0] && part[1] && !memcmp(part[0], part[1], (size_t)(4 * N) * sizeof(float)));
    for (int64_t i = 0; part[2] && i < 2 * N; i++)
        TEST_CHECK(fabsf(part[2][i] + part[2][2 * N + i] - x[i]) <= 0x1p-21f);
    for (int k = 0; k < 3; k++)
        free(part[k]);
    free(x);
}

static void refusals(void)
{
    const double bad[][2] = {{(double)NAN, 1},
                             {0, (double)NAN},
                             {(double)INFINITY, 1},
                             {0, (double)INFINITY},
                             {0, -1e-30}};
    const cleave_config config = track_config("stretch");
    float x[2 * 800] = {0}, out[2][2 * 800];
    float *stems[2] = {out[0], out[1]};
    int64_t count;

    for (int normalizes = 0; normalizes < 2; normalizes++) {
        cleave_model model = test_model_stretch;
        model.normalizes = normalizes;
        cleave_engine *engine = track_open(&model, &config);
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
            TEST_CHECK(cleave_normalize(engine, bad[i][0], bad[i][1]) == CLEAVE_INVALID);
        TEST_CHECK(cleave_push(engine, x, 800, &count) == CLEAVE_OK && count == 800);
        TEST_CHECK(cleave_normalize(engine, 0, 1) == CLEAVE_OK);
        TEST_CHECK(cleave_normalize(engine, 1, 2) == CLEAVE_OK);
        TEST_CHECK(cleave_pull(engine, stems, 1, &count) == CLEAVE_OK && count == 1);
        TEST_CHECK(cleave_normalize(engine, 0, 1) == CLEAVE_INVALID);
        cleave_reset(engine);
        TEST_CHECK(cleave_normalize(engine, 0, 1) == CLEAVE_OK);
        cleave_close(&engine);
    }
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"normalize: what goes in and what comes out", levels},
        {"normalize: silence", silence},
        {"normalize: sums, complements and the mixture", matrices},
        {"normalize: what is refused", refusals},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
