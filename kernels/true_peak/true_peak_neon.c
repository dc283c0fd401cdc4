/* true_peak_neon.c: four frames at once. */
#include "kernels/simd_neon.h"

#include "kernels/true_peak/true_peak_simd.h"

const cleave_kernel cleave_true_peak_neon = {
    .run = run, .prepared_bytes = prepared_bytes, .prepare = prepare};
