/* istft_ref.c: frame by frame, in double precision. */
#include "kernels/fft/fft_internal.h"
#include "kernels/istft/istft_internal.h"

/* All bins of a frame; those that are not stored are zero. */
static void read_frame(const cleave_istft_args *args, int64_t channel, int64_t t, double *spectrum)
{
    int64_t bins = args->bins, frames = args->frames;
    const float *re = args->in + 2 * channel * bins * frames;
    const float *im = re + bins * frames;

    for (int64_t f = 0; f <= args->n / 2; f++) {
        int64_t at = args->layout == CLEAVE_STFT_LAYOUT_FT ? f * frames + t : t * bins + f;
        spectrum[2 * f] = f < bins ? re[at] : 0;
        spectrum[2 * f + 1] = f < bins ? im[at] : 0;
    }
}

static void run(const void *pointer, const cleave_work *work)
{
    const cleave_istft_args *args = pointer;
    double *sum = work->scratch;
    double *spectrum = sum + (int64_t)CLEAVE_ISTFT_BLOCK * args->hop;
    double *frame = spectrum + args->n + 2;
    void *transform = frame + args->n;

    for (int64_t index = work->begin; index < work->end; index++) {
        istft_item item = istft_item_at(args, index);
        float *out = args->out + item.channel * args->out_stride;

        for (int64_t n = item.begin; n < item.end; n++)
            sum[n - item.begin] = 0;
        for (int64_t t = item.frame_begin; t < item.frame_end; t++) {
            int64_t begin = args->start + args->hop * t;
            int64_t first = cleave_i64_max(begin, item.begin);
            int64_t end = cleave_i64_min(begin + args->n, item.end);

            read_frame(args, item.channel, t, spectrum);
            cleave_fft_ref_f64(work->prepared, spectrum, frame, transform);
            for (int64_t n = first; n < end; n++)
                sum[n - item.begin] += args->window[n - begin] * frame[n - begin];
        }
        for (int64_t n = item.begin; n < item.end; n++)
            out[n] = (float)(sum[n - item.begin] * args->scale / args->n);
    }
}

static size_t scratch_bytes(const void *pointer)
{
    const cleave_istft_args *args = pointer;
    const cleave_fft_rows *rows = cleave_fft_rows_ref(args->n, CLEAVE_FFT_REAL_INVERSE);
    size_t samples = CLEAVE_ISTFT_BLOCK * (size_t)args->hop;

    return (samples + 2 * (size_t)args->n + 2) * sizeof(double) +
           rows->scratch_bytes(args->n, CLEAVE_FFT_REAL_INVERSE);
}

static size_t prepared_bytes(const void *pointer)
{
    const cleave_istft_args *args = pointer;

    return cleave_fft_rows_ref(args->n, CLEAVE_FFT_REAL_INVERSE)
        ->prepared_bytes(args->n, CLEAVE_FFT_REAL_INVERSE);
}

static void prepare(const void *pointer, void *prepared)
{
    const cleave_istft_args *args = pointer;

    cleave_fft_rows_ref(args->n, CLEAVE_FFT_REAL_INVERSE)
        ->prepare(args->n, CLEAVE_FFT_REAL_INVERSE, prepared);
}

const cleave_kernel cleave_istft_ref = {run, scratch_bytes, prepared_bytes, prepare};
