/* bss_window.c: the four ratios of BSS Eval version 4: one window after the other, split by the
 * filters of the whole track.
 *
 *     estimate = s + spatial + interference + artifacts
 *
 * A window stands alone, between zeros, and its filtered parts ring out REACH samples past its end:
 * so the published implementation has it. */
#include "runtime/bss.h"
#include "runtime/cpu.h"

#include <math.h>
#include <string.h>

#define CHUNK (BSS_N - BSS_REACH) /* samples that a transform gives */

/* Energies of one stem in a window. */
typedef struct energies {
    double source, error, spatial, image, interference, explained, artifacts;
} energies;

static int is_silent(const cleave_bss *b, const float *signal, int64_t frames)
{
    for (int64_t i = 0; i < frames; i++) {
        double sum = 0;
        for (int64_t c = 0; c < b->channels; c++)
            sum += (double)signal[i * b->channels + c];
        if (sum != 0)
            return 0;
    }
    return 1;
}

/* Reference rows from REACH samples before `from` on. */
static void gather(cleave_bss *b, const float *const *references, int64_t from, int64_t frames)
{
    const int64_t channels = b->channels;
    const int64_t begin = cleave_i64_max(from - BSS_REACH, 0);
    const int64_t end = cleave_i64_min(from + CHUNK, frames);

    memset(b->heard, 0, (size_t)(b->signals * BSS_N) * sizeof(float));
    for (int64_t p = 0; p < b->signals; p++) {
        const float *in = references[p / channels] + p % channels;
        float *out = b->heard + p * BSS_N + begin - (from - BSS_REACH);
        for (int64_t i = begin; i < end; i++)
            out[i - begin] = in[i * channels];
    }
}

static void add_filtered(float *out, const float *in, const float *filter)
{
    for (int64_t k = 0; k < 2 * BSS_BINS; k += 2) {
        out[k] += in[k] * filter[k] - in[k + 1] * filter[k + 1];
        out[k + 1] += in[k] * filter[k + 1] + in[k + 1] * filter[k];
    }
}

/* From `heard` to two rows for every signal, spatial errors and then interferences, whose samples
 * from REACH on are valid. */
static void filter(cleave_bss *b)
{
    const int64_t p = b->signals, c = b->channels;
    float *out = b->spectra + bss_aligned(p * BSS_BINS * 2);

    const cleave_fft_args forward = bss_fft_args(b->heard, b->spectra, p, CLEAVE_FFT_REAL_FORWARD);
    cleave_kernel_call_run(&b->forward, &forward);
    memset(out, 0, (size_t)(2 * p * BSS_BINS * 2) * sizeof(float));
    for (int64_t o = 0; o < p; o++) {
        for (int64_t i = 0; i < c; i++)
            add_filtered(out + o * BSS_BINS * 2, b->spectra + (o / c * c + i) * BSS_BINS * 2,
                         b->spatial + (o * c + i) * BSS_BINS * 2);
        for (int64_t i = 0; i < p; i++)
            add_filtered(out + (p + o) * BSS_BINS * 2, b->spectra + i * BSS_BINS * 2,
                         b->interference + (o * p + i) * BSS_BINS * 2);
    }
    const cleave_fft_args inverse =
        bss_fft_args(out, b->heard + p * BSS_N, 2 * p, CLEAVE_FFT_REAL_INVERSE);
    cleave_kernel_call_run(&b->inverse, &inverse);
}

/* Adds the energies of signal `p`, `count` samples from `from` on; past the window's end source and
 * estimate are zero. */
static void add_energies(const cleave_bss *b, int64_t p, const float *reference,
                         const float *estimate, int64_t from, int64_t frames, int64_t count,
                         energies *sum)
{
    const float *spatial = b->heard + (b->signals + p) * BSS_N + BSS_REACH;
    const float *interference = spatial + b->signals * BSS_N;

    for (int64_t i = 0; i < count; i++) {
        const int64_t at = (from + i) * b->channels + p % b->channels;
        const double s = from + i < frames ? (double)reference[at] : 0;
        const double error = from + i < frames ? (double)estimate[at] - s : 0;
        const double image = s + (double)spatial[i];
        const double explained = image + (double)interference[i];
        const double artifacts = error - (double)spatial[i] - (double)interference[i];
        sum->source += s * s;
        sum->error += error * error;
        sum->spatial += (double)spatial[i] * (double)spatial[i];
        sum->image += image * image;
        sum->interference += (double)interference[i] * (double)interference[i];
        sum->explained += explained * explained;
        sum->artifacts += artifacts * artifacts;
    }
}

static double ratio_db(double signal, double noise)
{
    return noise > 0 ? 10 * log10(signal / noise) : INFINITY;
}

void cleave_bss_window(cleave_bss *b, const float *const *references, const float *const *estimates,
                       int64_t frames, cleave_bss_ratios *ratios)
{
    const uint64_t mode = cleave_cpu_mode_set();
    energies sum[CLEAVE_BSS_SIGNALS_MAX];
    int silent = 0;

    memset(sum, 0, sizeof sum);
    for (int64_t s = 0; s < b->stems; s++)
        silent |= is_silent(b, references[s], frames) || is_silent(b, estimates[s], frames);
    for (int64_t from = 0; from < frames + BSS_REACH && !silent; from += CHUNK) {
        const int64_t count = cleave_i64_min(CHUNK, frames + BSS_REACH - from);
        gather(b, references, from, frames);
        filter(b);
        for (int64_t p = 0; p < b->signals; p++)
            add_energies(b, p, references[p / b->channels], estimates[p / b->channels], from,
                         frames, count, &sum[p / b->channels]);
    }
    for (int64_t s = 0; s < b->stems; s++)
        ratios[s] = silent ? (cleave_bss_ratios){NAN, NAN, NAN, NAN}
                           : (cleave_bss_ratios){
                                 .sdr_db = ratio_db(sum[s].source, sum[s].error),
                                 .isr_db = ratio_db(sum[s].source, sum[s].spatial),
                                 .sir_db = ratio_db(sum[s].image, sum[s].interference),
                                 .sar_db = ratio_db(sum[s].explained, sum[s].artifacts),
                             };
    cleave_cpu_mode_restore(mode);
}
