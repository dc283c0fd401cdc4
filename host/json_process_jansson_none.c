/* json_process_jansson_none.c: a build without jansson. */
#include "host/json.h"

void json_print_process(FILE *stream, const process_result *result)
{
    (void)stream, (void)result;
}
