/* import_check.c: an import against the tensors that its model must have. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/import.h"
#include "weights/config_text.h"
#include "weights/contract.h"

typedef struct check {
    const cleave_import *import;
    unsigned char *seen; /* by index of the import's tensors */
    char *message;
} check;

static const cleave_import_tensor *find(const cleave_import *import, const char *name)
{
    uint32_t low = 0, high = import->tensor_count;
    const size_t bytes = strlen(name);

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const cleave_import_tensor *t = &import->tensors[middle];
        int order = memcmp(t->name, name, t->name_bytes < bytes ? t->name_bytes : bytes);
        if (order == 0)
            order = (t->name_bytes > bytes) - (t->name_bytes < bytes);
        if (order == 0)
            return t;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* "[48][4][8]" */
static const char *shape_text(char text[128], uint32_t rank, const uint32_t *shape)
{
    size_t used = (size_t)snprintf(text, 128, rank ? "" : "scalar");

    for (uint32_t d = 0; d < rank; d++)
        used += (size_t)snprintf(text + used, 128 - used, "[%u]", shape[d]);
    return text;
}

static int check_tensor(void *context, const char *name, uint32_t rank, const uint32_t *shape)
{
    const check *c = context;
    const cleave_import_tensor *t = find(c->import, name);
    char expected[128], found[128];

    if (!t)
        return cleave_sentence(c->message, "tensor \"%s\" is missing", name);
    if (t->rank != rank || memcmp(t->shape, shape, rank * sizeof *shape) != 0)
        return cleave_sentence(c->message, "tensor \"%s\": expected %s, found %s", name,
                               shape_text(expected, rank, shape),
                               shape_text(found, t->rank, t->shape));
    c->seen[t - c->import->tensors] = 1;
    return 1;
}

static int check_config(const cleave_import *import, const char *config, size_t config_bytes,
                        const char *kind, unsigned char *seen, char *message)
{
    char sentence[CLEAVE_SENTENCE_BYTES] = "";
    check c = {import, seen, sentence};

    if (!cleave_contract_walk(kind, config, config_bytes, check_tensor, &c, message))
        return message[0] ? 0 : cleave_sentence(message, "%s", sentence);
    for (uint32_t i = 0; i < import->tensor_count; i++)
        if (!seen[i])
            return cleave_sentence(message, "tensor \"%.*s\" does not belong to this model",
                                   cleave_sentence_quote(import->tensors[i].name_bytes),
                                   import->tensors[i].name);
    return 1;
}

/* A state dict alone does not say how its model was built: only the official models are known by
 * their tensors. */
static int adopt_official(cleave_import *import, unsigned char *seen, char *message)
{
    const cleave_official *official;

    for (uint32_t i = 0; (official = cleave_official_at(i)); i++) {
        const size_t bytes = strlen(official->config);
        memset(seen, 0, import->tensor_count);
        if ((import->kind[0] && strcmp(import->kind, official->kind) != 0) ||
            !check_config(import, official->config, bytes, official->kind, seen, message))
            continue;
        free(import->config);
        if (!(import->config = malloc(bytes)))
            return cleave_sentence(message, "no memory for the configuration");
        memcpy(import->config, official->config, bytes);
        import->config_bytes = bytes;
        memcpy(import->kind, official->kind, strlen(official->kind) + 1);
        return 1;
    }
    return cleave_sentence(
        message, "the file does not say how its model was built, and its tensors are not those of "
                 "an official model");
}

int cleave_import_check(cleave_import *import, char message[CLEAVE_SENTENCE_BYTES])
{
    unsigned char *seen = calloc(import->tensor_count, 1);
    char sources[CLEAVE_CONFIG_VALUE_MAX + 1];
    int ok;

    if (!seen)
        return cleave_sentence(message, "no memory to check %u tensors", import->tensor_count);
    if (cleave_config_text_get(import->config, import->config_bytes, "sources", sources,
                               sizeof sources))
        ok =
            check_config(import, import->config, import->config_bytes, import->kind, seen, message);
    else
        ok = adopt_official(import, seen, message);
    free(seen);
    return ok;
}
