/* ladder.h: kernels from the plainest to the one of the op table, rung by rung.
 *
 * Five ladders: gemm (a linear layer, a case of the op conv), conv, attention, stft and norm (the
 * op moments, which a norm waits for). A rung is a kernel of its op's contract that takes all items
 * at once, and of the op's arguments only what its ladder is about, as ladder_cases() has them.
 * Every file says in its head what it changed over the rung before, and why. The last rung is what
 * the op table has. */
#ifndef CLEAVE_BENCH_LADDER_H
#define CLEAVE_BENCH_LADDER_H

#include "kernels/cases.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ladder_rung {
    const char *ladder; /* "gemm" */
    int number;
    const char *what; /* "tile in shared memory" */
    int op;           /* CLEAVE_OP_* */
    cleave_factors factors;
    const cleave_kernel *kernel; /* NULL: the one of the table of CUDA kernels */
} ladder_rung;

/* Rung `index` of all; NULL when there is no such rung. Those of a ladder follow one another. */
const ladder_rung *ladder_rung_at(int index);

/* "gemm 5 tf32"; `text` has room for LADDER_NAME_BYTES. */
#define LADDER_NAME_BYTES 32
void ladder_rung_name(const ladder_rung *rung, char *text);

/* The shapes of a ladder: small ones, flagged CLEAVE_CASE_SMALL, and those that are timed,
 * CLEAVE_CASE_BENCH. Channel strides are multiples of 4 floats, as are the depths of products.
 * Returns 0 when there is no such case. */
int ladder_cases(const char *ladder, int index, cleave_case *out);

/* The largest ||x - ref|| / ||ref|| that a rung may have on a case. */
double ladder_limit(const ladder_rung *rung, const cleave_case *test);

extern const cleave_kernel ladder_gemm_1, ladder_gemm_2, ladder_gemm_3, ladder_gemm_4;
extern const cleave_kernel ladder_gemm_5_tf32, ladder_gemm_5_bf16;
extern const cleave_kernel ladder_conv_1, ladder_conv_2, ladder_conv_3;
extern const cleave_kernel ladder_conv_4_tf32, ladder_conv_4_bf16;
extern const cleave_kernel ladder_attention_1, ladder_attention_2, ladder_attention_3;
extern const cleave_kernel ladder_attention_4_tf32, ladder_attention_4_bf16;
extern const cleave_kernel ladder_stft_1, ladder_stft_2, ladder_stft_3;
extern const cleave_kernel ladder_norm_1, ladder_norm_2, ladder_norm_3;

#ifdef __cplusplus
}
#endif

#endif
