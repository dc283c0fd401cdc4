/* device_cpu.c: the CPU as a device: a segment is computed where it lies, when it is started. */
#include "runtime/device.h"

#include <stdio.h>

static void lay_out(cleave_run *run, cleave_arena *host, cleave_arena *pinned)
{
    (void)run;
    (void)host;
    (void)pinned;
}

static cleave_status open_run(cleave_run *run, cleave_error *error)
{
    (void)run;
    (void)error;
    return CLEAVE_OK;
}

static float *input(const cleave_run *run, int32_t slot)
{
    (void)slot;
    return cleave_plan_data(run->plan, run->input);
}

static cleave_status start(cleave_run *run, int32_t slot, int refitted, const _Atomic int *cancel)
{
    (void)slot;
    (void)refitted;
    return cleave_plan_run(run->plan, run->workers, cancel) ? CLEAVE_OK : CLEAVE_CANCELLED;
}

static int is_done(cleave_run *run, int32_t slot)
{
    (void)run;
    (void)slot;
    return 1;
}

static cleave_status finish(cleave_run *run, int32_t slot, const float **output)
{
    (void)slot;
    *output = cleave_plan_data(run->plan, run->output);
    return CLEAVE_OK;
}

static cleave_status load(cleave_run *run)
{
    (void)run;
    return CLEAVE_OK;
}

static cleave_status step(cleave_run *run, int32_t index)
{
    cleave_plan_step_run(run->plan, index, run->workers);
    return CLEAVE_OK;
}

static cleave_status unload(cleave_run *run, const float **output)
{
    return finish(run, 0, output);
}

static void reset(cleave_run *run)
{
    cleave_plan_reset(run->plan);
}

static void close_run(cleave_run *run)
{
    (void)run;
}

void cleave_device_cpu_init(cleave_device_table *device, uint32_t features_off)
{
    static const cleave_device_calls calls = {
        .lay_out = lay_out,
        .open = open_run,
        .input = input,
        .start = start,
        .is_done = is_done,
        .finish = finish,
        .load = load,
        .step = step,
        .unload = unload,
        .reset = reset,
        .close = close_run,
    };

    *device = (cleave_device_table){.calls = &calls, .streams = 1};
    cleave_ops_cpu(&device->ops, cleave_cpu_features() & ~features_off);
    snprintf(device->name, sizeof device->name, "cpu %s", device->ops.name);
}
