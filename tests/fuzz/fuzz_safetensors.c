/* fuzz_safetensors.c: the input is the header; its length and 64 bytes of data are added. */
#include "tests/bytes.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const float values[16] = {1};
    char message[CLEAVE_SENTENCE_BYTES] = "";
    cleave_import import;
    test_bytes file = {0};

    test_bytes_number(&file, size, 8);
    test_bytes_put(&file, data, size);
    test_bytes_put(&file, values, sizeof values);
    if (cleave_import_safetensors(&import, file.data, file.used, message))
        fuzz_use_import(&import);
    else
        fuzz_expect(message[0] != 0, "a refusal has a sentence");
    test_bytes_free(&file);
    return 0;
}
