/* presets.c: effects and encoding for a use. */
#include "host/presets.h"

#include "host/option_apply.h"

/* A level that is raised after a limiter would pass its threshold again, so the normalisation of
 * `mobile`, whose target the preset leaves open, stands before it; its -16 LUFS is what players on
 * the move are given by AES TD1004. */
static const struct {
    const char *name, *effects;
    audio_format format;
    int32_t bitrate_kbps, quality;
} presets[PRESET_COUNT] = {
    {"mobile",
     "compressor:threshold=-20,ratio=4,attack=0.005,release=0.1;normalize:target=-16;"
     "limiter:threshold=-1,release=0.05",
     AUDIO_M4A, 128, QUALITY_DEFAULT},
    {"hifi", "eq:60/0/1,1000/0/1,10000/0/1", AUDIO_FLAC, 0, 5},
    {"podcast",
     "compressor:threshold=-18,ratio=3,attack=0.01,release=0.15;eq:80/-3/1,250/2/1,8000/1/1;"
     "normalize:target=-16,window=1",
     AUDIO_MP3, 192, 0},
};

const char *presets_name(int32_t index)
{
    return presets[index].name;
}

const char *presets_effects(int32_t index)
{
    return presets[index].effects;
}

int presets_apply(int32_t index, cli_options *options, char message[OPTIONS_MESSAGE_BYTES])
{
    cleave_error error = {0};
    if (cleave_fx_parse(presets[index].effects, &options->chain, &error) != CLEAVE_OK) {
        return option_refuse(message, "%s", error.message);
    }
    options->chain_of_preset = 1;
    options->has_format = 1;
    options->format = options->preset_format = presets[index].format;
    options->bitrate_kbps = presets[index].bitrate_kbps;
    options->quality = presets[index].quality;
    options->bitrate_of_preset = options->quality_of_preset = 1;
    return 0;
}
