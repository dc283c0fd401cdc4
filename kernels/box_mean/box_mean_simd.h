/* box_mean_simd.h: the body shared by the vector variants; include a simd header first.
 *
 * Separable: the rows of the box are added up into a line of scratch, the line is mirrored at its
 * ends, and shifted copies of it are added up. The rows come from the second-level cache, where
 * the next item finds all but one of them again. */
#include "kernels/box_mean/box_mean.h"

#define WIDE 4 /* vectors in flight */
#define MARGIN                                                                                     \
    48 /* floats on both sides of the line: half a box, then what the last vector reads */

_Static_assert(MARGIN >= CLEAVE_BOX_MEAN_MAX / 2 + SIMD_LANES, "the last vector stays inside");

static size_t scratch_bytes(const void *args)
{
    const cleave_box_mean_args *a = args;

    return (size_t)(a->points + 2 * MARGIN) * sizeof(float);
}

/* line[p] = scale * sum of row[k][p]. */
static void add_rows(const float *const *row, int rows, float scale, float *line, int64_t points)
{
    const simd_f32 s = simd_set1(scale);
    int64_t p = 0;

    for (; p + WIDE * SIMD_LANES <= points; p += WIDE * SIMD_LANES) {
        simd_f32 sum[WIDE];
#pragma GCC unroll 4
        for (int w = 0; w < WIDE; w++)
            sum[w] = simd_load(row[0] + p + w * SIMD_LANES);
        for (int k = 1; k < rows; k++)
#pragma GCC unroll 4
            for (int w = 0; w < WIDE; w++)
                sum[w] = simd_add(sum[w], simd_load(row[k] + p + w * SIMD_LANES));
#pragma GCC unroll 4
        for (int w = 0; w < WIDE; w++)
            simd_store(line + p + w * SIMD_LANES, simd_mul(sum[w], s));
    }
    for (; p < points; p += SIMD_LANES) {
        const int64_t rest = cleave_i64_min(points - p, SIMD_LANES);
        simd_f32 sum = simd_load_first(row[0] + p, rest);
        for (int k = 1; k < rows; k++)
            sum = simd_add(sum, simd_load_first(row[k] + p, rest));
        simd_store_first(line + p, simd_mul(sum, s), rest);
    }
}

/* out[p] = sum of line[p - width .. p + width]. */
static void add_shifts(const float *line, int width, float *out, int64_t points)
{
    for (int64_t p = 0; p < points; p += SIMD_LANES) {
        const int64_t rest = cleave_i64_min(points - p, SIMD_LANES);
        simd_f32 sum = simd_load(line + p - width);
        for (int k = 1 - width; k <= width; k++)
            sum = simd_add(sum, simd_load(line + p + k));
        if (rest == SIMD_LANES)
            simd_store(out + p, sum);
        else
            simd_store_first(out + p, sum, rest);
    }
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_box_mean_args *a = args;
    const int h = a->box_rows / 2, w = a->box_points / 2;
    const float scale = (float)(1.0 / ((double)a->box_rows * a->box_points));
    float *line = (float *)work->scratch + MARGIN;
    const float *row[CLEAVE_BOX_MEAN_MAX];

    for (int64_t item = work->begin; item < work->end; item++) {
        const int64_t r = item % a->rows;
        const float *image = a->in + (item - r) * a->points;

        for (int k = 0; k < a->box_rows; k++)
            row[k] = image + cleave_mirror(r - h + k, a->rows) * a->points;
        add_rows(row, a->box_rows, scale, line, a->points);
        for (int k = 1; k <= w; k++) {
            line[-k] = line[cleave_mirror(-k, a->points)];
            line[a->points - 1 + k] = line[cleave_mirror(a->points - 1 + k, a->points)];
        }
        add_shifts(line, w, a->out + item * a->points, a->points);
    }
}
