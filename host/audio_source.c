/* audio_source.c: bytes in, from a file or a pipe, behind one interface. Files are read with pread,
 * so that a second view of the same descriptor (for tags) does not move the first. */
#include "host/audio_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD_BYTES_MAX ((int64_t)16 << 20)

int audio_fail(char message[AUDIO_MESSAGE_BYTES], const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(message, AUDIO_MESSAGE_BYTES, format, list);
    va_end(list);
    return -1;
}

void audio_display_name(char name[AUDIO_NAME_BYTES], const char *path)
{
    size_t length = strlen(path), out = 0;
    const char *from = path;

    if (length >= AUDIO_NAME_BYTES) {
        from = path + length - (AUDIO_NAME_BYTES - 4);
        while ((*from & 0xC0) == 0x80)
            from++; /* not inside a UTF-8 character */
        memcpy(name, "...", 3);
        out = 3;
    }
    for (; *from; from++)
        name[out++] = (unsigned char)*from < 0x20 || *from == 0x7F ? '?' : *from;
    name[out] = '\0';
}

static int open_descriptor(audio_source *source, const char *path, char *message)
{
    struct stat status;

    if (!strcmp(path, "-")) {
        source->fd = STDIN_FILENO;
        snprintf(source->name, sizeof source->name, "standard input");
    } else {
        audio_display_name(source->name, path);
        source->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (source->fd < 0)
            return audio_fail(message, "%s: cannot be opened: %s.", source->name, strerror(errno));
        source->owned = 1;
    }
    if (fstat(source->fd, &status))
        return audio_fail(message, "%s: cannot be opened: %s.", source->name, strerror(errno));
    if (S_ISDIR(status.st_mode))
        return audio_fail(message, "%s: is a directory, not an audio file.", source->name);
    if (S_ISREG(status.st_mode)) {
        off_t here = lseek(source->fd, 0, SEEK_CUR);
        source->seekable = 1;
        source->base = here > 0 ? here : 0;
        source->bytes = status.st_size > source->base ? status.st_size - source->base : 0;
    }
    return 0;
}

int audio_source_open(audio_source *source, const char *path, char message[AUDIO_MESSAGE_BYTES])
{
    memset(source, 0, sizeof *source);
    source->fd = -1;
    source->bytes = -1;
    if (open_descriptor(source, path, message)) {
        audio_source_close(source);
        return -1;
    }
    return 0;
}

audio_source audio_source_view(const audio_source *source)
{
    audio_source view = *source;

    view.owned = 0;
    view.position = 0;
    view.error = 0;
    return view;
}

/* read or pread, once, past signals. */
static int64_t read_at(audio_source *source, int64_t position, void *data, int64_t bytes)
{
    ssize_t got;

    do {
        if (source->seekable)
            got = pread(source->fd, data, (size_t)bytes, (off_t)(source->base + position));
        else
            got = read(source->fd, data, (size_t)bytes);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        source->error = errno;
    return got;
}

int64_t audio_source_read_some(audio_source *source, void *data, int64_t bytes)
{
    int64_t got;

    if (source->position < source->head_bytes) {
        got = source->head_bytes - source->position;
        got = got < bytes ? got : bytes;
        memcpy(data, source->head + source->position, (size_t)got);
    } else {
        got = read_at(source, source->position, data, bytes);
    }
    if (got > 0)
        source->position += got;
    return got;
}

int64_t audio_source_read(audio_source *source, void *data, int64_t bytes)
{
    int64_t total = 0;

    while (total < bytes) {
        int64_t got = audio_source_read_some(source, (char *)data + total, bytes - total);
        if (got < 0 && total == 0)
            return -1;
        if (got <= 0)
            break;
        total += got;
    }
    return total;
}

int64_t audio_source_skip(audio_source *source, int64_t bytes)
{
    char scratch[4096];
    int64_t total = 0;

    if (source->seekable) {
        int64_t left = source->bytes - source->position;
        total = left < 0 ? 0 : left < bytes ? left : bytes;
        source->position += total;
        return total;
    }
    while (total < bytes) {
        int64_t step =
            bytes - total < (int64_t)sizeof scratch ? bytes - total : (int64_t)sizeof scratch;
        int64_t got = audio_source_read_some(source, scratch, step);
        if (got <= 0)
            break;
        total += got;
    }
    return total;
}

int64_t audio_source_peek(audio_source *source, int64_t offset, void *data, int64_t bytes)
{
    int64_t end = offset + bytes;

    if (source->seekable) {
        audio_source view = audio_source_view(source);
        view.position = offset;
        return audio_source_read(&view, data, bytes);
    }
    if (end > HEAD_BYTES_MAX)
        return 0;
    if (end > source->head_bytes) {
        unsigned char *grown = realloc(source->head, (size_t)end);
        if (!grown)
            return 0;
        source->head = grown;
        while (source->head_bytes < end) {
            int64_t got =
                read_at(source, 0, source->head + source->head_bytes, end - source->head_bytes);
            if (got <= 0)
                break;
            source->head_bytes += got;
        }
    }
    if (source->head_bytes <= offset)
        return 0;
    end = end < source->head_bytes ? end : source->head_bytes;
    memcpy(data, source->head + offset, (size_t)(end - offset));
    return end - offset;
}

void audio_source_close(audio_source *source)
{
    if (source->owned && source->fd >= 0)
        close(source->fd);
    free(source->head);
    source->head = NULL;
    source->head_bytes = 0;
    source->fd = -1;
}
