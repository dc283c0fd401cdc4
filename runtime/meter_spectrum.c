/* meter_spectrum.c: mean spectrum, bands, centre and roll-off, noise floor by minimum statistics.
 *
 * Transforms begin every half of their length. Powers are scaled so that those of a sine of full
 * scale sum to 1 over its bins; half of such a sum is a mean square. */
#include "runtime/meter.h"

#include "kernels/stft/stft.h"

#include <string.h>

#define PI             3.14159265358979323846
#define HANN_POWER     0.375 /* mean of the window's square */
#define WINDOW_S       1.5   /* of minima (Martin, 2001) */
#define SMOOTHING      0.3   /* of powers in time */
#define REACH          12    /* bins on each side, of powers in frequency */
#define ROLLOFF        0.85
#define OCTAVE_THIRD   1.2589254117941673 /* 10^(1/10) */
#define OCTAVE_SIXTH   1.1220184543019633
#define BAND_OF_1000HZ 17
/* The mean of steady noise to the least of its smoothed powers in WINDOW_S, as measured on white
 * noise: 1.55 in one channel, 1.36 in two that have nothing in common. */
#define BIAS 1.45

static cleave_stft_args stft_args(const cleave_meter *m)
{
    const meter_spectrum *s = &m->spectrum;

    return (cleave_stft_args){.in = s->signal,
                              .window = s->window,
                              .out = s->spectra,
                              .channels = m->config.channels,
                              .length = s->n,
                              .in_stride = s->n,
                              .n = (int32_t)s->n,
                              .hop = (int32_t)s->n,
                              .frames = 1,
                              .bins = (int32_t)s->bins,
                              .scale = (float)(2 / ((double)s->n * sqrt(HANN_POWER))),
                              .pad = CLEAVE_STFT_PAD_ZERO,
                              .layout = CLEAVE_STFT_LAYOUT_TF};
}

void cleave_meter_spectrum_take(cleave_meter *m, cleave_arena *arena)
{
    meter_spectrum *s = &m->spectrum;
    const size_t channels = (size_t)m->config.channels;

    /* Bins of 8 to 12 Hz at the usual rates. */
    for (s->n = 2048; s->n * 12 < m->config.rate_hz;)
        s->n *= 2;
    s->bins = s->n / 2 + 1;
    s->hops = cleave_i64_max(
        (int64_t)(WINDOW_S * m->config.rate_hz / (double)(s->n / 2) / METER_MINIMA + 0.5), 1);

    const size_t n = (size_t)s->n, bins = (size_t)s->bins;
    s->window = cleave_arena_take(arena, n, sizeof(float));
    s->signal = cleave_arena_take(arena, channels * n, sizeof(float));
    s->spectra = cleave_arena_take(arena, channels * 2 * bins, sizeof(float));
    s->mean = cleave_arena_take(arena, bins, sizeof(double));
    s->power = cleave_arena_take(arena, bins, sizeof(double));
    s->smooth = cleave_arena_take(arena, bins, sizeof(double));
    s->low = cleave_arena_take(arena, bins, sizeof(double));
    s->minima = cleave_arena_take(arena, METER_MINIMA * bins, sizeof(double));
    s->noise = cleave_arena_take(arena, bins, sizeof(double));
    for (size_t i = 0; i < n && s->window; i++)
        s->window[i] = (float)(0.5 - 0.5 * cos(2 * PI * (double)i / (double)n));

    const cleave_stft_args stft = stft_args(m);
    cleave_kernel_call_init(&s->stft, &m->ops, CLEAVE_OP_STFT, &stft, arena);
}

static double band_hz(int band)
{
    return 1000 * pow(OCTAVE_THIRD, band - BAND_OF_1000HZ);
}

/* Powers of the bins, shared among the bands that they overlap. */
static void bands_of(const cleave_meter *m, const double *power, double scale,
                     float out[CLEAVE_METER_BANDS])
{
    const meter_spectrum *s = &m->spectrum;
    const double bin_hz = m->config.rate_hz / (double)s->n;

    for (int b = 0; b < CLEAVE_METER_BANDS; b++) {
        const double low = band_hz(b) / OCTAVE_SIXTH / bin_hz;
        const double high = band_hz(b) * OCTAVE_SIXTH / bin_hz;
        double sum = 0;
        for (int64_t k = (int64_t)(low + 0.5); k < s->bins && (double)k - 0.5 < high; k++) {
            const double part =
                meter_least(high, (double)k + 0.5) - meter_most(low, (double)k - 0.5);
            sum += meter_most(part, 0) * power[k];
        }
        out[b] = (float)meter_db(sum * scale);
    }
}

void cleave_meter_spectrum_reset(cleave_meter *m)
{
    meter_spectrum *s = &m->spectrum;

    s->held = s->transforms = s->noise_count = 0;
    s->signal_sum = s->noise_sum = 0;
    memset(s->mean, 0, (size_t)s->bins * sizeof(double));
    memset(s->power, 0, (size_t)s->bins * sizeof(double));
    bands_of(m, s->power, 1, s->bands);
}

/* Mean over the channels, the two ends of the spectrum once, all others for their mirror too. */
static void take_power(cleave_meter *m)
{
    meter_spectrum *s = &m->spectrum;
    const double share = 1.0 / m->config.channels;

    memset(s->power, 0, (size_t)s->bins * sizeof(double));
    for (int64_t c = 0; c < m->config.channels; c++) {
        const float *re = s->spectra + c * 2 * s->bins, *im = re + s->bins;
        for (int64_t k = 0; k < s->bins; k++)
            s->power[k] += share * (double)(re[k] * re[k] + im[k] * im[k]);
    }
    s->power[0] *= 0.5;
    s->power[s->bins - 1] *= 0.5;
    for (int64_t k = 0; k < s->bins; k++)
        s->mean[k] += s->power[k];
}

/* The floor of each bin is the least of the last METER_MINIMA windows' minima. */
static void update_floor(meter_spectrum *s)
{
    double noise = 0;

    for (int64_t k = 0; k < s->bins; k++) {
        double least = s->minima[k];
        for (int64_t i = 1; i < METER_MINIMA; i++)
            least = meter_least(least, s->minima[i * s->bins + k]);
        s->noise[k] = BIAS * least;
        noise += s->noise[k];
    }
    s->floor = noise;
    s->noise_sum += noise * (double)s->hops;
    s->noise_count += s->hops;
}

/* Martin, "Noise power spectral density estimation based on optimal smoothing and minimum
 * statistics", IEEE Trans. Speech and Audio Processing 9(5), 2001, with fixed smoothing. */
static void track_floor(meter_spectrum *s)
{
    const int64_t window = (s->transforms / s->hops) % METER_MINIMA;
    const int64_t place = s->transforms % s->hops;
    double sum = 0, count = 0, total = 0;

    for (int64_t k = 0; k < cleave_i64_min(REACH, s->bins); k++, count++)
        sum += s->power[k];
    for (int64_t k = 0; k < s->bins; k++) {
        if (k + REACH < s->bins) {
            sum += s->power[k + REACH];
            count++;
        }
        if (k > REACH) {
            sum -= s->power[k - REACH - 1];
            count--;
        }
        const double local = meter_most(sum, 0) / count;
        s->smooth[k] =
            s->transforms == 0 ? local : SMOOTHING * s->smooth[k] + (1 - SMOOTHING) * local;
        s->low[k] = place == 0 ? s->smooth[k] : meter_least(s->low[k], s->smooth[k]);
        total += s->power[k];
    }
    s->signal_sum += total;
    s->transforms++;
    if (s->transforms % s->hops == 0) {
        memcpy(s->minima + window * s->bins, s->low, (size_t)s->bins * sizeof(double));
        if (s->transforms >= s->hops * METER_MINIMA)
            update_floor(s);
    }
}

static void transform(cleave_meter *m)
{
    meter_spectrum *s = &m->spectrum;
    const cleave_stft_args stft = stft_args(m);

    cleave_kernel_call_run(&s->stft, &stft);
    take_power(m);
    track_floor(s);
    bands_of(m, s->power, 1, s->bands);
}

void cleave_meter_spectrum_tile(cleave_meter *m, int64_t frames)
{
    meter_spectrum *s = &m->spectrum;

    for (int64_t i = 0; i < frames;) {
        const int64_t count = cleave_i64_min(s->n - s->held, frames - i);
        for (int64_t c = 0; c < m->config.channels; c++)
            memcpy(s->signal + c * s->n + s->held, m->x + c * m->row + m->events.past + i,
                   (size_t)count * sizeof(float));
        s->held += count;
        i += count;
        if (s->held < s->n)
            continue;
        transform(m);
        s->held = s->n / 2;
        for (int64_t c = 0; c < m->config.channels; c++)
            memcpy(s->signal + c * s->n, s->signal + c * s->n + s->held,
                   (size_t)s->held * sizeof(float));
    }
}

void cleave_meter_spectrum_result(const cleave_meter *m, cleave_meter_result *result)
{
    const meter_spectrum *s = &m->spectrum;
    const double count = (double)cleave_i64_max(s->transforms, 1);
    const double bin_hz = m->config.rate_hz / (double)s->n;
    const int64_t group = (s->n / 2) / (CLEAVE_METER_BINS - 1);
    double total = 0, moment = 0, below = 0;

    for (int b = 0; b < CLEAVE_METER_BANDS; b++)
        result->band_hz[b] = band_hz(b);
    bands_of(m, s->mean, 1 / count, result->band_db);
    for (int64_t i = 0; i < CLEAVE_METER_BINS; i++) {
        double sum = 0;
        for (int64_t k = i * group - (group - 1) / 2; k <= i * group + group / 2; k++)
            sum += k >= 0 && k < s->bins ? s->mean[k] : 0;
        result->spectrum_db[i] = (float)meter_db(sum / count);
    }
    for (int64_t k = 0; k < s->bins; k++) {
        total += s->mean[k];
        moment += s->mean[k] * (double)k * bin_hz;
    }
    result->centroid_hz = total > 0 ? moment / total : NAN;
    result->rolloff_hz = NAN;
    for (int64_t k = 0; k < s->bins && total > 0 && isnan(result->rolloff_hz); k++) {
        below += s->mean[k];
        if (below >= ROLLOFF * total)
            result->rolloff_hz = (double)k * bin_hz;
    }
    result->noise_dbfs = result->snr_db = NAN;
    if (s->noise_count > 0) {
        const double noise = s->noise_sum / (double)s->noise_count;
        const double signal = s->signal_sum / count - noise;
        result->noise_dbfs = meter_db(noise / 2);
        if (noise > 0)
            result->snr_db = meter_db(signal / noise);
        else if (signal > 0)
            result->snr_db = INFINITY;
    }
}
