/* snappy.c: literals, and copies of what was decoded before. */
#include "loader/snappy.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "loader/protobuf.h"

/* The densest element is a copy of 64 bytes, which takes 3. */
#define RATIO_MAX 22

typedef struct decoder {
    const unsigned char *at, *end;
    unsigned char *out;
    size_t used, size;
    char *message;
} decoder;

static int number(decoder *d, uint32_t bytes, uint32_t *value)
{
    if ((size_t)(d->end - d->at) < bytes)
        return cleave_sentence(d->message, "snappy: an element runs past the end of the stream");
    *value = 0;
    for (uint32_t i = 0; i < bytes; i++)
        *value |= (uint32_t)*d->at++ << (8 * i);
    return 1;
}

static int room(const decoder *d, uint64_t bytes)
{
    return bytes <= d->size - d->used ||
           cleave_sentence(d->message, "snappy: more than the %zu bytes that are declared",
                           d->size);
}

static int literal(decoder *d, uint32_t tag)
{
    uint32_t more = tag >> 2;
    uint64_t bytes;

    if (more >= 60 && !number(d, more - 59, &more))
        return 0;
    bytes = (uint64_t)more + 1;
    if (bytes > (uint64_t)(d->end - d->at))
        return cleave_sentence(d->message, "snappy: a literal runs past the end of the stream");
    if (!room(d, bytes))
        return 0;
    memcpy(d->out + d->used, d->at, bytes);
    d->at += bytes;
    d->used += bytes;
    return 1;
}

static int copy(decoder *d, uint32_t tag)
{
    const uint32_t kind = tag & 3, upper = tag >> 2;
    const uint32_t bytes = kind == 1 ? 4 + (upper & 7) : 1 + upper;
    uint32_t offset = 0;

    if (!number(d, kind == 1 ? 1 : kind == 2 ? 2 : 4, &offset))
        return 0;
    if (kind == 1)
        offset |= upper >> 3 << 8;
    if (offset == 0 || offset > d->used)
        return cleave_sentence(d->message,
                               "snappy: a copy from %u bytes back, where %zu are decoded", offset,
                               d->used);
    if (!room(d, bytes))
        return 0;
    for (uint32_t i = 0; i < bytes; i++, d->used++) /* it may overlap what it makes */
        d->out[d->used] = d->out[d->used - offset];
    return 1;
}

static int elements(decoder *d)
{
    while (d->at < d->end) {
        const uint32_t tag = *d->at++;
        if (!(tag & 3 ? copy(d, tag) : literal(d, tag)))
            return 0;
    }
    return d->used == d->size ||
           cleave_sentence(d->message, "snappy: %zu bytes, where %zu are declared", d->used,
                           d->size);
}

unsigned char *cleave_snappy_decode(const void *bytes, size_t size, size_t *out_bytes,
                                    char message[CLEAVE_SENTENCE_BYTES])
{
    decoder d = {.at = bytes, .message = message};
    uint32_t declared;

    d.end = d.at + size;
    if (!cleave_varint32(&d.at, d.end, &declared)) {
        cleave_sentence(message, "snappy: the declared length is damaged");
        return NULL;
    }
    if (declared > CLEAVE_SNAPPY_BYTES_MAX || declared / RATIO_MAX > size) {
        cleave_sentence(message, "snappy: a stream of %zu bytes declares %u", size, declared);
        return NULL;
    }
    d.size = declared;
    d.out = malloc(declared ? declared : 1);
    if (!d.out) {
        cleave_sentence(message, "snappy: no memory for %u bytes", declared);
        return NULL;
    }
    if (!elements(&d)) {
        free(d.out);
        return NULL;
    }
    *out_bytes = d.size;
    return d.out;
}
