/* sha256.c: SHA-256, straight from FIPS 180-4. */
#include "loader/sha256.h"

#include <string.h>

/* First 32 bits of the fractional parts of the cube roots of the first 64 primes (section 4.2.2).
 */
static const uint32_t round_constant[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t x, int by)
{
    return x >> by | x << (32 - by);
}

static uint32_t big_endian(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* One round (section 6.2.2), with the eight working variables named by position: the caller rotates
 * the names. */
static inline void round_of(uint32_t a, uint32_t b, uint32_t c, uint32_t *d, uint32_t e, uint32_t f,
                            uint32_t g, uint32_t *h, uint32_t addend)
{
    const uint32_t choice = (e & f) ^ (~e & g), majority = (a & b) ^ (a & c) ^ (b & c);
    const uint32_t t1 = *h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + choice + addend;

    *d += t1;
    *h = t1 + (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + majority;
}

static void compress(uint32_t state[8], const unsigned char block[64])
{
    uint32_t w[64];
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];

    for (int t = 0; t < 16; t++)
        w[t] = big_endian(block + 4 * t);
    for (int t = 16; t < 64; t++) {
        const uint32_t x = w[t - 15], y = w[t - 2];
        w[t] = (rotate(y, 17) ^ rotate(y, 19) ^ y >> 10) + w[t - 7] +
               (rotate(x, 7) ^ rotate(x, 18) ^ x >> 3) + w[t - 16];
    }
    for (int t = 0; t < 64; t++)
        w[t] += round_constant[t];
    for (int t = 0; t < 64; t += 8) {
        round_of(a, b, c, &d, e, f, g, &h, w[t]);
        round_of(h, a, b, &c, d, e, f, &g, w[t + 1]);
        round_of(g, h, a, &b, c, d, e, &f, w[t + 2]);
        round_of(f, g, h, &a, b, c, d, &e, w[t + 3]);
        round_of(e, f, g, &h, a, b, c, &d, w[t + 4]);
        round_of(d, e, f, &g, h, a, b, &c, w[t + 5]);
        round_of(c, d, e, &f, g, h, a, &b, w[t + 6]);
        round_of(b, c, d, &e, f, g, h, &a, w[t + 7]);
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

void cleave_sha256_init(cleave_sha256 *hash)
{
    /* Square roots of the first 8 primes (section 5.3.3). */
    static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

    memcpy(hash->state, start, sizeof start);
    hash->bytes = 0;
}

void cleave_sha256_add(cleave_sha256 *hash, const void *data, size_t bytes)
{
    const unsigned char *p = data;
    size_t held = hash->bytes % 64;

    hash->bytes += bytes;
    if (held) {
        const size_t part = bytes < 64 - held ? bytes : 64 - held;
        memcpy(hash->block + held, p, part);
        p += part, bytes -= part;
        if (held + part < 64)
            return;
        compress(hash->state, hash->block);
    }
    for (; bytes >= 64; p += 64, bytes -= 64)
        compress(hash->state, p);
    if (bytes)
        memcpy(hash->block, p, bytes);
}

void cleave_sha256_finish(cleave_sha256 *hash, uint8_t digest[32])
{
    const uint64_t bits = hash->bytes * 8;
    unsigned char tail[72] = {0x80};
    const size_t held = hash->bytes % 64, zeros = held < 56 ? 56 - held : 120 - held;

    for (int i = 0; i < 8; i++)
        tail[zeros + (size_t)i] = (unsigned char)(bits >> (56 - 8 * i));
    cleave_sha256_add(hash, tail, zeros + 8);
    for (int i = 0; i < 32; i++)
        digest[i] = (uint8_t)(hash->state[i / 4] >> (24 - 8 * (i % 4)));
}

void cleave_sha256_text(const uint8_t digest[32], char text[65])
{
    for (int i = 0; i < 32; i++) {
        text[2 * i] = "0123456789abcdef"[digest[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
    }
    text[64] = 0;
}
