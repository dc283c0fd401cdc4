/* tiny_network.c: a weight file made from a tiny checkpoint. */
#include "tests/tiny_network.h"

#include <string.h>

#include "tests/demucs_weights.h"
#include "tests/test.h"

int tiny_network(test_bytes *file, tiny_network_edit edit)
{
    *file = (test_bytes){0};
    return test_weights_import_edited(test_golden("models/tiny_htdemucs.th"), edit, file);
}

void tiny_network_replace(cleave_import *import, const char *from, const char *to)
{
    char *const at = memmem(import->config, import->config_bytes, from, strlen(from));

    if (TEST_CHECK(at && strlen(from) == strlen(to)))
        memcpy(at, to, strlen(to));
}
