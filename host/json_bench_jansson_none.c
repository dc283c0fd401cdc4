/* json_bench_jansson_none.c: a build without jansson. The command looks at json_backend() before it
 * prints. */
#include "host/json.h"

void json_print_bench(FILE *stream, const bench_report *report)
{
    (void)stream;
    (void)report;
}

void json_print_bench_kernel(FILE *stream, const bench_kernel *kernel)
{
    (void)stream;
    (void)kernel;
}
