/* json_analysis_jansson_none.c: a build without jansson. */
#include "host/json.h"

void json_print_analysis(FILE *stream, const analysis *done)
{
    (void)stream;
    (void)done;
}

void json_print_record(FILE *stream, const cleave_meter_record *record)
{
    (void)stream;
    (void)record;
}
