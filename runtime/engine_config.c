/* engine_config.c: checks a configuration and works out what it comes to. */
#include "runtime/engine_config.h"

#include <math.h>
#include <string.h>

#include "runtime/error.h"
#include "runtime/segment.h"

#define SPECTRUM_BINS_MAX 65536
#define MODELS_MAX        64 /* that a suggestion is looked for among */

void cleave_config_default(cleave_config *config)
{
    memset(config, 0, sizeof *config);
    config->model = "center";
    config->rate_hz = 44100;
    config->channels = 2;
    config->overlap = CLEAVE_OVERLAP_MODEL;
    config->transition_power = 1;
    config->threads = 1;
}

static cleave_status find_model(const cleave_model **found, const char *name, cleave_error *error)
{
    const char *names[MODELS_MAX];
    const cleave_model *model;
    cleave_model_info info;
    int32_t count = 0;

    if (!name)
        return cleave_error_set(error, CLEAVE_INVALID, "model: no name given");
    for (int32_t i = 0; (model = cleave_model_get(i)); i++)
        if (!strcmp(model->info.name, name)) {
            *found = model;
            return CLEAVE_OK;
        }
    for (; count < MODELS_MAX && cleave_model_at(count, &info) == CLEAVE_OK; count++)
        names[count] = info.name;
    const int32_t nearest = cleave_nearest(name, names, count);
    if (nearest >= 0)
        return cleave_error_set(error, CLEAVE_NO_MODEL,
                                "model \"%.64s\": no such model; did you mean \"%s\"?", name,
                                names[nearest]);
    return cleave_error_set(error, CLEAVE_NO_MODEL, "model \"%.64s\": no such model", name);
}

/* A field that must be a whole number from low to high. */
static cleave_status check_range(const char *field, int32_t value, int32_t low, int32_t high,
                                 cleave_error *error)
{
    if (value >= low && value <= high)
        return CLEAVE_OK;
    return cleave_error_set(error, CLEAVE_INVALID, "%s %d: must be %d to %d", field, (int)value,
                            (int)low, (int)high);
}

static cleave_status check_ranges(const cleave_config *config, cleave_error *error)
{
    const struct {
        const char *field;
        int32_t value, low, high;
    } ranges[] = {
        {"rate_hz", config->rate_hz, CLEAVE_RATE_HZ_MIN, CLEAVE_RATE_HZ_MAX},
        {"channels", config->channels, 1, CLEAVE_CHANNELS_MAX},
        {"shifts", config->shifts, 0, CLEAVE_SHIFTS_MAX},
        {"threads", config->threads, 1, CLEAVE_THREADS_MAX},
        {"device", (int32_t)config->device, CLEAVE_DEVICE_AUTO, CLEAVE_DEVICE_CUDA},
        {"device_index", config->device_index, 0, INT32_MAX},
        {"batch", config->batch, 0, CLEAVE_BATCH_MAX},
        {"precision", (int32_t)config->precision, CLEAVE_PRECISION_FP32, CLEAVE_PRECISION_FP16},
        {"spectrum_bins", config->spectrum_bins, 0, SPECTRUM_BINS_MAX},
        {"mask_extension", (int32_t)config->mask_extension, CLEAVE_MASK_MODEL, CLEAVE_MASK_AVERAGE},
    };

    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        const cleave_status status =
            check_range(ranges[i].field, ranges[i].value, ranges[i].low, ranges[i].high, error);
        if (status != CLEAVE_OK)
            return status;
    }
    /* Written so that a NaN is refused. */
    if (config->overlap != CLEAVE_OVERLAP_MODEL &&
        !(config->overlap >= 0 && config->overlap <= 0.95))
        return cleave_error_set(error, CLEAVE_INVALID, "overlap %g: must be 0 to 0.95",
                                config->overlap);
    if (!(config->segment_seconds == 0 || (config->segment_seconds >= CLEAVE_SEGMENT_SECONDS_MIN &&
                                           config->segment_seconds <= CLEAVE_SEGMENT_SECONDS_MAX)))
        return cleave_error_set(
            error, CLEAVE_INVALID, "segment_seconds %g: must be %g to %g, or 0 for the model's own",
            config->segment_seconds, CLEAVE_SEGMENT_SECONDS_MIN, CLEAVE_SEGMENT_SECONDS_MAX);
    if (!(config->transition_power >= 1 && isfinite(config->transition_power)))
        return cleave_error_set(error, CLEAVE_INVALID, "transition_power %g: must be 1 or more",
                                config->transition_power);
    return CLEAVE_OK;
}

/* What is in range, but not for this model or not in this build. */
static cleave_status check_support(const cleave_model *model, const cleave_config *config,
                                   cleave_error *error)
{
    const cleave_model_info *const info = &model->info;
    const char *const channels_advice = model->channels_advice;

    if (info->needs_weights && config->network_count == 0)
        return cleave_error_set(error, CLEAVE_NO_MODEL, "model \"%s\": needs a weight file",
                                info->name);
    if (info->rate_hz && config->rate_hz != info->rate_hz)
        return cleave_error_set(error, CLEAVE_UNSUPPORTED, "rate_hz %d: model %s runs at %d only",
                                (int)config->rate_hz, info->name, (int)info->rate_hz);
    if (config->channels < info->channels_min && channels_advice)
        return cleave_error_set(error, CLEAVE_UNSUPPORTED,
                                "channels %d: model %s takes %d or more: %s", (int)config->channels,
                                info->name, (int)info->channels_min, channels_advice);
    if (config->channels < info->channels_min || config->channels > info->channels_max)
        return cleave_error_set(error, CLEAVE_UNSUPPORTED, "channels %d: model %s takes %d to %d",
                                (int)config->channels, info->name, (int)info->channels_min,
                                (int)info->channels_max);
    if (!model->masks_spectrum &&
        (config->spectrum_bins || config->mask_extension != CLEAVE_MASK_MODEL))
        return cleave_error_set(error, CLEAVE_UNSUPPORTED,
                                "%s: model %s has no network that sees a part of the spectrum",
                                config->spectrum_bins ? "spectrum_bins" : "mask_extension",
                                info->name);
    return CLEAVE_OK;
}

/* The nearest whole number of units that is no longer than what counts of a segment, one at least;
 * a segment of one unit can only overlap by steps. */
static int64_t round_stride(const cleave_patches *patches, int64_t segment_frames, int64_t stride)
{
    const int alone = segment_frames - patches->tail == patches->unit;
    const int64_t part = alone ? patches->step : patches->unit;
    const int64_t most = (segment_frames - 2 * patches->tail) / part;

    return cleave_i64_max(1, cleave_i64_min(most, (stride + part / 2) / part)) * part;
}

/* Frames of a segment, as asked for or the model's own; some models have learnt from segments of
 * one length and know no longer ones. */
static cleave_status set_segment(cleave_setup *setup, const cleave_config *config,
                                 cleave_error *error)
{
    const cleave_model *const model = setup->model;
    const cleave_patches *const patches = &model->patches;
    const double seconds =
        config->segment_seconds > 0 ? config->segment_seconds : model->segment_seconds;
    const double own = patches->unit ? 0 : 0.25;
    const double overlap = config->overlap == CLEAVE_OVERLAP_MODEL ? own : config->overlap;
    const int64_t S = patches->unit ? cleave_segment_patches(seconds, config->rate_hz,
                                                             patches->unit, patches->tail)
                                    : cleave_segment_frames(seconds, config->rate_hz);

    if (model->segment_seconds_max > 0 &&
        S > cleave_segment_frames(model->segment_seconds_max, config->rate_hz))
        return cleave_error_set(error, CLEAVE_UNSUPPORTED,
                                "segment_seconds %.6g: model %s takes %.6g at most", seconds,
                                model->info.name, model->segment_seconds_max);
    setup->request.segment_frames = S;
    setup->adds = patches->unit && overlap == 0;
    setup->margin_frames = setup->adds ? 0 : patches->tail;
    setup->stride_frames = cleave_segment_stride(S - 2 * setup->margin_frames, overlap);
    if (patches->unit)
        setup->stride_frames =
            setup->adds ? S - patches->tail : round_stride(patches, S, setup->stride_frames);
    return CLEAVE_OK;
}

static void set_lanes(cleave_setup *setup, const cleave_config *config)
{
    const int64_t before = setup->model->patches.before;

    setup->lane_count = config->shifts > 0 ? config->shifts : 1;
    setup->origin[0] = -before;
    for (int32_t k = 0; k < config->shifts; k++)
        setup->origin[k] = cleave_segment_shift(config->shift_seed, k, config->rate_hz) - before;
}

cleave_status cleave_setup_init(cleave_setup *setup, const cleave_config *config,
                                const cleave_model *model, cleave_error *error)
{
    cleave_status status = CLEAVE_OK;

    memset(setup, 0, sizeof *setup);
    setup->model = model;
    if (!config)
        return cleave_error_set(error, CLEAVE_INVALID, "config: none given");
    if (!model && config->network_count != 0) {
        status = cleave_networks_open(&setup->networks, config->networks, config->network_count,
                                      config->model, error);
        setup->model = &setup->networks.model;
    } else if (!model) {
        status = find_model(&setup->model, config->model, error);
    }
    if (status != CLEAVE_OK || (status = check_ranges(config, error)) != CLEAVE_OK ||
        (status = check_support(setup->model, config, error)) != CLEAVE_OK ||
        (status = cleave_stems_find(&setup->stems, setup->model, config, error)) != CLEAVE_OK ||
        (status = set_segment(setup, config, error)) != CLEAVE_OK)
        return status;

    cleave_model_request *const request = &setup->request;
    request->rate_hz = config->rate_hz;
    request->channels = config->channels;
    request->partition = setup->stems.partition;
    request->stem_count = setup->stems.model_count;
    memcpy(request->stems, setup->stems.model_stems, sizeof request->stems);
    request->network_count = setup->networks.count;
    request->networks = setup->networks.table;
    request->spectrum_bins = config->spectrum_bins;
    request->mask_extension = config->mask_extension;
    request->gains = (const float(*)[CLEAVE_STEMS_MAX])setup->networks.gain;
    setup->transition_power = config->transition_power;
    setup->threads = config->threads;
    setup->weights_packed = config->weights_packed;
    setup->weights_context = config->weights_context;
    setup->cpu_features_off = config->cpu_features_off;
    set_lanes(setup, config);
    return CLEAVE_OK;
}
