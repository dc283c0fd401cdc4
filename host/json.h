/* json.h: objects for programs, one a line. A build without a JSON library says so and prints none.
 */
#ifndef CLEAVE_HOST_JSON_H
#define CLEAVE_HOST_JSON_H

#include "host/analysis.h"
#include "host/audio.h"
#include "host/bench.h"
#include "host/comparison.h"
#include "host/model_facts.h"
#include "host/process_result.h"
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
void json_print_process(FILE *stream, const process_result *result);
void json_print_probe(FILE *stream, const char *path, const audio_info *info);
void json_print_probe_error(FILE *stream, const char *path, const char *sentence);
/* What is known of a file, or why nothing is. */
void json_print_analysis(FILE *stream, const analysis *done);
void json_print_record(FILE *stream, const cleave_meter_record *record);
/* error: NULL, or the sentence that says why there are no figures. */
void json_print_comparison(FILE *stream, const comparison *compared, const char *error);
/* A model on a line of its own: as `models` lists it, and all that is known of it, as `model info`
 * tells. */
void json_print_model(FILE *stream, const model_facts *facts);
void json_print_facts_of_model(FILE *stream, const model_facts *facts);
/* A model as an element of the array that `model list` prints; the caller closes the array. */
void json_print_listed(FILE *stream, const model_facts *facts, int is_first);
/* What `bench` measured; of a model with its steps if these were asked for. */
void json_print_bench(FILE *stream, const bench_report *report);
void json_print_bench_kernel(FILE *stream, const bench_kernel *kernel);
void json_print_facts(FILE *stream, const json_fact *facts, int32_t count);

#endif
