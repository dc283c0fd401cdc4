/* folder.c: see folder.h. */
#include "tests/tools/folder.h"

#include "host/audio.h"
#include "tests/test.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static char root[512];

static void remove_root(void)
{
    char command[600];

    snprintf(command, sizeof command, "rm -rf '%s'", root);
    if (system(command))
        printf("     cannot remove %s\n", root);
}

const char *folder_make(void)
{
    static char path[600];
    static int count;
    const char *base = getenv("TMPDIR");

    if (!root[0]) {
        snprintf(root, sizeof root, "%s/cleave_test_XXXXXX", base ? base : "/tmp");
        if (!mkdtemp(root))
            TEST_FAIL("cannot make a folder %s", root);
        else
            atexit(remove_root);
    }
    snprintf(path, sizeof path, "%s/%d", root, count++);
    return path;
}

clip folder_read(const char *folder, const char *name)
{
    char path[1024], message[AUDIO_MESSAGE_BYTES];
    audio_reader *reader = NULL;
    clip c = {0};
    int64_t got;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (audio_reader_open(&reader, path, NULL, message)) {
        TEST_FAIL("%s", message);
        return c;
    }
    c.channels = audio_reader_info(reader)->channels;
    c.rate_hz = audio_reader_info(reader)->rate_hz;
    int64_t room = audio_reader_info(reader)->frames + 1;
    c.samples = malloc((size_t)(room * c.channels) * sizeof *c.samples);
    while (c.samples && (got = audio_reader_read(reader, c.samples + c.frames * c.channels,
                                                 room - c.frames, message)) > 0)
        c.frames += got;
    TEST_CHECK(c.samples && c.frames == room - 1);
    audio_reader_close(&reader);
    return c;
}

void folder_write(const char *folder, const char *name, const clip *c)
{
    audio_writer_config config = {.format = AUDIO_WAV,
                                  .rate_hz = c->rate_hz,
                                  .channels = c->channels,
                                  .bits = 16,
                                  .vbr_quality = -1,
                                  .compression = -1};
    char path[1024], message[AUDIO_MESSAGE_BYTES];
    audio_writer *writer = NULL;

    snprintf(path, sizeof path, "mkdir -p '%s'", folder);
    TEST_CHECK(!system(path));
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (audio_writer_open(&writer, path, &config, message) ||
        audio_writer_write(writer, c->samples, c->frames, message) ||
        audio_writer_finish(&writer, message))
        TEST_FAIL("%s", message);
}

int folder_run(char text[4096], const char *format, ...)
{
    char command[2048];
    va_list list;

    va_start(list, format);
    size_t length = (size_t)vsnprintf(command, sizeof command - 8, format, list);
    va_end(list);
    memcpy(command + length, " 2>&1", 6);
    FILE *pipe = popen(command, "r");
    if (!pipe)
        return -1;
    length = fread(text, 1, 4095, pipe);
    text[length] = 0;
    int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
