/* sink_test.c: stems that exceed full scale are encoded anew with one gain, by any number of
 * threads to the same bytes; and a track whose stems cannot all be written leaves none. */
#include "host/sink.h"
#include "tests/test.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define STEMS  4
#define FRAMES 1000 /* of a block */
#define BLOCKS 40

static char folder[] = "/tmp/cleave_sink_XXXXXX";
static char paths[STEMS][64];
static const char *names[STEMS];

static int never(void *context)
{
    (void)context;
    return 0;
}

/* Whether it was asked more than a number of times. */
static int is_late(void *context)
{
    return atomic_fetch_sub((atomic_int *)context, 1) <= 0;
}

static int open_sink(stem_sink **sink, int32_t threads, char *message)
{
    const sink_config config = {
        .stem_count = STEMS,
        .paths = names,
        .folder = folder,
        .writer = {.format = AUDIO_WAV, .rate_hz = 44100, .channels = 2, .bits = 16},
        .clip = CLIP_RESCALE,
        .block_frames_max = FRAMES,
        .threads = threads};
    for (int32_t s = 0; s < STEMS; s++) {
        snprintf(paths[s], sizeof paths[s], "%s/%d.wav", folder, (int)s);
        names[s] = paths[s];
    }
    return sink_open(sink, &config, message);
}

/* Samples up to 1.5, of which the loudest come last. */
static int write_blocks(stem_sink *sink, char *message)
{
    static float samples[STEMS][FRAMES * 2];
    float *stems[STEMS];
    int status = 0;
    for (int32_t b = 0; b < BLOCKS && status == 0; b++) {
        for (int32_t s = 0; s < STEMS; s++) {
            stems[s] = samples[s];
            for (int32_t i = 0; i < FRAMES * 2; i++) {
                samples[s][i] = 1.5f * (float)(b + 1) / BLOCKS *
                                test_uniform((uint64_t)s, (uint64_t)(b * FRAMES * 2 + i));
            }
        }
        status = sink_write(sink, stems, FRAMES - b, message);
    }
    return status;
}

static int files_left(void)
{
    int left = 0;
    for (int32_t s = 0; s < STEMS; s++) {
        left += access(paths[s], F_OK) == 0;
    }
    return left;
}

/* The files of a run with so many threads, one after the other. */
static void *rescaled(int32_t threads, int64_t *bytes)
{
    char message[AUDIO_MESSAGE_BYTES] = "";
    stem_sink *sink = NULL;
    sink_outcome outcome = {0};
    unsigned char *all = NULL;
    *bytes = 0;
    if (!TEST_CHECK(open_sink(&sink, threads, message) == 0) ||
        !TEST_CHECK(write_blocks(sink, message) == 0) ||
        !TEST_CHECK(sink_finish(&sink, &outcome, never, NULL, message) == 0)) {
        TEST_FAIL("%s", message);
        sink_abort(&sink);
        return NULL;
    }
    TEST_CHECK(outcome.peak > 1.0 && outcome.gain < 1.0);
    for (int32_t s = 0; s < STEMS; s++) {
        int64_t count = 0;
        void *file = test_read_file(paths[s], &count);
        all = realloc(all, (size_t)(*bytes + count));
        memcpy(all + *bytes, file, (size_t)count);
        *bytes += count;
        free(file);
        unlink(paths[s]);
    }
    return all;
}

static void any_threads(void)
{
    int64_t one_bytes = 0, bytes = 0;
    void *one = rescaled(1, &one_bytes);
    for (int32_t threads = 2; threads <= 8; threads++) {
        void *all = rescaled(threads, &bytes);
        TEST_CHECK(one != NULL && all != NULL && bytes == one_bytes &&
                   memcmp(one, all, (size_t)bytes) == 0);
        free(all);
    }
    free(one);
}

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    setrlimit(RLIMIT_FSIZE, &limit);
}

static void full_disk(void)
{
    for (int32_t threads = 1; threads <= STEMS; threads++) {
        char message[AUDIO_MESSAGE_BYTES] = "";
        stem_sink *sink = NULL;
        sink_outcome outcome = {0};
        if (!TEST_CHECK(open_sink(&sink, threads, message) == 0) ||
            !TEST_CHECK(write_blocks(sink, message) == 0)) {
            continue;
        }
        limit_files(60000);
        TEST_CHECK(sink_finish(&sink, &outcome, never, NULL, message) == -1);
        limit_files(RLIM_INFINITY);
        TEST_CHECK(strstr(message, ".wav: cannot be written: File too large") != NULL);
        TEST_CHECK(files_left() == 0);
    }
}

static void interrupted(void)
{
    for (int32_t threads = 1; threads <= 2; threads++) {
        char message[AUDIO_MESSAGE_BYTES] = "";
        stem_sink *sink = NULL;
        sink_outcome outcome = {0};
        atomic_int left = threads == 1 ? BLOCKS + 3 : 0;
        if (!TEST_CHECK(open_sink(&sink, threads, message) == 0) ||
            !TEST_CHECK(write_blocks(sink, message) == 0)) {
            continue;
        }
        TEST_CHECK(sink_finish(&sink, &outcome, is_late, &left, message) == -1);
        TEST_CHECK(message[0] == '\0');
        TEST_CHECK(files_left() == 0);
    }
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"any number of threads", any_threads},
        {"full disk", full_disk},
        {"interrupted", interrupted},
    };
    if (mkdtemp(folder) == NULL) {
        return 1;
    }
    signal(SIGXFSZ, SIG_IGN);
    int status = test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
    return rmdir(folder) != 0 || status;
}
