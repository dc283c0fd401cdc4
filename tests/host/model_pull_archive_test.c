/* model_pull_archive_test.c: models that are published as archives, good ones and others. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/http.h"
#include "host/unpack.h"
#include "loader/sha256.h"
#include "tests/host/pull_scene.h"
#include "tests/host/tar_file.h"
#include "tests/test.h"

#define DATA    ".data-00000-of-00001"
#define ARCHIVE "2stems.tar.gz"
#define NAME    "family:2stems"

/* The files of a checkpoint, and an archive of them on the server. */
typedef struct archive_scene {
    pull_scene pull;
    char *index, *data;
    int64_t index_bytes, data_bytes;
    tar_file tar;
    char hash[65];
} archive_scene;

static int begin(archive_scene *s)
{
    memset(s, 0, sizeof *s);
    if (!pull_scene_begin(&s->pull)) {
        return 0;
    }
    s->index = test_read_file(test_golden("spleeter/spleeter_tiny.index"), &s->index_bytes);
    s->data = test_read_file(test_golden("spleeter/spleeter_tiny" DATA), &s->data_bytes);
    return TEST_CHECK(s->index && s->data);
}

static void end(archive_scene *s)
{
    tar_free(&s->tar);
    free(s->index);
    free(s->data);
    pull_scene_end(&s->pull);
}

static void add(archive_scene *s, const char *prefix, int with_data)
{
    char name[64];
    snprintf(name, sizeof name, "./%s.index", prefix);
    tar_add(&s->tar, name, s->index, (size_t)s->index_bytes);
    snprintf(name, sizeof name, "./%s" DATA, prefix);
    if (with_data) {
        tar_add(&s->tar, name, s->data, (size_t)s->data_bytes);
    }
}

/* As the published archives are, and one byte that makes it another version. */
static void pack(archive_scene *s, const char *version)
{
    tar_add(&s->tar, "./checkpoint", "model_checkpoint_path: \"model\"\n", 31);
    tar_add(&s->tar, "./model.meta", version, 1);
    tar_end(&s->tar);
    tar_gzip(&s->tar);
}

/* Serves the archive, of which the manifest tells the SHA-256. */
static void serve(archive_scene *s)
{
    const char *url = http_server_url(s->pull.server);
    char text[1024];
    uint8_t digest[32];
    cleave_sha256 hash;
    cleave_sha256_init(&hash);
    cleave_sha256_add(&hash, s->tar.bytes, s->tar.count);
    cleave_sha256_finish(&hash, digest);
    cleave_sha256_text(digest, s->hash);
    snprintf(text, sizeof text, NAME "\t1\t" ARCHIVE "\t%s/v1/" ARCHIVE "\t%s\t0\t0\t-\n", url,
             s->hash);
    TEST_CHECK(model_manifest_read(&s->pull.manifest, text, s->pull.message));
    s->pull.plan.files[PULL_FILES] =
        (http_server_file){.name = ARCHIVE, .bytes = s->tar.bytes, .count = s->tar.count};
}

/* What was downloaded is right, and is refused: it stays, and nothing is shown. */
static void expect_refusal(archive_scene *s, const char *part)
{
    serve(s);
    if (pull_scene_pull(&s->pull, NAME) != MODEL_PULL_FAILED) {
        TEST_FAIL("it did not fail; expected \"%s\"", part);
    } else if (!strstr(s->pull.message, part)) {
        TEST_FAIL("\"%s\" lacks \"%s\"", s->pull.message, part);
    }
    TEST_CHECK(pull_scene_shown(&s->pull) == 0 && pull_scene_entries(&s->pull) == 1);
    pull_scene_clear(&s->pull);
    tar_free(&s->tar);
}

static void good(void)
{
    archive_scene s;
    if (begin(&s)) {
        model_entry *entry = &s.pull.entry;
        add(&s, "model", 1);
        pack(&s, "1");
        serve(&s);
        if (pull_scene_pull(&s.pull, NAME) != MODEL_PULL_DONE) {
            TEST_FAIL("%s", s.pull.message);
        }
        TEST_CHECK(!strcmp(entry->name, NAME) && !strncmp(entry->version, s.hash, 12));
        TEST_CHECK(model_store_verify(&s.pull.store, entry, s.pull.message));
        TEST_CHECK(pull_scene_entries(&s.pull) == 1 && s.pull.log.count == 1);
        TEST_CHECK(pull_scene_pull(&s.pull, NAME) == MODEL_PULL_ALREADY && s.pull.log.count == 0);
        /* Another version beside it. */
        tar_free(&s.tar);
        add(&s, "model", 1);
        pack(&s, "2");
        serve(&s);
        TEST_CHECK(pull_scene_pull(&s.pull, NAME) == MODEL_PULL_DONE);
        TEST_CHECK(pull_scene_shown(&s.pull) == 2 && pull_scene_entries(&s.pull) == 2);
    }
    end(&s);
}

/* Cut while it comes, it is gone on with; what is wrong as a whole is deleted. */
static void transport(void)
{
    archive_scene s;
    if (begin(&s)) {
        add(&s, "model", 1);
        pack(&s, "1");
        serve(&s);
        s.pull.plan.cut_count = 2;
        s.pull.plan.cuts[0] = 100000;
        s.pull.plan.cuts[1] = 200000;
        TEST_CHECK(pull_scene_pull(&s.pull, NAME) == MODEL_PULL_DONE && s.pull.log.count == 3);
        TEST_CHECK(s.pull.log.from[2] == 300000);
        pull_scene_clear(&s.pull);
        s.pull.plan.cut_count = 0;
        s.tar.bytes[s.tar.count / 2] ^= 1;
        TEST_CHECK(pull_scene_pull(&s.pull, NAME) == MODEL_PULL_FAILED);
        TEST_CHECK(strstr(s.pull.message, "its SHA-256 begins with") != NULL);
        TEST_CHECK(pull_scene_entries(&s.pull) == 0);
    }
    end(&s);
}

/* A manifest that tells the SHA-256 of an archive that is bad. */
static void bad_archives(void)
{
    archive_scene s;
    if (begin(&s)) {
        add(&s, "model", 1);
        pack(&s, "1");
        s.tar.count = s.tar.count / 2;
        expect_refusal(&s, "runcated");
        add(&s, "model", 0);
        pack(&s, "1");
        expect_refusal(&s, "data, \"model" DATA "\", is missing");
        add(&s, "model-1", 1);
        add(&s, "model-2", 1);
        pack(&s, "1");
        expect_refusal(&s, "holds 2 checkpoints, \"model-1.index\" and \"model-2.index\"");
        pack(&s, "1");
        expect_refusal(&s, "no file ends in .index");
        add(&s, "model", 1);
        tar_header(&s.tar, "model.meta", '1', 0);
        pack(&s, "1");
        expect_refusal(&s, "no file but a link");
        add(&s, "model", 1);
        add(&s, "folder/model", 1);
        pack(&s, "1");
        expect_refusal(&s, "\"model.index\" twice");
        tar_header(&s.tar, "model" DATA, '0', ((size_t)1 << 30) + 1);
        tar_gzip(&s.tar);
        tar_gzip_zeros(&s.tar, 65);
        expect_refusal(&s, "unpacks to more than 1073741824 bytes");
        s.data[5000] = (char)(s.data[5000] ^ 1);
        add(&s, "model", 1);
        pack(&s, "1");
        expect_refusal(&s, "checksum");
        tar_put(&s.tar, "<html>no such release</html>", 28);
        expect_refusal(&s, "no checkpoint");
    }
    end(&s);
}

static void without_libraries(void)
{
    archive_scene s;
    if (begin(&s)) {
        add(&s, "model", 1);
        pack(&s, "1");
        serve(&s);
        TEST_CHECK(pull_scene_pull(&s.pull, NAME) == MODEL_PULL_FAILED);
        TEST_CHECK(strstr(s.pull.message, ", which this build is without") != NULL);
        TEST_CHECK(s.pull.log.count == 0 && pull_scene_entries(&s.pull) == 0);
    }
    end(&s);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"a model that is an archive", good},
        {"cut on its way, and damaged", transport},
        {"archives that are refused", bad_archives},
    };
    static const test_case without[] = {
        {"a build without libarchive or libcurl", without_libraries}};

    if (!http_backend() || !unpack_backend()) {
        return test_main(argc, argv, without, 1);
    }
    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
