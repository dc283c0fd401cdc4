/* level.c: mean and deviation of a track's mono mix. */
#include "host/level.h"

#include <math.h>

static void join_block(level_sum *sum)
{
    double mean = 0;
    double squares = 0;
    int32_t frames = sum->pending_count;
    for (int32_t i = 0; i < frames; i++) {
        mean += sum->pending[i];
    }
    mean /= frames;
    for (int32_t i = 0; i < frames; i++) {
        squares += (sum->pending[i] - mean) * (sum->pending[i] - mean);
    }
    double all = (double)(sum->frames + frames);
    double apart = mean - sum->mean;
    sum->squares += squares + apart * apart * (double)sum->frames * frames / all;
    sum->mean += apart * frames / all;
    sum->frames += frames;
    sum->pending_count = 0;
}

void level_add(level_sum *sum, const float *interleaved, int64_t frames, int32_t channels)
{
    for (int64_t i = 0; i < frames; i++) {
        double mono = 0;
        for (int32_t c = 0; c < channels; c++) {
            mono += interleaved[i * channels + c];
        }
        sum->pending[sum->pending_count++] = mono / channels;
        if (sum->pending_count == LEVEL_BLOCK_FRAMES) {
            join_block(sum);
        }
    }
}

void level_finish(level_sum *sum, double *mean, double *deviation)
{
    if (sum->pending_count > 0) {
        join_block(sum);
    }
    *mean = sum->mean;
    *deviation = sum->frames > 1 ? sqrt(sum->squares / (double)(sum->frames - 1)) : 0;
}
