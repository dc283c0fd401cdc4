/* sha256.h: SHA-256 (FIPS 180-4), for whole files as they stream by. */
#ifndef CLEAVE_LOADER_SHA256_H
#define CLEAVE_LOADER_SHA256_H

#include <stddef.h>
#include <stdint.h>

typedef struct cleave_sha256 {
    uint32_t state[8];
    uint64_t bytes;          /* hashed so far */
    unsigned char block[64]; /* the unfinished block: its first bytes % 64 are valid */
} cleave_sha256;

void cleave_sha256_init(cleave_sha256 *hash);
void cleave_sha256_add(cleave_sha256 *hash, const void *data, size_t bytes);
/* The digest; init before the next use. */
void cleave_sha256_finish(cleave_sha256 *hash, uint8_t digest[32]);

/* 64 lower-case hexadecimal digits and a NUL. */
void cleave_sha256_text(const uint8_t digest[32], char text[65]);

#endif
