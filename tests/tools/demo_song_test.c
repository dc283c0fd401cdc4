/* demo_song_test: the demo song is deterministic, adds up, does not clip, and has the levels of a
 * record. */
#include "tests/test.h"
#include "tests/tools/folder.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEMO_SONG TEST_BUILD_DIR "/tools/demo_song"

static const char *const files[6] = {"vocals.wav", "drums.wav",         "bass.wav",
                                     "other.wav",  "accompaniment.wav", "mixture.wav"};

static void make_song(char folder[600], const char *options)
{
    char text[4096];

    snprintf(folder, 600, "%s", folder_make());
    if (folder_run(text, DEMO_SONG " '%s' %s", folder, options))
        TEST_FAIL("demo_song %s: %s", options, text);
}

static int same_bytes(const char *a, const char *b, const char *name)
{
    char text[4096];

    return !folder_run(text, "cmp '%s/%s' '%s/%s'", a, name, b, name);
}

static void test_deterministic(void)
{
    char first[600], second[600], other_seed[600];

    make_song(first, "--seconds 5 --rate 16000");
    make_song(second, "--seconds 5 --rate 16000");
    make_song(other_seed, "--seconds 5 --rate 16000 --seed 2");
    for (int k = 0; k < 6; k++) {
        TEST_CHECK(same_bytes(first, second, files[k]));
        TEST_CHECK(!same_bytes(first, other_seed, files[k]));
    }
}

/* On the 16-bit grid, sample by sample: mixture = the four stems, accompaniment = all but the
 * voice. */
static void check_sums(const char *folder, int64_t frames, int32_t rate_hz)
{
    clip c[6];
    int64_t wrong_mixture = 0, wrong_accompaniment = 0, clipped = 0;

    for (int k = 0; k < 6; k++) {
        c[k] = folder_read(folder, files[k]);
        if (!TEST_CHECK(c[k].samples && c[k].frames == frames && c[k].channels == 2 &&
                        c[k].rate_hz == rate_hz))
            return;
    }
    for (int64_t i = 0; i < 2 * frames; i++) {
        float rest = c[1].samples[i] + c[2].samples[i] + c[3].samples[i];
        wrong_accompaniment += rest != c[4].samples[i];
        wrong_mixture += rest + c[0].samples[i] != c[5].samples[i];
        for (int k = 0; k < 6; k++)
            clipped += fabsf(c[k].samples[i]) > 0.9f;
    }
    TEST_CHECK(wrong_mixture == 0);
    TEST_CHECK(wrong_accompaniment == 0);
    TEST_CHECK(clipped == 0);
    for (int k = 0; k < 6; k++)
        free(c[k].samples);
}

static void test_adds_up(void)
{
    char folder[600];

    make_song(folder, "");
    check_sums(folder, 20 * 44100, 44100);
    make_song(folder, "--seconds 1 --rate 8000");
    check_sums(folder, 8000, 8000);
    make_song(folder, "--seconds 1.5 --rate 192000");
    check_sums(folder, 288000, 192000);
}

static double energy(const clip *c, float left, float right)
{
    double sum = 0;

    for (int64_t i = 0; i < c->frames; i++) {
        double x = left * c->samples[2 * i] + right * c->samples[2 * i + 1];
        sum += x * x;
    }
    return sum;
}

/* The voice at -7 .. -4 dB against the rest as in pop, the whole at the level of a record; bass,
 * voice and drums mostly in the middle, the harmony wide. */
static void test_levels(void)
{
    char folder[600];
    clip c[6];

    make_song(folder, "");
    for (int k = 0; k < 6; k++) {
        c[k] = folder_read(folder, files[k]);
        if (!TEST_CHECK(c[k].samples))
            return;
    }
    double rest = energy(&c[4], 1, 0) + energy(&c[4], 0, 1);
    double voice_db = 10 * log10((energy(&c[0], 1, 0) + energy(&c[0], 0, 1)) / rest);
    double power = (energy(&c[5], 1, 0) + energy(&c[5], 0, 1)) / (2 * (double)c[5].frames);
    if (!TEST_CHECK(voice_db > -7 && voice_db < -4))
        TEST_FAIL("the voice is at %.2f dB", voice_db);
    if (!TEST_CHECK(10 * log10(power) > -20 && 10 * log10(power) < -10))
        TEST_FAIL("the mixture is at %.2f dB", 10 * log10(power));
    for (int k = 0; k < 4; k++) {
        double side_db = 10 * log10(energy(&c[k], 1, -1) / energy(&c[k], 1, 1));
        if (!TEST_CHECK(k == 3 ? side_db > -6 && side_db < 3 : side_db < -9))
            TEST_FAIL("%s: side to middle %.2f dB", files[k], side_db);
    }
    for (int k = 0; k < 6; k++)
        free(c[k].samples);
}

static void test_refuses(void)
{
    static const char *const wrong[] = {
        "",           "a b",          "a --seconds", "a --seconds 0",
        "a --x",      "a --rate abc", "a --rate 7",  "a --seconds nan",
        "a --seed -1"};
    char text[4096];

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        TEST_CHECK(folder_run(text, DEMO_SONG " %s", wrong[i]) == 2);
        TEST_CHECK(!strncmp(text, "demo_song: ", 11));
    }
    TEST_CHECK(folder_run(text, DEMO_SONG " /dev/null/x") == 1);
    TEST_CHECK(strstr(text, "/dev/null/x") != NULL);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"demo_song/deterministic", test_deterministic},
        {"demo_song/adds up", test_adds_up},
        {"demo_song/levels", test_levels},
        {"demo_song/refuses", test_refuses},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof *cases);
}
