/* denoise_ref.c: transform by transform in double; what is stored is float. */
#include "kernels/denoise/denoise_internal.h"

#include <math.h>

typedef struct denoise_stream {
    const cleave_denoise_args *a;
    denoise_layout f;
    float *state;
    const char *forward, *inverse;                      /* tables */
    double *frame, *power, *gain, *spectra, *transform; /* scratch */
} denoise_stream;

static double flushed(double x)
{
    return x < (double)DENOISE_TINY ? 0 : x;
}

static double window(const denoise_stream *s, int64_t m)
{
    return sin(3.14159265358979323846 * ((double)m + 0.5) / (double)s->f.n);
}

static void transform(const denoise_stream *s, int64_t position)
{
    const int64_t n = s->f.n, channels = s->a->channels;

    for (int64_t c = 0; c < channels; c++) {
        double *y = s->spectra + c * (n + 2);
        for (int64_t m = 0; m < n; m++)
            s->frame[m] = window(s, m) * (double)s->state[s->f.in + c * n + (position + m) % n];
        cleave_fft_ref_f64(s->forward, s->frame, y, s->transform);
    }
    for (int64_t k = 0; k < s->f.bins; k++) {
        s->power[k] = 0;
        for (int64_t c = 0; c < channels; c++) {
            const double *y = s->spectra + c * (n + 2) + 2 * k;
            s->power[k] += (y[0] * y[0] + y[1] * y[1]) / (double)channels;
        }
    }
}

/* L of bin k. */
static double noise_of(const denoise_stream *s, const denoise_turn *turn, int64_t k)
{
    const denoise_layout *f = &s->f;
    float *bin = s->state + k;
    const double power = s->power[k], below = s->power[k > 0 ? k - 1 : 1];
    const double above = s->power[k < f->bins - 1 ? k + 1 : k - 1];
    const double now = 0.25 * (below + above) + 0.5 * power, old = (double)DENOISE_SMOOTH;
    double smooth, least, next, likely, noise = (double)bin[f->noise];

    if (s->a->kind == CLEAVE_DENOISE_PROFILE)
        return (double)s->a->profile[k];
    if (s->a->kind == CLEAVE_DENOISE_LEARN)
        return noise + (double)turn->mean * (power - noise);
    smooth = turn->starts ? now : flushed(old * (double)bin[f->smooth] + (1 - old) * now);
    least = turn->starts ? smooth : fmin((double)bin[f->least], smooth);
    next = turn->starts ? smooth : fmin((double)bin[f->next_least], smooth);
    if (turn->renews) {
        least = next;
        next = smooth;
    }
    likely = smooth > (double)DENOISE_RATIO * least
                 ? 1
                 : flushed((double)DENOISE_FORGET * (double)bin[f->likely]);
    bin[f->smooth] = (float)smooth;
    bin[f->least] = (float)least;
    bin[f->next_least] = (float)next;
    bin[f->likely] = (float)likely;
    return turn->starts ? power : noise + (double)DENOISE_FOLLOW * (1 - likely) * (power - noise);
}

static void find_gain(const denoise_stream *s, const denoise_turn *turn)
{
    const double floor = s->a->parameters[CLEAVE_DENOISE_FLOOR];
    const double strength = s->a->parameters[CLEAVE_DENOISE_STRENGTH];
    const double old = (double)DENOISE_PRIOR;

    for (int64_t k = 0; k < s->f.bins; k++) {
        float *bin = s->state + k;
        const double noise = flushed(noise_of(s, turn, k)), power = s->power[k];
        const double by = 1 / fmax(strength * noise, (double)DENOISE_TINY);
        const double ratio =
            by * (old * (double)bin[s->f.prior]) + (1 - old) * fmax(by * power - 1, 0);
        const double first = ratio / (1 + ratio), again = first * first * (by * power);
        const double gain = fmax(again / (1 + again), floor);
        s->gain[k] = gain;
        bin[s->f.noise] = (float)noise;
        bin[s->f.prior] = (float)flushed(gain * gain * power);
    }
}

/* Windowed, and scaled by the inverse transform's N and the windows' sum of squares, 2. */
static void add_back(const denoise_stream *s, int64_t position)
{
    const int64_t n = s->f.n;

    for (int64_t c = 0; c < s->a->channels; c++) {
        double *y = s->spectra + c * (n + 2);
        for (int64_t k = 0; k < s->f.bins; k++) {
            y[2 * k] *= s->gain[k];
            y[2 * k + 1] *= s->gain[k];
        }
        cleave_fft_ref_f64(s->inverse, y, s->frame, s->transform);
        for (int64_t m = 0; m < n; m++) {
            float *to = s->state + s->f.out + c * n + (position + m) % n;
            const double before = m < n - s->f.hop ? (double)*to : 0;
            *to = (float)(before + window(s, m) / (2.0 * (double)n) * s->frame[m]);
        }
    }
}

static void run_turn(const denoise_stream *s, int64_t position)
{
    const denoise_turn turn = denoise_turn_at(s->a, position);

    if (turn.number == 0)
        return; /* nothing came in before */
    transform(s, position);
    find_gain(s, &turn);
    add_back(s, position);
}

static size_t table_bytes(const cleave_denoise_args *a)
{
    return cleave_align_up(cleave_fft_rows_ref(a->n, CLEAVE_FFT_REAL_FORWARD)
                               ->prepared_bytes(a->n, CLEAVE_FFT_REAL_FORWARD));
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_denoise_args *a = args;
    denoise_stream s = {.a = a, .f = denoise_layout_of(a), .frame = work->scratch};

    s.power = s.frame + s.f.n;
    s.gain = s.power + s.f.stride;
    s.spectra = s.gain + s.f.stride;
    s.transform = s.spectra + a->channels * (s.f.n + 2);
    s.forward = work->prepared;
    s.inverse = s.forward + table_bytes(a);
    for (int64_t item = work->begin; item < work->end; item++) {
        s.state = a->state + item * s.f.floats;
        for (int64_t i = 0; i < a->block->frames; i++) {
            const int64_t position = a->block->position + i, at = position % s.f.n;
            if (position % s.f.hop == 0)
                run_turn(&s, position);
            for (int64_t c = 0; c < a->channels; c++) {
                const int64_t row = item * a->channels + c;
                s.state[s.f.in + c * s.f.n + at] = a->in[row * a->in_stride + i];
                a->out[row * a->out_stride + i] = s.state[s.f.out + c * s.f.n + at];
            }
        }
    }
}

static size_t scratch_bytes(const void *args)
{
    const cleave_denoise_args *a = args;
    const denoise_layout f = denoise_layout_of(a);

    return (size_t)(f.n + 2 * f.stride + a->channels * (f.n + 2)) * sizeof(double) +
           cleave_fft_rows_ref(a->n, CLEAVE_FFT_REAL_INVERSE)
               ->scratch_bytes(a->n, CLEAVE_FFT_REAL_INVERSE);
}

static size_t prepared_bytes(const void *args)
{
    return 2 * table_bytes(args);
}

static void prepare(const void *args, void *prepared)
{
    const cleave_denoise_args *a = args;

    cleave_fft_rows_ref(a->n, CLEAVE_FFT_REAL_FORWARD)
        ->prepare(a->n, CLEAVE_FFT_REAL_FORWARD, prepared);
    cleave_fft_rows_ref(a->n, CLEAVE_FFT_REAL_INVERSE)
        ->prepare(a->n, CLEAVE_FFT_REAL_INVERSE, (char *)prepared + table_bytes(a));
}

const cleave_kernel cleave_denoise_ref = {run, scratch_bytes, prepared_bytes, prepare};
