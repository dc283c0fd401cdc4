/* lstm_avx2.c: eight lanes. */
#include "kernels/simd_avx2.h"

#define TILE_GATES 2

#include "kernels/lstm/lstm_simd.h"

const cleave_kernel cleave_lstm_avx2 = {
    .run = run,
    .scratch_bytes = scratch_bytes,
    .prepared_bytes = prepared_bytes,
    .prepare = prepare,
};
