/* synthetic_test.c: whole networks by the formula: which tensors, and what is refused. The values
 * are in tensors_test. */
#include <stdlib.h>
#include <string.h>

#include "loader/loader.h"
#include "loader/synthetic.h"
#include "tests/spleeter_weights.h"
#include "tests/test.h"

static int same_tensors(const cleave_import *a, const cleave_import *b)
{
    if (a->tensor_count != b->tensor_count)
        return 0;
    for (uint32_t i = 0; i < a->tensor_count; i++) {
        const cleave_import_tensor *const x = &a->tensors[i], *const y = &b->tensors[i];
        if (strcmp(x->name, y->name) != 0 || x->rank != y->rank ||
            memcmp(x->shape, y->shape, x->rank * sizeof x->shape[0]) != 0)
            return 0;
    }
    return 1;
}

/* Spleeter's official networks are those that the tests know, and an importer would accept them. */
static void spleeter(void)
{
    static const struct {
        const char *name, *config;
    } models[] = {
        {"spleeter:2stems", SPLEETER_2STEMS},
        {"spleeter:4stems", SPLEETER_4STEMS},
        {"spleeter:5stems", SPLEETER_5STEMS},
    };
    char message[CLEAVE_SENTENCE_BYTES] = "";

    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++) {
        cleave_import official, known;
        cleave_spleeter a, b;
        if (!TEST_CHECK(cleave_synthetic_official(&official, models[i].name, message)) ||
            !TEST_CHECK(cleave_synthetic_open(&known, "spleeter", models[i].config, message))) {
            TEST_FAIL("%s: %s", models[i].name, message);
            continue;
        }
        TEST_CHECK(!strcmp(official.kind, "spleeter") && same_tensors(&official, &known));
        TEST_CHECK(cleave_import_check(&official, message));
        memset(&a, 0, sizeof a);
        memset(&b, 0, sizeof b);
        TEST_CHECK(cleave_spleeter_arguments(official.config, official.config_bytes, &a, message));
        TEST_CHECK(cleave_spleeter_arguments(known.config, known.config_bytes, &b, message));
        TEST_CHECK(!memcmp(&a, &b, sizeof a));
        cleave_import_close(&official);
        cleave_import_close(&known);
    }
}

/* One block of values, tensor after tensor, each by its rule. */
static void values(void)
{
    char message[CLEAVE_SENTENCE_BYTES] = "";
    cleave_import import;
    uint64_t at = 0;

    if (!TEST_CHECK(cleave_synthetic_open(&import, "spleeter", SPLEETER_TINY, message)))
        return;
    float *const block = cleave_synthetic_values(&import, message);
    for (uint32_t i = 0; TEST_CHECK(block != NULL) && i < import.tensor_count; i++) {
        const cleave_import_tensor *const t = &import.tensors[i];
        const uint64_t last = cleave_import_count(t) - 1;
        const cleave_synthetic_rule rule = cleave_synthetic_rule_of(&import, i);
        TEST_CHECK(t->data == (const unsigned char *)(block + at));
        TEST_CHECK(block[at] == cleave_synthetic_value(t->name, 0, rule));
        TEST_CHECK(block[at + last] == cleave_synthetic_value(t->name, last, rule));
        at += last + 1;
    }
    free(block);
    cleave_import_close(&import);
}

static void refuse(int opened, const char *message, const char *part)
{
    TEST_CHECK(!opened);
    if (!TEST_CHECK(strstr(message, part) != NULL))
        TEST_FAIL("\"%s\" lacks \"%s\"", message, part);
}

static void refusals(void)
{
    char message[CLEAVE_SENTENCE_BYTES] = "";
    cleave_import import;

    refuse(cleave_synthetic_official(&import, "xyzzy", message), message, "\"xyzzy\"");
    refuse(cleave_synthetic_official(&import, "spleeter:3stems", message), message, "2, 4 or 5");
    refuse(cleave_synthetic_official(&import, "spleeter:4stem", message), message, "4stem");
    refuse(cleave_synthetic_open(&import, "spleeter", "sources\n", message), message, "without =");
    refuse(cleave_synthetic_open(&import, "demucs", "sources=a\n", message), message, "\"demucs\"");
    refuse(cleave_synthetic_open(&import, "htdemucs", "sources=a\n", message), message,
           "\"channels\" is missing");
    TEST_CHECK(import.tensors == NULL && import.config == NULL);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"synthetic: Spleeter's official networks", spleeter},
        {"synthetic: values in one block", values},
        {"synthetic: refusals", refusals},
    };

    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
