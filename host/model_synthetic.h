/* model_synthetic.h: official models with weights of a formula (loader/synthetic.h), to measure and
 * test with where the trained ones are not: as large, as fast, and of no use for separating. */
#ifndef CLEAVE_HOST_MODEL_SYNTHETIC_H
#define CLEAVE_HOST_MODEL_SYNTHETIC_H

#include "host/model_open.h"

/* Opens the official model of that name, perhaps in its wide form, in weight files without a name
 * in $TMPDIR, else /tmp, that are of the type of the published ones. 1, or 0 with a sentence. */
int model_open_synthetic(open_model **opened, const char *name,
                         char message[CLEAVE_SENTENCE_BYTES]);

#endif
