/* sink.c: the stems of one track on their way into files. */
#include "host/sink.h"

#include "host/jobs.h"
#include "host/samples.h"
#include "host/spool.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The largest value that a 16-bit integer holds, which every deeper format holds too. */
#define FULL_SCALE (32767.0 / 32768.0)

struct stem_sink {
    sink_config config;
    audio_writer *writers[CLEAVE_STEMS_MAX];
    int32_t finished; /* writers whose file is visible */
    sample_spool *spool;
    int to_stdout;
    sink_outcome outcome;
};

/* What the threads share that encode from the spool. */
typedef struct stem_replay {
    const stem_sink *sink;
    sink_interrupted interrupted;
    void *context;
    atomic_int stopped; /* one has failed, so the others need not go on */
    char messages[CLEAVE_STEMS_MAX][AUDIO_MESSAGE_BYTES];
} stem_replay;

static int open_writers(stem_sink *sink, char *message);
static void abort_writers(stem_sink *sink);
static int write_stems(stem_sink *sink, float *const *stems, int32_t frames, char *message);
static int spool_stems(stem_sink *sink, float *const *stems, int32_t frames, char *message);
static int replay(stem_sink *sink, sink_interrupted interrupted, void *context, char *message);
static void clip_samples(stem_sink *sink, float *samples, int64_t count);

static int refuse_errno(char *message, const char *what)
{
    snprintf(message, AUDIO_MESSAGE_BYTES, "%s: %s", what, strerror(errno));
    return -1;
}

int sink_open(stem_sink **opened, const sink_config *config, char message[AUDIO_MESSAGE_BYTES])
{
    stem_sink *sink = calloc(1, sizeof *sink);
    if (sink == NULL) {
        return refuse_errno(message, "cannot write");
    }
    sink->config = *config;
    sink->to_stdout = strcmp(config->paths[0], "-") == 0;
    sink->outcome.gain = 1.0;
    int failed = 0;
    if (config->clip == CLIP_RESCALE && spool_open(&sink->spool, config->folder) != 0) {
        failed = refuse_errno(message, "cannot open a temporary file in the output folder");
    }
    /* What went down a pipe cannot be taken back: there the gain comes first. */
    if (!failed && (sink->spool == NULL || !sink->to_stdout)) {
        failed = open_writers(sink, message);
    }
    if (failed) {
        sink_abort(&sink);
        return -1;
    }
    *opened = sink;
    return 0;
}

int sink_write(stem_sink *sink, float *const *stems, int32_t frames,
               char message[AUDIO_MESSAGE_BYTES])
{
    int64_t count = (int64_t)frames * sink->config.writer.channels;
    float peak = 0.0f;
    for (int32_t s = 0; s < sink->config.stem_count; s++) {
        peak = samples_peak(stems[s], count, peak);
    }
    if (peak > sink->outcome.peak) {
        sink->outcome.peak = peak;
    }
    if (sink->spool != NULL) {
        if (spool_stems(sink, stems, frames, message) != 0) {
            return -1;
        }
        if (sink->outcome.peak > 1.0) {
            abort_writers(sink);
        }
    }
    for (int32_t s = 0; s < sink->config.stem_count; s++) {
        clip_samples(sink, stems[s], count);
    }
    return sink->writers[0] != NULL ? write_stems(sink, stems, frames, message) : 0;
}

int sink_finish(stem_sink **handle, sink_outcome *outcome, sink_interrupted interrupted,
                void *context, char message[AUDIO_MESSAGE_BYTES])
{
    stem_sink *sink = *handle;
    int failed = 0;
    message[0] = '\0';
    if (sink->writers[0] == NULL) {
        if (sink->outcome.peak > 1.0) {
            sink->outcome.gain = FULL_SCALE / sink->outcome.peak;
        }
        failed =
            open_writers(sink, message) != 0 || replay(sink, interrupted, context, message) != 0;
    }
    for (int32_t s = 0; s < sink->config.stem_count && !failed; s++) {
        failed = audio_writer_finish(&sink->writers[s], message) != 0;
        sink->finished += !failed;
    }
    if (failed) {
        for (int32_t s = 0; s < sink->finished && !sink->to_stdout; s++) {
            unlink(sink->config.paths[s]);
        }
    } else {
        *outcome = sink->outcome;
    }
    sink_abort(handle);
    return failed ? -1 : 0;
}

void sink_abort(stem_sink **sink)
{
    if (*sink != NULL) {
        abort_writers(*sink);
        spool_close(&(*sink)->spool);
        free(*sink);
        *sink = NULL;
    }
}

static int open_writers(stem_sink *sink, char *message)
{
    for (int32_t s = 0; s < sink->config.stem_count; s++) {
        if (audio_writer_open(&sink->writers[s], sink->config.paths[s], &sink->config.writer,
                              message) != 0) {
            sink->writers[s] = NULL;
            return -1;
        }
    }
    return 0;
}

static void abort_writers(stem_sink *sink)
{
    for (int32_t s = 0; s < sink->config.stem_count; s++) {
        audio_writer_abort(&sink->writers[s]);
    }
}

static int write_stems(stem_sink *sink, float *const *stems, int32_t frames, char *message)
{
    for (int32_t s = 0; s < sink->config.stem_count; s++) {
        if (audio_writer_write(sink->writers[s], stems[s], frames, message) != 0) {
            return -1;
        }
    }
    return 0;
}

/* A record of the spool: the count of frames, then the samples of every stem. */
static int spool_stems(stem_sink *sink, float *const *stems, int32_t frames, char *message)
{
    size_t bytes = (size_t)frames * (size_t)sink->config.writer.channels * sizeof(float);
    int failed = spool_write(sink->spool, &frames, sizeof frames);
    for (int32_t s = 0; s < sink->config.stem_count && !failed; s++) {
        failed = spool_write(sink->spool, stems[s], bytes);
    }
    return failed ? refuse_errno(message, "cannot write the temporary file in the output folder")
                  : 0;
}

static int replay_from(stem_replay *all, int32_t stem, float *samples, char *message)
{
    const stem_sink *sink = all->sink;
    int64_t place = 0;
    int32_t frames = 0;
    int status = 1;
    while (status > 0 && (status = spool_read(sink->spool, &place, &frames, sizeof frames)) > 0) {
        int64_t count = (int64_t)frames * sink->config.writer.channels;
        int64_t bytes = count * (int64_t)sizeof(float);
        int64_t next = place + sink->config.stem_count * bytes;
        if (atomic_load(&all->stopped) || all->interrupted(all->context)) {
            return -1;
        }
        place += stem * bytes;
        status = spool_read(sink->spool, &place, samples, (size_t)bytes);
        for (int64_t i = 0; i < count && status > 0; i++) {
            samples[i] = (float)(samples[i] * sink->outcome.gain);
        }
        if (status > 0 && audio_writer_write(sink->writers[stem], samples, frames, message) != 0) {
            return -1;
        }
        place = next;
    }
    return status < 0 ? refuse_errno(message, "cannot read the temporary file in the output folder")
                      : 0;
}

static void replay_stem(void *context, int32_t job, int32_t stem)
{
    stem_replay *all = context;
    const sink_config *config = &all->sink->config;
    char *message = all->messages[stem];
    size_t count = (size_t)config->block_frames_max * (size_t)config->writer.channels;
    float *samples = malloc(count * sizeof *samples);
    (void)job;
    int failed = samples == NULL ? refuse_errno(message, "cannot write")
                                 : replay_from(all, stem, samples, message);
    if (failed) {
        atomic_store(&all->stopped, 1);
    }
    free(samples);
}

/* Encodes the stems from the spool, several at once. */
static int replay(stem_sink *sink, sink_interrupted interrupted, void *context, char *message)
{
    const sink_config *config = &sink->config;
    stem_replay all = {.sink = sink, .interrupted = interrupted, .context = context};
    int32_t jobs = config->threads < config->stem_count ? config->threads : config->stem_count;
    jobs_run(jobs, config->stem_count, &all.stopped, replay_stem, &all);
    for (int32_t s = 0; s < config->stem_count && message[0] == '\0'; s++) {
        memcpy(message, all.messages[s], AUDIO_MESSAGE_BYTES);
    }
    return atomic_load(&all.stopped) ? -1 : 0;
}

static void clip_samples(stem_sink *sink, float *samples, int64_t count)
{
    if (sink->config.clip == CLIP_CLAMP) {
        for (int64_t i = 0; i < count; i++) {
            sink->outcome.clipped += fabsf(samples[i]) > 1.0f;
            samples[i] = fminf(fmaxf(samples[i], -1.0f), 1.0f);
        }
    } else if (sink->config.clip == CLIP_TANH) {
        for (int64_t i = 0; i < count; i++) {
            samples[i] = tanhf(samples[i]);
        }
    }
}
