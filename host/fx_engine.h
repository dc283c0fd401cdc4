/* fx_engine.h: the engine of a chain of effects, with the files that it needs; and what the host
 * has to know of effects. */
#ifndef CLEAVE_HOST_FX_ENGINE_H
#define CLEAVE_HOST_FX_ENGINE_H

#include "host/audio.h"
#include "runtime/cleave_fx.h"

/* Opens the engine of a chain; impulse responses are read here. Returns 0, or -1 with a sentence.
 */
int fx_engine_open(cleave_fx **fx, const cleave_fx_chain *chain, int32_t rate_hz, int32_t channels,
                   char message[AUDIO_MESSAGE_BYTES]);

/* Number of the parameter if the effect is called `name` and has it, else -1. */
int32_t fx_parameter(const cleave_fx_effect *effect, const char *name, const char *parameter);

/* Whether the effect is a normalize of the whole track: one without a window, which no engine
 * computes. */
int fx_is_whole(const cleave_fx_effect *effect);

#endif
