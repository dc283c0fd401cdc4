/* true_peak_avx2.c: eight frames at once. */
#include "kernels/simd_avx2.h"

#include "kernels/true_peak/true_peak_simd.h"

const cleave_kernel cleave_true_peak_avx2 = {
    .run = run, .prepared_bytes = prepared_bytes, .prepare = prepare};
