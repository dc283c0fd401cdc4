/* synthetic.h: weights that follow from a formula, so that tests and benchmarks need no trained
 * model.
 *
 * value(name, i) = float32(offset + scale * u(name, i)), u uniform in [-1, 1) from splitmix64 of
 * FNV-1a(name) + i; offset and scale depend on what the tensor is for (see synthetic.c), so that
 * activations keep about the size that they have in a trained network. The reference outputs under
 * tests/golden were made with these weights. */
#ifndef CLEAVE_LOADER_SYNTHETIC_H
#define CLEAVE_LOADER_SYNTHETIC_H

#include "loader/import.h"

typedef struct cleave_synthetic_rule {
    double offset, scale;
} cleave_synthetic_rule;

/* The rule for a tensor of a Demucs model. `norm`: the tensor belongs to a normalisation layer,
 * whose "weight" has one dimension. `outermost`: module conv_tr of the last decoder layer of its
 * branch. */
cleave_synthetic_rule cleave_synthetic_demucs(const char *name, const uint32_t *shape,
                                              uint32_t rank, int norm, int outermost);

/* The rule for a variable of Spleeter, in TensorFlow's layout. */
cleave_synthetic_rule cleave_synthetic_spleeter(const char *name, const uint32_t *shape,
                                                uint32_t rank);

float cleave_synthetic_value(const char *name, uint64_t index, cleave_synthetic_rule rule);

/* Values [first, first + count): the same, for whole tensors. */
void cleave_synthetic_fill(const char *name, cleave_synthetic_rule rule, uint64_t first,
                           uint64_t count, float *out);

/* An import with the tensors that a kind and a configuration (its lines in any order) ask for,
 * float32, as yet without values; their names end in a NUL. 1, or 0 with one sentence.
 * cleave_import_close() ends it. */
int cleave_synthetic_open(cleave_import *import, const char *kind, const char *config,
                          char message[CLEAVE_SENTENCE_BYTES]);

/* The same for a network of the official model of that name: "htdemucs", "spleeter:4stems". */
int cleave_synthetic_official(cleave_import *import, const char *name,
                              char message[CLEAVE_SENTENCE_BYTES]);

/* The rule for a tensor of such an import. */
cleave_synthetic_rule cleave_synthetic_rule_of(const cleave_import *import, uint32_t index);

/* Gives all tensors of such an import their values, in one block for the caller to free, at the
 * latest when the import is closed; NULL with one sentence if there is no memory. */
float *cleave_synthetic_values(cleave_import *import, char message[CLEAVE_SENTENCE_BYTES]);

#endif
