/* model_open_test.c: models of a store, opened for use: what they are called, what they hold, and
 * that their pages can be given back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/model_open.h"
#include "tests/test.h"

/* A store with the tiny model in it, twice. */
typedef struct scene {
    char root[64];
    model_store store;
    model_entry entry;
    char message[CLEAVE_SENTENCE_BYTES];
} scene;

static int begin(scene *s)
{
    const model_import_options first = {.name = "one"}, second = {.name = "two"};
    const char *checkpoint = test_golden("models/tiny_htdemucs.th");
    snprintf(s->root, sizeof s->root, "/tmp/cleave_open_XXXXXX");
    if (!TEST_CHECK(checkpoint && mkdtemp(s->root))) {
        return 0;
    }
    snprintf(s->store.folder, sizeof s->store.folder, "%s", s->root);
    return TEST_CHECK(model_store_import(&s->store, checkpoint, &second, &s->entry, s->message) &&
                      model_store_import(&s->store, checkpoint, &first, &s->entry, s->message));
}

static void end(const scene *s)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", s->root);
    TEST_CHECK(system(command) == 0);
}

static void put_bag(const scene *s, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s.bag", s->root, name);
    FILE *file = fopen(path, "w");
    if (TEST_CHECK(file != NULL)) {
        TEST_CHECK(fputs(text, file) >= 0 && fclose(file) == 0);
    }
}

/* KiB of a mapping that this process holds; -1 if the kernel does not say. */
static long resident_kib(const void *address)
{
    FILE *maps = fopen("/proc/self/smaps", "r");
    char line[512];
    unsigned long begin_of = 0;
    long resident = -1;
    while (maps != NULL && resident < 0 && fgets(line, sizeof line, maps) != NULL) {
        unsigned long first;
        unsigned long last;
        if (sscanf(line, "%lx-%lx ", &first, &last) == 2) {
            begin_of = first;
        }
        if (begin_of == (unsigned long)address) {
            sscanf(line, "Rss: %ld", &resident);
        }
    }
    if (maps != NULL) {
        fclose(maps);
    }
    return resident;
}

static void names(void)
{
    open_model *model = NULL;
    char versioned[MODEL_LABEL_BYTES];
    char path[MODEL_PATH_BYTES];
    scene s = {0};
    if (!begin(&s)) {
        return;
    }
    snprintf(versioned, sizeof versioned, "one@%s", s.entry.version);
    const char *const asked[] = {"one", versioned, "one@"};
    const char *const labels[] = {"one", versioned, versioned};
    for (int i = 0; i < 3; i++) {
        if (!TEST_CHECK(model_open_named(&model, &s.store, asked[i], s.message))) {
            continue;
        }
        TEST_CHECK(strcmp(model->label, labels[i]) == 0);
        TEST_CHECK(strcmp(model->info.name, labels[i]) == 0);
        TEST_CHECK(strcmp(model->version, s.entry.version) == 0);
        TEST_CHECK(strcmp(model->network_names[0], versioned) == 0);
        TEST_CHECK(model->info.stem_count == 4 && model->info.needs_weights);
        TEST_CHECK(model->network_count == 1 && model->bytes == s.entry.bytes);
        model_close(&model);
    }
    model_store_path(&s.store, &s.entry, path);
    if (TEST_CHECK(model_open_file(&model, path, s.message))) {
        TEST_CHECK(strcmp(model->label, versioned) == 0);
        model_close(&model);
    }
    model_close(&model);
    TEST_CHECK(!model_open_named(&model, &s.store, "three", s.message) && model == NULL);
    TEST_CHECK(!model_open_file(&model, test_golden("models/tiny_htdemucs.th"), s.message) &&
               strstr(s.message, "cleave model import"));
    TEST_CHECK(!model_open_file(&model, s.root, s.message) && model == NULL);
    end(&s);
}

static void paths(void)
{
    static const char *const yes[] = {
        "./x",           "/x",          "a/b",           "x.weights", "x.th", "x.y.pt", "x.yaml",
        "x.safetensors", "model.index", "4stems.tar.gz", "x.tgz"};
    static const char *const no[] = {"htdemucs", "a.b",  "center:naive",
                                     "x@0123",   "auto", "spleeter:4stems-16kHz"};
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        TEST_CHECK(model_is_path(yes[i]));
    }
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
        TEST_CHECK(!model_is_path(no[i]));
    }
}

static void pages(void)
{
    open_model *model = NULL;
    scene s = {0};
    if (!begin(&s)) {
        return;
    }
    if (TEST_CHECK(model_open_named(&model, &s.store, "one", s.message)) &&
        TEST_CHECK(cleave_weights_verify(&model->files[0], s.message))) {
        long all = (long)(model->bytes / 1024);
        long before = resident_kib(model->networks[0].weights);
        model_drop_pages(model);
        long after = resident_kib(model->networks[0].weights);
        if (before < 0) {
            test_skip("no /proc/self/smaps");
        } else {
            TEST_CHECK(before >= all && after == 0);
            TEST_CHECK(cleave_weights_verify(&model->files[0], s.message));
        }
    }
    model_close(&model);
    end(&s);
}

/* While an engine packs the weights, their pages go: what it has read does not stay resident. */
static void pages_of_an_engine(void)
{
    open_model *model = NULL;
    cleave_config config;
    scene s = {0};
    if (!begin(&s)) {
        return;
    }
    if (TEST_CHECK(model_open_named(&model, &s.store, "one", s.message))) {
        long resident[2];
        model_config(model, &config);
        for (int i = 0; i < 2; i++) {
            cleave_engine *engine = NULL;
            if (i == 0) {
                config.weights_packed = NULL;
            } else {
                model_config(model, &config);
            }
            model_drop_pages(model);
            TEST_CHECK(cleave_open(&config, &engine, NULL) == CLEAVE_OK);
            resident[i] = resident_kib(model->networks[0].weights);
            cleave_close(&engine);
        }
        if (resident[0] < 0) {
            test_skip("no /proc/self/smaps");
        } else if (resident[0] < model->bytes / 2048 || resident[1] > resident[0] / 4) {
            TEST_FAIL("%ld KiB stay of %lld, %ld if none are given back", resident[1],
                      (long long)model->bytes / 1024, resident[0]);
        }
    }
    model_close(&model);
    end(&s);
}

static void bags(void)
{
    static const struct {
        const char *text, *refusal; /* NULL: it opens */
    } cases[] = {
        {"cleave-bag 1\nmodel one\nmodel two\n", NULL},
        {"cleave-bag 1\nmodel one 1 0 1 1\nmodel two 0 2 0 0\n", NULL},
        {"cleave-bag 1\nmodel one 0 0 0 0\nmodel two 1 1 1 1\n", NULL},
        {"cleave-bag 1\nmodel one\nmodel three\n", "needs model \"three\""},
        {"cleave-bag 1\nmodel one 1 1\n", "has 2 sources, and its networks have 4"},
        {"cleave-bag 1\nmodel one 1 1 1 1 1 1 1 1 1\n", "has 9 sources, and 8 can"},
        {"cleave-bag 1\nmodel bag\n", "is a bag itself"},
        {"nonsense\n", "cleave-bag 1"},
    };
    scene s = {0};
    if (!begin(&s)) {
        return;
    }
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        open_model *model = NULL;
        put_bag(&s, "bag", cases[i].text);
        s.message[0] = '\0';
        int opened = model_open_named(&model, &s.store, "bag", s.message);
        if (cases[i].refusal == NULL ? !opened : !strstr(s.message, cases[i].refusal)) {
            TEST_FAIL("case %zu: \"%s\"", i, s.message);
        }
        if (i == 0 && opened) {
            TEST_CHECK(model->network_count == 2 && model->networks[1].gain[0] == 0);
            TEST_CHECK(model->version[0] == '\0' && model->bytes == 2 * s.entry.bytes);
        }
        if (i == 1 && opened) {
            TEST_CHECK(model->networks[0].gain[1] == 0 && model->networks[1].gain[1] == 2);
        }
        /* A network that gives nothing is not even opened. */
        if (i == 2 && opened) {
            TEST_CHECK(model->network_count == 1 && model->networks[0].gain[3] == 1 &&
                       strncmp(model->network_names[0], "two@", 4) == 0);
        }
        model_close(&model);
    }
    end(&s);
}

/* A bag's segment counts only where it is longer than the networks' own, and they can take it. */
static void segments(void)
{
    open_model *model = NULL;
    cleave_config config;
    scene s = {0};
    if (!begin(&s)) {
        return;
    }
    put_bag(&s, "bag", "cleave-bag 1\nsegment 44\nmodel one\n");
    if (TEST_CHECK(model_open_named(&model, &s.store, "bag", s.message))) {
        model_config(model, &config);
        TEST_CHECK(config.segment_seconds == 0 && config.network_count == 1);
        TEST_CHECK(config.rate_hz == 44100 && config.channels == 2);
        model->networks_info.segment_seconds_max = 600;
        model_config(model, &config);
        TEST_CHECK(config.segment_seconds == 44);
        model->networks_info.segment_seconds = 50;
        model_config(model, &config);
        TEST_CHECK(config.segment_seconds == 0);
    }
    model_close(&model);
    end(&s);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"names, versions, files", names},
        {"which names are paths", paths},
        {"pages are given back, and come again", pages},
        {"pages are given back while an engine packs them", pages_of_an_engine},
        {"bags", bags},
        {"a bag's segment", segments},
    };

    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
