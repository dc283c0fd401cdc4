/* networks_test.c: weight files as a model: what is told of them, what is refused, how they are
 * weighted. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/networks.h"
#include "tests/runtime/track.h"
#include "tests/tiny_network.h"
#include "weights/contract_check.h"

enum { FOUR = 4 };

static const char *const stems[FOUR] = {"drums", "bass", "other", "vocals"};

static cleave_network network_of(const test_bytes *file)
{
    return (cleave_network){.weights = file->data, .weights_bytes = file->used};
}

static void told(void)
{
    cleave_network_info info;
    cleave_networks *const opened = malloc(sizeof *opened);
    cleave_error error;
    test_bytes file;

    if (!tiny_network(&file, NULL))
        return;
    const cleave_network two[2] = {network_of(&file), network_of(&file)};
    if (!TEST_CHECK(cleave_networks_describe(two, 2, &info, &error) == CLEAVE_OK))
        TEST_FAIL("%s", error.message);
    TEST_CHECK(!strcmp(info.kind, "htdemucs") && info.stem_count == FOUR);
    for (int s = 0; s < FOUR; s++)
        TEST_CHECK(!strcmp(info.stems[s], stems[s]));
    TEST_CHECK(info.rate_hz == 44100 && info.channels == 2 && info.normalizes);
    TEST_CHECK(info.segment_seconds == 1 && info.segment_seconds_max == 1);

    cleave_table table;
    char message[CLEAVE_SENTENCE_BYTES];
    uint64_t parameters = 0;
    TEST_CHECK(cleave_table_open(&table, file.data, file.used, message));
    for (uint32_t i = 0; i < table.header->tensor_count; i++) {
        cleave_table_tensor tensor;
        cleave_table_at(&table, i, &tensor);
        parameters += (uint64_t)tensor.count;
    }
    TEST_CHECK(parameters > 10000 && info.parameters == 2 * parameters);
    TEST_CHECK(cleave_networks_open(opened, two, 2, NULL, &error) == CLEAVE_OK);
    TEST_CHECK(!strcmp(opened->model.info.name, "htdemucs"));
    TEST_CHECK(cleave_networks_open(opened, two, 2, "mine", &error) == CLEAVE_OK);
    TEST_CHECK(!strcmp(opened->model.info.name, "mine"));
    free(opened);
    test_bytes_free(&file);
}

/* ---- files that are refused ---------------------------------------------------------------- */
static void refused(const cleave_network *networks, int32_t count, cleave_status status,
                    const char *sentence)
{
    cleave_network_info info, before;
    cleave_config config;
    cleave_engine *engine = NULL;
    cleave_error error = {.status = CLEAVE_OK};

    memset(&info, 0x5A, sizeof info);
    before = info;
    const cleave_status got = cleave_networks_describe(networks, count, &info, &error);
    if (got != status || error.status != status || !strstr(error.message, sentence))
        TEST_FAIL("status %d, \"%s\" lacks \"%s\"", (int)got, error.message, sentence);
    TEST_CHECK(!memcmp(&info, &before, sizeof info));
    cleave_config_default(&config);
    config.device = CLEAVE_DEVICE_CPU;
    config.network_count = count;
    config.networks = networks;
    if (count != 0)
        TEST_CHECK(cleave_open(&config, &engine, &error) == status && !engine &&
                   strstr(error.message, sentence));
}

static void one_too_many(cleave_import *import)
{
    const uint32_t count = import->tensor_count;

    import->tensors = realloc(import->tensors, (count + 1) * sizeof *import->tensors);
    import->tensors[count] = import->tensors[0];
    import->tensors[count].name = "zzz.weight";
    import->tensors[count].name_bytes = 10;
    import->tensor_count++;
}

static void one_too_few(cleave_import *import)
{
    import->tensor_count--;
}

static void reshaped(cleave_import *import)
{
    import->tensors[9].shape[0] -= 1;
}

static void other_kind(cleave_import *import)
{
    memset(import->kind, 0, sizeof import->kind);
    memcpy(import->kind, "umx", 3);
}

static void segment_too_long(cleave_import *import)
{
    tiny_network_replace(import, "samplerate=44100\nsegment=1/1\n",
                         "samplerate=9999\nsegment=9999\n");
}

static void segment_too_short(cleave_import *import)
{
    tiny_network_replace(import, "samplerate=44100\nsegment=1/1\n",
                         "samplerate=9999\nsegment=1/11\n");
}

static void files_refused(void)
{
    static const struct {
        tiny_network_edit edit;
        cleave_status status;
        const char *sentence;
    } cases[] = {
        {one_too_many, CLEAVE_INVALID, "network 1: tensor \"zzz.weight\" does not belong to"},
        {one_too_few, CLEAVE_INVALID, "\" is missing"},
        {reshaped, CLEAVE_INVALID, "\": expected ["},
        {other_kind, CLEAVE_UNSUPPORTED, "this build computes no models of kind \"umx\""},
        {segment_too_long, CLEAVE_UNSUPPORTED, "a segment of 9999 s; it must be 0.1 to 600 s"},
        {segment_too_short, CLEAVE_UNSUPPORTED, "a segment of 0.0909091 s"},
    };
    test_bytes file;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (!tiny_network(&file, cases[i].edit))
            return;
        const cleave_network network = network_of(&file);
        refused(&network, 1, cases[i].status, cases[i].sentence);
        test_bytes_free(&file);
    }
    if (!tiny_network(&file, NULL))
        return;
    cleave_network networks[CLEAVE_NETWORKS_MAX + 1];
    for (int i = 0; i <= CLEAVE_NETWORKS_MAX; i++)
        networks[i] = network_of(&file);
    refused(networks, CLEAVE_NETWORKS_MAX + 1, CLEAVE_INVALID, "network_count 17: must be 1 to 16");
    refused(networks, -1, CLEAVE_INVALID, "network_count -1");
    refused(networks, 0, CLEAVE_INVALID, "network_count 0");
    refused(NULL, 1, CLEAVE_INVALID, "networks: none given");
    networks[1].weights_bytes--;
    refused(networks, 2, CLEAVE_INVALID, "network 2: the header says");
    networks[1].weights_bytes = 100;
    refused(networks, 2, CLEAVE_INVALID, "network 2: 100 bytes");
    networks[1].weights = NULL;
    refused(networks, 2, CLEAVE_INVALID, "network 2: its weights must be aligned");
    networks[1].weights = file.data + 8;
    refused(networks, 2, CLEAVE_INVALID, "network 2: its weights must be aligned");
    test_bytes_free(&file);
}

/* ---- many tensors -------------------------------------------------------------------------- */
#define MANY 8192

typedef struct many {
    uint32_t count;
    char name[MANY][96];
    uint32_t rank[MANY], shape[MANY][4];
} many;

static int collect(void *context, const char *name, uint32_t rank, const uint32_t *shape)
{
    many *const m = context;

    if (!TEST_CHECK(m->count + 1 < MANY && strlen(name) < sizeof m->name[0]))
        return 0;
    strcpy(m->name[m->count], name);
    m->rank[m->count] = rank;
    memcpy(m->shape[m->count++], shape, rank * sizeof *shape);
    return 1;
}

static int order(const void *a, const void *b, void *context)
{
    const many *const m = context;

    return strcmp(m->name[*(const uint32_t *)a], m->name[*(const uint32_t *)b]);
}

/* The tensors in order. */
typedef struct ordered {
    many m;
    uint32_t at[MANY];
} ordered;

static cleave_shape shape_at(const void *file, uint32_t index)
{
    const ordered *const o = file;
    const uint32_t i = o->at[index];

    return (cleave_shape){o->m.name[i], (uint32_t)strlen(o->m.name[i]), o->m.rank[i],
                          o->m.shape[i]};
}

/* One tensor too many among thousands, at every place of interest: found in a few walks, where one
 * for each tensor would take minutes. */
static void extra_among_many(void)
{
    static const char config[] =
        "channels=4\ndconv_attn=0\ndconv_comp=1\ndconv_depth=4\ndconv_lstm=0\ndconv_mode=3\n"
        "depth=10\ngrowth=1\nkernel_size=4\nsources=a,b\nstride=2\n";
    static const char *const extras[] = {"a", "tdecoder", "zzz"};
    char message[CLEAVE_SENTENCE_BYTES], named[32];
    ordered *const o = calloc(1, sizeof *o);
    const clock_t began = clock();

    TEST_CHECK(cleave_contract_walk("hdemucs", config, strlen(config), collect, &o->m, message));
    TEST_CHECK(o->m.count > 5000);
    const uint32_t count = o->m.count + 1;
    for (uint32_t i = 0; i < count; i++)
        o->at[i] = i;
    for (size_t k = 0; k < sizeof extras / sizeof extras[0]; k++) {
        const cleave_shapes shapes = {o, count, shape_at};
        strcpy(o->m.name[count - 1], extras[k]);
        snprintf(named, sizeof named, "\"%s\" does not", extras[k]);
        qsort_r(o->at, count, sizeof o->at[0], order, &o->m);
        TEST_CHECK(!cleave_contract_check("hdemucs", config, strlen(config), &shapes, message) &&
                   strstr(message, named));
    }
    TEST_CHECK((double)(clock() - began) / CLOCKS_PER_SEC < 5);
    free(o);
}

/* ---- bags that are refused ----------------------------------------------------------------- */
static void other_stems(cleave_import *import)
{
    tiny_network_replace(import, "drums,bass", "bass,drums");
}

static void other_rate(cleave_import *import)
{
    tiny_network_replace(import, "samplerate=44100", "samplerate=48000");
}

static void other_segment(cleave_import *import)
{
    tiny_network_replace(import, "segment=1/1", "segment=2/1");
}

static void bags_refused(void)
{
    static const struct {
        tiny_network_edit edit;
        const char *sentence;
    } cases[] = {
        {other_stems, "network 2: has other stems"},
        {other_rate, "network 2: runs at another rate"},
        {other_segment, "network 2: has another segment"},
    };
    test_bytes first, second;

    if (!tiny_network(&first, NULL))
        return;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (!tiny_network(&second, cases[i].edit))
            return;
        const cleave_network two[2] = {network_of(&first), network_of(&second)};
        refused(two, 2, CLEAVE_INVALID, cases[i].sentence);
        test_bytes_free(&second);
    }
    cleave_network two[2] = {network_of(&first), network_of(&first)};
    two[1].gain[1] = -1;
    refused(two, 2, CLEAVE_INVALID, "network 2: gain -1 of stem \"bass\"");
    two[1].gain[1] = (float)NAN;
    refused(two, 2, CLEAVE_INVALID, "network 2: gain nan of stem \"bass\"");
    two[1].gain[1] = (float)INFINITY;
    refused(two, 2, CLEAVE_INVALID, "network 2: gain inf of stem \"bass\"");
    two[0].gain[0] = two[1].gain[1] = two[1].gain[3] = 2;
    refused(two, 2, CLEAVE_INVALID, "stem \"other\": no network has a gain for it");
    test_bytes_free(&first);
}

static void gains(void)
{
    cleave_networks *const n = malloc(sizeof *n);
    cleave_error error;
    test_bytes file;

    if (!tiny_network(&file, NULL))
        return;
    cleave_network three[3] = {network_of(&file), network_of(&file), network_of(&file)};
    /* None given: the same for all. */
    TEST_CHECK(cleave_networks_open(n, three, 1, NULL, &error) == CLEAVE_OK);
    for (int s = 0; s < FOUR; s++)
        TEST_CHECK(n->gain[0][s] == 1);
    TEST_CHECK(cleave_networks_open(n, three, 3, NULL, &error) == CLEAVE_OK);
    for (int s = 0; s < FOUR; s++)
        TEST_CHECK(n->gain[0][s] == (float)(1 / 3.0) && n->gain[2][s] == (float)(1 / 3.0));
    /* One for drums and bass, one for bass and the rest, one that says nothing. */
    three[0].gain[0] = 3;
    three[0].gain[1] = 1;
    three[1].gain[1] = 2;
    three[1].gain[2] = 7;
    TEST_CHECK(cleave_networks_open(n, three, 3, NULL, &error) == CLEAVE_OK);
    const float expected[3][FOUR] = {
        {0.75f, 0.25f, 0, 0}, {0, 0.5f, 0.875f, 0}, {0.25f, 0.25f, 0.125f, 1}};
    for (int i = 0; i < 3; i++)
        for (int s = 0; s < FOUR; s++)
            TEST_CHECK(n->gain[i][s] == expected[i][s]);
    free(n);
    test_bytes_free(&file);
}

/* ---- engines ------------------------------------------------------------------------------- */
static void configurations_refused(void)
{
    static const struct {
        int32_t rate_hz, channels;
        double segment_seconds;
        const char *two_stems, *sentence;
    } cases[] = {
        {48000, 2, 0, NULL, "rate_hz 48000: model tiny runs at 44100 only"},
        {44100, 1, 0, NULL, "channels 1: model tiny takes 2"},
        {44100, 2, 1.5, NULL, "segment_seconds 1.5: model tiny takes 1 at most"},
        {44100, 2, 0, "piano", "two_stems \"piano\": model tiny has drums, bass, other, vocals"},
    };
    cleave_engine *engine = NULL;
    cleave_error error;
    test_bytes file;

    if (!tiny_network(&file, NULL))
        return;
    const cleave_network network = network_of(&file);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cleave_config config;
        cleave_config_default(&config);
        config.device = CLEAVE_DEVICE_CPU;
        config.model = "tiny";
        config.network_count = 1;
        config.networks = &network;
        config.rate_hz = cases[i].rate_hz;
        config.channels = cases[i].channels;
        config.segment_seconds = cases[i].segment_seconds;
        config.two_stems = cases[i].two_stems;
        TEST_CHECK(cleave_open(&config, &engine, &error) == CLEAVE_UNSUPPORTED && !engine);
        if (!TEST_CHECK(strstr(error.message, cases[i].sentence) != NULL))
            TEST_FAIL("\"%s\" lacks \"%s\"", error.message, cases[i].sentence);
    }
    test_bytes_free(&file);
}

/* The files are not read after init, and what is needed is what is used. */
static void from_memory(void)
{
    const int64_t N = 20000;
    float *const x = track_noise(1, N, 2);
    cleave_engine *engine = NULL;
    cleave_engine_info info;
    cleave_memory need;
    cleave_error error;
    cleave_config config;
    test_bytes file;
    float *out[2] = {NULL, NULL};

    if (!tiny_network(&file, NULL))
        return;
    cleave_network network = network_of(&file);
    cleave_config_default(&config);
    config.device = CLEAVE_DEVICE_CPU;
    config.model = NULL;
    config.network_count = 1;
    config.networks = &network;
    config.two_stems = "vocals";
    for (int run = 0; run < 2; run++) {
        config.threads = 1 + run;
        TEST_CHECK(cleave_need(&config, &need, &error) == CLEAVE_OK);
        if (!TEST_CHECK(cleave_open(&config, &engine, &error) == CLEAVE_OK)) {
            TEST_FAIL("%s", error.message);
            break;
        }
        cleave_engine_info_get(engine, &info);
        TEST_CHECK(!strcmp(info.model, "htdemucs") && info.stem_count == 2);
        TEST_CHECK(!strcmp(info.stems[0], "vocals") && !strcmp(info.stems[1], "no_vocals"));
        TEST_CHECK(info.segment_frames == 44100 && info.latency_frames_max == 44100);
        TEST_CHECK(info.memory.host_bytes == need.host_bytes);
        if (run) {
            cleave_table table;
            char message[CLEAVE_SENTENCE_BYTES];
            TEST_CHECK(cleave_table_open(&table, file.data, file.used, message));
            memset(file.data + table.header->data_offset, 0xFF, table.header->data_bytes);
        }
        TEST_CHECK(cleave_normalize(engine, 0, 0.5) == CLEAVE_OK);
        out[run] = track_separate(engine, x, N, 0, 0);
        cleave_close(&engine);
    }
    const size_t bytes = (size_t)(2 * N * 2) * sizeof(float);
    TEST_CHECK(out[0] && out[1] && !memcmp(out[0], out[1], bytes));
    for (int64_t i = 0; out[0] && i < 2 * N * 2; i++)
        TEST_CHECK(isfinite(out[0][i]));
    free(out[0]);
    free(out[1]);
    free(x);
    test_bytes_free(&file);
}

/* Nothing of what lay in the arena before gets into the stems. */
static void from_garbage(void)
{
    enum { FRAMES = 60000 };
    cleave_config config;
    cleave_memory need;
    test_bytes file;

    if (!tiny_network(&file, NULL))
        return;
    const cleave_network network = network_of(&file);
    float *const x = track_noise(5, FRAMES, 2), *out[2] = {NULL, NULL};
    cleave_config_default(&config);
    config.device = CLEAVE_DEVICE_CPU;
    config.model = NULL;
    config.networks = &network;
    config.network_count = 1;
    TEST_CHECK(cleave_need(&config, &need, NULL) == CLEAVE_OK);
    for (int i = 0; i < 2; i++) {
        cleave_engine *engine = NULL;
        unsigned char *const arena = aligned_alloc(64, cleave_align_up(need.host_bytes));
        memset(arena, i ? 0xFF : 0, need.host_bytes); /* as floats 0xFF is a NaN */
        if (TEST_CHECK(cleave_init(&config, arena, need.host_bytes, &engine, NULL) == CLEAVE_OK))
            out[i] = track_separate(engine, x, FRAMES, 0, 0);
        cleave_close(&engine);
        free(arena);
    }
    if (TEST_CHECK(out[0] && out[1]))
        TEST_CHECK(!memcmp(out[0], out[1], (size_t)FRAMES * 2 * FOUR * sizeof(float)));
    free(out[0]);
    free(out[1]);
    free(x);
    test_bytes_free(&file);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"networks: what is told of them", told},
        {"networks: files that are refused", files_refused},
        {"networks: one tensor too many among thousands", extra_among_many},
        {"networks: bags that are refused", bags_refused},
        {"networks: gains", gains},
        {"networks: configurations that are refused", configurations_refused},
        {"networks: a track through one", from_memory},
        {"networks: an arena of garbage", from_garbage},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
