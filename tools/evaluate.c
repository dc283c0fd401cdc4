/* evaluate: how close separated stems come to the true ones.
 *
 *     evaluate --reference DIR --estimate DIR [--mixture FILE] [--json]
 *
 * For every estimated stem: SDR = 10 log10(sum s^2 / sum (s - e)^2) over all samples and channels
 * of the clip, the SDR that the untouched mixture would score as the estimate, the gain over it,
 * and the scale-invariant SDR (Le Roux et al., "SDR: half-baked or well done?", 2019). The
 * reference of "accompaniment", "no_vocals" and any other "no_X" may be absent: then it is the sum
 * of the other references. Files are streamed: any length, little memory. */
#include "host/audio.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEMS_MAX    16
#define NAME_BYTES   64
#define PATH_BYTES   4096
#define BLOCK_FRAMES 4096

typedef struct options {
    const char *reference, *estimate, *mixture;
    int json;
} options;

/* The sum of some files, read block by block. */
typedef struct source {
    audio_reader *reader[STEMS_MAX];
    int count;
    int32_t rate_hz, channels;
} source;

typedef struct score {
    char stem[NAME_BYTES];
    double sdr_db, mixture_db, si_sdr_db;
} score;

static int fail(const char *before, const char *what, const char *after)
{
    fprintf(stderr, "evaluate: %s%s%s\n", before, what, after);
    return -1;
}

/* ---- names ---- */

typedef struct names {
    char name[STEMS_MAX][NAME_BYTES];
    int count;
} names;

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* The stems of a folder: its .wav and .flac files but for the mixture, in order of their names. */
static int list_stems(const char *folder, names *out)
{
    DIR *open = opendir(folder);
    struct dirent *entry;

    out->count = 0;
    if (!open)
        return fail("cannot open the folder ", folder, "");
    while ((entry = readdir(open))) {
        const char *dot = strrchr(entry->d_name, '.');
        size_t length = dot ? (size_t)(dot - entry->d_name) : 0;
        if (!length || length >= NAME_BYTES || (strcmp(dot, ".wav") && strcmp(dot, ".flac")))
            continue;
        if (length == 7 && !strncmp(entry->d_name, "mixture", 7))
            continue;
        if (out->count == STEMS_MAX) {
            closedir(open);
            return fail("more than 16 stems in ", folder, "");
        }
        memcpy(out->name[out->count], entry->d_name, length);
        out->name[out->count++][length] = 0;
    }
    closedir(open);
    qsort(out->name, (size_t)out->count, sizeof *out->name, by_name);
    return out->count ? 0 : fail("no .wav or .flac file in ", folder, "");
}

static int listed(const names *all, const char *name)
{
    for (int i = 0; i < all->count; i++)
        if (!strcmp(all->name[i], name))
            return 1;
    return 0;
}

/* A reference that is the sum of others is no part of a sum itself. */
static int is_sum(const char *name)
{
    return !strcmp(name, "accompaniment") || !strncmp(name, "no_", 3);
}

/* ---- sources ---- */

static void source_close(source *s)
{
    for (int i = 0; i < s->count; i++)
        audio_reader_close(&s->reader[i]);
    s->count = 0;
}

static int source_add(source *s, const char *path)
{
    char message[AUDIO_MESSAGE_BYTES];
    const audio_info *info;

    if (s->count == STEMS_MAX || audio_reader_open(&s->reader[s->count], path, NULL, message))
        return fail(s->count == STEMS_MAX ? "too many stems" : message, "", "");
    info = audio_reader_info(s->reader[s->count++]);
    if (s->count > 1 && (info->rate_hz != s->rate_hz || info->channels != s->channels))
        return fail(path, "", " has another rate or channel count than its neighbours");
    s->rate_hz = info->rate_hz;
    s->channels = info->channels;
    return 0;
}

static int source_add_stem(source *s, const char *folder, const char *stem)
{
    char path[PATH_BYTES];
    FILE *file;

    for (int i = 0; i < 2; i++) {
        if ((size_t)snprintf(path, sizeof path, "%s/%s.%s", folder, stem, i ? "flac" : "wav") >=
            sizeof path)
            return fail("the path of ", stem, " is too long");
        file = fopen(path, "rb");
        if (file) {
            fclose(file);
            return source_add(s, path);
        }
    }
    fprintf(stderr, "evaluate: there is no %s.wav or %s.flac in %s\n", stem, stem, folder);
    return -1;
}

/* Opens the true stem, or the sum that it is. */
static int open_reference(source *s, const options *o, const names *all, const char *stem)
{
    const char *without = !strncmp(stem, "no_", 3) ? stem + 3 : "vocals";

    if (listed(all, stem) || !is_sum(stem))
        return source_add_stem(s, o->reference, stem);
    if (!listed(all, without))
        return fail("the sum of all but ", without, " needs a reference of that name");
    for (int i = 0; i < all->count; i++)
        if (strcmp(all->name[i], without) && !is_sum(all->name[i]))
            if (source_add_stem(s, o->reference, all->name[i]))
                return -1;
    return s->count ? 0 : fail("there is no reference to sum for the stem ", stem, "");
}

/* The mixture: the file named, else the reference folder's, else the sum of the references. */
static int open_mixture(source *s, const options *o, const names *all)
{
    char path[PATH_BYTES];
    FILE *file;

    if (o->mixture)
        return source_add(s, o->mixture);
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/mixture.%s", o->reference, i ? "flac" : "wav");
        file = fopen(path, "rb");
        if (file) {
            fclose(file);
            return source_add(s, path);
        }
    }
    for (int i = 0; i < all->count; i++)
        if (!is_sum(all->name[i]) && source_add_stem(s, o->reference, all->name[i]))
            return -1;
    return s->count ? 0 : fail("no mixture: give it with --mixture", "", "");
}

/* Reads a whole block unless the source ends. Returns the frames, -1 after a sentence. */
static int64_t source_read(source *s, double *sum)
{
    float block[BLOCK_FRAMES * AUDIO_CHANNELS_MAX];
    char message[AUDIO_MESSAGE_BYTES];
    int64_t frames = 0;

    memset(sum, 0, sizeof *sum * BLOCK_FRAMES * AUDIO_CHANNELS_MAX);
    for (int k = 0; k < s->count; k++) {
        int64_t filled = 0, got;
        while (filled < BLOCK_FRAMES &&
               (got = audio_reader_read(s->reader[k], block + filled * s->channels,
                                        BLOCK_FRAMES - filled, message)) != 0) {
            if (got < 0)
                return fail(message, "", "");
            filled += got;
        }
        if (k && filled != frames)
            return fail("the reference stems differ in length", "", "");
        frames = filled;
        for (int64_t i = 0; i < frames * s->channels; i++)
            sum[i] += block[i];
    }
    return frames;
}

/* ---- scores ---- */

typedef struct sums {
    double ss, se, ee,
        mm;       /* reference^2, reference * estimate, estimate^2; (reference - mixture)^2 */
    double noise; /* (reference - estimate)^2 */
} sums;

static double decibels(double signal, double noise)
{
    return signal == 0 && noise == 0 ? NAN : 10 * log10(signal / noise);
}

static int add_up(source streams[3], const char *stem, sums *out)
{
    static const char *const role[3] = {"reference", "estimate", "mixture"};
    double *block = malloc(3 * sizeof *block * BLOCK_FRAMES * AUDIO_CHANNELS_MAX);
    int64_t frames[3];
    int status = block ? 0 : fail("not enough memory", "", "");

    while (!status) {
        double *x[3];
        for (int k = 0; k < 3 && !status; k++) {
            x[k] = block + k * BLOCK_FRAMES * AUDIO_CHANNELS_MAX;
            frames[k] = source_read(&streams[k], x[k]);
            if (frames[k] < 0)
                status = -1;
            else if (frames[k] != frames[0])
                status = fail(stem, ": the reference differs in length from the ", role[k]);
        }
        if (status || frames[0] == 0)
            break;
        for (int64_t i = 0; i < frames[0] * streams[0].channels; i++) {
            double s = x[0][i], e = x[1][i], m = x[2][i];
            out->ss += s * s;
            out->se += s * e;
            out->ee += e * e;
            out->noise += (s - e) * (s - e);
            out->mm += (s - m) * (s - m);
        }
    }
    free(block);
    return status;
}

static int compare(source streams[3], score *out)
{
    sums sum = {0};

    for (int k = 1; k < 3; k++)
        if (streams[k].rate_hz != streams[0].rate_hz || streams[k].channels != streams[0].channels)
            return fail(out->stem, ": reference, estimate and mixture differ in rate or channels",
                        "");
    if (add_up(streams, out->stem, &sum))
        return -1;
    out->sdr_db = decibels(sum.ss, sum.noise);
    out->mixture_db = decibels(sum.ss, sum.mm);
    /* The reference scaled by se / ss is the part of the estimate along it. */
    double along = sum.ss > 0 ? sum.se * sum.se / sum.ss : 0;
    out->si_sdr_db = decibels(along, fmax(0, sum.ee - along));
    return 0;
}

static int evaluate_stem(const options *o, const names *references, const char *stem, score *out)
{
    source streams[3] = {0};
    int status;

    snprintf(out->stem, sizeof out->stem, "%s", stem);
    status = open_reference(&streams[0], o, references, stem) ||
             source_add_stem(&streams[1], o->estimate, stem) ||
             open_mixture(&streams[2], o, references) || compare(streams, out);
    for (int k = 0; k < 3; k++)
        source_close(&streams[k]);
    return status ? -1 : 0;
}

/* ---- the command ---- */

static void print_number(double value)
{
    if (isfinite(value))
        printf("%.4f", value);
    else
        printf("null"); /* JSON knows no infinity */
}

static void print_json(const score *scores, int count)
{
    printf("{\"stems\":[");
    for (int i = 0; i < count; i++) {
        printf("%s{\"stem\":\"%s\",\"sdr_db\":", i ? "," : "", scores[i].stem);
        print_number(scores[i].sdr_db);
        printf(",\"mixture_sdr_db\":");
        print_number(scores[i].mixture_db);
        printf(",\"gain_db\":");
        print_number(scores[i].sdr_db - scores[i].mixture_db);
        printf(",\"si_sdr_db\":");
        print_number(scores[i].si_sdr_db);
        printf("}");
    }
    printf("]}\n");
}

static void print_table(const score *scores, int count)
{
    printf("%-14s %8s %10s %8s %8s\n", "stem", "SDR dB", "mixture dB", "gain dB", "SI-SDR");
    for (int i = 0; i < count; i++)
        printf("%-14s %8.2f %10.2f %8.2f %8.2f\n", scores[i].stem, scores[i].sdr_db,
               scores[i].mixture_db, scores[i].sdr_db - scores[i].mixture_db, scores[i].si_sdr_db);
}

static int parse(int argc, char **argv, options *o)
{
    for (int i = 1; i < argc; i++) {
        const char **value = !strcmp(argv[i], "--reference")  ? &o->reference
                             : !strcmp(argv[i], "--estimate") ? &o->estimate
                             : !strcmp(argv[i], "--mixture")  ? &o->mixture
                                                              : NULL;
        if (!strcmp(argv[i], "--json"))
            o->json = 1;
        else if (value && i + 1 < argc)
            *value = argv[++i];
        else
            return fail(value ? "a value is missing after " : "unknown argument ", argv[i], "");
    }
    if (!o->reference || !o->estimate)
        return fail("usage: evaluate --reference DIR --estimate DIR [--mixture FILE] [--json]", "",
                    "");
    return 0;
}

int main(int argc, char **argv)
{
    options o = {0};
    names references, estimates;
    score scores[STEMS_MAX];

    if (parse(argc, argv, &o))
        return 2;
    if (list_stems(o.reference, &references) || list_stems(o.estimate, &estimates))
        return 1;
    for (int i = 0; i < estimates.count; i++)
        if (evaluate_stem(&o, &references, estimates.name[i], &scores[i]))
            return 1;
    if (o.json)
        print_json(scores, estimates.count);
    else
        print_table(scores, estimates.count);
    return 0;
}
