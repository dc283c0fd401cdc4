/* lstm_avx512.c: sixteen lanes. */
#include "kernels/simd_avx512.h"

#define TILE_GATES 4

#include "kernels/lstm/lstm_simd.h"

const cleave_kernel cleave_lstm_avx512 = {
    .run = run,
    .scratch_bytes = scratch_bytes,
    .prepared_bytes = prepared_bytes,
    .prepare = prepare,
};
