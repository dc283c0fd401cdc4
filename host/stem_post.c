/* stem_post.c: chains of effects on stems, in step. */
#include "host/stem_post.h"

#include "host/backlog.h"
#include "host/fx_engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One stem: its effects, and a delay that makes up for what others need longer. */
typedef struct post_stem {
    cleave_fx *fx; /* NULL: none */
    int64_t latency;
    backlog delay;
    int is_delayed;
} post_stem;

struct stem_post {
    int32_t stem_count, channels, block_frames_max;
    post_stem stems[CLEAVE_STEMS_MAX];
    int64_t latency;                  /* of all: the longest */
    int64_t skip;                     /* frames of it still to be dropped */
    float *silence[CLEAVE_STEMS_MAX]; /* [block_frames_max][channels] each */
};

static const char *chain_of(const cli_options *options, const char *stem)
{
    for (int32_t i = options->post_count - 1; i >= 0; i--) {
        if (strcmp(options->post_stems[i], stem) == 0) {
            return options->post_chains[i];
        }
    }
    return options->post;
}

static int check_names(const cli_options *options, char names[][CLEAVE_NAME_BYTES],
                       int32_t stem_count, char *message)
{
    for (int32_t i = 0; i < options->post_count; i++) {
        int32_t s = 0;
        while (s < stem_count && strcmp(names[s], options->post_stems[i]) != 0) {
            s++;
        }
        if (s == stem_count) {
            snprintf(message, AUDIO_MESSAGE_BYTES,
                     "--post is for the stem \"%s\", which is not written", options->post_stems[i]);
            return -1;
        }
    }
    return 0;
}

static int open_stem(post_stem *stem, const char *text, int32_t rate_hz, int32_t channels,
                     char *message)
{
    cleave_fx_info info;
    cleave_error error = {0};
    cleave_fx_chain chain;
    if (text == NULL) {
        return 0;
    }
    if (cleave_fx_parse(text, &chain, &error) != CLEAVE_OK) {
        snprintf(message, AUDIO_MESSAGE_BYTES, "%s", error.message);
        return -1;
    }
    if (chain.count == 0) {
        return 0;
    }
    if (fx_engine_open(&stem->fx, &chain, rate_hz, channels, message) != 0) {
        return -1;
    }
    cleave_fx_info_get(stem->fx, &info);
    stem->latency = info.latency_frames;
    return 0;
}

/* The delays, full of silence. */
static int fill_delays(stem_post *post)
{
    for (int32_t s = 0; s < post->stem_count; s++) {
        post_stem *stem = &post->stems[s];
        int64_t left = post->latency - stem->latency;
        stem->is_delayed = left > 0;
        while (left > 0) {
            int64_t frames = left < post->block_frames_max ? left : post->block_frames_max;
            if (backlog_push(&stem->delay, post->silence[s], frames * post->channels) != 0) {
                return -1;
            }
            left -= frames;
        }
    }
    return 0;
}

int stem_post_open(stem_post **opened, const cli_options *options, char names[][CLEAVE_NAME_BYTES],
                   int32_t stem_count, int32_t rate_hz, int32_t channels, int32_t block_frames_max,
                   char message[AUDIO_MESSAGE_BYTES])
{
    *opened = NULL;
    if (options->post == NULL && options->post_count == 0) {
        return 0;
    }
    if (check_names(options, names, stem_count, message) != 0) {
        return -1;
    }
    stem_post *post = calloc(1, sizeof *post);
    int status = post != NULL ? 0 : -1;
    snprintf(message, AUDIO_MESSAGE_BYTES, "out of memory");
    for (int32_t s = 0; s < stem_count && status == 0; s++) {
        post->stem_count = stem_count;
        post->channels = channels;
        post->block_frames_max = block_frames_max;
        post->silence[s] = calloc((size_t)block_frames_max * (size_t)channels, sizeof(float));
        status = post->silence[s] == NULL ? -1
                                          : open_stem(&post->stems[s], chain_of(options, names[s]),
                                                      rate_hz, channels, message);
        if (status == 0 && post->stems[s].latency > post->latency) {
            post->latency = post->skip = post->stems[s].latency;
        }
    }
    if (status == 0) {
        status = fill_delays(post);
    }
    if (status != 0) {
        stem_post_close(&post);
        return -1;
    }
    *opened = post;
    return 0;
}

int stem_post_push(stem_post *post, float *const *streams, int32_t frames, convert_consumer consume,
                   void *context)
{
    float *rest[CLEAVE_STEMS_MAX];
    int64_t count = (int64_t)frames * post->channels;
    int32_t dropped = post->skip < frames ? (int32_t)post->skip : frames;
    for (int32_t s = 0; s < post->stem_count; s++) {
        post_stem *stem = &post->stems[s];
        if (stem->fx != NULL &&
            cleave_fx_process(stem->fx, streams[s], streams[s], frames) != CLEAVE_OK) {
            return -1;
        }
        if (stem->is_delayed) {
            if (backlog_push(&stem->delay, streams[s], count) != 0) {
                return -1;
            }
            backlog_take(&stem->delay, streams[s], count);
        }
        rest[s] = streams[s] + (int64_t)dropped * post->channels;
    }
    post->skip -= dropped;
    return frames == dropped ? 0 : consume(context, rest, frames - dropped);
}

int stem_post_finish(stem_post *post, convert_consumer consume, void *context)
{
    int64_t left = post->latency;
    while (left > 0) {
        int32_t frames = left < post->block_frames_max ? (int32_t)left : post->block_frames_max;
        for (int32_t s = 0; s < post->stem_count; s++) {
            memset(post->silence[s], 0,
                   (size_t)frames * (size_t)post->channels * sizeof *post->silence[s]);
        }
        if (stem_post_push(post, post->silence, frames, consume, context) != 0) {
            return -1;
        }
        left -= frames;
    }
    return 0;
}

void stem_post_close(stem_post **post)
{
    if (*post == NULL) {
        return;
    }
    for (int32_t s = 0; s < (*post)->stem_count; s++) {
        cleave_fx_close(&(*post)->stems[s].fx);
        backlog_free(&(*post)->stems[s].delay);
        free((*post)->silence[s]);
    }
    free(*post);
    *post = NULL;
}
