/* fuzz_weights.c: weight files; the length in the header is set right, so that mutations reach what
 * follows. */
#include <stdio.h>
#include <string.h>

#include "loader/loader.h"
#include "runtime/cleave.h"
#include "tests/bytes.h"
#include "tests/fuzz/fuzz.h"

static void read_all(const cleave_table *table)
{
    cleave_table_tensor t, found;
    char name[CLEAVE_WEIGHTS_NAME_MAX + 1], text[8];
    float value;
    int64_t number;

    for (uint32_t i = 0; i < table->header->tensor_count; i++) {
        cleave_table_at(table, i, &t);
        memcpy(name, t.name, t.name_bytes);
        name[t.name_bytes] = 0;
        fuzz_expect(cleave_table_find(table, name, &found) && found.data == t.data,
                    "each tensor is found by name");
        for (int64_t e = 0; e < t.count; e++)
            cleave_table_read(&t, e, 1, &value);
    }
    cleave_table_config(table, "a", text, sizeof text);
    cleave_table_config_i64(table, "a", 0, 9, &number);
}

/* What an engine makes of it. */
static void describe(const test_bytes *file)
{
    const cleave_network network = {.weights = file->data, .weights_bytes = file->used};
    cleave_error error = {.status = CLEAVE_OK};
    cleave_network_info info;

    if (cleave_networks_describe(&network, 1, &info, &error) == CLEAVE_OK)
        fuzz_expect(info.stem_count > 0 && info.parameters > 0, "a network has stems");
    else
        fuzz_expect(error.message[0] != 0, "a refusal has a sentence");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char message[CLEAVE_SENTENCE_BYTES] = "";
    cleave_weights weights;
    test_bytes file = {0};

    test_bytes_put(&file, data, size);
    if (size >= sizeof(cleave_weights_header))
        test_bytes_patch(&file, offsetof(cleave_weights_header, file_bytes), size, 8);
    if (size && cleave_weights_open_memory(&weights, file.data, file.used, message)) {
        read_all(&weights.table);
        fuzz_expect(cleave_weights_verify(&weights, message) || message[0],
                    "a refusal has a sentence");
        describe(&file);
    } else {
        fuzz_expect(!size || message[0], "a refusal has a sentence");
    }
    test_bytes_free(&file);
    return 0;
}
