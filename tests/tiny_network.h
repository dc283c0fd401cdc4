/* tiny_network.h: a weight file of a network that runs in milliseconds, made from a checkpoint
 * among the reference data, and copies of it that are wrong in one place. */
#ifndef CLEAVE_TESTS_TINY_NETWORK_H
#define CLEAVE_TESTS_TINY_NETWORK_H

#include "loader/loader.h"
#include "tests/bytes.h"

/* Changes what was imported before it is written; NULL: as it is. */
typedef void (*tiny_network_edit)(cleave_import *import);

/* The weight file into *file, which the caller frees; 0 and a failure of the running test if there
 * is none. */
int tiny_network(test_bytes *file, tiny_network_edit edit);

/* Replaces a part of the configuration by one of the same length. */
void tiny_network_replace(cleave_import *import, const char *from, const char *to);

#endif
