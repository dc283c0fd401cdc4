/* cases.h: the shapes on which kernels are compared and timed. Never part of the library.
 *
 * One case file an op (<op>/<op>_cases.c) feeds the checker (tests/check_kernels.c) and the bench
 * (host/bench_kernels.c), so that correctness and speed are always about the same shapes. */
#ifndef CLEAVE_KERNELS_CASES_H
#define CLEAVE_KERNELS_CASES_H

#include "kernels/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CLEAVE_CASE_SMALL 1u /* small enough for the slowest executor */
#define CLEAVE_CASE_BENCH 2u /* a shape of a model: timed */

typedef struct cleave_case {
    char label[64];
    union {
        unsigned char bytes[CLEAVE_ARGS_BYTES_MAX];
        int64_t align;
    } args; /* the op's argument struct, pointers NULL */
    double
        limit; /* largest ||x - ref|| / ||ref|| allowed against the reference; 0 = bit-identical */
    uint32_t flags;
    /* Fills the tensor at `operand` (index in operands()), `count` floats; NULL: uniform in [-1,
     * 1). */
    void (*fill)(const struct cleave_case *test, int operand, float *data, int64_t count);
} cleave_case;

/* Case `index` of an op into *out; returns 0 when there is no such case. */
typedef int (*cleave_cases_fn)(int index, cleave_case *out);

/* The case list of each op, in <op>/<op>_cases.c. */
int cleave_fft_cases(int index, cleave_case *out);
int cleave_stft_cases(int index, cleave_case *out);
int cleave_istft_cases(int index, cleave_case *out);
int cleave_overlap_add_cases(int index, cleave_case *out);
int cleave_complex_mask_cases(int index, cleave_case *out);
int cleave_median_cases(int index, cleave_case *out);
int cleave_reduce_cases(int index, cleave_case *out);
int cleave_elementwise_cases(int index, cleave_case *out);
int cleave_rearrange_cases(int index, cleave_case *out);
int cleave_mix_cases(int index, cleave_case *out);
int cleave_gram_cases(int index, cleave_case *out);
int cleave_repetition_cases(int index, cleave_case *out);
int cleave_box_mean_cases(int index, cleave_case *out);
int cleave_voice_odds_cases(int index, cleave_case *out);
int cleave_voice_mask_cases(int index, cleave_case *out);
int cleave_stem_shares_cases(int index, cleave_case *out);
int cleave_conv_cases(int index, cleave_case *out);
int cleave_moments_cases(int index, cleave_case *out);
int cleave_linear_norm_cases(int index, cleave_case *out);
int cleave_normalize_cases(int index, cleave_case *out);
int cleave_layer_norm_cases(int index, cleave_case *out);
int cleave_attention_cases(int index, cleave_case *out);
int cleave_lstm_cases(int index, cleave_case *out);
int cleave_pair_sums_cases(int index, cleave_case *out);
int cleave_ratio_mask_cases(int index, cleave_case *out);
int cleave_softmax_cases(int index, cleave_case *out);
int cleave_interleave_cases(int index, cleave_case *out);
int cleave_fader_cases(int index, cleave_case *out);
int cleave_biquad_cases(int index, cleave_case *out);
int cleave_limit_cases(int index, cleave_case *out);
int cleave_fdn_cases(int index, cleave_case *out);
int cleave_true_peak_cases(int index, cleave_case *out);
int cleave_compress_cases(int index, cleave_case *out);
int cleave_dither_cases(int index, cleave_case *out);
int cleave_convolve_cases(int index, cleave_case *out);
int cleave_denoise_cases(int index, cleave_case *out);
int cleave_level_cases(int index, cleave_case *out);

/* All of them, indexed by CLEAVE_OP_*. */
extern const cleave_cases_fn cleave_cases[CLEAVE_OP_COUNT];

/* u(seed, index) in [-1, 1), exact in float32: splitmix64 of seed + index. */
float cleave_case_uniform(uint64_t seed, int64_t index);

#ifdef __cplusplus
}
#endif

#endif
