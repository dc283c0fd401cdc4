/* fuzz_torch.c: PyTorch checkpoints. A first byte of 'z' is followed by an archive; any other by a
 * pickle, around which an archive with one storage and the right checksums is made, so that
 * mutations reach the pickle machine. */
#include "tests/bytes.h"
#include "tests/fuzz/fuzz.h"

static void import_bytes(const void *bytes, size_t size)
{
    char message[CLEAVE_SENTENCE_BYTES] = "";
    cleave_import import;

    if (cleave_import_torch(&import, bytes, size, message))
        fuzz_use_import(&import);
    else
        fuzz_expect(message[0] != 0, "a refusal has a sentence");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const float storage[16] = {1};
    test_zip_layout layout;
    test_bytes archive = {0};

    if (size && data[0] == 'z') {
        import_bytes(data + 1, size - 1);
    } else {
        const test_zip_entry entries[] = {{"m/data.pkl", data, size},
                                          {"m/data/0", storage, sizeof storage}};
        test_bytes_zip(&archive, entries, 2, &layout);
        import_bytes(archive.data, archive.used);
        test_bytes_free(&archive);
    }
    return 0;
}
