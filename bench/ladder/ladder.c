/* ladder.c: all rungs, in order. */
#include "bench/ladder/ladder.h"

#include <stdio.h>

#define EXACT CLEAVE_FACTORS_FP32
#define TF32  CLEAVE_FACTORS_TF32
#define BF16  CLEAVE_FACTORS_BF16

static const ladder_rung rungs[] = {
    {"gemm", 1, "a thread a sum, from memory", CLEAVE_OP_CONV, EXACT, &ladder_gemm_1},
    {"gemm", 2, "tiles in shared memory", CLEAVE_OP_CONV, EXACT, &ladder_gemm_2},
    {"gemm", 3, "8 x 8 sums in registers", CLEAVE_OP_CONV, EXACT, &ladder_gemm_3},
    {"gemm", 4, "two buffers, asynchronous copies", CLEAVE_OP_CONV, EXACT, &ladder_gemm_4},
    {"gemm", 5, "tensor cores", CLEAVE_OP_CONV, TF32, &ladder_gemm_5_tf32},
    {"gemm", 5, "tensor cores", CLEAVE_OP_CONV, BF16, &ladder_gemm_5_bf16},
    {"gemm", 6, "production", CLEAVE_OP_CONV, EXACT, NULL},
    {"gemm", 6, "production", CLEAVE_OP_CONV, TF32, NULL},
    {"gemm", 6, "production", CLEAVE_OP_CONV, BF16, NULL},
    {"conv", 1, "a thread a point, from memory", CLEAVE_OP_CONV, EXACT, &ladder_conv_1},
    {"conv", 2, "a matrix in memory (im2col)", CLEAVE_OP_CONV, EXACT, &ladder_conv_2},
    {"conv", 3, "implicit, 4 x 4 sums in registers", CLEAVE_OP_CONV, EXACT, &ladder_conv_3},
    {"conv", 4, "tensor cores", CLEAVE_OP_CONV, TF32, &ladder_conv_4_tf32},
    {"conv", 4, "tensor cores", CLEAVE_OP_CONV, BF16, &ladder_conv_4_bf16},
    {"conv", 5, "production", CLEAVE_OP_CONV, EXACT, NULL},
    {"conv", 5, "production", CLEAVE_OP_CONV, TF32, NULL},
    {"conv", 5, "production", CLEAVE_OP_CONV, BF16, NULL},
    {"attention", 1, "scores in memory", CLEAVE_OP_ATTENTION, EXACT, &ladder_attention_1},
    {"attention", 2, "online softmax, a thread a query", CLEAVE_OP_ATTENTION, EXACT,
     &ladder_attention_2},
    {"attention", 3, "keys by tiles in shared memory", CLEAVE_OP_ATTENTION, EXACT,
     &ladder_attention_3},
    {"attention", 4, "tensor cores", CLEAVE_OP_ATTENTION, TF32, &ladder_attention_4_tf32},
    {"attention", 4, "tensor cores", CLEAVE_OP_ATTENTION, BF16, &ladder_attention_4_bf16},
    {"attention", 5, "production", CLEAVE_OP_ATTENTION, EXACT, NULL},
    {"attention", 5, "production", CLEAVE_OP_ATTENTION, TF32, NULL},
    {"attention", 5, "production", CLEAVE_OP_ATTENTION, BF16, NULL},
    {"stft", 1, "the sum of the definition", CLEAVE_OP_STFT, EXACT, &ladder_stft_1},
    {"stft", 2, "radix 2 through memory", CLEAVE_OP_STFT, EXACT, &ladder_stft_2},
    {"stft", 3, "passes in shared memory", CLEAVE_OP_STFT, EXACT, &ladder_stft_3},
    {"stft", 4, "production", CLEAVE_OP_STFT, EXACT, NULL},
    {"norm", 1, "a thread a row, two passes", CLEAVE_OP_MOMENTS, EXACT, &ladder_norm_1},
    {"norm", 2, "a block a row, two passes", CLEAVE_OP_MOMENTS, EXACT, &ladder_norm_2},
    {"norm", 3, "many blocks a row, joined", CLEAVE_OP_MOMENTS, EXACT, &ladder_norm_3},
    {"norm", 4, "production", CLEAVE_OP_MOMENTS, EXACT, NULL},
};

const ladder_rung *ladder_rung_at(int index)
{
    return index >= 0 && index < (int)(sizeof rungs / sizeof rungs[0]) ? &rungs[index] : NULL;
}

void ladder_rung_name(const ladder_rung *rung, char *text)
{
    static const char *const factors[] = {"fp32", "tf32", "bf16", "fp16"};

    snprintf(text, LADDER_NAME_BYTES, "%s %d %s", rung->ladder, rung->number,
             factors[rung->factors]);
}

/* A factor is off by up to one unit of its format, a product of two by up to two. Long chains of
 * float add their own roundings, which is what cases allow for. */
double ladder_limit(const ladder_rung *rung, const cleave_case *test)
{
    static const double unit[] = {0, 0x1p-11, 0x1p-8, 0x1p-11};

    return test->limit + 2 * unit[rung->factors];
}
