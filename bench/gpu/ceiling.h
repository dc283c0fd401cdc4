/* ceiling.h: kernels that show what a device can do at most. */
#ifndef CLEAVE_BENCH_GPU_CEILING_H
#define CLEAVE_BENCH_GPU_CEILING_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    GPU_CEILING_COPY,
    GPU_CEILING_FMA,
    GPU_CEILING_TF32,
    GPU_CEILING_BF16,
    GPU_CEILING_FP16,
    GPU_CEILINGS
};

/* Launches one in so many blocks of 256 threads, on memory of `bytes`, of which the copy reads half
 * and writes half, and the others write a float a thread. Returns the bytes, or the operations, of
 * it. */
double gpu_ceiling_launch(int which, int blocks, float *memory, size_t bytes, void *stream);

#ifdef __cplusplus
}
#endif

#endif
