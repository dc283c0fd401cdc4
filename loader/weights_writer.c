/* weights_writer.c: an import in the project's own format (weights/format.h). */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "loader/import.h"
#include "loader/sha256.h"
#include "weights/config_text.h"
#include "weights/crc32.h"
#include "kernels/half.h"

#define CHUNK 4096 /* values converted at a time */

typedef struct writer {
    const cleave_import *import;
    cleave_weights_type type;
    cleave_weights_header header;
    cleave_weights_record *records;
    cleave_weights_sink sink;
    void *context;
    uint64_t written;
    char *message;
} writer;

static int emit(writer *w, const void *bytes, size_t count)
{
    w->written += count;
    return count == 0 || w->sink(w->context, bytes, count);
}

static int emit_padding(writer *w)
{
    static const unsigned char zeros[CLEAVE_ALIGN_BYTES];

    return emit(w, zeros, cleave_align_up(w->written) - w->written);
}

typedef union chunk {
    float f32[CHUNK];
    uint16_t f16[CHUNK];
} chunk;

/* Values [first, first + count) as they are stored; 0 with a sentence if one cannot be. */
static int convert(writer *w, const cleave_import_tensor *t, uint64_t first, uint64_t count,
                   chunk *out)
{
    double value[CHUNK];

    cleave_import_read(t, first, count, value);
    for (uint64_t i = 0; i < count; i++) {
        const float single = fabs(value[i]) <= FLT_MAX ? (float)value[i] : NAN;
        const uint16_t half = isfinite(single) ? cleave_half_from_float(single) : 0x7C00;
        if (!isfinite(single) || (w->type == CLEAVE_WEIGHTS_F16 && (half & 0x7FFF) == 0x7C00))
            return cleave_sentence(
                w->message, "tensor \"%.*s\": element %llu is %g, which %s cannot hold",
                cleave_sentence_quote(t->name_bytes), t->name, (unsigned long long)(first + i),
                value[i], w->type == CLEAVE_WEIGHTS_F16 ? "float16" : "float32");
        if (w->type == CLEAVE_WEIGHTS_F16)
            out->f16[i] = half;
        else
            out->f32[i] = single;
    }
    return 1;
}

/* Hands a tensor's bytes to take(), chunk by chunk. */
static int for_chunks(writer *w, uint32_t index,
                      int (*take)(writer *w, uint32_t index, const void *bytes, size_t count))
{
    const cleave_import_tensor *t = &w->import->tensors[index];
    const size_t size = w->type == CLEAVE_WEIGHTS_F16 ? 2 : 4;
    const uint64_t elements = w->records[index].bytes / size;
    chunk values;

    for (uint64_t first = 0; first < elements; first += CHUNK) {
        const uint64_t count = elements - first < CHUNK ? elements - first : CHUNK;
        if (!convert(w, t, first, count, &values) || !take(w, index, &values, count * size))
            return 0;
    }
    return 1;
}

static int take_checksum(writer *w, uint32_t index, const void *bytes, size_t count)
{
    w->records[index].crc32c = cleave_crc32c(w->records[index].crc32c, bytes, count);
    return 1;
}

static int take_bytes(writer *w, uint32_t index, const void *bytes, size_t count)
{
    (void)index;
    return emit(w, bytes, count);
}

/* Places every part of the file and computes the tensors' checksums. */
static int lay_out(writer *w)
{
    const cleave_import *import = w->import;
    cleave_weights_header *h = &w->header;
    const uint64_t size = w->type == CLEAVE_WEIGHTS_F16 ? 2 : 4;

    for (uint32_t i = 0; i < import->tensor_count; i++) {
        const cleave_import_tensor *t = &import->tensors[i];
        cleave_weights_record *r = &w->records[i];
        r->name_offset = (uint32_t)h->names_bytes;
        r->name_bytes = (uint16_t)t->name_bytes;
        r->type = (uint8_t)w->type;
        r->rank = (uint8_t)t->rank;
        r->bytes = size;
        for (uint32_t d = 0; d < t->rank; d++) {
            r->shape[d] = t->shape[d];
            r->bytes *= t->shape[d];
        }
        r->offset = cleave_align_up(h->data_bytes);
        h->data_bytes = r->offset + r->bytes;
        h->names_bytes += t->name_bytes;
        if (h->data_bytes > CLEAVE_WEIGHTS_FILE_MAX)
            return cleave_sentence(w->message, "the tensors take more than %llu bytes",
                                   (unsigned long long)CLEAVE_WEIGHTS_FILE_MAX);
        if (!for_chunks(w, i, take_checksum))
            return 0;
    }
    h->config_offset = sizeof *h;
    h->config_bytes = import->config_bytes;
    h->records_offset = cleave_align_up(h->config_offset + h->config_bytes);
    h->names_offset =
        cleave_align_up(h->records_offset + import->tensor_count * sizeof *w->records);
    h->data_offset = cleave_align_up(h->names_offset + h->names_bytes);
    h->file_bytes = h->data_offset + h->data_bytes;
    return 1;
}

static int write_file(writer *w)
{
    int ok = emit(w, &w->header, sizeof w->header) &&
             emit(w, w->import->config, w->import->config_bytes) && emit_padding(w) &&
             emit(w, w->records, w->import->tensor_count * sizeof *w->records) && emit_padding(w);

    for (uint32_t i = 0; ok && i < w->import->tensor_count; i++)
        ok = emit(w, w->import->tensors[i].name, w->import->tensors[i].name_bytes);
    for (uint32_t i = 0; ok && i < w->import->tensor_count; i++)
        ok = emit_padding(w) && for_chunks(w, i, take_bytes);
    assert(!ok || w->written == w->header.file_bytes);
    return ok;
}

static int add_to_hash(void *context, const void *bytes, size_t count)
{
    cleave_sha256_add(context, bytes, count);
    return 1;
}

cleave_weights_type cleave_import_smallest(const cleave_import *import)
{
    for (uint32_t i = 0; i < import->tensor_count; i++)
        if (import->tensors[i].type != CLEAVE_IMPORT_F16)
            return CLEAVE_WEIGHTS_F32;
    return CLEAVE_WEIGHTS_F16;
}

int cleave_weights_write(const cleave_import *import, cleave_weights_type type,
                         const uint8_t source_sha256[32], cleave_weights_sink sink, void *context,
                         char message[CLEAVE_SENTENCE_BYTES])
{
    writer w = {.import = import, .type = type, .sink = add_to_hash, .message = message};
    cleave_sha256 hash;
    int ok;

    message[0] = 0;
    if (!import->kind[0])
        return cleave_sentence(message, "the file does not say what kind of model it holds");
    if (!cleave_kind_ok(import->kind))
        return cleave_sentence(message, "the kind \"%.32s\" is no name", import->kind);
    w.context = &hash;
    w.records = calloc(import->tensor_count, sizeof *w.records);
    if (!w.records)
        return cleave_sentence(message, "no memory for %u records", import->tensor_count);
    memcpy(w.header.magic, CLEAVE_WEIGHTS_MAGIC, sizeof w.header.magic);
    w.header.version = CLEAVE_WEIGHTS_VERSION;
    w.header.tensor_count = import->tensor_count;
    memcpy(w.header.kind, import->kind, sizeof w.header.kind);
    memcpy(w.header.source_sha256, source_sha256, 32);
    cleave_sha256_init(&hash);
    ok = lay_out(&w) && write_file(&w);
    if (ok) {
        cleave_sha256_finish(&hash, w.header.file_sha256);
        w.sink = sink;
        w.context = context;
        w.written = 0;
        ok = write_file(&w);
    }
    free(w.records);
    return ok;
}
