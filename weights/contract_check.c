/* contract_check.c: whether a file has the tensors that its model must have. */
#include "weights/contract_check.h"

#include <stdio.h>
#include <string.h>

#define VISITS_MAX 4096 /* tensors that are told apart in one walk */

typedef struct check {
    const cleave_shapes *shapes;
    uint32_t found;
    char *message;
} check;

/* The tensor called `name` into *shape and where it stands into *index; 0 if there is none. */
static int find(const cleave_shapes *shapes, const char *name, cleave_shape *shape, uint32_t *index)
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
            *index = middle;
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
    uint32_t index;

    if (!find(c->shapes, name, &s, &index))
        return cleave_sentence(c->message, "tensor \"%s\" is missing", name);
    if (s.rank != rank || memcmp(s.shape, shape, rank * sizeof *shape) != 0)
        return cleave_sentence(c->message, "tensor \"%s\": expected %s, found %s", name,
                               shape_text(expected, rank, shape),
                               shape_text(found, s.rank, s.shape));
    c->found++;
    return 1;
}

/* Which of the tensors from `first` on the walk visits. */
typedef struct visits {
    const cleave_shapes *shapes;
    uint32_t first;
    uint8_t seen[VISITS_MAX];
} visits;

static int note(void *context, const char *name, uint32_t rank, const uint32_t *shape)
{
    visits *const v = context;
    cleave_shape s;
    uint32_t index;

    (void)rank;
    (void)shape;
    if (find(v->shapes, name, &s, &index) && index >= v->first && index - v->first < VISITS_MAX)
        v->seen[index - v->first] = 1;
    return 1;
}

/* Names the first tensor that the walk does not visit; 1 if there is none. A walk for every
 * VISITS_MAX tensors, since nothing here is allocated. */
static int refuse_extra(const char *kind, const char *config, size_t config_bytes,
                        const cleave_shapes *shapes, char *message)
{
    for (uint32_t first = 0; first < shapes->count; first += VISITS_MAX) {
        visits v = {.shapes = shapes, .first = first};
        cleave_contract_walk(kind, config, config_bytes, note, &v, message);
        for (uint32_t i = 0; i < VISITS_MAX && first + i < shapes->count; i++) {
            const cleave_shape s = shapes->at(shapes->file, first + i);
            if (!v.seen[i])
                return cleave_sentence(message, "tensor \"%.*s\" does not belong to this model",
                                       cleave_sentence_quote(s.name_bytes), s.name);
        }
    }
    return 1;
}

int cleave_contract_check(const char *kind, const char *config, size_t config_bytes,
                          const cleave_shapes *shapes, char message[CLEAVE_SENTENCE_BYTES])
{
    char sentence[CLEAVE_SENTENCE_BYTES] = "";
    check c = {shapes, 0, sentence};

    if (!cleave_contract_walk(kind, config, config_bytes, check_tensor, &c, message))
        return message[0] ? 0 : cleave_sentence(message, "%s", sentence);
    return c.found == shapes->count || refuse_extra(kind, config, config_bytes, shapes, message);
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
