/* dsp.c: the signal blocks of the demo song. */
#include "tools/song/dsp.h"

#include <math.h>
#include <stdlib.h>

noise noise_for(const song *s, uint64_t part)
{
    return (noise){s->seed * 0x9E3779B97F4A7C15u + (part << 40)};
}

double noise_next(noise *n)
{
    uint64_t z = n->state += 0x9E3779B97F4A7C15u;

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    return (double)(z >> 11) * 0x1p-52 - 1;
}

typedef struct angle {
    double cos_w, alpha;
} angle;

static angle angle_of(double hz, double q, double rate_hz)
{
    double w = 2 * M_PI * fmin(hz, 0.45 * rate_hz) / rate_hz;

    return (angle){cos(w), sin(w) / (2 * q)};
}

static void biquad_set(biquad *f, double b0, double b1, double b2, angle a)
{
    double scale = 1 / (1 + a.alpha);

    f->b0 = b0 * scale;
    f->b1 = b1 * scale;
    f->b2 = b2 * scale;
    f->a1 = -2 * a.cos_w * scale;
    f->a2 = (1 - a.alpha) * scale;
}

void biquad_lowpass(biquad *f, double hz, double q, double rate_hz)
{
    angle a = angle_of(hz, q, rate_hz);

    biquad_set(f, (1 - a.cos_w) / 2, 1 - a.cos_w, (1 - a.cos_w) / 2, a);
}

void biquad_highpass(biquad *f, double hz, double q, double rate_hz)
{
    angle a = angle_of(hz, q, rate_hz);

    biquad_set(f, (1 + a.cos_w) / 2, -1 - a.cos_w, (1 + a.cos_w) / 2, a);
}

void biquad_bandpass(biquad *f, double hz, double q, double rate_hz)
{
    angle a = angle_of(hz, q, rate_hz);

    biquad_set(f, a.alpha, 0, -a.alpha, a);
}

double biquad_next(biquad *f, double x)
{
    double y = f->b0 * x + f->z1;

    f->z1 = f->b1 * x - f->a1 * y + f->z2;
    f->z2 = f->b2 * x - f->a2 * y;
    return y;
}

double saw_next(double *phase, double hz, double rate_hz)
{
    double step = hz / rate_hz, x = *phase, y = 2 * x - 1;

    if (x < step) {
        double u = x / step - 1;
        y += u * u;
    } else if (x > 1 - step) {
        double u = (x - 1) / step + 1;
        y -= u * u;
    }
    *phase = x + step >= 1 ? x + step - 1 : x + step;
    return y;
}

void track_add(track *out, int64_t i, double x, double pan)
{
    double turn = (pan + 1) * (M_PI / 4);

    if (i < 0 || i >= out->frames)
        return;
    out->left[i] += (float)(M_SQRT2 * cos(turn) * x);
    out->right[i] += (float)(M_SQRT2 * sin(turn) * x);
}

#define ROOM_LINES      8
#define ROOM_LENGTH_MAX 16384 /* samples of the longest line: 85 ms at 192 kHz */

typedef struct room_line {
    int length, at;
    double gain, low; /* loss of one round; state of the damping low-pass */
    double samples[ROOM_LENGTH_MAX];
} room_line;

/* Delays in ms whose ratios are far from simple ones, so that the echoes do not pile up. */
static const double room_ms[ROOM_LINES] = {11.3, 13.7, 17.1, 19.9, 23.3, 27.7, 31.1, 36.7};

static void room_init(room_line *lines, double rate_hz, double size, double decay_s)
{
    for (int k = 0; k < ROOM_LINES; k++) {
        int length = (int)(room_ms[k] * 1e-3 * size * rate_hz);
        lines[k].length = length < 1 ? 1 : length > ROOM_LENGTH_MAX ? ROOM_LENGTH_MAX : length;
        lines[k].gain = pow(10, -3.0 * lines[k].length / (decay_s * rate_hz));
    }
}

/* One frame in, one frame out: out[0] left, out[1] right. */
static void room_next(room_line *lines, double pole, double left, double right, double out[2])
{
    double y[ROOM_LINES], sum = 0;

    out[0] = out[1] = 0;
    for (int k = 0; k < ROOM_LINES; k++) {
        room_line *line = &lines[k];
        line->low += (1 - pole) * (line->samples[line->at] - line->low);
        y[k] = line->gain * line->low;
        sum += y[k];
        out[k & 1] += k & 2 ? -y[k] : y[k];
    }
    for (int k = 0; k < ROOM_LINES; k++) {
        room_line *line = &lines[k];
        line->samples[line->at] = (k & 1 ? right : left) + y[k] - 2.0 / ROOM_LINES * sum;
        line->at = line->at + 1 == line->length ? 0 : line->at + 1;
    }
}

void track_room(const song *s, track *t, double size, double decay_s, double damp_hz, double wet)
{
    room_line *lines = calloc(ROOM_LINES, sizeof *lines);
    double pole = exp(-2 * M_PI * damp_hz / s->rate_hz), out[2];

    if (!lines)
        return; /* a dry song is still a song */
    room_init(lines, s->rate_hz, size, decay_s);
    for (int64_t i = 0; i < t->frames; i++) {
        room_next(lines, pole, t->left[i], t->right[i], out);
        t->left[i] += (float)(wet * out[0]);
        t->right[i] += (float)(wet * out[1]);
    }
    free(lines);
}
