/* contract.c: the walk of each kind, and the official models. Names, signatures and arguments: the
 * Demucs repository's remote/ folder. */
#include "weights/contract_walks.h"

#include <string.h>

#define HTDEMUCS(sources, bottom)                                                                  \
    "audio_channels=2\nbottom_channels=" bottom                                                    \
    "\nchannels=48\ndconv_comp=8\ndconv_mode=3\ndepth=4\n"                                         \
    "samplerate=44100\nsegment=39/5\nsources=" sources "\nt_heads=8\nt_layers=5\n"
#define FOUR "drums,bass,other,vocals"

static const cleave_official officials[] = {
    {"htdemucs", "htdemucs", HTDEMUCS(FOUR, "512"), "955717e8"},
    {"htdemucs_ft", "htdemucs", HTDEMUCS(FOUR, "512"), "f7e0c4bc d12395a8 92cfc3b6 04573f0d"},
    {"htdemucs_6s", "htdemucs", HTDEMUCS(FOUR ",guitar,piano", "0"), "5c90dfd2"},
    {"hdemucs_mmi", "hdemucs",
     "audio_channels=2\nchannels=48\ndconv_comp=4\ndconv_mode=1\ndepth=6\nsamplerate="
     "44100\nsegment=44\n"
     "sources=" FOUR "\n",
     "75fc33f5"},
};

int cleave_contract_walk(const char *kind, const char *config, size_t config_bytes,
                         cleave_contract_visit visit, void *context,
                         char message[CLEAVE_SENTENCE_BYTES])
{
    message[0] = 0;
    if (!strcmp(kind, "spleeter"))
        return cleave_contract_walk_spleeter(config, config_bytes, visit, context, message);
    return cleave_contract_walk_demucs(kind, config, config_bytes, visit, context, message);
}

const cleave_official *cleave_official_at(uint32_t index)
{
    return index < sizeof officials / sizeof officials[0] ? &officials[index] : NULL;
}

const cleave_official *cleave_official_find(const char *signature, uint32_t *position)
{
    for (uint32_t i = 0; i < sizeof officials / sizeof officials[0]; i++) {
        const char *list = officials[i].signatures;
        for (uint32_t k = 0; 9 * k < strlen(list); k++)
            if (strlen(signature) == 8 && !memcmp(list + 9 * k, signature, 8)) {
                *position = k;
                return &officials[i];
            }
    }
    return NULL;
}
