/* segment_test.c: cutting a track and putting it together again, against the procedure written out
 * on whole arrays. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "kernels/elementwise/elementwise.h"
#include "kernels/rearrange/rearrange.h"
#include "tests/runtime/track.h"

/* ---- arithmetic ---------------------------------------------------------------------------- */
static void worked_example(void)
{
    const int64_t N = 529200, S = cleave_segment_frames(7.8, 44100);
    const int64_t stride = cleave_segment_stride(S, 0.25);

    TEST_CHECK(S == 343980);
    TEST_CHECK(stride == 257985);
    const cleave_segment first = cleave_segment_at(0, S, N);
    const cleave_segment second = cleave_segment_at(stride, S, N);
    const cleave_segment third = cleave_segment_at(2 * stride, S, N);
    TEST_CHECK(first.frames == S && first.read == 0);
    TEST_CHECK(second.frames == 271215 && second.read == 221603);
    TEST_CHECK(third.frames == 13230 && third.read == 350595);
    TEST_CHECK(third.read + S - N == 165375);
    TEST_CHECK(3 * stride >= N);
}

static void strides(void)
{
    TEST_CHECK(cleave_segment_stride(1, 0.95) == 1);
    TEST_CHECK(cleave_segment_stride(10, 0.95) == 1);
    TEST_CHECK(cleave_segment_stride(44100, 0) == 44100);
    TEST_CHECK(cleave_segment_stride(1940400, 0.25) == 1455300);
    TEST_CHECK(cleave_segment_frames(44, 44100) == 1940400);
    /* Whole frames only, and no frame lost to the rounding of a decimal. */
    TEST_CHECK(cleave_segment_frames(0.99999, 44100) == 44099);
    TEST_CHECK(cleave_segment_frames(1e-9, 8000) == 1);
    for (int32_t tenths = 1; tenths <= 6000; tenths++)
        TEST_CHECK(cleave_segment_frames(tenths / 10.0, 192000) == tenths * 19200LL &&
                   cleave_segment_frames(0.1 * tenths, 44100) == tenths * 4410LL);
    TEST_CHECK(cleave_segment_frames(600, 192000) == 115200000);
}

static void windows(void)
{
    static const float even[] = {1 / 3.0f, 2 / 3.0f, 1, 2 / 3.0f, 1 / 3.0f};
    float w[101];

    cleave_segment_window(w, 5, 0, 1);
    TEST_CHECK(!memcmp(w, even, sizeof even));
    cleave_segment_window(w, 4, 0, 2);
    TEST_CHECK(w[0] == 0.25f && w[1] == 1 && w[2] == 1 && w[3] == 0.25f);
    cleave_segment_window(w, 1, 0, 3);
    TEST_CHECK(w[0] == 1);
    cleave_segment_window(w, 101, 0, 1e300);
    for (int i = 0; i < 101; i++)
        TEST_CHECK(w[i] > 0 && (i == 50) == (w[i] == 1));
}

static void shift_origins(void)
{
    int below_half = 0, lowest = 0, highest = 0;

    for (int32_t k = 0; k < 1000; k++) {
        const int64_t origin = cleave_segment_shift(5, k, 44100);
        TEST_CHECK(origin >= -22050 && origin <= 0);
        TEST_CHECK(origin == cleave_segment_shift(5, k, 44100));
        below_half += origin < -11025;
    }
    TEST_CHECK(below_half > 400 && below_half < 600);
    /* Both ends are drawn: a range of 0..3 is too small to miss one in 200 trials. */
    for (int32_t k = 0; k < 200; k++) {
        lowest += cleave_segment_shift(9, k, 7) == -3;
        highest += cleave_segment_shift(9, k, 7) == 0;
    }
    TEST_CHECK(lowest > 0 && highest > 0);
    TEST_CHECK(cleave_segment_shift(1, 0, 44100) != cleave_segment_shift(2, 0, 44100));
    /* The first output of splitmix64 from seed 0 is e220a8397b1dcdaf. */
    TEST_CHECK(cleave_segment_shift(0, 0, 44100) ==
               (int64_t)(0xe220a8397b1dcdafu % 22051u) - 22050);
}

static void first_starts(void)
{
    for (int64_t S = 1; S < 12; S++)
        for (int64_t stride = 1; stride <= S; stride++)
            for (int64_t origin = -40; origin <= 0; origin++) {
                int64_t start = origin;
                while (start + S <= 0)
                    start += stride;
                TEST_CHECK(cleave_segment_first(origin, S, stride) == start);
            }
}

/* Demucs's procedure with shifts, word by word: the track between two stretches of M zeros; what
 * follows its first o samples, cut into segments; each widened within the whole extended array. The
 * segments that hold nothing but zeros before the track are left out by the engine. */
static void shifted_by_the_text(int64_t N, int64_t M, int64_t o, int64_t S, int64_t stride)
{
    const int64_t origin = o - M, length = N + M - o;
    int64_t next = cleave_segment_first(origin, S, stride);
    int skipped = 0;

    for (int64_t a = 0; a < length; a += stride) {
        const int64_t n = S < length - a ? S : length - a, delta = S - n;
        const int64_t in_extended = o + a, read = in_extended - delta / 2;
        if (in_extended + n <= M) { /* ends before the track */
            skipped++;
            continue;
        }
        const cleave_segment wide = cleave_segment_at(next, S, N);
        const cleave_segment bare = cleave_segment_bare(next, S, N);
        TEST_CHECK(wide.start == in_extended - M && wide.frames == n);
        TEST_CHECK(wide.read == read - M && wide.given == S);
        TEST_CHECK(bare.start == wide.start && bare.frames == n);
        TEST_CHECK(bare.read == bare.start && bare.given == n);
        next += stride;
    }
    TEST_CHECK(next >= N && next - stride < N);
    TEST_CHECK(skipped == 0 || S < M - o + 1);
}

static void shifts_by_the_text(void)
{
    /* The seed whose first draw at 44.1 kHz is o = 12345, as the reference outputs have it. */
    TEST_CHECK(cleave_segment_shift(57896, 0, 44100) == 12345 - 22050);
    shifted_by_the_text(132301, 22050, 12345, 343980, 257985);
    shifted_by_the_text(529200, 22050, 12345, 343980, 257985);
    for (int64_t M = 0; M <= 30; M += 6)
        for (int64_t o = 0; o <= M; o++)
            for (int64_t S = 1; S <= 40; S += 3)
                for (int64_t stride = 1; stride <= S; stride += 4)
                    for (int64_t N = 1; N < 50; N += 7)
                        shifted_by_the_text(N, M, o, S, stride);
}

/* ---- a model that shows where it was used: out[v] = ramp[v] * in[(v + turn) mod V] --------- */
static void fill_ramp(void *data, size_t bytes, const void *context)
{
    float *const ramp = data;
    const int64_t count = (int64_t)(bytes / sizeof *ramp);

    (void)context;
    for (int64_t i = 0; i < count; i++)
        ramp[i] = 0.5f + (float)i / (float)count;
}

static void build_turning(const cleave_model_request *request, cleave_graph *graph,
                          cleave_model_ports *ports)
{
    const int64_t C = request->channels, V = request->segment_frames, turn = V / 3;

    ports->input = cleave_graph_tensor_add(graph, "input", C * V, CLEAVE_TENSOR_INPUT);
    const cleave_tensor turned =
        cleave_graph_tensor_add(graph, "turned", C * V, CLEAVE_TENSOR_TEMPORARY);
    const cleave_tensor ramp = cleave_graph_constant(graph, "ramp", C * V, fill_ramp, NULL, 0);
    ports->output = cleave_graph_tensor_add(graph, "output", C * V, CLEAVE_TENSOR_OUTPUT);
    cleave_rearrange_args copy = {
        .size = {C, 1, 1, V - turn}, .in_stride = {V, 0, 0, 1}, .out_stride = {V, 0, 0, 1}};
    cleave_graph_add(graph, "head", CLEAVE_OP_REARRANGE, &copy,
                     (cleave_view[]){{ports->input, turn}, {turned, 0}}, 2);
    copy.size[3] = turn;
    if (turn)
        cleave_graph_add(graph, "tail", CLEAVE_OP_REARRANGE, &copy,
                         (cleave_view[]){{ports->input, 0}, {turned, V - turn}}, 2);
    const cleave_elementwise_args multiply = {
        .points = C * V, .x = 1, .kind = CLEAVE_ELEMENTWISE_MULTIPLY};
    cleave_graph_add(graph, "weigh", CLEAVE_OP_ELEMENTWISE, &multiply,
                     (cleave_view[]){{turned, 0}, {ramp, 0}, {ports->output, 0}}, 3);
}

/* A model of segments of S frames at 8 kHz. */
static cleave_model test_model(int64_t S, void (*build)(const cleave_model_request *,
                                                        cleave_graph *, cleave_model_ports *))
{
    cleave_model model = cleave_model_identity;

    model.segment_seconds = (double)S / 8000;
    if (build)
        model.build = build;
    return model;
}

/* The procedure on whole arrays, in double; y has N * C values. */
static void direct(const float *x, int64_t N, int64_t C, int64_t S, const cleave_config *config,
                   double *y)
{
    const int64_t lanes = config->shifts > 0 ? config->shifts : 1, turn = S / 3;
    double *const sum = calloc((size_t)(N + 1), sizeof *sum), *const weights = calloc(
                                                                  (size_t)(N + 1), sizeof *weights);

    memset(y, 0, (size_t)(N * C) * sizeof *y);
    for (int64_t lane = 0; lane < lanes; lane++) {
        const int64_t origin =
            config->shifts > 0
                ? cleave_segment_shift(config->shift_seed, (int32_t)lane, config->rate_hz)
                : 0;
        int64_t stride = (int64_t)((1 - config->overlap) * (double)S);
        stride = stride < 1 ? 1 : stride;
        for (int64_t c = 0; c < C; c++) {
            memset(sum, 0, (size_t)N * sizeof *sum);
            memset(weights, 0, (size_t)N * sizeof *weights);
            for (int64_t a = origin; a < N; a += stride) {
                const int64_t n = S < N - a ? S : N - a, delta = S - n;
                for (int64_t i = a < 0 ? -a : 0; i < n; i++) {
                    const int64_t v = delta / 2 + i, from = a - delta / 2 + (v + turn) % S;
                    const double in = from >= 0 && from < N ? (double)x[from * C + c] : 0;
                    const double rising = i < S / 2 ? (double)i + 1 : (double)(S - i);
                    const double w = pow(rising / (double)(S - S / 2), config->transition_power);
                    sum[a + i] += w * in * (0.5 + (double)(c * S + v) / (double)(C * S));
                    weights[a + i] += w;
                }
            }
            for (int64_t n = 0; n < N; n++)
                y[n * C + c] += sum[n] / weights[n] / (double)lanes;
        }
    }
    free(sum);
    free(weights);
}

/* One track of N frames through an engine of segments of S, against direct(). */
static void compare(int64_t S, int64_t N, const cleave_config *config)
{
    const cleave_model model = test_model(S, build_turning);
    const int64_t C = config->channels;
    cleave_engine *engine = NULL;
    cleave_error error;
    double worst = 0;

    if (cleave_engine_open(&model, config, &engine, &error) != CLEAVE_OK) {
        TEST_FAIL("S %d: %s", (int)S, error.message);
        return;
    }
    float *const x = track_noise((uint64_t)N, N, config->channels);
    double *const y = calloc((size_t)(N * C + 1), sizeof *y);
    float *const out = track_separate(engine, x, N, S + 7, (uint64_t)(N + S));
    direct(x, N, C, S, config, y);
    for (int64_t i = 0; out && i < N * C; i++)
        worst = fmax(worst, fabs((double)out[i] - y[i]));
    /* A frame is blended up to 20 times a lane at the largest overlap, each time with three
     * roundings of half a unit of 2^-23 on values below 1.5: 60 * 2^-24 * 1.5 = 5.4e-6; roundings
     * seldom all point the same way. */
    if (!TEST_CHECK(out && worst <= 4e-6))
        TEST_FAIL("S %d N %d overlap %g power %g shifts %d: off by %g", (int)S, (int)N,
                  config->overlap, config->transition_power, (int)config->shifts, worst);
    free(out);
    free(y);
    free(x);
    cleave_close(&engine);
}

static cleave_config small_config(void)
{
    cleave_config config;

    cleave_config_default(&config);
    config.device = CLEAVE_DEVICE_CPU;
    config.model = "identity";
    config.rate_hz = 8000;
    return config;
}

static void against_direct(void)
{
    static const double overlaps[] = {0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95};
    static const int64_t sizes[] = {1, 2, 3, 64, 101};
    static const double powers[] = {1, 1.5, 4};
    cleave_config config = small_config();

    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
        for (size_t o = 0; o < sizeof overlaps / sizeof overlaps[0]; o++)
            for (int64_t N = 1; N <= 3 * sizes[s] + 2; N += 1 + sizes[s] / 9) {
                config.overlap = overlaps[o];
                config.channels = 1 + (int32_t)(N % 3);
                config.transition_power = powers[(size_t)N % 3];
                config.shifts = 0;
                compare(sizes[s], N, &config);
            }
}

static void against_direct_with_shifts(void)
{
    static const double overlaps[] = {0, 0.25, 0.6, 0.95};
    static const int64_t sizes[] = {101, 3000, 4001, 9000};
    cleave_config config = small_config();

    config.channels = 1;
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
        for (size_t o = 0; o < sizeof overlaps / sizeof overlaps[0]; o++)
            for (int32_t shifts = 1; shifts <= 5; shifts += 2) {
                config.overlap = overlaps[o];
                config.shifts = shifts;
                config.shift_seed = (uint64_t)shifts * 31 + o;
                compare(sizes[s], 1 + (int64_t)(o * 31), &config);
                compare(sizes[s], sizes[s] + 1 + (int64_t)o, &config);
                compare(sizes[s], 5000 + (int64_t)o, &config);
            }
}

/* ---- identity ------------------------------------------------------------------------------ */
/* Runs x through the engine again and again, with lengths from low to high; each must come back bit
 * for bit. */
static void exact(const cleave_model *model, const cleave_config *config, int64_t low, int64_t high,
                  int64_t block_max)
{
    cleave_engine *engine = NULL;
    cleave_error error;

    if (cleave_engine_open(model, config, &engine, &error) != CLEAVE_OK) {
        TEST_FAIL("%s", error.message);
        return;
    }
    float *const x = track_noise(3, high, config->channels);
    for (int64_t N = low; N <= high; N++) {
        float *const out = track_separate(engine, x, N, block_max, (uint64_t)N);
        if (!TEST_CHECK(out && !memcmp(out, x, (size_t)(N * config->channels) * sizeof *x)))
            TEST_FAIL("%d frames, overlap %g, shifts %d", (int)N, config->overlap,
                      (int)config->shifts);
        free(out);
        cleave_reset(engine);
    }
    free(x);
    cleave_close(&engine);
}

static void identity_small(void)
{
    static const uint32_t features_off[] = {0, CLEAVE_CPU_AVX512, ~0u};
    static const double overlaps[] = {0, 0.25, 0.5, 0.95};
    cleave_config config = small_config();

    for (int64_t S = 64; S <= 101; S += 37)
        for (size_t o = 0; o < sizeof overlaps / sizeof overlaps[0]; o++)
            for (int32_t shifts = 0; shifts <= 3; shifts += 3) {
                const cleave_model model = test_model(S, NULL);
                config.overlap = overlaps[o];
                config.shifts = shifts;
                config.channels = 1 + (int32_t)o;
                config.cpu_features_off = features_off[o % 3];
                exact(&model, &config, 0, 3 * S, 0);
            }
}

static void identity_default(void)
{
    cleave_config config;

    cleave_config_default(&config);
    config.device = CLEAVE_DEVICE_CPU;
    config.model = "identity";
    for (int64_t edge = 1; edge <= 4; edge++) {
        config.threads = (int32_t)edge;
        exact(NULL, &config, edge * 33075 - 1, edge * 33075 + 1, 20000);
        exact(NULL, &config, (edge - 1) * 33075 + 44100 - 1, (edge - 1) * 33075 + 44100 + 1, 0);
    }
    config.shifts = 2;
    exact(NULL, &config, 100000, 100001, 0);
}

/* Peaks, values beyond full scale and values near the smallest normal ones pass too. */
static void identity_extremes(void)
{
    static const float values[] = {1, -1, 3e38f, -3e38f, 1.2e-38f, -1.2e-38f, 0, 0.1f};
    const cleave_model model = test_model(5, NULL);
    cleave_config config = small_config();
    cleave_engine *engine = NULL;

    config.channels = 1;
    config.overlap = 0.5;
    TEST_CHECK(cleave_engine_open(&model, &config, &engine, NULL) == CLEAVE_OK);
    float *const out = track_separate(engine, values, 8, 0, 0);
    TEST_CHECK(out && !memcmp(out, values, sizeof values));
    free(out);
    cleave_close(&engine);
}

/* As if two days at 192 kHz had gone before: frame numbers that 32 bits do not hold. */
static void identity_far_on(void)
{
    const int64_t past = ((int64_t)1 << 35) + 12345, N = 20011;
    const cleave_model model = test_model(1001, NULL);
    cleave_config config = small_config();
    cleave_engine *engine = NULL;

    config.conserve = 1;
    TEST_CHECK(cleave_engine_open(&model, &config, &engine, NULL) == CLEAVE_OK);
    engine->tail = engine->pulled = past;
    engine->lane[0].next = engine->lane[0].begun = engine->lane[0].end = past;
    float *const x = track_noise(5, N, 2), *const out = track_separate(engine, x, N, 3000, 1);
    TEST_CHECK(out && !memcmp(out, x, (size_t)N * 2 * sizeof *x));
    TEST_CHECK(engine->pulled == past + N);
    free(out);
    free(x);
    cleave_close(&engine);
}

static void blocks_do_not_matter(void)
{
    const cleave_model model = test_model(300, build_turning);
    cleave_config config = small_config();
    cleave_engine *engine = NULL;
    const int64_t N = 10007;

    config.shifts = 2;
    TEST_CHECK(cleave_engine_open(&model, &config, &engine, NULL) == CLEAVE_OK);
    float *const x = track_noise(8, N, 2), *const whole = track_separate(engine, x, N, 0, 0);
    for (uint64_t trial = 0; trial < 30; trial++) {
        cleave_reset(engine);
        float *const out = track_separate(engine, x, N, 1 + (int64_t)(trial * trial), trial);
        TEST_CHECK(whole && out && !memcmp(out, whole, (size_t)N * 2 * sizeof *out));
        free(out);
    }
    free(whole);
    free(x);
    cleave_close(&engine);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"worked example", worked_example},
        {"strides", strides},
        {"windows", windows},
        {"shift origins", shift_origins},
        {"first starts", first_starts},
        {"shifts by the text", shifts_by_the_text},
        {"against the direct form", against_direct},
        {"against the direct form, shifted", against_direct_with_shifts},
        {"identity at every length to 3 segments", identity_small},
        {"identity around the edges of 1 s segments", identity_default},
        {"identity of extreme values", identity_extremes},
        {"identity far into a track", identity_far_on},
        {"block sizes do not matter", blocks_do_not_matter},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
