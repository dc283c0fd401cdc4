/* bench_options.c: the command line of `cleave bench`. */
#include "host/bench.h"

#include "host/suggest.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMN 24 /* where the descriptions begin */

typedef enum option_id {
    OPTION_SYNTHETIC,
    OPTION_THREADS,
    OPTION_DEVICE,
    OPTION_PRECISION,
    OPTION_ISA,
    OPTION_OP,
    OPTION_STEMS,
    OPTION_SEGMENT,
    OPTION_SECONDS,
    OPTION_RATE,
    OPTION_CHANNELS,
    OPTION_RUNS,
    OPTION_STEPS,
    OPTION_JSON,
    OPTION_CSV
} option_id;

typedef enum option_value { NO_VALUE, VALUE, MAYBE } option_value;

static const struct {
    const char *name;
    option_id id;
    unsigned kinds;
    option_value value; /* MAYBE: only after = */
    const char *argument, *help;
} rows[] = {
    {"synthetic", OPTION_SYNTHETIC, BENCH_MODEL, NO_VALUE, "",
     "an official model with weights of a formula, which need not be installed"},
    {"threads", OPTION_THREADS, BENCH_MODEL, VALUE, " N",
     "that compute (as many as do well at once)"},
    {"device", OPTION_DEVICE, BENCH_MODEL, VALUE, " NAME", "cpu, cuda or cuda:N (cpu)"},
    {"precision", OPTION_PRECISION, BENCH_MODEL, VALUE, " NAME", "fp32|tf32|bf16|fp16 (fp32)"},
    {"isa", OPTION_ISA, BENCH_MODEL, VALUE, " NAME",
     "of the kernels: ref, avx2, avx512 or neon (the best there is)"},
    {"isa", OPTION_ISA, BENCH_KERNELS, VALUE, " NAME",
     "one of ref, avx2, avx512 and neon (each there is)"},
    {"op", OPTION_OP, BENCH_KERNELS, VALUE, " NAME", "one op, as \"conv\" (all)"},
    {"stems", OPTION_STEMS, BENCH_MODEL, VALUE, " LIST",
     "that are asked for, with commas (the model's own)"},
    {"segment", OPTION_SEGMENT, BENCH_MODEL, VALUE, " S", "seconds of a segment (the model's)"},
    {"seconds", OPTION_SECONDS, BENCH_MODEL, VALUE, " S",
     "pass a track of so many seconds through the engine, too"},
    {"rate", OPTION_RATE, BENCH_MODEL, VALUE, " HZ", "of the audio (the model's, or 44100)"},
    {"channels", OPTION_CHANNELS, BENCH_MODEL, VALUE, " N", "of the audio (2)"},
    {"runs", OPTION_RUNS, BENCH_MODEL, VALUE, " N", "of the segment, after two warm-ups (20)"},
    {"steps", OPTION_STEPS, BENCH_MODEL, MAYBE, "[=N|all]",
     "the N costliest steps (10), or all in their order; and the sums of each op"},
    {"json", OPTION_JSON, BENCH_MODEL | BENCH_KERNELS, NO_VALUE, "",
     "one JSON object a line on standard output"},
    {"csv", OPTION_CSV, BENCH_MODEL, VALUE, " FILE",
     "add to FILE, too: a line for the model, or with --steps one for each step"},
    {"csv", OPTION_CSV, BENCH_KERNELS, VALUE, " FILE", "add to FILE, too: a line for each kernel"},
};
#define ROW_COUNT (sizeof rows / sizeof rows[0])

/* What a network is computed in. */
static const struct {
    const char *name;
    cleave_precision precision;
} precisions[] = {
    {"fp32", CLEAVE_PRECISION_FP32},
    {"tf32", CLEAVE_PRECISION_TF32},
    {"bf16", CLEAVE_PRECISION_BF16},
    {"fp16", CLEAVE_PRECISION_FP16},
};
#define PRECISION_COUNT (sizeof precisions / sizeof precisions[0])

const char *bench_precision_name(cleave_precision precision)
{
    for (size_t i = 0; i < PRECISION_COUNT; i++) {
        if (precisions[i].precision == precision) {
            return precisions[i].name;
        }
    }
    return "unknown";
}

void bench_options_help(void)
{
    printf("cleave bench model NAME|FILE [OPTION...]\n"
           "cleave bench kernels [CASE...] [OPTION...]\n\n"
           "How fast this machine computes a segment of a model, installed, in a weight file, the\n"
           "engine's own or official with --synthetic; and each kernel on the shapes of models,\n"
           "those whose names contain CASE. docs/benchmarking.md explains the figures.\n");
    for (unsigned kind = BENCH_MODEL; kind <= BENCH_KERNELS; kind <<= 1) {
        printf("\n%s:\n", kind == BENCH_MODEL ? "model" : "kernels");
        for (size_t i = 0; i < ROW_COUNT; i++) {
            char left[64];
            if ((rows[i].kinds & kind) != 0) {
                snprintf(left, sizeof left, "  --%s%s", rows[i].name, rows[i].argument);
                printf("%-*s %s\n", COLUMN, left, rows[i].help);
            }
        }
    }
}

static int read_integer(const char *name, const char *text, int32_t low, int32_t high,
                        int32_t *value, char *message)
{
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || number < low || number > high) {
        cleave_sentence(message,
                        "option \"--%s\" takes a whole number from %d to %d, not \"%.40s\"", name,
                        (int)low, (int)high, text);
        return -1;
    }
    *value = (int32_t)number;
    return 0;
}

static int read_seconds(const char *name, const char *text, double high, double *value,
                        char *message)
{
    char *end;
    double number = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(number) || number < 0.1 || number > high) {
        cleave_sentence(message, "option \"--%s\" takes seconds from 0.1 to %g, not \"%.40s\"",
                        name, high, text);
        return -1;
    }
    *value = number;
    return 0;
}

static int read_precision(bench_options *options, const char *text, char *message)
{
    char list[64] = "";
    for (size_t i = 0; i < PRECISION_COUNT; i++) {
        if (strcmp(precisions[i].name, text) == 0) {
            options->precision = precisions[i].precision;
            return 0;
        }
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "", precisions[i].name);
    }
    cleave_sentence(message, "option \"--precision\" takes %s, not \"%.40s\"", list, text);
    return -1;
}

static int read_device(bench_options *options, const char *text, char *message)
{
    if (strcmp(text, "cpu") == 0) {
        options->device = CLEAVE_DEVICE_CPU;
        return 0;
    }
    options->device = CLEAVE_DEVICE_CUDA;
    if (strcmp(text, "cuda") == 0) {
        return 0;
    }
    if (strncmp(text, "cuda:", 5) == 0) {
        return read_integer("device", text + 5, 0, 63, &options->device_index, message);
    }
    cleave_sentence(message, "option \"--device\" takes cpu, cuda or cuda:N, not \"%.40s\"", text);
    return -1;
}

static int read_steps(bench_options *options, const char *text, char *message)
{
    options->steps = 10;
    if (text != NULL && strcmp(text, "all") == 0) {
        options->steps = BENCH_STEPS_ALL;
        return 0;
    }
    return text == NULL ? 0 : read_integer("steps", text, 1, 100000, &options->steps, message);
}

static int apply(bench_options *o, option_id id, const char *name, const char *text, char *message)
{
    switch (id) {
    case OPTION_SYNTHETIC:
        o->synthetic = 1;
        return 0;
    case OPTION_THREADS:
        return read_integer(name, text, 1, CLEAVE_THREADS_MAX, &o->threads, message);
    case OPTION_DEVICE:
        return read_device(o, text, message);
    case OPTION_PRECISION:
        return read_precision(o, text, message);
    case OPTION_ISA:
        o->isa = text;
        return 0;
    case OPTION_OP:
        o->op = text;
        return 0;
    case OPTION_STEMS:
        o->stems = text;
        return 0;
    case OPTION_SEGMENT:
        return read_seconds(name, text, 600, &o->segment_seconds, message);
    case OPTION_SECONDS:
        return read_seconds(name, text, 3600, &o->track_seconds, message);
    case OPTION_RATE:
        return read_integer(name, text, CLEAVE_RATE_HZ_MIN, CLEAVE_RATE_HZ_MAX, &o->rate_hz,
                            message);
    case OPTION_CHANNELS:
        return read_integer(name, text, 1, CLEAVE_CHANNELS_MAX, &o->channels, message);
    case OPTION_RUNS:
        return read_integer(name, text, 1, 10000, &o->runs, message);
    case OPTION_STEPS:
        return read_steps(o, text, message);
    case OPTION_JSON:
        o->json = 1;
        return 0;
    default:
        o->csv = text;
        return 0;
    }
}

static int unknown(const bench_options *options, const char *word, char *message)
{
    const char *names[ROW_COUNT];
    int32_t count = 0;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if ((rows[i].kinds & options->kind) != 0) {
            names[count++] = rows[i].name;
        }
    }
    const char *nearest = suggest_nearest(word + strspn(word, "-"), names, count);
    if (nearest != NULL) {
        cleave_sentence(message, "unknown option \"%.40s\"; did you mean \"--%s\"?", word, nearest);
    } else {
        cleave_sentence(message, "unknown option \"%.40s\"; \"cleave help bench\" lists them",
                        word);
    }
    return -1;
}

/* "--name", "--name VALUE", "--name=VALUE". */
static int parse_option(bench_options *options, int argc, char **argv, int *at, char *message)
{
    const char *word = argv[*at];
    size_t bytes = strcspn(word, "=");
    const char *value = word[bytes] == '=' ? word + bytes + 1 : NULL;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (strlen(rows[i].name) + 2 != bytes || strncmp(word, "--", 2) != 0 ||
            memcmp(rows[i].name, word + 2, bytes - 2) != 0 ||
            (rows[i].kinds & options->kind) == 0) {
            continue;
        }
        if (rows[i].value == NO_VALUE && value != NULL) {
            cleave_sentence(message, "option \"--%s\" takes no value", rows[i].name);
            return -1;
        }
        if (rows[i].value == VALUE && value == NULL) {
            value = *at + 1 < argc ? argv[++*at] : NULL;
        }
        if (rows[i].value == VALUE && (value == NULL || value[0] == '\0')) {
            cleave_sentence(message, "option \"--%s\" needs a value:%s", rows[i].name,
                            rows[i].argument);
            return -1;
        }
        return apply(options, rows[i].id, rows[i].name, value, message);
    }
    return unknown(options, word, message);
}

int bench_options_parse(bench_options *options, int argc, char **argv,
                        char message[CLEAVE_SENTENCE_BYTES])
{
    int only_names = 0;
    for (int i = 0; i < argc; i++) {
        if (!only_names && strcmp(argv[i], "--") == 0) {
            only_names = 1;
        } else if (!only_names && argv[i][0] == '-' && argv[i][1] != '\0') {
            if (parse_option(options, argc, argv, &i, message) != 0) {
                return -1;
            }
        } else if (options->name_count == BENCH_NAMES_MAX) {
            cleave_sentence(message, "more than %d names at once", BENCH_NAMES_MAX);
            return -1;
        } else {
            options->names[options->name_count++] = argv[i];
        }
    }
    if (options->kind == BENCH_MODEL && options->name_count != 1) {
        cleave_sentence(message,
                        options->name_count == 0
                            ? "bench model needs the name of a model"
                            : "bench model takes one model, and \"%.64s\" is another",
                        options->names[1]);
        return -1;
    }
    return 0;
}
