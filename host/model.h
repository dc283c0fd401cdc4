/* model.h: `cleave model ...` and `cleave weights ...`. */
#ifndef CLEAVE_HOST_MODEL_H
#define CLEAVE_HOST_MODEL_H

#include <stdio.h>

#include "host/model_facts.h"

/* Whether these commands, or help on them, are asked for: argv[1], or argv[2] after "help", is
 * "model" or "weights". */
int model_wanted(int argc, char **argv);

/* Runs one of them; the exit status of the process: 0, 1 when something failed, 2 for a command
 * line that asks for what does not exist, 130 when interrupted. Sentences go to standard error. */
int model_run(int argc, char **argv);

/* `cleave model pull NAME...`: the exit status as above. mirror: NULL, or a base address that goes
 * before that of the environment. */
int model_pull_run(const model_store *store, const char *const *names, int count,
                   const char *mirror, int force);

/* What the commands print; JSON needs a build with json_backend(). The list is of the engine's own
 * models, then of the entries. `memory` adds what an engine needs. */
void model_show_list(FILE *stream, const model_store *store, const model_entry *entries, int count,
                     int json);
int model_show_info(FILE *stream, const model_store *store, const char *name, int json, int memory,
                    char message[CLEAVE_SENTENCE_BYTES]);
int model_show_file(FILE *stream, const char *path, char message[CLEAVE_SENTENCE_BYTES]);

#endif
