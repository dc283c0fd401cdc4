/* elementwise_simd.h: the body shared by the vector variants; include a simd header first. */
#include "kernels/elementwise/elementwise.h"
#include "kernels/simd_math.h"

/* Constants of a call, one a register. */
typedef struct constants {
    simd_f32 x, y;
    simd_f32 mean, deviation; /* of (DE)NORMALISE; deviation has x added */
} constants;

/* `kind` is a constant wherever this is inlined. */
SIMD_INLINE simd_f32 value_of(cleave_elementwise_kind kind, simd_f32 a, simd_f32 b, constants c)
{
    switch (kind) {
    case CLEAVE_ELEMENTWISE_AFFINE:
        return simd_fma(c.x, a, c.y);
    case CLEAVE_ELEMENTWISE_CLAMP:
        return simd_min(simd_max(a, c.x), c.y);
    case CLEAVE_ELEMENTWISE_SQRT:
        return simd_sqrt(a);
    case CLEAVE_ELEMENTWISE_ADD:
        return simd_fma(c.x, a, simd_mul(c.y, b));
    case CLEAVE_ELEMENTWISE_MULTIPLY:
        return simd_mul(simd_mul(c.x, a), b);
    case CLEAVE_ELEMENTWISE_MIN:
        return simd_min(a, b);
    case CLEAVE_ELEMENTWISE_MAX:
        return simd_max(a, b);
    case CLEAVE_ELEMENTWISE_RATIO:
        return simd_div(a, simd_add(b, c.x));
    case CLEAVE_ELEMENTWISE_MAGNITUDE:
        return simd_sqrt(simd_fma(a, a, simd_mul(b, b)));
    case CLEAVE_ELEMENTWISE_POWER:
        return simd_fma(a, a, simd_mul(b, b));
    case CLEAVE_ELEMENTWISE_LEVEL:
        return simd_mul(
            c.x, simd_log(simd_max(simd_mul(c.y, simd_fma(a, a, simd_mul(b, b))), simd_set1(1))));
    case CLEAVE_ELEMENTWISE_NORMALISE:
        return simd_div(simd_sub(a, c.mean), c.deviation);
    case CLEAVE_ELEMENTWISE_DENORMALISE:
        return simd_fma(a, c.deviation, c.mean);
    case CLEAVE_ELEMENTWISE_KINDS:
        break;
    }
    assert(!"kind is out of range");
    return a;
}

/* The points [begin, end); out may be a or b, so a vector is read before it is written. */
SIMD_INLINE void points_of(const cleave_elementwise_args *args, cleave_elementwise_kind kind,
                           constants c, int64_t begin, int64_t end)
{
    const int two = cleave_elementwise_b_is_array(kind);
    const float *a = args->a, *b = args->b;
    float *out = args->out;
    int64_t i = begin;

    for (; i + SIMD_LANES <= end; i += SIMD_LANES) {
        const simd_f32 second = two ? simd_load(b + i) : simd_zero();
        simd_store(out + i, value_of(kind, simd_load(a + i), second, c));
    }
    if (i < end) {
        const simd_f32 second = two ? simd_load_first(b + i, end - i) : simd_zero();
        const simd_f32 first = simd_load_first(a + i, end - i);
        simd_store_first(out + i, value_of(kind, first, second, c), end - i);
    }
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_elementwise_args *a = args;
    const int64_t begin = work->begin * CLEAVE_ELEMENTWISE_BLOCK;
    const int64_t end = cleave_i64_min(work->end * CLEAVE_ELEMENTWISE_BLOCK, a->points);
    const int pair = cleave_elementwise_b_is_pair(a->kind);
    const constants c = {
        .x = simd_set1(a->x),
        .y = simd_set1(a->y),
        .mean = simd_set1(pair ? a->b[0] : 0),
        .deviation = simd_set1(pair ? a->b[1] + a->x : 1),
    };

    switch (a->kind) {
    case CLEAVE_ELEMENTWISE_AFFINE:
        points_of(a, CLEAVE_ELEMENTWISE_AFFINE, c, begin, end);
        break;
    case CLEAVE_ELEMENTWISE_CLAMP:
        points_of(a, CLEAVE_ELEMENTWISE_CLAMP, c, begin, end);
        break;
    case CLEAVE_ELEMENTWISE_SQRT:
        points_of(a, CLEAVE_ELEMENTWISE_SQRT, c, begin, end);
        break;
    case CLEAVE_ELEMENTWISE_ADD:
        points_of(a, CLEAVE_ELEMENTWISE_ADD, c, begin, end);
        break;
    case CLEAVE_ELEMENTWISE_MULTIPLY:
        points_of(a, CLEAVE_ELEMENTWISE_MULTIPLY, c, begin, end);
        break;
    case CLEAVE_ELEMENTWISE_MIN:
        points_of(a, CLEAVE_ELEMENTWISE_MIN, c, begin, end);
        break;
    case CLEAVE_ELEMENTWISE_MAX:
        points_of(a, CLEAVE_ELEMENTWISE_MAX, c, begin, end);
        break;
    case CLEAVE_ELEMENTWISE_RATIO:
        points_of(a, CLEAVE_ELEMENTWISE_RATIO, c, begin, end);
        break;
    case CLEAVE_ELEMENTWISE_MAGNITUDE:
        points_of(a, CLEAVE_ELEMENTWISE_MAGNITUDE, c, begin, end);
        break;
    case CLEAVE_ELEMENTWISE_POWER:
        points_of(a, CLEAVE_ELEMENTWISE_POWER, c, begin, end);
        break;
    case CLEAVE_ELEMENTWISE_LEVEL:
        points_of(a, CLEAVE_ELEMENTWISE_LEVEL, c, begin, end);
        break;
    case CLEAVE_ELEMENTWISE_NORMALISE:
        points_of(a, CLEAVE_ELEMENTWISE_NORMALISE, c, begin, end);
        break;
    case CLEAVE_ELEMENTWISE_DENORMALISE:
        points_of(a, CLEAVE_ELEMENTWISE_DENORMALISE, c, begin, end);
        break;
    case CLEAVE_ELEMENTWISE_KINDS:
        assert(!"kind is out of range");
    }
}
