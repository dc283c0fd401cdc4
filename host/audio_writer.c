/* audio_writer.c: a file that appears whole or not at all. The bytes go to a hidden temporary in
 * the target's own folder, which is synced and then renamed over the target; devices, FIFOs and
 * standard output are written in place. */
#include "host/audio_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRITERS_MAX    256
#define SUFFIX         ".part-"
#define RANDOM_LETTERS 10

/* The temporaries of this process. A signal handler reads it, so it is fixed memory that is never
 * freed; a slot is written by the one thread that claimed it, and published and withdrawn by its
 * state (release, acquire). */
enum { SLOT_FREE, SLOT_CLAIMED, SLOT_LIVE };
static struct {
    atomic_int state;
    int directory_fd;
    char name[256];
} temporaries[WRITERS_MAX];

static int slot_claim(void)
{
    for (int i = 0; i < WRITERS_MAX; i++) {
        int expected = SLOT_FREE;
        if (atomic_compare_exchange_strong(&temporaries[i].state, &expected, SLOT_CLAIMED))
            return i;
    }
    return -1;
}

void audio_writer_remove_temporaries(void)
{
    int kept = errno;

    for (int i = 0; i < WRITERS_MAX; i++)
        if (atomic_load(&temporaries[i].state) == SLOT_LIVE)
            unlinkat(temporaries[i].directory_fd, temporaries[i].name, 0);
    errno = kept;
}

const char *audio_format_title(audio_format format)
{
    static const char *const titles[] = {"WAV",  "FLAC",       "MP3",    "M4A",
                                         "Opus", "Ogg Vorbis", "raw PCM"};
    return titles[format];
}

/* ---- the sink ---- */

int audio_sink_write(audio_writer *writer, const void *data, int64_t bytes)
{
    const char *from = data;

    while (bytes > 0 && !writer->error) {
        ssize_t wrote = writer->seekable ? pwrite(writer->fd, from, (size_t)bytes,
                                                  (off_t)(writer->base + writer->position))
                                         : write(writer->fd, from, (size_t)bytes);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0) {
            writer->error = wrote < 0 ? errno : EIO;
            break;
        }
        from += wrote;
        bytes -= wrote;
        writer->position += wrote;
        if (writer->bytes < writer->position)
            writer->bytes = writer->position;
    }
    return writer->error ? -1 : 0;
}

int audio_sink_seek(audio_writer *writer, int64_t position)
{
    if (position == writer->position)
        return 0;
    if (!writer->seekable || position < 0)
        return -1;
    writer->position = position;
    return 0;
}

int audio_sink_fail(const audio_writer *writer, char message[AUDIO_MESSAGE_BYTES])
{
    return audio_fail(message, "%s: cannot be written: %s.", writer->name, strerror(writer->error));
}

/* ---- names ---- */

static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";

/* ".name.part-XXXXXXXXXX": hidden, of at most 255 bytes whatever the target's length, not cut
 * inside a character. */
static void choose_temporary(audio_writer *writer)
{
    unsigned char random[RANDOM_LETTERS];
    size_t room = 255 - 1 - strlen(SUFFIX) - RANDOM_LETTERS, length = strlen(writer->target);

    if (getrandom(random, sizeof random, GRND_NONBLOCK) != (ssize_t)sizeof random)
        for (size_t i = 0; i < sizeof random; i++) /* O_EXCL makes it unique all the same */
            random[i] = (unsigned char)((uintptr_t)writer >> (4 + i) ^ (unsigned)getpid() >> i);
    if (length > room)
        for (length = room; length && ((unsigned char)writer->target[length] & 0xC0) == 0x80;)
            length--;
    char *end = writer->temporary;
    *end++ = '.';
    memcpy(end, writer->target, length);
    end += length;
    memcpy(end, SUFFIX, strlen(SUFFIX));
    end += strlen(SUFFIX);
    for (size_t i = 0; i < sizeof random; i++)
        *end++ = letters[random[i] & 31];
    *end = '\0';
}

/* Splits the path and opens its folder. */
static int open_directory(audio_writer *writer, const char *path, char *message)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t length = slash ? (size_t)(slash - path) + 1 : 0;

    if (!*name || !strcmp(name, ".") || !strcmp(name, ".."))
        return audio_fail(message, "%s: names a folder, not a file.", writer->name);
    if (length >= sizeof folder || strlen(name) >= sizeof writer->target)
        return audio_fail(message, "%s: cannot be written: %s.", writer->name,
                          strerror(ENAMETOOLONG));
    memcpy(folder, path, length);
    memcpy(folder + length, length ? "" : ".", length ? 1 : 2);
    memcpy(writer->target, name, strlen(name) + 1);
    writer->directory_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (writer->directory_fd < 0 && errno == EACCES) /* may be entered and written, not listed */
        writer->directory_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (writer->directory_fd < 0)
        return audio_fail(message, "%s: cannot be written: %s.", writer->name, strerror(errno));
    return 0;
}

/* Whether a name is one that choose_temporary() gives for this target: the same but for the random
 * letters. */
static int is_temporary_of(const audio_writer *writer, const char *name)
{
    size_t length = strlen(writer->temporary), fixed = length - RANDOM_LETTERS;

    return strlen(name) == length && !memcmp(name, writer->temporary, fixed) &&
           strspn(name + fixed, letters) == RANDOM_LETTERS;
}

/* A process that was killed leaves its temporaries. Each is locked while it is written, so what can
 * be locked belongs to nobody. */
static void remove_stale_temporaries(const audio_writer *writer)
{
    int copy = openat(writer->directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = copy >= 0 ? fdopendir(copy) : NULL;
    const struct dirent *entry;

    if (!folder) {
        if (copy >= 0)
            close(copy);
        return;
    }
    while ((entry = readdir(folder))) {
        struct stat status;
        if (!is_temporary_of(writer, entry->d_name))
            continue;
        int fd = openat(writer->directory_fd, entry->d_name,
                        O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0)
            continue;
        if (!fstat(fd, &status) && S_ISREG(status.st_mode) && !flock(fd, LOCK_EX | LOCK_NB))
            unlinkat(writer->directory_fd, entry->d_name, 0);
        close(fd);
    }
    closedir(folder);
}

/* Makes the temporary and locks it. Between the two another process may have taken it for a stale
 * one. */
static int create_locked(audio_writer *writer)
{
    struct stat status;
    int fd = openat(writer->directory_fd, writer->temporary,
                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);

    if (fd < 0)
        return -1;
    /* A file system without locks has none that could be taken for stale either. */
    if (!flock(fd, LOCK_EX) && !fstat(fd, &status) && status.st_nlink == 0) {
        close(fd);
        errno = EEXIST;
        return -1;
    }
    return fd;
}

static int open_temporary(audio_writer *writer, char *message)
{
    writer->slot = slot_claim();
    if (writer->slot < 0)
        return audio_fail(message, "%s: more than %d files are being written at once.",
                          writer->name, WRITERS_MAX);
    for (int attempt = 0; attempt < 16 && writer->fd < 0; attempt++) {
        choose_temporary(writer);
        if (attempt == 0)
            remove_stale_temporaries(writer);
        writer->fd = create_locked(writer);
        if (writer->fd < 0 && errno != EEXIST)
            break;
    }
    if (writer->fd < 0)
        return audio_fail(message, "%s: cannot be written: %s.", writer->name, strerror(errno));
    temporaries[writer->slot].directory_fd = writer->directory_fd;
    memcpy(temporaries[writer->slot].name, writer->temporary, sizeof writer->temporary);
    atomic_store(&temporaries[writer->slot].state, SLOT_LIVE);
    writer->seekable = 1;
    return 0;
}

/* Standard output, a device or a FIFO: written where it is. Renaming over a device would destroy
 * it. */
static int open_in_place(audio_writer *writer, const char *path, char *message)
{
    struct stat status;

    writer->fd = path ? open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY) : STDOUT_FILENO;
    if (writer->fd < 0 || fstat(writer->fd, &status))
        return audio_fail(message, "%s: cannot be written: %s.", writer->name, strerror(errno));
    if (S_ISREG(status.st_mode) && !(fcntl(writer->fd, F_GETFL) & O_APPEND)) {
        off_t here = lseek(writer->fd, 0, SEEK_CUR);
        writer->seekable = here >= 0;
        writer->base = here >= 0 ? here : 0;
    }
    return 0;
}

static int open_target(audio_writer *writer, const char *path, char *message)
{
    struct stat status;
    char resolved[PATH_MAX];

    if (!strcmp(path, "-"))
        return open_in_place(writer, NULL, message);
    if (!stat(path, &status)) {
        if (S_ISDIR(status.st_mode))
            return audio_fail(message, "%s: is a folder and cannot be written as a file.",
                              writer->name);
        if (!S_ISREG(status.st_mode))
            return open_in_place(writer, path, message);
        /* A link stays a link: its file is what is replaced. */
        if (!lstat(path, &status) && S_ISLNK(status.st_mode) && realpath(path, resolved))
            path = resolved;
    }
    return open_directory(writer, path, message) ? -1 : open_temporary(writer, message);
}

/* ---- what each format takes ---- */

static int rate_is_in(const int32_t *rates, int32_t rate_hz)
{
    while (*rates && *rates != rate_hz)
        rates++;
    return *rates != 0;
}

static int check_rate(const audio_writer *writer, char *message)
{
    static const int32_t mp3[] = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 0};
    static const int32_t aac[] = {8000,  11025, 12000, 16000, 22050, 24000, 32000,
                                  44100, 48000, 64000, 88200, 96000, 0};
    static const int32_t opus[] = {48000, 0};
    const audio_writer_config *config = &writer->config;
    const int32_t *rates = config->format == AUDIO_MP3    ? mp3
                           : config->format == AUDIO_M4A  ? aac
                           : config->format == AUDIO_OPUS ? opus
                                                          : NULL;
    int32_t limit = config->format == AUDIO_OGG    ? 192000
                    : config->format == AUDIO_FLAC ? 655350
                                                   : INT32_MAX;

    if ((rates && !rate_is_in(rates, config->rate_hz)) || config->rate_hz > limit)
        return audio_fail(message, "%s: %s has no sample rate of %d Hz.", writer->name,
                          audio_format_title(config->format), config->rate_hz);
    return 0;
}

static int check_bits(const audio_writer *writer, char *message)
{
    const audio_writer_config *config = &writer->config;
    int ok = 1;

    if (config->format == AUDIO_WAV || config->format == AUDIO_RAW)
        ok = config->bits == 16 || config->bits == 24 || config->bits == 32 || config->bits == -32;
    else if (config->format == AUDIO_FLAC)
        ok = config->bits == 16 || config->bits == 24 || config->bits == 32;
    if (!ok)
        return audio_fail(message, "%s: %s is not written with %d %sbits.", writer->name,
                          audio_format_title(config->format), abs(config->bits),
                          config->bits < 0 ? "floating-point " : "");
    return 0;
}

static int check_lossy(const audio_writer *writer, char *message)
{
    static const struct {
        int32_t min, max;
    } kbps[] = {[AUDIO_MP3] = {32, 320},
                [AUDIO_M4A] = {16, 640},
                [AUDIO_OPUS] = {6, 510},
                [AUDIO_OGG] = {32, 640}};
    const audio_writer_config *config = &writer->config;
    int has_rate = config->format == AUDIO_MP3 || config->format == AUDIO_M4A ||
                   config->format == AUDIO_OPUS || config->format == AUDIO_OGG;

    if (has_rate && config->bitrate_kbps &&
        (config->bitrate_kbps < kbps[config->format].min ||
         config->bitrate_kbps > kbps[config->format].max))
        return audio_fail(message, "%s: %s takes %d to %d kbit/s, not %d.", writer->name,
                          audio_format_title(config->format), kbps[config->format].min,
                          kbps[config->format].max, config->bitrate_kbps);
    if (config->format == AUDIO_MP3 && config->vbr_quality > 9)
        return audio_fail(message, "%s: MP3 takes a quality of 0 (best) to 9, not %d.",
                          writer->name, config->vbr_quality);
    if (config->format == AUDIO_OGG && config->vbr_quality > 10)
        return audio_fail(message, "%s: Ogg Vorbis takes a quality of 0 to 10 (best), not %d.",
                          writer->name, config->vbr_quality);
    if (config->format == AUDIO_FLAC && config->compression > 8)
        return audio_fail(message, "%s: FLAC takes a compression level of 0 to 8, not %d.",
                          writer->name, config->compression);
    if (config->format == AUDIO_OPUS && config->opus_application &&
        strcmp(config->opus_application, "audio") && strcmp(config->opus_application, "voip") &&
        strcmp(config->opus_application, "lowdelay"))
        return audio_fail(
            message, "%s: Opus knows the applications audio, voip and lowdelay, not \"%.40s\".",
            writer->name, config->opus_application);
    return 0;
}

static int check_config(const audio_writer *writer, char *message)
{
    const audio_writer_config *config = &writer->config;
    int32_t channels_max = config->format == AUDIO_MP3 ? 2 : AUDIO_CHANNELS_MAX;

    if (audio_check_shape(writer->name, config->rate_hz, config->channels, message))
        return -1;
    if (config->channels > channels_max)
        return audio_fail(message, "%s: %s holds at most %d channels, not %d.", writer->name,
                          audio_format_title(config->format), channels_max, config->channels);
    return check_rate(writer, message) || check_bits(writer, message) ||
                   check_lossy(writer, message)
               ? -1
               : 0;
}

/* FLAC and Vorbis go through FFmpeg, which writes covers; libsndfile stands in. FLAC of 32 bits is
 * libFLAC's. */
static int create_encoder(audio_writer *writer, char *message)
{
    audio_format format = writer->config.format;

    if (format == AUDIO_WAV || format == AUDIO_RAW)
        return audio_wav_create(writer, message);
    if (format == AUDIO_FLAC && writer->config.bits == 32)
        return audio_flac_create(writer, message);
    if ((format == AUDIO_FLAC || format == AUDIO_OGG) && !audio_backend_ffmpeg())
        return audio_sndfile_create(writer, message);
    return audio_ffmpeg_create(writer, message);
}

/* ---- the public face ---- */

/* Ends everything but the encoder; removes the temporary if it is still there. */
static void release(audio_writer *writer)
{
    if (writer->fd >= 0 && writer->fd != STDOUT_FILENO)
        close(writer->fd);
    if (writer->slot >= 0) {
        if (atomic_load(&temporaries[writer->slot].state) == SLOT_LIVE)
            unlinkat(writer->directory_fd, writer->temporary, 0);
        atomic_store(&temporaries[writer->slot].state, SLOT_FREE);
    }
    if (writer->directory_fd >= 0)
        close(writer->directory_fd);
    free(writer);
}

/* A writer of nothing yet, or NULL and a sentence. */
static audio_writer *allocate(const char *path, char *message)
{
    audio_writer *writer = calloc(1, sizeof *writer);

    if (!writer) {
        audio_fail(message, "Out of memory.");
        return NULL;
    }
    writer->fd = writer->directory_fd = writer->slot = -1;
    if (!strcmp(path, "-"))
        snprintf(writer->name, sizeof writer->name, "standard output");
    else
        audio_display_name(writer->name, path);
    return writer;
}

int audio_writer_open(audio_writer **out, const char *path, const audio_writer_config *config,
                      char message[AUDIO_MESSAGE_BYTES])
{
    audio_writer *writer = allocate(path, message);

    if (!writer)
        return -1;
    writer->config = *config;
    if (check_config(writer, message) || open_target(writer, path, message) ||
        create_encoder(writer, message)) {
        release(writer);
        return -1;
    }
    writer->config.tags_from = NULL;
    *out = writer;
    return 0;
}

int audio_writer_write(audio_writer *writer, const float *interleaved, int64_t frames,
                       char message[AUDIO_MESSAGE_BYTES])
{
    if (writer->error)
        return audio_sink_fail(writer, message);
    if (writer->encoder->write(writer, interleaved, frames, message))
        return -1;
    writer->frames += frames;
    return 0;
}

/* Syncs and renames. In place there may be nothing that can be synced. */
static int commit(audio_writer *writer, char *message)
{
    int in_place = writer->directory_fd < 0;

    if (fsync(writer->fd) && !(in_place && (errno == EINVAL || errno == ENOTSUP || errno == EROFS)))
        writer->error = errno;
    if (writer->fd != STDOUT_FILENO) {
        if (close(writer->fd) && !writer->error)
            writer->error = errno;
        writer->fd = -1;
    }
    if (!in_place && !writer->error) {
        if (renameat(writer->directory_fd, writer->temporary, writer->directory_fd, writer->target))
            writer->error = errno;
        else
            atomic_store(&temporaries[writer->slot].state, SLOT_CLAIMED);
        /* The new name should survive a power cut too; a folder that cannot be synced is no failure
         * of the file. */
        fsync(writer->directory_fd);
    }
    return writer->error ? audio_sink_fail(writer, message) : 0;
}

int audio_writer_finish(audio_writer **writer, char message[AUDIO_MESSAGE_BYTES])
{
    audio_writer *w = *writer;
    int failed;

    *writer = NULL;
    failed = w->error ? audio_sink_fail(w, message) : w->encoder->finish(w, message);
    w->encoder->close(w);
    if (!failed && w->error)
        failed = audio_sink_fail(w, message);
    if (!failed)
        failed = commit(w, message);
    release(w);
    return failed ? -1 : 0;
}

void audio_writer_abort(audio_writer **writer)
{
    audio_writer *w = *writer;

    *writer = NULL;
    if (!w)
        return;
    w->encoder->close(w);
    release(w);
}

int audio_file_write(const char *path, const void *bytes, size_t count,
                     char message[AUDIO_MESSAGE_BYTES])
{
    audio_writer *writer = allocate(path, message);

    if (!writer)
        return -1;
    int failed = open_target(writer, path, message);
    if (!failed)
        failed = audio_sink_write(writer, bytes, (int64_t)count) ? audio_sink_fail(writer, message)
                                                                 : commit(writer, message);
    release(writer);
    return failed ? -1 : 0;
}

int audio_file_check(const char *path, char message[AUDIO_MESSAGE_BYTES])
{
    struct stat status;

    /* Who reads a FIFO would take the trial for the file. */
    if (!stat(path, &status) && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))
        return 0;
    audio_writer *writer = allocate(path, message);

    if (!writer)
        return -1;
    int failed = open_target(writer, path, message);
    release(writer);
    return failed ? -1 : 0;
}
