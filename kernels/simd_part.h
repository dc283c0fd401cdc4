/* simd_part.h: vectors at the end of a row, which may have fewer points than lanes; include a simd
 * header first. */
#ifndef CLEAVE_KERNELS_SIMD_PART_H
#define CLEAVE_KERNELS_SIMD_PART_H

/* The first `count` points at p, 1..SIMD_LANES, and zeros; where all are there, it is a plain load.
 */
SIMD_INLINE simd_f32 simd_load_part(const float *p, int64_t count)
{
    return count == SIMD_LANES ? simd_load(p) : simd_load_first(p, count);
}

SIMD_INLINE void simd_store_part(float *p, simd_f32 v, int64_t count)
{
    if (count == SIMD_LANES)
        simd_store(p, v);
    else
        simd_store_first(p, v, count);
}

#endif
