/* synthetic.h: weights that follow from a formula, so that tests need no trained model.
 *
 * value(name, i) = float32(offset + scale * u(name, i)), u uniform in [-1, 1) from splitmix64 of
 * FNV-1a(name) + i; offset and scale depend on what the tensor is for (see synthetic.c). The
 * reference outputs under tests/golden were made with these weights. */
#ifndef CLEAVE_TESTS_SYNTHETIC_H
#define CLEAVE_TESTS_SYNTHETIC_H

#include <stdint.h>

/* The uniform number of a name and an index. */
double synthetic_uniform(const char *name, uint64_t index);

typedef struct synthetic_rule {
    double offset, scale;
} synthetic_rule;

/* The rule for a tensor of a Demucs model. `norm`: the tensor belongs to a normalisation layer,
 * whose "weight" has one dimension. `outermost`: module conv_tr of the last decoder layer of its
 * branch. */
synthetic_rule synthetic_demucs(const char *name, const uint32_t *shape, uint32_t rank, int norm,
                                int outermost);

/* The rule for a variable of Spleeter, in TensorFlow's layout. */
synthetic_rule synthetic_spleeter(const char *name, const uint32_t *shape, uint32_t rank);

float synthetic_value(const char *name, uint64_t index, synthetic_rule rule);

/* Values [first, first + count): the same, for whole tensors. */
void synthetic_fill(const char *name, synthetic_rule rule, uint64_t first, uint64_t count,
                    float *out);

#endif
