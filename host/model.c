/* model.c: the commands that manage models. */
#include "host/model.h"

#include "host/json.h"
#include "host/suggest.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { DONE = 0, FAILED = 1, USAGE = 2, OPERANDS_MAX = 64 };

static const char usage[] =
    "cleave model import PATH... [--name NAME] [--type f32|f16] [--kind KIND]\n"
    "                             checkpoints (.th, .pt, .safetensors, TensorFlow's .index,\n"
    "                             folder or archive, as 4stems.tar.gz) and bags (.yaml) into\n"
    "                             the store; KIND is htdemucs, hdemucs or spleeter\n"
    "cleave model pull NAME... [--mirror URL] [--force]\n"
    "                             official models, downloaded and imported: htdemucs,\n"
    "                             htdemucs_ft, htdemucs_6s, hdemucs_mmi, spleeter:2stems,\n"
    "                             spleeter:4stems, spleeter:5stems; --mirror, or\n"
    "                             $CLEAVE_MIRROR, is the address to take the files from,\n"
    "                             --force pulls again what is there\n"
    "cleave model list [--json]   what there is; * marks the version that is used\n"
    "cleave model info NAME [--memory] [--json]\n"
    "                             --memory adds what separating takes for 1, 2, 4 and 8 threads\n"
    "cleave model verify NAME...  read every byte and compare the checksums\n"
    "cleave model remove NAME...  all versions of NAME, or NAME@VERSION\n"
    "cleave weights inspect FILE  header, configuration and tensors of a weight file\n"
    "\nThe store is $CLEAVE_MODELS_DIR, else $XDG_DATA_HOME/cleave/models, else "
    "~/.local/share/cleave/models.\n";

typedef struct arguments {
    const char *verb;
    const char *operands[OPERANDS_MAX];
    int operand_count, json, memory, force;
    const char *mirror;
    model_import_options import;
} arguments;

static int complain(const char *subject, const char *sentence)
{
    char escaped[CLEAVE_SENTENCE_BYTES];

    cleave_sentence(escaped, "%.200s", subject);
    fprintf(stderr, "cleave: %s%s%s\n", escaped, subject[0] ? ": " : "", sentence);
    return FAILED;
}

static int wrong(const char *format, ...)
{
    char sentence[CLEAVE_SENTENCE_BYTES], escaped[CLEAVE_SENTENCE_BYTES];
    va_list values;

    va_start(values, format);
    vsnprintf(sentence, sizeof sentence, format, values);
    va_end(values);
    cleave_sentence(escaped, "%s", sentence);
    fprintf(stderr, "cleave: %s\n", escaped);
    return USAGE;
}

static int unknown(const char *what, const char *word, const char *const *names, int32_t count)
{
    const char *nearest = suggest_nearest(word, names, count);

    if (nearest)
        return wrong("unknown %s \"%.64s\"; did you mean \"%s\"?", what, word, nearest);
    return wrong("unknown %s \"%.64s\"; \"cleave model help\" lists them", what, word);
}

/* "--name VALUE" and "--name=VALUE": whether the argument is that option. *value is NULL if it
 * has none. */
static int option_value(int argc, char **argv, int *at, const char *name, const char **value)
{
    const size_t bytes = strlen(name);
    const char *argument = argv[*at];

    if (strncmp(argument, name, bytes) != 0 || (argument[bytes] != 0 && argument[bytes] != '='))
        return 0;
    if (argument[bytes] == '=')
        *value = argument + bytes + 1;
    else
        *value = *at + 1 < argc ? argv[++*at] : NULL;
    return 1;
}

static int parse_type(arguments *a, const char *value)
{
    a->import.type = !value                  ? 0
                     : !strcmp(value, "f32") ? CLEAVE_WEIGHTS_F32
                     : !strcmp(value, "f16") ? CLEAVE_WEIGHTS_F16
                                             : 0;
    return a->import.type ? DONE : wrong("option \"--type\" takes f32 or f16");
}

static int parse_option(arguments *a, int argc, char **argv, int *at)
{
    static const char *const import_options[] = {"--name", "--kind", "--type"};
    static const char *const show_options[] = {"--json", "--memory"};
    static const char *const pull_options[] = {"--mirror", "--force"};
    const int importing = !strcmp(a->verb, "import"), pulling = !strcmp(a->verb, "pull");
    const int showing = !strcmp(a->verb, "list") || !strcmp(a->verb, "info");
    const char *value;

    if (showing && !strcmp(argv[*at], "--json")) {
        a->json = 1;
        return DONE;
    }
    if (showing && !strcmp(a->verb, "info") && !strcmp(argv[*at], "--memory")) {
        a->memory = 1;
        return DONE;
    }
    if (importing && option_value(argc, argv, at, "--name", &value))
        return (a->import.name = value) ? DONE : wrong("option \"--name\" needs a name");
    if (importing && option_value(argc, argv, at, "--kind", &value))
        return (a->import.kind = value) ? DONE : wrong("option \"--kind\" needs a kind");
    if (importing && option_value(argc, argv, at, "--type", &value))
        return parse_type(a, value);
    if (pulling && option_value(argc, argv, at, "--mirror", &value))
        return (a->mirror = value) ? DONE : wrong("option \"--mirror\" needs an address");
    if (pulling && !strcmp(argv[*at], "--force")) {
        a->force = 1;
        return DONE;
    }
    if (importing || pulling)
        return unknown("option", argv[*at], importing ? import_options : pull_options,
                       importing ? 3 : 2);
    return unknown("option", argv[*at], show_options, showing + !strcmp(a->verb, "info"));
}

static int parse(arguments *a, int argc, char **argv)
{
    int options = 1;

    a->verb = argv[2];
    for (int i = 3; i < argc; i++) {
        if (options && !strcmp(argv[i], "--")) {
            options = 0;
        } else if (options && argv[i][0] == '-' && argv[i][1]) {
            if (parse_option(a, argc, argv, &i) != DONE)
                return USAGE;
        } else if (a->operand_count == OPERANDS_MAX) {
            return wrong("more than %d names or files at once", OPERANDS_MAX);
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
    if (count == 0 && !a->json)
        fprintf(stderr, "none is installed in %s; \"cleave model pull htdemucs\" brings one\n",
                store->folder);
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
            ok = model_show_info(stdout, store, name, a->json, a->memory, message);
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

static int is_family(const char *word)
{
    return !strcmp(word, "model") || !strcmp(word, "weights");
}

int model_wanted(int argc, char **argv)
{
    return argc > 1 &&
           (is_family(argv[1]) || (argc > 2 && !strcmp(argv[1], "help") && is_family(argv[2])));
}

/* "help" as the command or before it; the options of help anywhere before "--". */
static int asks_for_help(int argc, char **argv)
{
    int asked = !strcmp(argv[1], "help") || !strcmp(argv[2], "help");

    for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++)
        asked |= !strcmp(argv[i], "--help") || !strcmp(argv[i], "-h");
    return asked;
}

static int check_verb(const char *family, const char *verb)
{
    static const char *const verbs[] = {"import", "pull",   "list", "info",
                                        "verify", "remove", "help"};
    static const char *const weights_verbs[] = {"inspect", "help"};
    const int weights = !strcmp(family, "weights");
    const char *const *names = weights ? weights_verbs : verbs;
    const int count = weights ? 2 : 7;

    for (int i = 0; i < count; i++)
        if (!strcmp(verb, names[i]))
            return DONE;
    return unknown(weights ? "weights command" : "model command", verb, names, count);
}

static int run_verb(const arguments *a)
{
    char message[CLEAVE_SENTENCE_BYTES];
    model_store store;

    if (!strcmp(a->verb, "inspect"))
        return run_inspect(a);
    if (!model_store_open(&store, message))
        return complain("", message);
    if (!strcmp(a->verb, "import"))
        return run_import(&store, a);
    if (!strcmp(a->verb, "pull"))
        return model_pull_run(&store, a->operands, a->operand_count, a->mirror, a->force);
    return !strcmp(a->verb, "list") ? run_list(&store, a) : run_each(&store, a);
}

static int run_command(int argc, char **argv)
{
    arguments a = {0};

    if (argc < 3)
        return wrong("%s needs a command: %s", argv[1],
                     !strcmp(argv[1], "weights") ? "inspect"
                                                 : "import, pull, list, info, verify or remove");
    if (asks_for_help(argc, argv))
        return fputs(usage, stdout) < 0 ? FAILED : DONE;
    if (check_verb(argv[1], argv[2]) != DONE || parse(&a, argc, argv) != DONE)
        return USAGE;
    if (a.json && json_backend() == NULL)
        return wrong("--json needs the library jansson, which this build is without");
    if (!strcmp(a.verb, "list") && a.operand_count > 0)
        return wrong("\"%.64s\" is one word too many here", a.operands[0]);
    if (strcmp(a.verb, "list") != 0 && a.operand_count == 0)
        return wrong("%s %s needs a %s", argv[1], a.verb,
                     !strcmp(a.verb, "import") || !strcmp(a.verb, "inspect") ? "file" : "name");
    if (a.import.name && a.operand_count > 1)
        return wrong("option \"--name\" takes one file, not %d", a.operand_count);
    return run_verb(&a);
}

int model_run(int argc, char **argv)
{
    const int status = run_command(argc, argv);

    if ((fflush(stdout) != 0 || ferror(stdout)) && status == DONE)
        return complain("standard output", "cannot be written");
    return status;
}
