/* fx_line.c: a chain of effects on a whole track, frame for frame. */
#include "host/fx_line.h"

#include "host/fx_engine.h"
#include "host/spool.h"
#include "runtime/cleave_meter.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARTS_MAX (CLEAVE_FX_EFFECTS_MAX + 1)

/* The effects between two cuts. */
typedef struct line_part {
    cleave_fx *fx; /* NULL: none */
    int64_t latency, tail;
    int64_t skip; /* frames that are still to be dropped: of the latency */
    /* What follows is of a normalize behind it. */
    sample_spool *spool; /* NULL: there is none, and the next part goes on at once */
    cleave_meter *meter;
    fx_normalized normalized;
} line_part;

struct fx_line {
    fx_line_config config;
    int32_t part_count;
    line_part parts[PARTS_MAX];
    float *block; /* [block_frames_max][channels]: silence that flushes, frames of a spool */
    int64_t memory_bytes;
    cleave_meter_result measured; /* the last; too large for a stack */
    char message[AUDIO_MESSAGE_BYTES];
};

static int open_parts(fx_line *line, char *message);
static int open_part(fx_line *line, const cleave_fx_chain *chain, char *message);
static int open_cut(fx_line *line, const cleave_fx_effect *effect, char *message);
static int push(fx_line *line, int32_t index, float *interleaved, int32_t frames,
                fx_consumer consume, void *context);
static int flush(fx_line *line, int32_t index, fx_consumer consume, void *context);
static void measure(fx_line *line, line_part *part);
static int replay(fx_line *line, int32_t index, int (*interrupted)(void *context),
                  fx_consumer consume, void *context);

static int fail(fx_line *line, const char *what)
{
    snprintf(line->message, sizeof line->message, "%s: %s", what, strerror(errno));
    return -1;
}

int fx_line_open(fx_line **opened, const fx_line_config *config, char message[AUDIO_MESSAGE_BYTES])
{
    fx_line *line = calloc(1, sizeof *line);
    snprintf(message, AUDIO_MESSAGE_BYTES, "out of memory");
    if (line == NULL) {
        return -1;
    }
    line->config = *config;
    line->block =
        malloc((size_t)config->block_frames_max * (size_t)config->channels * sizeof *line->block);
    if (line->block == NULL || open_parts(line, message) != 0) {
        fx_line_close(&line);
        return -1;
    }
    line->config.chain = NULL;
    *opened = line;
    return 0;
}

int fx_line_push(fx_line *line, float *interleaved, int32_t frames, fx_consumer consume,
                 void *context)
{
    return push(line, 0, interleaved, frames, consume, context);
}

int fx_line_finish(fx_line *line, int (*interrupted)(void *context), fx_consumer consume,
                   void *context)
{
    int status = 0;
    for (int32_t i = 0; i < line->part_count && status == 0; i++) {
        status = flush(line, i, consume, context);
        if (status == 0 && line->parts[i].spool != NULL) {
            measure(line, &line->parts[i]);
            status = replay(line, i, interrupted, consume, context);
            spool_close(&line->parts[i].spool);
        }
    }
    return status;
}

const char *fx_line_error(const fx_line *line)
{
    return line->message;
}

void fx_line_info_get(const fx_line *line, fx_line_info *info)
{
    memset(info, 0, sizeof *info);
    info->memory_bytes = line->memory_bytes;
    for (int32_t i = 0; i < line->part_count; i++) {
        info->latency_frames += line->parts[i].latency;
        info->tail_frames += line->parts[i].tail;
        if (line->parts[i].meter != NULL) {
            info->normalized[info->normalized_count++] = line->parts[i].normalized;
        }
    }
}

void fx_line_close(fx_line **line)
{
    if (*line == NULL) {
        return;
    }
    for (int32_t i = 0; i < (*line)->part_count; i++) {
        cleave_fx_close(&(*line)->parts[i].fx);
        spool_close(&(*line)->parts[i].spool);
        free((*line)->parts[i].meter);
    }
    free((*line)->block);
    free(*line);
    *line = NULL;
}

/* Whether it is a fade, which begins a part: there frame 0 is the first of the track, whatever the
 * effects before it delay. One that ends with the track learns here when that is. */
static int is_fade(const fx_line *line, cleave_fx_effect *effect)
{
    int32_t end = fx_parameter(effect, "fade", "end");
    if (end >= 0 && effect->value[end] == 0.0 && line->config.frames > 0) {
        effect->value[end] = (double)line->config.frames / line->config.rate_hz;
    }
    return end >= 0;
}

static int open_parts(fx_line *line, char *message)
{
    const cleave_fx_chain *chain = line->config.chain;
    cleave_fx_chain *part = calloc(1, sizeof *part);
    int status = part != NULL ? 0 : -1;
    for (int32_t i = 0; i < chain->count && status == 0; i++) {
        cleave_fx_effect effect = chain->effect[i];
        int cuts = fx_is_whole(&effect);
        if (cuts || (is_fade(line, &effect) && part->count > 0)) {
            status = open_part(line, part, message);
            part->count = 0;
        }
        if (!cuts) {
            part->effect[part->count++] = effect;
        } else if (status == 0) {
            status = open_cut(line, &effect, message);
        }
    }
    if (status == 0) {
        status = open_part(line, part, message);
    }
    free(part);
    return status;
}

static int open_part(fx_line *line, const cleave_fx_chain *chain, char *message)
{
    line_part *part = &line->parts[line->part_count++];
    cleave_fx_info info;
    if (chain->count == 0) {
        return 0;
    }
    if (fx_engine_open(&part->fx, chain, line->config.rate_hz, line->config.channels, message) !=
        0) {
        return -1;
    }
    cleave_fx_info_get(part->fx, &info);
    part->latency = part->skip = info.latency_frames;
    part->tail = info.tail_frames;
    line->memory_bytes += (int64_t)info.memory.host_bytes;
    return 0;
}

/* The word that a parameter's value stands for, of "lufs|rms|peak". */
static void choice_of(const cleave_fx_parameter *parameter, double value, char word[8])
{
    const char *at = parameter->choices;
    for (int32_t i = 0; i < (int32_t)value && strchr(at, '|') != NULL; i++) {
        at = strchr(at, '|') + 1;
    }
    snprintf(word, 8, "%.*s", (int)strcspn(at, "|"), at);
}

/* Of the part that was opened last. */
static int open_cut(fx_line *line, const cleave_fx_effect *effect, char *message)
{
    line_part *part = &line->parts[line->part_count - 1];
    cleave_meter_config config;
    cleave_fx_kind kind;
    cleave_fx_at(effect->kind, &kind);
    int32_t target = fx_parameter(effect, kind.name, "target");
    int32_t unit = fx_parameter(effect, kind.name, "unit");
    part->normalized.target = target >= 0 ? effect->value[target] : 0.0;
    snprintf(part->normalized.unit, sizeof part->normalized.unit, "lufs");
    if (unit >= 0 && kind.parameters[unit].choices != NULL) {
        choice_of(&kind.parameters[unit], effect->value[unit], part->normalized.unit);
    }
    cleave_meter_config_default(line->config.rate_hz, line->config.channels, &config);
    size_t bytes = (cleave_meter_need(&config, NULL) + 63) / 64 * 64;
    void *memory = bytes > 0 ? aligned_alloc(64, bytes) : NULL;
    if (memory == NULL || cleave_meter_init(&config, memory, bytes, &part->meter) != CLEAVE_OK) {
        free(memory);
        return -1;
    }
    line->memory_bytes += (int64_t)bytes;
    if (spool_open(&part->spool, line->config.folder) != 0) {
        snprintf(message, AUDIO_MESSAGE_BYTES, "cannot open a temporary file in %s: %s",
                 line->config.folder, strerror(errno));
        return -1;
    }
    return 0;
}

/* A record of the spool: the count of frames, then their samples. */
static int keep(fx_line *line, line_part *part, const float *interleaved, int32_t frames)
{
    cleave_meter_push(part->meter, interleaved, frames);
    if (spool_write(part->spool, &frames, sizeof frames) != 0 ||
        spool_write(part->spool, interleaved,
                    (size_t)frames * (size_t)line->config.channels * sizeof(float)) != 0) {
        return fail(line, "a temporary file cannot be written");
    }
    return 0;
}

static int push(fx_line *line, int32_t index, float *interleaved, int32_t frames,
                fx_consumer consume, void *context)
{
    line_part *part = &line->parts[index];
    if (part->fx != NULL &&
        cleave_fx_process(part->fx, interleaved, interleaved, frames) != CLEAVE_OK) {
        snprintf(line->message, sizeof line->message, "the effects could not be computed");
        return -1;
    }
    int32_t dropped = part->skip < frames ? (int32_t)part->skip : frames;
    part->skip -= dropped;
    frames -= dropped;
    interleaved += (int64_t)dropped * line->config.channels;
    if (frames == 0) {
        return 0;
    }
    if (part->spool != NULL) {
        return keep(line, part, interleaved, frames);
    }
    return index + 1 < line->part_count
               ? push(line, index + 1, interleaved, frames, consume, context)
               : consume(context, interleaved, frames);
}

/* Silence that drives out what a part still has. */
static int flush(fx_line *line, int32_t index, fx_consumer consume, void *context)
{
    const line_part *part = &line->parts[index];
    int64_t left = part->latency + (line->config.with_tail ? part->tail : 0);
    while (left > 0) {
        int32_t frames =
            left < line->config.block_frames_max ? (int32_t)left : line->config.block_frames_max;
        memset(line->block, 0,
               (size_t)frames * (size_t)line->config.channels * sizeof *line->block);
        if (push(line, index, line->block, frames, consume, context) != 0) {
            return -1;
        }
        left -= frames;
    }
    return 0;
}

static void measure(fx_line *line, line_part *part)
{
    const cleave_meter_result *result = &line->measured;
    fx_normalized *normalized = &part->normalized;
    cleave_meter_finish(part->meter, &line->measured);
    normalized->measured = strcmp(normalized->unit, "rms") == 0    ? result->rms_dbfs
                           : strcmp(normalized->unit, "peak") == 0 ? result->peak_dbfs
                                                                   : result->integrated_lufs;
    normalized->gain_db =
        isfinite(normalized->measured) ? normalized->target - normalized->measured : 0.0;
}

static int replay(fx_line *line, int32_t index, int (*interrupted)(void *context),
                  fx_consumer consume, void *context)
{
    const line_part *part = &line->parts[index];
    float gain = (float)pow(10.0, part->normalized.gain_db / 20.0);
    int32_t frames = 0;
    int64_t place = 0;
    int status = 1;
    while (status > 0 && (status = spool_read(part->spool, &place, &frames, sizeof frames)) > 0) {
        int64_t count = (int64_t)frames * line->config.channels;
        if (interrupted != NULL && interrupted(context)) {
            return -1;
        }
        status = spool_read(part->spool, &place, line->block, (size_t)count * sizeof *line->block);
        if (status <= 0) {
            break;
        }
        for (int64_t i = 0; i < count; i++) {
            line->block[i] *= gain;
        }
        if (push(line, index + 1, line->block, frames, consume, context) != 0) {
            return -1;
        }
    }
    return status < 0 ? fail(line, "a temporary file cannot be read") : 0;
}
