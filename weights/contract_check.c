/* contract_check.c: whether a file has the tensors that its model must have. */
#include "weights/contract_check.h"

#include <stdio.h>
#include <string.h>

typedef struct check {
    const cleave_shapes *shapes;
    uint32_t found;
    char *message;
} check;

/* The tensor called `name` into *shape; 0 if there is none. */
static int find(const cleave_shapes *shapes, const char *name, cleave_shape *shape)
{
    const size_t bytes = strlen(name);
    uint32_t low = 0, high = shapes->count;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const cleave_shape s = shapes->at(shapes->file, middle);
        int order = memcmp(s.name, name, s.name_bytes < bytes ? s.name_bytes : bytes);
        if (order == 0)
            order = (s.name_bytes > bytes) - (s.name_bytes < bytes);
        if (order == 0) {
            *shape = s;
            return 1;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

/* "[48][4][8]" */
static const char *shape_text(char text[128], uint32_t rank, const uint32_t *shape)
{
    size_t used = (size_t)snprintf(text, 128, rank ? "" : "scalar");

    for (uint32_t d = 0; d < rank; d++)
        used += (size_t)snprintf(text + used, 128 - used, "[%u]", shape[d]);
    return text;
}

static int check_tensor(void *context, const char *name, uint32_t rank, const uint32_t *shape)
{
    check *const c = context;
    char expected[128], found[128];
    cleave_shape s;

    if (!find(c->shapes, name, &s))
        return cleave_sentence(c->message, "tensor \"%s\" is missing", name);
    if (s.rank != rank || memcmp(s.shape, shape, rank * sizeof *shape) != 0)
        return cleave_sentence(c->message, "tensor \"%s\": expected %s, found %s", name,
                               shape_text(expected, rank, shape),
                               shape_text(found, s.rank, s.shape));
    c->found++;
    return 1;
}

/* Stops the walk at a tensor of this name. */
static int differs(void *context, const char *name, uint32_t rank, const uint32_t *shape)
{
    const cleave_shape *const s = context;

    (void)rank;
    (void)shape;
    return strlen(name) != s->name_bytes || memcmp(name, s->name, s->name_bytes) != 0;
}

/* More tensors than the walk visits: the first that it does not visit comes at the latest after as
 * many as it does. */
static int refuse_extra(const char *kind, const char *config, size_t config_bytes,
                        const cleave_shapes *shapes, char *message)
{
    cleave_shape s;
    uint32_t i = 0;

    do
        s = shapes->at(shapes->file, i++);
    while (!cleave_contract_walk(kind, config, config_bytes, differs, &s, message));
    return cleave_sentence(message, "tensor \"%.*s\" does not belong to this model",
                           cleave_sentence_quote(s.name_bytes), s.name);
}

int cleave_contract_check(const char *kind, const char *config, size_t config_bytes,
                          const cleave_shapes *shapes, char message[CLEAVE_SENTENCE_BYTES])
{
    char sentence[CLEAVE_SENTENCE_BYTES] = "";
    check c = {shapes, 0, sentence};

    if (!cleave_contract_walk(kind, config, config_bytes, check_tensor, &c, message))
        return message[0] ? 0 : cleave_sentence(message, "%s", sentence);
    if (c.found < shapes->count)
        return refuse_extra(kind, config, config_bytes, shapes, message);
    return 1;
}

static cleave_shape table_shape(const void *file, uint32_t index)
{
    const cleave_table *const table = file;
    const cleave_weights_record *const r = &table->records[index];

    return (cleave_shape){table->names + r->name_offset, r->name_bytes, r->rank, r->shape};
}

int cleave_contract_check_table(const cleave_table *table, char message[CLEAVE_SENTENCE_BYTES])
{
    const cleave_weights_header *const h = table->header;
    const cleave_shapes shapes = {table, h->tensor_count, table_shape};

    return cleave_contract_check(h->kind, table->config, h->config_bytes, &shapes, message);
}
