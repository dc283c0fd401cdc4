/* dither_ref.c: contract and reference. */
#include "kernels/dither/dither_row.h"

static const char *check(const void *args)
{
    const cleave_dither_args *a = args;

    if (a->rows < 1)
        return "dither: rows must be at least 1";
    if (a->frames_max < 1 || a->frames_max > CLEAVE_BLOCK_FRAMES_MAX)
        return "dither: frames_max must be 1 to 65536";
    if (a->in_stride < a->frames_max || a->out_stride < a->frames_max)
        return "dither: strides must be at least frames_max";
    if (a->bits < 2 || a->bits > 24)
        return "dither: bits must be 2 to 24";
    if (a->shaped != 0 && a->shaped != 1)
        return "dither: shaped must be 0 or 1";
    if (!cleave_product_ok(a->rows, cleave_i64_max(a->in_stride, CLEAVE_DITHER_STATE_FLOATS)) ||
        !cleave_product_ok(a->rows, a->out_stride))
        return "dither: rows times strides must be at most 2^48";
    return NULL;
}

static int64_t items(const void *args)
{
    return ((const cleave_dither_args *)args)->rows;
}

/* From the first row to the end of the last. */
static size_t extent(const cleave_dither_args *a, int64_t stride)
{
    return (size_t)((a->rows - 1) * stride + a->frames_max) * sizeof(float);
}

static int operands(const void *args, cleave_operand out[CLEAVE_OPERANDS_MAX])
{
    const cleave_dither_args *a = args;
    const size_t state = (size_t)a->rows * CLEAVE_DITHER_STATE_FLOATS * sizeof(float);
    int n = 0;

    out[n++] =
        (cleave_operand){offsetof(cleave_dither_args, in), extent(a, a->in_stride), CLEAVE_READ};
    out[n++] =
        (cleave_operand){offsetof(cleave_dither_args, block), sizeof(cleave_block), CLEAVE_READ};
    out[n++] =
        (cleave_operand){offsetof(cleave_dither_args, state), state, CLEAVE_READ | CLEAVE_WRITE};
    out[n++] =
        (cleave_operand){offsetof(cleave_dither_args, out), extent(a, a->out_stride), CLEAVE_WRITE};
    return n;
}

/* The noise counts as one operation. */
static cleave_cost cost(const void *args)
{
    const cleave_dither_args *a = args;
    const double frames = (double)a->rows * (double)a->frames_max;

    return (cleave_cost){.flops = frames * (a->shaped ? 19 : 8),
                         .bytes =
                             4 * (2 * frames + 2 * (double)a->rows * CLEAVE_DITHER_STATE_FLOATS) +
                             sizeof(cleave_block)};
}

const cleave_op cleave_dither_op = {
    .name = "dither",
    .args_bytes = sizeof(cleave_dither_args),
    .check = check,
    .items = items,
    .operands = operands,
    .cost = cost,
    .in_place = 1,
};

static void run(const void *args, const cleave_work *work)
{
    const cleave_dither_args *a = args;

    for (int64_t row = work->begin; row < work->end; row++)
        for (int64_t i = 0; i < a->block->frames; i++) {
            const int64_t position = a->block->position + i;
            const float noise = dither_noise(dither_key(a, row, position), (uint32_t)position);
            dither_frames(a, a->state + row * CLEAVE_DITHER_STATE_FLOATS, &noise,
                          a->in + row * a->in_stride + i, a->out + row * a->out_stride + i, 1);
        }
}

const cleave_kernel cleave_dither_ref = {.run = run};
