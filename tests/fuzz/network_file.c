/* network_file.c: a contract's tensors as a weight file. */
#include "tests/fuzz/network_file.h"

#include <stdlib.h>
#include <string.h>

#include "weights/contract.h"

typedef struct list {
    cleave_weights_record *record;
    uint32_t count, room;
    test_bytes names;
} list;

/* What qsort() compares by: it takes no context. */
typedef struct named {
    const char *name;
    cleave_weights_record record;
} named;

static int collect(void *context, const char *name, uint32_t rank, const uint32_t *shape)
{
    list *const l = context;

    if (l->count == CLEAVE_WEIGHTS_TENSORS_MAX)
        return 0;
    if (l->count == l->room) {
        l->room = 2 * l->room + 64;
        l->record = realloc(l->record, l->room * sizeof *l->record);
        if (!l->record)
            abort();
    }
    cleave_weights_record *const r = &l->record[l->count++];
    *r = (cleave_weights_record){.name_offset = (uint32_t)l->names.used,
                                 .name_bytes = (uint16_t)strlen(name),
                                 .type = CLEAVE_WEIGHTS_F32,
                                 .rank = (uint8_t)rank};
    memcpy(r->shape, shape, rank * sizeof *shape);
    test_bytes_put(&l->names, name, strlen(name) + 1);
    return 1;
}

static int by_name(const void *a, const void *b)
{
    const named *const x = a, *const y = b;

    return strcmp(x->name, y->name);
}

static void sort(list *l)
{
    named *const n = malloc((l->count + 1) * sizeof *n);

    if (!n)
        abort();
    for (uint32_t i = 0; i < l->count; i++)
        n[i] = (named){(const char *)l->names.data + l->record[i].name_offset, l->record[i]};
    qsort(n, l->count, sizeof *n, by_name);
    for (uint32_t i = 0; i < l->count; i++)
        l->record[i] = n[i].record;
    free(n);
}

static void align(test_bytes *file)
{
    static const unsigned char zeros[CLEAVE_ALIGN_BYTES];

    test_bytes_put(file, zeros, cleave_align_up(file->used) - file->used);
}

/* Offsets and sizes of the data; 0 where they are nothing, or more than a file may have. */
static int lay_out_data(list *l, uint64_t *data_bytes)
{
    uint64_t end = 0;

    for (uint32_t i = 0; i < l->count; i++) {
        cleave_weights_record *const r = &l->record[i];
        r->bytes = r->type == CLEAVE_WEIGHTS_F16 ? 2 : 4;
        for (uint32_t d = 0; d < r->rank && r->bytes <= CLEAVE_WEIGHTS_FILE_MAX; d++)
            r->bytes *= r->shape[d];
        if (r->bytes == 0 || r->bytes > CLEAVE_WEIGHTS_FILE_MAX)
            return 0;
        r->offset = cleave_align_up(end);
        end = r->offset + r->bytes;
    }
    *data_bytes = end;
    return l->count > 0;
}

static void write_head(const char *kind, const char *config, list *l, uint64_t data_bytes,
                       test_bytes *file, uint64_t *bytes)
{
    cleave_weights_header h = {.magic = CLEAVE_WEIGHTS_MAGIC,
                               .version = CLEAVE_WEIGHTS_VERSION,
                               .tensor_count = l->count,
                               .config_bytes = strlen(config),
                               .data_bytes = data_bytes};
    test_bytes names = {0};

    memcpy(h.kind, kind, strlen(kind));
    for (uint32_t i = 0; i < l->count; i++) {
        cleave_weights_record *const r = &l->record[i];
        const void *const name = l->names.data + r->name_offset;
        r->name_offset = (uint32_t)names.used;
        test_bytes_put(&names, name, r->name_bytes);
    }
    h.names_bytes = names.used;
    h.config_offset = sizeof h;
    h.records_offset = cleave_align_up(h.config_offset + h.config_bytes);
    h.names_offset = h.records_offset + l->count * sizeof *l->record;
    h.data_offset = cleave_align_up(h.names_offset + h.names_bytes);
    *bytes = h.file_bytes = h.data_offset + data_bytes;
    test_bytes_put(file, &h, sizeof h);
    test_bytes_text(file, config);
    align(file);
    test_bytes_put(file, l->record, l->count * sizeof *l->record);
    test_bytes_put(file, names.data, names.used);
    align(file);
    test_bytes_free(&names);
}

int network_file_head(const char *kind, const char *config, const network_file_edit *edit,
                      test_bytes *file, uint64_t *bytes)
{
    char message[CLEAVE_SENTENCE_BYTES];
    list l = {0};
    uint64_t data_bytes;
    int ok = cleave_contract_walk(kind, config, strlen(config), collect, &l, message);

    if (ok) {
        sort(&l);
        if (edit)
            edit->records(edit->context, l.record, &l.count);
        ok = lay_out_data(&l, &data_bytes);
    }
    if (ok)
        write_head(kind, config, &l, data_bytes, file, bytes);
    test_bytes_free(&l.names);
    free(l.record);
    return ok;
}

void network_file_data(test_bytes *file, uint64_t bytes)
{
    for (uint32_t i = 0; file->used < bytes; i++) {
        const float value = (float)((int)(i * 2654435761u >> 24) - 128) / 1024;
        const size_t left = bytes - file->used;
        test_bytes_put(file, &value, left < sizeof value ? left : sizeof value);
    }
}
