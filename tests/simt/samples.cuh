// samples.cuh: kernels that prove that the SIMT executor finds what it is there to find.
#ifndef CLEAVE_TESTS_SIMT_SAMPLES_CUH
#define CLEAVE_TESTS_SIMT_SAMPLES_CUH

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SIMT_SAMPLE_THREADS 128

// out[b][t] = in[b][(t + 1) mod 128] through shared memory, with the barrier it needs, or without.
void simt_sample_rotate(const float *in, float *out, int blocks, int with_barrier);

// out[t] = sum of in / its maximum, two reductions of the block that share their memory.
void simt_sample_sum_over_max(const float *in, float *out);

// The faults that abort: 0 writes past a shared array, 1 lanes disagree about where they wait.
void simt_sample_abort(int fault);

#ifdef __cplusplus
}
#endif

#endif
