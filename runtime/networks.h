/* networks.h: the weight files of a configuration, opened and held against each other, as a model.
 */
#ifndef CLEAVE_RUNTIME_NETWORKS_H
#define CLEAVE_RUNTIME_NETWORKS_H

#include "runtime/models/models.h"

typedef struct cleave_networks {
    int32_t count;
    cleave_table table[CLEAVE_NETWORKS_MAX];
    float gain[CLEAVE_NETWORKS_MAX][CLEAVE_STEMS_MAX]; /* for every stem they sum to 1 */
    cleave_model model; /* of all of them; points into this struct, which may not be moved */
    char name[CLEAVE_NAME_BYTES];
    char stems[CLEAVE_STEMS_MAX][CLEAVE_NAME_BYTES];
    uint64_t parameters; /* of all of them together */
} cleave_networks;

/* Opens `count` files: bounds them, holds their tensors against the contract of their kind, and
 * describes the model that they are, called `name`, or after their kind if that is NULL. Errors:
 * INVALID for a damaged file, for networks that differ in kind, stems, rate, channels or segment,
 * for gains that are no weights, and for a stem without any; UNSUPPORTED for what cannot be
 * computed here. *networks is then undefined. */
cleave_status cleave_networks_open(cleave_networks *networks, const cleave_network *files,
                                   int32_t count, const char *name, cleave_error *error);

#endif
