/* json_jansson_none.c: a build without jansson. The commands look at json_backend() before they
 * print. */
#include "host/json.h"

const char *json_backend(void)
{
    return NULL;
}

void json_print_track(FILE *stream, const track_result *result)
{
    (void)stream;
    (void)result;
}

void json_print_probe(FILE *stream, const char *path, const audio_info *info)
{
    (void)stream;
    (void)path;
    (void)info;
}

void json_print_probe_error(FILE *stream, const char *path, const char *sentence)
{
    (void)stream;
    (void)path;
    (void)sentence;
}

void json_print_comparison(FILE *stream, const comparison *compared, const char *error)
{
    (void)stream;
    (void)compared;
    (void)error;
}

void json_print_facts(FILE *stream, const json_fact *facts, int32_t count)
{
    (void)stream;
    (void)facts;
    (void)count;
}
