/* patches_test.c: segments of a model whose transform is cut into patches: added without overlap,
 * cross-faded with it, against the formulas in double. */
#include <math.h>
#include <string.h>

#include "kernels/elementwise/elementwise.h"
#include "kernels/istft/istft.h"
#include "kernels/stft/stft.h"
#include "tests/runtime/track.h"

enum { WINDOW = 32, HOP = 8, BINS = WINDOW / 2 + 1, UNIT = 4 * HOP, TAIL = WINDOW - HOP };

static double window_at(int64_t m)
{
    return m >= 0 && m < WINDOW ? 0.5 - 0.5 * cos(2 * 3.14159265358979323846 * (double)m / WINDOW)
                                : 0;
}

/* What frame t of a patch is multiplied by: no two alike, so that a frame in the wrong place shows.
 */
static double gain_at(int64_t t)
{
    return 1 + 0.125 * (double)(t * 7 % 16);
}

static void fill_window(void *data, size_t bytes, const void *context)
{
    (void)context;
    for (size_t m = 0; m < bytes / sizeof(float); m++)
        ((float *)data)[m] = (float)window_at((int64_t)m);
}

static void fill_gains(void *data, size_t bytes, const void *context)
{
    const int64_t frames = *(const int64_t *)context;

    for (int64_t i = 0; i < (int64_t)(bytes / sizeof(float)); i++)
        ((float *)data)[i] = (float)gain_at(i / BINS % frames);
}

/* Transform, a gain for each frame, and back: every frame is known by its gain. */
static void build(const cleave_model_request *request, cleave_graph *graph,
                  cleave_model_ports *ports)
{
    const int64_t C = request->channels, V = request->segment_frames, T = (V - TAIL) / HOP;
    const int64_t values = 2 * C * T * BINS;
    const cleave_stft_args stft = {
        .channels = (int32_t)C,
        .length = V,
        .in_stride = V,
        .n = WINDOW,
        .hop = HOP,
        .frames = T,
        .bins = BINS,
        .scale = 1,
        .layout = CLEAVE_STFT_LAYOUT_TF,
    };
    const cleave_elementwise_args multiply = {
        .points = values, .x = 1, .kind = CLEAVE_ELEMENTWISE_MULTIPLY};
    const cleave_istft_args istft = {
        .channels = (int32_t)C,
        .length = V,
        .out_stride = V,
        .n = WINDOW,
        .hop = HOP,
        .frames = T,
        .bins = BINS,
        .scale = 2 / 3.0f,
        .layout = CLEAVE_STFT_LAYOUT_TF,
    };

    ports->input = cleave_graph_tensor_add(graph, "input", C * V, CLEAVE_TENSOR_INPUT);
    ports->output = cleave_graph_tensor_add(graph, "output", C * V, CLEAVE_TENSOR_OUTPUT);
    const cleave_tensor window =
        cleave_graph_constant(graph, "window", WINDOW, fill_window, NULL, 0);
    const cleave_tensor gains =
        cleave_graph_constant(graph, "gains", values, fill_gains, &T, sizeof T);
    const cleave_tensor spectra =
        cleave_graph_tensor_add(graph, "spectra", values, CLEAVE_TENSOR_TEMPORARY);
    cleave_graph_add(graph, "stft", CLEAVE_OP_STFT, &stft,
                     (cleave_view[]){{ports->input, 0}, {window, 0}, {spectra, 0}}, 3);
    cleave_graph_add(graph, "gains", CLEAVE_OP_ELEMENTWISE, &multiply,
                     (cleave_view[]){{spectra, 0}, {gains, 0}, {spectra, 0}}, 3);
    cleave_graph_add(graph, "istft", CLEAVE_OP_ISTFT, &istft,
                     (cleave_view[]){{spectra, 0}, {window, 0}, {ports->output, 0}}, 3);
}

static cleave_model patches(int64_t k)
{
    cleave_model model = cleave_model_identity;

    model.segment_seconds = (double)(k * UNIT) / 8000;
    model.patches = (cleave_patches){UNIT, HOP, TAIL, WINDOW};
    model.build = build;
    return model;
}

/* What the patch that starts at `start` gives at frame n of a signal of ones. */
static double given(int64_t start, int64_t frames, int64_t n)
{
    double sum = 0;

    for (int64_t t = 0; t < frames; t++) {
        const double w = window_at(n - start - t * HOP);
        sum += w * w * gain_at(t);
    }
    return sum * 2 / 3;
}

/* Without overlap: the gains of all frames of the track that reach frame n. */
static double added(int64_t origin, int64_t k, int64_t n)
{
    double sum = 0;

    for (int64_t start = origin; start <= n; start += k * UNIT)
        sum += given(start, k * UNIT / HOP, n);
    return sum;
}

/* With overlap: patches are blended by a triangle between their margins. */
static double blended(int64_t origin, int64_t k, double overlap, int64_t n)
{
    const int64_t S = k * UNIT + TAIL, inner = S - 2 * TAIL;
    const int64_t asked = (int64_t)((1 - overlap) * (double)inner);
    const int64_t part = k == 1 ? HOP : UNIT;
    const int64_t nearest = cleave_i64_min((asked + part / 2) / part, inner / part);
    const int64_t stride = cleave_i64_max(1, nearest) * part;
    double sum = 0, weights = 0;

    for (int64_t start = origin; start <= n; start += stride) {
        const int64_t at = n - start - TAIL;
        if (at < 0 || at >= inner)
            continue;
        const double w = (double)(at < inner / 2 ? at + 1 : inner - at);
        sum += w * given(start, k * UNIT / HOP, n);
        weights += w;
    }
    return sum / weights;
}

static double expected(const cleave_config *config, int64_t k, int64_t n)
{
    const int32_t lanes = config->shifts > 0 ? config->shifts : 1;
    const double overlap = config->overlap;
    double sum = 0;

    for (int32_t lane = 0; lane < lanes; lane++) {
        const int64_t shift =
            config->shifts ? cleave_segment_shift(config->shift_seed, lane, config->rate_hz) : 0;
        sum += overlap > 0 ? blended(shift - WINDOW, k, overlap, n) : added(shift - WINDOW, k, n);
    }
    return sum / lanes;
}

/* One track against the formula. */
static void compare(const cleave_config *config, int64_t k, int64_t N)
{
    const cleave_model model = patches(k);
    const int32_t C = config->channels;
    cleave_engine *engine = track_open(&model, config);
    float *const x = track_noise((uint64_t)(N + k), N, C);
    float *const out = engine ? track_separate(engine, x, N, 100, (uint64_t)N) : NULL;
    double worst = 0;

    for (int64_t n = 0; out && n < N; n++)
        for (int32_t c = 0; c < C; c++)
            worst = fmax(worst, fabs((double)out[n * C + c] -
                                     expected(config, k, n) * (double)x[n * C + c]));
    /* Values up to 3; a transform there and back and some blends round to about 2^-22 of it. */
    if (!TEST_CHECK(out && worst < 3e-6))
        TEST_FAIL("%d units, overlap %g, shifts %d, %d frames: off by %g", (int)k, config->overlap,
                  (int)config->shifts, (int)N, worst);
    free(out);
    free(x);
    cleave_close(&engine);
}

static void against_formula(void)
{
    static const double overlaps[] = {CLEAVE_OVERLAP_MODEL, 0, 0.25, 0.6};
    static const int64_t units[] = {1, 2, 5}, lengths[] = {1, 7, 8, 31, 32, 33, 159, 160, 500};

    for (size_t u = 0; u < sizeof units / sizeof units[0]; u++)
        for (size_t o = 0; o < sizeof overlaps / sizeof overlaps[0]; o++)
            for (int32_t shifts = 0; shifts < 3; shifts += 2)
                for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
                    cleave_config config = track_config("patches");
                    config.segment_seconds = 0;
                    config.channels = 1 + (int32_t)(i % 2);
                    config.overlap = overlaps[o];
                    config.shifts = shifts;
                    config.threads = 1 + shifts;
                    compare(&config, units[u], lengths[i]);
                }
}

/* Seconds asked for become the nearest whole number of units, one at least. */
static void lengths(void)
{
    static const struct {
        int64_t frames, units;
    } asked[] = {{800, 25}, {815, 25}, {816, 26}, {1000, 31}};
    const cleave_model model = patches(4), large = {
                                               .info = model.info,
                                               .segment_seconds = 1,
                                               .patches = {1000, 10, 10, 20},
                                               .partition_count = 1,
                                               .partition = {model.partition[0]},
                                               .build = cleave_model_identity.build,
                                           };
    cleave_engine_info info;

    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        cleave_config config = track_config("patches");
        config.segment_seconds = (double)asked[i].frames / 8000;
        cleave_engine *engine = track_open(&model, &config);
        cleave_engine_info_get(engine, &info);
        TEST_CHECK(info.segment_frames == asked[i].units * UNIT + TAIL);
        TEST_CHECK(info.stride_frames == asked[i].units * UNIT);
        cleave_close(&engine);
    }
    cleave_config config = track_config("patches");
    config.segment_seconds = 0;
    cleave_engine *engine = track_open(&large, &config);
    cleave_engine_info_get(engine, &info);
    TEST_CHECK(info.segment_frames == 8010 && info.stride_frames == 8000);
    cleave_close(&engine);
    config.overlap = 0.5;
    engine = track_open(&large, &config);
    cleave_engine_info_get(engine, &info);
    TEST_CHECK(info.segment_frames == 8010 && info.stride_frames == 4000);
    cleave_close(&engine);
    config.overlap = 0.95;
    engine = track_open(&large, &config);
    cleave_engine_info_get(engine, &info);
    TEST_CHECK(info.stride_frames == 1000);
    cleave_close(&engine);
    config.segment_seconds = 0.125;
    engine = track_open(&large, &config);
    cleave_engine_info_get(engine, &info);
    TEST_CHECK(info.segment_frames == 1010 && info.stride_frames == 50);
    cleave_close(&engine);
}

/* A second track begins where the first did, however its calls are cut. */
static void tracks_and_blocks(void)
{
    const cleave_model model = patches(2);
    const int64_t N = 777;
    cleave_config config = track_config("patches");
    float *const x = track_noise(5, N, 2);

    config.segment_seconds = 0;
    cleave_engine *engine = track_open(&model, &config);
    float *const whole = track_separate(engine, x, N, 0, 0);
    for (int64_t block = 1; block < 200; block += 66) {
        cleave_reset(engine);
        float *const again = track_separate(engine, x, N, block, (uint64_t)block);
        TEST_CHECK(whole && again && !memcmp(whole, again, (size_t)(2 * N) * sizeof *again));
        free(again);
    }
    free(whole);
    free(x);
    cleave_close(&engine);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"patches: added and cross-faded", against_formula},
        {"patches: lengths", lengths},
        {"patches: tracks and blocks", tracks_and_blocks},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
