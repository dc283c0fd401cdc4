/* audio_hostile_test.c: files that are not what they say, and places that cannot be written. Every
 * open of a file and every connection goes through the functions below, so that a decoder which
 * follows a reference is caught. */
#include "tests/host/audio_fixtures.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

enum { RATE = 44100 };

/* ---- the watch ---- */

static volatile int secrets_opened, connections;

static void watch(const char *path)
{
    if (path && strstr(path, "secret"))
        secrets_opened++;
}

/* glibc's headers may redirect these names; the watch defines what the libraries call. */
int open(const char *path, int flags, ...)
{
    int (*next)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
    va_list list;
    va_start(list, flags);
    int mode = va_arg(list, int);
    va_end(list);
    watch(path);
    return next(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    int (*next)(const char *, int, ...) =
        (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open64");
    va_list list;
    va_start(list, flags);
    int mode = va_arg(list, int);
    va_end(list);
    watch(path);
    return next(path, flags, mode);
}

FILE *fopen(const char *path, const char *mode)
{
    FILE *(*next)(const char *, const char *) =
        (FILE * (*)(const char *, const char *)) dlsym(RTLD_NEXT, "fopen");
    watch(path);
    return next(path, mode);
}

FILE *fopen64(const char *path, const char *mode)
{
    FILE *(*next)(const char *, const char *) =
        (FILE * (*)(const char *, const char *)) dlsym(RTLD_NEXT, "fopen64");
    watch(path);
    return next(path, mode);
}

int connect(int fd, const struct sockaddr *address, socklen_t bytes)
{
    (void)fd, (void)address, (void)bytes;
    connections++;
    errno = ECONNREFUSED;
    return -1;
}

/* ---- files that are none ---- */

/* Opening must fail with one sentence that has the file's name and `part`. */
static void expect_refusal(const char *path, const char *part)
{
    fixture_audio audio = fixture_read(path);
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;

    if (audio.opened)
        TEST_FAIL("%s opened; \"%s\" expected", name, part);
    else if (!strstr(audio.message, part) || !strstr(audio.message, name))
        TEST_FAIL("\"%s\" does not tell \"%s\"", audio.message, part);
    else
        TEST_CHECK(!strchr(audio.message, '\n') && audio.message[strlen(audio.message) - 1] == '.');
    fixture_free(&audio);
}

static void not_audio(void)
{
    static const struct {
        const char *name, *bytes;
        size_t count;
        const char *part;
    } files[] = {
        {"empty.wav", "", 0, "is empty"},
        {"text.wav", "These are words, not sounds.\n", 29, "looks like text"},
        {"one.wav", "x", 1, "looks like text"},
        {"utf16.wav", "\xFF\xFEH\0e\0l\0l\0o\0", 12, "looks like text"},
        {"zero.wav", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16, "not an audio file"},
        {"page.mp3", "<!DOCTYPE html><html></html>", 28, "looks like text"},
        {"cover.mp3", "\x89PNG\r\n\x1A\n\0\0\0\0", 12, "a PNG picture"},
        {"head.wav", "RIFF\x24\0\0\0WAVE", 12, "ends inside its WAV header"},
        {"half.wav", "RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0", 24, "ends inside its WAV header"},
        {"magic.flac", "fLaC", 4, "FLAC"},
        {"magic.ogg", "OggS\0\2\0\0", 8, "Ogg"},
        {"tag.mp3", "ID3\3\0\0\0\0\0\0", 10, "no audio"},
    };

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        fixture_write(fixture_path(files[i].name), files[i].bytes, files[i].count);
        expect_refusal(fixture_path(files[i].name), files[i].part);
    }
    expect_refusal(fixture_path("missing.wav"), "No such file");
    expect_refusal(fixture_folder, "is a directory");
}

static void no_permission(void)
{
    pid_t child;
    int status = 1;

    fixture_write(fixture_path("forbidden.wav"), "x", 1);
    chmod(fixture_path("forbidden.wav"), 0);
    mkdir(fixture_path("locked"), 0555);
    chmod(fixture_folder, 0755);
    child = fork();
    if (child == 0) { /* as root permissions mean nothing */
        char message[AUDIO_MESSAGE_BYTES] = "";
        audio_writer_config config = fixture_config(AUDIO_WAV, RATE, 1, 16);
        audio_reader *reader = NULL;
        audio_writer *writer = NULL;
        if (geteuid() == 0 && setuid(65534))
            _exit(2);
        if (!audio_reader_open(&reader, fixture_path("forbidden.wav"), NULL, message) ||
            !strstr(message, "Permission denied"))
            _exit(3);
        if (!audio_writer_open(&writer, fixture_path("locked/x.wav"), &config, message) ||
            !strstr(message, "Permission denied"))
            _exit(4);
        _exit(0);
    }
    TEST_CHECK(waitpid(child, &status, 0) == child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 2)
        test_skip("cannot become another user here");
    else
        TEST_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void impossible_shapes(void)
{
    const int16_t data[36] = {0};

    fixture_wav(fixture_path("0hz.wav"), 1, 2, 0, 16, data, 36, 72, 36);
    expect_refusal(fixture_path("0hz.wav"), "0 Hz");
    fixture_wav(fixture_path("2ghz.wav"), 1, 2, 2000000000, 16, data, 36, 72, 36);
    expect_refusal(fixture_path("2ghz.wav"), "2000000000 Hz");
    fixture_wav(fixture_path("9ch.wav"), 1, 9, RATE, 16, data, 36, 72, 36);
    expect_refusal(fixture_path("9ch.wav"), "9 channels");
    fixture_wav(fixture_path("0ch.wav"), 1, 0, RATE, 16, data, 36, 72, 36);
    expect_refusal(fixture_path("0ch.wav"), "0 channels");
    fixture_wav(fixture_path("0bit.wav"), 1, 1, RATE, 0, data, 36, 72, 36);
    expect_refusal(fixture_path("0bit.wav"), "0bit.wav");
    fixture_wav(fixture_path("tag.wav"), 0x7777, 1, RATE, 16, data, 36, 72, 36);
    expect_refusal(fixture_path("tag.wav"), "tag.wav");
}

/* Three frames of silence at 128 kbit/s: known for MP3, with or without a decoder for it. */
static void missing_libraries_are_named(void)
{
    unsigned char frames[3 * 417] = {0};

    for (size_t i = 0; i < 3; i++)
        memcpy(frames + 417 * i, "\xFF\xFB\x90\x00", 4);
    fixture_write(fixture_path("three.mp3"), frames, sizeof frames);
    if (audio_backend_ffmpeg()) {
        fixture_audio audio = fixture_read(fixture_path("three.mp3"));
        TEST_CHECK(audio.opened && audio.status == 0 && audio.frames == 3 * 1152);
        TEST_CHECK(audio.opened && !strcmp(audio_reader_info(audio.reader)->codec, "mp3"));
        fixture_free(&audio);
    } else {
        expect_refusal(fixture_path("three.mp3"),
                       "reading MP3 needs FFmpeg, which is not there");
    }
}

/* References to another file and to an address, in every form that a demuxer of FFmpeg follows. */
static void references_are_not_followed(void)
{
    static const char *const texts[] = {
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.wav\nhttp://127.0.0.1:9/"
        "secret.ts\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile 'secret.wav'\n",
        "ffconcat version 1.0\nfile '/tmp/secret.wav'\nfile 'http://127.0.0.1:9/x'\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
        "<?xml "
        "version='1.0'?><MPD><Period><AdaptationSet><Representation><BaseURL>secret.wav</BaseURL>"
        "</Representation></AdaptationSet></Period></MPD>\n",
        "[playlist]\nFile1=secret.wav\nNumberOfEntries=1\n",
        "RTSPtextRTSP://127.0.0.1/secret\n",
    };
    static const char *const names[] = {"list.wav", "list.mp3", "list.m3u8", "list.ffconcat",
                                        "list.sdp"};
    static const char tag[] =
        "ID3\3\0\0\0\0\0\0"; /* an empty ID3v2 tag makes it MP3 at first sight */
    char text[1024];

    fixture_wav(fixture_path("secret.wav"), 1, 1, RATE, 16, "\0\0\0\0", 4, 40, 4);
    fixture_audio audio = fixture_read(fixture_path("secret.wav"));
    TEST_CHECK(audio.opened && secrets_opened > 0); /* the watch works */
    fixture_free(&audio);
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
        for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
            fixture_write(fixture_path(names[n]), texts[t], strlen(texts[t]));
            secrets_opened = 0;
            expect_refusal(fixture_path(names[n]), "not an audio file: it looks like text");
            memcpy(text, tag, 10);
            memcpy(text + 10, texts[t], strlen(texts[t]));
            fixture_write(fixture_path(names[n]), text, 10 + strlen(texts[t]));
            secrets_opened = 0;
            audio = fixture_read(fixture_path(names[n]));
            TEST_CHECK(!audio.opened);
            fixture_free(&audio);
            TEST_CHECK(secrets_opened == 0 && connections == 0);
        }
}

/* An MP4 whose samples are said to lie in another file: the data reference becomes "url
 * secret.wav". */
static void mp4_references_are_not_followed(void)
{
    char message[AUDIO_MESSAGE_BYTES];
    audio_writer_config config = fixture_config(AUDIO_M4A, RATE, 1, 16);
    float *x = fixture_signal(8000, 1, RATE);
    int64_t bytes = 0, at;

    if (audio_backend_ffmpeg() &&
        TEST_CHECK(!fixture_encode(fixture_path("ref.m4a"), &config, x, 8000, message))) {
        char *data = test_read_file(fixture_path("ref.m4a"), &bytes);
        for (at = 0; at + 12 < bytes && memcmp(data + at, "url \0\0\0\1", 8); at++)
            ;
        if (TEST_CHECK(at + 12 < bytes)) {
            memcpy(data + at, "alis\0\0\0\0", 8);
            fixture_write(fixture_path("ref.m4a"), data, (size_t)bytes);
            secrets_opened = connections = 0;
            fixture_audio audio = fixture_read(fixture_path("ref.m4a"));
            TEST_CHECK(secrets_opened == 0 && connections == 0);
            fixture_free(&audio);
        }
        free(data);
    } else {
        test_skip("built without FFmpeg");
    }
    free(x);
}

/* ---- files that are cut or lie ---- */

/* Delivers at least `frames`, then fails with a sentence that has the name and both lengths. */
static void expect_short(const char *name, int64_t frames_min, int64_t declared)
{
    fixture_audio audio = fixture_read(fixture_path(name));
    char figure[32], got[32];

    snprintf(figure, sizeof figure, "%lld", (long long)declared);
    snprintf(got, sizeof got, "%lld", (long long)audio.frames);
    if (!audio.opened)
        TEST_FAIL("%s", audio.message);
    else if (audio.status != -1 || audio.frames < frames_min || audio.frames >= declared)
        TEST_FAIL("%s: %lld frames, status %d", name, (long long)audio.frames, (int)audio.status);
    else if (!strstr(audio.message, name) || !strstr(audio.message, figure) ||
             !strstr(audio.message, got))
        TEST_FAIL("\"%s\" does not tell %s and %s", audio.message, got, figure);
    else {
        float sample[8];
        TEST_CHECK(audio_reader_read(audio.reader, sample, 1, audio.message) ==
                   -1); /* and stays so */
    }
    fixture_free(&audio);
}

static int make(const char *name, audio_format format, int32_t rate_hz, int64_t frames)
{
    char message[AUDIO_MESSAGE_BYTES];
    audio_writer_config config = fixture_config(format, rate_hz, 2, 16);
    float *x = fixture_signal(frames, 2, rate_hz);
    int failed = fixture_encode(fixture_path(name), &config, x, frames, message);

    free(x);
    return !failed;
}

static void cut_files(void)
{
    static const struct {
        const char *name, *cut;
        audio_format format;
        int32_t rate_hz;
    } files[] = {{"c.wav", "cut.wav", AUDIO_WAV, RATE},
                 {"c.flac", "cut.flac", AUDIO_FLAC, RATE},
                 {"c.mp3", "cut.mp3", AUDIO_MP3, RATE}};
    int64_t bytes;

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (!make(files[i].name, files[i].format, files[i].rate_hz, 80000))
            continue;
        free(test_read_file(fixture_path(files[i].name), &bytes));
        fixture_patch(fixture_path(files[i].name), fixture_path(files[i].cut), bytes / 2 + 1, 0,
                      NULL, 0);
        expect_short(files[i].cut, 30000, 80000);
    }
    /* Cut in the middle of a frame: half a frame is none. */
    fixture_patch(fixture_path("c.wav"), fixture_path("cut.wav"), 1001, 0, NULL, 0);
    expect_short("cut.wav", 200, 80000);
    if (fixture_has("ffmpeg") && audio_backend_ffmpeg() &&
        fixture_run("ffmpeg -nostdin -v quiet -y -i '%s' -movflags faststart '%s'",
                    fixture_path("c.wav"), fixture_path("c.m4a")) &&
        fixture_run("ffmpeg -nostdin -v quiet -y -i '%s' '%s'", fixture_path("c.wav"),
                    fixture_path("c.aiff"))) {
        free(test_read_file(fixture_path("c.m4a"), &bytes));
        fixture_patch(fixture_path("c.m4a"), fixture_path("cut.m4a"), bytes / 2, 0, NULL, 0);
        expect_short("cut.m4a", 20000, 80000);
        fixture_patch(fixture_path("c.aiff"), fixture_path("cut.aiff"), 90001, 0, NULL, 0);
        expect_short("cut.aiff", 20000, 80000);
    }
}

static void lying_lengths(void)
{
    const int16_t data[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    const uint32_t claims[] = {17, 1000, 0x7FFF0000, 0x90000000};

    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
        fixture_wav(fixture_path("lie.wav"), 1, 1, RATE, 16, data, 16, 36 + claims[i], claims[i]);
        if (claims[i] > 17)
            expect_short("lie.wav", 8, claims[i] / 2);
    }
    /* One byte more than whole frames, as the padding of some writers: all frames are there. */
    fixture_wav(fixture_path("lie.wav"), 1, 1, RATE, 16, data, 16, 36 + 17, 17);
    fixture_audio audio = fixture_read(fixture_path("lie.wav"));
    TEST_CHECK(audio.opened && audio.status == 0 && audio.frames == 8);
    fixture_free(&audio);
    /* RF64 with 2^62 bytes. */
    static const unsigned char rf64[] =
        "RF64\xFF\xFF\xFF\xFFWAVEds64\x1C\0\0\0\0\0\0\0\0\0\0\x40\0\0\0\0\0\0\0\x40\0\0\0\0\0\0\0\0"
        "\0\0\0\0"
        "fmt \x10\0\0\0\1\0\1\0\x44\xAC\0\0\x88\x58\1\0\2\0\x10\0data\xFF\xFF\xFF\xFF\1\0\2\0";
    fixture_write(fixture_path("rf64.wav"), rf64, sizeof rf64 - 1);
    audio = fixture_read(fixture_path("rf64.wav"));
    TEST_CHECK(audio.opened && audio.status == -1 && audio.frames == 2);
    fixture_free(&audio);
}

/* A hundred bytes of noise in the middle: whatever is delivered, the end is an error or as long as
 * it should be. */
static void corrupt_frames(void)
{
    static const struct {
        const char *name;
        audio_format format;
    } files[] = {{"d.flac", AUDIO_FLAC},
                 {"d.mp3", AUDIO_MP3},
                 {"d.ogg", AUDIO_OGG},
                 {"d.opus", AUDIO_OPUS},
                 {"d.m4a", AUDIO_M4A}};
    unsigned char noise[100];
    int64_t bytes;

    if (!audio_backend_ffmpeg() && !audio_backend_sndfile()) {
        test_skip("built without compressed formats");
        return;
    }
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (unsigned char)(128 * (1 + test_uniform(3, i)));
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (!make(files[i].name, files[i].format, 48000, 80000))
            continue;
        free(test_read_file(fixture_path(files[i].name), &bytes));
        fixture_patch(fixture_path(files[i].name), fixture_path("damaged"), bytes, bytes / 2, noise,
                      sizeof noise);
        fixture_audio audio = fixture_read(fixture_path("damaged"));
        TEST_CHECK(audio.opened && audio.frames > 20000);
        if (files[i].format == AUDIO_FLAC) /* it has checksums: damage cannot pass */
            TEST_CHECK(audio.status == -1);
        if (audio.status == 0 && audio.frames != 80000)
            TEST_FAIL("%s: %lld frames of 80000 and no error", files[i].name,
                      (long long)audio.frames);
        fixture_free(&audio);
    }
}

/* Any byte changed anywhere, and any length: no crash, no hang, and an error is a sentence. */
static void random_damage(void)
{
    static const struct {
        const char *name;
        audio_format format;
    } files[] = {{"f.wav", AUDIO_WAV}, {"f.flac", AUDIO_FLAC}, {"f.mp3", AUDIO_MP3},
                 {"f.ogg", AUDIO_OGG}, {"f.opus", AUDIO_OPUS}, {"f.m4a", AUDIO_M4A}};
    int64_t bytes = 0;

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (!make(files[i].name, files[i].format, 48000, 3000))
            continue;
        unsigned char *data = test_read_file(fixture_path(files[i].name), &bytes);
        unsigned char *copy = malloc((size_t)bytes);
        for (uint64_t trial = 0; trial < 150; trial++) {
            int64_t count = bytes;
            memcpy(copy, data, (size_t)bytes);
            for (uint64_t k = 0; k < 1 + trial % 5; k++) { /* half of them in the header */
                double where = 0.5 + 0.5 * (double)test_uniform(trial, 2 * k);
                int64_t at = (int64_t)(where * (double)(trial % 2     ? bytes
                                                        : bytes < 300 ? bytes
                                                                      : 300));
                copy[at] = (unsigned char)(128 * (1 + test_uniform(trial, 2 * k + 1)));
            }
            if (trial % 7 == 0)
                count = (int64_t)((0.5 + 0.5 * (double)test_uniform(trial, 99)) * (double)bytes);
            fixture_write(fixture_path("fuzz"), copy, (size_t)count);
            fixture_audio audio = fixture_read(fixture_path("fuzz"));
            if ((!audio.opened || audio.status) && !strstr(audio.message, "fuzz"))
                TEST_FAIL("%s, trial %d: \"%s\"", files[i].name, (int)trial, audio.message);
            TEST_CHECK(audio.frames < 10000000);
            fixture_free(&audio);
        }
        free(copy);
        free(data);
    }
}

/* ---- nothing of the libraries' chatter reaches the terminal ---- */

static void libraries_are_quiet(void)
{
    int kept = dup(2), null = open(fixture_path("stderr"), O_RDWR | O_CREAT | O_TRUNC, 0600);
    int64_t bytes = -1;

    fflush(stderr);
    dup2(null, 2);
    cut_files();
    corrupt_frames();
    random_damage();
    fflush(stderr);
    dup2(kept, 2);
    close(null);
    close(kept);
    free(test_read_file(fixture_path("stderr"), &bytes));
    TEST_CHECK(bytes == 0);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"not_audio", not_audio},
        {"no_permission", no_permission},
        {"impossible_shapes", impossible_shapes},
        {"missing_libraries_are_named", missing_libraries_are_named},
        {"references_are_not_followed", references_are_not_followed},
        {"mp4_references_are_not_followed", mp4_references_are_not_followed},
        {"cut_files", cut_files},
        {"lying_lengths", lying_lengths},
        {"corrupt_frames", corrupt_frames},
        {"random_damage", random_damage},
        {"libraries_are_quiet", libraries_are_quiet},
    };
    fixture_open();
    int status = test_main(argc, argv, cases, sizeof cases / sizeof *cases);
    fixture_close();
    return status;
}
