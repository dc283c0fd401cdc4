/* model_manifest_test.c: the official models' files, and manifests that are refused. */
#include "host/model_names.h"

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
    TEST_CHECK(models == 4 && model_manifest_names(&manifest, names) == 7);
    TEST_CHECK(!strcmp(names[1], "htdemucs_ft") && !strcmp(names[5], "spleeter:4stems") &&
               manifest.count == 10);
}

/* Spleeter's are archives, one a model, each called as the model after its family. */
static void spleeter(void)
{
    static const char *const names[] = {"spleeter:2stems", "spleeter:4stems", "spleeter:5stems"};
    char message[CLEAVE_SENTENCE_BYTES], file[MODEL_MANIFEST_FILE_BYTES];
    model_manifest manifest;
    int32_t count;

    if (!TEST_CHECK(model_manifest_read(&manifest, model_manifest_text, message)))
        return;
    for (int i = 0; i < 3; i++) {
        const model_manifest_file *one = model_manifest_find(&manifest, names[i], &count);
        if (!TEST_CHECK(one != NULL && count == 1))
            return;
        snprintf(file, sizeof file, "%s.tar.gz", names[i] + strlen("spleeter:"));
        TEST_CHECK(!strcmp(one->file, file) && strlen(one->sha256) == 64);
        TEST_CHECK(!strncmp(one->address, "https://github.com/deezer/spleeter/releases/", 44));
        TEST_CHECK(one->segment_seconds == 0 && one->weight_count == 0);
        for (int32_t k = 0; k < manifest.count; k++)
            TEST_CHECK(&manifest.files[k] == one ||
                       strcmp(manifest.files[k].sha256, one->sha256) != 0);
    }
}

/* What can be pulled by which name. */
static void official_names(void)
{
    static const struct {
        const char *name, *pulled, *base;
    } cases[] = {
        {"htdemucs", "htdemucs", NULL},
        {"spleeter:4stems", "spleeter:4stems", NULL},
        {"spleeter:4stems-16kHz", "spleeter:4stems", "spleeter:4stems"},
        {"htdemucs-16kHz", NULL, "htdemucs"},
        {"spleeter:3stems-16kHz", NULL, "spleeter:3stems"},
        {"a-16kHz@0123", NULL, "a@0123"},
        {"a-16khz", NULL, NULL},
        {"-16kHz", NULL, NULL},
        {"", NULL, NULL},
    };
    char text[MODEL_LABEL_BYTES];
    model_names names;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        TEST_CHECK(model_names_pulled(cases[i].name, text) == (cases[i].pulled != NULL));
        TEST_CHECK(!cases[i].pulled || !strcmp(text, cases[i].pulled));
        TEST_CHECK(model_names_base(cases[i].name, text) == (cases[i].base != NULL));
        TEST_CHECK(!cases[i].base || !strcmp(text, cases[i].base));
    }
    model_names_official(&names);
    TEST_CHECK(names.count == 10 && !strcmp(names.name[5], "spleeter:2stems-16kHz"));
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
        {"Spleeter's archives", spleeter},
        {"official names and wide forms", official_names},
        {"the text in the program is the file", same_text},
        {"manifests that are refused", refused},
    };

    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
