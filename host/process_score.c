/* process_score.c: how near an output comes to its input: both files are decoded again, so that
 * what encoding lost counts too. */
#include "host/channels.h"
#include "host/convert.h"
#include "host/process_result.h"
#include "host/samples.h"
#include "host/score.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_FRAMES 8192

/* The two that are compared. */
typedef struct pair {
    audio_reader *input, *output;
    rate_converter *converter;
    cleave_quality *score;
    float *block, *mixed; /* of the input, as read and with the output's channels */
    float *other;         /* of the output */
    int32_t channels;     /* of the output */
} pair;

/* Reads as many frames of the output; one that ends before the input has no score. */
static int compare(void *context, float *const *streams, int32_t frames)
{
    pair *p = context;
    char message[AUDIO_MESSAGE_BYTES];
    for (int32_t done = 0; done < frames;) {
        int64_t got = audio_reader_read(p->output, p->other, frames - done, message);
        if (got <= 0) {
            return -1;
        }
        cleave_quality_push(p->score, streams[0] + (int64_t)done * p->channels, p->other, got);
        done += (int32_t)got;
    }
    return 0;
}

static int compare_all(pair *p, const channel_matrix *matrix, const process_result *result)
{
    char message[AUDIO_MESSAGE_BYTES];
    int64_t replaced = 0, got = 0;
    int status = 0;
    while (status == 0 &&
           (got = audio_reader_read(p->input, p->block, BLOCK_FRAMES, message)) > 0) {
        samples_clean(p->block, got * matrix->in, &replaced);
        channels_mix(matrix, p->block, p->mixed, got);
        status = convert_push(p->converter, &p->mixed, (int32_t)got, compare, p);
    }
    int64_t frames = convert_length(result->frames, result->rate_hz, result->encoding.rate_hz);
    return status == 0 && got == 0 ? convert_finish(p->converter, frames, compare, p) : -1;
}

static int open_pair(pair *p, const cli_options *options, const process_result *result)
{
    const audio_raw raw_output = {.rate_hz = result->encoding.rate_hz,
                                  .channels = result->encoding.channels};
    audio_raw raw = raw_output;
    char message[AUDIO_MESSAGE_BYTES];
    int32_t bits = result->encoding.bits;
    size_t frame_bytes = BLOCK_FRAMES * sizeof(float);
    strcpy(raw.format, bits == 16   ? "s16le"
                       : bits == 24 ? "s24le"
                       : bits == 32 ? "s32le"
                                    : "f32le");
    p->channels = result->encoding.channels;
    p->block = malloc(frame_bytes * (size_t)result->channels);
    p->mixed = malloc(frame_bytes * (size_t)p->channels);
    p->other = malloc(frame_bytes * (size_t)p->channels);
    p->score = score_open(p->channels);
    return p->block == NULL || p->mixed == NULL || p->other == NULL || p->score == NULL ||
                   audio_reader_open(&p->input, result->input,
                                     options->raw ? &options->raw_input : NULL, message) != 0 ||
                   audio_reader_open(&p->output, result->output,
                                     result->encoding.format == AUDIO_RAW ? &raw : NULL,
                                     message) != 0 ||
                   convert_open(&p->converter, 1, p->channels, result->rate_hz,
                                result->encoding.rate_hz, BLOCK_FRAMES, message) != 0
               ? -1
               : 0;
}

int process_score(const cli_options *options, process_result *result)
{
    pair p = {0};
    channel_matrix matrix;
    int64_t frames = convert_length(result->frames, result->rate_hz, result->encoding.rate_hz);
    int status = -1;
    if (strcmp(result->input, "-") == 0 || strcmp(result->output, "-") == 0 ||
        frames != result->output_frames) {
        return -1;
    }
    channels_matrix(&matrix, result->channels, result->encoding.channels);
    if (open_pair(&p, options, result) == 0) {
        status = compare_all(&p, &matrix, result);
    }
    if (status == 0) {
        cleave_quality_finish(p.score, &result->score);
    }
    audio_reader_close(&p.input);
    audio_reader_close(&p.output);
    convert_close(&p.converter);
    score_close(&p.score);
    free(p.block);
    free(p.mixed);
    free(p.other);
    return status;
}
