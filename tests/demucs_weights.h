/* demucs_weights.h: weight files of Demucs models, in memory, for tests. */
#ifndef CLEAVE_TESTS_DEMUCS_WEIGHTS_H
#define CLEAVE_TESTS_DEMUCS_WEIGHTS_H

#include "loader/loader.h"
#include "tests/bytes.h"
#include "tests/synthetic.h"

#define TEST_TENSORS_MAX 2048

/* A checkpoint as a weight file, values in float32 or as told. `edit`, if not NULL, changes what
 * was imported before it is written. 1, or 0 and a failure. */
int test_weights_import(const char *path, test_bytes *file);
int test_weights_import_as(const char *path, cleave_weights_type type, test_bytes *file);
int test_weights_import_edited(const char *path, void (*edit)(cleave_import *import),
                               test_bytes *file);

/* The tensors that the contract asks for, sorted by name, without values. */
typedef struct test_tensors {
    int count;
    char outermost[2][48]; /* what the names of the last transposed convolutions begin with */
    cleave_import_tensor tensor[TEST_TENSORS_MAX];
    char name[TEST_TENSORS_MAX][128];
} test_tensors;

/* In one piece, which the caller frees; NULL and a failure. */
test_tensors *test_tensors_of(const char *kind, const char *config);

/* How the synthetic values of a tensor are made. */
synthetic_rule test_tensors_rule(const test_tensors *t, int index);

/* The weight file of a configuration with synthetic values (tests/synthetic.h). 1, or 0 and a
 * failure. */
int test_weights_synthetic(const char *kind, const char *config, test_bytes *file);

#endif
