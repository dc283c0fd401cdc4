/* dither_simd.h: the body shared by the vector variants. The noise of a grid's 32 frames is made
 * at once, in a loop of integers that the compiler turns into vectors; what is recursive is not. */
#include "kernels/dither/dither_row.h"

#define SPAN CLEAVE_GRID_FRAMES

/* Of the frames from `position`, a multiple of SPAN, on. */
static void noise_of_span(uint32_t key, uint32_t position, float noise[SPAN])
{
    for (uint32_t i = 0; i < SPAN; i++)
        noise[i] = dither_noise(key, position + i);
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_dither_args *a = args;
    float noise[SPAN];

    for (int64_t row = work->begin; row < work->end; row++)
        for (int64_t i = 0, count; i < a->block->frames; i += count) {
            const int64_t position = a->block->position + i, at = position % SPAN;
            count = cleave_block_span(position, a->block->frames - i);
            noise_of_span(dither_key(a, row, position), (uint32_t)(position - at), noise);
            dither_frames(a, a->state + row * CLEAVE_DITHER_STATE_FLOATS, noise + at,
                          a->in + row * a->in_stride + i, a->out + row * a->out_stride + i, count);
        }
}
