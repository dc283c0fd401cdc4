/* fuzz.c: what follows a successful import. */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/loader.h"
#include "tests/bytes.h"

void fuzz_expect(int ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "expected: %s\n", what);
        abort();
    }
}

void fuzz_use_import(cleave_import *import)
{
    char message[CLEAVE_SENTENCE_BYTES] = "";
    const uint8_t source[32] = {0};
    cleave_weights weights;

    fuzz_expect(import->tensor_count > 0, "an import has a tensor");
    if (!import->kind[0])
        memcpy(import->kind, "htdemucs", sizeof "htdemucs");
    for (int type = CLEAVE_WEIGHTS_F32; type <= CLEAVE_WEIGHTS_F16; type++) {
        test_bytes file = {0};
        if (cleave_weights_write(import, (cleave_weights_type)type, source, test_bytes_sink, &file,
                                 message)) {
            const int opened = cleave_weights_open_memory(&weights, file.data, file.used, message);
            fuzz_expect(opened, "what was written opens");
            fuzz_expect(cleave_weights_verify(&weights, message), "what was written verifies");
        } else {
            fuzz_expect(message[0] != 0, "a refusal has a sentence");
        }
        test_bytes_free(&file);
    }
    message[0] = 0;
    fuzz_expect(cleave_import_check(import, message) || message[0], "a refusal has a sentence");
    cleave_import_close(import);
}
