/* score.h: the engine's measure of an estimate, with its memory; and what can be scored. */
#ifndef CLEAVE_HOST_SCORE_H
#define CLEAVE_HOST_SCORE_H

#include "runtime/cleave.h"

/* NULL when out of memory. Its functions are those of cleave_quality. */
cleave_quality *score_open(int32_t channels);
void score_close(cleave_quality **score);

/* Whether stems of these names are parts that make up the mixture: all that the model has, those it
 * gives unasked, or a stem and the rest. */
int score_is_whole(char names[][CLEAVE_NAME_BYTES], int32_t count, const cleave_model_info *model);

#endif
