/* fx_stream.c: frames through a chain of effects, and its knobs. */
#include "runtime/fx.h"

#include <string.h>

#include "runtime/clock.h"
#include "runtime/cpu.h"
#include "runtime/error.h"

/* What cleave_fx_set() left, unless it is at it right now. */
static void take_parameters(cleave_fx *fx)
{
    if (atomic_flag_test_and_set_explicit(&fx->lock, memory_order_acquire))
        return;
    if (fx->changed)
        memcpy(fx->current, fx->pending, (size_t)fx->parameter_count * sizeof(double));
    fx->changed = 0;
    atomic_flag_clear_explicit(&fx->lock, memory_order_release);
}

/* Notes how much each effect that reports took away, and how many values were no samples. */
static void read_reports(cleave_fx *fx, const float *reports)
{
    const int32_t streams = fx->info.streams;

    for (int32_t i = 0; i < fx->count; i++) {
        float most = 0;
        for (int32_t s = 0; fx->place[i].effect->reports && s < streams; s++)
            most = reports[i * streams + s] > most ? reports[i * streams + s] : most;
        fx->reduction_db[i] = most;
    }
    for (int32_t s = 0; s < streams; s++)
        fx->replaced_samples += (uint64_t)reports[fx->layout.replaced + s];
}

/* One block: frames of stream s at in + s * in_stride, in floats. */
static cleave_status run_block(cleave_fx *fx, const float *in, int64_t in_stride, float *out,
                               int64_t frames)
{
    const cleave_fx_layout *const layout = &fx->layout;
    const int64_t C = fx->info.channels, dense = C * fx->info.block_frames_max;
    const cleave_block block = {.position = fx->position, .frames = (int32_t)frames};
    const uint64_t began = cleave_clock_ns();
    float *const input = fx->device.calls->input(&fx->run, 0);
    const float *output;

    take_parameters(fx);
    memcpy(input, &block, sizeof block);
    memcpy(input + layout->parameters, fx->current, (size_t)fx->parameter_count * sizeof(double));
    for (int32_t s = 0; s < fx->info.streams; s++)
        memcpy(input + layout->audio_in + s * dense, in + s * in_stride,
               (size_t)(frames * C) * sizeof(float));
    cleave_status status = fx->device.calls->start(&fx->run, 0, 0, &(const _Atomic int){0});
    if (status == CLEAVE_OK)
        status = fx->device.calls->finish(&fx->run, 0, &output);
    if (status != CLEAVE_OK)
        return status;
    for (int32_t s = 0; s < fx->info.streams; s++)
        memcpy(out + s * in_stride, output + layout->audio_out + s * dense,
               (size_t)(frames * C) * sizeof(float));
    read_reports(fx, output);
    fx->position += frames;
    const uint64_t took = cleave_clock_ns() - began;
    fx->blocks++;
    fx->process_ns += took;
    fx->worst_block_ns = took > fx->worst_block_ns ? took : fx->worst_block_ns;
    return CLEAVE_OK;
}

/* `stream_frames` from the start of a stream to that of the next. */
static cleave_status run_frames(cleave_fx *fx, const float *in, float *out, int64_t stream_frames,
                                int64_t frames)
{
    const int64_t C = fx->info.channels;
    const uint64_t mode = cleave_cpu_mode_set();
    cleave_status status = fx->run.error.status;

    for (int64_t done = 0, count; done < frames; done += count) {
        count = cleave_i64_min(fx->info.block_frames_max, frames - done);
        if (status == CLEAVE_OK)
            status = run_block(fx, in + done * C, stream_frames * C, out + done * C, count);
        for (int32_t s = 0; status != CLEAVE_OK && s < fx->info.streams; s++)
            memset(out + (s * stream_frames + done) * C, 0, (size_t)(count * C) * sizeof *out);
    }
    cleave_cpu_mode_restore(mode);
    return status;
}

cleave_status cleave_fx_process(cleave_fx *fx, const float *in, float *out, int64_t frames)
{
    if (frames < 0 || (frames > 0 && (!in || !out)) || fx->info.ring_frames > 0)
        return CLEAVE_INVALID;
    return run_frames(fx, in, out, frames, frames);
}

cleave_status cleave_fx_push(cleave_fx *fx, const float *interleaved, int64_t frames,
                             int64_t *accepted)
{
    if (frames < 0 || (frames > 0 && !interleaved) || fx->info.ring_frames == 0)
        return CLEAVE_INVALID;
    *accepted = cleave_ring_write(&fx->ring, interleaved, frames);
    return *accepted == frames ? CLEAVE_OK : CLEAVE_AGAIN;
}

cleave_status cleave_fx_pull(cleave_fx *fx, float *interleaved, int64_t frames, int64_t *pulled)
{
    const int64_t C = fx->info.channels;
    cleave_ring_regions regions;

    if (frames < 0 || (frames > 0 && !interleaved) || fx->info.ring_frames == 0)
        return CLEAVE_INVALID;
    const int64_t count = cleave_ring_read_regions(&fx->ring, 0, frames, &regions);
    cleave_status status =
        run_frames(fx, regions.first, interleaved, regions.first_count, regions.first_count);
    if (status == CLEAVE_OK)
        status = run_frames(fx, regions.second, interleaved + regions.first_count * C,
                            regions.second_count, regions.second_count);
    cleave_ring_read_advance(&fx->ring, count);
    *pulled = count;
    return status != CLEAVE_OK ? status : count == frames ? CLEAVE_OK : CLEAVE_AGAIN;
}

/* The value that a knob turns, in a copy of the effect; NULL with a sentence if it may not. */
static double *find_knob(const cleave_fx_kind *kind, cleave_fx_effect *effect, int32_t band,
                         const char *name, int32_t *parameter, cleave_error *error)
{
    *parameter = -1;
    for (int32_t p = 0; p < kind->parameter_count; p++)
        if (!strcmp(name, kind->parameters[p].name)) {
            *parameter = p;
            if (!kind->parameters[p].fixed)
                return &effect->value[p];
            cleave_error_set(error, CLEAVE_INVALID, "%s: %s is fixed when the effect is opened",
                             kind->name, name);
            return NULL;
        }
    const int is_band = kind->has_bands && !strncmp(name, "band.", 5);
    if (is_band && (band < 0 || band >= effect->band_count)) {
        cleave_error_set(error, CLEAVE_INVALID, "%s: band %d: there are %d", kind->name, (int)band,
                         (int)effect->band_count);
        return NULL;
    }
    if (is_band && !strcmp(name + 5, "frequency"))
        return &effect->band[band].frequency_hz;
    if (is_band && !strcmp(name + 5, "gain"))
        return &effect->band[band].gain_db;
    if (is_band && !strcmp(name + 5, "q"))
        return &effect->band[band].q;
    cleave_error_set(error, CLEAVE_INVALID, "%s: parameter \"%s\" is unknown", kind->name, name);
    return NULL;
}

/* Under the lock: the effect with one knob turned, unless that is refused. */
static cleave_status turn(cleave_fx *fx, int32_t index, int32_t band, const char *name,
                          double value, cleave_error *error)
{
    const cleave_effect *const effect = fx->place[index].effect;
    const cleave_fx_effect before = fx->chain.effect[index];
    cleave_fx_effect *const turned = &fx->chain.effect[index];
    int32_t parameter;
    double *const knob = find_knob(&effect->kind, turned, band, name, &parameter, error);

    if (!knob)
        return CLEAVE_INVALID;
    *knob = value;
    const cleave_effect_site site = cleave_fx_site(fx, &fx->chain, index);
    cleave_status status = parameter >= 0
                               ? cleave_fx_value_check(&effect->kind, parameter, value, error)
                               : cleave_fx_band_check(&effect->kind, &turned->band[band], error);
    if (status == CLEAVE_OK && effect->check)
        status = effect->check(&site, error);
    if (status != CLEAVE_OK) {
        *turned = before;
        return status;
    }
    effect->derive(&site, fx->pending + fx->place[index].parameter_offset);
    fx->changed = 1;
    return CLEAVE_OK;
}

cleave_status cleave_fx_set(cleave_fx *fx, int32_t effect, int32_t band, const char *parameter,
                            double value, cleave_error *error)
{
    if (effect < 0 || effect >= fx->info.effect_count)
        return cleave_error_set(error, CLEAVE_INVALID, "effect %d: the chain has %d", (int)effect,
                                (int)fx->info.effect_count);
    while (atomic_flag_test_and_set_explicit(&fx->lock, memory_order_acquire))
        cleave_cpu_pause();
    const cleave_status status = turn(fx, effect, band, parameter, value, error);
    atomic_flag_clear_explicit(&fx->lock, memory_order_release);
    return status;
}

void cleave_fx_reset(cleave_fx *fx)
{
    fx->device.calls->reset(&fx->run);
    if (fx->info.ring_frames > 0)
        cleave_ring_reset(&fx->ring);
    fx->position = 0;
}

void cleave_fx_stats_get(const cleave_fx *fx, cleave_fx_stats *stats)
{
    *stats = (cleave_fx_stats){
        .frames = (uint64_t)fx->position,
        .blocks = fx->blocks,
        .process_ns = fx->process_ns,
        .worst_block_ns = fx->worst_block_ns,
        .overruns = atomic_load_explicit(&fx->ring.overruns, memory_order_relaxed),
        .underruns = atomic_load_explicit(&fx->ring.underruns, memory_order_relaxed),
        .replaced_samples = fx->replaced_samples,
    };
    for (int32_t i = 0; i < fx->info.effect_count; i++)
        stats->reduction_db[i] = fx->reduction_db[i];
}
