/* fdn_ref.c: frame by frame in double; what is stored is float. */
#include "kernels/fdn/fdn_internal.h"

#include <math.h>

typedef struct fdn_stream {
    const cleave_fdn_args *a;
    fdn_layout f;
    float *state;
    double *value; /* present values of the parameters */
} fdn_stream;

static float flush(double x)
{
    return fabs(x) < (double)FDN_TINY ? 0 : (float)x;
}

/* Where position p - delay lies in a ring. */
static int64_t at(int64_t p, int64_t delay, int64_t size)
{
    return (p % size + size - delay) % size;
}

static double lowpass(float *state, double pole, double gain, double x)
{
    const double y = pole * (double)*state + gain * x;

    *state = (float)y;
    return y;
}

/* What channel c has to put into the lines. */
static double feed(const fdn_stream *s, int c, int64_t p, double in)
{
    const cleave_fdn_args *a = s->a;
    const double blocker = (double)a->blocker, g = (double)FDN_DIFFUSION;
    double u = in - lowpass(s->state + s->f.blocker + c, 1 - blocker, blocker, in);

    if (a->predelay > 0) {
        const int64_t size = s->f.predelay_size;
        float *ring = s->state + s->f.predelay + c * size;
        ring[p % size] = (float)u;
        u = (double)ring[at(p, a->predelay, size)];
    }
    for (int i = 0; i < CLEAVE_FDN_ALLPASSES; i++) {
        const int64_t size = s->f.allpass_size[i];
        float *ring = s->state + s->f.allpass[i] + c * size;
        const double y = (double)ring[at(p, a->allpass[i], size)] - g * u;
        ring[p % size] = flush(u + g * y);
        u = y;
    }
    return u;
}

static void hadamard(double x[FDN_LINES])
{
    for (int step = 1; step < FDN_LINES; step *= 2)
        for (int i = 0; i < FDN_LINES; i++)
            if (!(i & step)) {
                const double low = x[i], high = x[i + step];
                x[i] = low + high;
                x[i + step] = low - high;
            }
}

static void run_frame(const fdn_stream *s, const float *in, float *out, int64_t p)
{
    const cleave_fdn_args *a = s->a;
    const double *v = s->value;
    double line[FDN_LINES], y[CLEAVE_FDN_CHANNELS_MAX], mean = 0;

    for (int l = 0; l < FDN_LINES; l++)
        line[l] =
            lowpass(s->state + s->f.damping + l, v[CLEAVE_FDN_POLE + l], v[CLEAVE_FDN_GAIN + l],
                    (double)s->state[s->f.line[l] + at(p, a->line[l], s->f.line_size[l])]);
    for (int c = 0; c < a->channels; c++) {
        double sum = 0;
        for (int i = 0; i < fdn_lines_of(a->channels, c); i++)
            sum += i % 2 ? -line[c + i * a->channels] : line[c + i * a->channels];
        y[c] = sum / sqrt(fdn_lines_of(a->channels, c));
        mean += y[c] / a->channels;
    }
    for (int c = 0; c < a->channels; c++)
        line[c] += feed(s, c, p, (double)in[c * a->in_stride]);
    hadamard(line);
    for (int l = 0; l < FDN_LINES; l++)
        s->state[s->f.line[l] + p % s->f.line_size[l]] = flush(line[l] / 4);
    for (int c = 0; c < a->channels; c++) {
        const double width = v[CLEAVE_FDN_WIDTH], wet = width * y[c] + (1 - width) * mean;
        out[c * a->out_stride] =
            (float)(v[CLEAVE_FDN_DRY] * (double)in[c * a->in_stride] + v[CLEAVE_FDN_WET] * wet);
    }
}

static void at_grid(const fdn_stream *s)
{
    cleave_glide(s->value - 1, s->a->parameters, CLEAVE_FDN_PARAMETERS);
    for (int c = 0; c < CLEAVE_FDN_CHANNELS_MAX; c++)
        s->state[s->f.blocker + c] = flush((double)s->state[s->f.blocker + c]);
    for (int l = 0; l < FDN_LINES; l++)
        s->state[s->f.damping + l] = flush((double)s->state[s->f.damping + l]);
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_fdn_args *a = args;
    fdn_stream s = {.a = a, .f = fdn_layout_of(a)};

    for (int64_t item = work->begin; item < work->end; item++) {
        s.state = a->state + item * s.f.floats;
        s.value = cleave_glide_values((double *)(void *)(s.state + s.f.glide));
        for (int64_t i = 0; i < a->block->frames; i++) {
            const int64_t p = a->block->position + i;
            if (p % CLEAVE_GRID_FRAMES == 0)
                at_grid(&s);
            run_frame(&s, a->in + item * a->channels * a->in_stride + i,
                      a->out + item * a->channels * a->out_stride + i, p);
        }
    }
}

const cleave_kernel cleave_fdn_ref = {.run = run};
