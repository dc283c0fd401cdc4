/* json_values.h: what the files that write JSON through jansson share; nobody else includes it. */
#ifndef CLEAVE_HOST_JSON_VALUES_H
#define CLEAVE_HOST_JSON_VALUES_H

#include <jansson.h>
#include <stdio.h>

/* A string of any bytes: what is not UTF-8 becomes the replacement character, since JSON holds
 * nothing else. */
json_t *json_text(const char *bytes);

/* Prints the object on one line, and frees it. */
void json_print(FILE *stream, json_t *object);

#endif
