/* import_check.c: an import against the tensors that its model must have. */
#include <stdlib.h>
#include <string.h>

#include "loader/import.h"
#include "weights/config_text.h"
#include "weights/contract_check.h"

static cleave_shape shape_at(const void *file, uint32_t index)
{
    const cleave_import_tensor *const t = &((const cleave_import *)file)->tensors[index];

    return (cleave_shape){t->name, t->name_bytes, t->rank, t->shape};
}

/* A state dict alone does not say how its model was built: only the official models are known by
 * their tensors. */
static int adopt_official(cleave_import *import, const cleave_shapes *shapes, char *message)
{
    const cleave_official *official;

    for (uint32_t i = 0; (official = cleave_official_at(i)); i++) {
        const size_t bytes = strlen(official->config);
        if ((import->kind[0] && strcmp(import->kind, official->kind) != 0) ||
            !cleave_contract_check(official->kind, official->config, bytes, shapes, message))
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
    const cleave_shapes shapes = {import, import->tensor_count, shape_at};
    char sources[CLEAVE_CONFIG_VALUE_MAX + 1];

    if (!cleave_config_text_get(import->config, import->config_bytes, "sources", sources,
                                sizeof sources))
        return adopt_official(import, &shapes, message);
    return cleave_contract_check(import->kind, import->config, import->config_bytes, &shapes,
                                 message);
}
