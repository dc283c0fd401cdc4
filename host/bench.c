/* bench.c: the command `cleave bench`. */
#include "host/bench.h"

#include "host/commands.h"
#include "host/json.h"
#include "host/suggest.h"

#include <stdio.h>
#include <string.h>

int bench_wanted(int argc, char **argv)
{
    return argc > 1 &&
           (strcmp(argv[1], "bench") == 0 ||
            (argc > 2 && strcmp(argv[1], "help") == 0 && strcmp(argv[2], "bench") == 0));
}

/* "help" as the command or before it; the options of help anywhere before "--". */
static int asks_for_help(int argc, char **argv)
{
    int asked = strcmp(argv[1], "help") == 0 || (argc > 2 && strcmp(argv[2], "help") == 0);
    for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++) {
        asked |= strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0;
    }
    return asked;
}

static int find_kind(const char *word, bench_kind *kind, char *message)
{
    static const char *const names[] = {"model", "kernels"};
    if (strcmp(word, names[0]) == 0 || strcmp(word, names[1]) == 0) {
        *kind = strcmp(word, names[0]) == 0 ? BENCH_MODEL : BENCH_KERNELS;
        return 1;
    }
    const char *nearest = suggest_nearest(word, names, 2);
    if (nearest != NULL) {
        return cleave_sentence(message, "bench measures no \"%.64s\"; did you mean \"%s\"?", word,
                               nearest);
    }
    return cleave_sentence(message, "bench measures a model or kernels, not \"%.64s\"", word);
}

static int run(int argc, char **argv, char *message)
{
    bench_options options = {.runs = 20, .steps = -1};
    if (asks_for_help(argc, argv)) {
        bench_options_help();
        return EXIT_DONE;
    }
    if (argc < 3) {
        cleave_sentence(message, "bench needs to know what to measure: model or kernels");
        return EXIT_USAGE;
    }
    if (!find_kind(argv[2], &options.kind, message) ||
        bench_options_parse(&options, argc - 3, argv + 3, message) != 0) {
        return EXIT_USAGE;
    }
    if (options.json && json_backend() == NULL) {
        cleave_sentence(message, "--json needs the library jansson, which this build is without");
        return EXIT_USAGE;
    }
    return options.kind == BENCH_MODEL ? bench_model_run(&options, message)
                                       : bench_kernels_run(&options, message);
}

int bench_run(int argc, char **argv)
{
    char message[CLEAVE_SENTENCE_BYTES] = "";
    int status = run(argc, argv, message);
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == EXIT_DONE) {
        cleave_sentence(message, "standard output: cannot be written");
        status = EXIT_TRACK;
    }
    if (status != EXIT_DONE) {
        fprintf(stderr, "cleave: %s\n", message);
    }
    return status;
}
