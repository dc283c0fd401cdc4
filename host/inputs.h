/* inputs.h: from operands to tracks: folders are searched, and every track gets a name of its own.
 */
#ifndef CLEAVE_HOST_INPUTS_H
#define CLEAVE_HOST_INPUTS_H

#include <stdint.h>

typedef struct input {
    char *path;
    char *track;     /* safe as a path below the output folder; unlike all others of the list */
    char *track_ext; /* safe, without its dot */
    char *error;     /* NULL, or why there is nothing to read here */
    int32_t renamed; /* the track has a number because its name was taken */
} input;

typedef struct input_list {
    input *items;
    int32_t count, capacity;
} input_list;

/* Files are taken as they are; whether they hold audio is seen when they are read. Folders are
 * searched with all folders below them, in the order of their names, for files with an extension of
 * audio; hidden files, links to folders and the folder `out` are passed over, and the tracks keep
 * their sub-folder in their name. Returns 0, or -1 when out of memory. */
int inputs_collect(input_list *list, char *const *operands, int32_t operand_count, const char *out);
void inputs_free(input_list *list);

/* Whether the file's extension is one of audio. */
int inputs_is_audio_name(const char *name);

#endif
