/* songs.c: songs from file to file: decoding, copies, computing, blending and encoding at once.
 *
 * An engine has three tracks: one is being written, one separated, and of one the level is found.
 * Several engines share the songs and the GPU. */
#include "bench/gpu/gpu.h"
#include "bench/gpu/track.h"
#include "host/bench.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRACKS     3
#define SONG_BLOCK 8192

/* What is separated, and how. */
typedef struct order {
    const cleave_config *config;
    int normalizes;
    double song_seconds;
    int32_t count, at_once; /* songs, and engines */
    char folder[TRACK_PATH_BYTES / 2], song[TRACK_PATH_BYTES];
} order;

/* An engine, and its share of the songs. */
typedef struct lane {
    const order *order;
    int32_t first;
    cleave_engine *engine;
    cleave_engine_info info;
    cleave_stats before, after;
    track track[TRACKS];
    pthread_t thread;
    int good;
} lane;

static int complain(const char *message)
{
    printf("songs: %s\n", message);
    return 0;
}

/* ---- the song -------------------------------------------------------------------------------- */
static int64_t song_frames(const order *o)
{
    return (int64_t)(o->song_seconds * o->config->rate_hz);
}

static int write_song(const order *o, audio_writer *writer, char *message)
{
    const cleave_config *const config = o->config;
    const int64_t frames = song_frames(o);
    float *const block = malloc((size_t)(SONG_BLOCK * config->channels) * sizeof *block);
    int failed = block == NULL;

    if (failed)
        snprintf(message, AUDIO_MESSAGE_BYTES, "out of memory");
    for (int64_t at = 0; !failed && at < frames; at += SONG_BLOCK) {
        const int64_t count = cleave_i64_min(SONG_BLOCK, frames - at);
        bench_signal(block, at, count, config->channels, config->rate_hz);
        failed = audio_writer_write(writer, block, count, message);
    }
    free(block);
    return !failed;
}

/* A folder with the song in it. */
static int make_song(order *o)
{
    const audio_writer_config as = {.format = AUDIO_WAV,
                                    .rate_hz = o->config->rate_hz,
                                    .channels = o->config->channels,
                                    .bits = 16};
    const char *const place = getenv("TMPDIR");
    char message[AUDIO_MESSAGE_BYTES];
    audio_writer *writer;

    snprintf(o->folder, sizeof o->folder, "%s/cleave-songs-XXXXXX",
             place && *place ? place : "/tmp");
    if (!mkdtemp(o->folder))
        return complain("no folder can be made for the songs; TMPDIR says where");
    snprintf(o->song, sizeof o->song, "%s/song.wav", o->folder);
    if (audio_writer_open(&writer, o->song, &as, message))
        return complain(message);
    if (!write_song(o, writer, message)) {
        audio_writer_abort(&writer);
        return complain(message);
    }
    return !audio_writer_finish(&writer, message) || complain(message);
}

static void remove_song(const order *o)
{
    unlink(o->song);
    rmdir(o->folder);
}

/* ---- engines --------------------------------------------------------------------------------- */
static int lane_open(lane *l, const order *o, int32_t first)
{
    cleave_error error;
    int good = 1;

    *l = (lane){.order = o, .first = first};
    if (cleave_open(o->config, &l->engine, &error) != CLEAVE_OK)
        return complain(error.message);
    cleave_engine_info_get(l->engine, &l->info);
    for (int i = 0; i < TRACKS; i++)
        good &= track_open(&l->track[i], l->engine, o->normalizes, o->song, o->folder);
    return good || complain("out of memory");
}

static void lane_close(lane *l)
{
    for (int i = 0; i < TRACKS && l->engine; i++)
        track_close(&l->track[i]);
    cleave_close(&l->engine);
}

static void *lane_run(void *argument)
{
    lane *const l = argument;
    const order *const o = l->order;
    int at = 0;

    track_begin(&l->track[0], l->first);
    l->good = 1;
    for (int32_t n = l->first; n < o->count; n += o->at_once) {
        track *const now = &l->track[at];
        at = (at + 1) % TRACKS;
        if (n + o->at_once < o->count)
            track_begin(&l->track[at], n + o->at_once);
        l->good &= track_separate(now);
    }
    for (int i = 0; i < TRACKS; i++) {
        track_end(&l->track[i]);
        l->good &= !l->track[i].failed;
    }
    return NULL;
}

/* All lanes from the first song to the last: the wall time, or a negative number. */
static double run_lanes(lane *lanes, const order *o)
{
    int64_t frames = 0;
    int good = 1;

    for (int32_t j = 0; j < o->at_once; j++)
        cleave_engine_stats(lanes[j].engine, &lanes[j].before);
    const double start = measure_seconds();
    for (int32_t j = 0; j < o->at_once; j++)
        track_thread(&lanes[j].thread, lane_run, &lanes[j]);
    for (int32_t j = 0; j < o->at_once; j++)
        pthread_join(lanes[j].thread, NULL);
    const double seconds = measure_seconds() - start;
    for (int32_t j = 0; j < o->at_once; j++) {
        cleave_engine_stats(lanes[j].engine, &lanes[j].after);
        frames += (int64_t)(lanes[j].after.frames_out - lanes[j].before.frames_out);
        good &= lanes[j].good;
        for (int i = 0; i < TRACKS; i++)
            if (lanes[j].track[i].failed)
                complain(lanes[j].track[i].message);
    }
    if (good && frames != o->count * song_frames(o))
        good = complain("frames of the stems are missing");
    return good ? seconds : -1;
}

/* ---- rows ------------------------------------------------------------------------------------ */
static gpu_threads threads_of(const lane *lanes, int32_t count, double seconds)
{
    gpu_threads sum = {0};

    for (int32_t j = 0; j < count; j++) {
        const lane *const l = &lanes[j];
        const double waited = 1e-9 * (double)(l->after.compute_ns - l->before.compute_ns);
        sum.waiting += waited;
        sum.blending -= waited;
        for (int i = 0; i < TRACKS; i++) {
            sum.blending += l->track[i].in_pull;
            sum.decoding += l->track[i].reading;
            sum.encoding += l->track[i].writing;
        }
    }
    const double share = 1 / (seconds * count);
    return (gpu_threads){share * sum.waiting, share * sum.blending, share * sum.decoding,
                         share * sum.encoding};
}

static void put_row(const gpu *g, const order *o, const char *name, const lane *lanes,
                    double seconds, cleave_cost cost)
{
    const cleave_factors factors = (cleave_factors)o->config->precision;
    uint64_t segments = 0;
    char test[64];
    gpu_row row = {.group = "songs",
                   .name = name,
                   .test = test,
                   .precision = gpu_factors_name(factors),
                   .rated = factors,
                   .batch = lanes[0].info.batch,
                   .seconds = seconds / o->count,
                   .realtime = o->count * o->song_seconds / seconds,
                   .threads = threads_of(lanes, o->at_once, seconds)};

    snprintf(test, sizeof test, "%d of %.0f s, %d at a time", (int)o->count, o->song_seconds,
             (int)o->at_once);
    for (int32_t j = 0; j < o->at_once; j++) {
        segments += lanes[j].after.segments - lanes[j].before.segments;
        row.device_bytes += lanes[j].info.memory.device_bytes;
    }
    row.segments = (double)segments / seconds;
    row.cost = (cleave_cost){.flops = cost.flops * (double)segments / o->count,
                             .bytes = cost.bytes * (double)segments / o->count};
    gpu_row_put(g, &row);
}

/* Counting the cost of a segment computes one, which warms up what is to be warm. */
static int separate(const gpu *g, const char *name, const order *o)
{
    lane *const lanes = calloc((size_t)o->at_once, sizeof *lanes);
    cleave_cost cost = {0, 0};
    double seconds = -1;
    int good = lanes != NULL;

    for (int32_t j = 0; good && j < o->at_once; j++) {
        good = lane_open(&lanes[j], o, j);
        if (good)
            cost = gpu_segment_cost(lanes[j].engine, &lanes[j].info);
    }
    if (good && (seconds = run_lanes(lanes, o)) > 0)
        put_row(g, o, name, lanes, seconds, cost);
    for (int32_t j = 0; lanes && j < o->at_once; j++)
        lane_close(&lanes[j]);
    free(lanes);
    return seconds > 0;
}

/* How many segments of how many songs at a time. */
typedef struct way {
    int32_t batch, at_once;
} way;

static int run_model(const gpu *g, const bench_options *options, order *o, const way *ways,
                     int way_count)
{
    const char *const name = options->names[0];
    char stems[CLEAVE_STEMS_MAX][CLEAVE_NAME_BYTES];
    char message[CLEAVE_SENTENCE_BYTES];
    cleave_network_info info = {0};
    cleave_config config;
    open_model *model;

    if (!bench_open(options, &model, &config, stems, message)) {
        printf("songs: %s: %s\n", name, message);
        return 0;
    }
    if (config.network_count > 0)
        cleave_networks_describe(config.networks, config.network_count, &info, NULL);
    o->config = &config;
    o->normalizes = info.normalizes;
    int good = make_song(o);
    for (int i = 0; good && i < way_count; i++) {
        config.batch = ways[i].batch;
        o->at_once = ways[i].at_once;
        good = separate(g, name, o);
    }
    remove_song(o);
    model_close(&model);
    return good;
}

static bench_options options_for(const gpu *g, const char *name)
{
    return (bench_options){.kind = BENCH_MODEL,
                           .names = {name},
                           .name_count = 1,
                           .threads = 2,
                           .device = g->device,
                           .device_index = g->index};
}

void gpu_songs(gpu *g, char **words, int count)
{
    static const char *const models[] = {"htdemucs", "spleeter:4stems"};
    static const cleave_precision precisions[] = {CLEAVE_PRECISION_FP32, CLEAVE_PRECISION_BF16};
    static const way ways[] = {{1, 1}, {4, 1}, {4, 2}, {8, 2}};

    for (int m = 0; m < 2; m++)
        for (int p = 0; p < 2; p++) {
            bench_options options = options_for(g, models[m]);
            order o = {.song_seconds = 180, .count = 4};
            char name[64];
            options.synthetic = 1;
            options.precision = precisions[p];
            snprintf(name, sizeof name, "songs %s %s", models[m],
                     gpu_factors_name((cleave_factors)precisions[p]));
            if (gpu_wanted(g, name, words, count))
                run_model(g, &options, &o, ways, sizeof ways / sizeof ways[0]);
        }
}

int gpu_songs_try(gpu *g, const char *model)
{
    static const way ways[] = {{CLEAVE_BATCH_MAX, 1}, {2, 2}};
    bench_options options = options_for(g, model);
    order o = {.song_seconds = 1, .count = 3};

    options.segment_seconds = 0.3;
    return run_model(g, &options, &o, ways, sizeof ways / sizeof ways[0]);
}
