/* dither_cuda.cu: a warp a row. It makes the noise of up to 32 frames at once; one thread does the
 * rest. */
#include "kernels/cuda_common.cuh"
#include "kernels/dither/dither_row.h"

#define SPAN CLEAVE_GRID_FRAMES

        static __global__ void dither_kernel(cleave_dither_args a, int64_t begin)
    {
        CLEAVE_SHARED(float, noise, SPAN);
        const int64_t row = begin + (int64_t)blockIdx.x, thread = (int64_t)threadIdx.x;
        float *state = a.state + row * CLEAVE_DITHER_STATE_FLOATS;

        for (int64_t i = 0, count; i < a.block->frames; i += count) {
            const int64_t position = a.block->position + i;
            count = cleave_block_span(position, a.block->frames - i);
            noise[thread] =
                dither_noise(dither_key(&a, row, position + thread), (uint32_t)(position + thread));
            cleave_barrier();
            if (thread == 0)
                dither_frames(&a, state, noise, a.in + row * a.in_stride + i,
                              a.out + row * a.out_stride + i, count);
            cleave_barrier();
        }
    }

static void run(const void *args, const cleave_work *work)
{
    const cleave_dither_args *a = (const cleave_dither_args *)args;

    if (work->end > work->begin)
        CLEAVE_LAUNCH(dither_kernel, work->end - work->begin, SPAN, 0, work->stream, *a,
                      work->begin);
}

const cleave_kernel cleave_dither_cuda = {run, NULL, NULL, NULL};
