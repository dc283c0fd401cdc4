/* tensors_test.c: the tensors of the full-size models: which they are, and their synthetic values,
 * through the importer and the weight file, against the sums that the official code gave. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/loader.h"
#include "loader/sha256.h"
#include "loader/synthetic.h"
#include "tests/bytes.h"
#include "tests/test.h"
#include "weights/config_text.h"
#include "weights/contract.h"

#define ROWS_MAX 2048

/* A line of the table: model, name, shape, offset, scale, first, last, sha256. */
typedef struct row {
    char model[32], name[96], sha256[65];
    uint32_t rank, shape[4];
    int seen;
} row;

typedef struct table {
    row *rows;
    int count;
} table;

static int read_table(const char *path, table *t)
{
    int64_t bytes = 0;
    char *text = test_read_file(path, &bytes), *save = NULL;

    t->count = 0;
    t->rows = calloc(ROWS_MAX, sizeof *t->rows);
    if (!text || !t->rows)
        return 0;
    text[bytes] = 0;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        row *r = &t->rows[t->count];
        char shape[64];
        if (line[0] == '#' || strncmp(line, "spleeter", 8) == 0)
            continue;
        if (!TEST_CHECK(t->count < ROWS_MAX && sscanf(line, "%31s %95s %63s %*s %*s %*s %*s %64s",
                                                      r->model, r->name, shape, r->sha256) == 4))
            break;
        for (char *p = shape; r->rank < 4; r->rank++, p++) {
            r->shape[r->rank] = (uint32_t)strtoul(p, &p, 10);
            if (*p != ',') {
                r->rank++;
                break;
            }
        }
        t->count++;
    }
    free(text);
    return t->count;
}

static row *find(const table *t, const char *model, const char *name)
{
    for (int i = 0; i < t->count; i++)
        if (!strcmp(t->rows[i].name, name) && !strcmp(t->rows[i].model, model))
            return &t->rows[i];
    return NULL;
}

/* The tensors of an official model; 0 and a failure. */
static int tensors_of(const char *name, cleave_import *tensors)
{
    char message[CLEAVE_SENTENCE_BYTES];

    return cleave_synthetic_official(tensors, name, message) || TEST_FAIL("%s", message);
}

/* Values of one tensor, hashed piece by piece. */
static void synthetic_sum(const cleave_import *m, uint32_t index, char text[65])
{
    const uint64_t count = cleave_import_count(&m->tensors[index]);
    const cleave_synthetic_rule rule = cleave_synthetic_rule_of(m, index);
    cleave_sha256 hash;
    uint8_t digest[32];
    float values[4096];

    cleave_sha256_init(&hash);
    for (uint64_t first = 0; first < count; first += 4096) {
        const uint64_t part = count - first < 4096 ? count - first : 4096;
        cleave_synthetic_fill(m->tensors[index].name, rule, first, part, values);
        cleave_sha256_add(&hash, values, part * sizeof *values);
    }
    cleave_sha256_finish(&hash, digest);
    cleave_sha256_text(digest, text);
}

/* Every row of the table: the contract has that tensor, of that shape, and its synthetic values
 * have that sum. */
static void check_model(const table *t, const char *name, int complete)
{
    char sum[65];
    cleave_import tensors, *const m = &tensors;
    int matched = 0;

    if (!tensors_of(name, m))
        return;
    for (uint32_t i = 0; i < m->tensor_count; i++) {
        const cleave_import_tensor *mine = &m->tensors[i];
        row *r = find(t, name, mine->name);
        if (!r) {
            if (complete)
                TEST_FAIL("%s: \"%s\" is not in the table", name, mine->name);
            continue;
        }
        if (r->rank != mine->rank ||
            memcmp(r->shape, mine->shape, r->rank * sizeof r->shape[0]) != 0) {
            TEST_FAIL("%s: \"%s\" has another shape", name, mine->name);
            continue;
        }
        synthetic_sum(m, i, sum);
        if (strcmp(sum, r->sha256) != 0)
            TEST_FAIL("%s: \"%s\" has other values", name, mine->name);
        r->seen++;
        matched++;
    }
    for (int i = 0; i < t->count; i++)
        if (!strcmp(t->rows[i].model, name) && t->rows[i].seen != 1)
            TEST_FAIL("%s: \"%s\" was visited %d times", name, t->rows[i].name, t->rows[i].seen);
    TEST_CHECK(matched > 10);
    cleave_import_close(m);
}

static void check_table(const char *path, int complete)
{
    table t;

    if (TEST_CHECK(read_table(path, &t) > 0)) {
        check_model(&t, "htdemucs", complete);
        check_model(&t, "htdemucs_6s", complete);
        check_model(&t, "hdemucs_mmi", complete);
        TEST_CHECK(!complete || t.count == 533 + 525 + 395);
        test_passed_count(t.count);
    }
    free(t.rows);
}

static void some_tensors(void)
{
    check_table(test_golden("tensors_some.tsv"), 0);
}

static void all_tensors(void)
{
    const char *path = test_shared("spec/tensors.tsv");

    if (!path) {
        test_skip("the table of all tensors is not here");
        return;
    }
    check_table(path, 1);
}

/* One safetensors file with the model's float32 values. */
static void put_safetensors(test_bytes *b, const cleave_import *m)
{
    char entry[256];
    uint64_t offset = 0;
    test_bytes header = {0};

    for (uint32_t i = 0; i < m->tensor_count; i++) {
        const cleave_import_tensor *r = &m->tensors[i];
        const uint64_t bytes = cleave_import_count(r) * 4;
        snprintf(entry, sizeof entry, "%s\"%s\":{\"dtype\":\"F32\",\"shape\":[", i ? "," : "{",
                 r->name);
        test_bytes_text(&header, entry);
        for (uint32_t d = 0; d < r->rank; d++) {
            snprintf(entry, sizeof entry, "%s%u", d ? "," : "", r->shape[d]);
            test_bytes_text(&header, entry);
        }
        snprintf(entry, sizeof entry, "],\"data_offsets\":[%llu,%llu]}", (unsigned long long)offset,
                 (unsigned long long)(offset + bytes));
        test_bytes_text(&header, entry);
        offset += bytes;
    }
    test_bytes_text(&header, "}");
    test_bytes_number(b, header.used, 8);
    test_bytes_put(b, header.data, header.used);
    test_bytes_free(&header);
    for (uint32_t i = 0; i < m->tensor_count; i++) {
        const uint64_t count = cleave_import_count(&m->tensors[i]);
        float *values = malloc(count * sizeof *values);
        cleave_synthetic_fill(m->tensors[i].name, cleave_synthetic_rule_of(m, i), 0, count, values);
        test_bytes_put(b, values, count * sizeof *values);
        free(values);
    }
}

/* Checkpoint -> import -> weight file -> table: the sums of what the table holds. The file is a
 * bare state dict, so the model must be recognised by its tensors, too. */
static void whole_model(void)
{
    char message[CLEAVE_SENTENCE_BYTES], sum[65], sources[100];
    const char *path = test_shared("spec/tensors.tsv");
    test_bytes checkpoint = {0}, file = {0};
    const uint8_t source[32] = {7};
    cleave_weights weights;
    cleave_import import;
    table t;

    if (!path || !read_table(path, &t)) {
        test_skip("the table of all tensors is not here");
        return;
    }
    cleave_import tensors, *const m = &tensors;
    if (!tensors_of("htdemucs_6s", m))
        return;
    put_safetensors(&checkpoint, m);
    if (TEST_CHECK(cleave_import_open(&import, checkpoint.data, checkpoint.used, message)) &&
        TEST_CHECK(cleave_import_check(&import, message)) &&
        TEST_CHECK(!strcmp(import.kind, "htdemucs")) &&
        TEST_CHECK(cleave_weights_write(&import, CLEAVE_WEIGHTS_F32, source, test_bytes_sink, &file,
                                        message)) &&
        TEST_CHECK(cleave_weights_open_memory(&weights, file.data, file.used, message)) &&
        TEST_CHECK(cleave_weights_verify(&weights, message))) {
        TEST_CHECK(cleave_table_config(&weights.table, "sources", sources, sizeof sources) &&
                   !strcmp(sources, "drums,bass,other,vocals,guitar,piano"));
        for (uint32_t i = 0; i < m->tensor_count; i++) {
            const row *r = find(&t, "htdemucs_6s", m->tensors[i].name);
            cleave_table_tensor tensor;
            cleave_sha256 hash;
            uint8_t digest[32];
            if (!TEST_CHECK(r && cleave_table_find(&weights.table, m->tensors[i].name, &tensor)))
                continue;
            cleave_sha256_init(&hash);
            cleave_sha256_add(&hash, tensor.data, (size_t)tensor.count * 4);
            cleave_sha256_finish(&hash, digest);
            cleave_sha256_text(digest, sum);
            TEST_CHECK(!strcmp(sum, r->sha256));
        }
        cleave_import_close(&import);
    } else {
        printf("     %s\n", message);
    }
    test_bytes_free(&checkpoint);
    test_bytes_free(&file);
    cleave_import_close(m);
    free(t.rows);
}

/* Configurations that no network here has, or that are none. */
static int ignore(void *context, const char *name, uint32_t rank, const uint32_t *shape)
{
    (void)name, (void)rank, (void)shape;
    ++*(int *)context;
    return 1;
}

static void refused_configurations(void)
{
    static const struct {
        const char *kind, *config, *expected;
    } cases[] = {
        {"demucs", "", "kind \"demucs\" are not known"},
        {"htdemucs", "", "\"sources\" is missing"},
        {"htdemucs", "sources=\n", "\"sources\" is missing"},
        {"htdemucs", "sources=a\n", "\"channels\" is missing"},
        {"htdemucs", "channels=0\nsources=a\n", "\"channels\" is 0"},
        {"htdemucs", "channels=-48\nsources=a\n", "\"channels\" is -48"},
        {"htdemucs", "channels=99999999999999999999\nsources=a\n", "\"channels\" is 9999"},
        {"htdemucs", "channels=4x\nsources=a\n", "\"channels\" is 4x"},
        {"htdemucs", "channels=48\nsources=a\n", "\"depth\" is missing"},
        {"htdemucs", "channels=48\ndepth=4\nsources=a\n", "\"dconv_mode\" is missing"},
        {"htdemucs", "channels=48\ndconv_mode=3\ndepth=4\nsources=a\n",
         "\"bottom_channels\" is missing"},
        {"hdemucs", "channels=48\ndconv_mode=4\ndepth=4\nsources=a\n", "\"dconv_mode\" is 4"},
        {"hdemucs", "cac=0\nsources=a\n", "\"cac\" must be 1"},
        {"hdemucs", "multi_freqs=0.5\nsources=a\n", "\"multi_freqs\" must be none"},
        {"hdemucs", "channels_time=24\nsources=a\n", "\"channels_time\" must be none"},
        {"hdemucs", "channels=4096\ndconv_mode=1\ndepth=10\nsources=a\n", "wider than"},
        {"hdemucs", "channels=2\ndconv_mode=1\ndepth=2\nsources=a\n",
         "\"dconv_comp\" leaves no channel"},
        {"hdemucs", "channels=48\ndconv_mode=1\ndepth=2\ngrowth=2.\nsources=a\n",
         "\"growth\" is 2."},
        {"hdemucs", "channels=48\ndconv_mode=1\ndepth=2\ngrowth=nan\nsources=a\n",
         "\"growth\" is nan"},
    };
    char message[CLEAVE_SENTENCE_BYTES];
    int count = 0;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (cleave_contract_walk(cases[i].kind, cases[i].config, strlen(cases[i].config), ignore,
                                 &count, message))
            TEST_FAIL("%s %s: accepted", cases[i].kind, cases[i].config);
        else if (!strstr(message, cases[i].expected))
            TEST_FAIL("\"%s\" lacks \"%s\"", message, cases[i].expected);
        else
            TEST_CHECK(1);
    test_passed_count((int)(sizeof cases / sizeof cases[0]));
}

/* The tiny packages have the tensors that their own arguments ask for; one too few, too many or
 * reshaped they have not. */
static void checked_import(void)
{
    char message[CLEAVE_SENTENCE_BYTES];
    cleave_import import;
    int64_t bytes = 0;
    void *data = test_read_file(test_golden("models/tiny_htdemucs.th"), &bytes);

    if (!TEST_CHECK(data && cleave_import_open(&import, data, (size_t)bytes, message)))
        return;
    TEST_CHECK(cleave_import_check(&import, message));
    import.tensors[9].shape[0] += 1;
    TEST_CHECK(!cleave_import_check(&import, message) && strstr(message, ": expected ["));
    import.tensors[9].shape[0] -= 1;
    import.tensor_count--;
    TEST_CHECK(!cleave_import_check(&import, message) && strstr(message, "\" is missing"));
    import.tensor_count++;
    TEST_CHECK(cleave_import_check(&import, message));
    import.tensors[532].name = "zzz";
    import.tensors[532].name_bytes = 3;
    TEST_CHECK(!cleave_import_check(&import, message));
    cleave_import_close(&import);
    free(data);
    data = test_read_file(test_golden("models/tiny_htdemucs.safetensors"), &bytes);
    if (TEST_CHECK(data && cleave_import_open(&import, data, (size_t)bytes, message))) {
        TEST_CHECK(!cleave_import_check(&import, message) &&
                   strstr(message, "not those of an official model"));
        cleave_import_close(&import);
    }
    free(data);
    data = test_read_file(test_shared("golden/tiny/tiny_hdemucs.th"), &bytes);
    if (data && TEST_CHECK(cleave_import_open(&import, data, (size_t)bytes, message))) {
        if (!TEST_CHECK(cleave_import_check(&import, message)))
            printf("     %s\n", message);
        cleave_import_close(&import);
    }
    free(data);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"some tensors of the full-size models", some_tensors},
        {"all tensors of the full-size models", all_tensors},
        {"a full-size model through importer and weight file", whole_model},
        {"configurations without a network", refused_configurations},
        {"an import has the tensors its arguments ask for", checked_import},
    };

    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
