/* model_pull_command_test.c: `cleave model pull` as a process: exit status, words, bar, Ctrl-C. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host/http.h"
#include "tests/host/pull_scene.h"
#include "tests/test.h"

#define CLEAVE     TEST_BUILD_DIR "/cleave"
#define OFFICIAL   "955717e8-8726e21a.th"
#define TEXT_BYTES 8192

/* A run of the command with standard error in `error`: a file, or a terminal. */
typedef struct command {
    pid_t process;
    int status;
    char error[TEXT_BYTES];
} command;

/* Serves the first checkpoint under the name of an official file, which it is not. */
static int begin(pull_scene *s)
{
    if (!pull_scene_begin(s))
        return 0;
    s->plan.files[0].name = OFFICIAL;
    http_server_set(s->server, &s->plan);
    setenv("CLEAVE_MODELS_DIR", s->store.folder, 1);
    return 1;
}

static void start(command *c, const char *const *arguments, int error)
{
    const char *list[16] = {CLEAVE, "model", "pull"};

    for (int i = 0; arguments[i]; i++)
        list[3 + i] = arguments[i];
    fflush(stdout);
    *c = (command){.process = fork()};
    if (c->process == 0) {
        const int nowhere = open("/dev/null", O_WRONLY);
        dup2(nowhere, 1);
        dup2(error, 2);
        execv(CLEAVE, (char *const *)list);
        _exit(99);
    }
}

static void finish(command *c, int error)
{
    int status = 0;
    ssize_t count = 0;

    TEST_CHECK(waitpid(c->process, &status, 0) == c->process);
    c->status = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
    count = pread(error, c->error, sizeof c->error - 1, 0);
    c->error[count > 0 ? count : 0] = 0;
}

static int error_file(const pull_scene *s)
{
    char path[128];
    int file;

    snprintf(path, sizeof path, "%s/error", s->root);
    file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    unlink(path);
    TEST_CHECK(file >= 0);
    return file;
}

/* Runs it; exactly one line on standard error, with both parts, unless `part` is NULL. */
static void expect(const pull_scene *s, const char *const *arguments, int status, const char *part,
                   const char *other)
{
    const int error = error_file(s);
    command c;

    start(&c, arguments, error);
    finish(&c, error);
    close(error);
    if (c.status != status)
        TEST_FAIL("exit status %d, not %d: %s", c.status, status, c.error);
    if (strncmp(c.error, "cleave: ", 8) != 0 || strchr(c.error, '\n') != strrchr(c.error, '\n'))
        TEST_FAIL("\"%s\" is not one line of cleave", c.error);
    if (!strstr(c.error, part) || !strstr(c.error, other))
        TEST_FAIL("\"%s\" lacks \"%s\" or \"%s\"", c.error, part, other);
    TEST_CHECK(pull_scene_entries(s) == 0);
}

static void words(void)
{
    pull_scene s;

    if (begin(&s)) {
        const char *const url = http_server_url(s.server);
        const char *const lists[][4] = {
            {"htdemucs", "--mirror", url},
            {"htdemucs_6s", "--mirror", url},
            {"htdemux", "--mirror", url},
            {"nothing", "--mirror", url},
            {"htdemucs", "--mirror", "ftp:"},
            {"htdemucs", "--mirror"},
            {"--mirror", url},
            {"htdemucs", "--forced"},
        };
        expect(&s, lists[0], 1, OFFICIAL, "not 8726e21a");
        expect(&s, lists[1], 1, "5c90dfd2-34c22ccb.th", "HTTP status 404");
        expect(&s, lists[2], 2, "htdemux", "did you mean \"htdemucs\"");
        expect(&s, lists[3], 2, "nothing", "there are htdemucs, htdemucs_ft, ");
        expect(&s, lists[4], 1, "\"ftp:\"", "no http or https address");
        expect(&s, lists[5], 2, "--mirror", "needs an address");
        expect(&s, lists[6], 2, "model pull", "needs a name");
        expect(&s, lists[7], 2, "--forced", "did you mean \"--force\"");
    }
    pull_scene_end(&s);
}

/* The variable names the mirror, and the option goes before it. */
static void variable(void)
{
    static const char *const plain[] = {"htdemucs", NULL};
    pull_scene s;

    if (begin(&s)) {
        const char *const option[] = {"htdemucs", "--mirror=http://127.0.0.1:1/", NULL};
        setenv("CLEAVE_MIRROR", http_server_url(s.server), 1);
        expect(&s, plain, 1, http_server_url(s.server), "not 8726e21a");
        expect(&s, option, 1, "http://127.0.0.1:1/" OFFICIAL, "connect");
        unsetenv("CLEAVE_MIRROR");
    }
    pull_scene_end(&s);
}

/* Waits until a file has come so far, or ten seconds. */
static int wait_for_part(const pull_scene *s, int64_t bytes)
{
    for (int i = 0; i < 1000 && pull_scene_part_bytes(s, 0) < bytes; i++)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    return pull_scene_part_bytes(s, 0) >= bytes;
}

/* Ctrl-C: one sentence, 130, the part, and the next pull goes on there. */
static void interrupted(void)
{
    const int signals[] = {SIGINT, SIGTERM};
    pull_scene s;

    if (begin(&s)) {
        const char *const arguments[] = {"htdemucs", "--mirror", http_server_url(s.server), NULL};
        snprintf(s.file[0], sizeof s.file[0], "%s", OFFICIAL); /* the name of its part */
        s.plan.chunk_bytes = 10000;
        s.plan.pause_ms = 10;
        for (int i = 0; i < 2; i++) {
            const int64_t before = pull_scene_part_bytes(&s, 0);
            const int error = error_file(&s);
            command c;
            http_server_set(s.server, &s.plan);
            start(&c, arguments, error);
            TEST_CHECK(wait_for_part(&s, before + 100000));
            TEST_CHECK(kill(c.process, signals[i]) == 0);
            finish(&c, error);
            close(error);
            http_server_get_log(s.server, &s.log);
            if (c.status != 130 || !strstr(c.error, "next pull goes on there"))
                TEST_FAIL("exit status %d: %s", c.status, c.error);
            TEST_CHECK(s.log.count == 1 && s.log.from[0] == before);
            TEST_CHECK(pull_scene_part_bytes(&s, 0) > before + 99999 && pull_scene_shown(&s) == 0);
        }
    }
    pull_scene_end(&s);
}

static void bar(void)
{
    pull_scene s;

    if (begin(&s)) {
        const char *const arguments[] = {"htdemucs", "--mirror", http_server_url(s.server), NULL};
        char text[TEXT_BYTES] = "";
        size_t used = 0;
        ssize_t count;
        command c;
        const int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
        const char *name =
            master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0 ? ptsname(master) : NULL;
        const int slave = name ? open(name, O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
        if (slave < 0) {
            test_skip("no pseudo-terminal here");
            close(master);
            pull_scene_end(&s);
            return;
        }
        s.plan.chunk_bytes = 20000;
        s.plan.pause_ms = 10;
        http_server_set(s.server, &s.plan);
        start(&c, arguments, slave);
        close(slave);
        while (used + 1 < sizeof text &&
               (count = read(master, text + used, sizeof text - 1 - used)) > 0)
            used += (size_t)count;
        text[used] = 0;
        close(master);
        TEST_CHECK(waitpid(c.process, &c.status, 0) == c.process);
        TEST_CHECK(strstr(text, "[1/1] htdemucs " OFFICIAL "  #") && strstr(text, " MB/s  0:0") &&
                   strstr(text, " % ") && strstr(text, "its SHA-256 begins with"));
    }
    pull_scene_end(&s);
}

/* Without libcurl there is one sentence. */
static void without_library(void)
{
    static const char *const arguments[] = {"htdemucs", NULL};
    pull_scene s;

    if (begin(&s))
        expect(&s, arguments, 1, "htdemucs", "libcurl, which this build is without");
    pull_scene_end(&s);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"words and exit status", words},
        {"the mirror of the environment", variable},
        {"interrupted, and gone on", interrupted},
        {"a bar on a terminal", bar},
    };
    static const test_case without[] = {{"a build without libcurl", without_library}};

    if (!http_backend())
        return test_main(argc, argv, without, 1);
    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
