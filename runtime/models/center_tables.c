/* center_tables.c: the constant tensors of the centre method. */
#include "runtime/models/center_tables.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>

#include "runtime/cleave.h"

#define BASS_HZ    200.0
#define BASS_ORDER 4
#define KICK_GAIN  4.0f

void cleave_center_window(void *data, size_t bytes, const void *context)
{
    const int64_t n = (int64_t)(bytes / sizeof(float));
    float *const window = data;

    (void)context;
    for (int64_t i = 0; i < n; i++) {
        const double sine = sin(3.14159265358979323846 * (double)i / (double)n);
        window[i] = (float)(sine * sine);
    }
}

void cleave_center_prior(void *data, size_t bytes, const void *context)
{
    static const double hz[] = {60, 120, 200, 350, 600, 1000, 2000, 4000, 6000, 9000, 13000};
    static const double odds[] = {-7, -5.5, -2, -2, -2.5, -2.25, -2.75, -2, -2.75, -3.25, -3.5};
    const int knots = (int)(sizeof hz / sizeof hz[0]);
    const double *const width = context;
    float *const prior = data;

    for (int64_t f = 0; f < (int64_t)(bytes / sizeof(float)); f++) {
        const double x = fmin(fmax((double)f * *width, hz[0]), hz[knots - 1]);
        int k = 1;
        while (k < knots - 1 && hz[k] < x)
            k++;
        const double part = log(x / hz[k - 1]) / log(hz[k] / hz[k - 1]);
        prior[f] = (float)(odds[k - 1] + part * (odds[k] - odds[k - 1]));
    }
}

void cleave_center_kick(void *data, size_t bytes, const void *context)
{
    const double *const width = context;

    for (int64_t f = 0; f < (int64_t)(bytes / sizeof(float)); f++)
        ((float *)data)[f] = (double)f * *width < BASS_HZ ? KICK_GAIN : 1;
}

void cleave_center_bass(void *data, size_t bytes, const void *context)
{
    const double *const width = context;

    for (int64_t f = 0; f < (int64_t)(bytes / sizeof(float)); f++)
        ((float *)data)[f] = (float)(1 / (1 + pow((double)f * *width / BASS_HZ, 2 * BASS_ORDER)));
}

void cleave_center_downmix(void *data, size_t bytes, const void *context)
{
    /* -1: left only, 1: right only, 0: both. */
    static const int8_t place[CLEAVE_CHANNELS_MAX + 1][CLEAVE_CHANNELS_MAX] = {
        [3] = {-1, 1, 0},
        [4] = {-1, 1, -1, 1},
        [5] = {-1, 1, 0, -1, 1},
        [6] = {-1, 1, 0, 0, -1, 1},
        [7] = {-1, 1, 0, 0, 0, -1, 1},
        [8] = {-1, 1, 0, 0, -1, 1, -1, 1},
    };
    const int32_t C = *(const int32_t *)context;
    float *const matrix = data;

    assert(bytes == 2 * (size_t)C * sizeof(float));
    (void)bytes;
    for (int32_t c = 0; c < C; c++) {
        matrix[c] = place[C][c] < 0 ? 1 : place[C][c] > 0 ? 0 : 0.70710678f;
        matrix[C + c] = place[C][c] > 0 ? 1 : place[C][c] < 0 ? 0 : 0.70710678f;
    }
}
