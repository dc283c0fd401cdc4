/* loader.c: from bytes to a table. */
#include "loader/loader.h"

#include <string.h>

#include "loader/sha256.h"
#include "loader/sstable.h"

int cleave_weights_open(cleave_weights *weights, const char *path,
                        char message[CLEAVE_SENTENCE_BYTES])
{
    *weights = (cleave_weights){0};
    if (cleave_source_file_open(&weights->file, path, message) &&
        cleave_table_open(&weights->table, weights->file.bytes, weights->file.size, message))
        return 1;
    cleave_weights_close(weights);
    return 0;
}

int cleave_weights_open_memory(cleave_weights *weights, const void *bytes, size_t size,
                               char message[CLEAVE_SENTENCE_BYTES])
{
    *weights = (cleave_weights){0};
    if ((uintptr_t)bytes % CLEAVE_ALIGN_BYTES != 0)
        return cleave_sentence(message, "the weights do not begin on a %d-byte boundary",
                               CLEAVE_ALIGN_BYTES);
    return cleave_table_open(&weights->table, bytes, size, message);
}

int cleave_weights_verify(const cleave_weights *weights, char message[CLEAVE_SENTENCE_BYTES])
{
    const cleave_table *table = &weights->table;
    cleave_weights_header header = *table->header;
    cleave_sha256 hash;
    uint8_t digest[32];

    if (!cleave_table_verify(table, message))
        return 0;
    memset(header.file_sha256, 0, sizeof header.file_sha256);
    cleave_sha256_init(&hash);
    cleave_sha256_add(&hash, &header, sizeof header);
    cleave_sha256_add(&hash, table->bytes + sizeof header,
                      table->header->file_bytes - sizeof header);
    cleave_sha256_finish(&hash, digest);
    if (memcmp(digest, table->header->file_sha256, sizeof digest) != 0)
        return cleave_sentence(
            message,
            "the file's SHA-256 does not match: its header, names or configuration changed");
    return 1;
}

void cleave_weights_close(cleave_weights *weights)
{
    cleave_source_file_close(&weights->file);
    *weights = (cleave_weights){0};
}

/* A safetensors file begins with the length of its header and '{'. */
static int looks_like_safetensors(const unsigned char *bytes, size_t size)
{
    return size > 8 && bytes[8] == '{' && bytes[4] == 0 && bytes[5] == 0 && bytes[6] == 0 &&
           bytes[7] == 0;
}

int cleave_import_open(cleave_import *import, const void *bytes, size_t size,
                       char message[CLEAVE_SENTENCE_BYTES])
{
    *import = (cleave_import){0};
    if (size >= 8 && memcmp(bytes, CLEAVE_WEIGHTS_MAGIC, 8) == 0)
        return cleave_sentence(message,
                               "is a cleave weight file already, not a checkpoint to import");
    if (looks_like_safetensors(bytes, size))
        return cleave_import_safetensors(import, bytes, size, message);
    if (cleave_sstable_like(bytes, size))
        return cleave_sentence(message, "is the index of a TensorFlow checkpoint, which needs its "
                                        "data files (.data-00000-of-00001) beside it");
    return cleave_import_torch(import, bytes, size, message);
}
