/* chain_yaml_test.c: chain files: what they may say, and the line of what they may not. */
#include "host/bag.h"
#include "host/chain_file.h"
#include "tests/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A file's text, read into options of their own. */
static int read_chain(const char *text, cli_options *options, char message[OPTIONS_MESSAGE_BYTES])
{
    memset(options, 0, sizeof *options);
    options->command = COMMAND_PROCESS;
    options->quality = QUALITY_DEFAULT;
    message[0] = '\0';
    return chain_yaml_read(text, strlen(text), "a.yaml", options, message);
}

/* What each becomes, as --fx takes it. */
static const struct {
    const char *yaml, *effects;
} chains[] = {
    {"effects:\n  - gain: -6\n", "gain:gain=-6"},
    {"effects: [gain]", "gain"},
    {"effects:\n  - gain:\n", "gain"},
    {"- gain: {gain: 3}\n- gain: 1.5\n", "gain:gain=3;gain:gain=1.5"},
    {"effects: []", ""},
    {"effects:\n- eq:\n  - {frequency: 80, gain: -3, q: 1}\n  - {type: lowshelf, frequency: 90, "
     "gain: 2, q: 0.7}\n  - {type: highpass, frequency: 40, q: 0.7}\n",
     "eq:80/-3/1,lowshelf@90/2/0.7,highpass@40/0.7"},
    {"effects:\n- eq: {bands: [{frequency: 80}, 250/2/1]}\n", "eq:80/0/1,250/2/1"},
    {"effects:\n- eq: 80/-3/1\n", "eq:80/-3/1"},
};

static void reads_effects(void)
{
    int count = (int)(sizeof chains / sizeof chains[0]);
    for (int i = 0; i < count; i++) {
        cli_options options;
        char message[OPTIONS_MESSAGE_BYTES], text[512];
        if (!TEST_CHECK(read_chain(chains[i].yaml, &options, message) == 0)) {
            TEST_FAIL("%s: %s", chains[i].yaml, message);
            continue;
        }
        cleave_fx_format(&options.chain, text, sizeof text);
        if (strcmp(text, chains[i].effects) != 0) {
            TEST_FAIL("\"%s\" is \"%s\"", chains[i].yaml, text);
        }
    }
    test_passed_count(count);
}

static void reads_output(void)
{
    cli_options options;
    char message[OPTIONS_MESSAGE_BYTES];
    TEST_CHECK(read_chain("output: {codec: opus, bitrate: 96k, rate: 48000, channels: 1,\n"
                          "  application: voip}\n",
                          &options, message) == 0);
    TEST_CHECK(options.has_format && options.format == AUDIO_OPUS && options.bitrate_kbps == 96);
    TEST_CHECK(options.rate_hz == 48000 && options.channels == 1);
    TEST_CHECK(options.application != NULL && strcmp(options.application, "voip") == 0);
    TEST_CHECK(read_chain("output: {bits: 24, quality: 8}", &options, message) == 0);
    TEST_CHECK(options.bits == 24 && options.quality == 8 && !options.has_format);
}

/* Each is refused with a sentence that begins with the place and holds the words. */
static const struct {
    const char *yaml, *place, *says;
} refusals[] = {
    {"", "a.yaml:1: ", "holds no chain"},
    {"just words", "a.yaml:1: ", "a map of effects and output"},
    {"effects:\n  - gain: -6\n  - gian: 3\n", "a.yaml:3: ", "did you mean \"gain\""},
    {"effects:\n  - gain:\n      gian: 3\n", "a.yaml:3: ", "did you mean \"gain\""},
    {"effects:\n  - gain: 600\n", "a.yaml:2: ", "600"},
    {"effects:\n  - gain: {gain: [1]}\n", "a.yaml:2: ", "one value, not a list"},
    {"effects:\n  - gain: [1, 2]\n", "a.yaml:2: ", "a map of its parameters"},
    {"effects:\n  - {gain: 1, eq: 2}\n", "a.yaml:2: ", "one name with its values"},
    {"effects: {gain: 1}\n", "a.yaml:1: ", "effects is a list"},
    {"effects:\n  - eq:\n      - {frequency: 80, gian: 1}\n",
     "a.yaml:3: ", "did you mean \"gain\""},
    {"effects:\n  - eq:\n      - {gain: 1}\n", "a.yaml:3: ", "needs its frequency"},
    {"effects:\n  - eq:\n      - {type: notch, frequency: 80, gain: 1}\n", "a.yaml:3: ", "no gain"},
    {"effects:\n  - eq:\n      - {type: shelf, frequency: 80, gain: 1}\n", "a.yaml:3: ", "shelf"},
    {"effects:\n  - eq:\n      - [80, 1]\n", "a.yaml:3: ", "a band is a map"},
    {"output: {codec: mp4}\n", "a.yaml:1: ", "codec"},
    {"output:\n  codec: mp3\n  bitrat: 192\n", "a.yaml:3: ", "did you mean \"bitrate\""},
    {"output:\n  rate: fast\n", "a.yaml:2: ", "whole number"},
    {"output: [mp3]\n", "a.yaml:1: ", "output is a map"},
    {"output: {rate: 44100}\noutptu: {rate: 48000}\n", "a.yaml:2: ", "did you mean \"output\""},
    {"output: {rate: 44100}\noutput: {rate: 48000}\n", "a.yaml:2: ", "twice, first in line 1"},
    {"output: {rate: 44100, rate: 48000}\n", "a.yaml:1: ", "twice"},
    {"effects:\n  - gain: {\n", "a.yaml:3: ", ""},
    {"effects:\n- *nothing\n", "a.yaml:2: ", "alias"},
    {"effects:\n\t- gain\n", "a.yaml:2: ", "cannot start"},
};

static void refuses(void)
{
    int count = (int)(sizeof refusals / sizeof refusals[0]);
    for (int i = 0; i < count; i++) {
        cli_options options;
        char message[OPTIONS_MESSAGE_BYTES];
        if (!TEST_CHECK(read_chain(refusals[i].yaml, &options, message) != 0) ||
            strncmp(message, refusals[i].place, strlen(refusals[i].place)) != 0 ||
            strstr(message, refusals[i].says) == NULL || strchr(message, '\n') != NULL) {
            TEST_FAIL("\"%s\" says: %s", refusals[i].yaml, message);
        }
    }
    test_passed_count(count);
}

/* Anything a file may hold: it is read or refused, and never more than that. */
static void survives_damage(void)
{
    static const char good[] = "effects:\n  - gain: -6\n  - eq:\n      - {frequency: 80, gain: 1}\n"
                               "output: {codec: mp3, bitrate: 192}\n";
    int tried = 0;
    for (size_t cut = 0; cut < sizeof good - 1; cut++) {
        char text[sizeof good], message[OPTIONS_MESSAGE_BYTES];
        cli_options options = {.command = COMMAND_PROCESS};
        memcpy(text, good, sizeof good);
        for (int changed = 0; changed < 2; changed++) {
            message[0] = '\0';
            int status =
                chain_yaml_read(text, changed ? sizeof good - 1 : cut, "a.yaml", &options, message);
            TEST_CHECK(status == 0 || strncmp(message, "a.yaml:", 7) == 0);
            text[cut] = (char)(33 + 7 * cut % 90);
        }
        options.chain.count = 0;
        tried++;
    }
    test_passed_count(tried);
}

static void needs_the_file(void)
{
    cli_options options = {.command = COMMAND_PROCESS};
    char message[OPTIONS_MESSAGE_BYTES];
    TEST_CHECK(chain_file_read("nowhere/chain.yaml", &options, message) != 0);
    TEST_CHECK(strstr(message, "nowhere/chain.yaml: cannot be read: No such file") != NULL);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"effects", reads_effects},  {"output", reads_output}, {"refusals", refuses},
        {"damage", survives_damage}, {"file", needs_the_file},
    };
    if (bag_yaml_backend() == NULL) {
        printf("0 passed, 0 failed, 1 skipped\n");
        return 0;
    }
    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
