/* tar_file.c: tar archives for tests. */
#include "tests/host/tar_file.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weights/crc32.h"

#define BLOCK        512
#define STORED_BYTES 65535    /* of a stored block of deflate, at most (RFC 1951) */
#define ZERO_BYTES   16777216 /* of a member of zeros: one and 65027 times 258, and 249 */

void tar_put(tar_file *tar, const void *bytes, size_t count)
{
    if (tar->count + count > tar->room) {
        tar->room = 2 * (tar->count + count);
        tar->bytes = realloc(tar->bytes, tar->room);
        if (tar->bytes == NULL) {
            abort();
        }
    }
    if (count > 0) {
        memcpy(tar->bytes + tar->count, bytes, count);
    }
    tar->count += count;
}

void tar_header(tar_file *tar, const char *name, char type, size_t claimed)
{
    char block[BLOCK] = {0};
    unsigned sum = 0;
    snprintf(block, 100, "%s", name);
    snprintf(block + 100, 8, "%07o", 0644);
    snprintf(block + 108, 8, "%07o", 0);
    snprintf(block + 116, 8, "%07o", 0);
    snprintf(block + 124, 12, "%011zo", claimed);
    snprintf(block + 136, 12, "%011o", 0);
    memset(block + 148, ' ', 8);
    block[156] = type;
    if (type == '1' || type == '2') {
        strcpy(block + 157, "/etc/passwd");
    }
    memcpy(block + 257, "ustar\00000", 8);
    for (int i = 0; i < BLOCK; i++) {
        sum += (unsigned char)block[i];
    }
    snprintf(block + 148, 8, "%06o", sum);
    tar_put(tar, block, BLOCK);
}

void tar_add(tar_file *tar, const char *name, const void *bytes, size_t count)
{
    static const char zeros[BLOCK];
    tar_header(tar, name, '0', count);
    tar_put(tar, bytes, count);
    tar_put(tar, zeros, (BLOCK - count % BLOCK) % BLOCK);
}

void tar_end(tar_file *tar)
{
    static const char zeros[2 * BLOCK];
    tar_put(tar, zeros, sizeof zeros);
}

static void put_number(tar_file *tar, uint32_t number, int bytes)
{
    for (int i = 0; i < bytes; i++, number >>= 8) {
        unsigned char byte = (unsigned char)number;
        tar_put(tar, &byte, 1);
    }
}

static void put_gzip_header(tar_file *tar)
{
    static const unsigned char header[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255};
    tar_put(tar, header, sizeof header);
}

void tar_gzip(tar_file *tar)
{
    tar_file packed = {0};
    size_t at = 0;
    put_gzip_header(&packed);
    do {
        size_t left = tar->count - at;
        size_t bytes = left < STORED_BYTES ? left : STORED_BYTES;
        put_number(&packed, bytes == left, 1);
        put_number(&packed, (uint32_t)bytes, 2);
        put_number(&packed, ~(uint32_t)bytes, 2);
        tar_put(&packed, tar->bytes + at, bytes);
        at += bytes;
    } while (at < tar->count);
    put_number(&packed, cleave_crc32(0, tar->bytes, tar->count), 4);
    put_number(&packed, (uint32_t)tar->count, 4);
    free(tar->bytes);
    *tar = packed;
}

/* Bits, the lowest first, as deflate packs them. */
typedef struct bit_writer {
    tar_file *tar;
    uint32_t bits;
    int count;
} bit_writer;

static void put_bits(bit_writer *writer, uint32_t bits, int count)
{
    writer->bits |= bits << writer->count;
    for (writer->count += count; writer->count >= 8; writer->count -= 8, writer->bits >>= 8) {
        put_number(writer->tar, writer->bits, 1);
    }
}

/* Huffman codes go in from their highest bit. */
static void put_code(bit_writer *writer, uint32_t code, int count)
{
    while (count-- > 0) {
        put_bits(writer, code >> count & 1, 1);
    }
}

/* One block with the fixed codes: a zero, then copies of it by 258 (symbol 285), the last shorter
 * (symbol 284, 22 above its 227). */
static void put_zeros(tar_file *tar)
{
    bit_writer writer = {.tar = tar};
    put_bits(&writer, 1, 1);
    put_bits(&writer, 1, 2);
    put_code(&writer, 0x30, 8);
    for (int i = 0; i < (ZERO_BYTES - 1) / 258; i++) {
        put_code(&writer, 0xc5, 8);
        put_code(&writer, 0, 5);
    }
    put_code(&writer, 0xc4, 8);
    put_bits(&writer, (ZERO_BYTES - 1) % 258 - 227, 5);
    put_code(&writer, 0, 5);
    put_code(&writer, 0, 7);
    put_bits(&writer, 0, 7);
}

void tar_gzip_zeros(tar_file *tar, int members)
{
    tar_file member = {0};
    unsigned char *zeros = calloc(1, ZERO_BYTES);
    if (zeros == NULL) {
        abort();
    }
    put_gzip_header(&member);
    put_zeros(&member);
    put_number(&member, cleave_crc32(0, zeros, ZERO_BYTES), 4);
    put_number(&member, ZERO_BYTES, 4);
    free(zeros);
    for (int i = 0; i < members; i++) {
        tar_put(tar, member.bytes, member.count);
    }
    free(member.bytes);
}

void tar_free(tar_file *tar)
{
    free(tar->bytes);
    *tar = (tar_file){0};
}
