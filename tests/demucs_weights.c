/* demucs_weights.c: weight files of Demucs models, in memory. */
#include "tests/demucs_weights.h"

#include <stdlib.h>

#include "loader/synthetic.h"
#include "tests/test.h"

static int import_as(const char *path, cleave_weights_type type,
                     void (*edit)(cleave_import *import), test_bytes *file)
{
    static const uint8_t source[32] = {1};
    char message[CLEAVE_SENTENCE_BYTES] = "no such file";
    cleave_import import;
    int64_t bytes = 0;
    void *const data = test_read_file(path, &bytes);
    int ok = 0;

    if (data && cleave_import_open(&import, data, (size_t)bytes, message)) {
        ok = cleave_import_check(&import, message);
        if (ok && edit)
            edit(&import);
        ok = ok && cleave_weights_write(&import, type, source, test_bytes_sink, file, message);
        cleave_import_close(&import);
    }
    free(data);
    return ok || TEST_FAIL("%s: %s", path, message);
}

int test_weights_import(const char *path, test_bytes *file)
{
    return import_as(path, CLEAVE_WEIGHTS_F32, NULL, file);
}

int test_weights_import_as(const char *path, cleave_weights_type type, test_bytes *file)
{
    return import_as(path, type, NULL, file);
}

int test_weights_import_edited(const char *path, void (*edit)(cleave_import *import),
                               test_bytes *file)
{
    return import_as(path, CLEAVE_WEIGHTS_F32, edit, file);
}

int test_weights_synthetic(const char *kind, const char *config, test_bytes *file)
{
    static const uint8_t source[32];
    char message[CLEAVE_SENTENCE_BYTES] = "";
    cleave_import import;

    if (!cleave_synthetic_open(&import, kind, config, message))
        return TEST_FAIL("%s", message);
    float *const values = cleave_synthetic_values(&import, message);
    const int ok = values && cleave_weights_write(&import, CLEAVE_WEIGHTS_F32, source,
                                                  test_bytes_sink, file, message);
    free(values);
    cleave_import_close(&import);
    return ok || TEST_FAIL("%s", message);
}
