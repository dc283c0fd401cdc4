/* help.c: `cleave help [COMMAND]`, from the table of options. */
#include "host/commands.h"

#include <stdio.h>
#include <string.h>

#define COLUMN 34 /* where the descriptions begin */

static const struct {
    command command;
    const char *name, *usage, *summary, *more;
} topics[] = {
    {COMMAND_SEPARATE, "separate", "INPUT...", "separate tracks into stems",
     "INPUT is a file of any audio format, a folder (searched with all folders in it), or - for "
     "standard input.\n"
     "The stems are written to separated/MODEL/TRACK/STEM.wav.\n"},
    {COMMAND_PROCESS, "process", "INPUT... OUTPUT", "run files through effects and encoders",
     "INPUT is a file of any audio format, a folder, or - for standard input. OUTPUT is a file "
     "whose "
     "name says\nits codec, - for standard output, or with several inputs a folder.\n"},
    {COMMAND_PROBE, "probe", "FILE...", "tell what files say of themselves", ""},
    {COMMAND_COMPARE, "compare", "REF... EST...", "measure estimates against their references",
     "REF and EST are two folders, whose files belong together by name, or two files; or several "
     "files each,\nas in: cleave compare a.wav b.wav -- a2.wav b2.wav. docs/quality.md explains "
     "the figures; those in dB\nthat are not defined are shown as -, in JSON as null.\n"},
    {COMMAND_ANALYZE, "analyze", "FILE...", "measure levels, loudness, spectrum and faults",
     "FILE is a file of any audio format, a folder (searched with all folders in it), or - for "
     "standard input.\ndocs/analysis.md defines each measure; those that are not defined are shown "
     "as -, in JSON as null.\n"},
    {COMMAND_INFO, "info", "", "tell what this program was built with, and what it runs on", ""},
    {COMMAND_MODELS, "models", "", "list the models and their stems", ""},
    {COMMAND_HELP, "help", "[COMMAND]", "explain a command", ""},
};
#define TOPIC_COUNT (sizeof topics / sizeof topics[0])

static void print_all(void);
static void print_option(const option_row *option, const option_row *rows, int32_t count);

int help_run(const cli_options *options)
{
    int32_t count = 0;
    const option_row *rows = options_rows(&count);
    if (options->topic == NULL) {
        print_all();
        return EXIT_DONE;
    }
    for (size_t t = 0; t < TOPIC_COUNT; t++) {
        if (strcmp(topics[t].name, options->topic) != 0) {
            continue;
        }
        printf("cleave %s %s%s[OPTION...]: %s\n%s\n", topics[t].name, topics[t].usage,
               topics[t].usage[0] != '\0' ? " " : "", topics[t].summary, topics[t].more);
        for (int32_t i = 0; i < count; i++) {
            if (rows[i].help != NULL && (rows[i].commands & topics[t].command) != 0) {
                print_option(&rows[i], rows, count);
            }
        }
    }
    return EXIT_DONE;
}

static void print_all(void)
{
    printf("cleave separates music into stems, and processes audio files.\n\n");
    for (size_t t = 0; t < TOPIC_COUNT; t++) {
        printf("  cleave %-8s %-15s %s\n", topics[t].name, topics[t].usage, topics[t].summary);
    }
    printf("  cleave model    COMMAND         get and manage models: see \"cleave model help\"\n"
           "  cleave weights  inspect         show what a weight file holds\n"
           "  cleave bench    model|kernels   measure how fast this machine computes them\n");
    printf(
        "\n  cleave separate song.mp3                        the stems of a song, in separated/\n"
        "  cleave separate album --two-stems vocals --mp3  a folder, as vocals and the rest\n"
        "  cleave analyze song.mp3 --report song.html      its loudness, spectrum and faults\n"
        "  cleave model pull htdemucs                      Demucs, which separate uses from then "
        "on\n"
        "  cleave process take.wav take.mp3 --preset podcast\n"
        "                                                  through effects, for a podcast\n"
        "\n\"cleave help separate\" lists its options.\n");
}

/* "  -n, --model NAME   text", and other spellings below. */
static void print_option(const option_row *option, const option_row *rows, int32_t count)
{
    char left[96];
    char letter[5] = "    ";
    if (option->letter != 0) {
        snprintf(letter, sizeof letter, "-%c%s", option->letter, option->name != NULL ? ", " : "");
    }
    snprintf(left, sizeof left, "  %s%s%s%s%s", letter, option->name != NULL ? "--" : "",
             option->name != NULL ? option->name : "",
             option->argument != NULL && !option_value_is_optional(option) ? " " : "",
             option->argument != NULL ? option->argument : "");
    int fits = strlen(left) < COLUMN;
    printf("%-*s%s%*s%s", COLUMN, left, fits ? "" : "\n", fits ? 0 : COLUMN, "", option->help);
    for (int32_t i = 0; i < count; i++) {
        if (rows[i].help == NULL && rows[i].id == option->id) {
            printf("; also --%s", rows[i].name);
        }
    }
    printf("\n");
}
