/* audio_read_test.c: what the reader delivers, for every format that this build and the programs at
 * hand can make. */
#include "tests/host/audio_fixtures.h"

#include <fcntl.h>

enum { RATE = 44100, FRAMES = 60001 };

/* Integers of every width at their extremes, scaled by a power of two and nothing else. */
static void wav_integers(void)
{
    static const int widths[] = {8, 16, 24, 32};
    static const double values[] = {-1, -0.5, 0, 0.25, 0.5};

    for (size_t w = 0; w < 4; w++) {
        int bits = widths[w], bytes = bits / 8;
        unsigned char data[5 * 4 + 4];
        for (int i = 0; i < 5; i++) {
            int64_t value =
                (int64_t)(values[i] * (double)(1ll << (bits - 1))) + (bits == 8 ? 128 : 0);
            for (int b = 0; b < bytes; b++)
                data[i * bytes + b] = (unsigned char)(value >> (8 * b));
        }
        uint32_t size = (uint32_t)(5 * bytes);
        fixture_wav(fixture_path("int.wav"), 1, 1, RATE, bits, data, size, 36 + size, size);
        fixture_audio audio = fixture_read(fixture_path("int.wav"));
        if (TEST_CHECK(audio.opened) && TEST_CHECK(audio.status == 0) &&
            TEST_CHECK(audio.frames == 5))
            for (int i = 0; i < 5; i++)
                TEST_CHECK((double)audio.samples[i] == values[i]);
        TEST_CHECK(audio.opened && audio_reader_info(audio.reader)->bits == bits);
        fixture_free(&audio);
    }
}

/* The largest 24-bit numbers keep their last bit. */
static void wav_24_bits_are_exact(void)
{
    const unsigned char data[] = {0xFF, 0xFF, 0x7F, 0x01, 0x00, 0x80, 0x01, 0x00, 0x00};
    fixture_wav(fixture_path("s24.wav"), 1, 1, RATE, 24, data, 9, 36 + 9, 9);
    fixture_audio audio = fixture_read(fixture_path("s24.wav"));

    if (TEST_CHECK(audio.opened && audio.frames == 3)) {
        TEST_CHECK(audio.samples[0] == 8388607.0f / 8388608.0f);
        TEST_CHECK(audio.samples[1] == -8388607.0f / 8388608.0f);
        TEST_CHECK(audio.samples[2] == 1.0f / 8388608.0f);
    }
    fixture_free(&audio);
}

static void wav_floats_pass_unclipped(void)
{
    const float f32[] = {3.5f, -700.25f, INFINITY, -INFINITY, NAN, 1e-30f};
    const double f64[] = {3.5, -700.25, 0.125};

    fixture_wav(fixture_path("f32.wav"), 3, 2, 96000, 32, f32, sizeof f32, 36 + sizeof f32,
                sizeof f32);
    fixture_audio audio = fixture_read(fixture_path("f32.wav"));
    TEST_CHECK(audio.opened && audio.frames == 3 && audio.rate_hz == 96000 && audio.channels == 2);
    TEST_CHECK(audio.opened && !memcmp(audio.samples, f32, sizeof f32));
    fixture_free(&audio);
    fixture_wav(fixture_path("f64.wav"), 3, 1, 8000, 64, f64, sizeof f64, 36 + sizeof f64,
                sizeof f64);
    audio = fixture_read(fixture_path("f64.wav"));
    if (TEST_CHECK(audio.opened && audio.frames == 3))
        TEST_CHECK(audio.samples[0] == 3.5f && audio.samples[1] == -700.25f &&
                   audio.samples[2] == 0.125f);
    fixture_free(&audio);
}

/* Lengths that programs write when they cannot seek back: the file goes to its end. */
static void wav_stream_lengths(void)
{
    static const uint32_t lengths[][2] = {{0xFFFFFFFF, 0xFFFFFFFF},
                                          {0, 0},
                                          {36, 0},
                                          {0x7FFFF024, 0x7FFFF000},
                                          {0xFFFFFFFF, 0xFFFFFFDB},
                                          {0x80000023, 0x7FFFFFFF}};
    const int16_t data[] = {1, -2, 3, -4, 5, -6};

    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        fixture_wav(fixture_path("stream.wav"), 1, 2, RATE, 16, data, sizeof data, lengths[i][0],
                    lengths[i][1]);
        fixture_audio audio = fixture_read(fixture_path("stream.wav"));
        TEST_CHECK(audio.opened && audio.status == 0 && audio.frames == 3 &&
                   audio.frames_declared == 3);
        fixture_free(&audio);
    }
}

/* An empty data chunk in a file whose outer length is right is empty, whatever follows it. */
static void wav_without_frames(void)
{
    const char list[] = "LIST\x0C\0\0\0INFOINAM\0\0\0\0";

    fixture_wav(fixture_path("none.wav"), 1, 2, RATE, 16, list, 20, 36 + 20, 0);
    fixture_audio audio = fixture_read(fixture_path("none.wav"));
    TEST_CHECK(audio.opened && audio.status == 0 && audio.frames == 0 &&
               audio.frames_declared == 0);
    fixture_free(&audio);
    fixture_wav(fixture_path("none.wav"), 1, 2, RATE, 16, NULL, 0, 36, 0);
    audio = fixture_read(fixture_path("none.wav"));
    TEST_CHECK(audio.opened && audio.status == 0 && audio.frames == 0 &&
               audio.frames_declared == 0);
    fixture_free(&audio);
}

/* What the ffmpeg and flac commands make of a WAV, with its length and the SNR that the codec
 * leaves. */
typedef struct foreign_case {
    const char *name, *options, *container, *codec;
    int32_t rate_hz, channels;
    double
        snr_db; /* at least; 999: the same bits as 16-bit WAV; negative: no alignment to expect */
    int64_t frames_extra; /* at most so many more than the original */
    int length_unknown;   /* the container tells no exact length beforehand */
} foreign_case;

static const foreign_case foreign[] = {
    {"a.w64", "-c:a pcm_s16le", "wav", "pcm_s16le", 48000, 4, 999, 0, 0},
    {"rf.wav", "-c:a pcm_s16le -rf64 always", "wav", "pcm_s16le", 44100, 2, 999, 0, 0},
    {"six.wav", "-c:a pcm_s24le", "wav", "pcm_s24le", 48000, 6, 999, 0, 0},
    {"eight.flac", "", "flac", "flac", 44100, 8, 999, 0, 0},
    {"a.aiff", "", "aiff", "pcm_s16", 44100, 2, 999, 0, 0},
    {"a.caf", "-c:a pcm_s16be", "caf", "pcm_s16", 44100, 2, 999, 0, 0},
    {"a.au", "-c:a pcm_s16be", "au", "pcm_s16", 8000, 1, 999, 0, 0},
    {"mulaw.wav", "-c:a pcm_mulaw", "wav", "pcm_mulaw", 8000, 1, 30, 0, 0},
    {"a.flac", "", "flac", "flac", 44100, 2, 999, 0, 0},
    {"hi.flac", "-sample_fmt s32", "flac", "flac", 192000, 2, 999, 0, 0},
    {"a.mp3", "-b:a 320k", "mp3", "mp3", 44100, 2, 15, 0, 0},
    {"v.mp3", "-q:a 0", "mp3", "mp3", 48000, 1, 15, 0, 0},
    {"low.mp3", "-b:a 64k", "mp3", "mp3", 16000, 1, 15, 0, 0},
    {"a.m4a", "-c:a aac -b:a 256k", "mp4", "aac", 44100, 2, 12, 0, 0},
    {"b.m4a", "-c:a aac -b:a 192k -movflags faststart", "mp4", "aac", 48000, 1, 12, 0, 0},
    {"alac.m4a", "-c:a alac", "mp4", "alac", 44100, 2, 999, 0, 0},
    {"a.ogg", "-c:a libvorbis -q:a 8", "ogg", "vorbis", 44100, 2, 20, 0, 0},
    {"six.ogg", "-c:a libvorbis -q:a 8", "ogg", "vorbis", 48000, 6, 6, 0, 0},
    {"a.opus", "-c:a libopus -b:a 256k", "ogg", "opus", 48000, 2, 15, 0, 0},
    {"flac.ogg", "-c:a flac", "ogg", "flac", 44100, 2, 999, 0, 1},
    /* ASF tells its length in milliseconds, and FFmpeg's own WMA encoder swallows its last block.
     */
    {"a.wma", "-c:a wmav2 -b:a 192k", "asf", "wmav2", 44100, 2, -99, 4096, 1},
    {"a.mka", "-c:a libvorbis -q:a 8", "matroska", "vorbis", 44100, 2, 20, 2048, 1},
    {"a.aac", "-c:a aac -b:a 256k", "aac", "aac", 44100, 2, -99, 4096, 1},
};

static void check_foreign(const foreign_case *c, const char *path, const float *x, int piped)
{
    fixture_audio audio = fixture_read(path);
    const audio_info *info = audio.reader ? audio_reader_info(audio.reader) : NULL;

    if (!audio.opened || audio.status) {
        TEST_FAIL("%s: %s", c->name, audio.message);
        fixture_free(&audio);
        return;
    }
    if (strcmp(info->container, c->container) || strncmp(info->codec, c->codec, strlen(c->codec)))
        TEST_FAIL("%s: said to be %s in %s", c->name, info->codec, info->container);
    TEST_CHECK(audio.rate_hz == c->rate_hz && audio.channels == c->channels);
    if (audio.frames < FRAMES - (c->snr_db < 0 ? c->frames_extra : 0) ||
        audio.frames > FRAMES + c->frames_extra)
        TEST_FAIL("%s: %lld frames instead of %d", c->name, (long long)audio.frames, FRAMES);
    if (!piped && !c->length_unknown && audio.frames_declared != FRAMES)
        TEST_FAIL("%s: declares %lld frames instead of %d", c->name,
                  (long long)audio.frames_declared, FRAMES);
    int lag = fixture_lag(audio.samples, audio.frames, x, FRAMES, c->channels);
    if (lag != 0 && c->snr_db > 0)
        TEST_FAIL("%s: is shifted by %d frames", c->name, lag);
    int64_t count = audio.frames < FRAMES ? audio.frames : FRAMES;
    double snr = test_snr_db(audio.samples, x, count * c->channels);
    if (snr < c->snr_db)
        TEST_FAIL("%s: %.1f dB of SNR, %.1f expected", c->name, snr, c->snr_db);
    fixture_free(&audio);
}

/* The original of a case, rounded to the 16 bits that were fed to the encoder, in source.wav. */
static float *make_source(const foreign_case *c)
{
    char message[AUDIO_MESSAGE_BYTES];
    audio_writer_config config = fixture_config(AUDIO_WAV, c->rate_hz, c->channels, 16);
    float *x = fixture_signal(FRAMES, c->channels, c->rate_hz);

    for (int64_t i = 0; i < (int64_t)FRAMES * c->channels; i++)
        x[i] = rintf(x[i] * 32768) / 32768;
    TEST_CHECK(!fixture_encode(fixture_path("source.wav"), &config, x, FRAMES, message));
    return x;
}

static int make_foreign(const foreign_case *c)
{
    return fixture_run("ffmpeg -nostdin -v quiet -y -i '%s' %s '%s'", fixture_path("source.wav"),
                       c->options, fixture_path(c->name));
}

static void other_encoders(void)
{
    int made = 0;

    if (!fixture_has("ffmpeg") || !audio_backend_ffmpeg()) {
        test_skip("needs the ffmpeg command and a build with FFmpeg");
        return;
    }
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        float *x = make_source(&foreign[i]);
        if (make_foreign(&foreign[i])) {
            check_foreign(&foreign[i], fixture_path(foreign[i].name), x, 0);
            made++;
        } else {
            printf("     %s: this ffmpeg cannot make it\n", foreign[i].name);
        }
        free(x);
    }
    TEST_CHECK(made >= 12);
}

/* Feeds a file into a FIFO from a child; the reader is given the FIFO's path. */
static void through_pipes(void)
{
    static const char *const names[] = {"a.flac", "a.mp3", "a.ogg", "a.opus", "rf.wav", "b.m4a"};
    int piped = 0;

    if (!fixture_has("ffmpeg") || !audio_backend_ffmpeg()) {
        test_skip("needs the ffmpeg command and a build with FFmpeg");
        return;
    }
    mkfifo(fixture_path("fifo"), 0600);
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
            if (strcmp(foreign[i].name, names[n]))
                continue;
            float *x = make_source(&foreign[i]);
            if (make_foreign(&foreign[i]) &&
                fixture_run("cat '%s' > '%s' &", fixture_path(names[n]), fixture_path("fifo"))) {
                check_foreign(&foreign[i], fixture_path("fifo"), x, 1);
                piped++;
            }
            free(x);
        }
    TEST_CHECK(piped == sizeof names / sizeof *names);
}

/* Replaces standard input by the output of a command. */
static fixture_audio read_stdin(const char *command, const audio_raw *raw)
{
    FILE *pipe = popen(command, "r");
    int kept = dup(0);

    dup2(fileno(pipe), 0);
    fixture_audio audio = fixture_read_raw("-", raw);
    dup2(kept, 0);
    close(kept);
    pclose(pipe);
    return audio;
}

static void standard_input(void)
{
    const audio_raw raw = {48000, 2, "s16le"}, bad = {48000, 2, "s17le"};
    const int16_t data[] = {100, -100, 32767, -32768, 7, 8};
    char command[2048];

    fixture_wav(fixture_path("in.wav"), 1, 2, RATE, 16, data, sizeof data, 0xFFFFFFFF, 0xFFFFFFFF);
    snprintf(command, sizeof command, "cat '%s'", fixture_path("in.wav"));
    fixture_audio audio = read_stdin(command, NULL);
    TEST_CHECK(audio.opened && audio.status == 0 && audio.frames == 3 &&
               audio.frames_declared == -1);
    TEST_CHECK(audio.opened && audio.samples[3] == -1.0f);
    fixture_free(&audio);

    snprintf(command, sizeof command, "tail -c 12 '%s'", fixture_path("in.wav"));
    audio = read_stdin(command, &raw);
    TEST_CHECK(audio.opened && audio.status == 0 && audio.frames == 3 && audio.rate_hz == 48000);
    TEST_CHECK(audio.opened && audio.samples[2] == 32767.0f / 32768);
    fixture_free(&audio);
    audio = read_stdin(command, &bad);
    TEST_CHECK(!audio.opened && strstr(audio.message, "s17le"));
    fixture_free(&audio);
    audio = read_stdin("true", NULL);
    TEST_CHECK(!audio.opened && strstr(audio.message, "standard input: is empty"));
    fixture_free(&audio);
}

/* Names mean nothing: WAV named .mp3, FLAC named .wav. */
static void content_decides(void)
{
    char message[AUDIO_MESSAGE_BYTES];
    audio_writer_config wav = fixture_config(AUDIO_WAV, RATE, 1, 16),
                        flac = fixture_config(AUDIO_FLAC, RATE, 1, 16);
    float *x = fixture_signal(5000, 1, RATE);

    TEST_CHECK(!fixture_encode(fixture_path("really_wav.mp3"), &wav, x, 5000, message));
    fixture_audio audio = fixture_read(fixture_path("really_wav.mp3"));
    TEST_CHECK(audio.opened && audio.frames == 5000 &&
               !strcmp(audio_reader_info(audio.reader)->container, "wav"));
    fixture_free(&audio);
    if (audio_backend_ffmpeg() || audio_backend_sndfile()) {
        TEST_CHECK(!fixture_encode(fixture_path("really_flac.wav"), &flac, x, 5000, message));
        audio = fixture_read(fixture_path("really_flac.wav"));
        TEST_CHECK(audio.opened && audio.frames == 5000 &&
                   !strcmp(audio_reader_info(audio.reader)->codec, "flac"));
        fixture_free(&audio);
    }
    free(x);
}

/* Two readers of the same file, interleaved, do not disturb each other. */
static void readers_are_independent(void)
{
    char message[AUDIO_MESSAGE_BYTES];
    audio_writer_config config = fixture_config(AUDIO_WAV, RATE, 2, 16);
    float *x = fixture_signal(4000, 2, RATE), a[200], b[200];
    audio_reader *one = NULL, *two = NULL;

    TEST_CHECK(!fixture_encode(fixture_path("twice.wav"), &config, x, 4000, message));
    if (TEST_CHECK(!audio_reader_open(&one, fixture_path("twice.wav"), NULL, message)) &&
        TEST_CHECK(!audio_reader_open(&two, fixture_path("twice.wav"), NULL, message)))
        for (int i = 0; i < 40; i++) {
            TEST_CHECK(audio_reader_read(one, a, 100, message) == 100);
            TEST_CHECK(audio_reader_read(two, b, 100, message) == 100);
            TEST_CHECK(!memcmp(a, b, sizeof a));
        }
    audio_reader_close(&one);
    audio_reader_close(&two);
    audio_reader_close(&two);
    free(x);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"wav_integers", wav_integers},
        {"wav_24_bits_are_exact", wav_24_bits_are_exact},
        {"wav_floats_pass_unclipped", wav_floats_pass_unclipped},
        {"wav_stream_lengths", wav_stream_lengths},
        {"wav_without_frames", wav_without_frames},
        {"other_encoders", other_encoders},
        {"through_pipes", through_pipes},
        {"standard_input", standard_input},
        {"content_decides", content_decides},
        {"readers_are_independent", readers_are_independent},
    };
    fixture_open();
    int status = test_main(argc, argv, cases, sizeof cases / sizeof *cases);
    fixture_close();
    return status;
}
