/* model.c: the commands that manage models. */
#include "host/model.h"

#include <stdlib.h>
#include <string.h>

enum { DONE = 0, FAILED = 1, USAGE = 2, OPERANDS_MAX = 64 };

static const char usage[] =
    "cleave model import FILE... [--name NAME] [--type f32|f16] [--kind htdemucs|hdemucs]\n"
    "                             checkpoints (.th, .pt, .safetensors) and bags (.yaml) into the "
    "store\n"
    "cleave model list [--json]   what is installed; * marks the version that is used\n"
    "cleave model info NAME [--json]\n"
    "cleave model verify NAME...  read every byte and compare the checksums\n"
    "cleave model remove NAME...  all versions of NAME, or NAME@VERSION\n"
    "cleave weights inspect FILE  header, configuration and tensors of a weight file\n"
    "\nThe store is $CLEAVE_MODELS_DIR, else $XDG_DATA_HOME/cleave/models, else "
    "~/.local/share/cleave/models.\n";

typedef struct arguments {
    const char *verb;
    const char *operands[OPERANDS_MAX];
    int operand_count, json;
    model_import_options import;
} arguments;

static int complain(const char *subject, const char *sentence)
{
    char escaped[CLEAVE_SENTENCE_BYTES];

    cleave_sentence(escaped, "%.200s", subject);
    fprintf(stderr, "cleave: %s%s%s\n", escaped, subject[0] ? ": " : "", sentence);
    return FAILED;
}

static int wrong(const char *sentence, const char *word)
{
    complain(word, sentence);
    fputs(usage, stderr);
    return USAGE;
}

/* "--name VALUE" and "--name=VALUE"; NULL if the argument is not that option or has no value. */
static const char *option_value(int argc, char **argv, int *at, const char *name)
{
    const size_t bytes = strlen(name);

    if (strncmp(argv[*at], name, bytes) != 0)
        return NULL;
    if (argv[*at][bytes] == '=')
        return argv[*at] + bytes + 1;
    return argv[*at][bytes] == 0 && *at + 1 < argc ? argv[++*at] : NULL;
}

static int parse_option(arguments *a, int argc, char **argv, int *at)
{
    const int importing = !strcmp(a->verb, "import");
    const char *value;

    if (!strcmp(argv[*at], "--json") && (!strcmp(a->verb, "list") || !strcmp(a->verb, "info")))
        return a->json = 1;
    if (importing && (value = option_value(argc, argv, at, "--name")))
        return (a->import.name = value) != NULL;
    if (importing && (value = option_value(argc, argv, at, "--kind")))
        return (a->import.kind = value) != NULL;
    if (importing && (value = option_value(argc, argv, at, "--type"))) {
        a->import.type = !strcmp(value, "f32")   ? CLEAVE_WEIGHTS_F32
                         : !strcmp(value, "f16") ? CLEAVE_WEIGHTS_F16
                                                 : 0;
        return a->import.type != 0;
    }
    return 0;
}

static int parse(arguments *a, int argc, char **argv)
{
    int options = 1;

    a->verb = argv[2];
    for (int i = 3; i < argc; i++) {
        if (options && !strcmp(argv[i], "--")) {
            options = 0;
        } else if (options && argv[i][0] == '-' && argv[i][1]) {
            if (!parse_option(a, argc, argv, &i))
                return wrong("an unknown option, or a wrong value", argv[i]);
        } else if (a->operand_count == OPERANDS_MAX) {
            return wrong("too many operands", argv[i]);
        } else {
            a->operands[a->operand_count++] = argv[i];
        }
    }
    return DONE;
}

static int run_import(const model_store *store, const arguments *a)
{
    char message[CLEAVE_SENTENCE_BYTES];
    int status = DONE;

    for (int i = 0; i < a->operand_count; i++) {
        model_entry entry;
        if (model_store_import(store, a->operands[i], &a->import, &entry, message))
            printf("%s%s%s\n", entry.name, entry.version[0] ? "@" : "", entry.version);
        else
            status = complain(a->operands[i], message);
    }
    return status;
}

static int run_list(const model_store *store, const arguments *a)
{
    char message[CLEAVE_SENTENCE_BYTES];
    model_entry *entries;
    const int count = model_store_list(store, &entries, message);

    if (count < 0)
        return complain("", message);
    model_show_list(stdout, store, entries, count, a->json);
    free(entries);
    return DONE;
}

static int run_each(const model_store *store, const arguments *a)
{
    char message[CLEAVE_SENTENCE_BYTES];
    int status = DONE, count = 0;

    for (int i = 0; i < a->operand_count; i++) {
        const char *name = a->operands[i];
        model_entry entry;
        int ok;
        if (!strcmp(a->verb, "remove")) {
            ok = model_store_remove(store, name, &count, message);
            if (ok)
                printf("%s: removed %d %s\n", name, count, count == 1 ? "file" : "files");
        } else if (!strcmp(a->verb, "verify")) {
            ok = model_store_find(store, name, &entry, message) &&
                 model_store_verify(store, &entry, message);
            if (ok)
                printf("%s: whole\n", name);
        } else {
            ok = model_store_find(store, name, &entry, message) &&
                 model_show_info(stdout, store, &entry, a->json, message);
        }
        if (!ok)
            status = complain(name, message);
    }
    return status;
}

static int run_inspect(const arguments *a)
{
    char message[CLEAVE_SENTENCE_BYTES];
    int status = DONE;

    for (int i = 0; i < a->operand_count; i++)
        if (!model_show_file(stdout, a->operands[i], message))
            status = complain(a->operands[i], message);
    return status;
}

int model_wanted(int argc, char **argv)
{
    return argc > 1 && (!strcmp(argv[1], "model") || !strcmp(argv[1], "weights"));
}

static int run_command(int argc, char **argv)
{
    char message[CLEAVE_SENTENCE_BYTES];
    const int weights = !strcmp(argv[1], "weights");
    model_store store;
    arguments a = {0};

    if (argc < 3)
        return wrong("a command is missing", argv[1]);
    if (!strcmp(argv[2], "--help") || !strcmp(argv[2], "help"))
        return fputs(usage, stdout) < 0 ? FAILED : DONE;
    if (parse(&a, argc, argv) != DONE)
        return USAGE;
    if (strcmp(a.verb, "list") != 0 && a.operand_count == 0)
        return wrong("a name or file is missing", a.verb);
    if (weights)
        return !strcmp(a.verb, "inspect") ? run_inspect(&a) : wrong("no such command", a.verb);
    if (a.import.name && a.operand_count > 1)
        return wrong("--name takes one file", a.import.name);
    if (!model_store_open(&store, message))
        return complain("", message);
    if (!strcmp(a.verb, "import"))
        return run_import(&store, &a);
    if (!strcmp(a.verb, "list"))
        return run_list(&store, &a);
    if (!strcmp(a.verb, "info") || !strcmp(a.verb, "verify") || !strcmp(a.verb, "remove"))
        return run_each(&store, &a);
    return wrong("no such command", a.verb);
}

int model_run(int argc, char **argv)
{
    const int status = run_command(argc, argv);

    if ((fflush(stdout) != 0 || ferror(stdout)) && status == DONE)
        return complain("standard output", "cannot be written");
    return status;
}
