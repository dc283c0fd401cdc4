/* elementwise_cuda.cu: a block of threads an item, that is 4096 points; one instance of the kernel
 * a kind. */
#include "kernels/cuda_common.cuh"
#include "kernels/elementwise/elementwise.h"

/* b is the second operand at this point; (DE)NORMALISE find mean and deviation at pair[0], pair[1].
 */
template <int kind>
static __device__ float apply(float a, float b, const float *pair, float x, float y)
{
    switch (kind) {
    case CLEAVE_ELEMENTWISE_AFFINE:
        return cleave_fma(x, a, y);
    case CLEAVE_ELEMENTWISE_CLAMP:
        return fminf(fmaxf(a, x), y);
    case CLEAVE_ELEMENTWISE_SQRT:
        return sqrtf(a);
    case CLEAVE_ELEMENTWISE_ADD:
        return cleave_fma(x, a, y * b);
    case CLEAVE_ELEMENTWISE_MULTIPLY:
        return x * a * b;
    case CLEAVE_ELEMENTWISE_MIN:
        return fminf(a, b);
    case CLEAVE_ELEMENTWISE_MAX:
        return fmaxf(a, b);
    case CLEAVE_ELEMENTWISE_RATIO:
        return a / (b + x);
    case CLEAVE_ELEMENTWISE_MAGNITUDE:
        return sqrtf(cleave_fma(a, a, b * b));
    case CLEAVE_ELEMENTWISE_POWER:
        return cleave_fma(a, a, b * b);
    case CLEAVE_ELEMENTWISE_LEVEL:
        return x * logf(fmaxf(y * cleave_fma(a, a, b * b), 1.0f));
    case CLEAVE_ELEMENTWISE_NORMALISE:
        return (a - pair[0]) / (pair[1] + x);
    default:
        return cleave_fma(a, pair[1] + x, pair[0]);
    }
}

/* Whether a kind has a second operand with a value for every point. */
static __host__ __device__ constexpr bool binary(int kind)
{
    return kind >= CLEAVE_ELEMENTWISE_ADD && kind <= CLEAVE_ELEMENTWISE_LEVEL;
}

template <int kind>
static __global__ void elementwise_kernel(cleave_elementwise_args e, int64_t begin)
{
    const int64_t first = (begin + (int64_t)blockIdx.x) * CLEAVE_ELEMENTWISE_BLOCK;
    const int64_t last = cleave_i64_min(first + CLEAVE_ELEMENTWISE_BLOCK, e.points);

    for (int64_t i = first + threadIdx.x; i < last; i += blockDim.x)
        e.out[i] = apply<kind>(e.a[i], binary(kind) ? e.b[i] : 0.0f, e.b, e.x, e.y);
}

template <int kind> static void launch(const cleave_elementwise_args *e, const cleave_work *work)
{
    if (e->kind != kind) {
        if constexpr (kind + 1 < CLEAVE_ELEMENTWISE_KINDS)
            launch<kind + 1>(e, work);
        return;
    }
    CLEAVE_LAUNCH(elementwise_kernel<kind>, work->end - work->begin, CLEAVE_CUDA_THREADS, 0,
                  work->stream, *e, work->begin);
}

static void run(const void *args, const cleave_work *work)
{
    if (work->end > work->begin)
        launch<0>((const cleave_elementwise_args *)args, work);
}

const cleave_kernel cleave_elementwise_cuda = {run, NULL, NULL, NULL};
