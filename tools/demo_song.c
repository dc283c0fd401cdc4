/* demo_song: synthesises a song of its own and keeps its true stems, so that a separation can be
 * measured.
 *
 *     demo_song OUTDIR [--seconds S] [--rate HZ] [--seed N]
 *
 * Writes vocals, drums, bass, other, accompaniment and mixture as 16-bit stereo WAV. The quantised
 * mixture is exactly the sum of the quantised stems. The same options give the same bytes. */
#include "host/audio.h"
#include "tools/song/dsp.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define BEATS_PER_MINUTE 108.0 /* nine bars are twenty seconds */
#define SECONDS_MAX      300.0
#define PEAK             0.89 /* of the mixture and of every stem: -1 dB */
#define BLOCK_FRAMES     4096

enum { VOCALS, DRUMS, BASS, OTHER, STEMS };

static const char *const stem_names[STEMS] = {"vocals", "drums", "bass", "other"};

/* Share of each stem in the energy of the song. 0.22 for the voice is -5.5 dB against the rest, as
 * in pop. */
static const double stem_shares[STEMS] = {0.22, 0.28, 0.24, 0.26};

typedef struct options {
    const char *folder;
    double seconds, rate_hz;
    uint64_t seed;
} options;

static int fail(const char *text, const char *what)
{
    fprintf(stderr, "demo_song: %s%s\n", text, what);
    return -1;
}

static int parse_number(const char *name, const char *text, double low, double high, double *out)
{
    char *end;
    double value = text ? strtod(text, &end) : 0;

    if (!text || end == text || *end || !(value >= low && value <= high)) {
        fprintf(stderr, "demo_song: %s takes a number from %.0f to %.0f\n", name, low, high);
        return -1;
    }
    *out = value;
    return 0;
}

static int parse(int argc, char **argv, options *o)
{
    double seed = 1;

    *o = (options){.seconds = 20, .rate_hz = 44100};
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        int failed = 0;
        if (!strcmp(argv[i], "--seconds"))
            failed = parse_number(argv[i++], value, 1, SECONDS_MAX, &o->seconds);
        else if (!strcmp(argv[i], "--rate"))
            failed = parse_number(argv[i++], value, 8000, 192000, &o->rate_hz);
        else if (!strcmp(argv[i], "--seed"))
            failed = parse_number(argv[i++], value, 0, 1e9, &seed);
        else if (argv[i][0] == '-' || o->folder)
            failed = fail("unknown argument ", argv[i]);
        else
            o->folder = argv[i];
        if (failed)
            return -1;
    }
    o->rate_hz = floor(o->rate_hz);
    o->seed = (uint64_t)seed;
    return o->folder ? 0 : fail("usage: demo_song OUTDIR [--seconds S] [--rate HZ] [--seed N]", "");
}

/* ---- rendering ---- */

static void render(const song *s, track stems[STEMS])
{
    song_render_voice(s, &stems[VOCALS], 0, 0, 0, 1);
    song_render_voice(s, &stems[VOCALS], 4, 4, -0.55,
                      0.3); /* a choir of two from the fifth bar on */
    song_render_voice(s, &stems[VOCALS], -5, 4, 0.55, 0.3);
    track_room(s, &stems[VOCALS], 1.1, 1.3, 4500, 0.09);
    song_render_drums(s, &stems[DRUMS]);
    song_render_bass(s, &stems[BASS]);
    song_render_pad(s, &stems[OTHER]);
    song_render_piano(s, &stems[OTHER]);
    song_render_arpeggio(s, &stems[OTHER]);
    track_room(s, &stems[OTHER], 1.0, 1.0, 5000, 0.07);
}

static void scale(track *t, double gain)
{
    for (int64_t i = 0; i < t->frames; i++) {
        t->left[i] = (float)(gain * t->left[i]);
        t->right[i] = (float)(gain * t->right[i]);
    }
}

static double energy(const track *t)
{
    double sum = 0;

    for (int64_t i = 0; i < t->frames; i++)
        sum += (double)t->left[i] * t->left[i] + (double)t->right[i] * t->right[i];
    return sum;
}

/* The song ends as records do: a short fade, so that no stem stops with a click. */
static void fade_out(const song *s, track *t)
{
    int64_t length = (int64_t)fmin(0.6 * s->rate_hz, (double)t->frames);

    for (int64_t i = 0; i < length; i++) {
        double gain = 0.5 - 0.5 * cos(M_PI * (double)i / (double)length);
        t->left[t->frames - 1 - i] *= (float)gain;
        t->right[t->frames - 1 - i] *= (float)gain;
    }
}

static double peak(const track stems[STEMS])
{
    double most = 0;

    for (int64_t i = 0; i < stems[0].frames; i++) {
        double left = 0, right = 0;
        for (int k = 0; k < STEMS; k++) {
            left += stems[k].left[i];
            right += stems[k].right[i];
            most = fmax(most, fmax(fabs(stems[k].left[i]), fabs(stems[k].right[i])));
        }
        most = fmax(most, fmax(fabs(left), fabs(right)));
    }
    return most;
}

/* Sets the faders by energy, then the level of the whole by its peak. */
static void balance(const song *s, track stems[STEMS])
{
    for (int k = 0; k < STEMS; k++) {
        fade_out(s, &stems[k]);
        double e = energy(&stems[k]);
        scale(&stems[k], e > 0 ? sqrt(stem_shares[k] / e) : 0);
    }
    double most = peak(stems);
    for (int k = 0; k < STEMS; k++)
        scale(&stems[k], most > 0 ? PEAK / most : 0);
}

/* ---- writing ---- */

/* One sample on the 16-bit grid. */
static double quantised(float x)
{
    return rint((double)x * 32768) / 32768;
}

/* Writes the sum of the stems in `set` (a bit a stem). */
static int write_sum(const options *o, const track stems[STEMS], unsigned set, const char *name)
{
    audio_writer_config config = {.format = AUDIO_WAV,
                                  .rate_hz = (int32_t)o->rate_hz,
                                  .channels = 2,
                                  .bits = 16,
                                  .vbr_quality = -1,
                                  .compression = -1};
    char path[4096], message[AUDIO_MESSAGE_BYTES] = "the path is too long";
    float block[2 * BLOCK_FRAMES];
    audio_writer *writer = NULL;

    if ((size_t)snprintf(path, sizeof path, "%s/%s.wav", o->folder, name) >= sizeof path ||
        audio_writer_open(&writer, path, &config, message))
        return fail(message, "");
    for (int64_t at = 0; at < stems[0].frames; at += BLOCK_FRAMES) {
        int64_t count = stems[0].frames - at < BLOCK_FRAMES ? stems[0].frames - at : BLOCK_FRAMES;
        for (int64_t i = 0; i < count; i++) {
            double left = 0, right = 0;
            for (int k = 0; k < STEMS; k++) {
                left += set >> k & 1 ? quantised(stems[k].left[at + i]) : 0;
                right += set >> k & 1 ? quantised(stems[k].right[at + i]) : 0;
            }
            block[2 * i] = (float)left;
            block[2 * i + 1] = (float)right;
        }
        if (audio_writer_write(writer, block, count, message)) {
            audio_writer_abort(&writer);
            return fail(message, "");
        }
    }
    return audio_writer_finish(&writer, message) ? fail(message, "") : 0;
}

static int make_folder(const char *folder)
{
    if (!mkdir(folder, 0777) || errno == EEXIST)
        return 0;
    fprintf(stderr, "demo_song: cannot make the folder %s: %s\n", folder, strerror(errno));
    return -1;
}

static int write_all(const options *o, const track stems[STEMS])
{
    unsigned all = (1u << STEMS) - 1;

    for (int k = 0; k < STEMS; k++)
        if (write_sum(o, stems, 1u << k, stem_names[k]))
            return -1;
    if (write_sum(o, stems, all & ~(1u << VOCALS), "accompaniment"))
        return -1;
    return write_sum(o, stems, all, "mixture");
}

int main(int argc, char **argv)
{
    options o;
    track stems[STEMS];
    float *samples;

    if (parse(argc, argv, &o))
        return 2;
    if (make_folder(o.folder))
        return 1;
    song s = {.rate_hz = o.rate_hz, .beat_s = 60 / BEATS_PER_MINUTE, .seed = o.seed};
    s.frames = (int64_t)(o.seconds * o.rate_hz);
    s.bars = (int)ceil(o.seconds / (SONG_BEATS_PER_BAR * s.beat_s) - 1e-9);
    samples = calloc((size_t)s.frames * 2 * STEMS, sizeof *samples);
    if (!samples)
        return fail("not enough memory for the song", "") ? 1 : 0;
    for (int k = 0; k < STEMS; k++)
        stems[k] =
            (track){samples + (2 * k) * s.frames, samples + (2 * k + 1) * s.frames, s.frames};
    render(&s, stems);
    balance(&s, stems);
    int failed = write_all(&o, stems);
    free(samples);
    return failed ? 1 : 0;
}
