/* gpu_kernel.h: a kernel of a GPU as one that takes host memory, so that what judges the kernels of
 * the CPU judges it, too. */
#ifndef CLEAVE_TESTS_GPU_KERNEL_H
#define CLEAVE_TESTS_GPU_KERNEL_H

#include "runtime/cuda_api.h"

/* NULL if GPU 0 can be used; else a sentence that says why not. */
const char *gpu_kernel_missing(void);

/* The kernel of the CUDA table for op `index`, with factors so rounded. Its run() copies the
 * operands to the GPU, each between guards, runs the kernel on a stream, waits, and copies back
 * what is written; a call of the CUDA runtime that fails, or a guard that is not intact, is a
 * failure of the running test. One kernel at a time; run NULL: the table has none. */
cleave_kernel gpu_kernel(int index, cleave_factors factors);

/* The same for any kernel of the op that takes memory of the GPU. */
cleave_kernel gpu_kernel_of(int index, const cleave_kernel *kernel);

#endif
