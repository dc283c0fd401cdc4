/* spleeter_arguments.c: the configuration of a Spleeter network, read and bounded. */
#include "weights/spleeter_arguments.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weights/config_arguments.h"

#define FILTERS_MAX  4096
#define FRAME_MIN    256
#define FRAME_MAX    65536
#define PATCH_MAX    65536
#define EXPONENT_MIN 0.1
#define EXPONENT_MAX 4.0 /* of magnitudes of full scale: far within float32 */

typedef struct reader {
    cleave_arguments from;
    cleave_spleeter *s;
} reader;

/* The value of a key, cut out of the configuration; 0 if it is not there. */
static int text_of(const reader *r, const char *key, char text[CLEAVE_CONFIG_VALUE_MAX + 1])
{
    return cleave_config_text_get(r->from.config, r->from.config_bytes, key, text,
                                  CLEAVE_CONFIG_VALUE_MAX + 1);
}

static int integer(const reader *r, const char *key, int32_t otherwise, int32_t min, int32_t max,
                   int32_t *value)
{
    int64_t wide;

    if (!cleave_argument_integer(&r->from, key, otherwise, min, max, &wide))
        return 0;
    *value = (int32_t)wide;
    return 1;
}

/* Which of `count` words the value is. */
static int choice(const reader *r, const char *key, const char *const *words, int32_t count,
                  int32_t otherwise, int32_t *value)
{
    char text[CLEAVE_CONFIG_VALUE_MAX + 1], list[96] = "";

    *value = otherwise;
    if (!text_of(r, key, text))
        return 1;
    for (int32_t i = 0; i < count; i++) {
        if (!strcmp(text, words[i])) {
            *value = i;
            return 1;
        }
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i ? " or " : "",
                 words[i]);
    }
    return cleave_sentence(r->from.message, "configuration: \"%s\" is %.40s; it must be %s", key,
                           text, list);
}

/* Of one instrument alone the mask would be 1 everywhere. */
static int read_sources(const reader *r)
{
    int64_t count;

    if (!cleave_argument_sources(&r->from, &count))
        return 0;
    if (count < 2 || count > CLEAVE_SPLEETER_INSTRUMENTS)
        return cleave_sentence(r->from.message,
                               "configuration: \"sources\" names %d; it must be 2 to %d",
                               (int)count, CLEAVE_SPLEETER_INSTRUMENTS);
    r->s->instruments = (int32_t)count;
    return 1;
}

static int read_filters(const reader *r)
{
    char text[CLEAVE_CONFIG_VALUE_MAX + 1];
    const char *at = text;

    if (!text_of(r, "conv_n_filters", text))
        return cleave_sentence(r->from.message, "configuration: \"conv_n_filters\" is missing");
    for (int i = 0; i < CLEAVE_SPLEETER_LAYERS; i++) {
        const char after = i < CLEAVE_SPLEETER_LAYERS - 1 ? ',' : 0;
        char *end = text;
        const long filters = *at >= '0' && *at <= '9' ? strtol(at, &end, 10) : 0;
        if (filters < 1 || filters > FILTERS_MAX || *end != after)
            return cleave_sentence(r->from.message,
                                   "configuration: \"conv_n_filters\" is %.60s; it must be %d "
                                   "numbers of 1 to %d",
                                   text, CLEAVE_SPLEETER_LAYERS, FILTERS_MAX);
        r->s->filters[i] = (int32_t)filters;
        at = end + 1;
    }
    return 1;
}

static int read_words(const reader *r)
{
    static const char *const models[] = {"unet.unet", "unet.softmax_unet"};
    static const char *const acts[] = {"LeakyReLU", "ReLU", "ELU"};
    static const char *const extensions[] = {"zeros", "average"};
    int32_t encoder, decoder;

    if (!choice(r, "model", models, 2, 0, &r->s->softmax) ||
        !choice(r, "conv_activation", acts, 3, CLEAVE_SPLEETER_LEAKY_RELU, &encoder) ||
        !choice(r, "deconv_activation", acts, 3, CLEAVE_SPLEETER_RELU, &decoder) ||
        !choice(r, "mask_extension", extensions, 2, 0, &r->s->average))
        return 0;
    r->s->encoder_act = (cleave_spleeter_act)encoder;
    r->s->decoder_act = (cleave_spleeter_act)decoder;
    return 1;
}

/* What depends on more than one key. */
static int check_sizes(const reader *r)
{
    const cleave_spleeter *const s = r->s;

    if (s->frame_length != 4 * s->frame_step)
        return cleave_sentence(r->from.message,
                               "configuration: \"frame_step\" is %d; it must be a quarter of "
                               "\"frame_length\" %d, whose windows then sum to a constant",
                               (int)s->frame_step, (int)s->frame_length);
    if (s->frames % CLEAVE_SPLEETER_UNIT)
        return cleave_sentence(r->from.message,
                               "configuration: \"T\" is %d; it must be a multiple of %d",
                               (int)s->frames, CLEAVE_SPLEETER_UNIT);
    if (s->bins % CLEAVE_SPLEETER_UNIT || s->bins > s->frame_length / 2 + 1)
        return cleave_sentence(r->from.message,
                               "configuration: \"F\" is %d; it must be a multiple of %d, at most "
                               "half of \"frame_length\" %d",
                               (int)s->bins, CLEAVE_SPLEETER_UNIT, (int)s->frame_length);
    return 1;
}

int cleave_spleeter_arguments(const char *config, size_t config_bytes, cleave_spleeter *spleeter,
                              char message[CLEAVE_SENTENCE_BYTES])
{
    const reader r = {{config, config_bytes, message}, spleeter};

    return read_sources(&r) && read_filters(&r) && read_words(&r) &&
           cleave_argument_number(&r.from, "separation_exponent", 2, EXPONENT_MIN, EXPONENT_MAX,
                                  &spleeter->exponent) &&
           integer(&r, "sample_rate", 44100, 1, 10000000, &spleeter->rate_hz) &&
           integer(&r, "n_channels", 2, 2, 2, &spleeter->channels) &&
           integer(&r, "frame_length", 4096, FRAME_MIN, FRAME_MAX, &spleeter->frame_length) &&
           integer(&r, "frame_step", 1024, 1, FRAME_MAX, &spleeter->frame_step) &&
           integer(&r, "T", 512, CLEAVE_SPLEETER_UNIT, PATCH_MAX, &spleeter->frames) &&
           integer(&r, "F", 1024, CLEAVE_SPLEETER_UNIT, FRAME_MAX, &spleeter->bins) &&
           check_sizes(&r);
}

void cleave_spleeter_name(cleave_spleeter_layer layer, int32_t number, int32_t index,
                          const char *part, char name[CLEAVE_SPLEETER_NAME_BYTES])
{
    static const struct {
        const char *word;
        int32_t each; /* layers of one instrument */
    } kinds[] = {
        [CLEAVE_SPLEETER_CONV] = {"conv2d", CLEAVE_SPLEETER_LAYERS + 1},
        [CLEAVE_SPLEETER_TRANSPOSED] = {"conv2d_transpose", CLEAVE_SPLEETER_LAYERS},
        [CLEAVE_SPLEETER_NORM] = {"batch_normalization", 2 * CLEAVE_SPLEETER_LAYERS},
    };
    const int32_t place = number * kinds[layer].each + index;

    if (place)
        snprintf(name, CLEAVE_SPLEETER_NAME_BYTES, "%s_%d/%s", kinds[layer].word, (int)place, part);
    else
        snprintf(name, CLEAVE_SPLEETER_NAME_BYTES, "%s/%s", kinds[layer].word, part);
}
