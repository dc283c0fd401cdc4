/* import.c: what importers share. */
#include "loader/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare_tensors(const void *x, const void *y)
{
    const cleave_import_tensor *a = x, *b = y;
    const int order = memcmp(a->name, b->name, a->name_bytes < b->name_bytes ? a->name_bytes : b->name_bytes);

    return order ? order : (a->name_bytes > b->name_bytes) - (a->name_bytes < b->name_bytes);
}

int cleave_import_sort(cleave_import *import, char message[CLEAVE_IMPORT_MESSAGE_BYTES])
{
    cleave_import_tensor *t = import->tensors;

    if (import->tensor_count == 0) {
        snprintf(message, CLEAVE_IMPORT_MESSAGE_BYTES, "the checkpoint holds no tensor");
        return 0;
    }
    qsort(t, import->tensor_count, sizeof *t, compare_tensors);
    for (uint32_t i = 0; i < import->tensor_count; i++) {
        const int shown = t[i].name_bytes < 100 ? (int)t[i].name_bytes : 100;
        if (t[i].name_bytes < 1 || t[i].name_bytes > CLEAVE_WEIGHTS_NAME_MAX) {
            snprintf(message, CLEAVE_IMPORT_MESSAGE_BYTES, "tensor \"%.*s\": a name of %u bytes", shown,
                     t[i].name, t[i].name_bytes);
            return 0;
        }
        if (i && compare_tensors(&t[i - 1], &t[i]) == 0) {
            snprintf(message, CLEAVE_IMPORT_MESSAGE_BYTES, "tensor \"%.*s\" appears twice", shown, t[i].name);
            return 0;
        }
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

static double from_half(uint32_t half)
{
    const int exponent = half >> 10 & 31;
    const double mantissa = half & 0x3FF, sign = half & 0x8000 ? -1 : 1;

    if (exponent == 31)
        return mantissa != 0 ? (double)__builtin_nanf("") : sign * __builtin_inf();
    return sign * (exponent ? __builtin_ldexp(mantissa + 1024, exponent - 25) : __builtin_ldexp(mantissa, -24));
}

static double from_float(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

double cleave_import_element(const cleave_import_tensor *tensor, uint64_t index)
{
    uint64_t at = 0, bits;
    double value;

    for (uint32_t d = tensor->rank; d-- > 0;) {
        at += index % tensor->shape[d] * tensor->stride[d];
        index /= tensor->shape[d];
    }
    switch (tensor->type) {
    case CLEAVE_IMPORT_F16:
        return from_half((uint32_t)little_endian(tensor->data + 2 * at, 2));
    case CLEAVE_IMPORT_BF16:
        return from_float((uint32_t)little_endian(tensor->data + 2 * at, 2) << 16);
    case CLEAVE_IMPORT_F32:
        return from_float((uint32_t)little_endian(tensor->data + 4 * at, 4));
    default:
        bits = little_endian(tensor->data + 8 * at, 8);
        memcpy(&value, &bits, sizeof value);
        return value;
    }
}
