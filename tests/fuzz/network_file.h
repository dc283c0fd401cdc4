/* network_file.h: weight files whose tensors are those that their configuration asks for. */
#ifndef CLEAVE_TESTS_FUZZ_NETWORK_FILE_H
#define CLEAVE_TESTS_FUZZ_NETWORK_FILE_H

#include "tests/bytes.h"
#include "weights/format.h"

/* Changes the sorted records before they are written; their offsets are made afterwards. */
typedef struct network_file_edit {
    void (*records)(void *context, cleave_weights_record *records, uint32_t *count);
    void *context;
} network_file_edit;

/* Appends to *file all of a weight file but its data, and puts the size of the whole into *bytes.
 * Of an edit of NULL nothing is changed. 0 if the configuration is refused, asks for a tensor of no
 * values, or for more tensors or bytes than a weight file may have. */
int network_file_head(const char *kind, const char *config, const network_file_edit *edit,
                      test_bytes *file, uint64_t *bytes);

/* Appends the data: `bytes` is the size of the whole. Small values that differ. */
void network_file_data(test_bytes *file, uint64_t bytes);

#endif
