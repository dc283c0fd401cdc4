/* analysis.c: one pass over a file: measures and pictures. */
#include "host/analysis.h"

#include "host/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_FRAMES 4096
#define SAMPLE_MAX   1e6f /* 120 dB above full scale: no sample of audio, as separate has it */

/* A file under way. */
typedef struct pass {
    analysis *done;
    const analysis_request *request;
    cleave_meter *meter; /* stands at the start of its memory */
    spectrogram_view *spectrogram;
    waveform_view *waveform;
    float *block;
} pass;

static int open_pass(pass *p, const char *path);
static int read_all(pass *p);
static int draw_all(pass *p);

int analysis_run(analysis *done, const char *path, const analysis_request *request)
{
    pass p = {.done = done, .request = request};
    double begun = report_now();
    *done = (analysis){.status = TRACK_DONE};
    snprintf(done->input, sizeof done->input, "%s", path);
    int status = open_pass(&p, path) != 0 || read_all(&p) != 0 || draw_all(&p) != 0 ? -1 : 0;
    spectrogram_view_close(&p.spectrogram);
    waveform_view_close(&p.waveform);
    free(p.meter);
    free(p.block);
    done->seconds = report_now() - begun;
    return status;
}

void analysis_free(analysis *done)
{
    if (done->reader != NULL) {
        audio_reader_close(&done->reader);
    }
    free(done->result);
    free(done->spectrogram.bytes);
    free(done->waveform.bytes);
    *done = (analysis){0};
}

int analysis_fail(analysis *done, track_status status, const char *sentence)
{
    size_t bytes = strlen(sentence);
    int length = (int)(bytes - (bytes > 0 && sentence[bytes - 1] == '.'));
    char cut[AUDIO_MESSAGE_BYTES];
    snprintf(cut, sizeof cut, "%.*s", length, sentence);
    memcpy(done->message, cut, sizeof cut);
    done->status = status;
    return -1;
}

static int fail_memory(pass *p)
{
    return analysis_fail(p->done, TRACK_UNSEPARABLE, "out of memory");
}

static int open_meter(pass *p, const audio_info *info)
{
    cleave_meter_config config;
    const char *why = NULL;
    cleave_meter_config_default(info->rate_hz, info->channels, &config);
    config.silence_rms = p->request->silence_rms;
    if (p->request->records_s > 0) {
        double frames = p->request->records_s * info->rate_hz;
        if (frames < CLEAVE_METER_RECORD_FRAMES_MIN || frames > CLEAVE_METER_RECORD_FRAMES_MAX) {
            char sentence[AUDIO_MESSAGE_BYTES];
            snprintf(sentence, sizeof sentence,
                     "%.200s: --records takes %.4f to %.4f seconds at its rate of %d Hz, not %g",
                     p->done->input, (double)CLEAVE_METER_RECORD_FRAMES_MIN / info->rate_hz,
                     (double)CLEAVE_METER_RECORD_FRAMES_MAX / info->rate_hz, (int)info->rate_hz,
                     p->request->records_s);
            return analysis_fail(p->done, TRACK_UNSEPARABLE, sentence);
        }
        config.record_frames = (int32_t)lrint(frames);
        config.on_record = p->request->on_record;
        config.user = p->request->context;
    }
    size_t bytes = cleave_meter_need(&config, &why);
    if (bytes == 0) {
        char sentence[AUDIO_MESSAGE_BYTES];
        snprintf(sentence, sizeof sentence, "%.200s: cannot be measured: %s", p->done->input,
                 why != NULL ? why : "its shape");
        return analysis_fail(p->done, TRACK_UNSEPARABLE, sentence);
    }
    void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (memory == NULL || cleave_meter_init(&config, memory, bytes, &p->meter) != CLEAVE_OK) {
        free(memory);
        return fail_memory(p);
    }
    if (p->request->wants_waveform) {
        p->waveform = waveform_view_open(info->rate_hz, info->channels, config.clip_level,
                                         config.clip_frames);
    }
    if (p->request->wants_spectrogram) {
        p->spectrogram =
            spectrogram_view_open(info->rate_hz, info->channels, info->frames, p->request->scale);
    }
    return (p->request->wants_waveform && p->waveform == NULL) ||
                   (p->request->wants_spectrogram && p->spectrogram == NULL)
               ? fail_memory(p)
               : 0;
}

static int open_pass(pass *p, const char *path)
{
    char message[AUDIO_MESSAGE_BYTES];
    if (audio_reader_open(&p->done->reader, path, p->request->raw, message) != 0) {
        return analysis_fail(p->done, TRACK_UNREADABLE, message);
    }
    const audio_info *info = audio_reader_info(p->done->reader);
    p->block = malloc(sizeof *p->block * BLOCK_FRAMES * (size_t)info->channels);
    p->done->result = malloc(sizeof *p->done->result);
    if (p->block == NULL || p->done->result == NULL) {
        return fail_memory(p);
    }
    return open_meter(p, info);
}

/* What no level is, as silence. */
static void replace_samples(pass *p, int64_t samples)
{
    for (int64_t i = 0; i < samples; i++) {
        if (!(fabsf(p->block[i]) <= SAMPLE_MAX)) {
            p->block[i] = 0;
            p->done->replaced_samples++;
        }
    }
}

static int read_all(pass *p)
{
    char message[AUDIO_MESSAGE_BYTES];
    int32_t channels = audio_reader_info(p->done->reader)->channels;
    int64_t frames = 0, got;
    while ((got = audio_reader_read(p->done->reader, p->block, BLOCK_FRAMES, message)) > 0) {
        replace_samples(p, got * channels);
        cleave_meter_push(p->meter, p->block, got);
        if (p->spectrogram != NULL) {
            spectrogram_view_push(p->spectrogram, p->block, got);
        }
        if (p->waveform != NULL) {
            waveform_view_push(p->waveform, p->block, got);
        }
        frames += got;
    }
    if (got < 0) {
        return analysis_fail(p->done, TRACK_UNREADABLE, message);
    }
    if (frames == 0) {
        snprintf(message, sizeof message, "%.400s: has no frames, so there is nothing to measure",
                 p->done->input);
        return analysis_fail(p->done, TRACK_UNREADABLE, message);
    }
    cleave_meter_finish(p->meter, p->done->result);
    return 0;
}

static int encode(pass *p, picture *drawn, int status, png_bytes *encoded)
{
    char message[PNG_MESSAGE_BYTES];
    if (status != 0) {
        return fail_memory(p);
    }
    status = png_encode(drawn, encoded, message);
    picture_free(drawn);
    return status == 0 ? 0 : analysis_fail(p->done, TRACK_UNWRITABLE, message);
}

static int draw_all(pass *p)
{
    picture drawn;
    const analysis_request *request = p->request;
    const char *title =
        strcmp(p->done->input, "-") == 0 ? "standard input" : output_base_name(p->done->input);
    if (p->spectrogram != NULL) {
        spectrogram_view_finish(p->spectrogram);
        int status = spectrogram_view_draw(p->spectrogram, title, request->range_db, &drawn);
        if (encode(p, &drawn, status, &p->done->spectrogram) != 0) {
            return -1;
        }
    }
    if (p->waveform != NULL) {
        int status = waveform_view_draw(p->waveform, title, request->waveform_scale, &drawn);
        return encode(p, &drawn, status, &p->done->waveform);
    }
    return 0;
}
