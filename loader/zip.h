/* zip.h: the directory of a ZIP archive in memory, as PyTorch writes it: stored entries only, ZIP64 understood.
 *
 * Every offset and length is checked against the archive before use. Sizes come from the central directory, since the
 * local headers of streamed archives say 0. Format: PKWARE APPNOTE 6.3. */
#ifndef CLEAVE_LOADER_ZIP_H
#define CLEAVE_LOADER_ZIP_H

#include <stddef.h>
#include <stdint.h>

#define CLEAVE_ZIP_ENTRIES_MAX 131072

typedef struct cleave_zip_entry {
    const char *name; /* name_bytes long, no NUL; inside the archive */
    uint32_t name_bytes;
    uint32_t crc32;
    const unsigned char *data; /* inside the archive */
    uint64_t bytes;
} cleave_zip_entry;

typedef struct cleave_zip {
    cleave_zip_entry *entries; /* sorted by name */
    uint32_t count;
} cleave_zip;

/* Reads the directory; 1, or 0 with one sentence in message (`message_bytes` long). The entries are malloc'ed, at most
 * CLEAVE_ZIP_ENTRIES_MAX of them; everything else stays in the archive, which must outlive the directory. */
int cleave_zip_open(cleave_zip *zip, const void *archive, size_t bytes, char *message, size_t message_bytes);
void cleave_zip_close(cleave_zip *zip);

/* The entry of that name (`name_bytes` long), its checksum verified; NULL with a sentence if it is absent or damaged. */
const cleave_zip_entry *cleave_zip_find(const cleave_zip *zip, const char *name, size_t name_bytes,
                                        char *message, size_t message_bytes);

#endif
