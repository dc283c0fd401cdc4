/* format.h: the converted weight file, byte by byte (docs/weights_format.md says the same in
 * prose).
 *
 * All integers are little-endian. The file is one header, the configuration text, the tensor
 * records, the names and the data, in this order, each part 64-byte aligned, nothing in between but
 * zero bytes. It is read in place, from a mapping or from flash; nothing is trusted before
 * cleave_table_open() has bounded it. */
#ifndef CLEAVE_WEIGHTS_FORMAT_H
#define CLEAVE_WEIGHTS_FORMAT_H

#include "kernels/base.h"

#define CLEAVE_WEIGHTS_MAGIC       "CLEAVEW1"
#define CLEAVE_WEIGHTS_VERSION     1u
#define CLEAVE_WEIGHTS_TENSORS_MAX 65536u
#define CLEAVE_WEIGHTS_RANK_MAX    8u
#define CLEAVE_WEIGHTS_NAME_MAX    4096u      /* bytes of a tensor's name, without a NUL */
#define CLEAVE_WEIGHTS_CONFIG_MAX  (1u << 20) /* bytes of the configuration text */
#define CLEAVE_WEIGHTS_FILE_MAX    (UINT64_C(1) << 36)

typedef enum cleave_weights_type {
    CLEAVE_WEIGHTS_F32 = 1,
    CLEAVE_WEIGHTS_F16 = 2 /* IEEE binary16 */
} cleave_weights_type;

typedef struct cleave_weights_header {
    char magic[8];           /* CLEAVE_WEIGHTS_MAGIC */
    uint32_t version;        /* CLEAVE_WEIGHTS_VERSION */
    uint32_t tensor_count;   /* 1..CLEAVE_WEIGHTS_TENSORS_MAX */
    uint64_t file_bytes;     /* of the whole file */
    uint64_t config_offset;  /* key=value lines, UTF-8, sorted by key, each ended by \n */
    uint64_t config_bytes;   /* <= CLEAVE_WEIGHTS_CONFIG_MAX */
    uint64_t records_offset; /* tensor_count records, sorted by name as bytes, no name twice */
    uint64_t names_offset;   /* all names, without separators */
    uint64_t names_bytes;
    uint64_t data_offset;
    uint64_t data_bytes;
    char kind[32]; /* "htdemucs", "hdemucs", "spleeter": a-z 0-9 _; NUL-padded, at least one NUL */
    uint8_t source_sha256[32]; /* of the file that was imported */
    uint8_t file_sha256[32];   /* of this file with these 32 bytes zero */
    uint8_t reserved[80];      /* zero */
} cleave_weights_header;

typedef struct cleave_weights_record {
    uint32_t name_offset; /* into the names: where the name before ends */
    uint16_t name_bytes;  /* 1..CLEAVE_WEIGHTS_NAME_MAX */
    uint8_t type;         /* cleave_weights_type */
    uint8_t rank;         /* 0..CLEAVE_WEIGHTS_RANK_MAX; 0 is a scalar */
    uint32_t shape[8];    /* outermost first, each >= 1; unused ones are 0 */
    uint64_t offset;      /* into the data: where those before end, aligned to 64 */
    uint64_t bytes;       /* product of the shape times the size of the type */
    uint32_t crc32c;      /* of the bytes (Castagnoli) */
    uint32_t reserved;    /* zero */
} cleave_weights_record;

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "weight files are read in place");
_Static_assert(sizeof(cleave_weights_header) == 256, "the header is 256 bytes");
_Static_assert(sizeof(cleave_weights_record) == 64, "a record is one cache line");

#endif
