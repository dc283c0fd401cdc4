/* base.h: what every kernel shares: alignment, restrict, the unit of work. */
#ifndef CLEAVE_KERNELS_BASE_H
#define CLEAVE_KERNELS_BASE_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define CLEAVE_RESTRICT __restrict__
extern "C" {
#else
#define CLEAVE_RESTRICT restrict
#endif

/* Small helpers that kernels of either side call. */
#ifdef __CUDACC__
#define CLEAVE_INLINE static __host__ __device__ inline
#else
#define CLEAVE_INLINE static inline
#endif

/* Tensors, scratch and prepared tables start on this boundary (one cache line, one AVX-512
 * register). */
#define CLEAVE_ALIGN_BYTES 64

/* The share of a step that one call computes.
 *
 * A step of a plan consists of `items` independent pieces (rows, frames, blocks: each op says
 * which). One call computes the items [begin, end). The value of an item must not depend on begin
 * and end: this is what makes the output bit-identical for any number of threads. */
typedef struct cleave_work {
    int64_t begin;        /* first item of this call */
    int64_t end;          /* one past the last item */
    void *scratch;        /* scratch_bytes of the kernel, private to this call, uninitialised */
    const void *prepared; /* what the kernel's prepare() made once; NULL if it has none */
    void *stream;         /* CUDA stream; NULL on the CPU */
} cleave_work;

CLEAVE_INLINE int64_t cleave_i64_min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

CLEAVE_INLINE int64_t cleave_i64_max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Largest extent of a tensor, in floats: sums of several such extents cannot overflow. */
#define CLEAVE_FLOATS_MAX ((int64_t)1 << 48)

/* Whether a b <= CLEAVE_FLOATS_MAX, for a, b >= 0; true also if one of them is 0. */
CLEAVE_INLINE int cleave_product_ok(int64_t a, int64_t b)
{
    return a == 0 || b <= CLEAVE_FLOATS_MAX / a;
}

CLEAVE_INLINE int64_t cleave_div_up(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

/* Position inside a signal of `count` values that stands in for position i where the signal is
 * mirrored with its edge repeated, as often as needed: ... 1 0 | 0 1 2 ... */
CLEAVE_INLINE int64_t cleave_mirror(int64_t i, int64_t count)
{
    const int64_t phase = (i % (2 * count) + 2 * count) % (2 * count);

    return phase < count ? phase : 2 * count - 1 - phase;
}

CLEAVE_INLINE size_t cleave_align_up(size_t bytes)
{
    return (bytes + CLEAVE_ALIGN_BYTES - 1) & ~(size_t)(CLEAVE_ALIGN_BYTES - 1);
}

#ifdef __cplusplus
}
#endif

#endif
