/* device_compare.c: whole engines on a GPU, or on what stands in for one, against the CPU. */
#include "tests/device_compare.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/demucs_weights.h"
#include "tests/runtime/track.h"
#include "tests/spleeter_weights.h"
#include "tests/stretch_model.h"
#include "tests/tiny_network.h"

/* How far the stems of a GPU may be from those of the CPU: ten times what its kernels may each, of
 * which a network has hundreds in a row; where factors are rounded, two units of that rounding. */
static const double distances[] = {
    [CLEAVE_PRECISION_FP32] = 1e-5,
    [CLEAVE_PRECISION_TF32] = 2 * 0x1p-11,
    [CLEAVE_PRECISION_BF16] = 2 * 0x1p-8,
    [CLEAVE_PRECISION_FP16] = 2 * 0x1p-11,
};

/* Segments at a time, run by run. */
static const int32_t batches[] = {1, CLEAVE_BATCH_MAX, 2, 3};

cleave_config device_config(cleave_device device, const cleave_config *config, int32_t batch)
{
    cleave_config c = *config;

    c.device = device;
    c.batch = batch;
    return c;
}

/* The stems of the track, and the engine's description into *info, unless it is NULL. */
static float *separate(const device_trial *trial, const cleave_model *model,
                       const cleave_config *config, const float *x, int64_t frames,
                       int64_t block_max, cleave_engine_info *info)
{
    cleave_engine *engine = track_open(model, config);
    cleave_memory need;

    if (!engine)
        return NULL;
    float *const out = track_separate(engine, x, frames, block_max, 5);
    cleave_engine_info made;
    cleave_engine_info_get(engine, &made);
    if (trial && trial->opened)
        trial->opened(&made);
    if (!model && TEST_CHECK(cleave_need(config, &need, NULL) == CLEAVE_OK))
        TEST_CHECK(!memcmp(&need, &made.memory, sizeof need));
    if (info)
        *info = made;
    cleave_close(&engine);
    return out;
}

static double distance(const float *x, const float *y, int64_t count)
{
    double error = 0, norm = 0;

    for (int64_t i = 0; i < count; i++) {
        error += ((double)x[i] - (double)y[i]) * ((double)x[i] - (double)y[i]);
        norm += (double)y[i] * (double)y[i];
    }
    return error == 0 ? 0 : sqrt(error / norm);
}

void device_compare(const device_trial *trial, const cleave_model *model,
                    const cleave_config *config, int64_t frames)
{
    const int32_t C = config->channels;
    float *const x = track_noise(3, frames, C);
    const cleave_config cpu = device_config(CLEAVE_DEVICE_CPU, config, 0);
    cleave_engine_info info;
    float *const ref = separate(NULL, model, &cpu, x, frames, 0, &info);
    const int64_t values = info.stem_count * frames * C;
    float *first = NULL;

    for (int32_t run = 0; ref && run < trial->runs; run++) {
        cleave_config gpu = device_config(CLEAVE_DEVICE_CUDA, config, batches[run % 4]);
        gpu.precision = trial->precision;
        if (trial->before)
            trial->before(run);
        float *const out = separate(trial, model, &gpu, x, frames, run ? 3000 : 0, &info);
        if (!TEST_CHECK(out != NULL))
            break;
        TEST_CHECK(!strncmp(info.device, trial->device, strlen(trial->device)));
        TEST_CHECK(info.device_note[0] == '\0');
        if (first) {
            TEST_CHECK(!memcmp(out, first, (size_t)values * sizeof *out));
            free(out);
            continue;
        }
        first = out;
        const double d = distance(out, ref, values);
        printf("     %-20s %.1e from the CPU, %.1f MB of the GPU\n", info.model, d,
               (double)info.memory.device_bytes / 1e6);
        TEST_CHECK(d <= (trial->exact ? 0 : distances[trial->precision]));
        TEST_CHECK(trial->precision == CLEAVE_PRECISION_FP32 || d > 1e-6);
    }
    free(first);
    free(ref);
    free(x);
}

void device_compare_identity(const device_trial *trial)
{
    cleave_config config = track_config("identity");

    device_compare(trial, NULL, &config, 5000);
    config.channels = 1;
    config.shifts = 3;
    device_compare(trial, NULL, &config, 2500);
}

void device_compare_center(const device_trial *trial)
{
    cleave_config config = track_config("center");

    config.segment_seconds = 0.3;
    device_compare(trial, NULL, &config, 8000);
    config.stem_count = 2;
    config.stems[0] = "drums";
    config.stems[1] = "no_vocals";
    config.shifts = 2;
    device_compare(trial, NULL, &config, 4000);
}

void device_compare_any_length(const device_trial *trial)
{
    const cleave_config config = track_config("identity");

    device_compare(trial, &test_model_stretch, &config, 3333);
    device_compare(trial, &test_model_stretch_memory, &config, 3333);
}

static void compare_network(const device_trial *trial, test_bytes *file, double seconds,
                            int64_t frames)
{
    const cleave_network network = {.weights = file->data, .weights_bytes = file->used};
    cleave_config config;

    cleave_config_default(&config);
    config.model = NULL;
    config.network_count = 1;
    config.networks = &network;
    config.segment_seconds = seconds;
    device_compare(trial, NULL, &config, frames);
    test_bytes_free(file);
}

void device_compare_htdemucs(const device_trial *trial)
{
    test_bytes file = {0};

    if (tiny_network(&file, NULL))
        compare_network(trial, &file, 0.2, 8000);
}

void device_compare_many(const device_trial *trial)
{
    test_bytes file = {0};

    if (tiny_network(&file, NULL))
        compare_network(trial, &file, 0.1, (CLEAVE_BATCH_MAX + 2) * 3308);
}

void device_compare_hdemucs(const device_trial *trial)
{
    const char *const path = test_shared("golden/tiny/tiny_hdemucs.th");
    test_bytes file = {0};

    if (!path)
        test_skip("the reference checkpoints are not here");
    else if (test_weights_import(path, &file))
        compare_network(trial, &file, 0.2, 8000);
}

void device_compare_spleeter(const device_trial *trial)
{
    test_bytes file = {0};

    if (test_spleeter_weights(SPLEETER_TINY, CLEAVE_WEIGHTS_F32, CLEAVE_WEIGHTS_F32, &file))
        compare_network(trial, &file, 0, 80000);
}
