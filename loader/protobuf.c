/* protobuf.c: fields of a message. */
#include "loader/protobuf.h"

int cleave_varint64(const unsigned char **at, const unsigned char *end, uint64_t *value)
{
    uint64_t bits = 0;

    for (int shift = 0; shift < 64 && *at < end; shift += 7) {
        const unsigned char byte = *(*at)++;
        if (shift == 63 && byte > 1)
            return 0;
        bits |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            *value = bits;
            return 1;
        }
    }
    return 0;
}

int cleave_varint32(const unsigned char **at, const unsigned char *end, uint32_t *value)
{
    uint64_t wide;

    if (!cleave_varint64(at, end, &wide) || wide > UINT32_MAX)
        return 0;
    *value = (uint32_t)wide;
    return 1;
}

static int fixed(const unsigned char **at, const unsigned char *end, int bytes, uint64_t *value)
{
    if (end - *at < bytes)
        return 0;
    *value = 0;
    for (int i = 0; i < bytes; i++)
        *value |= (uint64_t) * (*at)++ << (8 * i);
    return 1;
}

int cleave_field_next(const unsigned char **at, const unsigned char *end, cleave_field *field)
{
    uint32_t key;

    if (!cleave_varint32(at, end, &key) || key >> 3 == 0)
        return 0;
    *field = (cleave_field){.number = key >> 3, .wire = (cleave_wire)(key & 7)};
    switch (field->wire) {
    case CLEAVE_WIRE_VARINT:
        return cleave_varint64(at, end, &field->value);
    case CLEAVE_WIRE_FIXED64:
        return fixed(at, end, 8, &field->value);
    case CLEAVE_WIRE_FIXED32:
        return fixed(at, end, 4, &field->value);
    case CLEAVE_WIRE_BYTES:
        if (!cleave_varint64(at, end, &field->value) || field->value > (uint64_t)(end - *at))
            return 0;
        field->bytes = *at;
        *at += field->value;
        return 1;
    default:
        return 0;
    }
}
