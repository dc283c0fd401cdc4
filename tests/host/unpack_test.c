/* unpack_test.c: archives that are good, damaged, and bombs. */
#include "host/unpack.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/host/tar_file.h"
#include "tests/test.h"

#define ONE_GIB ((size_t)1 << 30)

/* A folder that must stay empty. */
typedef struct scene {
    char folder[64];
    tar_file tar;
    unpacked files;
    char message[CLEAVE_SENTENCE_BYTES];
} scene;

static int begin(scene *s)
{
    memset(s, 0, sizeof *s);
    snprintf(s->folder, sizeof s->folder, "/tmp/cleave_unpack_XXXXXX");
    return TEST_CHECK(mkdtemp(s->folder) != NULL);
}

/* rmdir() fails if anything was left behind. */
static void end(scene *s)
{
    TEST_CHECK(rmdir(s->folder) == 0);
    tar_free(&s->tar);
}

static int is_wanted(const char *name)
{
    return strchr(name, 'w') != NULL;
}

static int unpack(scene *s)
{
    s->message[0] = '\0';
    return unpack_archive(&s->files, s->tar.bytes, s->tar.count, s->folder, is_wanted, s->message);
}

static void expect_refusal(scene *s, const char *part)
{
    if (unpack(s)) {
        TEST_FAIL("it was not refused; expected \"%s\"", part);
    } else if (strstr(s->message, part) == NULL) {
        TEST_FAIL("\"%s\" lacks \"%s\"", s->message, part);
    }
    TEST_CHECK(s->files.count == 0);
    unpack_close(&s->files);
    tar_free(&s->tar);
}

static void good(void)
{
    static char large[200000];
    scene s;
    for (int is_gzip = 0; is_gzip < 2 && begin(&s); is_gzip++) {
        memset(large, 'x', sizeof large);
        tar_header(&s.tar, "folder/", '5', 0);
        tar_add(&s.tar, "folder/w1", "one", 3);
        tar_add(&s.tar, "folder/other", large, sizeof large);
        tar_add(&s.tar, "../../w2", large, sizeof large);
        tar_end(&s.tar);
        if (is_gzip) {
            tar_gzip(&s.tar);
        }
        TEST_CHECK(unpack_is_archive(s.tar.bytes, s.tar.count));
        if (!TEST_CHECK(unpack(&s) && s.files.count == 2)) {
            printf("     %s\n", s.message);
        } else {
            const unpacked_file *one = &s.files.files[0];
            const unpacked_file *two = &s.files.files[1];
            TEST_CHECK(strcmp(one->name, "w1") == 0 && strcmp(two->name, "w2") == 0);
            TEST_CHECK(one->file.size == 3 && memcmp(one->file.bytes, "one", 3) == 0);
            TEST_CHECK(two->file.size == sizeof large &&
                       memcmp(two->file.bytes, large, sizeof large) == 0);
        }
        unpack_close(&s.files);
        unpack_close(&s.files);
        end(&s);
    }
}

/* Cut at any place, nothing but a refusal comes, except within the two blocks at the end. */
static void truncated(void)
{
    scene s;
    size_t refused = 0;
    if (!begin(&s)) {
        return;
    }
    tar_add(&s.tar, "w1", "one", 3);
    tar_add(&s.tar, "w2", "two", 3);
    tar_end(&s.tar);
    tar_gzip(&s.tar);
    size_t whole = s.tar.count;
    for (size_t count = 0; count < whole; count++) {
        s.tar.count = count;
        int ok = unpack(&s);
        refused += !ok;
        if (ok ? s.files.count != 2 || count < whole - 1024 - 8 : s.message[0] == '\0') {
            TEST_FAIL("cut to %zu of %zu: %d files, \"%s\"", count, whole, s.files.count,
                      s.message);
        }
        unpack_close(&s.files);
    }
    TEST_CHECK(refused >= whole - 1024 - 8);
    end(&s);
}

static void refused(void)
{
    scene s;
    if (!begin(&s)) {
        return;
    }
    expect_refusal(&s, "archive");
    tar_put(&s.tar, "\x1f\x8b\x08nonsense and more nonsense", 30);
    expect_refusal(&s, "archive");
    tar_header(&s.tar, "w", '2', 0);
    expect_refusal(&s, "\"w\" is no file but a link");
    tar_header(&s.tar, "other", '1', 0);
    expect_refusal(&s, "\"other\" is no file but a link");
    tar_header(&s.tar, "w", '3', 0);
    expect_refusal(&s, "\"w\" is no file but a link, or a device");
    tar_header(&s.tar, "w", '6', 0);
    expect_refusal(&s, "\"w\" is no file");
    tar_add(&s.tar, "a/w", "1", 1);
    tar_add(&s.tar, "b/w", "2", 1);
    expect_refusal(&s, "\"w\" twice");
    tar_header(&s.tar, "w", '0', 0);
    expect_refusal(&s, "\"w\" is empty");
    tar_add(&s.tar, "w", "1", 1);
    tar_header(&s.tar, "w2", '0', 5000);
    expect_refusal(&s, "runcated");
    strcpy(s.folder, "/tmp/cleave_unpack_nowhere");
    tar_add(&s.tar, "w", "1", 1);
    expect_refusal(&s, "/tmp/cleave_unpack_nowhere: No such file");
}

/* Another member of a gzip file: the header of an entry. */
static void add_gzip_header(tar_file *tar, const char *name, size_t claimed)
{
    tar_file next = {0};
    tar_header(&next, name, '0', claimed);
    tar_gzip(&next);
    tar_put(tar, next.bytes, next.count);
    tar_free(&next);
}

/* The old form of GNU's sparse files: the length of the file stands apart from that of its data. */
static void add_sparse_header(tar_file *tar, const char *name)
{
    static const char length[] = "00000000001", old_gnu[8] = "ustar  ";
    unsigned sum = 0;
    char digits[8];
    tar_header(tar, name, 'S', 2 * ONE_GIB);
    unsigned char *block = tar->bytes + tar->count - 512;
    memcpy(block + 257, old_gnu, sizeof old_gnu);
    memcpy(block + 483, length, sizeof length);
    memset(block + 148, ' ', 8);
    for (int i = 0; i < 512; i++) {
        sum += block[i];
    }
    snprintf(digits, sizeof digits, "%06o", sum);
    memcpy(block + 148, digits, sizeof digits);
}

/* Limits: what entries claim is enough to refuse them. */
static void bombs(void)
{
    char name[16];
    scene s;
    if (!begin(&s)) {
        return;
    }
    tar_header(&s.tar, "w", '0', ONE_GIB + 1);
    tar_gzip(&s.tar);
    tar_gzip_zeros(&s.tar, 65);
    expect_refusal(&s, "unpacks to more than 1073741824 bytes");
    tar_header(&s.tar, "other", '0', ONE_GIB + 1);
    tar_gzip(&s.tar);
    tar_gzip_zeros(&s.tar, 65);
    expect_refusal(&s, "unpacks to more than 1073741824 bytes");
    /* Each below the limit, together above it. */
    tar_header(&s.tar, "other1", '0', ONE_GIB / 2);
    tar_gzip(&s.tar);
    tar_gzip_zeros(&s.tar, 32);
    add_gzip_header(&s.tar, "w", ONE_GIB / 2 + 1);
    expect_refusal(&s, "\"w\": with it, it unpacks to more than 1073741824 bytes");
    /* A sparse file of 1 byte that takes 2 GiB of the archive, of which nothing is wanted. */
    add_sparse_header(&s.tar, "other");
    tar_gzip(&s.tar);
    tar_gzip_zeros(&s.tar, 128);
    expect_refusal(&s, "unpacks to more than 1073741824 bytes");
    for (int i = 0; i <= UNPACK_ENTRIES_MAX; i++) {
        tar_header(&s.tar, "folder/", '5', 0);
    }
    expect_refusal(&s, "more than 1000 entries");
    for (int i = 0; i <= UNPACK_FILES_MAX; i++) {
        snprintf(name, sizeof name, "w%d", i);
        tar_add(&s.tar, name, "1", 1);
    }
    expect_refusal(&s, "more than 80 files");
    end(&s);
}

/* No room for what is unpacked: a sentence, and nothing is left. */
static void full_disk(void)
{
    static char large[200000];
    struct rlimit before;
    struct rlimit small;
    scene s;
    if (!begin(&s)) {
        return;
    }
    TEST_CHECK(getrlimit(RLIMIT_FSIZE, &before) == 0);
    small = before;
    small.rlim_cur = 100000;
    signal(SIGXFSZ, SIG_IGN);
    tar_add(&s.tar, "w", large, sizeof large);
    tar_end(&s.tar);
    TEST_CHECK(setrlimit(RLIMIT_FSIZE, &small) == 0);
    expect_refusal(&s, "File too large");
    TEST_CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0);
    signal(SIGXFSZ, SIG_DFL);
    end(&s);
}

static void absent(void)
{
    test_skip("this build has no libarchive");
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"archives, plain and compressed", good},
        {"cut anywhere", truncated},
        {"links, devices, doubles, damage", refused},
        {"bombs", bombs},
        {"a full disk", full_disk},
    };
    static const test_case without[] = {{"archives", absent}};

    if (unpack_backend() == NULL) {
        return test_main(argc, argv, without, 1);
    }
    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
