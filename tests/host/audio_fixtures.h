/* audio_fixtures.h: what the tests of audio files share: a folder that goes away, a signal whose
 * alignment can be measured, bytes of files put together by hand, and other programs' encoders
 * where they are installed. */
#ifndef CLEAVE_TESTS_HOST_AUDIO_FIXTURES_H
#define CLEAVE_TESTS_HOST_AUDIO_FIXTURES_H

#include "host/audio.h"
#include "tests/test.h"

#include <ftw.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char fixture_folder[256];

static inline int fixture_remove_entry(const char *path, const struct stat *status, int type,
                                       struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    return remove(path);
}

static inline void fixture_close(void)
{
    nftw(fixture_folder, fixture_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void fixture_open(void)
{
    const char *parent = getenv("TMPDIR");

    snprintf(fixture_folder, sizeof fixture_folder, "%s/audio_test_XXXXXX",
             parent ? parent : "/tmp");
    if (!mkdtemp(fixture_folder)) {
        perror("mkdtemp");
        exit(1);
    }
}

/* The path of a file in the folder; eight live at a time. */
static inline const char *fixture_path(const char *name)
{
    static char paths[8][1024];
    static int next;

    next = (next + 1) % 8;
    snprintf(paths[next], sizeof paths[next], "%s/%s", fixture_folder, name);
    return paths[next];
}

/* How many files are in the folder whose names hold `part`. */
static int fixture_counted;
static const char *fixture_part;
static inline int fixture_count_entry(const char *path, const struct stat *status, int type,
                                      struct FTW *walk)
{
    (void)status, (void)walk;
    fixture_counted += type == FTW_F && strstr(path + strlen(fixture_folder), fixture_part);
    return 0;
}
static inline int fixture_count(const char *part)
{
    fixture_counted = 0;
    fixture_part = part;
    nftw(fixture_folder, fixture_count_entry, 16, FTW_PHYS);
    return fixture_counted;
}

static inline void fixture_write(const char *path, const void *data, size_t bytes)
{
    FILE *file = fopen(path, "wb");

    if (!file || fwrite(data, 1, bytes, file) != bytes || fclose(file))
        TEST_FAIL("cannot write %s", path);
}

/* Copies the first `bytes` of a file, and then `patch` over the copy at `offset`. */
static inline void fixture_patch(const char *from, const char *to, int64_t bytes, int64_t offset,
                                 const void *patch, size_t patch_bytes)
{
    int64_t total = 0;
    unsigned char *data = test_read_file(from, &total);

    if (!TEST_CHECK(data != NULL))
        return;
    bytes = bytes < total ? bytes : total;
    if (patch_bytes)
        memcpy(data + offset, patch, patch_bytes);
    fixture_write(to, data, (size_t)bytes);
    free(data);
}

/* Runs a shell command; whether it succeeded. */
static inline int fixture_run(const char *format, ...)
{
    char command[4096];
    va_list list;

    va_start(list, format);
    vsnprintf(command, sizeof command, format, list);
    va_end(list);
    return system(command) == 0;
}

static inline int fixture_has(const char *program)
{
    return fixture_run("command -v %s >/dev/null 2>&1", program);
}

/* A signal with one clear correlation peak: noise bursts under a slow envelope over two tones,
 * within +-0.5. Every channel differs. [frames][channels] */
static inline float *fixture_signal(int64_t frames, int32_t channels, int32_t rate_hz)
{
    float *x = malloc((size_t)(frames * channels + 1) * sizeof *x);
    double noise[8] = {0};

    for (int64_t t = 0; t < frames; t++)
        for (int32_t c = 0; c < channels; c++) {
            double time = (double)t / rate_hz;
            double envelope = 0.55 + 0.45 * sin(6.2831853 * (3 + c) * time);
            noise[c] += 0.25 * ((double)test_uniform(7 + (uint64_t)c, (uint64_t)t) - noise[c]);
            x[t * channels + c] =
                (float)(envelope * (0.4 * noise[c] + 0.12 * sin(6.2831853 * 440 * time) +
                                    0.08 * sin(6.2831853 * (1200 + 90 * c) * time)));
        }
    return x;
}

/* A whole file as the reader gives it. */
typedef struct fixture_audio {
    int opened;     /* else `message` tells why not */
    int64_t status; /* of the last read: 0, or -1 with `message` */
    int64_t frames;
    int32_t rate_hz, channels;
    int64_t frames_declared;
    float *samples;
    char message[AUDIO_MESSAGE_BYTES];
    audio_reader *reader; /* stays open for its info */
} fixture_audio;

static inline fixture_audio fixture_read_raw(const char *path, const audio_raw *raw)
{
    fixture_audio audio = {0};
    int64_t capacity = 0, step = 1777; /* odd, so that blocks and reads never align */

    if (audio_reader_open(&audio.reader, path, raw, audio.message))
        return audio;
    audio.opened = 1;
    audio.rate_hz = audio_reader_info(audio.reader)->rate_hz;
    audio.channels = audio_reader_info(audio.reader)->channels;
    audio.frames_declared = audio_reader_info(audio.reader)->frames;
    for (;;) {
        if (audio.frames + step > capacity) {
            capacity = 2 * capacity + step;
            audio.samples =
                realloc(audio.samples, (size_t)(capacity * audio.channels) * sizeof(float));
        }
        audio.status = audio_reader_read(
            audio.reader, audio.samples + audio.frames * audio.channels, step, audio.message);
        if (audio.status <= 0)
            return audio;
        audio.frames += audio.status;
    }
}

static inline fixture_audio fixture_read(const char *path)
{
    return fixture_read_raw(path, NULL);
}

static inline void fixture_free(fixture_audio *audio)
{
    audio_reader_close(&audio->reader);
    free(audio->samples);
    memset(audio, 0, sizeof *audio);
}

/* The shift of x against ref, in frames of the first channel, at which they correlate best: 0 when
 * aligned. */
static inline int fixture_lag(const float *x, int64_t x_frames, const float *ref, int64_t frames,
                              int32_t channels)
{
    const int reach = 3000, window = 9000;
    int64_t from = frames / 3 > reach ? frames / 3 : reach;
    double best = -1e30;
    int best_lag = -99999;

    for (int lag = -reach; lag <= reach; lag++) {
        double sum = 0;
        for (int64_t t = from; t < from + window && t < frames; t++)
            if (t + lag >= 0 && t + lag < x_frames)
                sum += (double)x[(t + lag) * channels] * (double)ref[t * channels];
        if (sum > best) {
            best = sum;
            best_lag = lag;
        }
    }
    return best_lag;
}

static inline audio_writer_config fixture_config(audio_format format, int32_t rate_hz,
                                                 int32_t channels, int32_t bits)
{
    audio_writer_config config = {.format = format,
                                  .rate_hz = rate_hz,
                                  .channels = channels,
                                  .bits = bits,
                                  .vbr_quality = -1,
                                  .effort = -1,
                                  .compression = -1};
    return config;
}

/* Whether this build writes the format. */
static inline int fixture_can_write(audio_format format)
{
    if (format == AUDIO_WAV || format == AUDIO_RAW || audio_backend_ffmpeg())
        return 1;
    return audio_backend_sndfile() && (format == AUDIO_FLAC || format == AUDIO_OGG);
}

/* Writes a file in uneven blocks; 0 or -1 with the sentence. */
static inline int fixture_encode(const char *path, const audio_writer_config *config,
                                 const float *x, int64_t frames, char *message)
{
    audio_writer *writer = NULL;

    if (audio_writer_open(&writer, path, config, message))
        return -1;
    for (int64_t done = 0, count; done < frames; done += count) {
        count = frames - done < 1333 ? frames - done : 1333;
        if (audio_writer_write(writer, x + done * config->channels, count, message)) {
            audio_writer_abort(&writer);
            return -1;
        }
    }
    return audio_writer_finish(&writer, message);
}

/* A WAV file by hand, independent of the writer under test: plain 44-byte header with the lengths
 * given. */
static inline void fixture_wav(const char *path, int tag, int channels, uint32_t rate_hz, int bits,
                               const void *data, size_t bytes, uint32_t riff_bytes,
                               uint32_t data_bytes)
{
    unsigned char *file = malloc(44 + bytes);
    uint32_t block = (uint32_t)(channels * ((bits + 7) / 8));
    const uint32_t fields[][2] = {
        {16, 4},    {(uint32_t)tag, 2}, {(uint32_t)channels, 2}, {rate_hz, 4}, {rate_hz * block, 4},
        {block, 2}, {(uint32_t)bits, 2}};
    unsigned char *at = file + 16;

    memcpy(file, "RIFF____WAVEfmt ", 16);
    for (int i = 0; i < 4; i++)
        file[4 + i] = (unsigned char)(riff_bytes >> (8 * i));
    for (size_t f = 0; f < sizeof fields / sizeof *fields; f++)
        for (uint32_t i = 0; i < fields[f][1]; i++)
            *at++ = (unsigned char)(fields[f][0] >> (8 * i));
    memcpy(at, "data", 4);
    for (int i = 0; i < 4; i++)
        at[4 + i] = (unsigned char)(data_bytes >> (8 * i));
    if (bytes)
        memcpy(file + 44, data, bytes);
    fixture_write(path, file, 44 + bytes);
    free(file);
}

/* A PNG of one pixel and a JPEG header, enough for a cover. */
static const unsigned char fixture_png[] = {
    0x89, 'P',  'N',  'G',  13,   10,  26,  10,  0,   0,    0,    13,   'I',  'H',
    'D',  'R',  0,    0,    0,    1,   0,   0,   0,   1,    8,    2,    0,    0,
    0,    0x90, 0x77, 0x53, 0xDE, 0,   0,   0,   12,  'I',  'D',  'A',  'T',  8,
    0xD7, 0x63, 0xF8, 0xCF, 0xC0, 0,   0,   3,   1,   1,    0,    0x18, 0xDD, 0x8D,
    0xB0, 0,    0,    0,    0,    'I', 'E', 'N', 'D', 0xAE, 0x42, 0x60, 0x82};

#endif
