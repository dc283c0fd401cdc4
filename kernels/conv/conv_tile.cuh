/* conv_tile.cuh: the kernels: a tile of sums for a block of threads, and the direct form. */
#ifndef CLEAVE_KERNELS_CONV_TILE_CUH
#define CLEAVE_KERNELS_CONV_TILE_CUH

#include "kernels/conv/conv_finish.cuh"
#include "kernels/conv/conv_product.cuh"

/* The taps that meet `in` along one dimension: the first, and in the upper half how many. */
typedef uint32_t conv_span;

/* Of taps that lie at origin, origin + step ..: all of them meet `count` values from 0 on. */
static __device__ conv_span conv_span_of(int64_t origin, int64_t step, int64_t count)
{
    int64_t first = 0, end = 0; /* steps to the value 0 and to one past the last */

    if (step > 0) {
        first = origin < 0 ? (step - 1 - origin) / step : 0;
        end = origin < count ? (count - origin + step - 1) / step : 0;
    } else {
        first = origin >= count ? origin - count + 1 : 0;
        end = origin + 1;
    }
    first = cleave_i64_min(first, 1024);
    end = cleave_i64_min(cleave_i64_max(end, first), 1024);
    return (conv_span)first | (conv_span)(end - first) << 16;
}

static __device__ __forceinline__ bool conv_meets(conv_span span, int32_t tap)
{
    return (uint32_t)tap - (span & 0xFFFF) < span >> 16;
}

/* What a column reads. */
struct conv_origin {
    int64_t offset; /* of tap 0 in a channel */
    conv_span rows, points;
    int32_t rest; /* points from there to the end of a row, up to 4 */
};

static __device__ int64_t conv_step(const cleave_conv_args &a)
{
    return a.transposed ? -1 : a.dilation;
}

static __device__ conv_origin conv_origin_of(const cleave_conv_args &a, const conv_shape &s,
                                             int32_t matrix, int64_t column)
{
    const conv_place p = conv_place_of(a, s, matrix, column);
    int64_t row = p.row * a.stride_rows - a.pad_rows;
    int64_t point = p.place * a.stride_points - a.pad_points;
    conv_origin at;

    if (a.transposed) {
        row = (p.row + a.pad_rows) / a.stride_rows;
        point = p.place;
    }
    at.offset = row * a.in_row_stride + point;
    at.rows = p.exists ? conv_span_of(row, conv_step(a), a.in_rows) : 0;
    at.points = conv_span_of(point, conv_step(a), a.in_points);
    at.rest = (int32_t)cleave_i64_min(a.in_points - point, 4);
    return at;
}

/* From the origin of a column to where it meets a depth. */
static __device__ __forceinline__ int64_t conv_reach(const cleave_conv_args &a, const conv_depth &d)
{
    return d.channel * a.in_channel_stride + (d.row * a.in_row_stride + d.point) * conv_step(a);
}

static __device__ __forceinline__ bool conv_inside(const conv_origin &at, const conv_depth &d)
{
    return conv_meets(at.rows, d.row) && conv_meets(at.points, d.point);
}

/* Starts the copies of a stage's points, [DEPTH][CONV_PITCH]: a warp a depth; a lane every 32nd
 * column, or four neighbours where `wide`. Zeros from `limit` on. */
template <int DEPTH>
static __device__ __forceinline__ void
conv_copy_points(const cleave_conv_args &a, bool wide, const conv_depth *depth, int64_t first,
                 int64_t limit, const conv_origin at[4], float *points)
{
    const int lane = (int)threadIdx.x % CLEAVE_WARP, warp = (int)threadIdx.x / CLEAVE_WARP;

    CLEAVE_UNROLL
    for (int n = 0; n < DEPTH / (CONV_THREADS / CLEAVE_WARP); n++) {
        const int d = warp + n * (CONV_THREADS / CLEAVE_WARP);
        const bool exists = first + d < limit;
        const conv_depth tap = depth[exists ? first + d : 0];
        const float *from = a.in + conv_reach(a, tap);
        float *to = points + d * CONV_PITCH;

        if (wide) {
            const bool inside = exists && conv_inside(at[0], tap);
            cleave_copy_float4(to + 4 * lane, inside ? from + at[0].offset : a.in,
                               inside ? at[0].rest : 0);
            continue;
        }
        CLEAVE_UNROLL
        for (int c = 0; c < 4; c++) {
            const bool inside = exists && conv_inside(at[c], tap);
            cleave_copy_float(to + c * CLEAVE_WARP + lane, inside ? from + at[c].offset : a.in,
                              inside);
        }
    }
}

/* Starts the copies of a stage's weights. */
template <int BYTES>
static __device__ __forceinline__ void conv_copy_weights(const unsigned char *from, float *to)
{
    for (int at = 16 * (int)threadIdx.x; at < BYTES; at += 16 * CONV_THREADS)
        cleave_copy_float4(to + at / 4, (const float *)(const void *)(from + at), 4);
}

template <class Product, int ROWS> struct conv_layout {
    static constexpr int WEIGHTS = ROWS * Product::DEPTH * Product::FORMAT_BYTES; /* bytes */
    static constexpr int STAGE = WEIGHTS / 4 + Product::DEPTH * CONV_PITCH;       /* floats */
    static constexpr int SUMS = ROWS * CONV_PITCH;
    static constexpr int ALL = STAGE * Product::STAGES > SUMS ? STAGE *Product::STAGES : SUMS;
};

/* While a stage is multiplied, the next ones are on their way. */
template <class Product, int ROWS>
static __global__ void CLEAVE_LAUNCH_BOUNDS_OF(CONV_THREADS, Product::BLOCKS)
    conv_tile_kernel(cleave_conv_args a, conv_shape s, const void *prepared, conv_items w)
{
    typedef conv_layout<Product, ROWS> layout;
    CLEAVE_SHARED_DYNAMIC(float, shared);
    const conv_block b = conv_block_of(s, CONV_COLUMNS);
    const conv_table k = conv_table_of(&a, &s, prepared);
    const int64_t depth = conv_depth_of(a, s, b.matrix);
    const int64_t stages = cleave_div_up(depth, Product::DEPTH);
    const unsigned char *weights =
        k.weights + ((size_t)b.matrix * (size_t)s.tiles + (size_t)b.tile) * conv_tile_bytes(&s);
    const int lane = (int)threadIdx.x % CLEAVE_WARP;
    conv_origin at[4];
    Product product;

    CLEAVE_UNROLL
    for (int c = 0; c < 4; c++)
        at[c] =
            conv_origin_of(a, s, b.matrix, b.column + (s.wide ? 4 * lane : lane + c * CLEAVE_WARP));
    product.clear();
    for (int64_t stage = 1 - Product::STAGES; stage < stages; stage++) {
        const int64_t next = stage + Product::STAGES - 1;
        if (stage >= 0) {
            cleave_copy_wait<Product::STAGES - 2>();
            cleave_barrier();
        }
        if (next < stages) {
            float *to = shared + next % Product::STAGES * layout::STAGE;
            conv_copy_weights<layout::WEIGHTS>(weights + next * layout::WEIGHTS, to);
            conv_copy_points<Product::DEPTH>(a, s.wide, k.depth, next * Product::DEPTH, depth, at,
                                             to + layout::WEIGHTS / 4);
        }
        cleave_copy_commit();
        if (stage >= 0) {
            const float *from = shared + stage % Product::STAGES * layout::STAGE;
            product.add(from, from + layout::WEIGHTS / 4);
        }
    }
    cleave_barrier(); /* the sums take the place of the stages */
    product.put(shared);
    cleave_barrier();
    conv_finish(a, s, k, w, b, shared, CONV_PITCH, CONV_COLUMNS);
}

/* ---- few channels ----------------------------------------------------------------------------
 * A thread has all sums of COLUMNS columns, 128 apart, and reads their points itself: there are too
 * few weights or sums to share a tile of points. */
#define CONV_DIRECT_THREADS 128
#define CONV_DIRECT_DEPTH   64 /* of the weights in shared memory at once */

template <int ROWS, int COLUMNS>
static __global__ void CLEAVE_LAUNCH_BOUNDS(CONV_DIRECT_THREADS)
    conv_direct_kernel(cleave_conv_args a, conv_shape s, const void *prepared, conv_items w)
{
    constexpr int width = CONV_DIRECT_THREADS * COLUMNS, chain = 16;
    CLEAVE_SHARED(float, weights, CONV_DIRECT_DEPTH *ROWS);
    CLEAVE_SHARED(float, sums, ROWS *width);
    const conv_block b = conv_block_of(s, width);
    const conv_table k = conv_table_of(&a, &s, prepared);
    const int64_t depth = conv_depth_of(a, s, b.matrix);
    const float *from =
        (const float *)(const void *)(k.weights +
                                      ((size_t)b.matrix * (size_t)s.tiles + (size_t)b.tile) *
                                          conv_tile_bytes(&s));
    conv_origin at[COLUMNS];
    float total[ROWS][COLUMNS] = {}, sum[ROWS][COLUMNS] = {};

    CLEAVE_UNROLL
    for (int c = 0; c < COLUMNS; c++)
        at[c] =
            conv_origin_of(a, s, b.matrix, b.column + (int)threadIdx.x + c * CONV_DIRECT_THREADS);
    for (int64_t d = 0; d < depth; d++) {
        const int row = (int)(d % CONV_DIRECT_DEPTH) * ROWS;
        if (row == 0) {
            const int count = (int)cleave_i64_min(CONV_DIRECT_DEPTH, depth - d) * ROWS;
            cleave_barrier();
            for (int i = (int)threadIdx.x; i < count; i += CONV_DIRECT_THREADS)
                weights[i] = from[d * ROWS + i];
            cleave_barrier();
        }
        const conv_depth tap = k.depth[d];
        const float *in = a.in + conv_reach(a, tap);
        CLEAVE_UNROLL
        for (int c = 0; c < COLUMNS; c++) {
            const float x = conv_inside(at[c], tap) ? in[at[c].offset] : 0.0f;
            CLEAVE_UNROLL
            for (int m = 0; m < ROWS; m++)
                sum[m][c] = cleave_fma(weights[row + m], x, sum[m][c]);
        }
        if (d % chain != chain - 1 && d != depth - 1)
            continue;
        CLEAVE_UNROLL
        for (int i = 0; i < ROWS * COLUMNS; i++) {
            total[i / COLUMNS][i % COLUMNS] += sum[i / COLUMNS][i % COLUMNS];
            sum[i / COLUMNS][i % COLUMNS] = 0;
        }
    }
    CLEAVE_UNROLL
    for (int i = 0; i < ROWS * COLUMNS; i++)
        sums[i / COLUMNS * width + (int)threadIdx.x + i % COLUMNS * CONV_DIRECT_THREADS] =
            total[i / COLUMNS][i % COLUMNS];
    cleave_barrier();
    conv_finish(a, s, k, w, b, sums, width, width);
}

#endif
