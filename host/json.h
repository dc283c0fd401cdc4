/* json.h: objects for programs, one a line. A build without a JSON library says so and prints none.
 */
#ifndef CLEAVE_HOST_JSON_H
#define CLEAVE_HOST_JSON_H

#include "host/audio.h"
#include "host/track.h"

#include <stdio.h>

/* "jansson 2.14", or NULL if this build has none. */
const char *json_backend(void);

/* A name and what it is, for `info`. */
typedef struct json_fact {
    const char *name;
    const char *value; /* NULL: absent */
} json_fact;

void json_print_track(FILE *stream, const track_result *result);
void json_print_probe(FILE *stream, const char *path, const audio_info *info);
void json_print_probe_error(FILE *stream, const char *path, const char *sentence);
void json_print_model(FILE *stream, const cleave_model_info *info);
void json_print_facts(FILE *stream, const json_fact *facts, int32_t count);

#endif
