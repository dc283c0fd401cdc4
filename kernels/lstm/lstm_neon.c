/* lstm_neon.c: four lanes. */
#include "kernels/simd_neon.h"

#define TILE_GATES 4

#include "kernels/lstm/lstm_simd.h"

const cleave_kernel cleave_lstm_neon = {
    .run = run,
    .scratch_bytes = scratch_bytes,
    .prepared_bytes = prepared_bytes,
    .prepare = prepare,
};
