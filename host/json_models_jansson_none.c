/* json_models_jansson_none.c: a build without jansson. The commands look at json_backend() before
 * they print. */
#include "host/json.h"

void json_print_model(FILE *stream, const model_facts *facts)
{
    (void)stream;
    (void)facts;
}

void json_print_facts_of_model(FILE *stream, const model_facts *facts)
{
    (void)stream;
    (void)facts;
}

void json_print_listed(FILE *stream, const model_facts *facts, int is_first)
{
    (void)stream;
    (void)facts;
    (void)is_first;
}
