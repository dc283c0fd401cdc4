/* conv_tile.cuh: the kernels: a tile of sums for a block of threads, and the direct form. */
#ifndef CLEAVE_KERNELS_CONV_TILE_CUH
#define CLEAVE_KERNELS_CONV_TILE_CUH

#include "kernels/conv/conv_finish.cuh"
#include "kernels/conv/conv_product.cuh"

/* What a column reads at the tap 0 of everything. */
struct conv_origin {
    int64_t row, point; /* of in; rows far outside for a column that does not exist */
    int64_t offset;     /* of both in a channel */
};

static __device__ conv_origin conv_origin_of(const cleave_conv_args &a, const conv_shape &s,
                                             int32_t matrix, int64_t column)
{
    const conv_place p = conv_place_of(a, s, matrix, column);
    conv_origin at;

    if (a.transposed) {
        at.row = (p.row + a.pad_rows) / a.stride_rows;
        at.point = p.place;
    } else {
        at.row = p.row * a.stride_rows - a.pad_rows;
        at.point = p.place * a.stride_points - a.pad_points;
    }
    if (!p.exists)
        at.row = -((int64_t)1 << 40);
    at.offset = at.row * a.in_row_stride + at.point;
    return at;
}

/* From the origin of a column to where it meets a depth. */
struct conv_reach {
    int64_t row, point, offset;
};

static __device__ __forceinline__ conv_reach conv_reach_of(const cleave_conv_args &a,
                                                           const conv_depth &d)
{
    const int64_t step = a.transposed ? -1 : a.dilation;
    conv_reach r;

    r.row = d.row * step;
    r.point = d.point * step;
    r.offset = d.channel * a.in_channel_stride + r.row * a.in_row_stride + r.point;
    return r;
}

static __device__ __forceinline__ bool conv_inside(const cleave_conv_args &a, const conv_origin &at,
                                                   const conv_reach &r)
{
    return (uint64_t)(at.row + r.row) < (uint64_t)a.in_rows &&
           (uint64_t)(at.point + r.point) < (uint64_t)a.in_points;
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
        const conv_reach r = conv_reach_of(a, depth[exists ? first + d : 0]);
        float *to = points + d * CONV_PITCH;

        if (wide) {
            const bool inside = exists && conv_inside(a, at[0], r);
            const int64_t rest = a.in_points - at[0].point;
            const int valid = !inside ? 0 : rest < 4 ? (int)rest : 4;
            cleave_copy_float4(to + 4 * lane, inside ? a.in + at[0].offset + r.offset : a.in,
                               valid);
            continue;
        }
        CLEAVE_UNROLL
        for (int c = 0; c < 4; c++) {
            const bool inside = exists && conv_inside(a, at[c], r);
            cleave_copy_float(to + c * CLEAVE_WARP + lane,
                              inside ? a.in + at[c].offset + r.offset : a.in, inside);
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
static __global__ void CLEAVE_LAUNCH_BOUNDS(CONV_THREADS)
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
        const conv_reach r = conv_reach_of(a, k.depth[d]);
        CLEAVE_UNROLL
        for (int c = 0; c < COLUMNS; c++) {
            const float x = conv_inside(a, at[c], r) ? a.in[at[c].offset + r.offset] : 0.0f;
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
