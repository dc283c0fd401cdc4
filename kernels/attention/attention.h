/* attention.h: softmax attention of several heads, planar, without a score matrix in memory. */
#ifndef CLEAVE_KERNELS_ATTENTION_H
#define CLEAVE_KERNELS_ATTENTION_H

#include "kernels/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

/* For head h and query s, over keys t:
 *
 *   score[t] = sum_c q[h d + c][s] k[h d + c][t] scale - |t - s| slope[h][s]
 *   score[s] = self_score instead, if `local`
 *   out[h d + c][s] = sum_t softmax(score)[t] v[h d + c][t]
 *
 *   slope[h][s] = sum_{f=0..terms-1} (f + 1) / (1 + exp(-decay[h terms + f][s])) / (2 sqrt(terms)),
 *                 0 if terms is 0
 *
 * Scores live in blocks of keys with a running maximum and sum (Milakov and Gimelshein, "Online
 * normalizer calculation for softmax", 2018; Dao et al., "FlashAttention", 2022). The local form is
 * that of Hybrid Demucs. */
typedef struct cleave_attention_args {
    const float *q;     /* [heads width][queries] with channel stride q_stride */
    const float *k, *v; /* [heads width][keys] with channel stride kv_stride */
    const float *decay; /* [heads terms][queries] contiguous; NULL operand if terms is 0 */
    float *out; /* [heads width][queries] with channel stride out_stride; overlaps no other */
    int32_t heads, width; /* width: d >= 1, of a head */
    int64_t queries, keys;
    int64_t q_stride, kv_stride, out_stride;
    float scale;
    int32_t terms;    /* 0..16 */
    int32_t local;    /* not 0: queries = keys, score[s] is self_score */
    float self_score; /* -100 in Hybrid Demucs */
} cleave_attention_args;

/* An item is CLEAVE_ATTENTION_BLOCK queries of one head. */
#define CLEAVE_ATTENTION_BLOCK 384
extern const cleave_op cleave_attention_op;
extern const cleave_kernel cleave_attention_ref;
extern const cleave_kernel cleave_attention_avx2;
extern const cleave_kernel cleave_attention_avx512;
extern const cleave_kernel cleave_attention_avx512bf16;
extern const cleave_kernel cleave_attention_neon;
extern const cleave_kernel cleave_attention_cuda;
/* Factors rounded to these formats, sums in float. */
extern const cleave_kernel cleave_attention_cuda_tf32;
extern const cleave_kernel cleave_attention_cuda_bf16;
extern const cleave_kernel cleave_attention_cuda_fp16;

#ifdef __cplusplus
}
#endif

#endif
