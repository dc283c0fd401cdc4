/* tensor_bundle.h: makes TensorFlow checkpoints in memory, part by part, so that tests can lie in
 * each part. */
#ifndef CLEAVE_TESTS_TENSOR_BUNDLE_H
#define CLEAVE_TESTS_TENSOR_BUNDLE_H

#include "tests/bytes.h"

void test_bytes_varint(test_bytes *b, uint64_t value);

/* An entry of a block: its key is the first `shared` bytes of the one before, then `own` of key. */
void test_block_entry(test_bytes *contents, uint64_t shared, const void *key, uint64_t own,
                      const void *value, uint64_t value_bytes);

typedef struct test_place {
    uint64_t offset, bytes;
} test_place;

/* Appends a block, with its compression (0: none, 1: the contents are snappy's) and checksum. */
test_place test_table_block(test_bytes *table, const void *contents, size_t bytes, int compression);

/* Appends what follows the data blocks, whose places and last keys are these: a meta block without
 * entries, the index block, the footer. */
typedef struct test_table_end {
    test_place meta, index; /* where they lie */
} test_table_end;

test_table_end test_table_finish(test_bytes *table, const test_place *blocks,
                                 const char *const *last_keys, int count);

/* Appends a footer. */
void test_table_footer(test_bytes *table, test_place meta, test_place index);

/* A whole checkpoint: the index has the header, then the tensors in their order, which must be that
 * of their names, `per_block` entries in a block; data[shard] are the tensors' of
 * that data file, one after another. */
#define TEST_BUNDLE_VERSION "\x1A\x02\x08\x01"
#define TEST_BUNDLE_HEADER  "\x08\x01" TEST_BUNDLE_VERSION /* of one data file */

typedef struct test_bundle_tensor {
    const char *name;
    uint32_t type; /* as TensorFlow numbers them */
    uint32_t rank;
    uint64_t shape[4];
    const void *data;
    size_t bytes;
    uint32_t shard; /* in which data file */
} test_bundle_tensor;

void test_bundle(test_bytes *index, test_bytes *data, const test_bundle_tensor *tensors, int count,
                 int per_block);

/* The value of a tensor's entry. */
void test_bundle_value(test_bytes *value, const test_bundle_tensor *tensor, uint64_t offset);

/* Bytes as a snappy stream of one literal. */
void test_snappy_literal(test_bytes *stream, const void *bytes, size_t count);

/* Makes the checksums right where the places in an index allow to find what they are of: those of
 * the blocks, and of the tensors in blocks that are not compressed. */
void test_bundle_repair(unsigned char *index, size_t index_bytes, const void *data,
                        size_t data_bytes);

#endif
