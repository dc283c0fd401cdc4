/* track.c: a song from its file through an engine to the files of its stems.
 *
 * Whoever has nothing to do waits until something changes: frames were pushed, frames were pulled,
 * a block was written. A change between a look at the engine and the wait is not missed, since they
 * are counted. */
#include "bench/gpu/track.h"
#include "host/level.h"
#include "host/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- changes --------------------------------------------------------------------------------- */
static void change(track *t)
{
    t->changes++;
    pthread_cond_broadcast(&t->changed);
}

/* Sets a flag, or counts, for others to see. */
static void tell(track *t, int *flag, int64_t *count)
{
    pthread_mutex_lock(&t->lock);
    if (flag)
        *flag = 1;
    if (count)
        ++*count;
    change(t);
    pthread_mutex_unlock(&t->lock);
}

static void fail(track *t, const char *message)
{
    pthread_mutex_lock(&t->lock);
    if (!t->failed)
        snprintf(t->message, sizeof t->message, "%s", message);
    t->failed = 1;
    change(t);
    pthread_mutex_unlock(&t->lock);
}

/* How many changes there were; a negative number: something has failed. */
static int64_t changes(track *t)
{
    pthread_mutex_lock(&t->lock);
    const int64_t seen = t->failed ? -1 : t->changes;
    pthread_mutex_unlock(&t->lock);
    return seen;
}

static void await_change(track *t, int64_t seen)
{
    pthread_mutex_lock(&t->lock);
    while (!t->failed && t->changes == seen)
        pthread_cond_wait(&t->changed, &t->lock);
    pthread_mutex_unlock(&t->lock);
}

/* Waits for the flag; 0 if something has failed. */
static int await_flag(track *t, const int *flag)
{
    pthread_mutex_lock(&t->lock);
    while (!t->failed && !*flag)
        pthread_cond_wait(&t->changed, &t->lock);
    const int good = !t->failed;
    pthread_mutex_unlock(&t->lock);
    return good;
}

/* ---- the reader ------------------------------------------------------------------------------ */
static int64_t read_block(track *t, audio_reader *reader, char *message)
{
    const double start = measure_seconds();
    const int64_t count = audio_reader_read(reader, t->in, TRACK_BLOCK_FRAMES, message);

    t->reading += measure_seconds() - start;
    return count;
}

static int push_block(track *t, int64_t frames)
{
    for (int64_t done = 0, count = 0; done < frames; done += count) {
        const int64_t seen = changes(t);
        if (seen < 0)
            return 0;
        cleave_push(t->engine, t->in + done * t->info.channels, frames - done, &count);
        if (count > 0)
            tell(t, NULL, NULL);
        else
            await_change(t, seen);
    }
    return 1;
}

/* Reads the whole song, for its level or into the engine. */
static int read_song(track *t, level_sum *level)
{
    char message[AUDIO_MESSAGE_BYTES];
    audio_reader *reader;
    int64_t count;
    int good = 1;

    if (audio_reader_open(&reader, t->song, NULL, message)) {
        fail(t, message);
        return 0;
    }
    while (good && (count = read_block(t, reader, message)) != 0) {
        if (count < 0)
            fail(t, message);
        else if (level)
            level_add(level, t->in, count, t->info.channels);
        good = count > 0 && (level || push_block(t, count));
    }
    audio_reader_close(&reader);
    return good;
}

static void *reader_run(void *argument)
{
    track *const t = argument;
    level_sum level = {0};

    if (t->normalizes) {
        if (!read_song(t, &level))
            return NULL;
        level_finish(&level, &t->mean, &t->deviation);
    }
    tell(t, &t->surveyed, NULL);
    if (await_flag(t, &t->pulling) && read_song(t, NULL)) {
        cleave_flush(t->engine);
        tell(t, NULL, NULL);
    }
    return NULL;
}

/* ---- the writer ------------------------------------------------------------------------------ */
static void stem_path(const track *t, int32_t stem, char path[TRACK_PATH_BYTES])
{
    snprintf(path, TRACK_PATH_BYTES, "%s/%d-%s.wav", t->folder, (int)t->number,
             t->info.stems[stem]);
}

/* Whether there is a block to write, which is waited for. */
static int next_block(track *t)
{
    pthread_mutex_lock(&t->lock);
    while (!t->failed && !t->pulled && t->filled == t->emptied)
        pthread_cond_wait(&t->changed, &t->lock);
    const int is_there = !t->failed && t->filled > t->emptied;
    pthread_mutex_unlock(&t->lock);
    return is_there;
}

static void write_blocks(track *t, audio_writer **writer)
{
    char message[AUDIO_MESSAGE_BYTES];

    while (next_block(t)) {
        const int64_t at = t->emptied % TRACK_BLOCKS;
        const double start = measure_seconds();
        for (int32_t s = 0; s < t->info.stem_count; s++)
            if (audio_writer_write(writer[s], t->stems[at][s], t->frames[at], message))
                fail(t, message);
        t->writing += measure_seconds() - start;
        tell(t, NULL, &t->emptied);
    }
}

static void *writer_run(void *argument)
{
    track *const t = argument;
    const audio_writer_config config = {
        .format = AUDIO_WAV, .rate_hz = t->info.rate_hz, .channels = t->info.channels, .bits = 16};
    audio_writer *writer[CLEAVE_STEMS_MAX] = {NULL};
    char path[TRACK_PATH_BYTES], message[AUDIO_MESSAGE_BYTES];
    int32_t opened = 0;

    for (; opened < t->info.stem_count; opened++) {
        stem_path(t, opened, path);
        if (audio_writer_open(&writer[opened], path, &config, message))
            break;
    }
    if (opened < t->info.stem_count)
        fail(t, message);
    else
        write_blocks(t, writer);
    const double start = measure_seconds();
    for (int32_t s = 0; s < opened; s++)
        if (audio_writer_finish(&writer[s], message))
            fail(t, message);
    t->writing += measure_seconds() - start;
    for (int32_t s = 0; s < opened; s++) {
        stem_path(t, s, path);
        unlink(path);
    }
    return NULL;
}

/* ---- the caller ------------------------------------------------------------------------------ */
int track_open(track *t, cleave_engine *engine, int normalizes, const char *song,
               const char *folder)
{
    *t = (track){.engine = engine, .normalizes = normalizes, .song = song, .folder = folder};
    cleave_engine_info_get(engine, &t->info);
    const size_t values = (size_t)(TRACK_BLOCK_FRAMES * t->info.channels);
    int good = (t->in = malloc(values * sizeof *t->in)) != NULL;

    for (int i = 0; i < TRACK_BLOCKS; i++)
        for (int32_t s = 0; s < t->info.stem_count; s++)
            good &= (t->stems[i][s] = malloc(values * sizeof *t->in)) != NULL;
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->changed, NULL);
    return good;
}

void track_end(track *t)
{
    if (t->busy)
        pthread_join(t->writer, NULL);
    t->busy = 0;
}

void track_thread(pthread_t *thread, void *(*run)(void *argument), void *argument)
{
    if (!pthread_create(thread, NULL, run, argument))
        return;
    fprintf(stderr, "no thread can be had\n");
    exit(1);
}

void track_close(track *t)
{
    track_end(t);
    for (int i = 0; i < TRACK_BLOCKS; i++)
        for (int32_t s = 0; s < t->info.stem_count; s++)
            free(t->stems[i][s]);
    free(t->in);
    pthread_cond_destroy(&t->changed);
    pthread_mutex_destroy(&t->lock);
}

void track_begin(track *t, int32_t number)
{
    track_end(t);
    t->number = number;
    t->filled = t->emptied = 0;
    t->surveyed = t->pulling = t->pulled = 0;
    track_thread(&t->reader, reader_run, t);
    track_thread(&t->writer, writer_run, t);
    t->busy = 1;
}

/* A place for the next block, which is waited for. */
static int next_place(track *t)
{
    pthread_mutex_lock(&t->lock);
    while (!t->failed && t->filled - t->emptied == TRACK_BLOCKS)
        pthread_cond_wait(&t->changed, &t->lock);
    const int is_there = !t->failed;
    pthread_mutex_unlock(&t->lock);
    return is_there;
}

/* The engine wants more frames. It may have made room for them in the same call, so the reader is
 * to look. */
static void await_frames(track *t, int64_t seen)
{
    pthread_mutex_lock(&t->lock);
    if (t->changes == seen) {
        change(t);
        while (!t->failed && t->changes == seen + 1)
            pthread_cond_wait(&t->changed, &t->lock);
    }
    pthread_mutex_unlock(&t->lock);
}

static cleave_status pull_block(track *t)
{
    const int64_t at = t->filled % TRACK_BLOCKS, seen = changes(t);
    const double start = measure_seconds();
    const cleave_status status =
        cleave_pull(t->engine, t->stems[at], TRACK_BLOCK_FRAMES, &t->frames[at]);

    t->in_pull += measure_seconds() - start;
    if (status == CLEAVE_OK)
        tell(t, NULL, &t->filled);
    else if (status == CLEAVE_AGAIN)
        await_frames(t, seen);
    return status;
}

static void fail_engine(track *t, cleave_status status)
{
    cleave_error error;

    cleave_engine_error(t->engine, &error);
    fail(t, error.status == CLEAVE_OK ? cleave_status_text(status) : error.message);
}

int track_separate(track *t)
{
    cleave_status status = CLEAVE_OK;

    if (await_flag(t, &t->surveyed)) {
        if (t->normalizes)
            cleave_normalize(t->engine, t->mean, t->deviation);
        tell(t, &t->pulling, NULL);
    }
    while (status >= 0 && status != CLEAVE_END && next_place(t))
        status = pull_block(t);
    if (status < 0)
        fail_engine(t, status);
    tell(t, &t->pulled, NULL);
    pthread_join(t->reader, NULL);
    cleave_reset(t->engine);
    return changes(t) >= 0;
}
