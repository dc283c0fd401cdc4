/* level.c: mean and deviation of a track's mono mix. */
#include "host/level.h"

#include <math.h>

static double mono(const float *frame, int32_t channels)
{
    double sum = 0;
    for (int32_t c = 0; c < channels; c++) {
        sum += frame[c];
    }
    return sum / channels;
}

void level_add(level_sum *sum, const float *interleaved, int64_t frames, int32_t channels)
{
    double mean = 0;
    double squares = 0;
    if (frames <= 0) {
        return;
    }
    for (int64_t i = 0; i < frames; i++) {
        mean += mono(interleaved + i * channels, channels);
    }
    mean /= (double)frames;
    for (int64_t i = 0; i < frames; i++) {
        double distance = mono(interleaved + i * channels, channels) - mean;
        squares += distance * distance;
    }
    double all = (double)(sum->frames + frames);
    double apart = mean - sum->mean;
    sum->squares += squares + apart * apart * (double)sum->frames * (double)frames / all;
    sum->mean += apart * (double)frames / all;
    sum->frames += frames;
}

double level_deviation(const level_sum *sum)
{
    return sum->frames > 1 ? sqrt(sum->squares / (double)(sum->frames - 1)) : 0;
}
