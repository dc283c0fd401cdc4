/* stft_ref.c: frame by frame, in double precision. */
#include "kernels/fft/fft_internal.h"
#include "kernels/stft/stft.h"

/* Sample `index` of the signal continued by the border rule. */
static double sample(const cleave_stft_args *args, const float *in, int64_t index)
{
    if (index >= 0 && index < args->length)
        return in[index];
    if (args->pad == CLEAVE_STFT_PAD_ZERO)
        return 0;
    return in[index < 0 ? -index : 2 * (args->length - 1) - index];
}

static void write_frame(const cleave_stft_args *args, int64_t channel, int64_t t,
                        const double *spectrum)
{
    int64_t bins = args->bins, frames = args->frames;
    float *re = args->out + 2 * channel * bins * frames;
    float *im = re + bins * frames;

    for (int64_t f = 0; f < bins; f++) {
        int64_t at = args->layout == CLEAVE_STFT_LAYOUT_FT ? f * frames + t : t * bins + f;
        re[at] = (float)(args->scale * spectrum[2 * f]);
        im[at] = (float)(args->scale * spectrum[2 * f + 1]);
    }
}

static void run(const void *pointer, const cleave_work *work)
{
    const cleave_stft_args *args = pointer;
    int64_t blocks = cleave_div_up(args->frames, CLEAVE_STFT_BLOCK);
    double *frame = work->scratch;
    double *spectrum = frame + args->n;
    void *transform = spectrum + args->n + 2;

    for (int64_t item = work->begin; item < work->end; item++) {
        int64_t channel = item / blocks;
        int64_t first = item % blocks * CLEAVE_STFT_BLOCK;
        int64_t end = cleave_i64_min(first + CLEAVE_STFT_BLOCK, args->frames);
        const float *in = args->in + channel * args->in_stride;

        for (int64_t t = first; t < end; t++) {
            int64_t begin = args->start + args->hop * t;
            for (int64_t m = 0; m < args->n; m++)
                frame[m] = args->window[m] * sample(args, in, begin + m);
            cleave_fft_ref_f64(work->prepared, frame, spectrum, transform);
            write_frame(args, channel, t, spectrum);
        }
    }
}

static size_t scratch_bytes(const void *pointer)
{
    const cleave_stft_args *args = pointer;
    const cleave_fft_rows *rows = cleave_fft_rows_ref(args->n, CLEAVE_FFT_REAL_FORWARD);

    return (2 * (size_t)args->n + 2) * sizeof(double) +
           rows->scratch_bytes(args->n, CLEAVE_FFT_REAL_FORWARD);
}

static size_t prepared_bytes(const void *pointer)
{
    const cleave_stft_args *args = pointer;

    return cleave_fft_rows_ref(args->n, CLEAVE_FFT_REAL_FORWARD)
        ->prepared_bytes(args->n, CLEAVE_FFT_REAL_FORWARD);
}

static void prepare(const void *pointer, void *prepared)
{
    const cleave_stft_args *args = pointer;

    cleave_fft_rows_ref(args->n, CLEAVE_FFT_REAL_FORWARD)
        ->prepare(args->n, CLEAVE_FFT_REAL_FORWARD, prepared);
}

const cleave_kernel cleave_stft_ref = {run, scratch_bytes, prepared_bytes, prepare};
