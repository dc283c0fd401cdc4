/* device_cpu.c: the CPU as a device: a segment is computed where it lies, when it is started. */
#include "runtime/device.h"

#include <stdio.h>

#include "runtime/error.h"

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

cleave_status cleave_device_cpu_init(cleave_device_table *device, uint32_t features_off,
                                     cleave_factors factors, cleave_error *error)
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

    static const char *const names[] = {
        [CLEAVE_FACTORS_TF32] = "tf32",
        [CLEAVE_FACTORS_BF16] = "bf16",
        [CLEAVE_FACTORS_FP16] = "fp16",
    };
    const uint32_t features = cleave_cpu_features() & ~features_off;
    cleave_ops ops;

    cleave_ops_cpu(&ops, features);
    if (!cleave_ops_cpu_round(&ops, features, factors))
        return cleave_error_set(error, CLEAVE_UNSUPPORTED,
                                factors == CLEAVE_FACTORS_BF16
                                    ? "precision %s: this processor has no AVX-512 BF16"
                                    : "precision %s: the CPU computes in fp32 or bf16",
                                names[factors]);
    *device = (cleave_device_table){.ops = ops, .calls = &calls, .streams = 1};
    snprintf(device->name, sizeof device->name, "cpu %s", device->ops.name);
    return CLEAVE_OK;
}
