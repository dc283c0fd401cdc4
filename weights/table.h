/* table.h: a weight file in memory as a table of named tensors.
 *
 * The table points into the caller's bytes and owns nothing. Any number of threads may read it at
 * once. */
#ifndef CLEAVE_WEIGHTS_TABLE_H
#define CLEAVE_WEIGHTS_TABLE_H

#include "weights/format.h"
#include "weights/sentence.h"

typedef struct cleave_table {
    const unsigned char *bytes; /* the whole file, 64-byte aligned */
    const cleave_weights_header *header;
    const cleave_weights_record *records;
    const char *names;
    const char *config;
} cleave_table;

typedef struct cleave_table_tensor {
    const char *name; /* name_bytes long, no NUL */
    uint32_t name_bytes;
    cleave_weights_type type;
    uint32_t rank;
    uint32_t shape[CLEAVE_WEIGHTS_RANK_MAX];
    int64_t count;    /* elements */
    const void *data; /* 64-byte aligned */
} cleave_table_tensor;

/* Bounds every field of the file before anything points at it. Returns 1, or 0 with one sentence in
 * message. Checksums are not computed: see cleave_table_verify(). The cost is that of reading
 * header, records and names. */
int cleave_table_open(cleave_table *table, const void *bytes, size_t size,
                      char message[CLEAVE_SENTENCE_BYTES]);

/* The checksum of every tensor, and that there is nothing between them; 1, or 0 with a sentence
 * that names the first tensor that is wrong. */
int cleave_table_verify(const cleave_table *table, char message[CLEAVE_SENTENCE_BYTES]);

/* The tensor at an index, in order of name; and by name: 1 if it is there. */
void cleave_table_at(const cleave_table *table, uint32_t index, cleave_table_tensor *tensor);
int cleave_table_find(const cleave_table *table, const char *name, cleave_table_tensor *tensor);

/* Elements [first, first + count) of a tensor as float32. */
void cleave_table_read(const cleave_table_tensor *tensor, int64_t first, int64_t count, float *out);

/* The value of a configuration key: copied into text (`bytes` long, NUL-terminated). 1 if it is
 * there and fits. */
int cleave_table_config(const cleave_table *table, const char *key, char *text, size_t bytes);

/* The same as a whole number within limits; 0 if absent, malformed or out of them. */
int cleave_table_config_i64(const cleave_table *table, const char *key, int64_t min, int64_t max,
                            int64_t *value);

#endif
