/* zip.h: the directory of a ZIP archive in memory, as PyTorch writes it: stored entries only, ZIP64
 * understood.
 *
 * Every offset and length is checked against the archive before use. Sizes come from the central
 * directory, since the local headers of streamed archives say 0. Format: PKWARE APPNOTE 6.3. */
#ifndef CLEAVE_LOADER_ZIP_H
#define CLEAVE_LOADER_ZIP_H

#include <stddef.h>
#include <stdint.h>

#include "weights/sentence.h"

#define CLEAVE_ZIP_ENTRIES_MAX 131072

typedef struct cleave_zip_entry {
    const char *name; /* name_bytes long, no NUL; inside the archive */
    uint32_t name_bytes;
    uint32_t crc32;
    uint64_t header;           /* offset of its local header */
    const unsigned char *data; /* inside the archive */
    uint64_t bytes;
    int verified; /* the checksum was computed and matches */
} cleave_zip_entry;

typedef struct cleave_zip {
    cleave_zip_entry *entries; /* sorted by name */
    uint32_t count;
} cleave_zip;

/* Reads the directory; 1, or 0 with one sentence in message (CLEAVE_SENTENCE_BYTES long). The
 * entries are malloc'ed, at most CLEAVE_ZIP_ENTRIES_MAX of them; everything else stays in the
 * archive, which must outlive the directory. No two entries share a byte or a name. */
int cleave_zip_open(cleave_zip *zip, const void *archive, size_t bytes, char *message);
void cleave_zip_close(cleave_zip *zip);

/* The entry of that name (`name_bytes` long), its checksum verified, once; NULL with a sentence if
 * it is absent or damaged. */
const cleave_zip_entry *cleave_zip_find(cleave_zip *zip, const char *name, size_t name_bytes,
                                        char *message);

#endif
