/* model_store_test.c: imports, versions, bags, and a folder in which others have been. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/json.h"
#include "host/model.h"
#include "loader/sha256.h"
#include "tests/test.h"

/* A store in a fresh folder, and a folder for files to import. */
typedef struct scene {
    char root[64];
    model_store store;
    char message[CLEAVE_SENTENCE_BYTES];
    unsigned char *checkpoint;
    int64_t checkpoint_bytes;
} scene;

static int begin(scene *s)
{
    snprintf(s->root, sizeof s->root, "/tmp/cleave_store_XXXXXX");
    s->checkpoint = test_read_file(test_golden("models/tiny_htdemucs.th"), &s->checkpoint_bytes);
    if (!TEST_CHECK(mkdtemp(s->root) && s->checkpoint))
        return 0;
    snprintf(s->store.folder, sizeof s->store.folder, "%s/store", s->root);
    return 1;
}

static void end(scene *s)
{
    char remove_all[128];

    snprintf(remove_all, sizeof remove_all, "rm -rf '%s'", s->root);
    TEST_CHECK(system(remove_all) == 0);
    free(s->checkpoint);
}

static const char *path_of(const scene *s, const char *name)
{
    static char path[1024];

    snprintf(path, sizeof path, "%s/%s", s->root, name);
    return path;
}

static void write_file(const char *path, const void *bytes, size_t count)
{
    FILE *file = fopen(path, "wb");

    if (TEST_CHECK(file != NULL))
        TEST_CHECK(fwrite(bytes, 1, count, file) == count && fclose(file) == 0);
}

/* Imports bytes as a file of that name; 1, or 0 with s->message. */
static int import(scene *s, const char *name, const void *bytes, size_t count,
                  const model_import_options *options, model_entry *entry)
{
    write_file(path_of(s, name), bytes, count);
    return model_store_import(&s->store, path_of(s, name), options, entry, s->message);
}

/* A copy of the checkpoint with another SHA-256 and the same content: the "made by" bytes of a
 * directory record. */
static void another_version(scene *s, int number)
{
    for (int64_t i = s->checkpoint_bytes - 4; i-- > 0;)
        if (!memcmp(s->checkpoint + i, "PK\1\2", 4)) {
            s->checkpoint[i + 4] = (unsigned char)number;
            return;
        }
    TEST_FAIL("no directory record in the checkpoint");
}

static void sha256_of(const scene *s, char text[65])
{
    cleave_sha256 hash;
    uint8_t digest[32];

    cleave_sha256_init(&hash);
    cleave_sha256_add(&hash, s->checkpoint, (size_t)s->checkpoint_bytes);
    cleave_sha256_finish(&hash, digest);
    cleave_sha256_text(digest, text);
}

static void folders(void)
{
    char message[CLEAVE_SENTENCE_BYTES];
    model_store store;

    setenv("HOME", "/h", 1);
    setenv("XDG_DATA_HOME", "/x", 1);
    setenv("CLEAVE_MODELS_DIR", "/m", 1);
    TEST_CHECK(model_store_open(&store, message) && !strcmp(store.folder, "/m"));
    setenv("CLEAVE_MODELS_DIR", "", 1);
    TEST_CHECK(model_store_open(&store, message) && !strcmp(store.folder, "/x/cleave/models"));
    unsetenv("XDG_DATA_HOME");
    TEST_CHECK(model_store_open(&store, message) &&
               !strcmp(store.folder, "/h/.local/share/cleave/models"));
    unsetenv("HOME");
    TEST_CHECK(!model_store_open(&store, message) && strstr(message, "are not set"));
    TEST_CHECK(model_name_ok("htdemucs_6s") && model_name_ok("a.b-c") && !model_name_ok("") &&
               !model_name_ok(".a") && !model_name_ok("a/b") && !model_name_ok("-a") &&
               !model_name_ok("a@b") && !model_name_ok("a b"));
    TEST_CHECK(model_name_ok("spleeter:4stems-16kHz") && model_name_ok("a:b:c") &&
               !model_name_ok(":a") && !model_name_ok("a:") && !model_name_ok("a=b"));
}

/* Import, find, list, verify, a second version, remove. */
static void life(void)
{
    model_entry entry, *entries = NULL;
    model_import_options options = {0};
    struct timespec past[2] = {{1000, 0}, {1000, 0}};
    char first[MODEL_NAME_BYTES + MODEL_VERSION_BYTES + 1], path[MODEL_PATH_BYTES];
    int count;
    scene s = {0};

    if (!begin(&s))
        return;
    TEST_CHECK(model_store_list(&s.store, &entries, s.message) == 0);
    TEST_CHECK(!model_store_find(&s.store, "tiny", &entry, s.message) &&
               strstr(s.message, "no model \"tiny\""));
    if (!TEST_CHECK(
            import(&s, "tiny.th", s.checkpoint, (size_t)s.checkpoint_bytes, &options, &entry)))
        printf("     %s\n", s.message);
    TEST_CHECK(!strcmp(entry.name, "tiny") && strlen(entry.version) == 12 && entry.used);
    snprintf(first, sizeof first, "tiny@%s", entry.version);
    model_store_path(&s.store, &entry, path);
    TEST_CHECK(utimensat(AT_FDCWD, path, past, 0) == 0);
    another_version(&s, 7);
    options.type = CLEAVE_WEIGHTS_F32;
    TEST_CHECK(import(&s, "tiny.th", s.checkpoint, (size_t)s.checkpoint_bytes, &options, &entry));
    count = model_store_list(&s.store, &entries, s.message);
    if (TEST_CHECK(count == 2)) {
        TEST_CHECK(entries[0].used && !entries[1].used &&
                   !strcmp(entries[0].version, entry.version));
        TEST_CHECK(entries[1].bytes < entries[0].bytes * 2 / 3); /* the checkpoint is binary16 */
        TEST_CHECK(model_store_verify(&s.store, &entries[0], s.message) &&
                   model_store_verify(&s.store, &entries[1], s.message));
    }
    free(entries);
    TEST_CHECK(model_store_find(&s.store, "tiny", &entry, s.message) &&
               strcmp(entry.version, first + 5) != 0);
    TEST_CHECK(model_store_find(&s.store, first, &entry, s.message) &&
               !strcmp(entry.version, first + 5));
    TEST_CHECK(!model_store_find(&s.store, "tiny@", &entry, s.message) &&
               strstr(s.message, "fits 2 versions"));
    TEST_CHECK(model_store_remove(&s.store, first, &count, s.message) && count == 1);
    TEST_CHECK(!model_store_find(&s.store, first, &entry, s.message));
    TEST_CHECK(model_store_remove(&s.store, "tiny", &count, s.message) && count == 1);
    TEST_CHECK(!model_store_remove(&s.store, "tiny", &count, s.message) && count == 0);
    end(&s);
}

/* A colon, which some file systems do not know, is none in the name of a file. */
static void colons(void)
{
    const model_import_options named = {.name = "family:member"};
    char path[MODEL_PATH_BYTES], name[MODEL_NAME_BYTES + MODEL_VERSION_BYTES];
    model_entry entry;
    int count;
    scene s = {0};

    if (!begin(&s))
        return;
    TEST_CHECK(import(&s, "a.th", s.checkpoint, (size_t)s.checkpoint_bytes, &named, &entry) &&
               !strcmp(entry.name, "family:member"));
    model_store_path(&s.store, &entry, path);
    TEST_CHECK(strstr(path, "/family=member@") && !strchr(path, ':') && access(path, R_OK) == 0);
    snprintf(name, sizeof name, "family:member@%.5s", entry.version);
    TEST_CHECK(model_store_find(&s.store, "family:member", &entry, s.message) &&
               model_store_find(&s.store, name, &entry, s.message) &&
               !strcmp(entry.name, "family:member"));
    TEST_CHECK(!model_store_find(&s.store, "family=member", &entry, s.message));
    /* What no cleave wrote is no model: it would be another one of the same name. */
    write_file(path_of(&s, "store/family:member@0123456789ab.weights"), "x", 1);
    TEST_CHECK(!model_store_find(&s.store, "family:member@01", &entry, s.message));
    TEST_CHECK(model_store_remove(&s.store, "family:member", &count, s.message) && count == 1 &&
               access(path, F_OK) != 0);
    end(&s);
}

static void refused_imports(void)
{
    const model_import_options none = {0}, hdemucs = {.kind = "hdemucs"},
                               odd = {.kind = "spleeter"}, slash = {.name = "../x"};
    model_entry entry, *entries;
    char sha256[65], name[32];
    scene s = {0};

    if (!begin(&s))
        return;
    const size_t bytes = (size_t)s.checkpoint_bytes;
    TEST_CHECK(!model_store_import(&s.store, path_of(&s, "absent.th"), &none, &entry, s.message));
    TEST_CHECK(!import(&s, "a.th", s.checkpoint, bytes, &hdemucs, &entry) &&
               strstr(s.message, "kind htdemucs, not hd"));
    TEST_CHECK(!import(&s, "a.th", s.checkpoint, bytes, &odd, &entry));
    TEST_CHECK(!import(&s, "a.th", s.checkpoint, bytes, &slash, &entry) &&
               strstr(s.message, "is no name"));
    TEST_CHECK(!import(&s, "a b.th", s.checkpoint, bytes, &none, &entry) &&
               strstr(s.message, "is no name"));
    TEST_CHECK(!import(&s, "a.th", s.checkpoint, bytes - 1, &none, &entry) &&
               strstr(s.message, "zip"));
    TEST_CHECK(!import(&s, "955717e8-00000000.th", s.checkpoint, bytes, &none, &entry) &&
               strstr(s.message, "its name says 00000000"));
    TEST_CHECK(model_store_list(&s.store, &entries, s.message) == 0); /* nothing became visible */
    free(entries);
    sha256_of(&s, sha256);
    snprintf(name, sizeof name, "955717e8-%.8s.th", sha256);
    TEST_CHECK(import(&s, name, s.checkpoint, bytes, &none, &entry) &&
               !strcmp(entry.name, "htdemucs"));
    TEST_CHECK(!strncmp(entry.version, sha256, 12));
    end(&s);
}

/* The four files of the fine-tuned model, one after the other: with the last comes the bag. */
static void official_bag(void)
{
    static const char *const signatures[4] = {"f7e0c4bc", "d12395a8", "92cfc3b6", "04573f0d"};
    const model_import_options none = {0};
    model_entry entry;
    char sha256[65], name[32];
    scene s = {0};
    bag b;

    if (!begin(&s))
        return;
    for (int i = 0; i < 4; i++) {
        TEST_CHECK(!model_store_find(&s.store, "htdemucs_ft", &entry, s.message));
        another_version(&s, 20 + i);
        sha256_of(&s, sha256);
        snprintf(name, sizeof name, "%s-%.8s.th", signatures[i], sha256);
        TEST_CHECK(import(&s, name, s.checkpoint, (size_t)s.checkpoint_bytes, &none, &entry));
        TEST_CHECK(!strcmp(entry.name, signatures[i]));
    }
    if (TEST_CHECK(model_store_find(&s.store, "htdemucs_ft", &entry, s.message) &&
                   model_store_bag(&s.store, &entry, &b, s.message))) {
        TEST_CHECK(b.model_count == 4 && b.source_count == 4 && !strcmp(b.model[3], "04573f0d"));
        for (int m = 0; m < 4; m++)
            for (int source = 0; source < 4; source++)
                TEST_CHECK(b.weight[m][source] == (m == source));
        TEST_CHECK(model_store_verify(&s.store, &entry, s.message));
    }
    int count;
    TEST_CHECK(model_store_remove(&s.store, "92cfc3b6", &count, s.message));
    TEST_CHECK(!model_store_verify(&s.store, &entry, s.message) &&
               strstr(s.message, "no model \"92cfc3b6\""));
    end(&s);
}

static void yaml_bags(void)
{
    static const char good[] =
        "models: ['f7e0c4bc', 'd12395a8']\nweights: [\n  [1., 0.],\n  [0., 2.5],\n]\n"
        "segment: 44\nother: {a: [b, {c: d}]}\n";
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"[a, b]\n", "it is a list"},
        {"a\n", "it is one value"},
        {"segment: 1\n", "names no model"},
        {"models: a\n", "of the wrong form"},
        {"models: [[a]]\n", "of the wrong form"},
        {"models: {a: b}\n", "of the wrong form"},
        {"models: [a, a]\n", "\"a\" twice"},
        {"models: [a, b]\nweights: [[1, 0]]\n", "1 rows of weights for 2 models"},
        {"models: [a, b]\nweights: [[1, 0], [1]]\n", "row 2 has 1 weights"},
        {"models: [a, b]\nweights: [[1, 0], [1, 0]]\n", "source 2 sum to 0"},
        {"models: [a]\nweights: [[nan]]\n", "is no number"},
        {"models: [a]\nweights: [1]\n", "stands where none"},
        {"models: [a]\nsegment: soon\n", "of the wrong form"},
        {"models: [a]\nsegment: -1\n", "out of bounds"},
        {"models: &x [a]\nother: *x\n", "aliases are not allowed"},
        {"models: [a\n", "line "},
        {"other: [[[[[[[[[[[[a]]]]]]]]]]]]\n", "nests deeper"},
        {"models: ['a b']\n", "is no name"},
        {"models: ['955717e8']\n", "would hold itself"},
    };
    const model_import_options none = {0}, named = {.name = "htdemucs"};
    model_entry entry;
    scene s = {0};
    bag b;

    if (!bag_yaml_backend()) {
        test_skip("this build has no YAML library");
        return;
    }
    if (!begin(&s))
        return;
    if (TEST_CHECK(import(&s, "mine.yaml", good, sizeof good - 1, &none, &entry) &&
                   !strcmp(entry.name, "mine")) &&
        TEST_CHECK(model_store_bag(&s.store, &entry, &b, s.message))) {
        TEST_CHECK(b.model_count == 2 && b.source_count == 2 && b.segment_seconds == 44);
        TEST_CHECK(b.weight[0][0] == 1 && b.weight[0][1] == 0 && b.weight[1][1] == 2.5);
    }
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (import(&s, "bad.yaml", cases[i].text, strlen(cases[i].text), &named, &entry))
            TEST_FAIL("case %zu: accepted", i);
        else if (!strstr(s.message, cases[i].expected))
            TEST_FAIL("case %zu: \"%s\" lacks \"%s\"", i, s.message, cases[i].expected);
        else
            TEST_CHECK(1);
    end(&s);
}

static void text_bags(void)
{
    static const char *const bad[] = {"",
                                      "cleave-bag 2\n",
                                      "cleave-bag 1",
                                      "cleave-bag 1\n",
                                      "cleave-bag 1\n\n",
                                      "cleave-bag 1\nmodel\n",
                                      "cleave-bag 1\nmodel a 1\nmodel b\n",
                                      "cleave-bag 1\nmodel a x\n",
                                      "cleave-bag 1\nmodel a 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n",
                                      "cleave-bag 1\nsegment\n",
                                      "cleave-bag 1\nrun ls\n"};
    char message[CLEAVE_SENTENCE_BYTES], *text = malloc(BAG_FILE_BYTES);
    bag b = {.model_count = 2,
             .source_count = 2,
             .model = {"a", "b"},
             .weight = {{1, 0.25}, {0, -3}},
             .segment_seconds = 7.8},
        back;

    if (!TEST_CHECK(text != NULL))
        return;
    const size_t bytes = bag_write_text(&b, text);
    TEST_CHECK(bag_read_text(&back, text, bytes, message) && !memcmp(&b, &back, sizeof b));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        message[0] = 0;
        TEST_CHECK(!bag_read_text(&back, bad[i], strlen(bad[i]), message) && message[0]);
    }
    for (size_t cut = 0; cut < bytes; cut++)
        bag_read_text(&back, text, cut, message);
    free(text);
}

/* Whatever lies in the folder, the commands answer. */
/* What a killed import left goes with the next one; what another process writes stays, and so does
 * what is no draft. */
static void left_drafts(void)
{
    const model_import_options defaults = {0};
    scene s = {0};
    model_entry entry;

    if (!begin(&s))
        return;
    TEST_CHECK(mkdir(s.store.folder, 0700) == 0);
    write_file(path_of(&s, "store/.import-1-0"), "half", 4);
    write_file(path_of(&s, "store/.import-2-0"), "half", 4);
    write_file(path_of(&s, "store/.importance"), "half", 4);
    TEST_CHECK(symlink(".importance", path_of(&s, "store/.import-3-0")) == 0);
    const int held = open(path_of(&s, "store/.import-2-0"), O_RDONLY);
    TEST_CHECK(held >= 0 && flock(held, LOCK_EX) == 0);
    TEST_CHECK(import(&s, "a.th", s.checkpoint, (size_t)s.checkpoint_bytes, &defaults, &entry));
    TEST_CHECK(access(path_of(&s, "store/.import-1-0"), F_OK) != 0);
    TEST_CHECK(access(path_of(&s, "store/.import-2-0"), F_OK) == 0);
    TEST_CHECK(access(path_of(&s, "store/.importance"), F_OK) == 0);
    TEST_CHECK(access(path_of(&s, "store/.import-3-0"), F_OK) == 0);
    close(held);
    end(&s);
}

static void foreign_entries(void)
{
    static const char *const names[] = {"a@0123456789ab.weights",
                                        "b.bag",
                                        "c@0123456789ab.weights",
                                        "@0123456789ab.weights",
                                        "d@xyz.weights",
                                        ".bag",
                                        "README",
                                        ".import-1-0",
                                        "e@0123456789ab.bag",
                                        "f.weights"};
    char path[600], out[600], option[] = "--json", list[] = "list", model[] = "model",
                              info[] = "info", a[] = "a", b[] = "b", verify[] = "verify";
    char *lines[][5] = {{NULL, model, list},      {NULL, model, list, option},
                        {NULL, model, info, a},   {NULL, model, info, b},
                        {NULL, model, verify, a}, {NULL, model, verify, b}};
    const int expected[] = {0, json_backend() ? 0 : 2, 1, 1, 1, 1};
    model_entry *entries;
    scene s = {0};

    if (!begin(&s))
        return;
    TEST_CHECK(mkdir(s.store.folder, 0700) == 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "store/%s", names[i]);
        write_file(path_of(&s, path), "nonsense\n", i == 0 ? 0 : 9);
    }
    TEST_CHECK(mkdir(path_of(&s, "store/g@0123456789ab.weights"), 0700) == 0);
    TEST_CHECK(mkfifo(path_of(&s, "store/h@0123456789ab.weights"), 0600) == 0);
    TEST_CHECK(symlink("i.bag", path_of(&s, "store/i.bag")) == 0);
    TEST_CHECK(model_store_list(&s.store, &entries, s.message) == 3);
    free(entries);
    setenv("CLEAVE_MODELS_DIR", s.store.folder, 1);
    snprintf(out, sizeof out, "%s/out", s.root);
    fflush(stdout);
    const int kept[2] = {dup(1), dup(2)};
    int status[6];
    if (TEST_CHECK(freopen(out, "w", stdout) && freopen(out, "w", stderr)))
        for (int i = 0; i < 6; i++)
            status[i] = model_run(lines[i][3] ? 4 : 3, lines[i]);
    fflush(stdout);
    fflush(stderr);
    dup2(kept[0], 1);
    dup2(kept[1], 2);
    close(kept[0]);
    close(kept[1]);
    for (int i = 0; i < 6; i++)
        TEST_CHECK(status[i] == expected[i]);
    unsetenv("CLEAVE_MODELS_DIR");
    end(&s);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"where the store is, what a name is", folders},
        {"import, versions, verify, remove", life},
        {"a colon in a name", colons},
        {"imports that are refused leave nothing", refused_imports},
        {"the official bag comes with its last file", official_bag},
        {"bags in YAML", yaml_bags},
        {"bags in the store's form", text_bags},
        {"drafts that were left", left_drafts},
        {"foreign files in the store", foreign_entries},
    };

    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
