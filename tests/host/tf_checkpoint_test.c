/* tf_checkpoint_test.c: TensorFlow checkpoints into the store: an index, a folder, an archive; what
 * they are called, and what is refused. */
#include "host/tf_checkpoint.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/model_open.h"
#include "host/unpack.h"
#include "loader/sha256.h"
#include "tests/host/tar_file.h"
#include "tests/test.h"

#define DATA ".data-00000-of-00001"

/* A store in a fresh folder, and a folder for files to import. */
typedef struct scene {
    char root[64];
    model_store store;
    model_entry entry;
    char message[CLEAVE_SENTENCE_BYTES];
    char *index, *data;
    int64_t index_bytes, data_bytes;
    tar_file tar;
} scene;

static int begin(scene *s)
{
    memset(s, 0, sizeof *s);
    snprintf(s->root, sizeof s->root, "/tmp/cleave_tf_XXXXXX");
    s->index = test_read_file(test_golden("spleeter/spleeter_tiny.index"), &s->index_bytes);
    s->data = test_read_file(test_golden("spleeter/spleeter_tiny" DATA), &s->data_bytes);
    if (!TEST_CHECK(mkdtemp(s->root) && s->index && s->data)) {
        return 0;
    }
    snprintf(s->store.folder, sizeof s->store.folder, "%s/store", s->root);
    return 1;
}

static void end(scene *s)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", s->root);
    TEST_CHECK(system(command) == 0);
    tar_free(&s->tar);
    free(s->index);
    free(s->data);
}

static const char *path_of(const scene *s, const char *name)
{
    static char path[1024];
    snprintf(path, sizeof path, "%s/%s", s->root, name);
    return path;
}

static void put(const scene *s, const char *name, const void *bytes, size_t count)
{
    FILE *file = fopen(path_of(s, name), "wb");
    if (TEST_CHECK(file != NULL)) {
        TEST_CHECK(fwrite(bytes, 1, count, file) == count && fclose(file) == 0);
    }
}

static void put_text(const scene *s, const char *name, const char *text)
{
    put(s, name, text, strlen(text));
}

/* A folder with a checkpoint of that prefix in it. */
static void put_checkpoint(const scene *s, const char *folder, const char *prefix)
{
    char name[200];
    mkdir(path_of(s, folder), 0700);
    snprintf(name, sizeof name, "%s/%s.index", folder, prefix);
    put(s, name, s->index, (size_t)s->index_bytes);
    snprintf(name, sizeof name, "%s/%s" DATA, folder, prefix);
    put(s, name, s->data, (size_t)s->data_bytes);
}

static int import_as(scene *s, const char *path, const char *name)
{
    const model_import_options options = {.name = name};
    s->message[0] = '\0';
    return model_store_import(&s->store, path_of(s, path), &options, &s->entry, s->message);
}

/* Files of any name in the store's folder. */
static int count_files(const scene *s)
{
    int count = 0;
    DIR *folder = opendir(s->store.folder);
    for (const struct dirent *e = folder ? readdir(folder) : NULL; e; e = readdir(folder)) {
        count += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    }
    if (folder) {
        closedir(folder);
    }
    return count;
}

static void expect_import(scene *s, const char *path, const char *as, const char *name)
{
    int count;
    if (!import_as(s, path, as)) {
        TEST_FAIL("%s: %s", path, s->message);
        return;
    }
    if (strcmp(s->entry.name, name) != 0) {
        TEST_FAIL("%s is called \"%s\", not \"%s\"", path, s->entry.name, name);
    }
    TEST_CHECK(model_store_verify(&s->store, &s->entry, s->message) && count_files(s) == 1);
    TEST_CHECK(model_store_remove(&s->store, s->entry.name, &count, s->message));
}

static void expect_refusal(scene *s, const char *path, const char *as, const char *part)
{
    if (import_as(s, path, as)) {
        TEST_FAIL("%s is imported; expected \"%s\"", path, part);
    } else if (!strstr(s->message, part)) {
        TEST_FAIL("%s: \"%s\" lacks \"%s\"", path, s->message, part);
    }
    TEST_CHECK(count_files(s) == 0);
}

static void add_checkpoint(scene *s, const char *prefix)
{
    char name[100];
    snprintf(name, sizeof name, "%s" DATA, prefix);
    tar_add(&s->tar, name, s->data, (size_t)s->data_bytes);
    snprintf(name, sizeof name, "%s.index", prefix);
    tar_add(&s->tar, name, s->index, (size_t)s->index_bytes);
}

/* Ends the archive and puts it there. */
static void put_archive(scene *s, const char *name)
{
    tar_end(&s->tar);
    tar_gzip(&s->tar);
    put(s, name, s->tar.bytes, s->tar.count);
    tar_free(&s->tar);
}

static void names(void)
{
    scene s;
    if (!begin(&s)) {
        return;
    }
    put_checkpoint(&s, "2stems", "model");
    put_checkpoint(&s, "mine", "model");
    put_checkpoint(&s, "4stems", "model");
    put_checkpoint(&s, "model", "other");
    expect_import(&s, "2stems", NULL, "spleeter:2stems");
    expect_import(&s, "2stems/", NULL, "spleeter:2stems");
    expect_import(&s, "mine/../2stems/.", NULL, "spleeter:2stems");
    expect_import(&s, "mine", NULL, "mine");
    expect_import(&s, "mine/model.index", NULL, "spleeter:2stems");
    expect_import(&s, "mine/model.index", "my:own", "my:own");
    expect_import(&s, "model", NULL, "spleeter:2stems");
    expect_import(&s, "model/other.index", NULL, "other");
    expect_refusal(&s, "4stems", NULL, "is called \"4stems\" and has 2 instruments");
    expect_import(&s, "4stems", "mine", "mine");
    expect_refusal(&s, "mine", "a/b", "is no name");
    expect_refusal(&s, "mine", "a:", "is no name");
    end(&s);
}

/* The version is the start of the SHA-256 of the index, then the data; of an archive, its own. */
static void versions(void)
{
    uint8_t digest[32];
    char text[65];
    cleave_sha256 hash;
    scene s;
    if (!begin(&s)) {
        return;
    }
    cleave_sha256_init(&hash);
    cleave_sha256_add(&hash, s.index, (size_t)s.index_bytes);
    cleave_sha256_add(&hash, s.data, (size_t)s.data_bytes);
    cleave_sha256_finish(&hash, digest);
    cleave_sha256_text(digest, text);
    put_checkpoint(&s, "mine", "model");
    TEST_CHECK(import_as(&s, "mine", NULL) && !strncmp(s.entry.version, text, 12));
    TEST_CHECK(import_as(&s, "mine/model.index", NULL) && !strncmp(s.entry.version, text, 12));
    TEST_CHECK(s.entry.bytes > s.data_bytes); /* float32, as the checkpoint is */
    if (unpack_backend()) {
        add_checkpoint(&s, "model");
        tar_end(&s.tar);
        cleave_sha256_init(&hash);
        cleave_sha256_add(&hash, s.tar.bytes, s.tar.count);
        cleave_sha256_finish(&hash, digest);
        cleave_sha256_text(digest, text);
        put(&s, "mine.tar", s.tar.bytes, s.tar.count);
        TEST_CHECK(import_as(&s, "mine.tar", NULL) && !strncmp(s.entry.version, text, 12));
    }
    end(&s);
}

/* Which index counts in a folder. */
static void several(void)
{
    scene s;
    if (!begin(&s)) {
        return;
    }
    put_checkpoint(&s, "run", "model-1");
    put_checkpoint(&s, "run", "model-2");
    expect_refusal(&s, "run", NULL, "holds 2 checkpoints, \"model-");
    expect_import(&s, "run/model-2.index", NULL, "model-2");
    put_text(&s, "run/checkpoint", "model_checkpoint_path: \"/far/away/model-2\"\n");
    expect_import(&s, "run", NULL, "run");
    TEST_CHECK(remove(path_of(&s, "run/model-1.index")) == 0);
    put_text(&s, "run/checkpoint", "model_checkpoint_path: \"model-3\"\n");
    expect_import(&s, "run", NULL, "run");
    put_text(&s, "run/checkpoint", "");
    expect_import(&s, "run", NULL, "run");
    put_text(&s, "run/checkpoint", "model_checkpoint_path: \"model-2");
    expect_import(&s, "run", NULL, "run");
    TEST_CHECK(remove(path_of(&s, "run/model-2.index")) == 0);
    expect_refusal(&s, "run", NULL, "no file ends in .index");
    end(&s);
}

static void damaged(void)
{
    scene s;
    if (!begin(&s)) {
        return;
    }
    expect_refusal(&s, "nowhere.index", NULL, "No such file");
    expect_refusal(&s, "nowhere", NULL, "No such file");
    mkdir(path_of(&s, "empty"), 0700);
    expect_refusal(&s, "empty", NULL, "no file ends in .index");
    TEST_CHECK(symlink("elsewhere", path_of(&s, "empty/model.index")) == 0);
    expect_refusal(&s, "empty", NULL, "its file \"model.index\" leads nowhere");
    put_checkpoint(&s, "mine", "model");
    expect_refusal(&s, "mine/model" DATA, NULL, "is the data of a checkpoint");
    s.data[1000] = (char)(s.data[1000] ^ 1);
    put_checkpoint(&s, "bit", "model");
    expect_refusal(&s, "bit", NULL, "checksum");
    s.data_bytes -= 1;
    put_checkpoint(&s, "bit", "model");
    expect_refusal(&s, "bit", NULL, "leave the data file");
    s.index_bytes -= 1;
    put_checkpoint(&s, "bit", "model");
    expect_refusal(&s, "bit", NULL, "");
    TEST_CHECK(strlen(s.message) > 10);
    TEST_CHECK(remove(path_of(&s, "mine/model" DATA)) == 0);
    expect_refusal(&s, "mine", NULL, "data, \"model" DATA "\", is missing");
    mkdir(path_of(&s, "mine/model" DATA), 0700);
    expect_refusal(&s, "mine", NULL, "\"model" DATA "\" is no regular file");
    put_text(&s, "page.tar.gz", "<html>not found</html>\n");
    expect_refusal(&s, "page.tar.gz", NULL, "is no tar archive");
    end(&s);
}

static void archives(void)
{
    scene s;
    if (unpack_backend() == NULL) {
        test_skip("this build has no libarchive");
        return;
    }
    if (!begin(&s)) {
        return;
    }
    add_checkpoint(&s, "some/folder/model");
    tar_add(&s.tar, "some/folder/model.meta", "meta", 4);
    tar_add(&s.tar, "some/folder/._model.index", "mac", 3);
    tar_add(&s.tar, "some/folder/checkpoint", "model_checkpoint_path: \"model\"\n", 31);
    put_archive(&s, "mine.tar.gz");
    expect_import(&s, "mine.tar.gz", NULL, "mine");
    expect_import(&s, "mine.tar.gz", "other", "other");
    add_checkpoint(&s, "model");
    put_archive(&s, "model.tgz");
    expect_import(&s, "model.tgz", NULL, "spleeter:2stems");
    /* Told by its content, as what a pull left is called. */
    add_checkpoint(&s, "model");
    put_archive(&s, ".model.tar.gz.part");
    expect_import(&s, ".model.tar.gz.part", "part", "part");
    /* A name that is an official file's is checked against the official SHA-256, another is not. */
    add_checkpoint(&s, "model");
    put_archive(&s, "2stems.tar.gz");
    expect_refusal(&s, "2stems.tar.gz", NULL, "that of the official spleeter:2stems with f3a90b39");
    expect_import(&s, "2stems.tar.gz", "mine", "mine");
    add_checkpoint(&s, "model-1");
    add_checkpoint(&s, "model-2");
    put_archive(&s, "two.tgz");
    expect_refusal(&s, "two.tgz", NULL, "holds 2 checkpoints");
    add_checkpoint(&s, "model-1");
    add_checkpoint(&s, "model-2");
    tar_add(&s.tar, "checkpoint", "model_checkpoint_path: \"model-2\"\n", 33);
    put_archive(&s, "two.tgz");
    expect_import(&s, "two.tgz", NULL, "two");
    tar_add(&s.tar, "model.index", s.index, (size_t)s.index_bytes);
    put_archive(&s, "no_data.tgz");
    expect_refusal(&s, "no_data.tgz", NULL, "data, \"model" DATA "\", is missing");
    tar_add(&s.tar, "readme", "text", 4);
    put_archive(&s, "no_index.tgz");
    expect_refusal(&s, "no_index.tgz", NULL, "no file ends in .index");
    add_checkpoint(&s, "model");
    tar_header(&s.tar, "link", '2', 0);
    put_archive(&s, "link.tgz");
    expect_refusal(&s, "link.tgz", NULL, "\"link\" is no file but a link");
    end(&s);
}

/* The name NAME-16kHz, of Spleeter's models alone. */
static void wide(void)
{
    open_model *model = NULL;
    cleave_config config;
    char versioned[MODEL_LABEL_BYTES];
    model_entry entry;
    int is_wide;
    scene s;
    if (!begin(&s)) {
        return;
    }
    put_checkpoint(&s, "2stems", "model");
    if (!TEST_CHECK(import_as(&s, "2stems", NULL))) {
        end(&s);
        return;
    }
    snprintf(versioned, sizeof versioned, "spleeter:2stems-16kHz@%s", s.entry.version);
    TEST_CHECK(model_find(&s.store, "spleeter:2stems-16kHz", &entry, &is_wide, s.message) &&
               is_wide && !strcmp(entry.name, "spleeter:2stems"));
    TEST_CHECK(model_find(&s.store, "spleeter:2stems", &entry, &is_wide, s.message) && !is_wide);
    TEST_CHECK(!model_find(&s.store, "spleeter:4stems-16kHz", &entry, &is_wide, s.message) &&
               strstr(s.message, "\"cleave model pull spleeter:4stems\""));
    TEST_CHECK(!model_store_find(&s.store, "spleeter:2stems-16kHz", &entry, s.message) &&
               strstr(s.message, "has no file of its own: it is \"spleeter:2stems\""));
    const char *const asked[] = {"spleeter:2stems", "spleeter:2stems-16kHz", versioned};
    const int32_t bins[] = {0, 1536, 1536};
    for (int i = 0; i < 3; i++) {
        if (!TEST_CHECK(model_open_named(&model, &s.store, asked[i], s.message))) {
            printf("     %s\n", s.message);
            continue;
        }
        TEST_CHECK(!strcmp(model->label, asked[i]) && !strcmp(model->info.name, asked[i]));
        TEST_CHECK(!strncmp(model->network_names[0], "spleeter:2stems@", 16));
        TEST_CHECK(strstr(model->description, i == 0 ? "masks to 11.0 kHz" : "masks to 16.5 kHz"));
        model_config(model, &config);
        TEST_CHECK(config.spectrum_bins == bins[i]);
        model_close(&model);
    }
    /* What is stored under such a name is meant by it. */
    TEST_CHECK(import_as(&s, "2stems", "spleeter:2stems-16kHz"));
    TEST_CHECK(model_find(&s.store, "spleeter:2stems-16kHz", &entry, &is_wide, s.message) &&
               !is_wide);
    char *demucs = realpath(test_golden("models/tiny_htdemucs.th"), NULL);
    const model_import_options options = {.name = "demucs"};
    TEST_CHECK(demucs && model_store_import(&s.store, demucs, &options, &entry, s.message));
    TEST_CHECK(!model_open_named(&model, &s.store, "demucs-16kHz", s.message) && model == NULL &&
               strstr(s.message, "kind htdemucs have no form \"-16kHz\""));
    free(demucs);
    end(&s);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"names", names},
        {"versions", versions},
        {"several in a folder", several},
        {"damaged, and not there", damaged},
        {"to 16 kHz", wide},
        {"archives", archives},
    };

    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
