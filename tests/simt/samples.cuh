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

// Faults that abort.
enum {
    SIMT_FAULT_OVERRUN,       // a write past a shared array
    SIMT_FAULT_READ_PAST_END, // a read past it
    SIMT_FAULT_WRITE_BEFORE,  // a write before it
    SIMT_FAULT_WAITS_APART,   // lanes disagree about where they wait
    SIMT_FAULT_BARRIER_COUNT, // a barrier waits for more threads than come
    SIMT_FAULT_UNALIGNED,     // four floats at once that do not begin on 16 bytes
    SIMT_FAULTS
};
void simt_sample_abort(int fault);

// Reads `count` values in a block of 32 threads; out is [32].
void simt_sample_read(const float *in, float *out, int64_t count);

// out = in by asynchronous copies, each 128 of the two the other way round; of the second every
// third value is zero instead.
enum { SIMT_COPY_RIGHT, SIMT_COPY_WITHOUT_WAIT, SIMT_COPY_INTO_WHAT_IS_READ };
void simt_sample_copy(const float *in, float *out, int fault);

// out[t] = in the other way round in each half of 128, + 1 in the second; without the first of its
// barriers if `fault`.
void simt_sample_halves(const float *in, float *out, int fault);

// out[b][t] = sum over all blocks of in[.][t], which pass it in `words` and raise `flags`, 0
// before: [4][32] each, [4]. Launched as blocks that need not run together it aborts.
#define SIMT_SAMPLE_BLOCKS 4
enum { SIMT_BLOCKS_RIGHT, SIMT_BLOCKS_WITHOUT_WAIT, SIMT_BLOCKS_APART };
void simt_sample_blocks(const float *in, float *words, uint32_t *flags, float *out, int fault);

// d [16][8] = product of a [depth][16] and b [depth][8] by one instruction, of tf32 (format 0,
// depth 8), bf16 or fp16 (1, 2, depth 16); lanes bring columns of b that are not theirs if `fault`.
void simt_sample_product(int format, const float *a, const float *b, float *d, int fault);

#ifdef __cplusplus
}
#endif

#endif
