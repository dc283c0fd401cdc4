/* options_test.c: every option, its aliases, its errors, and what is suggested instead. */
#include "host/comparison.h"
#include "host/options.h"
#include "host/suggest.h"
#include "tests/test.h"

#include <stdio.h>
#include <string.h>

#define WORDS_MAX 24

/* A command line, split at spaces. */
typedef struct command_line {
    char text[512];
    char *words[WORDS_MAX];
    int count;
    cli_options options;
    char message[OPTIONS_MESSAGE_BYTES];
} command_line;

static int parse(command_line *line, const char *text)
{
    memset(line, 0, sizeof *line);
    snprintf(line->text, sizeof line->text, "cleave %s", text);
    for (char *word = strtok(line->text, " "); word != NULL; word = strtok(NULL, " ")) {
        line->words[line->count++] = word;
    }
    return options_parse(&line->options, line->count, line->words, line->message);
}

static void test_defaults(void)
{
    command_line line;
    TEST_CHECK(parse(&line, "separate song.mp3") == 0);
    const cli_options *options = &line.options;
    TEST_CHECK(options->command == COMMAND_SEPARATE);
    TEST_CHECK(options->operand_count == 1 && strcmp(options->operands[0], "song.mp3") == 0);
    TEST_CHECK(strcmp(options->model, "auto") == 0 && strcmp(options->out, "separated") == 0);
    TEST_CHECK(strcmp(options->filename, "{track}/{stem}.{ext}") == 0);
    TEST_CHECK(options->format == AUDIO_WAV && options->bits == BITS_DEFAULT &&
               options->rate_hz == 0);
    TEST_CHECK(options->clip == CLIP_DEFAULT && options->jobs == 2 && options->threads == 0);
    TEST_CHECK(options->stem_count == 0 && options->two_stems == NULL && !options->conserve);
    TEST_CHECK(options->overlap < 0 && options->segment_seconds == 0 && options->shifts == 0);
    TEST_CHECK(options->mask_extension == CLEAVE_MASK_MODEL);
    TEST_CHECK(!options->raw && !options->json && !options->quiet && !options->verbose);
    options_free(&line.options);
}

/* A value for every option, and what must stand beside it. */
static const struct {
    const char *name, *value, *with;
} values[] = {
    {"model", "center", ""},
    {"name", "center", ""},
    {"stems", "vocals,drums", ""},
    {"two-stems", "vocals", ""},
    {"other-method", "minus", "--two-stems vocals"},
    {"conserve", NULL, ""},
    {"shifts", "3", ""},
    {"overlap", "0.5", ""},
    {"segment", "7.8", ""},
    {"mask-extension", "average", ""},
    {"device", "cpu", ""},
    {"batch", "3", ""},
    {"precision", "bf16", ""},
    {"threads", "2", ""},
    {"out", "elsewhere", ""},
    {"filename", "{track}.{stem}.{ext}", ""},
    {"format", "flac", ""},
    {"mp3", NULL, ""},
    {"flac", NULL, ""},
    {"bits", "24", ""},
    {"int24", NULL, ""},
    {"float32", NULL, ""},
    {"bitrate", "192", "--format opus"},
    {"mp3-bitrate", "320", ""},
    {"vbr", "2", "--mp3"},
    {"compression", "8", "--flac"},
    {"application", "voip", "--format opus"},
    {"rate", "48000", ""},
    {"clip", "clamp", ""},
    {"clip-mode", "tanh", ""},
    {"reference", "truth", ""},
    {"input-format", "s16le", "--input-rate 8000 --input-channels 1"},
    {"input-rate", "8000", "--input-format u8 --input-channels 1"},
    {"input-channels", "8", "--input-format u8 --input-rate 8000"},
    {"pre", "gain:-6", ""},
    {"normalize", "-14", ""},
    {"trim-silence", "0.5/0.01", ""},
    {"post", "vocals=gain:3", ""},
    {"preset", "podcast", ""},
    {"fx", "gain:-6;eq:80/-3/1", ""},
    {"codec", "vorbis", ""},
    {"auto-rate", NULL, ""},
    {"channels", "1", ""},
    {"quality", "3", ""},
    {"tail", NULL, ""},
    {"no-dither", NULL, ""},
    {"stats", NULL, ""},
    {"spectrogram", "s.png", ""},
    {"waveform", "{track}.png", ""},
    {"report", "r.html", ""},
    {"scale", "mel", ""},
    {"range", "120", ""},
    {"waveform-scale", "db", ""},
    {"silence", "0.01", ""},
    {"records", "0.5", ""},
    {"metrics", "sdr,bss", ""},
    {"jobs", "4", ""},
    {"json", NULL, ""},
    {"quiet", NULL, ""},
    {"verbose", NULL, ""},
    {"help", NULL, ""},
    {"version", NULL, ""},
};

/* Every row of the table of options can be given, in both spellings, on a command line that says
 * nothing else. */
static void test_every_row(void)
{
    int32_t count = 0;
    int32_t tried = 0;
    const option_row *rows = options_rows(&count);
    for (int32_t i = 0; i < count; i++) {
        /* The one is refused always, the other needs a file: chain_yaml_test.c. */
        if (rows[i].name == NULL || strcmp(rows[i].name, "no-split") == 0 ||
            strcmp(rows[i].name, "chain") == 0) {
            continue;
        }
        int found = 0;
        for (size_t v = 0; v < sizeof values / sizeof values[0]; v++) {
            if (strcmp(values[v].name, rows[i].name) != 0) {
                continue;
            }
            char text[256];
            command_line line;
            const char *value = values[v].value;
            const char *words = (rows[i].commands & COMMAND_SEPARATE) != 0  ? "separate x"
                                : (rows[i].commands & COMMAND_PROCESS) != 0 ? "process x y"
                                : (rows[i].commands & COMMAND_ANALYZE) != 0 ? "analyze x"
                                                                            : "compare x y";
            snprintf(text, sizeof text, "%s --%s%s%s %s", words, rows[i].name,
                     value != NULL ? "=" : "", value != NULL ? value : "", values[v].with);
            found = 1;
            if (!TEST_CHECK(parse(&line, text) == 0)) {
                TEST_FAIL("%s: %s", text, line.message);
            }
            options_free(&line.options);
            if (rows[i].letter != 0) {
                snprintf(text, sizeof text, "%s -%c%s%s %s", words, rows[i].letter,
                         value != NULL ? " " : "", value != NULL ? value : "", values[v].with);
                if (!TEST_CHECK(parse(&line, text) == 0)) {
                    TEST_FAIL("%s: %s", text, line.message);
                }
                options_free(&line.options);
            }
            tried++;
        }
        if (!found) {
            TEST_FAIL("--%s is not tried by this test", rows[i].name);
        }
    }
    test_passed_count(tried);
}

static void test_spellings(void)
{
    command_line line;
    TEST_CHECK(parse(&line, "separate -qj3 a -n center --shifts=4 b --overlap 0.5 -o- ") != 0);
    options_free(&line.options);
    TEST_CHECK(parse(&line, "separate -qj3 a -ncenter --shifts=4 b --overlap 0.5 -oout") == 0);
    TEST_CHECK(line.options.quiet && line.options.jobs == 3 && line.options.shifts == 4);
    TEST_CHECK(strcmp(line.options.model, "center") == 0 && strcmp(line.options.out, "out") == 0);
    TEST_CHECK(line.options.overlap == 0.5 && line.options.operand_count == 2);
    options_free(&line.options);

    TEST_CHECK(parse(&line, "separate -- -rf --json -") == 0);
    TEST_CHECK(line.options.operand_count == 3 && strcmp(line.options.operands[0], "-rf") == 0 &&
               strcmp(line.options.operands[1], "--json") == 0 && !line.options.json);
    options_free(&line.options);
    TEST_CHECK(parse(&line, "separate - -o -") == 0);
    TEST_CHECK(strcmp(line.options.operands[0], "-") == 0 && strcmp(line.options.out, "-") == 0);
    options_free(&line.options);
}

/* What people of other programs type. */
static void test_habits(void)
{
    command_line line;
    TEST_CHECK(parse(&line, "separate -p spleeter:2stems -o output audio.mp3") == 0);
    TEST_CHECK(strcmp(line.options.model, "spleeter:2stems") == 0);
    options_free(&line.options);
    TEST_CHECK(
        parse(&line,
              "separate --two-stems=vocals -n htdemucs --mp3 --mp3-bitrate 128 -d cpu -j 4 x") ==
        0);
    TEST_CHECK(line.options.format == AUDIO_MP3 && line.options.bitrate_kbps == 128);
    TEST_CHECK(strcmp(line.options.two_stems, "vocals") == 0 &&
               line.options.device == CLEAVE_DEVICE_CPU);
    options_free(&line.options);
    TEST_CHECK(parse(&line, "separate --int24 x") == 0 && line.options.bits == 24);
    options_free(&line.options);
    TEST_CHECK(parse(&line, "separate --float32 x") == 0 && line.options.bits == BITS_FLOAT);
    options_free(&line.options);
    TEST_CHECK(parse(&line, "separate --flac --clip-mode rescale x") == 0);
    TEST_CHECK(line.options.format == AUDIO_FLAC && line.options.clip == CLIP_RESCALE);
    options_free(&line.options);
    TEST_CHECK(parse(&line, "separate -d cuda:3 x") == 0);
    TEST_CHECK(line.options.device == CLEAVE_DEVICE_CUDA && line.options.device_index == 3);
    options_free(&line.options);
    TEST_CHECK(parse(&line, "separate --format aac --bitrate 128k x") == 0);
    TEST_CHECK(line.options.format == AUDIO_M4A && line.options.bitrate_kbps == 128);
    options_free(&line.options);
}

static void test_stems(void)
{
    command_line line;
    TEST_CHECK(parse(&line, "separate x --stems drums,vocals") == 0);
    TEST_CHECK(line.options.stem_count == 2 && strcmp(line.options.stems[0], "drums") == 0 &&
               strcmp(line.options.stems[1], "vocals") == 0);
    options_free(&line.options);
}

static void test_effects(void)
{
    command_line line;
    const cli_options *options = &line.options;
    TEST_CHECK(parse(&line, "separate --normalize x --trim-silence y") == 0);
    TEST_CHECK(options->operand_count == 2 && options->normalize && options->trim);
    TEST_CHECK(options->normalize_lufs == -16.0 && options->trim_threshold == 0.001 &&
               options->trim_seconds == 0.0);
    options_free(&line.options);
    TEST_CHECK(parse(&line, "separate x --normalize=-23 --trim-silence=2/0.01 --post gain:1 "
                            "--post drums=gain:2 --pre eq:80/-3/1") == 0);
    TEST_CHECK(options->normalize_lufs == -23.0 && options->trim_threshold == 0.01 &&
               options->trim_seconds == 2.0);
    TEST_CHECK(strcmp(options->post, "gain:1") == 0 && options->post_count == 1 &&
               strcmp(options->post_stems[0], "drums") == 0 &&
               strcmp(options->post_chains[0], "gain:2") == 0);
    options_free(&line.options);
}

static void test_process(void)
{
    command_line line;
    const cli_options *options = &line.options;
    TEST_CHECK(parse(&line, "process a b") == 0);
    TEST_CHECK(options->chain.count == 0 && !options->has_format && options->channels == 0 &&
               options->quality == QUALITY_DEFAULT && options->rate_hz == 0);
    options_free(&line.options);
    TEST_CHECK(parse(&line, "process a b -x gain:-6;gain:1 -x gain:2 --rate 384000") == 0);
    TEST_CHECK(options->chain.count == 3 && options->rate_hz == 384000);
    options_free(&line.options);
    TEST_CHECK(parse(&line, "process a b --preset podcast") == 0);
    TEST_CHECK(options->chain.count == 3 && options->format == AUDIO_MP3 &&
               options->bitrate_kbps == 192 && options->quality == 0);
    options_free(&line.options);
    TEST_CHECK(parse(&line, "process a b --preset mobile --bitrate 256 -x gain:1") == 0);
    TEST_CHECK(options->chain.count == 1 && options->format == AUDIO_M4A &&
               options->bitrate_kbps == 256 && options->quality == QUALITY_DEFAULT);
    options_free(&line.options);
    TEST_CHECK(parse(&line, "process a b -x gain:1 --preset hifi --codec mp3") == 0);
    TEST_CHECK(options->chain.count == 1 && options->chain.effect[0].band_count == 3);
    TEST_CHECK(options->format == AUDIO_MP3 && options->quality == QUALITY_DEFAULT);
    options_free(&line.options);
    TEST_CHECK(parse(&line, "process a b --preset podcast --codec opus --bitrate 64") == 0);
    TEST_CHECK(options->format == AUDIO_OPUS && options->bitrate_kbps == 64);
    options_free(&line.options);
}

/* Each is refused with one sentence that holds the words given. */
static const struct {
    const char *text, *says;
} refusals[] = {
    {"seperate x", "did you mean \"separate\""},
    {"song.mp3", "cleave separate FILE"},
    {"xyzzy", "unknown command"},
    {"separate", "needs a file"},
    {"separate x --modle y", "did you mean \"--model\""},
    {"separate x --tow-stems y", "did you mean \"--two-stems\""},
    {"separate x --xyzzyx", "unknown option \"--xyzzyx\""},
    {"separate x -Z", "unknown option \"-Z\""},
    {"separate -Zf", "\"./-Zf\""},
    {"separate x --model", "needs a value"},
    {"separate x -n", "needs a value"},
    {"separate x --json=1", "takes no value"},
    {"separate x --format flca", "did you mean \"flac\""},
    {"separate x --format tape", "one of wav, flac"},
    {"separate x --bits 17", "does not take \"17\""},
    {"separate x --bits float --flac", "16 or 24"},
    {"separate x --bits 24 --mp3", "no bits"},
    {"separate x --bitrate 128", "no bit rate"},
    {"separate x --mp3 --bitrate 500", "32 to 320"},
    {"separate x --vbr 2", "mp3"},
    {"separate x --application voip", "opus"},
    {"separate x --compression 3", "flac"},
    {"separate x --shifts 33", "0 to 32"},
    {"separate x --shifts 1.5", "whole number"},
    {"separate x --shifts 99999999999999999999", "whole number"},
    {"separate x --overlap 1", "0 to 0.95"},
    {"separate x --overlap nan", "takes a number"},
    {"separate x --segment 0", "0.1 to 600"},
    {"separate x --no-split", "--segment"},
    {"separate x --rate 2000000000", "8000 to 192000"},
    {"separate x --device cud", "did you mean"},
    {"separate x --device cuda:x", "whole number"},
    {"separate x -d gpu", "did you mean \"cuda\"?"},
    {"separate x -d GPU:1", "did you mean \"cuda:1\"?"},
    {"separate x --clip harder", "rescale, clamp, tanh, none"},
    {"separate x -j 0", "1 to 64"},
    {"separate x --stems vocals,vocals", "twice"},
    {"separate x --stems vocals,,drums", "commas"},
    {"separate x --stems a,b,c,d,e,f,g,h,i", "at most 8"},
    {"separate x --stems a --two-stems b", "exclude each other"},
    {"separate x --other-method minus", "--two-stems"},
    {"separate x -q -v", "exclude each other"},
    {"separate x --out=", "not empty"},
    {"separate x --filename {track}.wav", "needs {stem}"},
    {"separate x --filename ../{stem}", "below the output folder"},
    {"separate x --filename {trak}/{stem}", "did you mean {track}"},
    {"separate x y -o -", "takes one input"},
    {"separate x -o - --json", "standard output"},
    {"separate x -o - --format m4a", "pipe"},
    {"separate x --input-rate 8000", "--input-format"},
    {"process x", "an input and an output"},
    {"process - - y", "read once"},
    {"process x y -", "takes one input"},
    {"process x - --json", "standard output"},
    {"process x y --fx gian:1", "did you mean \"gain\""},
    {"process x y --fx gain:1;gain:1;gain:1;gain:1;gain:1;gain:1;gain:1;gain:1;gain:1 -x "
     "gain:1;gain:1;gain:1;gain:1;gain:1;gain:1;gain:1;gain:1",
     "at most 16 effects, not 17"},
    {"process x y --preset mobil", "did you mean \"mobile\""},
    {"process x y --channels 9", "1 to 8"},
    {"process x y --quality 11", "0 to 10"},
    {"process x y --rate 500000", "8000 to 384000"},
    {"process x y --stems a", "unknown option"},
    {"separate x --pre gian", "did you mean \"gain\""},
    {"separate x --post vocals=gian", "did you mean \"gain\""},
    {"separate x --post =gain", "STEM=CHAIN"},
    {"separate x --normalize=loud", "takes a number"},
    {"separate x --trim-silence=1/2", "from 0 to 1"},
    {"probe", "needs a file"},
    {"probe x --stems y", "unknown option"},
    {"compare", "two folders, two files"},
    {"compare x", "two folders, two files"},
    {"compare x y z", "two folders, two files"},
    {"compare x -- ", "two folders, two files"},
    {"compare a b -- c", "as many estimates as references, not 1 and 2"},
    {"compare a -- b c", "not 2 and 1"},
    {"compare - b", "not from standard input"},
    {"analyze", "analyze needs a file"},
    {"analyze - -", "can be read once"},
    {"analyze a --spectogram b", "did you mean \"--spectrogram\""},
    {"analyze a --scale mle", "did you mean \"mel\""},
    {"analyze a --range 300", "a number from 20 to 180"},
    {"analyze a --spectrogram -", "needs the name of a file"},
    {"analyze a --waveform {stem}.png", "the field {track} only"},
    {"analyze a --spectrogram b.png --waveform b.png", "both want to be b.png"},
    {"analyze a b --records 0.1", "--records takes one input, not 2"},
    {"analyze a --records 2", "a number from 0.002 to 1"},
    {"analyse a", "did you mean \"analyze\""},
    {"separate a --spectrogram b", "unknown option"},
    {"compare a b --metrics snd", "did you mean"},
    {"compare a b --metrics sdr,,bss", "one of sdr, bss"},
    {"compare a b --metrics sdr,", "one of sdr, bss"},
    {"compare a b --metrics aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "one of sdr, bss"},
    {"compare a b --metrics=", "one of sdr, bss"},
    {"compare a b --out c", "unknown option"},
    {"info x", "too many"},
    {"help separat", "did you mean \"separate\""},
    {"help banana", "no help on \"banana\"; \"cleave help\" lists the commands"},
};

static void test_errors(void)
{
    int count = (int)(sizeof refusals / sizeof refusals[0]);
    for (int i = 0; i < count; i++) {
        command_line line;
        if (!TEST_CHECK(parse(&line, refusals[i].text) != 0) ||
            !TEST_CHECK(strstr(line.message, refusals[i].says) != NULL) ||
            !TEST_CHECK(strchr(line.message, '\n') == NULL)) {
            TEST_FAIL("\"%s\" says: %s", refusals[i].text, line.message);
        }
        options_free(&line.options);
    }
    test_passed_count(count);
}

static void test_commands(void)
{
    command_line line;
    TEST_CHECK(parse(&line, "") == 0 && line.options.command == COMMAND_HELP);
    options_free(&line.options);
    TEST_CHECK(parse(&line, "--version") == 0 && line.options.command == COMMAND_VERSION);
    options_free(&line.options);
    TEST_CHECK(parse(&line, "help probe") == 0 && strcmp(line.options.topic, "probe") == 0);
    options_free(&line.options);
    TEST_CHECK(parse(&line, "separate --help") == 0 && line.options.command == COMMAND_HELP);
    TEST_CHECK(line.options.topic != NULL && strcmp(line.options.topic, "separate") == 0);
    options_free(&line.options);
    TEST_CHECK(parse(&line, "probe a b --json") == 0 && line.options.operand_count == 2);
    options_free(&line.options);
    TEST_CHECK(parse(&line, "compare a b --metrics rms,bss") == 0);
    TEST_CHECK(line.options.metrics == (METRIC_RMS | METRIC_BSS) && line.options.divider == -1);
    options_free(&line.options);
    TEST_CHECK(parse(&line, "compare --json a b -- c -d") == 0);
    TEST_CHECK(line.options.metrics == METRIC_ALL && line.options.divider == 2 &&
               line.options.operand_count == 4 && strcmp(line.options.operands[3], "-d") == 0);
    options_free(&line.options);
    TEST_CHECK(
        parse(&line, "separate - --input-format f32le --input-rate 48000 --input-channels 2") == 0);
    TEST_CHECK(line.options.raw && line.options.raw_input.rate_hz == 48000 &&
               line.options.raw_input.channels == 2 &&
               strcmp(line.options.raw_input.format, "f32le") == 0);
    options_free(&line.options);
}

static void test_suggestions(void)
{
    static const char *const names[] = {"center", "center:naive", "htdemucs", "mdx"};
    TEST_CHECK(strcmp(suggest_nearest("centre", names, 4), "center") == 0);
    TEST_CHECK(strcmp(suggest_nearest("HTDEMUCS", names, 4), "htdemucs") == 0);
    TEST_CHECK(strcmp(suggest_nearest("htdemcus", names, 4), "htdemucs") == 0);
    TEST_CHECK(strcmp(suggest_nearest("mxd", names, 4), "mdx") == 0);
    TEST_CHECK(suggest_nearest("banana", names, 4) == NULL);
    TEST_CHECK(suggest_nearest("", names, 4) == NULL);
    char huge[200];
    memset(huge, 'a', sizeof huge);
    huge[sizeof huge - 1] = '\0';
    TEST_CHECK(suggest_nearest(huge, names, 4) == NULL);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"defaults", test_defaults},   {"every option", test_every_row},
        {"spellings", test_spellings}, {"habits", test_habits},
        {"stems", test_stems},         {"errors", test_errors},
        {"process", test_process},     {"effects", test_effects},
        {"commands", test_commands},   {"suggestions", test_suggestions},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
