/* models.c: the list of models. */
#include "runtime/models/models.h"

#include <string.h>

/* Identity comes last: cleave_model_at() ends before it. */
static const cleave_model *const models[] = {
    &cleave_model_center,
    &cleave_model_center_naive,
    &cleave_model_identity,
};

static const cleave_family *const families[] = {
    &cleave_family_htdemucs,
    &cleave_family_hdemucs,
    &cleave_family_spleeter,
    NULL,
};

const cleave_family *cleave_family_find(const char *kind)
{
    for (const cleave_family *const *family = families; *family; family++)
        if (!strcmp((*family)->kind, kind))
            return *family;
    return NULL;
}

const cleave_model *cleave_model_get(int32_t index)
{
    return index >= 0 && (size_t)index < sizeof models / sizeof models[0] ? models[index] : NULL;
}

cleave_status cleave_model_at(int32_t index, cleave_model_info *info)
{
    const cleave_model *const model = cleave_model_get(index);

    if (!model || model == &cleave_model_identity)
        return CLEAVE_NO_MODEL;
    *info = model->info;
    return CLEAVE_OK;
}

cleave_status cleave_model_find(const char *name, cleave_model_info *info)
{
    const cleave_model *model;

    for (int32_t i = 0; (model = cleave_model_get(i)); i++)
        if (!strcmp(model->info.name, name)) {
            *info = model->info;
            return CLEAVE_OK;
        }
    return CLEAVE_NO_MODEL;
}
