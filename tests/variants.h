/* variants.h: the op tables that feature masks reach on this machine, and one call of a kernel. */
#ifndef CLEAVE_TESTS_VARIANTS_H
#define CLEAVE_TESTS_VARIANTS_H

#include <string.h>

#include "kernels/ops.h"

typedef struct variants {
    int count;
    cleave_ops ops[4];
} variants;

/* The reference and what every feature of this processor adds to it. */
variants variants_list(void);

/* Whether they are kernels of a GPU that an executor runs, for which large networks are too much.
 */
static inline int variants_are_slow(const variants *v)
{
    return !strcmp(v->ops[0].name, "cuda");
}

/* The table with all of these features. */
cleave_ops variants_best(void);

/* Memory on the boundary that kernels expect, to be freed with free(). */
void *variant_alloc(size_t bytes);

/* Runs the items [begin, end) as the engine would: freshly prepared, with scratch of just the size
 * asked for, filled with NaN, and a check that neither is overrun. */
void variant_run(const cleave_ops *ops, int op, const void *args, int64_t begin, int64_t end);

#endif
