/* bag_yaml.c: bags as Demucs has them, through libyaml's events: no document is built, aliases are
 * refused. */
#include "host/bag.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

#define DEPTH_MAX 8

typedef enum bag_key { KEY_NONE, KEY_MODELS, KEY_WEIGHTS, KEY_SEGMENT, KEY_OTHER } bag_key;

/* Depth 1 is inside the document's mapping. `key` is the key at depth 1 whose value comes. */
typedef struct reader {
    bag *bag;
    int depth, row; /* row of the weights */
    bag_key key;
    int row_count; /* weights of that row so far */
    char *message;
} reader;

const char *bag_yaml_backend(void)
{
    return "libyaml";
}

static bag_key key_named(const char *text)
{
    return !strcmp(text, "models")    ? KEY_MODELS
           : !strcmp(text, "weights") ? KEY_WEIGHTS
           : !strcmp(text, "segment") ? KEY_SEGMENT
                                      : KEY_OTHER;
}

static int add_model(reader *r, const char *text)
{
    bag *b = r->bag;

    if (b->model_count == BAG_MODELS_MAX || strlen(text) >= BAG_NAME_BYTES || !text[0])
        return cleave_sentence(r->message, "bag: model %d has a bad name, or there are too many",
                               b->model_count + 1);
    snprintf(b->model[b->model_count++], BAG_NAME_BYTES, "%s", text);
    return 1;
}

static int add_weight(reader *r, const char *text)
{
    if (r->row_count == BAG_SOURCES_MAX || !bag_number(text, &r->bag->weight[r->row][r->row_count]))
        return cleave_sentence(r->message, "bag: weight %d of row %d is no number, or one too many",
                               r->row_count + 1, r->row + 1);
    r->row_count++;
    return 1;
}

static int scalar(reader *r, const char *text)
{
    const bag_key key = r->key;

    if (r->depth == 1 && key == KEY_NONE) {
        r->key = key_named(text);
        return 1;
    }
    if (r->depth == 1) {
        r->key = KEY_NONE;
        return key == KEY_OTHER ||
               (key == KEY_SEGMENT && bag_number(text, &r->bag->segment_seconds)) ||
               cleave_sentence(r->message,
                               "bag: the value of models, weights or segment is of the wrong form");
    }
    if (key == KEY_MODELS && r->depth == 2)
        return add_model(r, text);
    if (key == KEY_WEIGHTS && r->depth == 3)
        return add_weight(r, text);
    return key == KEY_OTHER ||
           cleave_sentence(r->message, "bag: a value stands where none is expected");
}

static int begin(reader *r, int sequence)
{
    if (++r->depth > DEPTH_MAX)
        return cleave_sentence(r->message, "bag: it nests deeper than %d", DEPTH_MAX);
    if (r->depth == 1)
        return !sequence || cleave_sentence(r->message, "bag: it is a list, not keys with values");
    if (r->depth == 2 && r->key == KEY_NONE)
        return cleave_sentence(r->message, "bag: a key is no text");
    if (r->key == KEY_OTHER)
        return 1;
    if (!sequence || r->key == KEY_SEGMENT || r->depth > (r->key == KEY_WEIGHTS ? 3 : 2))
        return cleave_sentence(r->message,
                               "bag: the value of models, weights or segment is of the wrong form");
    if (r->key == KEY_WEIGHTS && r->depth == 3) {
        if (r->row == BAG_MODELS_MAX)
            return cleave_sentence(r->message, "bag: more than %d rows of weights", BAG_MODELS_MAX);
        r->row_count = 0;
    }
    return 1;
}

static int end(reader *r)
{
    if (r->key == KEY_WEIGHTS && r->depth == 3) {
        if (r->row && r->row_count != r->bag->source_count)
            return cleave_sentence(r->message, "bag: row %d has %d weights, the first has %d",
                                   r->row + 1, r->row_count, r->bag->source_count);
        r->bag->source_count = r->row_count;
        r->row++;
    }
    if (--r->depth == 1)
        r->key = KEY_NONE;
    return 1;
}

static int take(reader *r, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        if (r->depth == 0)
            return cleave_sentence(r->message, "bag: it is one value, not keys with values");
        if (event->data.scalar.length != strlen((const char *)event->data.scalar.value))
            return cleave_sentence(r->message, "bag: a value holds a NUL");
        return scalar(r, (const char *)event->data.scalar.value);
    case YAML_SEQUENCE_START_EVENT:
        return begin(r, 1);
    case YAML_MAPPING_START_EVENT:
        return begin(r, 0);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return end(r);
    case YAML_ALIAS_EVENT:
        return cleave_sentence(r->message, "bag: aliases are not allowed");
    default:
        return 1;
    }
}

int bag_read_yaml(bag *b, const char *text, size_t bytes, char message[CLEAVE_SENTENCE_BYTES])
{
    reader r = {.bag = b, .message = message};
    yaml_parser_t parser;
    yaml_event_t event;
    int ok = 1, done = 0;

    *b = (bag){0};
    if (bytes > BAG_FILE_BYTES)
        return cleave_sentence(message, "bag: %zu bytes are more than %d", bytes, BAG_FILE_BYTES);
    if (!yaml_parser_initialize(&parser))
        return cleave_sentence(message, "bag: no memory to read it");
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, bytes);
    while (ok && !done) {
        if (!yaml_parser_parse(&parser, &event)) {
            ok = cleave_sentence(message, "bag: line %zu: %s", parser.problem_mark.line + 1,
                                 parser.problem ? parser.problem : "malformed");
            break;
        }
        done = event.type == YAML_STREAM_END_EVENT || event.type == YAML_DOCUMENT_END_EVENT;
        ok = take(&r, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    if (ok && r.row && r.row != b->model_count)
        return cleave_sentence(message, "bag: %d rows of weights for %d models", r.row,
                               b->model_count);
    return ok && bag_check(b, message);
}
