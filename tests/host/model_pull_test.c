/* model_pull_test.c: models from a server that errs in every way, into a store that stays whole. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/http.h"
#include "tests/host/pull_scene.h"
#include "tests/test.h"

#define CUT_SEED  2024
#define CUT_COUNT 20

/* A pull of solo that fails: its sentence has both parts, and the store shows nothing. */
static void expect_failure(pull_scene *s, const char *part, const char *other)
{
    if (pull_scene_pull(s, "solo") != MODEL_PULL_FAILED)
        TEST_FAIL("it did not fail; expected \"%s\"", part);
    else if (!strstr(s->message, part) || !strstr(s->message, other))
        TEST_FAIL("\"%s\" lacks \"%s\" or \"%s\"", s->message, part, other);
    else
        TEST_CHECK(strlen(s->message) > 20);
    TEST_CHECK(pull_scene_shown(s) == 0);
}

/* A pull of solo that succeeds with so many requests, into an empty store that is emptied again. */
static void expect_success(pull_scene *s, int requests)
{
    if (pull_scene_pull(s, "solo") != MODEL_PULL_DONE)
        TEST_FAIL("it failed: %s", s->message);
    if (s->log.count != requests)
        TEST_FAIL("%d requests, not %d", s->log.count, requests);
    TEST_CHECK(pull_scene_has_solo(s));
    pull_scene_clear(s);
}

static void plain(void)
{
    char wanted[128];
    pull_scene s;

    if (pull_scene_begin(&s)) {
        TEST_CHECK(pull_scene_pull(&s, "solo") == MODEL_PULL_DONE);
        TEST_CHECK(!strcmp(s.entry.name, "solo") && !strncmp(s.entry.version, s.hash[0], 12));
        TEST_CHECK(pull_scene_has_solo(&s));
        TEST_CHECK(s.log.count == 1 && s.log.from[0] == -1);
        snprintf(wanted, sizeof wanted, "/official/%s", s.file[0]);
        TEST_CHECK(!strcmp(s.log.path[0], wanted));
        TEST_CHECK(s.bytes_seen >= 0 && s.total_seen <= (int64_t)s.count);

        TEST_CHECK(pull_scene_pull(&s, "solo") == MODEL_PULL_ALREADY && s.log.count == 0);
        TEST_CHECK(!strncmp(s.entry.version, s.hash[0], 12));
        s.options.force = 1;
        TEST_CHECK(pull_scene_pull(&s, "solo") == MODEL_PULL_DONE && s.log.count == 1);
        TEST_CHECK(pull_scene_has_solo(&s));
        TEST_CHECK(pull_scene_pull(&s, "duo") == MODEL_PULL_FAILED && s.log.count == 0);
    }
    pull_scene_end(&s);
}

/* Another version of the name does not count as the official one, and stays. */
static void beside_another_version(void)
{
    const model_import_options options = {.name = "solo"};
    pull_scene s;

    if (pull_scene_begin(&s)) {
        pull_scene_put_part(&s, 1, s.bytes[1], s.count);
        TEST_CHECK(model_store_import(&s.store, pull_scene_part_path(&s, 1), &options, &s.entry,
                                      s.message));
        TEST_CHECK(pull_scene_pull(&s, "solo") == MODEL_PULL_DONE && s.log.count == 1);
        TEST_CHECK(pull_scene_shown(&s) == 2);
        TEST_CHECK(model_store_find(&s.store, "solo", &s.entry, s.message) &&
                   !strncmp(s.entry.version, s.hash[0], 12));
    }
    pull_scene_end(&s);
}

static void mirrors(void)
{
    static const char *const bases[] = {"/a/b", "/a/b/"};
    char mirror[128], wanted[128];
    pull_scene s;

    if (pull_scene_begin(&s)) {
        snprintf(wanted, sizeof wanted, "/a/b/%s", s.file[0]);
        for (int i = 0; i < 2; i++) {
            snprintf(mirror, sizeof mirror, "%s%s", http_server_url(s.server), bases[i]);
            s.options.mirror = mirror;
            expect_success(&s, 1);
            TEST_CHECK(!strcmp(s.log.path[0], wanted));
        }
        s.options.mirror = "ftp://127.0.0.1/";
        expect_failure(&s, "ftp://127.0.0.1/", "no http or https address");
        s.options.mirror = "file:///etc";
        expect_failure(&s, "file:///etc", "no http or https address");
    }
    pull_scene_end(&s);
}

static void cut_anywhere(void)
{
    pull_scene s;

    if (pull_scene_begin(&s)) {
        for (uint64_t i = 0; i < CUT_COUNT; i++) {
            const double part = 0.5 + 0.5 * (double)test_uniform(CUT_SEED, i);
            s.plan.cuts[0] = 1 + (int64_t)(part * (double)(s.count - 1));
            s.plan.cut_count = 1;
            expect_success(&s, 2);
            if (s.log.from[0] != -1 || s.log.from[1] != s.plan.cuts[0])
                TEST_FAIL("cut at %lld of %zu, gone on at %lld", (long long)s.plan.cuts[0], s.count,
                          (long long)s.log.from[1]);
        }
        test_passed_count(CUT_COUNT);
    }
    pull_scene_end(&s);
}

/* Five cuts a pull, through all of the header; what was there before outlives them. */
static void cut_in_header(void)
{
    int pulls = 0;
    pull_scene s;

    if (pull_scene_begin(&s)) {
        s.plan.cut_count = 5;
        for (int64_t bytes = 0; bytes < 250; bytes += 5) {
            const int64_t before = bytes < 125 ? 1000 : 0; /* a range, and no range */
            for (int i = 0; i < 5; i++)
                s.plan.cuts[i] = -1 - bytes % 125 - i;
            pull_scene_put_part(&s, 0, s.bytes[0], (size_t)before);
            expect_success(&s, 6);
            for (int i = 0; i < s.log.count; i++)
                if (s.log.from[i] != (before ? before : -1))
                    TEST_FAIL("cut near byte %lld of the header: gone on at %lld",
                              (long long)bytes % 125, (long long)s.log.from[i]);
            pulls++;
        }
        test_passed_count(pulls);
    }
    pull_scene_end(&s);
}

/* Resets lose bytes on their way. */
static void connection_resets(void)
{
    pull_scene s;

    if (pull_scene_begin(&s)) {
        s.plan.cut_count = 3;
        s.plan.reset = 1;
        memcpy(s.plan.cuts, (int64_t[]){300000, 200000, 1}, 3 * sizeof(int64_t));
        expect_success(&s, 4);
    }
    pull_scene_end(&s);
}

/* Five cuts are survived; with six the part stays, and the next pull goes on there. */
static void cut_often(void)
{
    pull_scene s;

    if (pull_scene_begin(&s)) {
        for (int i = 0; i < 6; i++)
            s.plan.cuts[i] = 100000;
        s.plan.cut_count = 5;
        expect_success(&s, 6);
        for (int i = 1; i < 6; i++)
            TEST_CHECK(s.log.from[i] == 100000 * i);
        s.plan.cut_count = 6;
        expect_failure(&s, "/official/solo-", "5 further tries; what came is kept");
        TEST_CHECK(s.log.count == 6 && pull_scene_part_bytes(&s, 0) == 600000);
        s.plan.cut_count = 0;
        expect_success(&s, 1);
        TEST_CHECK(s.log.from[0] == 600000);
    }
    pull_scene_end(&s);
}

/* Servers that know no ranges, refuse them, send others, or send them in pieces. */
static void odd_ranges(void)
{
    pull_scene s;

    if (pull_scene_begin(&s)) {
        s.plan.cut_count = 1;
        s.plan.cuts[0] = 400000;
        s.plan.without_ranges = 1;
        expect_success(&s, 2);
        TEST_CHECK(s.log.from[1] == 400000);
        s.plan.without_ranges = 0;
        s.plan.refuse_ranges = 1;
        expect_success(&s, 3);
        TEST_CHECK(s.log.from[1] == 400000 && s.log.from[2] == -1);
        s.plan.refuse_ranges = 0;
        s.plan.shift = -7;
        expect_success(&s, 3);
        TEST_CHECK(s.log.from[2] == -1);
        s.plan.shift = 0;
        s.plan.range_max = 250000;
        expect_success(&s, 4);
        TEST_CHECK(s.log.from[3] == 900000);
    }
    pull_scene_end(&s);
}

/* What lies there from before: whole, too long, or of another file. */
static void parts_left(void)
{
    unsigned char longer[16] = {0};
    pull_scene s;

    if (pull_scene_begin(&s)) {
        pull_scene_put_part(&s, 0, s.bytes[0], s.count);
        expect_success(&s, 0);
        pull_scene_put_part(&s, 0, s.bytes[1], s.count); /* wrong, and nothing comes after it */
        expect_success(&s, 2);
        TEST_CHECK(s.log.from[0] == (int64_t)s.count && s.log.from[1] == -1);
        pull_scene_put_part(&s, 0, longer, sizeof longer);
        expect_failure(&s, "its SHA-256 begins with", s.manifest.files[0].sha256);
        TEST_CHECK(s.log.from[0] == sizeof longer && pull_scene_entries(&s) == 0);
        expect_success(&s, 1);
    }
    pull_scene_end(&s);
}

static void statuses(void)
{
    static const int final[] = {204, 401, 403, 404, 410}, passing[] = {408, 429, 500, 502, 503};
    char part[32];
    pull_scene s;

    if (pull_scene_begin(&s)) {
        for (int i = 0; i < 5; i++) {
            s.plan.status = final[i];
            s.plan.status_count = 0;
            snprintf(part, sizeof part, "HTTP status %d", final[i]);
            expect_failure(&s, part, "/official/solo-");
            TEST_CHECK(s.log.count == 1 && pull_scene_entries(&s) == 0);
        }
        for (int i = 0; i < 5; i++) {
            s.plan.status = passing[i];
            s.plan.status_count = 0;
            snprintf(part, sizeof part, "HTTP status %d", passing[i]);
            expect_failure(&s, part, "5 further tries");
            TEST_CHECK(s.log.count == 6 && pull_scene_entries(&s) == 0);
            s.plan.status_count = 5;
            expect_success(&s, 6);
        }
        s.plan.status = 404; /* what is there outlives it */
        s.plan.status_count = 0;
        pull_scene_put_part(&s, 0, s.bytes[0], 1000);
        expect_failure(&s, "HTTP status 404", "/official/solo-");
        TEST_CHECK(pull_scene_part_bytes(&s, 0) == 1000);
    }
    pull_scene_end(&s);
}

static void redirects(void)
{
    static const char *const elsewhere[] = {"file:///etc/passwd", "ftp://127.0.0.1/x",
                                            "gopher://127.0.0.1/x"};
    pull_scene s;

    if (pull_scene_begin(&s)) {
        s.plan.redirects = 5;
        expect_success(&s, 6);
        s.plan.redirects = 6;
        expect_failure(&s, "more than 5 redirects", "/official/solo-");
        s.plan.redirects = -1;
        expect_failure(&s, "more than 5 redirects", "/official/solo-");
        TEST_CHECK(s.log.count == 6);
        for (int i = 0; i < 3; i++) {
            s.plan.location = elsewhere[i];
            expect_failure(&s, "/official/solo-", "rotocol");
            TEST_CHECK(s.log.count == 1 && pull_scene_entries(&s) == 0);
        }
        s.plan.location = NULL;
        s.plan.redirects = 1; /* the answer after it breaks, and the rest is had */
        s.plan.cut_count = 1;
        s.plan.cuts[0] = 5;
        expect_success(&s, 3);
        TEST_CHECK(s.log.from[2] == 5);
    }
    pull_scene_end(&s);
}

static void wrong_content(void)
{
    char wrong[9];
    pull_scene s;

    if (pull_scene_begin(&s)) {
        s.plan.files[0].bytes = s.bytes[1];
        snprintf(wrong, sizeof wrong, "%.8s", s.hash[1]);
        expect_failure(&s, s.file[0], s.manifest.files[0].sha256);
        TEST_CHECK(strstr(s.message, wrong) && pull_scene_entries(&s) == 0);
        s.plan.files[0].bytes = s.bytes[0];
        s.plan.files[0].count = s.count - 1;
        expect_failure(&s, s.file[0], "its SHA-256 begins with");
        s.plan.files[0].count = 0;
        expect_failure(&s, s.file[0], "its SHA-256 begins with e3b0c442");
        TEST_CHECK(pull_scene_entries(&s) == 0);
    }
    pull_scene_end(&s);
}

static void wrong_length(void)
{
    pull_scene s;

    if (pull_scene_begin(&s)) {
        s.plan.without_length = 1;
        expect_success(&s, 1);
        s.plan.cut_count = 1; /* nothing tells that bytes are missing, but the sum does */
        s.plan.cuts[0] = 1000;
        expect_failure(&s, s.file[0], "its SHA-256 begins with");
        s.plan.cut_count = s.plan.without_length = 0;
        s.plan.lie = -10;
        expect_failure(&s, s.file[0], "its SHA-256 begins with");
        s.plan.lie = 10;
        expect_failure(&s, s.file[0], "5 further tries");
        s.plan.lie = 2000000000;
        expect_failure(&s, s.file[0], "longer than 1000000000 bytes");
        TEST_CHECK(s.log.count == 1 && pull_scene_entries(&s) == 0);
        s.plan.lie = 0;
        s.manifest.files[0].bytes = (int64_t)s.count - 1;
        expect_failure(&s, s.file[0], "longer than");
        s.plan.without_length = 1;
        expect_failure(&s, s.file[0], "longer than");
        TEST_CHECK(s.log.count == 1 && pull_scene_entries(&s) == 0);
    }
    pull_scene_end(&s);
}

/* A header may be long, but not without end. */
static void long_header(void)
{
    pull_scene s;

    if (pull_scene_begin(&s)) {
        s.plan.padding = 200;
        expect_success(&s, 1);
        s.plan.padding = 1000000;
        expect_failure(&s, s.file[0], "the header is longer than 262144 bytes");
        TEST_CHECK(s.log.count == 1 && pull_scene_entries(&s) == 0);
    }
    pull_scene_end(&s);
}

static void slow(void)
{
    pull_scene s;

    if (pull_scene_begin(&s)) {
        s.plan.chunk_bytes = 20000;
        s.plan.pause_ms = 5;
        expect_success(&s, 1);
        s.plan.stall_after = 40; /* and in the second answer the end comes before that */
        s.options.stall_seconds = 2;
        expect_success(&s, 2);
        TEST_CHECK(s.log.from[1] == 800000);
    }
    pull_scene_end(&s);
}

static void stopped(void)
{
    pull_scene s;

    if (pull_scene_begin(&s)) {
        s.plan.chunk_bytes = 20000;
        s.plan.pause_ms = 2;
        s.stop_at = 200000;
        TEST_CHECK(pull_scene_pull(&s, "solo") == MODEL_PULL_STOPPED);
        TEST_CHECK(strstr(s.message, "interrupted") && strstr(s.message, s.file[0]) &&
                   strstr(s.message, "next pull goes on there"));
        const int64_t bytes = pull_scene_part_bytes(&s, 0);
        TEST_CHECK(bytes >= 200000 && bytes < (int64_t)s.count && pull_scene_shown(&s) == 0);
        s.stop_at = -1;
        expect_success(&s, 1);
        TEST_CHECK(s.log.from[0] == bytes);
        s.plan.status = 500; /* also while it waits for a further try */
        s.options.retry_ms = 60000;
        s.stop_at = 0;
        TEST_CHECK(pull_scene_pull(&s, "solo") == MODEL_PULL_STOPPED);
        TEST_CHECK(pull_scene_entries(&s) == 0);
    }
    pull_scene_end(&s);
}

static void unreachable(void)
{
    static const struct {
        const char *mirror, *part;
    } cases[] = {
        {"http://a..b/", "cannot be resolved"},
        {"http://127.0.0.1:1/", "http://127.0.0.1:1/solo-"},
        {"http://[/", "http://[/solo-"},
    };
    pull_scene s;

    if (pull_scene_begin(&s)) {
        s.options.retry_ms = 60000; /* none of them is tried twice */
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            s.options.mirror = cases[i].mirror;
            expect_failure(&s, cases[i].part, cases[i].mirror);
            TEST_CHECK(pull_scene_entries(&s) == 0);
        }
    }
    pull_scene_end(&s);
}

/* Another process at the same file; and a file that is not what it should be. */
static void parts_of_others(void)
{
    char target[128];
    pull_scene s;

    if (pull_scene_begin(&s)) {
        pull_scene_put_part(&s, 0, "abc", 3);
        const int file = open(pull_scene_part_path(&s, 0), O_RDWR | O_CLOEXEC);
        TEST_CHECK(file >= 0 && flock(file, LOCK_EX | LOCK_NB) == 0);
        expect_failure(&s, s.file[0], "by another process");
        TEST_CHECK(s.log.count == 0 && pull_scene_part_bytes(&s, 0) == 3);
        close(file);
        TEST_CHECK(unlink(pull_scene_part_path(&s, 0)) == 0);
        snprintf(target, sizeof target, "%s/data/target", s.root);
        TEST_CHECK(symlink(target, pull_scene_part_path(&s, 0)) == 0);
        expect_failure(&s, pull_scene_part_path(&s, 0), "symbolic links");
        TEST_CHECK(access(target, F_OK) != 0 && s.log.count == 0);
        TEST_CHECK(unlink(pull_scene_part_path(&s, 0)) == 0);
        TEST_CHECK(mkfifo(pull_scene_part_path(&s, 0), 0600) == 0);
        expect_failure(&s, pull_scene_part_path(&s, 0), "no regular file");
    }
    pull_scene_end(&s);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"a model, again, by force", plain},
        {"beside another version", beside_another_version},
        {"mirrors", mirrors},
        {"cut at 20 random bytes", cut_anywhere},
        {"cut at every byte of the header", cut_in_header},
        {"connections that are reset", connection_resets},
        {"cut five and six times", cut_often},
        {"ranges that are none, refused, shifted, in pieces", odd_ranges},
        {"parts left from before", parts_left},
        {"answers that are no file", statuses},
        {"redirects, their end, and to where they may not lead", redirects},
        {"wrong content", wrong_content},
        {"wrong length", wrong_length},
        {"long headers", long_header},
        {"slow, and stalled", slow},
        {"stopped, and gone on", stopped},
        {"hosts that are not there", unreachable},
        {"parts of other processes, links, pipes", parts_of_others},
    };

    if (!http_backend()) {
        printf("0 passed, 0 failed, %d skipped\n", (int)(sizeof cases / sizeof cases[0]));
        return 0;
    }
    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
