/* audio_write_test.c: what the writer leaves on disk, read back; and that it leaves nothing when it
 * fails. */
#include "host/audio_internal.h"
#include "tests/host/audio_fixtures.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>

enum { FRAMES = 50021 };

/* What a format costs in SNR and takes in channels; 999: exact after rounding to `bits`. Floats
 * near 0 are finer than 32-bit integers, hence 180 dB for those. */
typedef struct round_trip {
    const char *name;
    audio_format format;
    int32_t rate_hz, channels, bits, kbps, vbr, level;
    double snr_db;
} round_trip;

static const round_trip trips[] = {
    {"1.wav", AUDIO_WAV, 44100, 1, 16, 0, -1, -1, 999},
    {"2.wav", AUDIO_WAV, 44100, 2, 24, 0, -1, -1, 999},
    {"3.wav", AUDIO_WAV, 192000, 3, 32, 0, -1, -1, 180},
    {"f.wav", AUDIO_WAV, 8000, 8, -32, 0, -1, -1, 999},
    {"0.flac", AUDIO_FLAC, 44100, 2, 16, 0, -1, 0, 999},
    {"8.flac", AUDIO_FLAC, 48000, 1, 24, 0, -1, 8, 999},
    {"5.flac", AUDIO_FLAC, 96000, 6, 24, 0, -1, -1, 999},
    {"x.flac", AUDIO_FLAC, 8000, 8, 16, 0, -1, -1, 999},
    {"h.flac", AUDIO_FLAC, 192000, 2, 24, 0, -1, 5, 999},
    {"3.flac", AUDIO_FLAC, 48000, 2, 32, 0, -1, 5, 180},
    {"6.flac", AUDIO_FLAC, 384000, 8, 32, 0, -1, 0, 180},
    {"q.ogg", AUDIO_OGG, 44100, 2, 0, 0, 9, -1, 15},
    {"c.ogg", AUDIO_OGG, 44100, 2, 0, 256, -1, -1, 15},
    {"m.ogg", AUDIO_OGG, 22050, 1, 0, 0, -1, -1, 12},
    {"c.mp3", AUDIO_MP3, 44100, 2, 0, 320, -1, -1, 18},
    {"d.mp3", AUDIO_MP3, 48000, 1, 0, 0, -1, -1, 18},
    {"v.mp3", AUDIO_MP3, 44100, 2, 0, 0, 0, -1, 15},
    {"w.mp3", AUDIO_MP3, 16000, 1, 0, 64, -1, -1, 10},
    {"a.m4a", AUDIO_M4A, 44100, 2, 0, 256, -1, -1, 12},
    {"b.m4a", AUDIO_M4A, 48000, 1, 0, 0, -1, -1, 12},
    {"s.m4a", AUDIO_M4A, 48000, 6, 0, 0, -1, -1, 3},
    {"a.opus", AUDIO_OPUS, 48000, 2, 0, 256, -1, -1, 12},
    {"b.opus", AUDIO_OPUS, 48000, 1, 0, 0, -1, -1, 9},
    {"s.opus", AUDIO_OPUS, 48000, 6, 0, 510, -1, -1, 3},
    {"c.opus", AUDIO_OPUS, 48000, 3, 0, 0, -1, -1, 3},
};

static audio_writer_config trip_config(const round_trip *trip)
{
    audio_writer_config config =
        fixture_config(trip->format, trip->rate_hz, trip->channels, trip->bits);

    config.bitrate_kbps = trip->kbps;
    config.vbr_quality = trip->vbr;
    config.compression = trip->level;
    return config;
}

static void quantise(float *x, int64_t samples, int32_t bits)
{
    for (int64_t i = 0; i < samples && bits > 0 && bits < 32; i++)
        x[i] = (float)ldexp(nearbyint(ldexp((double)x[i], bits - 1)), 1 - bits);
}

static void check_round_trip(const round_trip *trip)
{
    char message[AUDIO_MESSAGE_BYTES] = "";
    audio_writer_config config = trip_config(trip);
    float *x = fixture_signal(FRAMES, trip->channels, trip->rate_hz);
    fixture_audio audio = {0};

    quantise(x, (int64_t)FRAMES * trip->channels, trip->bits);
    if (fixture_encode(fixture_path(trip->name), &config, x, FRAMES, message)) {
        TEST_FAIL("%s: %s", trip->name, message);
    } else {
        audio = fixture_read(fixture_path(trip->name));
        if (!audio.opened || audio.status)
            TEST_FAIL("%s: %s", trip->name, audio.message);
        else if (audio.frames != FRAMES || audio.channels != trip->channels ||
                 audio.rate_hz != trip->rate_hz)
            TEST_FAIL("%s: %lld frames of %d channels at %d Hz", trip->name,
                      (long long)audio.frames, audio.channels, audio.rate_hz);
        else {
            double snr = test_snr_db(audio.samples, x, (int64_t)FRAMES * trip->channels);
            int lag = fixture_lag(audio.samples, FRAMES, x, FRAMES, trip->channels);
            if (snr < trip->snr_db || lag)
                TEST_FAIL("%s: SNR %.1f dB, shifted by %d", trip->name, snr, lag);
            TEST_CHECK(audio_reader_info(audio.reader)->bits == abs(trip->bits));
        }
    }
    fixture_free(&audio);
    free(x);
}

static void round_trips(void)
{
    int done = 0;

    for (size_t i = 0; i < sizeof trips / sizeof *trips; i++)
        if (fixture_can_write(trips[i].format) &&
            (trips[i].format != AUDIO_FLAC || trips[i].bits != 32 || audio_backend_flac())) {
            check_round_trip(&trips[i]);
            done++;
        }
    test_passed_count(done);
    TEST_CHECK(fixture_count(".part-") == 0);
}

/* Lengths around every encoder's frame: 0, 1, and a few more. */
static void short_lengths(void)
{
    static const int lengths[] = {0,    1,    2,    40,   47,   48,   575,  960,
                                  1023, 1024, 1025, 1152, 1153, 1200, 2305, 4607};
    static const audio_format formats[] = {AUDIO_WAV, AUDIO_FLAC, AUDIO_MP3,
                                           AUDIO_M4A, AUDIO_OPUS, AUDIO_OGG};
    char message[AUDIO_MESSAGE_BYTES];

    for (size_t f = 0; f < sizeof formats / sizeof *formats; f++)
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths && fixture_can_write(formats[f]);
             i++) {
            audio_writer_config config = fixture_config(formats[f], 48000, 2, 16);
            float *x = fixture_signal(lengths[i], 2, 48000);
            int failed = fixture_encode(fixture_path("short"), &config, x, lengths[i], message);
            fixture_audio audio = failed ? (fixture_audio){0} : fixture_read(fixture_path("short"));
            int holds_nothing =
                formats[f] != AUDIO_WAV && (formats[f] != AUDIO_FLAC || !audio_backend_ffmpeg());
            if (lengths[i] == 0 && holds_nothing)
                TEST_CHECK(failed && strstr(message, "cannot hold a file of no frames"));
            else if (failed)
                TEST_FAIL("%s of %d frames: %s", audio_format_title(formats[f]), lengths[i],
                          message);
            else if (!audio.opened || audio.status || audio.frames != lengths[i])
                TEST_FAIL("%s of %d frames: read %lld; %s", audio_format_title(formats[f]),
                          lengths[i], (long long)audio.frames, audio.message);
            else
                TEST_CHECK(lengths[i] || audio.frames_declared == 0);
            fixture_free(&audio);
            free(x);
        }
}

static void integers_round_and_saturate(void)
{
    const float in[] = {0.5f / 32768, 1.5f / 32768, -0.5f / 32768,   1.0f,
                        2.0f,         -1.0f,        -3.0f,           INFINITY,
                        -INFINITY,    NAN,          32766.6f / 32768};
    const float expected[] = {0, 2, 0, 32767, 32767, -32768, -32768, 32767, -32768, 0, 32767};
    char message[AUDIO_MESSAGE_BYTES];
    audio_writer_config config = fixture_config(AUDIO_WAV, 44100, 1, 16);

    for (int flac = 0; flac < 2; flac++) {
        config.format = flac ? AUDIO_FLAC : AUDIO_WAV;
        if (!fixture_can_write(config.format) ||
            !TEST_CHECK(!fixture_encode(fixture_path("clip"), &config, in, 11, message)))
            continue;
        fixture_audio audio = fixture_read(fixture_path("clip"));
        if (TEST_CHECK(audio.opened && audio.frames == 11))
            for (int i = 0; i < 11; i++)
                TEST_CHECK(audio.samples[i] * 32768 == expected[i]);
        fixture_free(&audio);
    }
}

/* More than 4 GB: a hole stands for the samples. The header must become RF64 with 64-bit lengths.
 */
static void wav_above_4_gb_is_rf64(void)
{
    const int64_t frames = 1200000000; /* 4.8 GB of stereo 16 bits */
    const float end[2] = {0.25f, -0.25f};
    char message[AUDIO_MESSAGE_BYTES], head[4];
    audio_writer_config config = fixture_config(AUDIO_WAV, 44100, 2, 16);
    audio_writer *writer = NULL;
    audio_reader *reader = NULL;

    if (!TEST_CHECK(!audio_writer_open(&writer, fixture_path("large.wav"), &config, message)))
        return;
    audio_sink_seek(writer, writer->position + 4 * (frames - 1));
    writer->frames = frames - 1;
    if (audio_writer_write(writer, end, 1, message) || audio_writer_finish(&writer, message)) {
        audio_writer_abort(&writer);
        test_skip("this file system keeps no file of 5 GB");
        return;
    }
    if (TEST_CHECK(!audio_reader_open(&reader, fixture_path("large.wav"), NULL, message))) {
        float last[2] = {0};
        TEST_CHECK(audio_reader_info(reader)->frames == frames);
        TEST_CHECK(audio_source_peek(&reader->source, 0, head, 4) == 4 && !memcmp(head, "RF64", 4));
        audio_source_skip(&reader->source, 4 * (frames - 1));
        TEST_CHECK(audio_reader_read(reader, last, 1, message) == 1 &&
                   !memcmp(last, end, sizeof end));
    }
    audio_reader_close(&reader);
    if (fixture_has("ffmpeg"))
        TEST_CHECK(
            fixture_run("ffprobe -v error -show_entries stream=duration_ts -of csv=p=0 '%s' | "
                        "grep -q '^1200000000'",
                        fixture_path("large.wav")));
    unlink(fixture_path("large.wav"));
}

/* One sentence that names the file and tells what is wrong; nothing is left. */
static void expect_refusal(const char *path, audio_writer_config config, const char *part)
{
    char message[AUDIO_MESSAGE_BYTES] = "";
    audio_writer *writer = NULL;

    if (audio_writer_open(&writer, path, &config, message) == 0) {
        TEST_FAIL("%s opened; \"%s\" expected", path, part);
        audio_writer_abort(&writer);
    } else if (!strstr(message, part)) {
        TEST_FAIL("\"%s\" does not tell \"%s\"", message, part);
    }
    TEST_CHECK(message[0] && !strchr(message, '\n'));
    TEST_CHECK(fixture_count(".part-") == 0);
}

static void refusals(void)
{
    const char *path = fixture_path("refused");
    audio_writer_config config = fixture_config(AUDIO_WAV, 44100, 2, 16);

    expect_refusal(fixture_path("no/such/folder/x.wav"), config, "No such file");
    expect_refusal(fixture_folder, config, "is a folder");
    expect_refusal(fixture_path(""), config, "is a folder");
    expect_refusal("", config, "names a folder");
    expect_refusal(path, fixture_config(AUDIO_WAV, 44100, 9, 16), "9 channels");
    expect_refusal(path, fixture_config(AUDIO_WAV, 44100, 2, 20), "20 bits");
    expect_refusal(path, fixture_config(AUDIO_FLAC, 44100, 2, -32),
                   "FLAC is not written with 32 floating");
    expect_refusal(path, fixture_config(AUDIO_MP3, 96000, 2, 16),
                   "MP3 has no sample rate of 96000 Hz");
    expect_refusal(path, fixture_config(AUDIO_MP3, 44100, 6, 16), "at most 2 channels");
    expect_refusal(path, fixture_config(AUDIO_OPUS, 44100, 2, 16),
                   "Opus has no sample rate of 44100 Hz");
    expect_refusal(path, fixture_config(AUDIO_M4A, 192000, 2, 16), "M4A has no sample rate");
    expect_refusal(path, fixture_config(AUDIO_OGG, 384000, 2, 16), "Ogg Vorbis has no sample rate");
    config = fixture_config(AUDIO_MP3, 44100, 2, 16);
    config.bitrate_kbps = 999;
    expect_refusal(path, config, "32 to 320 kbit/s, not 999");
    config = fixture_config(AUDIO_OPUS, 48000, 2, 16);
    config.opus_application = "opera";
    expect_refusal(path, config, "opera");
    if (!audio_backend_ffmpeg())
        expect_refusal(path, fixture_config(AUDIO_MP3, 44100, 2, 16),
                       "MP3 needs FFmpeg, which this build");
    TEST_CHECK(access(path, F_OK) != 0);
}

/* Until it is finished a file is not there, and an older one stays; given up, nothing is left. */
static void whole_or_not_at_all(void)
{
    char message[AUDIO_MESSAGE_BYTES];
    audio_writer_config config = fixture_config(AUDIO_WAV, 44100, 1, 16);
    float x[100] = {0};
    audio_writer *writer = NULL;
    int64_t bytes = 0;

    fixture_write(fixture_path("whole.wav"), "old", 3);
    TEST_CHECK(!audio_writer_open(&writer, fixture_path("whole.wav"), &config, message));
    TEST_CHECK(!audio_writer_write(writer, x, 100, message));
    TEST_CHECK(fixture_count("/.whole.wav.part-") == 1);
    free(test_read_file(fixture_path("whole.wav"), &bytes));
    TEST_CHECK(bytes == 3);
    audio_writer_abort(&writer);
    audio_writer_abort(&writer);
    TEST_CHECK(fixture_count(".part-") == 0);
    free(test_read_file(fixture_path("whole.wav"), &bytes));
    TEST_CHECK(bytes == 3);
    TEST_CHECK(!fixture_encode(fixture_path("whole.wav"), &config, x, 100, message));
    free(test_read_file(fixture_path("whole.wav"), &bytes));
    TEST_CHECK(bytes > 200);
    TEST_CHECK(!symlink("whole.wav", fixture_path("link.wav")));
    TEST_CHECK(!fixture_encode(fixture_path("link.wav"), &config, x, 50, message));
    struct stat status;
    TEST_CHECK(!lstat(fixture_path("link.wav"), &status) && S_ISLNK(status.st_mode));
    TEST_CHECK(!stat(fixture_path("whole.wav"), &status) && status.st_size < bytes);
}

static void on_signal(int number)
{
    audio_writer_remove_temporaries();
    _exit(number == SIGTERM ? 0 : 1);
}

/* A process that a signal ends removes its temporaries on its way out. */
static void signals_leave_nothing(void)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        char message[AUDIO_MESSAGE_BYTES];
        audio_writer_config config = fixture_config(AUDIO_WAV, 44100, 1, 16);
        audio_writer *writers[5];
        signal(SIGTERM, on_signal);
        for (int i = 0; i < 5; i++) {
            char name[32];
            snprintf(name, sizeof name, "signal%d.wav", i);
            if (audio_writer_open(&writers[i], fixture_path(name), &config, message))
                _exit(3);
        }
        audio_writer_abort(&writers[2]);
        if (fixture_count("signal") != 4)
            _exit(2);
        raise(SIGTERM);
        _exit(4);
    }
    TEST_CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) &&
               WEXITSTATUS(status) == 0);
    TEST_CHECK(fixture_count("signal") == 0);
}

static void strange_names(void)
{
    char message[AUDIO_MESSAGE_BYTES], longest[256];
    audio_writer_config config = fixture_config(AUDIO_WAV, 44100, 1, 16);
    float x[100] = {0};
    const char *const names[] = {"-rf",         "a\nb.wav",      "sub/../up.wav",
                                 "Ünïcödé.wav", "'\"$HOME`.wav", longest};

    mkdir(fixture_path("sub"), 0700);
    for (int i = 0; i < 255; i++)
        longest[i] = (char)(i % 2 ? 0xA4 : 0xC3); /* 'ä', so that the cut may fall inside one */
    memcpy(longest + 251, ".wav", 5);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (fixture_encode(fixture_path(names[i]), &config, x, 100, message))
            TEST_FAIL("%s", message);
        fixture_audio audio = fixture_read(fixture_path(names[i]));
        TEST_CHECK(audio.opened && audio.frames == 100);
        fixture_free(&audio);
    }
    memset(longest, 'x', 255);
    char too_long[300];
    snprintf(too_long, sizeof too_long, "%sx", longest);
    expect_refusal(fixture_path(too_long), config, "too long");
}

/* Writes to "-" in a child whose standard output is `fd`. Returns its exit status: 0, or 1 when
 * refused. */
static int write_to_stdout(int fd, const audio_writer_config *config, const float *x,
                           int64_t frames)
{
    pid_t child = fork();
    int status = -1;

    if (child == 0) {
        char message[AUDIO_MESSAGE_BYTES];
        dup2(fd, 1);
        _exit(fixture_encode("-", config, x, frames, message) ? 1 : 0);
    }
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Into a pipe, drained by cat, and into a file that stands for standard output, behind what is
 * there already. */
static void standard_output(void)
{
    enum { SHORT = 20000 };
    static const audio_format formats[] = {AUDIO_WAV,  AUDIO_RAW, AUDIO_FLAC, AUDIO_MP3,
                                           AUDIO_OPUS, AUDIO_OGG, AUDIO_M4A};
    const audio_raw raw = {48000, 2, "s16le"};
    float *x = fixture_signal(SHORT, 2, 48000);
    char command[1200];

    quantise(x, SHORT * 2, 16);
    for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
        audio_writer_config config = fixture_config(formats[f], 48000, 2, 16);
        int exact = formats[f] == AUDIO_WAV || formats[f] == AUDIO_RAW || formats[f] == AUDIO_FLAC;
        snprintf(command, sizeof command, "cat > '%s'", fixture_path("out"));
        FILE *pipe = popen(command, "w");
        int status = write_to_stdout(fileno(pipe), &config, x, SHORT);
        pclose(pipe);
        int piped = formats[f] == AUDIO_WAV || formats[f] == AUDIO_RAW ||
                    (audio_backend_ffmpeg() && formats[f] != AUDIO_M4A) ||
                    (audio_backend_sndfile() && formats[f] == AUDIO_OGG);
        if (status != !piped)
            TEST_FAIL("%s into a pipe: status %d", audio_format_title(formats[f]), status);
        if (!piped)
            continue;
        fixture_audio audio =
            fixture_read_raw(fixture_path("out"), formats[f] == AUDIO_RAW ? &raw : NULL);
        /* Without a way back MP3 gets no LAME tag, so that delay and padding stay. */
        if (!audio.opened || audio.status || audio.frames < SHORT || audio.frames > SHORT + 4000)
            TEST_FAIL("%s from a pipe: %lld frames; %s", audio_format_title(formats[f]),
                      (long long)audio.frames, audio.message);
        else if (exact && (audio.frames != SHORT || test_snr_db(audio.samples, x, SHORT * 2) < 999))
            TEST_FAIL("%s from a pipe differs", audio_format_title(formats[f]));
        fixture_free(&audio);
    }
    audio_writer_config config = fixture_config(AUDIO_WAV, 48000, 2, 16);
    int fd = open(fixture_path("out"), O_RDWR | O_CREAT | O_TRUNC, 0600);
    TEST_CHECK(write(fd, "before", 6) == 6 && write_to_stdout(fd, &config, x, SHORT) == 0);
    close(fd);
    TEST_CHECK(fixture_run("tail -c +7 '%s' > '%s'", fixture_path("out"), fixture_path("out.wav")));
    fixture_audio audio = fixture_read(fixture_path("out.wav"));
    TEST_CHECK(audio.opened && audio.frames == SHORT && audio.frames_declared == SHORT);
    unsigned char length[4] = {0};
    TEST_CHECK(audio.opened && audio_source_peek(&audio.reader->source, 4, length, 4) == 4 &&
               length[3] == 0);
    fixture_free(&audio);
    free(x);
}

/* Different objects in different threads at once. */
static void *encode_in_thread(void *argument)
{
    const round_trip *trip = argument;
    char message[AUDIO_MESSAGE_BYTES], name[256];
    audio_writer_config config = trip_config(trip);
    float *x = fixture_signal(FRAMES, trip->channels, trip->rate_hz);
    audio_writer *writer = NULL;

    snprintf(name, sizeof name, "%.200s/thread.%s", fixture_folder, trip->name);
    int failed = audio_writer_open(&writer, name, &config, message) ||
                 audio_writer_write(writer, x, FRAMES, message) ||
                 audio_writer_finish(&writer, message);
    audio_reader *reader = NULL;
    int64_t total = 0, got = -1;
    if (!failed && !audio_reader_open(&reader, name, NULL, message))
        while ((got = audio_reader_read(reader, x, 1000, message)) > 0)
            total += got;
    audio_reader_close(&reader);
    free(x);
    return got == 0 && total == FRAMES ? argument : NULL;
}

static void threads(void)
{
    static const int chosen[] = {0, 4, 9, 11, 15, 18};
    enum { COUNT = sizeof chosen / sizeof *chosen };
    pthread_t ids[COUNT];
    int started = 0;

    for (int i = 0; i < COUNT; i++)
        if (fixture_can_write(trips[chosen[i]].format))
            TEST_CHECK(!pthread_create(&ids[started++], NULL, encode_in_thread,
                                       (void *)&trips[chosen[i]]));
    for (int i = 0; i < started; i++) {
        void *done = NULL;
        pthread_join(ids[i], &done);
        TEST_CHECK(done != NULL);
    }
}

/* Files of any bytes: written whole, over an old one, or not at all; a trial leaves nothing. */
static void any_bytes(void)
{
    const char *path = fixture_path("page.html"), *link_path = fixture_path("link.html");
    char message[AUDIO_MESSAGE_BYTES] = "";
    int64_t bytes = 0;

    TEST_CHECK(audio_file_check(path, message) == 0 && access(path, F_OK) != 0);
    TEST_CHECK(audio_file_write(path, "old", 3, message) == 0);
    TEST_CHECK(symlink(path, link_path) == 0 && audio_file_check(link_path, message) == 0);
    TEST_CHECK(audio_file_write(link_path, "a longer page", 13, message) == 0);
    char *read = test_read_file(path, &bytes);
    TEST_CHECK(read != NULL && bytes == 13 && memcmp(read, "a longer page", 13) == 0);
    free(read);
    TEST_CHECK(fixture_count(".part-") == 0);
    const char *absent = fixture_path("absent/page.html");
    TEST_CHECK(audio_file_check(absent, message) != 0 && strstr(message, "page.html") != NULL);
    TEST_CHECK(audio_file_write(absent, "", 0, message) != 0);
    TEST_CHECK(audio_file_write(fixture_folder, "", 0, message) != 0 &&
               strstr(message, "is a folder") != NULL);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"any_bytes", any_bytes},
        {"round_trips", round_trips},
        {"short_lengths", short_lengths},
        {"integers_round_and_saturate", integers_round_and_saturate},
        {"wav_above_4_gb_is_rf64", wav_above_4_gb_is_rf64},
        {"refusals", refusals},
        {"whole_or_not_at_all", whole_or_not_at_all},
        {"signals_leave_nothing", signals_leave_nothing},
        {"strange_names", strange_names},
        {"standard_output", standard_output},
        {"threads", threads},
    };
    fixture_open();
    int status = test_main(argc, argv, cases, sizeof cases / sizeof *cases);
    fixture_close();
    return status;
}
