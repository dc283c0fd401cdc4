/* stems_test.c: names of stems, sums of stems, and what the model is asked to compute for them. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "kernels/mix/mix.h"
#include "runtime/models/models.h"
#include "tests/runtime/track.h"

static void fill_scales(void *data, size_t bytes, const void *context)
{
    const cleave_model_request *const request = *(const cleave_model_request *const *)context;
    const int32_t C = request->channels;
    float *const matrix = data;

    memset(data, 0, bytes);
    for (int32_t s = 0; s < request->stem_count; s++)
        for (int32_t c = 0; c < C; c++)
            matrix[(s * C + c) * C + c] = 0.25f + (float)request->stems[s];
}

/* Stem s is the input times s + 1/4: they sum to more than the mixture. */
static void build_scaled(const cleave_model_request *request, cleave_graph *graph,
                         cleave_model_ports *ports)
{
    const int64_t V = request->segment_frames, C = request->channels, S = request->stem_count;

    ports->input = cleave_graph_tensor_add(graph, "input", C * V, CLEAVE_TENSOR_INPUT);
    ports->output = cleave_graph_tensor_add(graph, "stems", S * C * V, CLEAVE_TENSOR_OUTPUT);
    const cleave_tensor matrix =
        cleave_graph_constant(graph, "scales", S * C * C, fill_scales, &request, sizeof request);
    const cleave_mix_args mix = {.inputs = (int32_t)C,
                                 .outputs = (int32_t)(S * C),
                                 .length = V,
                                 .in_stride = V,
                                 .out_stride = V};
    cleave_graph_add(graph, "scale", CLEAVE_OP_MIX, &mix,
                     (cleave_view[]){{ports->input, 0}, {matrix, 0}, {ports->output, 0}}, 3);
}

static const cleave_model scaled = {
    .info = {.name = "scaled",
             .description = "copies of the input",
             .stem_count = 5,
             .stems = {"vocals", "accompaniment", "drums", "bass", "other"},
             .default_stem_count = 2,
             .default_stems = {"vocals", "accompaniment"},
             .channels_min = 1,
             .channels_max = 4},
    .segment_seconds = 0.1,
    .partition_count = 2,
    .partition = {{2, {"vocals", "accompaniment"}}, {4, {"vocals", "drums", "bass", "other"}}},
    .build = build_scaled,
};

/* Whether stem number s of the output is factor times the input, within a few roundings. */
static int is_scaled(const float *out, const float *x, int64_t count, int32_t s, double factor)
{
    double worst = 0;

    for (int64_t i = 0; i < count; i++)
        worst = fmax(worst, fabs((double)out[s * count + i] - factor * (double)x[i]));
    return worst <= 1e-6;
}

static void expect_stems(const cleave_config *config, const char *names, int32_t computed,
                         const double *factors)
{
    cleave_engine *engine = track_open(&scaled, config);
    cleave_engine_info info;
    char list[200] = "";

    if (!engine)
        return;
    cleave_engine_info_get(engine, &info);
    for (int32_t s = 0; s < info.stem_count; s++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", s ? " " : "",
                 info.stems[s]);
    if (!TEST_CHECK(!strcmp(list, names)))
        TEST_FAIL("%s instead of %s", list, names);
    TEST_CHECK(engine->model_stems == computed);
    float *const x = track_noise(4, 2000, config->channels);
    float *const out = track_separate(engine, x, 2000, 0, 0);
    for (int32_t s = 0; out && s < info.stem_count; s++)
        if (!TEST_CHECK(is_scaled(out, x, 2000 * (int64_t)config->channels, s, factors[s])))
            TEST_FAIL("stem %d of %s", (int)s, names);
    free(out);
    free(x);
    cleave_close(&engine);
}

static void stems(void)
{
    cleave_config config = track_config("scaled");

    config.channels = 3;
    expect_stems(&config, "vocals accompaniment", 2, (const double[]){0.25, 1.25});
    config.two_stems = "vocals";
    expect_stems(&config, "vocals no_vocals", 2, (const double[]){0.25, 1.25});
    config.two_stems = "accompaniment";
    expect_stems(&config, "accompaniment no_accompaniment", 2, (const double[]){1.25, 0.25});
    config.two_stems = "bass";
    expect_stems(&config, "bass no_bass", 4, (const double[]){2.25, 0.25 + 1.25 + 3.25});
    config.two_stems = NULL;
    config.stem_count = 1;
    config.stems[0] = "accompaniment";
    expect_stems(&config, "accompaniment", 1, (const double[]){1.25});
    config.stems[0] = "no_vocals";
    expect_stems(&config, "no_vocals", 1, (const double[]){1.25});
    config.stems[0] = "other";
    expect_stems(&config, "other", 1, (const double[]){3.25});
    config.stem_count = 3;
    config.stems[1] = "drums";
    config.stems[2] = "accompaniment";
    expect_stems(&config, "other drums accompaniment", 3,
                 (const double[]){3.25, 1.25, 1.25 + 2.25 + 3.25});
    /* Of two stems that sum to 1.5 each gives a quarter; of four that sum to 7, 1.5 each. */
    config.conserve = 1;
    expect_stems(&config, "other drums accompaniment", 4,
                 (const double[]){1.75, -0.25, -0.25 + 0.75 + 1.75});
    config.stem_count = 0;
    expect_stems(&config, "vocals accompaniment", 2, (const double[]){0, 1});
    config.shifts = 3;
    expect_stems(&config, "vocals accompaniment", 2, (const double[]){0, 1});
}

/* The stems of every model sum to the mixture when they have to. */
static void conserving(void)
{
    const cleave_model *model;

    for (int32_t m = 0; (model = cleave_model_get(m)); m++) {
        const cleave_model_info info = model->info;
        cleave_config config = track_config(info.name);
        config.conserve = 1;
        config.segment_seconds = 0;
        cleave_engine *engine = track_open(NULL, &config);
        const int64_t count = 20000 * 2;
        float *const x = track_noise(2, 20000, 2);
        float *const out = engine ? track_separate(engine, x, 20000, 3000, 1) : NULL;
        double worst = 0;
        for (int64_t i = 0; out && i < count; i++) {
            double sum = 0;
            for (int32_t s = 0; s < info.default_stem_count; s++)
                sum += (double)out[s * count + i];
            worst = fmax(worst, fabs(sum - (double)x[i]));
        }
        /* Each stem is a sum of at most five products of values near 1, rounded to 2^-24 each. */
        if (!TEST_CHECK(out && worst <= 2e-6))
            TEST_FAIL("%s: off by %g", info.name, worst);
        free(out);
        free(x);
        cleave_close(&engine);
    }
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"stems: selection, order and sums", stems},
        {"stems: they sum to the mixture", conserving},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
