/* fit_test.c: models that take a short segment as it is: the plan is fitted to it and back. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "kernels/elementwise/elementwise.h"
#include "kernels/rearrange/rearrange.h"
#include "tests/runtime/track.h"
#include "tests/stretch_model.h"

enum { STEMS = 2 };

static cleave_config small_config(int32_t channels)
{
    cleave_config config;

    cleave_config_default(&config);
    config.device = CLEAVE_DEVICE_CPU;
    config.rate_hz = 8000;
    config.channels = channels;
    config.overlap = 0;
    return config;
}

/* The stretching model with segments of S frames at 8 kHz. */
static cleave_model stretch(int64_t S)
{
    cleave_model model = test_model_stretch;

    model.segment_seconds = (double)S / 8000;
    return model;
}

/* One segment of n frames through an engine that was planned for that length: [STEMS][n][C]. */
static float *one_segment(const float *x, int64_t n, int32_t channels)
{
    const cleave_model model = stretch(n);
    const cleave_config config = small_config(channels);
    cleave_engine *engine = track_open(&model, &config);
    float *const out = engine ? track_separate(engine, x, n, 0, 0) : NULL;

    cleave_close(&engine);
    return out;
}

/* A track shorter than a segment is one segment: the very bits of an engine made for its length.
 * What memory held before does not matter. */
static void one_short_segment(void)
{
    const int64_t S = 700;
    const cleave_model model = stretch(S);
    const cleave_config config = small_config(2);
    cleave_engine *engine = track_open(&model, &config);
    float *const x = track_noise(1, S, 2);

    for (int64_t trial = 0; engine && trial < 60; trial++) {
        const int64_t n = trial % 4 == 3 ? S : trial < 30 ? trial + 1 : 1 + (trial * 389) % S;
        memset(engine->plan.shared, 0xFF, engine->plan.shared_bytes);
        float *const out = track_separate(engine, x, n, 0, 0);
        float *const alone = one_segment(x, n, 2);
        if (!TEST_CHECK(out && alone && !memcmp(out, alone, (size_t)(STEMS * n * 2) * sizeof *out)))
            TEST_FAIL("%d frames", (int)n);
        free(out);
        free(alone);
        cleave_reset(engine);
    }
    free(x);
    cleave_close(&engine);
}

/* The procedure on whole arrays: every segment alone, weighted sums in double. y is [STEMS][N][C].
 */
static void direct(const float *x, int64_t N, int64_t S, const cleave_config *config, double *y)
{
    const int64_t C = config->channels, lanes = config->shifts > 0 ? config->shifts : 1;
    const int64_t stride = (int64_t)((1 - config->overlap) * (double)S);
    double *const sum = calloc((size_t)(STEMS * N * C), sizeof *sum);
    double *const weights = calloc((size_t)N, sizeof *weights);
    float *const part = calloc((size_t)(S * C), sizeof *part);

    for (int64_t lane = 0; lane < lanes; lane++) {
        const int64_t origin =
            config->shifts > 0
                ? cleave_segment_shift(config->shift_seed, (int32_t)lane, config->rate_hz)
                : 0;
        memset(sum, 0, (size_t)(STEMS * N * C) * sizeof *sum);
        memset(weights, 0, (size_t)N * sizeof *weights);
        for (int64_t a = origin; a < N; a += stride) {
            const int64_t n = S < N - a ? S : N - a;
            for (int64_t i = 0; i < n * C; i++)
                part[i] = a * C + i >= 0 ? x[a * C + i] : 0;
            float *const out = a + n > 0 ? one_segment(part, n, (int32_t)C) : NULL;
            for (int64_t i = a < 0 ? -a : 0; out && i < n; i++) {
                const double w = (double)(i < S / 2 ? i + 1 : S - i) / (double)(S - S / 2);
                weights[a + i] += w;
                for (int64_t s = 0; s < STEMS; s++)
                    for (int64_t c = 0; c < C; c++)
                        sum[(s * N + a + i) * C + c] += w * (double)out[(s * n + i) * C + c];
            }
            free(out);
        }
        for (int64_t i = 0; i < STEMS * N * C; i++)
            y[i] += sum[i] / weights[i / C % N] / (double)lanes;
    }
    free(part);
    free(weights);
    free(sum);
}

static void against_direct(void)
{
    static const double overlaps[] = {0, 0.25, 0.7};
    static const int64_t sizes[] = {7, 100, 501, 6000};
    int tracks = 0;

    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
        for (size_t o = 0; o < 3; o++)
            for (int32_t shifts = 0; shifts <= 2; shifts++) {
                const int64_t S = sizes[s], N = 1 + (int64_t)(o * 37) + S * (shifts + 1) / 2;
                cleave_config config = small_config(1 + (int32_t)(o % 2));
                const cleave_model model = stretch(S);
                config.overlap = overlaps[o];
                config.shifts = shifts;
                config.threads = 1 + shifts;
                if (S == 7 && shifts)
                    continue; /* thousands of engines for the zeros before the track */
                const int64_t values = STEMS * N * config.channels;
                cleave_engine *engine = track_open(&model, &config);
                float *const x = track_noise((uint64_t)N, N, config.channels);
                double *const y = calloc((size_t)values, sizeof *y);
                float *const out = track_separate(engine, x, N, 333, (uint64_t)S);
                double worst = 0;
                direct(x, N, S, &config, y);
                for (int64_t i = 0; out && i < values; i++)
                    worst = fmax(worst, fabs((double)out[i] - y[i]));
                /* Up to four blends a lane with three roundings of values below 4 each, 2^-22
                 * apart. */
                if (!TEST_CHECK(out && worst <= 4e-6))
                    TEST_FAIL("S %d N %d overlap %g shifts %d: off by %g", (int)S, (int)N,
                              config.overlap, (int)shifts, worst);
                tracks++;
                free(out);
                free(y);
                free(x);
                cleave_close(&engine);
            }
    TEST_CHECK(tracks == 30);
}

/* Nor do the sizes of blocks matter, or threads, when the model remembers. */
static void blocks_do_not_matter(void)
{
    const int64_t N = 21011;
    float *const x = track_noise(8, N, 2);
    float *whole = NULL;

    for (uint64_t trial = 0; trial < 12; trial++) {
        cleave_config config = small_config(2);
        cleave_model model = test_model_stretch_memory;
        model.segment_seconds = 0.5;
        config.overlap = 0.25;
        config.shifts = 2;
        config.threads = 1 + (int32_t)trial % 3;
        cleave_engine *engine = track_open(&model, &config);
        TEST_CHECK(cleave_normalize(engine, 0.25, 0.5) == CLEAVE_OK);
        float *const out =
            track_separate(engine, x, N, trial ? 1 + 400 * (int64_t)trial : 0, trial);
        cleave_close(&engine);
        if (trial == 0) {
            whole = out;
            continue;
        }
        TEST_CHECK(whole && out && !memcmp(out, whole, (size_t)(N * 2 * STEMS) * sizeof *out));
        free(out);
    }
    free(whole);
    free(x);
}

/* What info says of the latency is so: a frame less, and nothing is ready. */
static void latency(void)
{
    float *const x = track_noise(3, 20000, 2), *const out = track_noise(4, 40000, 2);
    float *stems[STEMS] = {out, out + 40000};

    for (int32_t shifts = 0; shifts <= 3; shifts += 3) {
        const cleave_model model = stretch(5000);
        cleave_config config = small_config(2);
        cleave_engine_info info;
        int64_t count;

        config.shifts = shifts;
        cleave_engine *engine = track_open(&model, &config);
        cleave_engine_info_get(engine, &info);
        TEST_CHECK(info.latency_frames_max == 5000);
        TEST_CHECK(cleave_push(engine, x, 4999, &count) == CLEAVE_OK && count == 4999);
        const cleave_status early = cleave_pull(engine, stems, 20000, &count);
        TEST_CHECK(shifts ? early == CLEAVE_OK || early == CLEAVE_AGAIN : early == CLEAVE_AGAIN);
        TEST_CHECK(cleave_push(engine, x + 2 * 4999, 1, &count) == CLEAVE_OK && count == 1);
        TEST_CHECK(early == CLEAVE_OK ||
                   (cleave_pull(engine, stems, 20000, &count) == CLEAVE_OK && count > 0));
        cleave_close(&engine);
    }
    free(x);
    free(out);
}

/* ---- models that are not what they say ----------------------------------------------------- */
static int64_t short_below; /* segments below this length are built otherwise */
static enum { FAILS, ADDS_STEP, ADDS_TENSOR, GROWS, GROWS_CONSTANT, OTHER_OP, OTHER_TENSOR } how;

static void fill_zero(void *data, size_t bytes, const void *context)
{
    (void)context;
    memset(data, 0, bytes);
}

static void build_wayward(const cleave_model_request *request, cleave_graph *graph,
                          cleave_model_ports *ports)
{
    const int64_t C = request->channels, V = request->segment_frames;
    const int is = V < short_below;
    const int64_t more = is && how == GROWS ? 10000 : 0;
    const int64_t extra = is && how == GROWS_CONSTANT ? 1 : 0;

    ports->input = cleave_graph_tensor_add(graph, "input", C * V + more, CLEAVE_TENSOR_INPUT);
    ports->output = cleave_graph_tensor_add(graph, "output", C * V, CLEAVE_TENSOR_OUTPUT);
    const cleave_tensor k[2] = {
        cleave_graph_constant(graph, "zeros", 4000, fill_zero, NULL, 0),
        cleave_graph_constant(graph, "zeros too", 4000 + extra, fill_zero, NULL, 0)};
    if (is && how == FAILS)
        cleave_graph_fail(graph, CLEAVE_UNSUPPORTED, "no segment below %d frames",
                          (int)short_below);
    if (is && how == ADDS_TENSOR)
        cleave_graph_tensor_add(graph, "one more", 1, CLEAVE_TENSOR_TEMPORARY);
    const cleave_elementwise_args add = {
        .points = C * V, .x = 1, .y = 1, .kind = CLEAVE_ELEMENTWISE_ADD};
    const cleave_rearrange_args copy = {
        .size = {1, 1, 1, C * V}, .in_stride = {0, 0, 0, 1}, .out_stride = {0, 0, 0, 1}};
    for (int i = 0; i < (is && how == ADDS_STEP ? 2 : 1); i++)
        cleave_graph_add(graph, "add", CLEAVE_OP_ELEMENTWISE, &add,
                         (cleave_view[]){{ports->input, 0},
                                         {k[is && how == OTHER_TENSOR], 0},
                                         {ports->output, 0}},
                         3);
    if (is && how == OTHER_OP)
        cleave_graph_add(graph, "other", CLEAVE_OP_REARRANGE, &copy,
                         (cleave_view[]){{ports->input, 0}, {ports->output, 0}}, 2);
    else
        cleave_graph_add(graph, "add", CLEAVE_OP_ELEMENTWISE, &add,
                         (cleave_view[]){{ports->input, 0}, {k[1], 0}, {ports->output, 0}}, 3);
}

static void models_refused(void)
{
    static const struct {
        int how;
        int64_t below;
        const char *sentence;
    } cases[] = {
        {FAILS, 2, "a segment of 1 frames: no segment below 2 frames"},
        {FAILS, 700, "a segment of 1 frames: no segment below 700"},
        {ADDS_STEP, 2, "step \"add\": there is room for 2"},
        {ADDS_TENSOR, 2, "tensor \"one more\": there is room for 4"},
        {GROWS, 2, "tensor \"input\" (40008 bytes) does not fit"},
        {GROWS_CONSTANT, 2, "tensor \"zeros too\" (16004 bytes) does not fit"},
        {OTHER_OP, 2, "step \"other\" does not fit \"add\" of the plan: it has another op"},
        {OTHER_TENSOR, 2, "step \"add\" does not fit \"add\" of the plan: it has other tensors"},
    };
    const cleave_config config = small_config(2);
    cleave_model model = cleave_model_identity;
    cleave_engine *engine = NULL;
    cleave_error error;

    model.any_length = 1;
    model.build = build_wayward;
    model.segment_seconds = 0.1;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        how = cases[i].how;
        short_below = cases[i].below;
        memset(&error, 0, sizeof error);
        TEST_CHECK(cleave_engine_open(&model, &config, &engine, &error) < 0 && !engine);
        if (!TEST_CHECK(strstr(error.message, cases[i].sentence) != NULL))
            TEST_FAIL("\"%s\" lacks \"%s\"", error.message, cases[i].sentence);
    }
    /* A plan that was not fitted computes as before. */
    short_below = 0;
    engine = track_open(&model, &config);
    short_below = 300;
    how = OTHER_OP;
    TEST_CHECK(cleave_fit_to(engine, 299, &error) == CLEAVE_UNSUPPORTED);
    TEST_CHECK(engine->fitted_frames == 800);
    float *const x = track_noise(1, 800, 2), *const out = track_separate(engine, x, 800, 0, 0);
    TEST_CHECK(out && !memcmp(out, x, 1600 * sizeof *x));
    free(out);
    free(x);
    cleave_close(&engine);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"fit: one short segment", one_short_segment},
        {"fit: against the direct form", against_direct},
        {"fit: blocks and threads do not matter to a memory", blocks_do_not_matter},
        {"fit: latency", latency},
        {"fit: models that do not keep to it", models_refused},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
