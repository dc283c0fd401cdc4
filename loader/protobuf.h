/* protobuf.h: the wire format of protocol buffers, a field at a time. Source: "Encoding" in the
 * protocol buffers' documentation. */
#ifndef CLEAVE_LOADER_PROTOBUF_H
#define CLEAVE_LOADER_PROTOBUF_H

#include <stdint.h>

typedef enum cleave_wire {
    CLEAVE_WIRE_VARINT = 0,
    CLEAVE_WIRE_FIXED64 = 1,
    CLEAVE_WIRE_BYTES = 2,
    CLEAVE_WIRE_FIXED32 = 5 /* 3 and 4 are groups, which no current writer makes */
} cleave_wire;

typedef struct cleave_field {
    uint32_t number; /* >= 1 */
    cleave_wire wire;
    uint64_t value;             /* of BYTES: how many */
    const unsigned char *bytes; /* of BYTES: where, in the message */
} cleave_field;

/* Reads the field at *at and advances past it. 1, or 0 if it is malformed or runs past end. */
int cleave_field_next(const unsigned char **at, const unsigned char *end, cleave_field *field);

/* Reads a number of 7 bits a byte, lowest first, and advances past it. 1, or 0 if it runs past end
 * or does not fit. LevelDB's tables and snappy have the same numbers. */
int cleave_varint64(const unsigned char **at, const unsigned char *end, uint64_t *value);
int cleave_varint32(const unsigned char **at, const unsigned char *end, uint32_t *value);

#endif
