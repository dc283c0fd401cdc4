/* audio_full_disk_test.c: places that have no room. */
#include "tests/host/audio_fixtures.h"

#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

static const audio_format all_formats[] = {AUDIO_WAV, AUDIO_FLAC, AUDIO_MP3,
                                           AUDIO_M4A, AUDIO_OPUS, AUDIO_OGG};

/* Writes `seconds` of sound; must fail with `part` and leave no file under either name. */
static void expect_no_room(const char *path, audio_format format, int seconds, const char *part)
{
    char message[AUDIO_MESSAGE_BYTES] = "";
    audio_writer_config config = fixture_config(format, 48000, 2, 16);
    float *x = fixture_signal(48000 * seconds, 2, 48000);

    if (!fixture_encode(path, &config, x, 48000 * seconds, message))
        TEST_FAIL("%s was written where there is no room", path);
    else if (!strstr(message, part) && !strstr(message, "which this build was made without") &&
             !strstr(message, "FFmpeg, which is not there") && !strstr(message, "into a pipe"))
        TEST_FAIL("\"%s\" does not tell \"%s\"", message, part);
    TEST_CHECK(message[0] != 0);
    free(x);
}

static void device_full(void)
{
    if (access("/dev/full", W_OK)) {
        test_skip("no /dev/full here");
        return;
    }
    for (size_t i = 0; i < sizeof all_formats / sizeof *all_formats; i++)
        expect_no_room("/dev/full", all_formats[i], 1, "No space left");
    TEST_CHECK(!access("/dev/full", W_OK)); /* it was not renamed over */
}

/* A limit on the size of files stands for the full disk; and the limit is met at every stage: while
 * writing, in the encoder's last packets, in the header. */
static void file_too_large(void)
{
    struct rlimit old, limit;

    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    for (size_t i = 0; i < sizeof all_formats / sizeof *all_formats; i++)
        for (rlim_t bytes = 0; bytes < 20000; bytes = 7 * bytes + 20) {
            limit = old;
            limit.rlim_cur = bytes;
            setrlimit(RLIMIT_FSIZE, &limit);
            expect_no_room(fixture_path("large.out"), all_formats[i], 2, "File too large");
            setrlimit(RLIMIT_FSIZE, &old);
            TEST_CHECK(fixture_count("large.out") == 0);
        }
}

static void disk_full(void)
{
    mkdir(fixture_path("disk"), 0700);
    if (mount("none", fixture_path("disk"), "tmpfs", 0, "size=1m")) {
        test_skip("mounting a small file system is not allowed here");
        return;
    }
    expect_no_room(fixture_path("disk/x.wav"), AUDIO_WAV, 10, "No space left");
    TEST_CHECK(fixture_count("/disk/") == 0);
    umount(fixture_path("disk"));
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"device_full", device_full},
        {"file_too_large", file_too_large},
        {"disk_full", disk_full},
    };
    fixture_open();
    int status = test_main(argc, argv, cases, sizeof cases / sizeof *cases);
    fixture_close();
    return status;
}
