/* rearrange_simd.h: the body shared by the vector variants; include a simd header first. */
#include "kernels/rearrange/rearrange.h"

#include <string.h>

/* The last two axes of one item; `rows` is the axis whose index moves slower in the input. */
typedef struct plane {
    int64_t rows, columns;
    int64_t in_row, in_column;
    int64_t out_row, out_column;
} plane;

static void copy_rows(const plane *p, const float *in, float *out)
{
    if (p->in_row == p->columns && p->out_row == p->columns) {
        memcpy(out, in, (size_t)(p->rows * p->columns) * sizeof(float));
        return;
    }
    for (int64_t r = 0; r < p->rows; r++)
        memcpy(out + r * p->out_row, in + r * p->in_row, (size_t)p->columns * sizeof(float));
}

/* Two rows to pairs. */
static void interleave(const plane *p, const float *in, float *out)
{
    int64_t c = 0;

    for (; c + SIMD_LANES <= p->columns; c += SIMD_LANES) {
        simd_f32 low, high;
        simd_interleave(simd_load(in + c), simd_load(in + p->in_row + c), &low, &high);
        simd_store(out + 2 * c, low);
        simd_store(out + 2 * c + SIMD_LANES, high);
    }
    for (; c < p->columns; c++) {
        out[2 * c] = in[c];
        out[2 * c + 1] = in[p->in_row + c];
    }
}

/* Pairs to two rows. */
static void deinterleave(const plane *p, const float *in, float *out)
{
    int64_t r = 0;

    for (; r + SIMD_LANES <= p->rows; r += SIMD_LANES) {
        simd_f32 even, odd;
        simd_deinterleave(simd_load(in + 2 * r), simd_load(in + 2 * r + SIMD_LANES), &even, &odd);
        simd_store(out + r, even);
        simd_store(out + p->out_column + r, odd);
    }
    for (; r < p->rows; r++) {
        out[r] = in[2 * r];
        out[p->out_column + r] = in[2 * r + 1];
    }
}

/* A tile at the edge: what lies outside is neither read nor written. */
static void transpose_edge(const plane *p, const float *in, float *out, int64_t rows,
                           int64_t columns)
{
    float tile[SIMD_LANES * SIMD_LANES];
    simd_f32 lanes[SIMD_LANES];

    for (int64_t r = 0; r < SIMD_LANES; r++)
        simd_store(tile + r * SIMD_LANES,
                   r < rows ? simd_load_first(in + r * p->in_row, columns) : simd_zero());
    simd_load_transposed(tile, SIMD_LANES, lanes);
    for (int64_t c = 0; c < columns; c++)
        simd_store_first(out + c * p->out_column, lanes[c], rows);
}

/* One tile of at most SIMD_LANES rows and columns. */
static void transpose_tile(const plane *p, const float *in, float *out, int64_t r, int64_t c)
{
    const int64_t rows = cleave_i64_min(SIMD_LANES, p->rows - r);
    const int64_t columns = cleave_i64_min(SIMD_LANES, p->columns - c);
    const float *from = in + r * p->in_row + c;
    float *to = out + c * p->out_column + r;
    simd_f32 lanes[SIMD_LANES];

    if (rows < SIMD_LANES || columns < SIMD_LANES) {
        transpose_edge(p, from, to, rows, columns);
        return;
    }
    simd_load_transposed(from, p->in_row, lanes);
    for (int k = 0; k < SIMD_LANES; k++)
        simd_store(to + k * p->out_column, lanes[k]);
}

/* Columns that follow each other in the input go to rows that follow each other in the output, by
 * square tiles. Tiles run down the rows, so that the output is written from line to line. */
static void transpose(const plane *p, const float *in, float *out)
{
    for (int64_t c = 0; c < p->columns; c += SIMD_LANES)
        for (int64_t r = 0; r < p->rows; r += SIMD_LANES)
            transpose_tile(p, in, out, r, c);
}

static void copy_strided(const plane *p, const float *in, float *out)
{
    for (int64_t r = 0; r < p->rows; r++)
        for (int64_t c = 0; c < p->columns; c++)
            out[r * p->out_row + c * p->out_column] = in[r * p->in_row + c * p->in_column];
}

/* Axis 3 as columns, unless axis 2 is the one that follows itself in the input. */
static plane plane_of(const cleave_rearrange_args *a)
{
    const int swap = a->size[3] == 1 || (a->in_stride[3] != 1 && a->in_stride[2] == 1);
    const int row = swap ? 3 : 2, column = swap ? 2 : 3;

    return (plane){
        .rows = a->size[row],
        .columns = a->size[column],
        .in_row = a->in_stride[row],
        .in_column = a->in_stride[column],
        .out_row = a->out_stride[row],
        .out_column = a->out_stride[column],
    };
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_rearrange_args *a = args;
    const plane p = plane_of(a);

    for (int64_t item = work->begin; item < work->end; item++) {
        const int64_t i0 = item / a->size[1], i1 = item % a->size[1];
        const float *in = a->in + i0 * a->in_stride[0] + i1 * a->in_stride[1];
        float *out = a->out + i0 * a->out_stride[0] + i1 * a->out_stride[1];

        if (p.in_column == 1 && p.out_column == 1)
            copy_rows(&p, in, out);
        else if (p.in_column == 1 && p.out_row == 1 && p.rows == 2 && p.out_column == 2)
            interleave(&p, in, out);
        else if (p.in_column == 1 && p.out_row == 1 && p.columns == 2 && p.in_row == 2)
            deinterleave(&p, in, out);
        else if (p.in_column == 1 && p.out_row == 1 && p.rows > 1)
            transpose(&p, in, out);
        else
            copy_strided(&p, in, out);
    }
}
