/* runtime.h: what tests do to the executor's stand-in for the CUDA runtime (runtime.cpp), which is
 * the table of runtime/cuda_api.h in programs that are linked with it. */
#ifndef CLEAVE_TESTS_SIMT_RUNTIME_H
#define CLEAVE_TESTS_SIMT_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Errors, by the numbers of the CUDA runtime. */
#define SIMT_OUT_OF_MEMORY 2
#define SIMT_NO_DEVICE     100
#define SIMT_DEVICE_LOST   46
#define SIMT_UNJOINED      904

/* A machine with so many GPUs, each with so much memory, on which nothing fails. */
void simt_runtime_machine(int32_t devices, size_t memory_bytes);

/* The kernels of engines that are opened from now on: those of the CUDA table, as at first, or
 * those of the CPU (cpu_kernels.cpp). */
void simt_runtime_use_cpu_kernels(int use);

/* Work that was given to a stream is done when something waits for it, and nothing else is done
 * then; with a seed that is not 0, at any call some of it may be done before, in any order that
 * streams and events allow. */
void simt_runtime_order(uint64_t seed);

/* Call number `call`, 1 up from now, fails with `error`; if `for_good`, so do all after it. 0: none
 * fails. */
void simt_runtime_fail(uint64_t call, int error, int for_good);

/* Calls of the table, and launches of kernels on streams, since simt_runtime_fail(). */
uint64_t simt_runtime_calls(void);

/* What is not given back. */
typedef struct simt_runtime_objects {
    size_t device_bytes, pinned_bytes;
    int32_t allocations, streams, events, graphs;
} simt_runtime_objects;

simt_runtime_objects simt_runtime_live(void);

/* Allocations since the start, of both kinds. */
uint64_t simt_runtime_allocations(void);

#ifdef __cplusplus
}
#endif

#endif
