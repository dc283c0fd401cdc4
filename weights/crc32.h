/* crc32.h: the two 32-bit cyclic checksums of weight files. */
#ifndef CLEAVE_WEIGHTS_CRC32_H
#define CLEAVE_WEIGHTS_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of `bytes` bytes, going on from `crc`, the checksum of what came before (0 at the
 * start). crc32c: Castagnoli's polynomial (RFC 3720); crc32: that of ZIP and Ethernet (ISO 3309).
 */
uint32_t cleave_crc32c(uint32_t crc, const void *data, size_t bytes);
uint32_t cleave_crc32(uint32_t crc, const void *data, size_t bytes);

#endif
