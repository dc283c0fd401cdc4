/* output.h: where the stems go: names that are safe, the template, folders. */
#ifndef CLEAVE_HOST_OUTPUT_H
#define CLEAVE_HOST_OUTPUT_H

#include "host/options.h"

#include <stddef.h>
#include <stdint.h>

#define OUTPUT_PATH_BYTES 4096
#define OUTPUT_TRACK_BYTES                                                                         \
    180 /* of one component of a track's name: 255, less room for stem, (2) and suffixes */
#define OUTPUT_FOLDERS_MAX 32

/* Whether the template knows its fields, names every stem apart and stays below the output folder.
 * Returns 0, or -1 with a sentence in message. */
int output_template_check(const char *template, char message[OPTIONS_MESSAGE_BYTES]);

/* A component of a path made of any bytes: control characters and slashes become "_", and so do
 * names that are empty or made of one or two dots. Longer ones than OUTPUT_TRACK_BYTES are cut
 * where a UTF-8 character begins and end in "~" and eight digits of a hash of the whole, so that
 * they still differ. safe: OUTPUT_TRACK_BYTES + 1. */
void output_component(const char *name, size_t name_bytes, char *safe);

/* The folder that a model's stems lie in: its name as a component, with "-" for ":", which some
 * file systems do not take. safe: OUTPUT_TRACK_BYTES + 1. */
void output_model_component(const char *name, char *safe);

/* The last component of a path, and in it where the extension's dot is (or the end, if it has none;
 * a leading dot begins no extension). */
const char *output_base_name(const char *path);
size_t output_stem_bytes(const char *base_name);

/* What a template is filled with. */
typedef struct output_names {
    const char *folder; /* that --out gives */
    const char *template;
    const char *model;
    const char *track;     /* safe; may have slashes, for tracks found in sub-folders */
    const char *track_ext; /* safe, without its dot */
    const char *ext;
} output_names;

/* folder/model/template, filled in for `stem`, whose name is made a safe component. Returns 0, or
 * -1 if it does not fit into OUTPUT_PATH_BYTES. A template with {model} in it stands below the
 * folder itself. */
int output_path(const output_names *names, const char *stem, char path[OUTPUT_PATH_BYTES]);

/* Whether both paths lead to one existing file; "-" is none. */
int output_is_same_file(const char *one, const char *other);

/* Where temporary files of an output may lie: its folder, or for a pipe ("-") that of temporaries.
 */
void output_spool_folder(const char *path, char folder[OUTPUT_PATH_BYTES]);

/* Folders that were made for a track, in order, so that a failed one leaves none behind. */
typedef struct output_folders {
    int32_t count;
    char *made[OUTPUT_FOLDERS_MAX];
} output_folders;

/* Makes the folders above `path` that are missing. Returns 0, or -1 with errno set. */
int output_folders_make(output_folders *folders, const char *path);

/* Forgets them; removes those that are empty first, if `remove_empty`. */
void output_folders_free(output_folders *folders, int remove_empty);

#endif
