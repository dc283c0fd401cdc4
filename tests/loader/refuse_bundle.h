/* refuse_bundle.h: tensor bundles that an import must refuse, for tests. */
#ifndef CLEAVE_TESTS_REFUSE_BUNDLE_H
#define CLEAVE_TESTS_REFUSE_BUNDLE_H

#include <string.h>

#include "loader/import.h"
#include "tests/tensor_bundle.h"
#include "tests/test.h"

/* An import of an index and one data file. */
static inline int import_bundle(cleave_import *import, const test_bytes *index,
                                const test_bytes *data, char *message)
{
    const cleave_import_shard shard = {data->data, data->used};

    message[0] = 0;
    return cleave_import_tensorflow(import, index->data, index->used, &shard, 1, message);
}

/* It is refused with a sentence that has these words. */
static inline void refuse(const char *name, const test_bytes *index, const test_bytes *data,
                          const char *expected)
{
    char message[CLEAVE_SENTENCE_BYTES];
    cleave_import import;

    if (import_bundle(&import, index, data, message)) {
        TEST_FAIL("%s: accepted", name);
        cleave_import_close(&import);
    } else if (!strstr(message, expected) || !message[0]) {
        TEST_FAIL("%s: \"%s\" lacks \"%s\"", name, message, expected);
    } else {
        TEST_CHECK(1);
    }
}

#endif
