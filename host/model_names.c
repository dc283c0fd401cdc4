/* model_names.c: official names, and the wide forms of Spleeter's. */
#include "host/model_names.h"

#include <stdio.h>
#include <string.h>

int model_names_base(const char *name, char base[MODEL_LABEL_BYTES])
{
    size_t bytes = strcspn(name, "@");
    size_t wide_bytes = strlen(MODEL_WIDE);
    if (bytes <= wide_bytes || strlen(name) >= MODEL_LABEL_BYTES ||
        strncmp(name + bytes - wide_bytes, MODEL_WIDE, wide_bytes) != 0) {
        return 0;
    }
    snprintf(base, MODEL_LABEL_BYTES, "%.*s%s", (int)(bytes - wide_bytes), name, name + bytes);
    return 1;
}

void model_names_official(model_names *names)
{
    char why[CLEAVE_SENTENCE_BYTES];
    const char *plain[MODEL_MANIFEST_FILES_MAX];
    model_manifest manifest;
    names->count = 0;
    if (!model_manifest_read(&manifest, model_manifest_text, why)) {
        return;
    }
    int32_t count = model_manifest_names(&manifest, plain);
    for (int32_t i = 0; i < count; i++) {
        snprintf(names->name[names->count++], MODEL_LABEL_BYTES, "%s", plain[i]);
        if (strncmp(plain[i], "spleeter:", 9) == 0) {
            snprintf(names->name[names->count++], MODEL_LABEL_BYTES, "%s" MODEL_WIDE, plain[i]);
        }
    }
}

int model_names_pulled(const char *name, char pulled[MODEL_LABEL_BYTES])
{
    model_names names;
    model_names_official(&names);
    for (int32_t i = 0; i < names.count; i++) {
        if (strcmp(names.name[i], name) == 0) {
            if (!model_names_base(name, pulled)) {
                snprintf(pulled, MODEL_LABEL_BYTES, "%s", name);
            }
            return 1;
        }
    }
    return 0;
}
