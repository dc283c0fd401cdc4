/* crc32.c: eight bytes a step through tables (Kounavis and Berry, "A systematic approach to
 * building high performance software-based CRC generators", 2005). The tables are made for each
 * long run: no mutable globals, 8 kB of stack. */
#include "weights/crc32.h"

/* The remainder of a byte; the polynomial is bit-reflected. */
static uint32_t remainder_of(uint32_t polynomial, uint32_t byte)
{
    uint32_t crc = byte;

    for (int bit = 0; bit < 8; bit++)
        crc = crc >> 1 ^ (crc & 1 ? polynomial : 0);
    return crc;
}

static uint32_t checksum(uint32_t polynomial, uint32_t crc, const unsigned char *p, size_t bytes)
{
    uint32_t row[8][256];

    crc = ~crc;
    if (bytes < 4096) {
        for (; bytes; p++, bytes--)
            crc = crc >> 8 ^ remainder_of(polynomial, (crc ^ *p) & 0xFF);
        return ~crc;
    }
    for (uint32_t b = 0; b < 256; b++)
        row[0][b] = remainder_of(polynomial, b);
    for (int k = 1; k < 8; k++) /* the byte followed by k zero bytes */
        for (int b = 0; b < 256; b++)
            row[k][b] = row[k - 1][b] >> 8 ^ row[0][row[k - 1][b] & 0xFF];
    for (; bytes >= 8; p += 8, bytes -= 8)
        crc = row[7][(crc ^ p[0]) & 0xFF] ^ row[6][(crc >> 8 ^ p[1]) & 0xFF] ^
              row[5][(crc >> 16 ^ p[2]) & 0xFF] ^ row[4][(crc >> 24 ^ p[3]) & 0xFF] ^ row[3][p[4]] ^
              row[2][p[5]] ^ row[1][p[6]] ^ row[0][p[7]];
    for (; bytes; p++, bytes--)
        crc = crc >> 8 ^ row[0][(crc ^ *p) & 0xFF];
    return ~crc;
}

uint32_t cleave_crc32c(uint32_t crc, const void *data, size_t bytes)
{
    return checksum(UINT32_C(0x82F63B78), crc, data, bytes);
}

uint32_t cleave_crc32(uint32_t crc, const void *data, size_t bytes)
{
    return checksum(UINT32_C(0xEDB88320), crc, data, bytes);
}
