/* profile.c: a segment computed again and again, step by step, by the clock. */
#include <string.h>

#include "runtime/clock.h"
#include "runtime/engine.h"

int32_t cleave_engine_step_count(const cleave_engine *engine)
{
    return engine->plan.step_count;
}

/* The segment's frames where the model looks for them. A plan may use the place of its input again,
 * so every run needs them anew. */
static void load(const cleave_engine *engine, const float *interleaved)
{
    const int64_t S = engine->segment_frames, C = engine->channels;
    const int64_t stride = cleave_i64_max(engine->ports.stride, S);
    float *const input = engine->device.calls->input(&engine->run, 0);

    memset(input, 0, (size_t)(C * stride) * sizeof *input);
    for (int64_t c = 0; c < C; c++)
        for (int64_t n = 0; n < S; n++)
            input[c * stride + n] = interleaved[n * C + c];
}

/* Puts a value in its place among the first `count`, which ascend. */
static void insert(double *values, int32_t count, double value)
{
    int32_t at = count;

    for (; at > 0 && values[at - 1] > value; at--)
        values[at] = values[at - 1];
    values[at] = value;
}

static double median(const double *ascending, int32_t count)
{
    return (ascending[(count - 1) / 2] + ascending[count / 2]) / 2;
}

/* What a segment takes as pull has it computed, on a device where that is more than its steps one
 * by one: they overlap, and what is copied counts. */
static cleave_status measure_whole(cleave_engine *engine, const cleave_profile *profile,
                                   int32_t run)
{
    const cleave_device_calls *const device = engine->device.calls;
    const float *output;
    const uint64_t begin = cleave_clock_ns();

    cleave_status status = device->start(&engine->run, 0, 0, &engine->cancelled);
    if (status == CLEAVE_OK)
        status = device->finish(&engine->run, 0, &output);
    if (status == CLEAVE_OK && run >= 0)
        insert(profile->segment_seconds, run, 1e-9 * (double)(cleave_clock_ns() - begin));
    return status;
}

/* Run number `run` of those that count, step by step; a warm-up if it is negative. */
static cleave_status measure_steps(cleave_engine *engine, const cleave_profile *profile,
                                   int32_t run)
{
    cleave_run *const on = &engine->run;
    cleave_status status = engine->device.calls->load(on);
    const uint64_t begin = cleave_clock_ns();
    uint64_t before = begin;

    for (int32_t i = 0; i < engine->plan.step_count && status == CLEAVE_OK; i++) {
        /* Relaxed: the flag carries no data with it. */
        if (atomic_load_explicit(&engine->cancelled, memory_order_relaxed))
            return CLEAVE_CANCELLED;
        status = engine->device.calls->step(on, i);
        const uint64_t now = cleave_clock_ns();
        if (run >= 0)
            insert(profile->step_seconds + (size_t)i * (size_t)profile->runs, run,
                   1e-9 * (double)(now - before));
        before = now;
    }
    if (status == CLEAVE_OK && run >= 0 && !engine->device.cuda)
        insert(profile->segment_seconds, run, 1e-9 * (double)(before - begin));
    return status;
}

static void describe(const cleave_plan *plan, const cleave_profile *profile)
{
    for (int32_t i = 0; i < plan->step_count; i++) {
        const cleave_plan_step *const step = &plan->step[i];
        const cleave_op *const op = cleave_op_get(step->op);
        const cleave_cost cost = op->cost(step->args);
        const double *const seconds = profile->step_seconds + (size_t)i * (size_t)profile->runs;
        profile->steps[i] = (cleave_step_profile){
            .label = step->label,
            .op = op->name,
            .flops = cost.flops,
            .bytes = cost.bytes,
            .least_seconds = seconds[0],
            .median_seconds = median(seconds, profile->runs),
        };
    }
}

cleave_status cleave_engine_profile(cleave_engine *engine, const float *interleaved,
                                    const cleave_profile *profile)
{
    cleave_status status = CLEAVE_OK;

    if (engine->started || !interleaved || !profile || !profile->segment_seconds ||
        !profile->step_seconds || !profile->steps || profile->runs < 1 || profile->warmups < 0 ||
        profile->runs > CLEAVE_PROFILE_RUNS_MAX || profile->warmups > CLEAVE_PROFILE_RUNS_MAX)
        return CLEAVE_INVALID;
    const cleave_status fitted = cleave_fit_to(engine, engine->segment_frames, NULL);
    assert(fitted == CLEAVE_OK); /* cleave_fit_try() has seen to it */
    (void)fitted;
    for (int32_t run = -profile->warmups; run < profile->runs && status == CLEAVE_OK; run++) {
        load(engine, interleaved);
        if (engine->device.cuda)
            status = measure_whole(engine, profile, run);
        if (status == CLEAVE_OK)
            status = measure_steps(engine, profile, run);
    }
    engine->device.calls->reset(&engine->run);
    if (status != CLEAVE_OK)
        return status;
    describe(&engine->plan, profile);
    return CLEAVE_OK;
}
