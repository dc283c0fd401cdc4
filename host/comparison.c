/* comparison.c: estimates of stems measured against their references. */
#include "host/comparison.h"

#include "host/score.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX    (2 * COMPARISON_STEMS_MAX)
#define BLOCK_FRAMES 8192
#define RATIOS       4

/* Samples beyond this (+120 dB) are no audio. */
#define LEVEL_MAX 1.0e6f

const figure_row comparison_figures[FIGURE_COUNT] = {
    [FIGURE_SDR] = {METRIC_SDR, "sdr_db", "SDR", 2},
    [FIGURE_SISDR] = {METRIC_SISDR, "si_sdr_db", "SI-SDR", 2},
    [FIGURE_SNR] = {METRIC_SNR, "snr_db", "SNR", 2},
    [FIGURE_BSS_SDR] = {METRIC_BSS, "bss_sdr_db", "BSS SDR", 2},
    [FIGURE_BSS_ISR] = {METRIC_BSS, "bss_isr_db", "ISR", 2},
    [FIGURE_BSS_SIR] = {METRIC_BSS, "bss_sir_db", "SIR", 2},
    [FIGURE_BSS_SAR] = {METRIC_BSS, "bss_sar_db", "SAR", 2},
    [FIGURE_SPECTRAL] = {METRIC_SPECTRAL, "spectral_similarity", "spectral", 3},
    [FIGURE_REFERENCE_RMS] = {METRIC_RMS, "reference_rms_db", "rms ref", 2},
    [FIGURE_ESTIMATE_RMS] = {METRIC_RMS, "estimate_rms_db", "rms est", 2},
    [FIGURE_RMS_DIFFERENCE] = {METRIC_RMS, "rms_difference_db", "est-ref", 2},
    [FIGURE_SCORE] = {METRIC_SNR | METRIC_SPECTRAL, "score", "score", 3},
};

/* The files of a pass: all references, then all estimates. */
typedef struct pass {
    comparison *compared;
    char *message;
    int32_t file_count;
    audio_reader *readers[FILES_MAX];
    float *blocks[FILES_MAX]; /* [block_frames][channels] */
    int64_t got[FILES_MAX];   /* frames in each */
    int64_t block_frames;
} pass;

static int measure(comparison *compared, cleave_bss *bss, char *message);
static int measure_windows(comparison *compared, cleave_bss *bss, char *message);
static void find_mean(comparison *compared);

static int refuse(char *message, const char *sentence)
{
    snprintf(message, AUDIO_MESSAGE_BYTES, "%s", sentence);
    return -1;
}

static const char *path_of(const comparison *compared, int32_t file)
{
    return file < compared->stem_count ? compared->stems[file].reference
                                       : compared->stems[file - compared->stem_count].estimate;
}

static void pass_close(pass *p)
{
    for (int32_t f = 0; f < p->file_count; f++) {
        audio_reader_close(&p->readers[f]);
        free(p->blocks[f]);
    }
}

/* All files alike. */
static int check_file(pass *p, int32_t file)
{
    comparison *compared = p->compared;
    const audio_info *info = audio_reader_info(p->readers[file]);
    if (file == 0) {
        compared->rate_hz = info->rate_hz;
        compared->channels = info->channels;
    }
    if (info->rate_hz != compared->rate_hz || info->channels != compared->channels) {
        snprintf(p->message, AUDIO_MESSAGE_BYTES,
                 "%s: it has %d Hz and %d channel%s, and %s has %d Hz and %d",
                 path_of(compared, file), info->rate_hz, info->channels,
                 info->channels == 1 ? "" : "s", path_of(compared, 0), compared->rate_hz,
                 compared->channels);
        return -1;
    }
    if (info->channels > CLEAVE_CHANNELS_MAX) {
        snprintf(p->message, AUDIO_MESSAGE_BYTES,
                 "%s: it has %d channels, and up to %d are compared", path_of(compared, file),
                 info->channels, CLEAVE_CHANNELS_MAX);
        return -1;
    }
    return 0;
}

/* block_frames 0: a second. On failure too pass_close() is due. */
static int pass_open(pass *p, comparison *compared, int64_t block_frames, char *message)
{
    memset(p, 0, sizeof *p);
    p->compared = compared;
    p->message = message;
    for (int32_t f = 0; f < 2 * compared->stem_count; f++) {
        p->file_count = f + 1;
        if (audio_reader_open(&p->readers[f], path_of(compared, f), NULL, message) != 0 ||
            check_file(p, f) != 0) {
            return -1;
        }
        p->block_frames = block_frames > 0 ? block_frames : compared->rate_hz;
        p->blocks[f] = malloc((size_t)p->block_frames * (size_t)compared->channels * sizeof(float));
        if (p->blocks[f] == NULL) {
            return refuse(message, "out of memory");
        }
    }
    return 0;
}

/* Fills a block up to its end or that of the file. */
static int read_file(pass *p, int32_t file)
{
    int32_t channels = p->compared->channels;
    float *block = p->blocks[file];
    int64_t got = 1;
    p->got[file] = 0;
    while (p->got[file] < p->block_frames && got > 0) {
        got = audio_reader_read(p->readers[file], block + p->got[file] * channels,
                                p->block_frames - p->got[file], p->message);
        p->got[file] += got > 0 ? got : 0;
    }
    for (int64_t i = 0; i < p->got[file] * channels; i++) {
        /* Written so that a NaN fails it. */
        if (!(fabsf(block[i]) <= LEVEL_MAX)) {
            block[i] = 0.0f;
            p->compared->replaced_samples++;
        }
    }
    return got < 0 ? -1 : 0;
}

/* The next block of every file; *frames is what all of them have of it. */
static int pass_read(pass *p, int64_t *frames)
{
    *frames = p->block_frames;
    for (int32_t f = 0; f < p->file_count; f++) {
        if (read_file(p, f) != 0) {
            return -1;
        }
        *frames = p->got[f] < *frames ? p->got[f] : *frames;
    }
    return 0;
}

int comparison_run(comparison *compared, char message[AUDIO_MESSAGE_BYTES])
{
    pass first;
    void *memory = NULL;
    cleave_bss *bss = NULL;
    /* Rate and channels must be known before anything is measured. */
    int status = pass_open(&first, compared, 1, message);
    pass_close(&first);
    if (status == 0 && (compared->metrics & METRIC_BSS) != 0) {
        size_t bytes = cleave_bss_need(compared->stem_count, compared->channels);
        if (bytes == 0) {
            snprintf(message, AUDIO_MESSAGE_BYTES,
                     "bss takes up to %d channels of all stems together, not %d of %d; "
                     "--metrics chooses others",
                     CLEAVE_BSS_SIGNALS_MAX, compared->stem_count, compared->channels);
            return -1;
        }
        memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
        if (memory == NULL || cleave_bss_init(compared->stem_count, compared->channels, memory,
                                              bytes, &bss) != CLEAVE_OK) {
            status = refuse(message, "out of memory");
        }
    }
    if (status == 0) {
        status = measure(compared, bss, message);
    }
    if (status == 0 && bss != NULL && cleave_bss_solve(bss) == CLEAVE_OK) {
        status = measure_windows(compared, bss, message);
    }
    free(memory);
    find_mean(compared);
    return status;
}

void comparison_free(comparison *compared)
{
    for (int32_t s = 0; s < compared->stem_count; s++) {
        free(compared->stems[s].name);
        free(compared->stems[s].reference);
        free(compared->stems[s].estimate);
    }
    compared->stem_count = 0;
}

/* One file has ended: what the others have beyond it, up to a second. */
static int check_lengths(pass *p, int64_t common)
{
    comparison *compared = p->compared;
    int32_t shortest = 0;
    for (int32_t f = 0; f < p->file_count; f++) {
        shortest = p->got[f] < p->got[shortest] ? f : shortest;
    }
    for (int32_t f = 0; f < p->file_count; f++) {
        int64_t excess = p->got[f] - common;
        while (p->got[f] > 0 && excess <= compared->rate_hz) {
            if (read_file(p, f) != 0) {
                return -1;
            }
            excess += p->got[f];
        }
        if (excess > compared->rate_hz) {
            snprintf(p->message, AUDIO_MESSAGE_BYTES,
                     "%s: it is longer than %s by more than a second", path_of(compared, f),
                     path_of(compared, shortest));
            return -1;
        }
        compared->excess_s = fmax(compared->excess_s, (double)excess / compared->rate_hz);
    }
    return 0;
}

static void push_block(pass *p, cleave_quality **scores, cleave_bss *bss, int64_t frames)
{
    int32_t stems = p->compared->stem_count;
    for (int32_t s = 0; s < stems; s++) {
        cleave_quality_push(scores[s], p->blocks[s], p->blocks[stems + s], frames);
    }
    if (bss != NULL) {
        cleave_bss_correlate(bss, (const float *const *)p->blocks,
                             (const float *const *)p->blocks + stems, frames);
    }
}

static int measure_files(pass *p, cleave_quality **scores, cleave_bss *bss)
{
    comparison *compared = p->compared;
    int64_t frames = p->block_frames;
    while (frames == p->block_frames) {
        if (pass_read(p, &frames) != 0) {
            return -1;
        }
        push_block(p, scores, bss, frames);
        compared->frames += frames;
    }
    if (check_lengths(p, frames) != 0) {
        return -1;
    }
    if (compared->frames == 0) {
        return refuse(p->message, "there is a file without audio frames");
    }
    return 0;
}

static void keep_scores(compared_stem *stem, const cleave_quality_scores *scores)
{
    double *values = stem->values;
    values[FIGURE_SDR] = values[FIGURE_SNR] = scores->snr_db;
    values[FIGURE_SISDR] = scores->si_sdr_db;
    values[FIGURE_SPECTRAL] = scores->spectral_similarity;
    values[FIGURE_REFERENCE_RMS] = scores->reference_rms_db;
    values[FIGURE_ESTIMATE_RMS] = scores->estimate_rms_db;
    values[FIGURE_RMS_DIFFERENCE] = scores->estimate_rms_db - scores->reference_rms_db;
    values[FIGURE_SCORE] = scores->score;
    for (int32_t k = 0; k < RATIOS; k++) {
        values[FIGURE_BSS_SDR + k] = NAN;
    }
}

/* The first pass. */
static int measure(comparison *compared, cleave_bss *bss, char *message)
{
    cleave_quality *scores[COMPARISON_STEMS_MAX] = {NULL};
    pass p;
    int status = pass_open(&p, compared, BLOCK_FRAMES, message);
    for (int32_t s = 0; s < compared->stem_count && status == 0; s++) {
        scores[s] = score_open(compared->channels);
        status = scores[s] != NULL ? 0 : refuse(message, "out of memory");
    }
    if (status == 0) {
        status = measure_files(&p, scores, bss);
    }
    for (int32_t s = 0; s < compared->stem_count; s++) {
        if (status == 0) {
            cleave_quality_scores figures;
            cleave_quality_finish(scores[s], &figures);
            keep_scores(&compared->stems[s], &figures);
        }
        score_close(&scores[s]);
    }
    pass_close(&p);
    return status;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of numbers and infinities; sorts them. */
static double median(double *values, int32_t count)
{
    if (count == 0) {
        return NAN;
    }
    qsort(values, (size_t)count, sizeof *values, by_value);
    double low = values[(count - 1) / 2], high = values[count / 2];
    return low == high ? low : (low + high) / 2;
}

/* ratios: [stem][RATIOS][windows] */
static int measure_each_window(pass *p, cleave_bss *bss, double *ratios)
{
    comparison *compared = p->compared;
    int32_t stems = compared->stem_count;
    int32_t kept = 0;
    for (int32_t w = 0; w < compared->windows; w++) {
        cleave_bss_ratios of_stem[COMPARISON_STEMS_MAX];
        int64_t frames = 0;
        if (pass_read(p, &frames) != 0) {
            return -1;
        }
        cleave_bss_window(bss, (const float *const *)p->blocks,
                          (const float *const *)p->blocks + stems, frames, of_stem);
        for (int32_t s = 0; s < stems; s++) {
            double *to = ratios + (int64_t)s * RATIOS * compared->windows + kept;
            to[0] = of_stem[s].sdr_db;
            to[compared->windows] = of_stem[s].isr_db;
            to[2 * (int64_t)compared->windows] = of_stem[s].sir_db;
            to[3 * (int64_t)compared->windows] = of_stem[s].sar_db;
        }
        kept += !isnan(of_stem[0].sdr_db);
    }
    compared->windows_measured = kept;
    for (int32_t s = 0; s < stems; s++) {
        for (int32_t k = 0; k < RATIOS; k++) {
            compared->stems[s].values[FIGURE_BSS_SDR + k] =
                median(ratios + ((int64_t)s * RATIOS + k) * compared->windows, kept);
        }
    }
    return 0;
}

/* The second pass: windows of a second; a rest of less is left out, but not all of a short track.
 */
static int measure_windows(comparison *compared, cleave_bss *bss, char *message)
{
    int64_t replaced = compared->replaced_samples;
    int64_t windows = compared->frames / compared->rate_hz;
    int64_t window = windows > 0 ? compared->rate_hz : compared->frames;
    pass p;
    compared->windows = windows > 0 ? (int32_t)windows : 1;
    double *ratios =
        malloc((size_t)compared->windows * RATIOS * (size_t)compared->stem_count * sizeof *ratios);
    int status = ratios != NULL ? 0 : refuse(message, "out of memory");
    if (status == 0) {
        status = pass_open(&p, compared, window, message);
        status = status == 0 ? measure_each_window(&p, bss, ratios) : status;
        pass_close(&p);
    }
    free(ratios);
    compared->replaced_samples = replaced;
    return status;
}

static void find_mean(comparison *compared)
{
    for (int32_t k = 0; k < FIGURE_COUNT; k++) {
        double sum = 0;
        int32_t count = 0;
        for (int32_t s = 0; s < compared->stem_count; s++) {
            if (!isnan(compared->stems[s].values[k])) {
                sum += compared->stems[s].values[k];
                count++;
            }
        }
        compared->mean[k] = count > 0 ? sum / count : NAN;
    }
}
