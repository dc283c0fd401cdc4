/* error_test.c: sentences fit, and suggestions are what was meant. */
#include "runtime/error.h"

#include <string.h>

#include "tests/test.h"

static void sentences(void)
{
    cleave_error error;
    char long_name[1000];

    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = 0;
    TEST_CHECK(cleave_error_set(NULL, CLEAVE_INVALID, "%d", 1) == CLEAVE_INVALID);
    TEST_CHECK(cleave_error_set(&error, CLEAVE_NO_MODEL, "model %d of %s", 3, "five") ==
               CLEAVE_NO_MODEL);
    TEST_CHECK(error.status == CLEAVE_NO_MODEL && !strcmp(error.message, "model 3 of five"));
    cleave_error_set(&error, CLEAVE_SYSTEM, "%s", long_name);
    TEST_CHECK(strlen(error.message) == CLEAVE_MESSAGE_BYTES - 1);
}

static void suggestions(void)
{
    static const char *const names[] = {"center", "center:naive", "identity", "htdemucs",
                                        "htdemucs_ft"};
    static const struct {
        const char *word;
        int32_t nearest;
    } table[] = {
        {"center", 0},  {"centre", 0},       {"cetner", 0},      {"cente", 0},
        {"ccenter", 0}, {"center-naive", 1}, {"identiy", 2},     {"Identity", 2},
        {"htdemuc", 3}, {"htdemucs_f", 4},   {"htdemucs-ft", 4}, {"demucs", 3},
        {"", -1},       {"x", -1},           {"vocoder", -1},    {"center:clever!", -1},
    };
    char word[200];

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (!TEST_CHECK(cleave_nearest(table[i].word, names, 5) == table[i].nearest))
            TEST_FAIL("%s: %d", table[i].word, (int)cleave_nearest(table[i].word, names, 5));
    TEST_CHECK(cleave_nearest("center", names, 0) == -1);
    memset(word, 'c', sizeof word - 1);
    word[sizeof word - 1] = 0;
    TEST_CHECK(cleave_nearest(word, names, 5) == -1);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"error: sentences", sentences},
        {"error: suggestions", suggestions},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
