/* signal.c: the synthetic stereo track. */
#include "tests/signal.h"

#include <math.h>

#define TURN 6.283185307179586476925

static uint64_t splitmix64(uint64_t x)
{
    uint64_t z = x + 0x9E3779B97F4A7C15u;

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* White in [-1, 1); the seed is the 64-bit FNV-1a hash of "noise". */
static double noise(int channel, int64_t n)
{
    uint64_t bits = splitmix64(0x6C092771D20768D1u + 2 * (uint64_t)n + (uint64_t)channel);

    return (double)(bits >> 40) * 0x1p-23 - 1;
}

/* One decaying note every half second, from a line of eight. */
static double bass(int64_t n)
{
    static const int semitones[8] = {0, 0, 7, 5, 3, 3, 10, 12};
    double since = (double)(n % 22050) / TEST_SIGNAL_RATE;
    double hz = 55 * exp2(semitones[n / 22050 % 8] / 12.0);

    return 0.25 * exp(-3 * since) * (sin(TURN * hz * since) + 0.5 * sin(TURN * 2 * hz * since));
}

static double voice(double t)
{
    double vibrato = sin(TURN * 5.5 * t);

    return 0.12 * (0.5 + 0.5 * sin(TURN * 0.7 * t)) *
           (sin(TURN * 440 * t + 6 * vibrato) + 0.4 * sin(TURN * 1320 * t + 18 * vibrato));
}

static double pad(int channel, double t)
{
    double sum = 0;

    for (int h = 1; h <= 8; h++)
        sum += sin(TURN * 220 * h * (1 + 0.0005 * h) * t + 0.3 * h + 1.1 * channel * h) / h;
    return sum;
}

int test_signal_sample(int channel, int64_t n)
{
    static const double gain[2][3] = {{0.9, 0.7, 1.0}, {1.0, 0.9, 0.6}};
    double t = (double)n / TEST_SIGNAL_RATE;
    double sweep =
        channel ? sin(TURN * (8000 * t - 300 * t * t)) : sin(TURN * (200 * t + 400 * t * t));
    double envelope = 0.3 * exp(-40 * (double)(n % 11025) / TEST_SIGNAL_RATE);
    double y = gain[channel][0] * bass(n) + gain[channel][1] * voice(t) + 0.06 * pad(channel, t) +
               0.08 * sweep + gain[channel][2] * envelope * noise(channel, n) + 0.01;
    double q = floor(32767 * y + 0.5);

    return (int)fmin(fmax(q, -32768), 32767);
}

void test_signal(int64_t first, int64_t count, int64_t stride, float *out)
{
    for (int channel = 0; channel < 2; channel++)
        for (int64_t i = 0; i < count; i++)
            out[channel * stride + i] = (float)test_signal_sample(channel, first + i) / 32768;
}
