/* contract_check.h: whether a file has the tensors that its model must have. */
#ifndef CLEAVE_WEIGHTS_CONTRACT_CHECK_H
#define CLEAVE_WEIGHTS_CONTRACT_CHECK_H

#include "weights/contract.h"
#include "weights/table.h"

/* A tensor of a file of any format. */
typedef struct cleave_shape {
    const char *name; /* name_bytes long, no NUL */
    uint32_t name_bytes;
    uint32_t rank;
    const uint32_t *shape;
} cleave_shape;

/* The tensors of such a file, sorted by name as bytes, no name twice. */
typedef struct cleave_shapes {
    const void *file;
    uint32_t count;
    cleave_shape (*at)(const void *file, uint32_t index);
} cleave_shapes;

/* Whether these are exactly the tensors that a model of this kind and configuration has
 * (cleave_contract_walk()). 1, or 0 with a sentence: that of the walk, or one that names the first
 * tensor that is missing, of another shape or too many. */
int cleave_contract_check(const char *kind, const char *config, size_t config_bytes,
                          const cleave_shapes *shapes, char message[CLEAVE_SENTENCE_BYTES]);

/* The same for a weight file and what its header says that it is. */
int cleave_contract_check_table(const cleave_table *table, char message[CLEAVE_SENTENCE_BYTES]);

#endif
