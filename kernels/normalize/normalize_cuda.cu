/* normalize_cuda.cu: first the mean and spread of every set, then a block of threads an item. */
#include "kernels/cuda_common.cuh"
#include "kernels/normalize/normalize.h"

struct normalize_set {
    double mean, spread; /* factor of GROUP and STANDARD, deviation of RESTORE */
};

CLEAVE_INLINE int64_t rows_of(const cleave_normalize_args &a)
{
    return a.per_row ? a.rows : 1;
}

/* Rows that a block combines at once: neighbours in memory; the channels are shared by the others
 * of its threads. */
CLEAVE_INLINE int32_t lanes_of(const cleave_normalize_args &a)
{
    int32_t lanes = 1;

    while (lanes < CLEAVE_WARP && lanes < rows_of(a))
        lanes *= 2;
    return lanes;
}

/* Adds up the threads that differ from this one by a multiple of `lanes`, in a tree. */
static __device__ double add_across(double *sums, double value, int32_t lanes)
{
    cleave_barrier();
    sums[threadIdx.x] = value;
    for (int32_t half = CLEAVE_CUDA_THREADS / 2; half >= lanes; half /= 2) {
        cleave_barrier();
        if ((int32_t)threadIdx.x < half)
            sums[threadIdx.x] += sums[threadIdx.x + half];
    }
    cleave_barrier();
    return sums[threadIdx.x % lanes];
}

static __device__ double spread_of(const cleave_normalize_args &a, double squares, double n)
{
    if (a.kind == CLEAVE_NORMALIZE_GROUP)
        return 1 / sqrt(squares / n + (double)a.epsilon);
    const double deviation = n > 1 ? sqrt(squares / (n - 1)) : 0;
    return a.kind == CLEAVE_NORMALIZE_STANDARD ? 1 / (deviation + (double)a.epsilon) : deviation;
}

/* sets[group][row]. The moments of a set are equally many, so that their means are added up as they
 * are, as distances from the first. */
static __global__ void sets_kernel(cleave_normalize_args a, normalize_set *sets)
{
    CLEAVE_SHARED(double, sums, CLEAVE_CUDA_THREADS);
    const int64_t R = rows_of(a), size = a.moment_channels / a.groups;
    const int32_t lanes = lanes_of(a);
    const int64_t across = cleave_div_up(R, lanes), group = (int64_t)blockIdx.x / across;
    const int64_t row = (int64_t)blockIdx.x % across * lanes + threadIdx.x % lanes;
    const float *pairs = a.moments + 2 * (group * size * R + cleave_i64_min(row, R - 1));
    const double origin = pairs[0], points = (double)a.moment_points;
    double sum = 0, between = 0, within = 0;

    for (int64_t c = threadIdx.x / lanes; c < size; c += CLEAVE_CUDA_THREADS / lanes) {
        const double d = (double)pairs[2 * c * R] - origin;
        sum += d;
        between += d * d;
        within += pairs[2 * c * R + 1];
    }
    sum = add_across(sums, sum, lanes);
    between = add_across(sums, between, lanes);
    within = add_across(sums, within, lanes);
    if ((int32_t)threadIdx.x < lanes && row < R) {
        const double shift = sum / (double)size;
        const double squares = within + points * (between - sum * shift);
        sets[group * R + row] = {origin + shift, spread_of(a, squares, points * (double)size)};
    }
}

/* n = (x - centre) factor + bias. */
struct normalize_line {
    float centre, factor, bias;
};

static __device__ normalize_line line_of(const cleave_normalize_args &a, const normalize_set *sets,
                                         int64_t channel, int64_t row)
{
    const int64_t size = a.moment_channels / a.groups;

    if (a.kind == CLEAVE_NORMALIZE_RESTORE) {
        const normalize_set s = sets[row];
        return {0, (float)s.spread, (float)s.mean};
    }
    const int64_t group = a.kind == CLEAVE_NORMALIZE_GROUP ? channel / size : 0;
    const normalize_set s = sets[group * rows_of(a) + row];
    const float centre = (float)s.mean;
    const bool affine = a.kind == CLEAVE_NORMALIZE_GROUP;
    const double factor = affine ? (double)a.weight[channel] * s.spread : s.spread;
    const double bias = affine ? (double)a.bias[channel] : 0;
    return {centre, (float)factor, (float)(bias + ((double)centre - s.mean) * factor)};
}

static __device__ float normalized(const normalize_line &line, float x)
{
    return cleave_fma(x - line.centre, line.factor, line.bias);
}

/* The points first, first + step .. below `count` of a line that begins at `at` in its plane. */
static __device__ void run_line(const cleave_normalize_args &a, const normalize_set *sets,
                                int64_t o, int64_t row, int64_t at, int32_t count, int32_t first,
                                int32_t step)
{
    const int64_t plane = a.rows * a.points, O = cleave_normalize_out_channels(&a);
    const bool glu = a.act == CLEAVE_NORMALIZE_GLU;
    const normalize_line value = line_of(a, sets, o, row);
    const normalize_line gate = glu ? line_of(a, sets, O + o, row) : value;
    const float *in = a.in + o * plane + at, *gates = in + O * plane;
    const int64_t to = o * a.out_channel_stride + at;
    const float scale = a.uses & CLEAVE_NORMALIZE_SCALE ? a.scale[o] : 1.0f;

    for (int32_t i = first; i < count; i += step) {
        float v = normalized(value, in[i]);
        if (a.act == CLEAVE_NORMALIZE_GELU)
            v = cleave_gelu(v);
        else if (glu)
            v *= cleave_sigmoid(normalized(gate, gates[i]));
        v *= scale;
        a.out[to + i] = a.uses & CLEAVE_NORMALIZE_RESIDUAL ? v + a.residual[to + i] : v;
    }
}

/* A box of one line, or of several, which the warps take one after the other. */
static __global__ void normalize_kernel(cleave_normalize_args a, const normalize_set *sets,
                                        int64_t begin)
{
    const cleave_normalize_box b = cleave_normalize_box_of(&a, begin + (int64_t)blockIdx.x);
    const int32_t points = (int32_t)b.points, lines = (int32_t)(b.channels * b.rows);
    const int32_t lane = (int32_t)threadIdx.x % CLEAVE_WARP;

    if (lines == 1) {
        run_line(a, sets, b.channel, b.row, b.row * b.row_points + b.point, points,
                 (int32_t)threadIdx.x, CLEAVE_CUDA_THREADS);
        return;
    }
    for (int32_t n = (int32_t)threadIdx.x / CLEAVE_WARP; n < lines;
         n += CLEAVE_CUDA_THREADS / CLEAVE_WARP) {
        const int64_t o = b.channel + n / (int32_t)b.rows, row = b.row + n % (int32_t)b.rows;
        run_line(a, sets, o, row, row * b.row_points + b.point, points, lane, CLEAVE_WARP);
    }
}

static size_t scratch_bytes(const void *args)
{
    const cleave_normalize_args *a = (const cleave_normalize_args *)args;

    return (size_t)(a->groups * rows_of(*a)) * sizeof(normalize_set);
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_normalize_args *a = (const cleave_normalize_args *)args;
    normalize_set *const sets = (normalize_set *)work->scratch;

    if (work->end <= work->begin)
        return;
    CLEAVE_LAUNCH(sets_kernel, a->groups * cleave_div_up(rows_of(*a), lanes_of(*a)),
                  CLEAVE_CUDA_THREADS, 0, work->stream, *a, sets);
    CLEAVE_LAUNCH(normalize_kernel, work->end - work->begin, CLEAVE_CUDA_THREADS, 0, work->stream,
                  *a, sets, work->begin);
}

const cleave_kernel cleave_normalize_cuda = {run, scratch_bytes, NULL, NULL};
