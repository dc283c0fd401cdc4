/* tiny_network.c: a weight file made from a tiny checkpoint. */
#include "tests/tiny_network.h"

#include <stdlib.h>
#include <string.h>

#include "tests/test.h"

int tiny_network(test_bytes *file, tiny_network_edit edit)
{
    const uint8_t source[32] = {1};
    char message[CLEAVE_SENTENCE_BYTES] = "no checkpoint";
    cleave_import import;
    int64_t bytes = 0;
    void *const data = test_read_file(test_golden("models/tiny_htdemucs.th"), &bytes);
    int ok = 0;

    *file = (test_bytes){0};
    if (data && cleave_import_open(&import, data, (size_t)bytes, message)) {
        ok = cleave_import_check(&import, message);
        if (ok && edit)
            edit(&import);
        ok = ok && cleave_weights_write(&import, CLEAVE_WEIGHTS_F32, source, test_bytes_sink, file,
                                        message);
        cleave_import_close(&import);
    }
    free(data);
    if (!ok)
        TEST_FAIL("the tiny network: %s", message);
    return ok;
}

void tiny_network_replace(cleave_import *import, const char *from, const char *to)
{
    char *const at = memmem(import->config, import->config_bytes, from, strlen(from));

    if (TEST_CHECK(at && strlen(from) == strlen(to)))
        memcpy(at, to, strlen(to));
}
