/* model_pull_bag_test.c: models of several files, and disks without room. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/http.h"
#include "tests/host/pull_scene.h"
#include "tests/test.h"

/* The bag is there as the manifest tells, whole, and no download is left. */
static void expect_pair(pull_scene *s)
{
    bag b = {0};

    TEST_CHECK(model_store_find(&s->store, "pair", &s->entry, s->message) && !s->entry.version[0] &&
               model_store_bag(&s->store, &s->entry, &b, s->message));
    TEST_CHECK(b.model_count == 2 && b.source_count == 4 && b.segment_seconds == 44);
    TEST_CHECK(!strcmp(b.model[0], "one") && !strcmp(b.model[1], "two"));
    TEST_CHECK(b.weight[0][0] == 1 && b.weight[0][1] == 0 && b.weight[0][2] == 0.5);
    TEST_CHECK(b.weight[1][1] == 1 && b.weight[1][2] == 0.5 && b.weight[1][3] == 1);
    if (!model_store_verify(&s->store, &s->entry, s->message))
        TEST_FAIL("%s", s->message);
    TEST_CHECK(pull_scene_shown(s) == 3 && pull_scene_entries(s) == 3);
}

static void whole_bag(void)
{
    pull_scene s;
    int count;

    if (pull_scene_begin(&s)) {
        TEST_CHECK(pull_scene_pull(&s, "pair") == MODEL_PULL_DONE && s.log.count == 2);
        TEST_CHECK(!strcmp(s.entry.name, "pair") && !s.entry.version[0]);
        expect_pair(&s);
        TEST_CHECK(pull_scene_pull(&s, "pair") == MODEL_PULL_ALREADY && s.log.count == 0);
        TEST_CHECK(!strcmp(s.entry.name, "pair") && !s.entry.version[0]);
        s.options.force = 1;
        TEST_CHECK(pull_scene_pull(&s, "pair") == MODEL_PULL_DONE && s.log.count == 2);
        expect_pair(&s);
        s.options.force = 0;
        TEST_CHECK(model_store_remove(&s.store, "two", &count, s.message));
        TEST_CHECK(pull_scene_pull(&s, "pair") == MODEL_PULL_DONE && s.log.count == 1);
        expect_pair(&s);
        TEST_CHECK(model_store_remove(&s.store, "pair", &count, s.message));
        TEST_CHECK(pull_scene_pull(&s, "pair") == MODEL_PULL_DONE && s.log.count == 0);
        expect_pair(&s);
    }
    pull_scene_end(&s);
}

/* A bag of the same name with other content is none of the official one. */
static void other_bag(void)
{
    bag b = {.model_count = 1, .model = {"one"}};
    pull_scene s;

    if (pull_scene_begin(&s)) {
        TEST_CHECK(pull_scene_pull(&s, "pair") == MODEL_PULL_DONE);
        TEST_CHECK(model_store_put_bag(&s.store, "pair", &b, s.message));
        TEST_CHECK(pull_scene_pull(&s, "pair") == MODEL_PULL_DONE && s.log.count == 0);
        expect_pair(&s);
    }
    pull_scene_end(&s);
}

/* Until the last file is there and right, nothing is to be seen; and none is asked for twice. */
static void broken_bag(void)
{
    pull_scene s;

    if (pull_scene_begin(&s)) {
        const http_server_file second = s.plan.files[2];
        s.plan.files[2].name = NULL;
        TEST_CHECK(pull_scene_pull(&s, "pair") == MODEL_PULL_FAILED && s.log.count == 2);
        TEST_CHECK(strstr(s.message, s.file[2]) && strstr(s.message, "HTTP status 404"));
        TEST_CHECK(pull_scene_shown(&s) == 0 && pull_scene_entries(&s) == 1);
        TEST_CHECK(pull_scene_part_bytes(&s, 1) == (int64_t)s.count);
        s.plan.files[2] = second;
        s.plan.files[2].bytes = s.bytes[0];
        TEST_CHECK(pull_scene_pull(&s, "pair") == MODEL_PULL_FAILED && s.log.count == 1);
        TEST_CHECK(strstr(s.message, s.file[2]) && strstr(s.message, "its SHA-256"));
        TEST_CHECK(pull_scene_shown(&s) == 0 && pull_scene_entries(&s) == 1);
        s.plan.files[2] = second;
        TEST_CHECK(pull_scene_pull(&s, "pair") == MODEL_PULL_DONE && s.log.count == 1);
        expect_pair(&s);
    }
    pull_scene_end(&s);
}

/* The right sum of a file that is no checkpoint: the importer says so. */
static void no_checkpoint(void)
{
    static const unsigned char nothing[] = "no checkpoint\n";
    pull_scene s;

    if (pull_scene_begin(&s)) {
        s.plan.files[0].bytes = nothing;
        s.plan.files[0].count = sizeof nothing - 1;
        TEST_CHECK(pull_scene_pull(&s, "solo") == MODEL_PULL_FAILED);
        const char *found = strstr(s.message, "begins with ");
        if (TEST_CHECK(found != NULL))
            snprintf(s.manifest.files[0].sha256, 65, "%.8s", found + 12);
        TEST_CHECK(pull_scene_pull(&s, "solo") == MODEL_PULL_FAILED);
        TEST_CHECK(!strstr(s.message, "SHA-256") && strlen(s.message) > 10);
        TEST_CHECK(pull_scene_shown(&s) == 0);
    }
    pull_scene_end(&s);
}

/* A limit on the size of files stands for a disk that fills up during the download. */
static void file_too_large(void)
{
    struct rlimit old, limit;
    pull_scene s;

    if (pull_scene_begin(&s)) {
        signal(SIGXFSZ, SIG_IGN);
        TEST_CHECK(getrlimit(RLIMIT_FSIZE, &old) == 0);
        limit = old;
        limit.rlim_cur = s.count / 2;
        TEST_CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
        TEST_CHECK(pull_scene_pull(&s, "solo") == MODEL_PULL_FAILED);
        TEST_CHECK(strstr(s.message, "cannot be written: File too large") && s.log.count == 1);
        TEST_CHECK(pull_scene_entries(&s) == 0);
        TEST_CHECK(setrlimit(RLIMIT_FSIZE, &old) == 0);
        TEST_CHECK(pull_scene_pull(&s, "solo") == MODEL_PULL_DONE && s.log.count == 1);
        TEST_CHECK(pull_scene_has_solo(&s));
    }
    pull_scene_end(&s);
}

static void disk_full(void)
{
    char disk[128];
    pull_scene s;

    if (!pull_scene_begin(&s)) {
        pull_scene_end(&s);
        return;
    }
    snprintf(disk, sizeof disk, "%s/data", s.root);
    TEST_CHECK(mkdir(disk, 0700) == 0);
    if (mount("none", disk, "tmpfs", 0, "size=512k")) {
        test_skip("mounting a small file system is not allowed here");
        pull_scene_end(&s);
        return;
    }
    TEST_CHECK(pull_scene_pull(&s, "solo") == MODEL_PULL_FAILED);
    TEST_CHECK(strstr(s.message, "cannot be written: No space left"));
    TEST_CHECK(pull_scene_entries(&s) == 0);
    TEST_CHECK(mount("none", disk, "tmpfs", MS_REMOUNT, "size=1400k") == 0);
    TEST_CHECK(pull_scene_pull(&s, "solo") == MODEL_PULL_FAILED);
    TEST_CHECK(strstr(s.message, "No space left") && pull_scene_shown(&s) == 0);
    TEST_CHECK(pull_scene_part_bytes(&s, 0) == (int64_t)s.count && pull_scene_entries(&s) == 1);
    TEST_CHECK(mount("none", disk, "tmpfs", MS_REMOUNT, "size=8m") == 0);
    TEST_CHECK(pull_scene_pull(&s, "solo") == MODEL_PULL_DONE && s.log.count == 0);
    TEST_CHECK(pull_scene_has_solo(&s));
    TEST_CHECK(umount(disk) == 0);
    pull_scene_end(&s);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"a bag, again, by force, in parts", whole_bag},
        {"a bag of the same name", other_bag},
        {"a bag with a file that is not there, or wrong", broken_bag},
        {"a file that is no checkpoint", no_checkpoint},
        {"a limit on the size of files", file_too_large},
        {"a full disk", disk_full},
    };

    if (!http_backend()) {
        printf("0 passed, 0 failed, %d skipped\n", (int)(sizeof cases / sizeof cases[0]));
        return 0;
    }
    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
