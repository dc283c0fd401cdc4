/* compare_audio: are two files the same audio?
 *
 *     compare_audio A B [--shift N]
 *
 * Finds the shift of B against A that correlates best, up to N frames either way (default 4800),
 * and prints it with the largest difference and the signal-to-noise ratio over the frames that both
 * have at that shift. Exit status: 0 if the samples are equal at shift 0 and the lengths are too, 1
 * if not, 2 if they cannot be compared. */
#include "host/audio.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHIFT_MAX 96000
#define SEARCH_FRAMES                                                                              \
    65536 /* the shift is looked for in this many frames about the loudest place */

typedef struct clip {
    float *samples; /* [frames][channels] */
    int64_t frames;
    int32_t channels, rate_hz;
} clip;

static int fail(const char *what)
{
    fprintf(stderr, "compare_audio: %s\n", what);
    return -1;
}

static int append(clip *c, audio_reader *reader, const char *path)
{
    char message[AUDIO_MESSAGE_BYTES];
    int64_t room = 0, got;

    do {
        if (c->frames == room) {
            room = room ? 2 * room : 65536;
            float *more = realloc(c->samples, (size_t)(room * c->channels) * sizeof *more);
            if (!more)
                return fail("not enough memory for the whole file");
            c->samples = more;
        }
        got = audio_reader_read(reader, c->samples + c->frames * c->channels, room - c->frames,
                                message);
        c->frames += got > 0 ? got : 0;
    } while (got > 0);
    if (got < 0)
        return fail(message);
    if (!c->frames)
        fprintf(stderr, "compare_audio: %s has no frames\n", path);
    return c->frames ? 0 : -1;
}

static int load(clip *c, const char *path)
{
    char message[AUDIO_MESSAGE_BYTES];
    audio_reader *reader = NULL;
    int status;

    if (audio_reader_open(&reader, path, NULL, message))
        return fail(message);
    c->channels = audio_reader_info(reader)->channels;
    c->rate_hz = audio_reader_info(reader)->rate_hz;
    status = append(c, reader, path);
    audio_reader_close(&reader);
    return status;
}

static double mono(const clip *c, int64_t frame)
{
    double sum = 0;

    if (frame < 0 || frame >= c->frames)
        return 0;
    for (int32_t k = 0; k < c->channels; k++)
        sum += c->samples[frame * c->channels + k];
    return sum;
}

/* Where A is loudest: there the correlation means most. */
static int64_t loudest(const clip *a)
{
    double most = -1;
    int64_t at = 0;

    for (int64_t begin = 0; begin < a->frames; begin += SEARCH_FRAMES / 2) {
        double energy = 0;
        for (int64_t i = begin; i < begin + SEARCH_FRAMES && i < a->frames; i++)
            energy += mono(a, i) * mono(a, i);
        if (energy > most) {
            most = energy;
            at = begin;
        }
    }
    return at;
}

/* sum a[i] b[i + shift] / ||b||, every `step`th frame. */
static double likeness(const clip *a, const clip *b, int64_t at, int64_t shift, int64_t step)
{
    double ab = 0, bb = 1e-30;

    for (int64_t i = at; i < at + SEARCH_FRAMES && i < a->frames; i += step) {
        double y = mono(b, i + shift);
        ab += mono(a, i) * y;
        bb += y * y;
    }
    return ab / sqrt(bb);
}

static int64_t best_shift(const clip *a, const clip *b, int64_t reach)
{
    int64_t at = loudest(a), best = 0, step = reach > 256 ? 7 : 1;
    double most = likeness(a, b, at, 0, step) * (1 + 1e-9); /* equal likeness: no shift */

    for (int64_t shift = -reach; shift <= reach; shift++) {
        double value = likeness(a, b, at, shift, step);
        if (value > most) {
            most = value;
            best = shift;
        }
    }
    return best;
}

static int compare(const clip *a, const clip *b, int64_t shift)
{
    double signal = 0, noise = 0, most = 0;
    int64_t worst = 0, count = 0;

    for (int64_t i = 0; i < a->frames; i++) {
        if (i + shift < 0 || i + shift >= b->frames)
            continue;
        count++;
        for (int32_t k = 0; k < a->channels; k++) {
            double x = a->samples[i * a->channels + k],
                   d = x - b->samples[(i + shift) * a->channels + k];
            signal += x * x;
            noise += d * d;
            if (fabs(d) > most) {
                most = fabs(d);
                worst = i;
            }
        }
    }
    printf("frames         %lld and %lld, %lld compared\n", (long long)a->frames,
           (long long)b->frames, (long long)count);
    printf("shift          %lld frames\n", (long long)shift);
    printf("max difference %.9g at frame %lld\n", most, (long long)worst);
    if (noise > 0)
        printf("SNR            %.2f dB\n", 10 * log10(signal / noise));
    else
        printf("SNR            equal\n");
    return noise == 0 && shift == 0 && a->frames == b->frames && count > 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    clip a = {0}, b = {0};
    long reach = 4800;
    int status = 2;

    if (argc == 5 && !strcmp(argv[3], "--shift"))
        reach = strtol(argv[4], NULL, 10);
    if ((argc != 3 && argc != 5) || (argc == 5 && strcmp(argv[3], "--shift")) || reach < 0 ||
        reach > SHIFT_MAX)
        fail("usage: compare_audio A B [--shift N], N from 0 to 96000 frames");
    else if (!load(&a, argv[1]) && !load(&b, argv[2])) {
        if (a.channels != b.channels || a.rate_hz != b.rate_hz)
            fail("the files differ in rate or channels");
        else
            status = compare(&a, &b, best_shift(&a, &b, reach));
    }
    free(a.samples);
    free(b.samples);
    return status;
}
