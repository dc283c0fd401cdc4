/* synthetic.c: weights that follow from a formula. */
#include "loader/synthetic.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/import_spleeter.h"
#include "weights/contract.h"
#include "weights/demucs_arguments.h"
#include "weights/spleeter_arguments.h"

static uint64_t name_hash(const char *name)
{
    uint64_t hash = 0xCBF29CE484222325u;

    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 0x100000001B3u;
    return hash;
}

static double uniform(uint64_t hash, uint64_t index)
{
    uint64_t z = hash + index + 0x9E3779B97F4A7C15u;

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    return (double)(z >> 40) * 0x1p-23 - 1;
}

/* Part `back` of a dotted name, counted from its end (0: the last), compared with text. */
static int part_is(const char *name, int back, const char *text)
{
    const char *end = name + strlen(name), *start = end;

    for (;; end = --start) {
        while (start > name && start[-1] != '.')
            start--;
        if (back-- == 0)
            return (size_t)(end - start) == strlen(text) && memcmp(start, text, strlen(text)) == 0;
        if (start == name)
            return 0;
    }
}

cleave_synthetic_rule cleave_synthetic_demucs(const char *name, const uint32_t *shape,
                                              uint32_t rank, int norm, int outermost)
{
    const char *leaf = strrchr(name, '.') ? strrchr(name, '.') + 1 : name;
    double fan = 1;

    for (uint32_t d = 1; d < rank; d++)
        fan *= shape[d];
    if (!strcmp(leaf, "scale"))
        return (cleave_synthetic_rule){0.5, 0.4};
    if (!strcmp(name, "freq_emb.embedding.weight"))
        return (cleave_synthetic_rule){0, 0.1};
    if (part_is(name, 1, "query_decay") && !strcmp(leaf, "bias"))
        return (cleave_synthetic_rule){-2, 0.5};
    if (norm && !strcmp(leaf, "weight"))
        return (cleave_synthetic_rule){1, 0.1};
    if (strstr(leaf, "bias"))
        return (cleave_synthetic_rule){0, 0.05};
    if (part_is(name, 1, "conv_tr"))
        return (cleave_synthetic_rule){0, (outermost ? 0.3 : 1.5) * sqrt(3 / (2.0 * shape[0]))};
    if (!strcmp(leaf, "in_proj_weight") || part_is(name, 1, "conv") || part_is(name, 1, "rewrite"))
        return (cleave_synthetic_rule){0, 1.5 * sqrt(3 / fan)};
    if (!strncmp(leaf, "weight_", 7))
        return (cleave_synthetic_rule){0, 2 * sqrt(3 / fan)};
    return (cleave_synthetic_rule){0, sqrt(3 / fan)};
}

cleave_synthetic_rule cleave_synthetic_spleeter(const char *name, const uint32_t *shape,
                                                uint32_t rank)
{
    const char *const leaf = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;

    if (!strcmp(leaf, "gamma"))
        return (cleave_synthetic_rule){1, 0.1};
    if (!strcmp(leaf, "moving_variance"))
        return (cleave_synthetic_rule){1, 0.2};
    if (rank != 4)
        return (cleave_synthetic_rule){0, 0.05};
    const double taps = (double)shape[0] * shape[1];
    if (!strncmp(name, "conv2d_transpose", 16))
        return (cleave_synthetic_rule){0, 1.5 * sqrt(3 / (shape[3] * taps / 4))};
    /* The first layer's input is magnitudes as they are. */
    return (cleave_synthetic_rule){0, (shape[2] == 2 ? 0.15 : 1.5) * sqrt(3 / (taps * shape[2]))};
}

float cleave_synthetic_value(const char *name, uint64_t index, cleave_synthetic_rule rule)
{
    return (float)(rule.offset + rule.scale * uniform(name_hash(name), index));
}

void cleave_synthetic_fill(const char *name, cleave_synthetic_rule rule, uint64_t first,
                           uint64_t count, float *out)
{
    const uint64_t hash = name_hash(name);

    for (uint64_t i = 0; i < count; i++)
        out[i] = (float)(rule.offset + rule.scale * uniform(hash, first + i));
}

/* ---- all tensors of a network -----------------------------------------------------------------
 */
/* A walk first counts, then fills what was allocated in between. */
typedef struct collection {
    cleave_import *import;
    uint32_t count;
    size_t name_bytes;
} collection;

static int collect(void *context, const char *name, uint32_t rank, const uint32_t *shape)
{
    collection *const c = context;
    const size_t bytes = strlen(name);
    uint64_t stride = 1;

    if (c->import->tensors) {
        cleave_import_tensor *const t = &c->import->tensors[c->count];
        t->name = memcpy(c->import->names + c->name_bytes, name, bytes + 1);
        t->name_bytes = (uint32_t)bytes;
        t->type = CLEAVE_IMPORT_F32;
        t->rank = rank;
        for (uint32_t d = rank; d-- > 0; stride *= shape[d]) {
            t->shape[d] = shape[d];
            t->stride[d] = stride;
        }
    }
    c->count++;
    c->name_bytes += bytes + 1;
    return 1;
}

static int add_lines(cleave_import *import, const char *config, char *message)
{
    for (const char *line = config; *line;) {
        const size_t bytes = strcspn(line, "\n"), key = strcspn(line, "=\n");
        if (key == bytes)
            return cleave_sentence(message, "the configuration has a line without =");
        if (!cleave_import_config_add(import, line, key, line + key + 1, bytes - key - 1, message))
            return 0;
        line += bytes + (line[bytes] == '\n');
    }
    return cleave_import_config_sort(import, message);
}

static int add_tensors(cleave_import *import, char *message)
{
    collection first = {.import = import}, second = first;

    if (!cleave_contract_walk(import->kind, import->config, import->config_bytes, collect, &first,
                              message))
        return 0;
    import->names = malloc(first.name_bytes + 1);
    import->tensors = calloc(first.count + 1, sizeof *import->tensors);
    if (!import->names || !import->tensors)
        return cleave_sentence(message, "no memory for the list of tensors");
    if (!cleave_contract_walk(import->kind, import->config, import->config_bytes, collect, &second,
                              message))
        return 0;
    import->tensor_count = second.count;
    return cleave_import_sort(import, SIZE_MAX, message);
}

int cleave_synthetic_open(cleave_import *import, const char *kind, const char *config,
                          char message[CLEAVE_SENTENCE_BYTES])
{
    *import = (cleave_import){0};
    snprintf(import->kind, sizeof import->kind, "%s", kind);
    if (add_lines(import, config, message) && add_tensors(import, message))
        return 1;
    cleave_import_close(import);
    return 0;
}

/* "spleeter:4stems": 4; 0 for other names. */
static uint32_t spleeter_instruments(const char *name)
{
    static const char family[] = "spleeter:";
    char *end;

    if (strncmp(name, family, sizeof family - 1) != 0)
        return 0;
    const unsigned long count = strtoul(name + sizeof family - 1, &end, 10);
    return strcmp(end, "stems") == 0 && count <= CLEAVE_SPLEETER_INSTRUMENTS ? (uint32_t)count : 0;
}

/* All published models have as many filters. */
static int open_spleeter(cleave_import *import, uint32_t instruments, char *message)
{
    static const char key[] = "conv_n_filters", filters[] = "16,32,64,128,256,512";

    *import = (cleave_import){0};
    if (cleave_import_spleeter_published(import, instruments, message) &&
        cleave_import_config_add(import, key, sizeof key - 1, filters, sizeof filters - 1,
                                 message) &&
        cleave_import_config_sort(import, message) && add_tensors(import, message))
        return 1;
    cleave_import_close(import);
    return 0;
}

int cleave_synthetic_official(cleave_import *import, const char *name,
                              char message[CLEAVE_SENTENCE_BYTES])
{
    const uint32_t instruments = spleeter_instruments(name);
    const cleave_official *official;

    if (instruments > 0)
        return open_spleeter(import, instruments, message);
    for (uint32_t i = 0; (official = cleave_official_at(i)); i++)
        if (!strcmp(official->name, name))
            return cleave_synthetic_open(import, official->kind, official->config, message);
    return cleave_sentence(message, "there is no official model \"%.64s\"", name);
}

/* Whether the "weight" beside a tensor is that of a norm: it has one dimension. */
static int is_norm(const cleave_import *import, const char *name)
{
    const char *const dot = strrchr(name, '.');
    char weight[CLEAVE_WEIGHTS_NAME_MAX + 8];

    snprintf(weight, sizeof weight, "%.*s.weight", dot ? (int)(dot - name) : 0, name);
    for (uint32_t i = 0; i < import->tensor_count; i++)
        if (!strcmp(import->tensors[i].name, weight))
            return import->tensors[i].rank == 1;
    return 0;
}

/* The last decoder of the branch of frequency, or of that of time, which has as many layers as
 * convolve along frequency. */
static int is_outermost(const cleave_import *import, const char *name)
{
    char frequency[48], time[48], message[CLEAVE_SENTENCE_BYTES];
    cleave_demucs_layer layers[CLEAVE_DEMUCS_DEPTH_MAX];
    cleave_demucs a;
    int last = 0;

    if (!cleave_demucs_arguments(import->kind, import->config, import->config_bytes, &a, message) ||
        !cleave_demucs_layers(&a, layers, message))
        return 0;
    while (last < a.depth && layers[last].frequency)
        last++;
    const int bytes =
        snprintf(frequency, sizeof frequency, "decoder.%d.conv_tr.", (int)(a.depth - 1));
    const int time_bytes = snprintf(time, sizeof time, "tdecoder.%d.conv_tr.", last - 1);
    return !strncmp(name, frequency, (size_t)bytes) || !strncmp(name, time, (size_t)time_bytes);
}

cleave_synthetic_rule cleave_synthetic_rule_of(const cleave_import *import, uint32_t index)
{
    const cleave_import_tensor *const t = &import->tensors[index];

    if (!strcmp(import->kind, "spleeter"))
        return cleave_synthetic_spleeter(t->name, t->shape, t->rank);
    return cleave_synthetic_demucs(t->name, t->shape, t->rank, is_norm(import, t->name),
                                   is_outermost(import, t->name));
}

float *cleave_synthetic_values(cleave_import *import, char message[CLEAVE_SENTENCE_BYTES])
{
    uint64_t total = 0;

    for (uint32_t i = 0; i < import->tensor_count; i++)
        total += cleave_import_count(&import->tensors[i]);
    float *const values = malloc(total * sizeof *values), *at = values;
    if (!values) {
        cleave_sentence(message, "no memory for %llu weights", (unsigned long long)total);
        return NULL;
    }
    for (uint32_t i = 0; i < import->tensor_count; i++) {
        cleave_import_tensor *const t = &import->tensors[i];
        const uint64_t count = cleave_import_count(t);
        cleave_synthetic_fill(t->name, cleave_synthetic_rule_of(import, i), 0, count, at);
        t->data = (unsigned char *)at;
        at += count;
    }
    return values;
}
