/* config_arguments.c: numbers and lists of a configuration. */
#include "weights/config_arguments.h"

static int text_of(const cleave_arguments *from, const char *key,
                   char text[CLEAVE_CONFIG_VALUE_MAX + 1])
{
    return cleave_config_text_get(from->config, from->config_bytes, key, text,
                                  CLEAVE_CONFIG_VALUE_MAX + 1);
}

int cleave_argument_integer(const cleave_arguments *from, const char *key, int64_t otherwise,
                            int64_t min, int64_t max, int64_t *value)
{
    char text[CLEAVE_CONFIG_VALUE_MAX + 1];

    *value = otherwise;
    if (!text_of(from, key, text))
        return otherwise != CLEAVE_ARGUMENT_REQUIRED ||
               cleave_sentence(from->message, "configuration: \"%s\" is missing", key);
    return cleave_config_text_i64(from->config, from->config_bytes, key, min, max, value) ||
           cleave_sentence(from->message, "configuration: \"%s\" is %.40s; it must be %lld to %lld",
                           key, text, (long long)min, (long long)max);
}

int cleave_argument_number(const cleave_arguments *from, const char *key, double otherwise,
                           double min, double max, double *value)
{
    char text[CLEAVE_CONFIG_VALUE_MAX + 1];

    *value = otherwise;
    if (!text_of(from, key, text))
        return 1;
    return cleave_config_text_f64(from->config, from->config_bytes, key, min, max, value) ||
           cleave_sentence(from->message, "configuration: \"%s\" is %.40s; it must be %g to %g",
                           key, text, min, max);
}

int cleave_argument_sources(const cleave_arguments *from, int64_t *count)
{
    char text[CLEAVE_CONFIG_VALUE_MAX + 1];

    if (!text_of(from, "sources", text) || !text[0])
        return cleave_sentence(from->message, "configuration: \"sources\" is missing");
    *count = 1;
    for (const char *p = text; *p; p++)
        *count += *p == ',';
    return 1;
}
