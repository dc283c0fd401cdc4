/* stretch_model.h: a small model that takes segments of any length, for tests of what is around it.
 *
 * Two stems: "wave", the mixture through a convolution with packed weights, a transform and back,
 * plus the mean of the segment; and "near", the convolution alone. Its rows are three values longer
 * than a segment, and what lies in these goes into the mean: it must be zero. */
#ifndef CLEAVE_TESTS_STRETCH_MODEL_H
#define CLEAVE_TESTS_STRETCH_MODEL_H

#include "runtime/models/models.h"

/* Its own segment is one second. */
extern const cleave_model test_model_stretch;

/* The same with a memory: half of the last segment's mean is added to the mean. */
extern const cleave_model test_model_stretch_memory;

#endif
