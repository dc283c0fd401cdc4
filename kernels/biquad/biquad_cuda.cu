/* biquad_cuda.cu: a block of threads a stream, a warp a channel, a lane a section.
 *
 * A section works on the frame that the one before it, a lane above, left one step ago; the last
 * lane of the warp has the first section, since values are passed down. */
#include "kernels/biquad/biquad.h"
#include "kernels/cuda_common.cuh"

/* A span of one row through all sections, for the warp of its channel. */
static __device__ void filter(const double *coefficients, int64_t sections, double *sums,
                              const float *in, float *out, int64_t frames)
{
    const int64_t section = CLEAVE_WARP - 1 - (int64_t)threadIdx.x % CLEAVE_WARP;
    const bool present = section < sections;
    const double *c = coefficients + (present ? section : 0) * CLEAVE_BIQUAD_COEFFICIENTS;
    double s1 = present ? sums[2 * section] : 0, s2 = present ? sums[2 * section + 1] : 0;
    double y = 0;

    for (int64_t i = 0; i < frames + sections - 1; i++) {
        const int64_t frame = i - section;
        const double before = cleave_shuffle_down(y, 1);
        if (!present || frame < 0 || frame >= frames)
            continue;
        const double x = section == 0 ? (double)in[frame] : before;
        y = fma(c[CLEAVE_BIQUAD_B0], x, s1);
        s1 = fma(-c[CLEAVE_BIQUAD_A1], y, fma(c[CLEAVE_BIQUAD_B1], x, s2));
        s2 = fma(-c[CLEAVE_BIQUAD_A2], y, c[CLEAVE_BIQUAD_B2] * x);
        if (section == sections - 1)
            out[frame] = (float)y;
    }
    if (present) {
        sums[2 * section] = s1;
        sums[2 * section + 1] = s2;
    }
}

static __global__ void biquad_kernel(cleave_biquad_args a, int64_t begin)
{
    CLEAVE_SHARED(int, is_steady, 1);
    const int64_t stream = begin + (int64_t)blockIdx.x;
    const int64_t channel = (int64_t)threadIdx.x / CLEAVE_WARP;
    const int64_t row = stream * a.channels + channel, frames = a.block->frames;
    double *glide = cleave_biquad_state(&a, stream);
    double *sums = glide + cleave_biquad_glide_doubles(&a) + channel * a.sections * 2;
    int64_t span;

    if (threadIdx.x == 0)
        *is_steady = 0;
    for (int64_t i = 0; i < frames; i += span) {
        const int64_t position = a.block->position + i;
        cleave_barrier();
        if (threadIdx.x == 0 && position % CLEAVE_GRID_FRAMES == 0 && !*is_steady)
            *is_steady =
                !cleave_glide(glide, a.parameters, a.sections * CLEAVE_BIQUAD_COEFFICIENTS);
        if (position % CLEAVE_BIQUAD_FLUSH_FRAMES == 0)
            for (int64_t k = (int64_t)threadIdx.x % CLEAVE_WARP; k < a.sections * 2;
                 k += CLEAVE_WARP)
                sums[k] = cleave_biquad_flushed(sums[k]);
        cleave_barrier();
        span = cleave_biquad_span(position, frames - i, *is_steady);
        filter(cleave_glide_values(glide), a.sections, sums, a.in + row * a.in_stride + i,
               a.out + row * a.out_stride + i, span);
    }
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_biquad_args *a = (const cleave_biquad_args *)args;

    if (work->end > work->begin)
        CLEAVE_LAUNCH(biquad_kernel, work->end - work->begin, a->channels * CLEAVE_WARP, 0,
                      work->stream, *a, work->begin);
}

const cleave_kernel cleave_biquad_cuda = {run, NULL, NULL, NULL};
