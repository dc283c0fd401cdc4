/* json_values.h: what the files that write JSON through jansson share; nobody else includes it. */
#ifndef CLEAVE_HOST_JSON_VALUES_H
#define CLEAVE_HOST_JSON_VALUES_H

#include "host/audio.h"

#include <jansson.h>
#include <stdio.h>

/* A string of any bytes: what is not UTF-8 becomes the replacement character, since JSON holds
 * nothing else. */
json_t *json_text(const char *bytes);

/* JSON has no infinities: null, as for what is not defined. */
json_t *json_number(double value);

/* Tags by their names, and the cover's kind and size, or null. */
json_t *json_tags(const audio_info *info);
json_t *json_cover(const audio_info *info);

/* Prints the object on one line, and frees it. */
void json_print(FILE *stream, json_t *object);

#endif
