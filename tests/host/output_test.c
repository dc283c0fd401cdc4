/* output_test.c: names that are safe, the template, folders, and the search of inputs. */
#include "host/inputs.h"
#include "host/output.h"
#include "tests/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *component(const char *name)
{
    static char safe[OUTPUT_TRACK_BYTES + 1];
    output_component(name, strlen(name), safe);
    return safe;
}

static void test_components(void)
{
    static const char *const cases[][2] = {
        {"song", "song"},
        {"a/b", "a_b"},
        {"..", "_"},
        {".", "_"},
        {"", "_"},
        {"...", "..."},
        {"-rf", "-rf"},
        {"a\nb\tc", "a_b_c"},
        {"\x7f", "_"},
        {"~", "~"},
        {"Caf\xc3\xa9", "Caf\xc3\xa9"},
        {"$(x)", "$(x)"},
        {"../../etc", ".._.._etc"},
    };
    int count = (int)(sizeof cases / sizeof cases[0]);
    for (int i = 0; i < count; i++) {
        if (!TEST_CHECK(strcmp(component(cases[i][0]), cases[i][1]) == 0)) {
            TEST_FAIL("\"%s\" became \"%s\"", cases[i][0], component(cases[i][0]));
        }
    }
    test_passed_count(count);
}

/* Names of the longest length that differ at their end only stay apart, and no character is cut in
 * two. */
static void test_long_names(void)
{
    char name[256], first[OUTPUT_TRACK_BYTES + 1], second[OUTPUT_TRACK_BYTES + 1];
    for (int offset = 0; offset < 4; offset++) {
        memset(name, 'x', sizeof name);
        for (int i = offset; i + 4 <= 255; i += 4) {
            memcpy(name + i, "\xf0\x9f\x8e\xb5", 4); /* a note, four bytes in UTF-8 */
        }
        name[255] = '\0';
        name[254] = 'a';
        output_component(name, 255, first);
        name[254] = 'b';
        output_component(name, 255, second);
        TEST_CHECK(strlen(first) <= OUTPUT_TRACK_BYTES && strcmp(first, second) != 0);
        size_t mark = strlen(first) - 9;
        TEST_CHECK(first[mark] == '~');
        TEST_CHECK(mark == 0 || (first[mark - 1] == 'x') ||
                   memcmp(first + mark - 4, "\xf0\x9f\x8e\xb5", 4) == 0);
    }
}

static void test_base_names(void)
{
    static const struct {
        const char *path, *base;
        size_t stem_bytes;
    } cases[] = {{"a/b/song.mp3", "song.mp3", 4}, {"song", "song", 4}, {".hidden", ".hidden", 7},
                 {"x.tar.gz", "x.tar.gz", 5},     {"../..", "..", 1},  {"a.", "a.", 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *base = output_base_name(cases[i].path);
        TEST_CHECK(strcmp(base, cases[i].base) == 0);
        TEST_CHECK(output_stem_bytes(base) == cases[i].stem_bytes);
    }
}

static void test_paths(void)
{
    char path[OUTPUT_PATH_BYTES];
    output_names names = {"out", "{track}/{stem}.{ext}", "center", "song", "mp3", "wav"};
    TEST_CHECK(output_path(&names, "vocals", path) == 0);
    TEST_CHECK(strcmp(path, "out/center/song/vocals.wav") == 0);
    names.template = "{stem}-{track}-{trackext}.{ext}";
    TEST_CHECK(output_path(&names, "bass", path) == 0 &&
               strcmp(path, "out/center/bass-song-mp3.wav") == 0);
    names.template = "{model}/{stem}/{track}.{ext}";
    TEST_CHECK(output_path(&names, "bass", path) == 0 &&
               strcmp(path, "out/center/bass/song.wav") == 0);
    TEST_CHECK(output_path(&names, "../../bass", path) == 0 &&
               strcmp(path, "out/center/.._.._bass/song.wav") == 0);
    TEST_CHECK(output_path(&names, "..", path) == 0 &&
               strcmp(path, "out/center/_/song.wav") == 0);
    char folder[OUTPUT_PATH_BYTES + 10];
    memset(folder, 'f', sizeof folder);
    folder[sizeof folder - 1] = '\0';
    names.folder = folder;
    TEST_CHECK(output_path(&names, "bass", path) == -1);
    folder[OUTPUT_PATH_BYTES - 12] = '\0';
    TEST_CHECK(output_path(&names, "bass", path) == -1);
}

static void test_templates(void)
{
    static const struct {
        const char *template;
        int good;
    } cases[] = {{"{track}/{stem}.{ext}", 1},
                 {"{stem}", 1},
                 {"..{stem}", 1},
                 {"a..b/{stem}", 1},
                 {"{track}.{ext}", 0},
                 {"../{stem}", 0},
                 {"a/../{stem}", 0},
                 {"{stem}/..", 0},
                 {"/tmp/{stem}", 0},
                 {"{stem}/", 0},
                 {"{stem", 0},
                 {"stem}{stem}", 0},
                 {"{}{stem}", 0},
                 {"{foo}/{stem}", 0},
                 {"", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char message[OPTIONS_MESSAGE_BYTES] = "";
        if (!TEST_CHECK((output_template_check(cases[i].template, message) == 0) ==
                        cases[i].good)) {
            TEST_FAIL("template \"%s\": %s", cases[i].template, message);
        }
    }
    test_passed_count((int)(sizeof cases / sizeof cases[0]));
}

static void touch(const char *folder, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    if (TEST_CHECK(file != NULL)) {
        fclose(file);
    }
}

static void make_folder(const char *folder, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    TEST_CHECK(mkdir(path, 0777) == 0);
}

static void test_folders(void)
{
    char root[] = "/tmp/cleave-output-XXXXXX";
    char path[256];
    struct stat status;
    output_folders folders = {0};
    TEST_CHECK(mkdtemp(root) != NULL);
    snprintf(path, sizeof path, "%s/a/b/c/file", root);
    TEST_CHECK(output_folders_make(&folders, path) == 0 && folders.count == 3);
    output_folders_free(&folders, 1);
    snprintf(path, sizeof path, "%s/a", root);
    TEST_CHECK(stat(path, &status) != 0);
    snprintf(path, sizeof path, "%s/a/b/file", root);
    TEST_CHECK(output_folders_make(&folders, path) == 0);
    snprintf(path, sizeof path, "%s/a", root);
    touch(path, "kept");
    output_folders_free(&folders, 1);
    TEST_CHECK(stat(path, &status) == 0);
    snprintf(path, sizeof path, "%s/a/kept/file", root);
    TEST_CHECK(output_folders_make(&folders, path) != 0 || access(path, F_OK) != 0);
    output_folders_free(&folders, 1);
    snprintf(path, sizeof path, "rm -r %s", root);
    TEST_CHECK(system(path) == 0);
}

static void test_inputs(void)
{
    char root[] = "/tmp/cleave-inputs-XXXXXX";
    char out[64], empty[64], clean_up[64];
    input_list list;
    TEST_CHECK(mkdtemp(root) != NULL);
    touch(root, "b.mp3");
    touch(root, "a.WAV");
    touch(root, "cover.jpg");
    touch(root, ".hidden.wav");
    make_folder(root, "disc 1");
    make_folder(root, "empty");
    make_folder(root, "out");
    touch(root, "disc 1/b.mp3");
    touch(root, "out/vocals.wav");
    snprintf(out, sizeof out, "%s/out", root);
    snprintf(empty, sizeof empty, "%s/empty", root);
    char missing[] = "missing/b.flac", pipe_name[] = "-", twin[] = "x/B.mp3";
    char *operands[] = {root, missing, empty, pipe_name, twin};
    TEST_CHECK(inputs_collect(&list, operands, 5, out) == 0);
    static const char *const tracks[] = {"a", "b", "disc 1/b", "b (2)", "empty", "stdin", "B (3)"};
    if (TEST_CHECK(list.count == 7)) {
        for (int i = 0; i < 7; i++) {
            if (!TEST_CHECK(strcmp(list.items[i].track, tracks[i]) == 0)) {
                TEST_FAIL("track %d is \"%s\", not \"%s\"", i, list.items[i].track, tracks[i]);
            }
        }
        TEST_CHECK(list.items[3].renamed && list.items[6].renamed && !list.items[2].renamed);
        TEST_CHECK(list.items[4].error != NULL && list.items[3].error == NULL);
        TEST_CHECK(strcmp(list.items[0].track_ext, "WAV") == 0);
    }
    inputs_free(&list);
    snprintf(clean_up, sizeof clean_up, "rm -r %s", root);
    TEST_CHECK(system(clean_up) == 0);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"components of names", test_components},
        {"long names", test_long_names},
        {"base names", test_base_names},
        {"paths", test_paths},
        {"templates", test_templates},
        {"folders", test_folders},
        {"inputs", test_inputs},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
