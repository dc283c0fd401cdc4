/* ops_x86.c: AVX2, then AVX-512 over it. */
#include "kernels/ops_overlay.h"

#include "kernels/attention/attention.h"
#include "kernels/biquad/biquad.h"
#include "kernels/box_mean/box_mean.h"
#include "kernels/complex_mask/complex_mask.h"
#include "kernels/compress/compress.h"
#include "kernels/conv/conv.h"
#include "kernels/dither/dither.h"
#include "kernels/convolve/convolve.h"
#include "kernels/denoise/denoise.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/fader/fader.h"
#include "kernels/fdn/fdn.h"
#include "kernels/fft/fft.h"
#include "kernels/gram/gram.h"
#include "kernels/interleave/interleave.h"
#include "kernels/istft/istft.h"
#include "kernels/limit/limit.h"
#include "kernels/linear_norm/linear_norm.h"
#include "kernels/lstm/lstm.h"
#include "kernels/layer_norm/layer_norm.h"
#include "kernels/median/median.h"
#include "kernels/mix/mix.h"
#include "kernels/moments/moments.h"
#include "kernels/normalize/normalize.h"
#include "kernels/overlap_add/overlap_add.h"
#include "kernels/pair_sums/pair_sums.h"
#include "kernels/ratio_mask/ratio_mask.h"
#include "kernels/rearrange/rearrange.h"
#include "kernels/reduce/reduce.h"
#include "kernels/repetition/repetition.h"
#include "kernels/softmax/softmax.h"
#include "kernels/stem_shares/stem_shares.h"
#include "kernels/stft/stft.h"
#include "kernels/true_peak/true_peak.h"
#include "kernels/level/level.h"
#include "kernels/voice_mask/voice_mask.h"
#include "kernels/voice_odds/voice_odds.h"

static void overlay_avx2(cleave_ops *ops)
{
    ops->name = "avx2";
    ops->kernel[CLEAVE_OP_FFT] = cleave_fft_avx2;
    ops->kernel[CLEAVE_OP_STFT] = cleave_stft_avx2;
    ops->kernel[CLEAVE_OP_ISTFT] = cleave_istft_avx2;
    ops->kernel[CLEAVE_OP_OVERLAP_ADD] = cleave_overlap_add_avx2;
    ops->kernel[CLEAVE_OP_COMPLEX_MASK] = cleave_complex_mask_avx2;
    ops->kernel[CLEAVE_OP_MEDIAN] = cleave_median_avx2;
    ops->kernel[CLEAVE_OP_REDUCE] = cleave_reduce_avx2;
    ops->kernel[CLEAVE_OP_ELEMENTWISE] = cleave_elementwise_avx2;
    ops->kernel[CLEAVE_OP_REARRANGE] = cleave_rearrange_avx2;
    ops->kernel[CLEAVE_OP_MIX] = cleave_mix_avx2;
    ops->kernel[CLEAVE_OP_GRAM] = cleave_gram_avx2;
    ops->kernel[CLEAVE_OP_REPETITION] = cleave_repetition_avx2;
    ops->kernel[CLEAVE_OP_BOX_MEAN] = cleave_box_mean_avx2;
    ops->kernel[CLEAVE_OP_VOICE_ODDS] = cleave_voice_odds_avx2;
    ops->kernel[CLEAVE_OP_VOICE_MASK] = cleave_voice_mask_avx2;
    ops->kernel[CLEAVE_OP_STEM_SHARES] = cleave_stem_shares_avx2;
    ops->kernel[CLEAVE_OP_MOMENTS] = cleave_moments_avx2;
    ops->kernel[CLEAVE_OP_LINEAR_NORM] = cleave_linear_norm_avx2;
    ops->kernel[CLEAVE_OP_CONV] = cleave_conv_avx2;
    ops->kernel[CLEAVE_OP_ATTENTION] = cleave_attention_avx2;
    ops->kernel[CLEAVE_OP_LSTM] = cleave_lstm_avx2;
    ops->kernel[CLEAVE_OP_PAIR_SUMS] = cleave_pair_sums_avx2;
    ops->kernel[CLEAVE_OP_RATIO_MASK] = cleave_ratio_mask_avx2;
    ops->kernel[CLEAVE_OP_SOFTMAX] = cleave_softmax_avx2;
    ops->kernel[CLEAVE_OP_INTERLEAVE] = cleave_interleave_avx2;
    ops->kernel[CLEAVE_OP_FADER] = cleave_fader_avx2;
    ops->kernel[CLEAVE_OP_NORMALIZE] = cleave_normalize_avx2;
    ops->kernel[CLEAVE_OP_LAYER_NORM] = cleave_layer_norm_avx2;
    ops->kernel[CLEAVE_OP_BIQUAD] = cleave_biquad_avx2;
    ops->kernel[CLEAVE_OP_LIMIT] = cleave_limit_avx2;
    ops->kernel[CLEAVE_OP_FDN] = cleave_fdn_avx2;
    ops->kernel[CLEAVE_OP_TRUE_PEAK] = cleave_true_peak_avx2;
    ops->kernel[CLEAVE_OP_COMPRESS] = cleave_compress_avx2;
    ops->kernel[CLEAVE_OP_DITHER] = cleave_dither_avx2;
    ops->kernel[CLEAVE_OP_CONVOLVE] = cleave_convolve_avx2;
    ops->kernel[CLEAVE_OP_DENOISE] = cleave_denoise_avx2;
    ops->kernel[CLEAVE_OP_LEVEL] = cleave_level_avx2;
}

static void overlay_avx512(cleave_ops *ops)
{
    ops->name = "avx512";
    ops->kernel[CLEAVE_OP_FFT] = cleave_fft_avx512;
    ops->kernel[CLEAVE_OP_STFT] = cleave_stft_avx512;
    ops->kernel[CLEAVE_OP_ISTFT] = cleave_istft_avx512;
    ops->kernel[CLEAVE_OP_OVERLAP_ADD] = cleave_overlap_add_avx512;
    ops->kernel[CLEAVE_OP_COMPLEX_MASK] = cleave_complex_mask_avx512;
    ops->kernel[CLEAVE_OP_MEDIAN] = cleave_median_avx512;
    ops->kernel[CLEAVE_OP_REDUCE] = cleave_reduce_avx512;
    ops->kernel[CLEAVE_OP_ELEMENTWISE] = cleave_elementwise_avx512;
    ops->kernel[CLEAVE_OP_REARRANGE] = cleave_rearrange_avx512;
    ops->kernel[CLEAVE_OP_MIX] = cleave_mix_avx512;
    ops->kernel[CLEAVE_OP_GRAM] = cleave_gram_avx512;
    ops->kernel[CLEAVE_OP_REPETITION] = cleave_repetition_avx512;
    ops->kernel[CLEAVE_OP_BOX_MEAN] = cleave_box_mean_avx512;
    ops->kernel[CLEAVE_OP_VOICE_ODDS] = cleave_voice_odds_avx512;
    ops->kernel[CLEAVE_OP_VOICE_MASK] = cleave_voice_mask_avx512;
    ops->kernel[CLEAVE_OP_STEM_SHARES] = cleave_stem_shares_avx512;
    ops->kernel[CLEAVE_OP_MOMENTS] = cleave_moments_avx512;
    ops->kernel[CLEAVE_OP_LINEAR_NORM] = cleave_linear_norm_avx512;
    ops->kernel[CLEAVE_OP_CONV] = cleave_conv_avx512;
    ops->kernel[CLEAVE_OP_ATTENTION] = cleave_attention_avx512;
    ops->kernel[CLEAVE_OP_LSTM] = cleave_lstm_avx512;
    ops->kernel[CLEAVE_OP_PAIR_SUMS] = cleave_pair_sums_avx512;
    ops->kernel[CLEAVE_OP_RATIO_MASK] = cleave_ratio_mask_avx512;
    ops->kernel[CLEAVE_OP_SOFTMAX] = cleave_softmax_avx512;
    ops->kernel[CLEAVE_OP_NORMALIZE] = cleave_normalize_avx512;
    ops->kernel[CLEAVE_OP_LAYER_NORM] = cleave_layer_norm_avx512;
}

void cleave_ops_overlay(cleave_ops *ops, uint32_t features)
{
    if (!(features & CLEAVE_CPU_AVX2))
        return;
    overlay_avx2(ops);
    if (features & CLEAVE_CPU_AVX512)
        overlay_avx512(ops);
}

int cleave_ops_cpu_round(cleave_ops *ops, uint32_t features, cleave_factors factors)
{
    const uint32_t needed = CLEAVE_CPU_AVX2 | CLEAVE_CPU_AVX512 | CLEAVE_CPU_BF16;

    if (factors == CLEAVE_FACTORS_FP32)
        return 1;
    if (factors != CLEAVE_FACTORS_BF16 || (features & needed) != needed)
        return 0;
    ops->name = "avx512 bf16";
    ops->kernel[CLEAVE_OP_CONV] = cleave_conv_avx512bf16;
    ops->kernel[CLEAVE_OP_ATTENTION] = cleave_attention_avx512bf16;
    return 1;
}
