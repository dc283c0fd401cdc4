/* stems.h: from the stems that are asked for to the stems a model computes, and the matrix from
 * these to those. */
#ifndef CLEAVE_RUNTIME_STEMS_H
#define CLEAVE_RUNTIME_STEMS_H

#include "runtime/models/models.h"

typedef struct cleave_stems {
    int32_t partition;                     /* of the model */
    int32_t model_count;                   /* I: stems that the model computes... */
    int32_t model_stems[CLEAVE_STEMS_MAX]; /* ...as indices into the partition, ascending */
    int32_t count;                         /* O: stems that leave the engine */
    char names[CLEAVE_STEMS_MAX][CLEAVE_NAME_BYTES];
    int32_t uses_mixture; /* not 0: the mixture enters the matrix as input number I */
    float matrix[CLEAVE_STEMS_MAX][CLEAVE_STEMS_MAX + 1]; /* [O][I, or I + 1] */
} cleave_stems;

/* Looks at config's stem_count, stems, two_stems and conserve. A name is one of a partition's,
 * "no_X" for the sum of all but X, or "accompaniment" for the sum of all but "vocals". The first
 * partition that has all the names is taken. With conserve each stem of the partition first gets
 * its share of what the mixture is more than their sum (the projection of Wisdom et al.,
 * "Differentiable consistency constraints for improved deep speech enhancement", 2019). Errors:
 * INVALID, UNSUPPORTED; *stems is then undefined. */
cleave_status cleave_stems_find(cleave_stems *stems, const cleave_model *model,
                                const cleave_config *config, cleave_error *error);

#endif
