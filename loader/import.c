/* import.c: what importers share. */
#include "loader/import.h"

#include <stdlib.h>
#include <string.h>

#include "weights/config_text.h"
#include "kernels/half.h"

static int compare_tensors(const void *x, const void *y)
{
    const cleave_import_tensor *a = x, *b = y;
    const int order =
        memcmp(a->name, b->name, a->name_bytes < b->name_bytes ? a->name_bytes : b->name_bytes);

    return order ? order : (a->name_bytes > b->name_bytes) - (a->name_bytes < b->name_bytes);
}

int cleave_import_sort(cleave_import *import, size_t file_bytes,
                       char message[CLEAVE_SENTENCE_BYTES])
{
    cleave_import_tensor *t = import->tensors;
    uint64_t elements = 0;

    if (import->tensor_count == 0)
        return cleave_sentence(message, "the checkpoint holds no tensor");
    qsort(t, import->tensor_count, sizeof *t, compare_tensors);
    for (uint32_t i = 0; i < import->tensor_count; i++) {
        const int shown = cleave_sentence_quote(t[i].name_bytes);
        if (t[i].name_bytes < 1 || t[i].name_bytes > CLEAVE_WEIGHTS_NAME_MAX)
            return cleave_sentence(message, "tensor \"%.*s\": a name of %u bytes", shown, t[i].name,
                                   t[i].name_bytes);
        if (!cleave_utf8_ok(t[i].name, t[i].name_bytes))
            return cleave_sentence(message, "tensor \"%.*s\": its name is not printable UTF-8",
                                   shown, t[i].name);
        if (i && compare_tensors(&t[i - 1], &t[i]) == 0)
            return cleave_sentence(message, "tensor \"%.*s\" appears twice", shown, t[i].name);
        elements += cleave_import_count(&t[i]);
        if (elements > file_bytes)
            return cleave_sentence(
                message, "tensor \"%.*s\": with it, the tensors are larger than their file", shown,
                t[i].name);
    }
    return 1;
}

void cleave_import_close(cleave_import *import)
{
    free(import->tensors);
    free(import->config);
    free(import->names);
    cleave_pickle_close(&import->pickle);
    cleave_zip_close(&import->zip);
    *import = (cleave_import){0};
}

static uint64_t little_endian(const unsigned char *p, int bytes)
{
    uint64_t bits = 0;

    for (int i = 0; i < bytes; i++)
        bits |= (uint64_t)p[i] << (8 * i);
    return bits;
}

static float from_float(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

static double element(const unsigned char *data, cleave_import_type type, uint64_t at)
{
    uint64_t bits;
    double value;

    switch (type) {
    case CLEAVE_IMPORT_F16:
        return cleave_half_to_float((uint16_t)little_endian(data + 2 * at, 2));
    case CLEAVE_IMPORT_BF16:
        return from_float((uint32_t)little_endian(data + 2 * at, 2) << 16);
    case CLEAVE_IMPORT_F32:
        return from_float((uint32_t)little_endian(data + 4 * at, 4));
    default:
        bits = little_endian(data + 8 * at, 8);
        memcpy(&value, &bits, sizeof value);
        return value;
    }
}

uint64_t cleave_import_count(const cleave_import_tensor *tensor)
{
    uint64_t count = 1;

    for (uint32_t d = 0; d < tensor->rank; d++)
        count *= tensor->shape[d];
    return count;
}

void cleave_import_read(const cleave_import_tensor *tensor, uint64_t first, uint64_t count,
                        double *out)
{
    uint64_t index[CLEAVE_WEIGHTS_RANK_MAX] = {0}, at = 0;

    assert(first <= cleave_import_count(tensor) && count <= cleave_import_count(tensor) - first);
    for (uint32_t d = tensor->rank; d-- > 0;) {
        index[d] = first % tensor->shape[d];
        first /= tensor->shape[d];
        at += index[d] * tensor->stride[d];
    }
    for (uint64_t i = 0; i < count; i++) {
        out[i] = element(tensor->data, tensor->type, at);
        for (uint32_t d = tensor->rank; d-- > 0;) { /* the next index, innermost first */
            at += tensor->stride[d];
            if (++index[d] < tensor->shape[d])
                break;
            at -= index[d] * tensor->stride[d];
            index[d] = 0;
        }
    }
}
