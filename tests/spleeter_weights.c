/* spleeter_weights.c: weight files of Spleeter networks with synthetic values, in memory. */
#include "tests/spleeter_weights.h"

#include <stdlib.h>

#include "kernels/half.h"
#include "loader/synthetic.h"
#include "tests/test.h"

static void round_to_half(float *values, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        values[i] = cleave_half_to_float(cleave_half_from_float(values[i]));
}

int test_spleeter_weights(const char *config, cleave_weights_type values, cleave_weights_type type,
                          test_bytes *file)
{
    static const uint8_t source[32];
    char message[CLEAVE_SENTENCE_BYTES] = "";
    cleave_import import;

    if (!cleave_synthetic_open(&import, "spleeter", config, message))
        return TEST_FAIL("%s", message);
    float *const block = cleave_synthetic_values(&import, message);
    for (uint32_t i = 0; block && i < import.tensor_count && values == CLEAVE_WEIGHTS_F16; i++)
        round_to_half((float *)import.tensors[i].data, cleave_import_count(&import.tensors[i]));
    const int ok =
        block && cleave_weights_write(&import, type, source, test_bytes_sink, file, message);
    free(block);
    cleave_import_close(&import);
    return ok || TEST_FAIL("%s", message);
}
