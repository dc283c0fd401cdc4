/* spleeter_naive.c: Spleeter in double, from the formulas as they are published. */
#include "tests/spleeter_naive.h"

#include <math.h>
#include <stdlib.h>

#define LAYERS      CLEAVE_SPLEETER_LAYERS
#define PIECES_MAX  4096
#define EPSILON     1e-10
#define EPSILON_BN  0.001
#define WINDOWS_SUM 1.5

typedef struct naive {
    const cleave_table *table;
    const cleave_spleeter *s;
    int32_t instrument;
    int64_t samples; /* V */
    int32_t bins;    /* N/2 + 1 */
    double *window, *cosine, *sine;
    int piece_count;
    double *piece[PIECES_MAX];
} naive;

/* [rows][points][channels] */
typedef struct image {
    int64_t rows, points, channels;
    double *x;
} image;

/* Zeros that live until the end. */
static double *take(naive *n, int64_t count)
{
    double *const x = calloc((size_t)count, sizeof *x);

    if (!x || n->piece_count == PIECES_MAX)
        abort();
    return n->piece[n->piece_count++] = x;
}

static image image_of(naive *n, int64_t rows, int64_t points, int64_t channels)
{
    return (image){rows, points, channels, take(n, rows * points * channels)};
}

static double *at(image a, int64_t row, int64_t point)
{
    return a.x + (row * a.points + point) * a.channels;
}

static const double *variable(naive *n, cleave_spleeter_layer layer, int32_t index,
                              const char *part)
{
    char name[CLEAVE_SPLEETER_NAME_BYTES];
    cleave_table_tensor tensor;

    cleave_spleeter_name(layer, n->instrument, index, part, name);
    if (!cleave_table_find(n->table, name, &tensor))
        abort();
    double *const x = take(n, tensor.count);
    for (int64_t i = 0; i < tensor.count; i++) {
        float value;
        cleave_table_read(&tensor, i, 1, &value);
        x[i] = (double)value;
    }
    return x;
}

/* ---- layers ---- */
/* kernel: (size, size, in, out) */
static image convolution(naive *n, int32_t index, image in, int64_t out_channels, int64_t size,
                         int64_t stride, int64_t dilation, int64_t pad)
{
    const double *const kernel = variable(n, CLEAVE_SPLEETER_CONV, index, "kernel");
    const double *const bias = variable(n, CLEAVE_SPLEETER_CONV, index, "bias");
    const image out = image_of(n, in.rows / stride, in.points / stride, out_channels);

    for (int64_t t = 0; t < out.rows; t++)
        for (int64_t f = 0; f < out.points; f++)
            for (int64_t o = 0; o < out_channels; o++) {
                double sum = bias[o];
                for (int64_t k = 0; k < size * size; k++) {
                    const int64_t row = t * stride + k / size * dilation - pad;
                    const int64_t point = f * stride + k % size * dilation - pad;
                    if (row < 0 || row >= in.rows || point < 0 || point >= in.points)
                        continue;
                    for (int64_t i = 0; i < in.channels; i++)
                        sum += at(in, row, point)[i] *
                               kernel[(k * in.channels + i) * out_channels + o];
                }
                at(out, t, f)[o] = sum;
            }
    return out;
}

/* The adjoint: what a value was made from gets its share back. kernel: (5, 5, out, in) */
static image transposed(naive *n, int32_t index, image in, int64_t out_channels)
{
    const double *const kernel = variable(n, CLEAVE_SPLEETER_TRANSPOSED, index, "kernel");
    const double *const bias = variable(n, CLEAVE_SPLEETER_TRANSPOSED, index, "bias");
    const image out = image_of(n, 2 * in.rows, 2 * in.points, out_channels);

    for (int64_t p = 0; p < out.rows * out.points * out_channels; p++)
        out.x[p] = bias[p % out_channels];
    for (int64_t t = 0; t < in.rows; t++)
        for (int64_t f = 0; f < in.points; f++)
            for (int64_t k = 0; k < 25; k++) {
                const int64_t row = 2 * t + k / 5 - 1, point = 2 * f + k % 5 - 1;
                if (row < 0 || row >= out.rows || point < 0 || point >= out.points)
                    continue;
                for (int64_t o = 0; o < out_channels; o++)
                    for (int64_t i = 0; i < in.channels; i++)
                        at(out, row, point)[o] +=
                            at(in, t, f)[i] * kernel[(k * out_channels + o) * in.channels + i];
            }
    return out;
}

static image norm(naive *n, int32_t index, image in)
{
    const double *const gamma = variable(n, CLEAVE_SPLEETER_NORM, index, "gamma");
    const double *const beta = variable(n, CLEAVE_SPLEETER_NORM, index, "beta");
    const double *const mean = variable(n, CLEAVE_SPLEETER_NORM, index, "moving_mean");
    const double *const variance = variable(n, CLEAVE_SPLEETER_NORM, index, "moving_variance");
    const image out = image_of(n, in.rows, in.points, in.channels);

    for (int64_t p = 0; p < in.rows * in.points * in.channels; p++) {
        const int64_t c = p % in.channels;
        out.x[p] = (in.x[p] - mean[c]) * gamma[c] / sqrt(variance[c] + EPSILON_BN) + beta[c];
    }
    return out;
}

static image activation(naive *n, cleave_spleeter_act act, image in)
{
    const image out = image_of(n, in.rows, in.points, in.channels);

    for (int64_t p = 0; p < in.rows * in.points * in.channels; p++) {
        const double x = in.x[p];
        out.x[p] = x > 0                               ? x
                   : act == CLEAVE_SPLEETER_LEAKY_RELU ? 0.2 * x
                   : act == CLEAVE_SPLEETER_ELU        ? exp(x) - 1
                                                       : 0;
    }
    return out;
}

static image joined(naive *n, image a, image b)
{
    const image out = image_of(n, a.rows, a.points, a.channels + b.channels);

    for (int64_t p = 0; p < a.rows * a.points; p++) {
        for (int64_t c = 0; c < a.channels; c++)
            out.x[p * out.channels + c] = a.x[p * a.channels + c];
        for (int64_t c = 0; c < b.channels; c++)
            out.x[p * out.channels + a.channels + c] = b.x[p * b.channels + c];
    }
    return out;
}

/* Logits of the current instrument. */
static image u_net(naive *n, image magnitudes)
{
    const int32_t *const filters = n->s->filters;
    image raw[LAYERS], x = magnitudes;

    for (int32_t i = 0; i < LAYERS; i++) {
        raw[i] = convolution(n, i, x, filters[i], 5, 2, 1, 1);
        x = activation(n, n->s->encoder_act, norm(n, i, raw[i]));
    }
    x = raw[LAYERS - 1];
    for (int32_t i = 0; i < LAYERS; i++) {
        const int64_t channels = i < LAYERS - 1 ? filters[LAYERS - 2 - i] : 1;
        if (i > 0)
            x = joined(n, raw[LAYERS - 1 - i], x);
        x = norm(n, LAYERS + i, activation(n, n->s->decoder_act, transposed(n, i, x, channels)));
    }
    return convolution(n, LAYERS, x, 2, 4, 1, 2, 3);
}

/* ---- transforms ---- */
static void tables(naive *n)
{
    const int64_t N = n->s->frame_length;

    n->window = take(n, N);
    n->cosine = take(n, N);
    n->sine = take(n, N);
    for (int64_t m = 0; m < N; m++) {
        const double angle = 2 * acos(-1.0) * (double)m / (double)N;
        n->cosine[m] = cos(angle);
        n->sine[m] = sin(angle);
        n->window[m] = 0.5 - 0.5 * n->cosine[m];
    }
}

/* Two images [T][bins][2]: real and imaginary parts. */
static void transform(naive *n, const float *input, image spectrum[2])
{
    const int64_t N = n->s->frame_length;

    for (int q = 0; q < 2; q++)
        spectrum[q] = image_of(n, n->s->frames, n->bins, 2);
    for (int64_t c = 0; c < 2; c++)
        for (int64_t t = 0; t < n->s->frames; t++)
            for (int64_t f = 0; f < n->bins; f++)
                for (int64_t m = 0; m < N; m++) {
                    const double x =
                        n->window[m] * (double)input[c * n->samples + t * n->s->frame_step + m];
                    at(spectrum[0], t, f)[c] += x * n->cosine[f * m % N];
                    at(spectrum[1], t, f)[c] -= x * n->sine[f * m % N];
                }
}

/* One channel of a masked spectrum, overlapped and added into out[V]. */
static void inverse(naive *n, const image spectrum[2], image mask, int64_t c, double *out)
{
    const int64_t N = n->s->frame_length;

    for (int64_t t = 0; t < n->s->frames; t++)
        for (int64_t m = 0; m < N; m++) {
            double sum = 0;
            for (int64_t f = 0; f < n->bins; f++) {
                const double twice = f == 0 || f == N / 2 ? 1 : 2;
                sum += twice * at(mask, t, f)[c] *
                       (at(spectrum[0], t, f)[c] * n->cosine[f * m % N] -
                        at(spectrum[1], t, f)[c] * n->sine[f * m % N]);
            }
            out[t * n->s->frame_step + m] += n->window[m] * sum / (double)N / WINDOWS_SUM;
        }
}

/* ---- masks ---- */
/* Logits to what each instrument takes of a magnitude. */
static void estimates_of(const naive *n, image magnitudes, const image *logits, int64_t p,
                         double *estimate)
{
    double sum = 0;

    for (int32_t i = 0; i < n->s->instruments; i++)
        sum += exp(logits[i].x[p]);
    for (int32_t i = 0; i < n->s->instruments; i++)
        estimate[i] = magnitudes.x[p] *
                      (n->s->softmax ? exp(logits[i].x[p]) / sum : 1 / (1 + exp(-logits[i].x[p])));
}

static void masks_of(naive *n, image magnitudes, const image *logits, image *masks)
{
    const int32_t I = n->s->instruments;
    const int64_t F = n->s->bins;

    for (int32_t i = 0; i < I; i++)
        masks[i] = image_of(n, n->s->frames, n->bins, 2);
    for (int64_t p = 0; p < n->s->frames * F * 2; p++) {
        const int64_t t = p / (2 * F), f = p / 2 % F, c = p % 2;
        double estimate[CLEAVE_SPLEETER_INSTRUMENTS], sum = EPSILON;
        estimates_of(n, magnitudes, logits, p, estimate);
        for (int32_t i = 0; i < I; i++)
            sum += pow(estimate[i], n->s->exponent);
        for (int32_t i = 0; i < I; i++) {
            const double mask = (pow(estimate[i], n->s->exponent) + EPSILON / I) / sum;
            at(masks[i], t, f)[c] = mask;
            for (int64_t above = F; above < n->bins && n->s->average; above++)
                at(masks[i], t, above)[c] += mask / (double)F;
        }
    }
}

double *spleeter_naive(const cleave_table *table, const cleave_spleeter *spleeter,
                       const float *input)
{
    naive *const n = calloc(1, sizeof *n);
    const cleave_spleeter *const s = spleeter;
    image spectrum[2], logits[CLEAVE_SPLEETER_INSTRUMENTS], masks[CLEAVE_SPLEETER_INSTRUMENTS];

    if (!n)
        abort();
    n->table = table;
    n->s = s;
    n->samples = (int64_t)(s->frames - 1) * s->frame_step + s->frame_length;
    n->bins = s->frame_length / 2 + 1;
    tables(n);
    transform(n, input, spectrum);
    const image magnitudes = image_of(n, s->frames, s->bins, 2);
    for (int64_t t = 0; t < s->frames; t++)
        for (int64_t f = 0; f < s->bins; f++)
            for (int64_t c = 0; c < 2; c++)
                at(magnitudes, t, f)[c] = hypot(at(spectrum[0], t, f)[c], at(spectrum[1], t, f)[c]);
    for (n->instrument = 0; n->instrument < s->instruments; n->instrument++)
        logits[n->instrument] = u_net(n, magnitudes);
    masks_of(n, magnitudes, logits, masks);
    double *const out = calloc((size_t)(s->instruments * 2 * n->samples), sizeof *out);
    if (!out)
        abort();
    for (int64_t k = 0; k < s->instruments * 2; k++)
        inverse(n, spectrum, masks[k / 2], k % 2, out + k * n->samples);
    for (int i = 0; i < n->piece_count; i++)
        free(n->piece[i]);
    free(n);
    return out;
}
