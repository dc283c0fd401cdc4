/* model_manifest_test.c: the official models' files, and manifests that are refused. */
#include "host/model_manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/test.h"
#include "weights/contract.h"

/* What is built in agrees with the table of official models, and each name with its columns. */
static void built_in(void)
{
    char message[CLEAVE_SENTENCE_BYTES];
    const char *names[MODEL_MANIFEST_FILES_MAX];
    model_manifest manifest;
    int32_t count;
    uint32_t models = 0;

    if (!TEST_CHECK(model_manifest_read(&manifest, model_manifest_text, message)))
        return;
    for (const cleave_official *o; (o = cleave_official_at(models)); models++) {
        const model_manifest_file *files = model_manifest_find(&manifest, o->name, &count);
        if (!TEST_CHECK(files != NULL && (size_t)count == (strlen(o->signatures) + 1) / 9))
            return;
        for (int32_t i = 0; i < count; i++) {
            char file[96];
            snprintf(file, sizeof file, "%.8s-%s.th", o->signatures + 9 * i, files[i].sha256);
            TEST_CHECK(!strcmp(files[i].file, file) && strlen(files[i].sha256) == 8);
            TEST_CHECK(!strncmp(files[i].address, "https://dl.fbaipublicfiles.com/demucs/", 38));
            TEST_CHECK(files[i].weight_count == (count > 1 ? 4 : 0));
            for (int s = 0; s < files[i].weight_count; s++)
                TEST_CHECK(files[i].weight[s] == (s == i));
            TEST_CHECK(files[i].segment_seconds == (strcmp(o->name, "hdemucs_mmi") ? 0 : 44));
        }
    }
    TEST_CHECK(models == 4 && model_manifest_names(&manifest, names) == 4);
    TEST_CHECK(!strcmp(names[1], "htdemucs_ft") && manifest.count == 7);
}

/* The program was built from the file that lies here. */
static void same_text(void)
{
    int64_t bytes = 0;
    char *text = test_read_file("weights/manifest.tsv", &bytes);

    if (TEST_CHECK(text != NULL))
        TEST_CHECK((size_t)bytes == strlen(model_manifest_text) &&
                   !memcmp(text, model_manifest_text, (size_t)bytes));
    free(text);
}

#define GOOD "m\t1\tf\thttp://h/f\t01234567\t0\t0\t-\n"

static void refused(void)
{
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"m\n", "line 1 of the manifest has 1 columns"},
        {"# c\nm\t1\tf\thttp://h/f\t01234567\t0\t0\n", "line 2 of the manifest has 7 columns"},
        {"\t1\tf\thttp://h/f\t01234567\t0\t0\t-\n", "column model"},
        {"../m\t1\tf\thttp://h/f\t01234567\t0\t0\t-\n", "column model"},
        {"m\t0\tf\thttp://h/f\t01234567\t0\t0\t-\n", "column position"},
        {"m\t2\tf\thttp://h/f\t01234567\t0\t0\t-\n", "column position"},
        {"m\t17\tf\thttp://h/f\t01234567\t0\t0\t-\n", "column position"},
        {"m\tx\tf\thttp://h/f\t01234567\t0\t0\t-\n", "column position"},
        {"m\t1\t../f\thttp://h/../f\t01234567\t0\t0\t-\n", "column file"},
        {"m\t1\ta..f\thttp://h/a..f\t01234567\t0\t0\t-\n", "column file"},
        {"m\t1\ta:b\thttp://h/a:b\t01234567\t0\t0\t-\n", "column file"},
        {"m\t1\t\thttp://h/\t01234567\t0\t0\t-\n", "column file"},
        {"m\t1\tf\tftp://h/f\t01234567\t0\t0\t-\n", "column address"},
        {"m\t1\tf\thttp://h/g\t01234567\t0\t0\t-\n", "column address"},
        {"m\t1\tf\thttp://h/gf\t01234567\t0\t0\t-\n", "column address"},
        {"m\t1\tf\thttp:///f\t01234567\t0\t0\t-\n", "column address"},
        {"m\t1\tf\thttp://h/f\t0123456\t0\t0\t-\n", "column sha256"},
        {"m\t1\tf\thttp://h/f\t0123456G\t0\t0\t-\n", "column sha256"},
        {"m\t1\tf\thttp://h/f\t01234567\t-1\t0\t-\n", "column bytes"},
        {"m\t1\tf\thttp://h/f\t01234567\t99999999999999999999\t0\t-\n", "column bytes"},
        {"m\t1\tf\thttp://h/f\t01234567\t0\t\t-\n", "column segment"},
        {"m\t1\tf\thttp://h/f\t01234567\t0\t-4\t-\n", "column segment"},
        {"m\t1\tf\thttp://h/f\t01234567\t0\t0\t\n", "column weights"},
        {"m\t1\tf\thttp://h/f\t01234567\t0\t0\t1,x\n", "column weights"},
        {"m\t1\tf\thttp://h/f\t01234567\t0\t0\t1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1\n",
         "column weights"},
        {GOOD GOOD, "line 2 of the manifest: the column position"},
        {GOOD "m\t2\tf\thttp://h/f\t01234567\t0\t0\t1\n", "column weights"},
        {GOOD "m\t2\tf\thttp://h/f\t01234567\t0\t9\t-\n", "column segment"},
        {GOOD "n\t1\tf\thttp://h/f\t01234567\t0\t0\t-\n" GOOD,
         "line 3 of the manifest: the column"},
    };
    char message[CLEAVE_SENTENCE_BYTES], longest[2100];
    model_manifest manifest;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        message[0] = 0;
        if (model_manifest_read(&manifest, cases[i].text, message))
            TEST_FAIL("case %zu: accepted", i);
        else if (!strstr(message, cases[i].part))
            TEST_FAIL("case %zu: \"%s\" lacks \"%s\"", i, message, cases[i].part);
        else
            TEST_CHECK(1);
    }
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = 0;
    TEST_CHECK(!model_manifest_read(&manifest, longest, message) && strstr(message, "too long"));
    TEST_CHECK(model_manifest_read(&manifest, GOOD, message) && manifest.count == 1);
    TEST_CHECK(model_manifest_read(&manifest, "", message) && manifest.count == 0);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"the official models", built_in},
        {"the text in the program is the file", same_text},
        {"manifests that are refused", refused},
    };

    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
