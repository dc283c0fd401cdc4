/* demucs_weights.h: weight files of Demucs models, in memory, for tests. */
#ifndef CLEAVE_TESTS_DEMUCS_WEIGHTS_H
#define CLEAVE_TESTS_DEMUCS_WEIGHTS_H

#include "loader/loader.h"
#include "tests/bytes.h"

/* A checkpoint as a weight file, values in float32 or as told. `edit`, if not NULL, changes what
 * was imported before it is written. 1, or 0 and a failure. */
int test_weights_import(const char *path, test_bytes *file);
int test_weights_import_as(const char *path, cleave_weights_type type, test_bytes *file);
int test_weights_import_edited(const char *path, void (*edit)(cleave_import *import),
                               test_bytes *file);

/* The weight file of a configuration with synthetic values (loader/synthetic.h). 1, or 0 and a
 * failure. */
int test_weights_synthetic(const char *kind, const char *config, test_bytes *file);

#endif
