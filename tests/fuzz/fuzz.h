/* fuzz.h: what the fuzz targets share. */
#ifndef CLEAVE_TESTS_FUZZ_H
#define CLEAVE_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "loader/import.h"

/* The entry that libFuzzer calls. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Takes an import through everything that follows: the check against its model, conversion to both
 * types, and opening what was written, which must then be in order. Closes it. */
void fuzz_use_import(cleave_import *import);

/* Ends the process unless `ok`: a finding. */
void fuzz_expect(int ok, const char *what);

#endif
