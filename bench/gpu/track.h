/* track.h: a song on its way through an engine, from a WAV file to those of its stems, 16 bits: one
 * thread reads and pushes, the caller's pulls, a third writes. */
#ifndef CLEAVE_BENCH_GPU_TRACK_H
#define CLEAVE_BENCH_GPU_TRACK_H

#include "host/audio.h"
#include "runtime/cleave.h"

#include <pthread.h>

#define TRACK_BLOCK_FRAMES 16384
#define TRACK_BLOCKS       8 /* that wait for the writer at most */
#define TRACK_PATH_BYTES   512

typedef struct track {
    cleave_engine *engine;
    cleave_engine_info info;
    int normalizes;     /* not 0: the song is read once before, for its level */
    const char *song;   /* a file of the engine's rate and channels */
    const char *folder; /* of the stems, which are removed when they are complete */
    int32_t number;     /* in the names of the stems */
    float *in;          /* of the reader */
    float *stems[TRACK_BLOCKS][CLEAVE_STEMS_MAX];
    int64_t frames[TRACK_BLOCKS];
    pthread_t reader, writer;
    int busy; /* not 0: begun and not yet ended */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* What follows, under the lock, until the threads have ended. */
    int64_t changes; /* that somebody may wait for */
    int64_t filled, emptied;
    int surveyed, pulling, pulled, failed;
    double mean, deviation;
    char message[AUDIO_MESSAGE_BYTES]; /* of the first failure */
    /* Seconds, of all songs: of the reader in the file, of the caller in cleave_pull(), of the
     * writer in its files. */
    double reading, in_pull, writing;
} track;

/* A track for any number of songs, one after the other, and its end, which waits for the last. 0:
 * out of memory. */
int track_open(track *t, cleave_engine *engine, int normalizes, const char *song,
               const char *folder);
void track_close(track *t);

/* Begins to read, but pushes nothing yet: another song may be in the engine. Waits until the last
 * song of this track is written. */
void track_begin(track *t, int32_t number);

/* Separates it. The engine is then ready for the next song; the last blocks are still being
 * written. 0 with a sentence in t->message if something failed, here or while the last was written.
 */
int track_separate(track *t);

/* Waits until the last block is written. */
void track_end(track *t);

/* Starts a thread; ends the program if there is none to be had. */
void track_thread(pthread_t *thread, void *(*run)(void *argument), void *argument);

#endif
