/* fuzz_tensorflow.c: the input is the length of an index in 4 bytes, the index, and the data of the
 * checkpoint. Unless the length's highest bit is set, checksums are made right first, so that
 * mutations reach what lies behind them. */
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/tensor_bundle.h"

#define AS_IT_IS UINT32_C(0x80000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char message[CLEAVE_SENTENCE_BYTES] = "";
    test_bytes index = {0}, rest = {0};
    cleave_import_shard shards[64];
    cleave_import import;
    uint32_t length, count;

    if (size < 4)
        return 0;
    memcpy(&length, data, 4);
    const size_t bytes = (length & ~AS_IT_IS) < size - 4 ? (length & ~AS_IT_IS) : size - 4;
    test_bytes_put(&index, data + 4, bytes);
    test_bytes_put(&rest, data + 4 + bytes, size - 4 - bytes);
    if (!(length & AS_IT_IS))
        test_bundle_repair(index.data, index.used, rest.data, rest.used);
    count = cleave_import_tensorflow_shards(index.data, index.used, message);
    fuzz_expect(count <= 64 && (count > 0 || message[0]), "as many data files as may be");
    for (uint32_t i = 0; i < count; i++) /* all of the same bytes */
        shards[i] = (cleave_import_shard){rest.data, rest.used};
    if (cleave_import_tensorflow(&import, index.data, index.used, shards, count, message))
        fuzz_use_import(&import);
    else
        fuzz_expect(message[0] != 0, "a refusal has a sentence");
    test_bytes_free(&index);
    test_bytes_free(&rest);
    return 0;
}
