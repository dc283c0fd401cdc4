/* center_sdr_test.c: how well the centre method separates, on songs whose stems are known.
 *
 * SDR = 10 log10(sum s^2 / sum (s - e)^2) over the whole song, both channels. The limits lie about
 * 0.3 dB below what the method reaches, so that a loss that can be heard fails. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/runtime/track.h"

#define RATE     44100
#define CHANNELS 2

/* [frames][2], malloc'ed; NULL if there is none. */
typedef struct clip {
    float *samples;
    int64_t frames;
} clip;

static clip clip_of_pcm(const unsigned char *bytes, int64_t count)
{
    clip c = {malloc((size_t)count / 2 * sizeof(float) + 1), count / 4};

    for (int64_t i = 0; i < 2 * c.frames; i++)
        c.samples[i] = (float)(int16_t)(bytes[2 * i] | bytes[2 * i + 1] << 8) / 32768;
    return c;
}

/* What a command writes: 16-bit stereo. */
static clip clip_of_command(const char *command)
{
    static unsigned char bytes[8 << 20];
    FILE *const pipe = popen(command, "r");
    int64_t count = 0;

    if (!pipe)
        return (clip){NULL, 0};
    for (size_t got; (got = fread(bytes + count, 1, sizeof bytes - (size_t)count, pipe)) > 0;)
        count += (int64_t)got;
    if (pclose(pipe) || count == 0)
        return (clip){NULL, 0};
    return clip_of_pcm(bytes, count);
}

static clip clip_of_flac(const char *path)
{
    char command[1200];

    snprintf(command, sizeof command,
             "flac -dcs --force-raw-format --endian=little --sign=signed '%s'", path);
    return clip_of_command(command);
}

/* The samples of a WAV file: what follows the head of its last chunk. */
static clip clip_of_wav(const char *path)
{
    int64_t bytes;
    unsigned char *const file = test_read_file(path, &bytes);
    clip c = {NULL, 0};

    for (int64_t at = 12; file && at + 8 <= bytes && !c.samples;) {
        const int64_t size =
            file[at + 4] | file[at + 5] << 8 | file[at + 6] << 16 | (int64_t)file[at + 7] << 24;
        if (!memcmp(file + at, "data", 4) && at + 8 + size <= bytes)
            c = clip_of_pcm(file + at + 8, size);
        at += 8 + size;
    }
    free(file);
    return c;
}

static double sdr_db(const float *truth, const float *estimate, int64_t count)
{
    return test_snr_db(estimate, truth, count);
}

/* What a stem may not fall below. */
typedef struct goal {
    const char *stem;
    double sdr_db;
} goal;

static void check(const char *song, const clip *mixture, const clip *truth, const goal *goals,
                  int32_t count, int32_t channels)
{
    cleave_config config;
    cleave_engine *engine;
    cleave_error error;

    cleave_config_default(&config);
    config.device = CLEAVE_DEVICE_CPU;
    config.model = "center";
    config.rate_hz = RATE;
    config.channels = channels;
    config.threads = 2;
    config.stem_count = count;
    for (int32_t s = 0; s < count; s++)
        config.stems[s] = goals[s].stem;
    if (cleave_open(&config, &engine, &error) != CLEAVE_OK) {
        TEST_FAIL("%s", error.message);
        return;
    }
    const int64_t values = mixture->frames * channels;
    float *const out = track_separate(engine, mixture->samples, mixture->frames, 0, 0);
    for (int32_t s = 0; out && s < count; s++) {
        const double reached = sdr_db(truth[s].samples, out + s * values, values);
        printf("     %s, %s: %.2f dB, the mixture %.2f dB\n", song, goals[s].stem, reached,
               sdr_db(truth[s].samples, mixture->samples, values));
        if (!(reached >= goals[s].sdr_db))
            TEST_FAIL("%s, %s: %.2f dB, less than %.2f", song, goals[s].stem, reached,
                      goals[s].sdr_db);
        else
            TEST_CHECK(1);
    }
    free(out);
    cleave_close(&engine);
}

static clip difference(const clip *a, const clip *b)
{
    clip c = {malloc((size_t)a->frames * CHANNELS * sizeof(float)), a->frames};

    for (int64_t i = 0; i < a->frames * CHANNELS; i++)
        c.samples[i] = a->samples[i] - b->samples[i];
    return c;
}

static clip mean_of_channels(const clip *a)
{
    clip c = {malloc((size_t)a->frames * sizeof(float) + 1), a->frames};

    for (int64_t i = 0; i < a->frames; i++)
        c.samples[i] = 0.5f * (a->samples[2 * i] + a->samples[2 * i + 1]);
    return c;
}

/* Five clips: mixture, vocals, drums, bass, other. */
enum { MIXTURE, VOCALS, DRUMS, BASS, OTHER, CLIPS };

static const char *const names[CLIPS] = {"mixture", "vocals", "drums", "bass", "other"};

static void check_song(const char *song, clip c[CLIPS], const goal two[2], const goal four[4],
                       const goal mono[1])
{
    const clip accompaniment = difference(&c[MIXTURE], &c[VOCALS]);
    const clip truth[2] = {c[VOCALS], accompaniment};
    const clip one = mean_of_channels(&c[MIXTURE]), voice = mean_of_channels(&c[VOCALS]);

    check(song, &c[MIXTURE], truth, two, 2, CHANNELS);
    check(song, &c[MIXTURE], c + VOCALS, four, 4, CHANNELS);
    check(song, &one, &voice, mono, 1, 1);
    free(accompaniment.samples);
    free(one.samples);
    free(voice.samples);
}

static int all_there(const clip c[CLIPS])
{
    for (int k = 0; k < CLIPS; k++)
        if (!c[k].samples || c[k].frames != c[MIXTURE].frames)
            return 0;
    return 1;
}

static void real_song(void)
{
    static const goal two[] = {{"vocals", 2.8}, {"accompaniment", 9.4}};
    static const goal four[] = {{"vocals", 2.8}, {"drums", 4.9}, {"bass", 2.2}, {"other", 1.6}};
    static const goal mono[] = {{"vocals", 3.3}};
    clip c[CLIPS] = {{NULL, 0}};
    char name[64];

    for (int k = 0; k < CLIPS; k++) {
        snprintf(name, sizeof name, "audio/lithium/%s.flac", names[k]);
        const char *const path = test_shared(name);
        if (path)
            c[k] = clip_of_flac(path);
    }
    if (all_there(c))
        check_song("real song", c, two, four, mono);
    else
        test_skip("no recording with its stems beside the repository, or no flac to decode it");
    for (int k = 0; k < CLIPS; k++)
        free(c[k].samples);
}

static void synthesised_song(void)
{
    static const goal two[] = {{"vocals", 4.9}, {"accompaniment", 10.2}};
    static const goal four[] = {{"vocals", 4.9}, {"drums", 2.4}, {"bass", 1.5}, {"other", 4.4}};
    static const goal mono[] = {{"vocals", 5.6}};
    char folder[] = "/tmp/cleave-center-XXXXXX", text[400];
    clip c[CLIPS] = {{NULL, 0}};

    if (!mkdtemp(folder)) {
        test_skip("no folder for the song can be made");
        return;
    }
    snprintf(text, sizeof text, "%s/tools/demo_song %s --rate %d > %s/log 2>&1", TEST_BUILD_DIR,
             folder, RATE, folder);
    const int made = !system(text);
    for (int k = 0; made && k < CLIPS; k++) {
        snprintf(text, sizeof text, "%s/%s.wav", folder, names[k]);
        c[k] = clip_of_wav(text);
    }
    if (made && TEST_CHECK(all_there(c)))
        check_song("synthesised song", c, two, four, mono);
    else if (!made)
        test_skip("the tool that synthesises the song is not built");
    for (int k = 0; k < CLIPS; k++)
        free(c[k].samples);
    snprintf(text, sizeof text, "rm -rf %s", folder);
    TEST_CHECK(!system(text));
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"synthesised_song", synthesised_song},
        {"real_song", real_song},
    };

    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
