/* quality.c: one estimate against its reference, in one pass. */
#include "runtime/cleave.h"

#include "kernels/elementwise/elementwise.h"
#include "kernels/pair_sums/pair_sums.h"
#include "kernels/stft/stft.h"
#include "runtime/cpu.h"
#include "runtime/kernel_call.h"

#include <math.h>
#include <string.h>

#define N      2048 /* of a transform */
#define HOP    1024
#define BINS   (N / 2 + 1)
#define FRAMES 16                       /* transforms of one block */
#define HELD   ((FRAMES - 1) * HOP + N) /* frames of audio under them */

#define FLOOR_POWER  1e-9 /* -90 dB, where 0 dB is a sine of full scale: less counts as this */
#define SNR_FULL_DB  30.0 /* where the score is full: an error of a thousandth of the energy */
#define SNR_SHARE    0.7
#define LEVEL_FACTOR 4.342944819032518 /* 10 / ln 10 */

struct cleave_quality {
    cleave_ops ops;
    int32_t channels;
    int64_t frames, held, summed; /* of the track; in `signal`; of these, in `time` */
    float *signal[2];             /* [C][HELD]: reference, estimate */
    float *level[2];              /* [C][FRAMES][BINS]: their levels above the floor, in dB */
    float *window;                /* [N] */
    float *spectra;               /* [C][2][FRAMES][BINS] */
    float *sums;                  /* [C * FRAMES][CLEAVE_PAIR_SUMS][2] */
    cleave_kernel_call stft, elementwise, pair_sums;
    double time[CLEAVE_PAIR_SUMS], levels[CLEAVE_PAIR_SUMS];
    double points; /* in `levels` */
};

static void take(cleave_quality *q, cleave_arena *arena);
static void block(cleave_quality *q, int64_t frames);
static void score(const cleave_quality *q, cleave_quality_scores *scores);

size_t cleave_quality_need(int32_t channels)
{
    cleave_quality counted = {.channels = channels};
    cleave_arena arena;

    if (channels < 1 || channels > CLEAVE_CHANNELS_MAX)
        return 0;
    cleave_arena_init(&arena, NULL, SIZE_MAX);
    cleave_arena_take(&arena, 1, sizeof counted);
    take(&counted, &arena);
    return arena.used;
}

cleave_status cleave_quality_init(int32_t channels, void *memory, size_t bytes,
                                  cleave_quality **quality)
{
    const size_t need = cleave_quality_need(channels);
    cleave_arena arena;

    if (need == 0 || memory == NULL || (uintptr_t)memory % CLEAVE_ALIGN_BYTES != 0)
        return CLEAVE_INVALID;
    if (bytes < need)
        return CLEAVE_NO_MEMORY;
    cleave_arena_init(&arena, memory, bytes);
    cleave_quality *q = cleave_arena_take(&arena, 1, sizeof *q);
    q->channels = channels;
    take(q, &arena);
    cleave_arena_seal(&arena);
    assert(!arena.failed);
    *quality = q;
    return CLEAVE_OK;
}

void cleave_quality_push(cleave_quality *q, const float *reference, const float *estimate,
                         int64_t frames)
{
    const uint64_t mode = cleave_cpu_mode_set();
    const int64_t channels = q->channels;

    for (int64_t done = 0; done < frames;) {
        const int64_t count = cleave_i64_min(HELD - q->held, frames - done);
        for (int64_t c = 0; c < channels; c++)
            for (int64_t i = 0; i < count; i++) {
                q->signal[0][c * HELD + q->held + i] = reference[(done + i) * channels + c];
                q->signal[1][c * HELD + q->held + i] = estimate[(done + i) * channels + c];
            }
        q->held += count;
        done += count;
        if (q->held == HELD)
            block(q, FRAMES);
    }
    q->frames += frames;
    cleave_cpu_mode_restore(mode);
}

void cleave_quality_finish(cleave_quality *q, cleave_quality_scores *scores)
{
    const uint64_t mode = cleave_cpu_mode_set();

    /* Every transform that begins inside the track, the last ones filled up with silence. */
    while (q->held > 0) {
        for (int64_t c = 0; c < q->channels; c++)
            for (int k = 0; k < 2; k++)
                memset(q->signal[k] + c * HELD + q->held, 0,
                       (size_t)(HELD - q->held) * sizeof(float));
        block(q, cleave_i64_min(cleave_div_up(q->held, HOP), FRAMES));
    }
    score(q, scores);
    q->frames = 0;
    q->held = q->summed = 0;
    memset(q->time, 0, sizeof q->time);
    memset(q->levels, 0, sizeof q->levels);
    q->points = 0;
    cleave_cpu_mode_restore(mode);
}

static cleave_stft_args stft_args(const cleave_quality *q, const float *signal, int64_t frames)
{
    /* The window's mean is a half: a sine of full scale has a bin of N / 4. */
    return (cleave_stft_args){.in = signal,
                              .window = q->window,
                              .out = q->spectra,
                              .channels = q->channels,
                              .length = HELD,
                              .in_stride = HELD,
                              .n = N,
                              .hop = HOP,
                              .frames = frames,
                              .bins = BINS,
                              .scale = 4.0f / N,
                              .pad = CLEAVE_STFT_PAD_ZERO,
                              .layout = CLEAVE_STFT_LAYOUT_TF};
}

static cleave_elementwise_args level_args(const float *spectrum, float *level, int64_t points)
{
    return (cleave_elementwise_args){.a = spectrum,
                                     .b = spectrum + points,
                                     .out = level,
                                     .points = points,
                                     .x = (float)LEVEL_FACTOR,
                                     .y = (float)(1 / FLOOR_POWER),
                                     .kind = CLEAVE_ELEMENTWISE_LEVEL};
}

static cleave_pair_sums_args pair_args(const cleave_quality *q, const float *const pair[2],
                                       int64_t rows, int64_t points, int64_t stride)
{
    return (cleave_pair_sums_args){.x = pair[0],
                                   .y = pair[1],
                                   .out = q->sums,
                                   .rows = rows,
                                   .points = points,
                                   .x_stride = stride,
                                   .y_stride = stride};
}

/* Takes what the object needs; on a counting arena all pointers stay NULL. */
static void take(cleave_quality *q, cleave_arena *arena)
{
    const size_t channels = (size_t)q->channels;
    const float *const none[2] = {NULL, NULL};

    cleave_ops_cpu(&q->ops, cleave_cpu_features());
    for (int k = 0; k < 2; k++) {
        q->signal[k] = cleave_arena_take(arena, channels * HELD, sizeof(float));
        q->level[k] = cleave_arena_take(arena, channels * FRAMES * BINS, sizeof(float));
    }
    q->window = cleave_arena_take(arena, N, sizeof(float));
    q->spectra = cleave_arena_take(arena, channels * 2 * FRAMES * BINS, sizeof(float));
    q->sums = cleave_arena_take(arena, channels * FRAMES * CLEAVE_PAIR_SUMS * 2, sizeof(float));
    for (int i = 0; i < N && q->window; i++)
        q->window[i] = (float)(0.5 - 0.5 * cos(6.283185307179586 * i / N));

    const cleave_stft_args stft = stft_args(q, NULL, FRAMES);
    const cleave_elementwise_args level = level_args(NULL, NULL, FRAMES * BINS);
    const cleave_pair_sums_args pair = pair_args(q, none, 1, 1, 1);
    cleave_kernel_call_init(&q->stft, &q->ops, CLEAVE_OP_STFT, &stft, arena);
    cleave_kernel_call_init(&q->elementwise, &q->ops, CLEAVE_OP_ELEMENTWISE, &level, arena);
    cleave_kernel_call_init(&q->pair_sums, &q->ops, CLEAVE_OP_PAIR_SUMS, &pair, arena);
}

/* Adds the sums of all rows, and the largest of their peaks. */
static void add_sums(const cleave_quality *q, const cleave_pair_sums_args *args,
                     double total[CLEAVE_PAIR_SUMS])
{
    cleave_kernel_call_run(&q->pair_sums, args);
    for (int64_t r = 0; r < args->rows; r++) {
        const float *row = q->sums + r * CLEAVE_PAIR_SUMS * 2;
        for (int k = 0; k < CLEAVE_PAIR_PEAK; k++)
            total[k] += cleave_pair_sum_of(row, (cleave_pair_sum)k);
        total[CLEAVE_PAIR_PEAK] =
            fmax(total[CLEAVE_PAIR_PEAK], cleave_pair_sum_of(row, CLEAVE_PAIR_PEAK));
    }
}

/* Sums the samples that are new and the levels of the first `frames` transforms, and moves on to
 * where the next one begins. */
static void block(cleave_quality *q, int64_t frames)
{
    const int64_t channels = q->channels, points = frames * BINS;

    if (q->held > q->summed) {
        const float *const pair[2] = {q->signal[0] + q->summed, q->signal[1] + q->summed};
        const cleave_pair_sums_args args = pair_args(q, pair, channels, q->held - q->summed, HELD);
        add_sums(q, &args, q->time);
    }
    for (int k = 0; k < 2; k++) {
        const cleave_stft_args stft = stft_args(q, q->signal[k], frames);
        cleave_kernel_call_run(&q->stft, &stft);
        for (int64_t c = 0; c < channels; c++) {
            const cleave_elementwise_args args =
                level_args(q->spectra + 2 * c * points, q->level[k] + c * points, points);
            cleave_kernel_call_run(&q->elementwise, &args);
        }
    }
    const float *const levels[2] = {q->level[0], q->level[1]};
    const cleave_pair_sums_args args = pair_args(q, levels, channels * frames, BINS, BINS);
    add_sums(q, &args, q->levels);
    q->points += (double)(channels * points);

    const int64_t left = cleave_i64_max(q->held - frames * HOP, 0);
    for (int64_t c = 0; c < channels && left > 0; c++)
        for (int k = 0; k < 2; k++)
            memmove(q->signal[k] + c * HELD, q->signal[k] + c * HELD + frames * HOP,
                    (size_t)left * sizeof(float));
    q->held = q->summed = left;
}

static double decibels(double signal, double noise)
{
    if (!(signal > 0))
        return noise > 0 ? -INFINITY : NAN;
    return noise > 0 ? 10 * log10(signal / noise) : INFINITY;
}

/* Pearson's correlation of the levels; 1 for two that do not vary and are equal. */
static double similarity(const cleave_quality *q)
{
    const double *s = q->levels, n = fmax(q->points, 1);
    const double x = s[CLEAVE_PAIR_XX] - s[CLEAVE_PAIR_X] * s[CLEAVE_PAIR_X] / n;
    const double y = s[CLEAVE_PAIR_YY] - s[CLEAVE_PAIR_Y] * s[CLEAVE_PAIR_Y] / n;
    const double xy =
        s[CLEAVE_PAIR_XX] + s[CLEAVE_PAIR_XD] - s[CLEAVE_PAIR_X] * s[CLEAVE_PAIR_Y] / n;

    if (s[CLEAVE_PAIR_DD] == 0)
        return 1;
    return x > 0 && y > 0 ? fmin(fmax(xy / (sqrt(x) * sqrt(y)), 0), 1) : 0;
}

static void score(const cleave_quality *q, cleave_quality_scores *scores)
{
    const double *s = q->time;
    const double samples = (double)q->frames * q->channels;
    /* The nearest multiple of x to y = x + d is a x with a = 1 + xd / xx, and what is left of y has
     * the energy dd - xd^2 / xx. */
    const double xx = s[CLEAVE_PAIR_XX], along = xx + s[CLEAVE_PAIR_XD];
    const double across = s[CLEAVE_PAIR_DD] - s[CLEAVE_PAIR_XD] * s[CLEAVE_PAIR_XD] / xx;

    *scores = (cleave_quality_scores){.frames = q->frames,
                                      .snr_db = xx > 0 ? decibels(xx, s[CLEAVE_PAIR_DD]) : NAN,
                                      .si_sdr_db = NAN,
                                      .reference_rms_db = decibels(xx, samples),
                                      .estimate_rms_db = decibels(s[CLEAVE_PAIR_YY], samples),
                                      .peak_difference = s[CLEAVE_PAIR_PEAK],
                                      .spectral_similarity = similarity(q)};
    if (xx > 0)
        scores->si_sdr_db = decibels(along * along / xx, fmax(across, 0));
    const double share = fmin(fmax(scores->snr_db / SNR_FULL_DB, 0), 1);
    scores->score = isnan(scores->snr_db)
                        ? NAN
                        : SNR_SHARE * share + (1 - SNR_SHARE) * scores->spectral_similarity;
}
