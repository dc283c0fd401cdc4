/* fx_engine.c: the engine of a chain of effects, with the files that it needs. */
#include "host/fx_engine.h"

#include "host/impulse.h"

#include <stdio.h>
#include <string.h>

int32_t fx_parameter(const cleave_fx_effect *effect, const char *name, const char *parameter)
{
    cleave_fx_kind kind;
    if (cleave_fx_at(effect->kind, &kind) != CLEAVE_OK || strcmp(kind.name, name) != 0) {
        return -1;
    }
    for (int32_t p = 0; p < kind.parameter_count; p++) {
        if (strcmp(kind.parameters[p].name, parameter) == 0) {
            return p;
        }
    }
    return -1;
}

int fx_is_whole(const cleave_fx_effect *effect)
{
    int32_t window = fx_parameter(effect, "normalize", "window");
    return window >= 0 && effect->value[window] == 0.0;
}

/* The impulse responses that effects of the chain name. */
static int read_impulses(cleave_fx_config *config, impulse responses[CLEAVE_FX_EFFECTS_MAX],
                         char *message)
{
    for (int32_t i = 0; i < config->chain->count; i++) {
        cleave_fx_kind kind;
        const char *path = config->chain->effect[i].text;
        if (cleave_fx_at(config->chain->effect[i].kind, &kind) != CLEAVE_OK || kind.text == NULL ||
            strcmp(kind.text, "ir") != 0) {
            continue;
        }
        if (path[0] == '\0') {
            snprintf(message, AUDIO_MESSAGE_BYTES,
                     "%s: an impulse response is missing; ir=FILE gives it", kind.name);
            return -1;
        }
        if (impulse_read(&responses[i], path, config->rate_hz, config->channels, message) != 0) {
            return -1;
        }
        config->samples[i] = (cleave_fx_samples){responses[i].interleaved, responses[i].frames,
                                                 responses[i].channels};
    }
    return 0;
}

int fx_engine_open(cleave_fx **fx, const cleave_fx_chain *chain, int32_t rate_hz, int32_t channels,
                   char message[AUDIO_MESSAGE_BYTES])
{
    impulse responses[CLEAVE_FX_EFFECTS_MAX] = {0};
    cleave_error error = {0};
    cleave_fx_config config;
    cleave_fx_config_default(&config);
    config.chain = chain;
    config.rate_hz = rate_hz;
    config.channels = channels;
    int status = read_impulses(&config, responses, message);
    if (status == 0 && cleave_fx_open(&config, fx, &error) != CLEAVE_OK) {
        snprintf(message, AUDIO_MESSAGE_BYTES, "%s", error.message);
        status = -1;
    }
    for (int32_t i = 0; i < CLEAVE_FX_EFFECTS_MAX; i++) {
        impulse_free(&responses[i]);
    }
    return status;
}
