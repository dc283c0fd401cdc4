/* mix_simd.h: the body shared by the vector variants; include a simd header first. */
#include "kernels/mix/mix.h"

#define WIDE 4 /* independent sums, enough to hide the latency of the fused multiply-add */

/* A coefficient that is not zero and the input that it scales. */
typedef struct term {
    const float *in;
    float coefficient;
} term;

/* Every sample goes through the same chain of fused steps, whichever loop it falls into. */
static void sum_terms(const term *terms, int count, float *out, int64_t length)
{
    int64_t n = 0;

    for (; n + WIDE * SIMD_LANES <= length; n += WIDE * SIMD_LANES) {
        simd_f32 sum[WIDE] = {simd_zero(), simd_zero(), simd_zero(), simd_zero()};
        for (int t = 0; t < count; t++) {
            const simd_f32 c = simd_set1(terms[t].coefficient);
#pragma GCC unroll 4
            for (int w = 0; w < WIDE; w++)
                sum[w] = simd_fma(c, simd_load(terms[t].in + n + w * SIMD_LANES), sum[w]);
        }
#pragma GCC unroll 4
        for (int w = 0; w < WIDE; w++)
            simd_store(out + n + w * SIMD_LANES, sum[w]);
    }
    for (; n < length; n += SIMD_LANES) {
        const int64_t rest = cleave_i64_min(length - n, SIMD_LANES);
        simd_f32 sum = simd_zero();
        for (int t = 0; t < count; t++)
            sum = simd_fma(simd_set1(terms[t].coefficient), simd_load_first(terms[t].in + n, rest),
                           sum);
        simd_store_first(out + n, sum, rest);
    }
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_mix_args *a = args;
    term terms[CLEAVE_MIX_CHANNELS_MAX];

    for (int64_t item = work->begin; item < work->end; item++) {
        const int64_t o = item % a->outputs;
        const int64_t begin = item / a->outputs * CLEAVE_MIX_BLOCK;
        const int64_t end = cleave_i64_min(begin + CLEAVE_MIX_BLOCK, a->length);
        const float *row = a->matrix + o * a->inputs;
        int count = 0;

        for (int i = 0; i < a->inputs; i++)
            if (row[i] != 0)
                terms[count++] = (term){a->in + i * a->in_stride + begin, row[i]};
        sum_terms(terms, count, a->out + o * a->out_stride + begin, end - begin);
    }
}
