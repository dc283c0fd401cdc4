/* track.c: what became of one track, in words. */
#include "host/track.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *without_name(const char *text, const char *path);

const char *track_status_code(track_status status)
{
    static const char *const codes[] = {"done",       "unreadable", "unseparable",
                                        "unwritable", "cancelled",  "unprocessable"};
    return codes[status];
}

void track_result_free(track_result *result)
{
    for (int32_t s = 0; s < CLEAVE_STEMS_MAX; s++) {
        free(result->paths[s]);
        result->paths[s] = NULL;
    }
}

void track_sentence(const char *input, const char *text, char message[AUDIO_MESSAGE_BYTES])
{
    const char *path = strcmp(input, "-") == 0 ? "standard input" : input;
    snprintf(message, AUDIO_MESSAGE_BYTES, "%s", without_name(text, path));
    size_t bytes = strlen(message);
    if (bytes > 0 && message[bytes - 1] == '.') {
        message[bytes - 1] = '\0';
    }
}

/* The line that tells a failure begins with the input's path: a sentence that does too loses it.
 * There the path may have "?" for control characters, and "..." for its front. */
static const char *without_name(const char *text, const char *path)
{
    int is_cut = strncmp(text, "...", 3) == 0;
    size_t path_bytes = strlen(path);
    for (size_t first = 0; first < (is_cut ? path_bytes : 1); first++) {
        const char *name = first == 0 ? text : text + 3;
        size_t i = 0;
        while (first + i < path_bytes &&
               (name[i] == path[first + i] ||
                (name[i] == '?' && (unsigned char)path[first + i] < 0x20))) {
            i++;
        }
        if (first + i == path_bytes && strncmp(name + i, ": ", 2) == 0) {
            return name + i + 2;
        }
    }
    return text;
}
