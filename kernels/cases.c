/* cases.c: the list of every op's cases. */
#include "kernels/cases.h"

const cleave_cases_fn cleave_cases[CLEAVE_OP_COUNT] = {
    [CLEAVE_OP_FFT] = cleave_fft_cases,
    [CLEAVE_OP_STFT] = cleave_stft_cases,
    [CLEAVE_OP_ISTFT] = cleave_istft_cases,
    [CLEAVE_OP_OVERLAP_ADD] = cleave_overlap_add_cases,
    [CLEAVE_OP_COMPLEX_MASK] = cleave_complex_mask_cases,
    [CLEAVE_OP_MEDIAN] = cleave_median_cases,
    [CLEAVE_OP_REDUCE] = cleave_reduce_cases,
    [CLEAVE_OP_ELEMENTWISE] = cleave_elementwise_cases,
    [CLEAVE_OP_REARRANGE] = cleave_rearrange_cases,
    [CLEAVE_OP_MIX] = cleave_mix_cases,
    [CLEAVE_OP_GRAM] = cleave_gram_cases,
    [CLEAVE_OP_REPETITION] = cleave_repetition_cases,
    [CLEAVE_OP_BOX_MEAN] = cleave_box_mean_cases,
    [CLEAVE_OP_VOICE_ODDS] = cleave_voice_odds_cases,
    [CLEAVE_OP_VOICE_MASK] = cleave_voice_mask_cases,
    [CLEAVE_OP_STEM_SHARES] = cleave_stem_shares_cases,
    [CLEAVE_OP_CONV] = cleave_conv_cases,
    [CLEAVE_OP_MOMENTS] = cleave_moments_cases,
    [CLEAVE_OP_LINEAR_NORM] = cleave_linear_norm_cases,
    [CLEAVE_OP_NORMALIZE] = cleave_normalize_cases,
    [CLEAVE_OP_LAYER_NORM] = cleave_layer_norm_cases,
    [CLEAVE_OP_ATTENTION] = cleave_attention_cases,
    [CLEAVE_OP_LSTM] = cleave_lstm_cases,
    [CLEAVE_OP_PAIR_SUMS] = cleave_pair_sums_cases,
    [CLEAVE_OP_RATIO_MASK] = cleave_ratio_mask_cases,
    [CLEAVE_OP_SOFTMAX] = cleave_softmax_cases,
    [CLEAVE_OP_INTERLEAVE] = cleave_interleave_cases,
    [CLEAVE_OP_FADER] = cleave_fader_cases,
    [CLEAVE_OP_BIQUAD] = cleave_biquad_cases,
    [CLEAVE_OP_LIMIT] = cleave_limit_cases,
    [CLEAVE_OP_FDN] = cleave_fdn_cases,
    [CLEAVE_OP_TRUE_PEAK] = cleave_true_peak_cases,
    [CLEAVE_OP_COMPRESS] = cleave_compress_cases,
    [CLEAVE_OP_DITHER] = cleave_dither_cases,
    [CLEAVE_OP_CONVOLVE] = cleave_convolve_cases,
    [CLEAVE_OP_DENOISE] = cleave_denoise_cases,
    [CLEAVE_OP_LEVEL] = cleave_level_cases,
};

/* Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014: the output function. */
float cleave_case_uniform(uint64_t seed, int64_t index)
{
    uint64_t z = seed * 0xD1342543DE82EF95u + (uint64_t)index * 0x9E3779B97F4A7C15u;

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    return (float)((double)(z >> 40) * 0x1p-23 - 1);
}
