/* chain_yaml.c: chains of effects through libyaml's documents, whose nodes know their lines. Values
 * are read by those who read them on the command line, so that both take the same. */
#include "host/chain_file.h"

#include "host/option_apply.h"
#include "host/suggest.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#define VALUE_BYTES 256
#define NAMES_MAX   16

/* The file being read. */
typedef struct reading {
    yaml_document_t document;
    const char *name;
    cli_options *options;
    char *message;
    const yaml_node_t *key; /* the last that pair_at() gave: where its line is */
} reading;

static int refuse(const reading *r, const yaml_node_t *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int refuse(const reading *r, const yaml_node_t *at, const char *format, ...)
{
    char sentence[OPTIONS_MESSAGE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    return option_refuse(r->message, "%.200s:%zu: %s", r->name, at->start_mark.line + 1, sentence);
}

static yaml_node_t *node(reading *r, int number)
{
    return yaml_document_get_node(&r->document, number);
}

static int32_t count_of(const yaml_node_t *list)
{
    return (int32_t)(list->data.sequence.items.top - list->data.sequence.items.start);
}

static int32_t pairs_of(const yaml_node_t *map)
{
    return (int32_t)(map->data.mapping.pairs.top - map->data.mapping.pairs.start);
}

/* A word or a number; NULL with a sentence if it is anything else. `what` is what it is for. */
static const char *text_of(const reading *r, const yaml_node_t *value, const char *what)
{
    if (value->type != YAML_SCALAR_NODE) {
        refuse(r, value, "%s takes one value, not a %s", what,
               value->type == YAML_MAPPING_NODE ? "map" : "list");
        return NULL;
    }
    const char *text = (const char *)value->data.scalar.value;
    if (strlen(text) != value->data.scalar.length || value->data.scalar.length >= VALUE_BYTES) {
        refuse(r, value, "the value of %s is too long, or holds a NUL", what);
        return NULL;
    }
    return text;
}

/* Key and value number `index` of a map; the key is a word, and not one of those before it. */
static int pair_at(reading *r, const yaml_node_t *map, int32_t index, const char **key,
                   yaml_node_t **value)
{
    const yaml_node_pair_t *pairs = map->data.mapping.pairs.start;
    const yaml_node_t *at = node(r, pairs[index].key);
    r->key = at;
    *key = text_of(r, at, "a key");
    *value = node(r, pairs[index].value);
    if (*key == NULL) {
        return -1;
    }
    for (int32_t i = 0; i < index; i++) {
        const yaml_node_t *earlier = node(r, pairs[i].key);
        if (strcmp((const char *)earlier->data.scalar.value, *key) == 0) {
            return refuse(r, at, "\"%s\" stands here twice, first in line %zu", *key,
                          earlier->start_mark.line + 1);
        }
    }
    return 0;
}

/* The place of the last key in the list; -1 with a sentence that names the nearest. */
static int find_key(const reading *r, const char *key, const char *const *names, int32_t count)
{
    char list[160] = "";
    for (int32_t i = 0; i < count; i++) {
        if (strcmp(names[i], key) == 0) {
            return i;
        }
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "", names[i]);
    }
    const char *nearest = suggest_nearest(key, names, count);
    if (nearest != NULL) {
        return refuse(r, r->key, "the key \"%s\" is unknown; did you mean \"%s\"?", key, nearest);
    }
    return refuse(r, r->key, "the key \"%s\" is unknown; there are %s", key, list);
}

/* Sets a parameter of the effect that was added last. */
static int set(const reading *r, const yaml_node_t *at, const char *parameter, const char *value)
{
    cleave_error error = {0};
    cleave_fx_chain *chain = &r->options->chain;
    if (cleave_fx_chain_set(chain, chain->count - 1, parameter, value, &error) != CLEAVE_OK) {
        return refuse(r, at, "%s", error.message);
    }
    return 0;
}

/* What is written for a gain is not written for a band that has none. */
static int band_has_gain(const char *type)
{
    static const char *const without[] = {"lowpass", "highpass", "bandpass", "notch"};
    for (size_t i = 0; i < sizeof without / sizeof without[0]; i++) {
        if (strcmp(without[i], type) == 0) {
            return 0;
        }
    }
    return 1;
}

/* {type: lowshelf, frequency: 80, gain: -3, q: 0.7} as "lowshelf@80/-3/0.7". */
static int read_band(reading *r, yaml_node_t *band)
{
    static const char *const names[] = {"type", "frequency", "gain", "q"};
    const char *values[4] = {"peak", NULL, NULL, NULL};
    char text[VALUE_BYTES];
    if (band->type == YAML_SCALAR_NODE) {
        const char *written = text_of(r, band, "a band");
        return written == NULL ? -1 : set(r, band, "band", written);
    }
    if (band->type != YAML_MAPPING_NODE) {
        return refuse(r, band, "a band is a map of frequency, gain, q and type");
    }
    for (int32_t i = 0; i < pairs_of(band); i++) {
        const char *key;
        yaml_node_t *value;
        if (pair_at(r, band, i, &key, &value) != 0) {
            return -1;
        }
        int which = find_key(r, key, names, 4);
        if (which < 0 || (values[which] = text_of(r, value, key)) == NULL) {
            return -1;
        }
    }
    if (values[1] == NULL) {
        return refuse(r, band, "a band needs its frequency");
    }
    int has_gain = band_has_gain(values[0]);
    if (!has_gain && values[2] != NULL) {
        return refuse(r, band, "a band of type %s has no gain", values[0]);
    }
    int length = snprintf(text, sizeof text, "%s@%s", values[0], values[1]);
    if (has_gain) {
        length += snprintf(text + length, sizeof text - (size_t)length, "/%.64s",
                           values[2] != NULL ? values[2] : "0");
    }
    if (values[3] != NULL && length < VALUE_BYTES) {
        snprintf(text + length, sizeof text - (size_t)length, "/%.64s", values[3]);
    }
    return set(r, band, "band", text);
}

static int read_bands(reading *r, const yaml_node_t *list)
{
    for (int32_t i = 0; i < count_of(list); i++) {
        if (read_band(r, node(r, list->data.sequence.items.start[i])) != 0) {
            return -1;
        }
    }
    return 0;
}

/* What stands behind the name of the effect that was added last. */
static int read_parameters(reading *r, yaml_node_t *values, const cleave_fx_kind *kind)
{
    if (values->type == YAML_SEQUENCE_NODE && kind->has_bands) {
        return read_bands(r, values);
    }
    if (values->type == YAML_SCALAR_NODE) {
        const char *text = text_of(r, values, kind->name);
        const char *first = kind->text != NULL           ? kind->text
                            : kind->has_bands            ? "band"
                            : kind->parameter_count == 0 ? NULL
                                                         : kind->parameters[0].name;
        if (text == NULL) {
            return -1;
        }
        if (text[0] == '\0') {
            return 0; /* "- limiter:" */
        }
        return first == NULL ? refuse(r, values, "%s has no parameters", kind->name)
                             : set(r, values, first, text);
    }
    if (values->type != YAML_MAPPING_NODE) {
        return refuse(r, values, "%s takes a map of its parameters", kind->name);
    }
    for (int32_t i = 0; i < pairs_of(values); i++) {
        const char *key;
        yaml_node_t *value;
        if (pair_at(r, values, i, &key, &value) != 0) {
            return -1;
        }
        if (kind->has_bands && strcmp(key, "bands") == 0 && value->type == YAML_SEQUENCE_NODE) {
            if (read_bands(r, value) != 0) {
                return -1;
            }
            continue;
        }
        const char *text = text_of(r, value, key);
        if (text == NULL || set(r, r->key, key, text) != 0) {
            return -1;
        }
    }
    return 0;
}

/* "- limiter", or "- limiter: ...". */
static int read_effect(reading *r, yaml_node_t *item)
{
    cleave_fx_chain *chain = &r->options->chain;
    cleave_error error = {0};
    cleave_fx_kind kind;
    const char *name;
    yaml_node_t *values = NULL;
    if (item->type == YAML_MAPPING_NODE) {
        if (pairs_of(item) != 1) {
            return refuse(r, item,
                          "an effect is one name with its values, as in "
                          "\"- compressor: {threshold: -20}\"");
        }
        if (pair_at(r, item, 0, &name, &values) != 0) {
            return -1;
        }
    } else if ((name = text_of(r, item, "an effect")) == NULL) {
        return -1;
    }
    if (cleave_fx_chain_add(chain, name, &error) != CLEAVE_OK) {
        return refuse(r, item, "%s", error.message);
    }
    cleave_fx_at(chain->effect[chain->count - 1].kind, &kind);
    return values == NULL ? 0 : read_parameters(r, values, &kind);
}

static int read_effects(reading *r, const yaml_node_t *list)
{
    if (list->type != YAML_SEQUENCE_NODE) {
        return refuse(r, list, "effects is a list, one effect a line that begins with \"- \"");
    }
    for (int32_t i = 0; i < count_of(list); i++) {
        if (read_effect(r, node(r, list->data.sequence.items.start[i])) != 0) {
            return -1;
        }
    }
    return 0;
}

/* The loudness of the whole track, after all effects of the file. */
static int read_normalize(const reading *r, const yaml_node_t *at, const char *target)
{
    cleave_error error = {0};
    if (cleave_fx_chain_add(&r->options->chain, "normalize", &error) != CLEAVE_OK) {
        return refuse(r, at, "%s", error.message);
    }
    return set(r, at, "target", target);
}

static int read_output(reading *r, const yaml_node_t *map)
{
    static const char *const names[] = {"codec", "bitrate",  "quality",     "rate",
                                        "bits",  "channels", "application", "normalize"};
    static const option_id ids[] = {OPTION_FORMAT, OPTION_BITRATE,  OPTION_QUALITY,    OPTION_RATE,
                                    OPTION_BITS,   OPTION_CHANNELS, OPTION_APPLICATION};
    static const int32_t name_count = (int32_t)(sizeof names / sizeof names[0]);
    char sentence[OPTIONS_MESSAGE_BYTES];
    if (map->type != YAML_MAPPING_NODE) {
        return refuse(r, map, "output is a map of codec, bitrate, rate and others");
    }
    for (int32_t i = 0; i < pairs_of(map); i++) {
        const char *key;
        yaml_node_t *value;
        if (pair_at(r, map, i, &key, &value) != 0) {
            return -1;
        }
        int which = find_key(r, key, names, name_count);
        const char *text = which < 0 ? NULL : text_of(r, value, key);
        if (text == NULL) {
            return -1;
        }
        if (which == name_count - 1) {
            if (read_normalize(r, value, text) != 0) {
                return -1;
            }
        } else if (ids[which] == OPTION_APPLICATION) {
            /* The text goes with the document. */
            if (option_apply(r->options, ids[which], key, text, sentence) != 0) {
                return refuse(r, value, "%s", sentence);
            }
            r->options->application = strcmp(text, "voip") == 0       ? "voip"
                                      : strcmp(text, "lowdelay") == 0 ? "lowdelay"
                                                                      : "audio";
        } else if (option_apply(r->options, ids[which], key, text, sentence) != 0) {
            return refuse(r, value, "%s", sentence);
        }
    }
    return 0;
}

static int read_document(reading *r, yaml_node_t *root)
{
    static const char *const names[NAMES_MAX] = {"effects", "output"};
    yaml_node_t *sections[2] = {NULL, NULL};
    if (root->type == YAML_SEQUENCE_NODE) {
        return read_effects(r, root);
    }
    if (root->type != YAML_MAPPING_NODE) {
        return refuse(r, root, "a chain is a map of effects and output");
    }
    for (int32_t i = 0; i < pairs_of(root); i++) {
        const char *key;
        yaml_node_t *value;
        if (pair_at(r, root, i, &key, &value) != 0) {
            return -1;
        }
        int which = find_key(r, key, names, 2);
        if (which < 0) {
            return -1;
        }
        sections[which] = value;
    }
    /* The normalize of an output follows the effects wherever it stands. */
    if (sections[0] != NULL && read_effects(r, sections[0]) != 0) {
        return -1;
    }
    return sections[1] != NULL ? read_output(r, sections[1]) : 0;
}

int chain_yaml_read(const char *text, size_t bytes, const char *name, cli_options *options,
                    char message[OPTIONS_MESSAGE_BYTES])
{
    reading r = {.name = name, .options = options, .message = message};
    yaml_parser_t parser;
    int status = 0;
    if (!yaml_parser_initialize(&parser)) {
        return option_refuse(message, "out of memory");
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, bytes);
    if (!yaml_parser_load(&parser, &r.document)) {
        status = option_refuse(message, "%.200s:%zu: %s", name, parser.problem_mark.line + 1,
                               parser.problem != NULL ? parser.problem : "this is no YAML");
        yaml_parser_delete(&parser);
        return status;
    }
    yaml_node_t *root = yaml_document_get_root_node(&r.document);
    status = root != NULL ? read_document(&r, root)
                          : option_refuse(message, "%.200s:1: the file holds no chain", name);
    yaml_document_delete(&r.document);
    yaml_parser_delete(&parser);
    return status;
}
