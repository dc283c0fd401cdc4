/* device.h: what computes the plan of an engine: the threads of the CPU, or a GPU.
 *
 * A device is its kernels and a few calls. The engine gives it a segment at a time, in a slot, and
 * takes the stems back from there; it does not know where they were computed. Everything else, the
 * cutting and blending of the track, is the host's and always done by the CPU's kernels. */
#ifndef CLEAVE_RUNTIME_DEVICE_H
#define CLEAVE_RUNTIME_DEVICE_H

#include <stdatomic.h>

#include "runtime/cuda_api.h"
#include "runtime/plan.h"

/* Segments that a device may have at a time. */
#define CLEAVE_SLOTS_MAX CLEAVE_BATCH_MAX

typedef struct cleave_run cleave_run;

/* Memory outside of the arena of the host, of which a CPU has none. */
typedef struct cleave_device_blocks {
    void *device, *pinned;
} cleave_device_blocks;

/* What a kind of device does. Calls on one run come one at a time. A call that fails leaves its
 * sentence in run->error, and then the run can only be closed. */
typedef struct cleave_device_calls {
    /* Takes what a run needs besides its plan: from the host's arena, and what the device copies to
     * and from, of the pinned one. The plan is laid out, but perhaps only counted. */
    void (*lay_out)(cleave_run *run, cleave_arena *host, cleave_arena *pinned);
    /* When the plan is complete: makes all that is made once. */
    cleave_status (*open)(cleave_run *run, cleave_error *error);
    /* Where the next segment of the slot is to be written, as the plan's input. */
    float *(*input)(const cleave_run *run, int32_t slot);
    /* Starts to compute it, or computes it. `refitted`: the plan was fitted to another length than
     * at open; then no other slot may be busy. CLEAVE_CANCELLED if *cancel was set meanwhile. */
    cleave_status (*start)(cleave_run *run, int32_t slot, int refitted, const _Atomic int *cancel);
    /* Whether finish() would not have to wait. */
    int (*is_done)(cleave_run *run, int32_t slot);
    /* Waits for the slot that was started, and tells where the plan's output is. */
    cleave_status (*finish)(cleave_run *run, int32_t slot, const float **output);
    /* The same piece by piece, for those who look at single steps: what input() holds of slot 0 to
     * the plan, one step, what the plan has put out. Each waits until it is done; nothing else may
     * be under way. */
    cleave_status (*load)(cleave_run *run);
    cleave_status (*step)(cleave_run *run, int32_t index);
    cleave_status (*unload)(cleave_run *run, const float **output);
    /* Waits for all that was started, and zeroes the states. */
    void (*reset)(cleave_run *run);
    void (*close)(cleave_run *run);
} cleave_device_calls;

typedef struct cleave_device_table {
    char name[64];  /* "cpu avx512", "cuda:0 NVIDIA H200" */
    cleave_ops ops; /* its kernels */
    const cleave_device_calls *calls;
    int32_t streams;             /* that steps of one plan may run on */
    const cleave_cuda_api *cuda; /* NULL: the CPU */
    int32_t index;               /* among GPUs */
} cleave_device_table;

/* A plan on a device. */
struct cleave_run {
    const cleave_device_table *device;
    cleave_plan *plan;
    cleave_workers *workers;
    cleave_tensor input, output; /* of the plan... */
    size_t input_bytes, output_bytes;
    cleave_device_blocks blocks;
    struct cleave_cuda *cuda; /* device_gpu.c: its streams, events and graphs */
    cleave_error error;       /* why nothing can be computed any more; status CLEAVE_OK: it can */
};

/* The CPU with all features it has but `features_off`, and the kernels that round factors so.
 * UNSUPPORTED with a sentence if it has none such. */
cleave_status cleave_device_cpu_init(cleave_device_table *device, uint32_t features_off,
                                     cleave_factors factors, cleave_error *error);

/* GPU number `index` of the table of calls, and the kernels that round factors so. NO_DEVICE with a
 * sentence if it is not there. */
cleave_status cleave_device_cuda_init(cleave_device_table *device, const cleave_cuda_api *cuda,
                                      int32_t index, cleave_factors factors, cleave_error *error);

/* The blocks of a GPU's run, and their release. NO_MEMORY, NO_DEVICE with a sentence. Without any
 * bytes to be had there is no block. */
cleave_status cleave_device_blocks_open(const cleave_device_table *device, size_t device_bytes,
                                        size_t pinned_bytes, cleave_device_blocks *blocks,
                                        cleave_error *error);
void cleave_device_blocks_close(const cleave_device_table *device, cleave_device_blocks *blocks);

/* Bytes of the GPU that are free now; 0 if it does not say. */
size_t cleave_device_memory_free(const cleave_device_table *device);

/* Copies to the GPU, as cleave_plan_target wants it; `context` is the cleave_device_table. */
int cleave_device_upload(void *context, void *to, const void *from, size_t bytes);

#endif
