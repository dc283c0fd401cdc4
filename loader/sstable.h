/* sstable.h: sorted tables of keys and values, as LevelDB and TensorFlow's checkpoints have them.
 *
 * Blocks of entries, each entry's key given by what differs from the key before; an index block
 * whose values are the blocks' places; a footer with the place of the index block. Source:
 * doc/table_format.md of LevelDB. */
#ifndef CLEAVE_LOADER_SSTABLE_H
#define CLEAVE_LOADER_SSTABLE_H

#include <stddef.h>
#include <stdint.h>

#include "weights/sentence.h"

#define CLEAVE_SSTABLE_BYTES_MAX (64u << 20) /* of the file */
#define CLEAVE_SSTABLE_KEY_MAX   4096u

/* One entry; 0 stops the walk. Key and value live until it returns. */
typedef int (*cleave_sstable_visit)(void *context, const char *key, uint32_t key_bytes,
                                    const unsigned char *value, size_t value_bytes);

/* Visits every entry in order. Every block's checksum is verified and every offset bounded; blocks
 * lie in order and share no byte, keys ascend strictly through the whole table. 1; 0 with one
 * sentence, or with an empty one when visit() stopped and wrote none into `message`. */
int cleave_sstable_walk(const void *bytes, size_t size, cleave_sstable_visit visit, void *context,
                        char message[CLEAVE_SENTENCE_BYTES]);

/* Whether the bytes end as a table does. */
int cleave_sstable_like(const void *bytes, size_t size);

/* How checksums (CRC-32C) are stored in what is itself under a checksum. */
uint32_t cleave_sstable_mask(uint32_t crc32c);

#endif
