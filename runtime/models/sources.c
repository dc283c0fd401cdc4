/* sources.c: the key "sources" of a weight file as the stems of its model. */
#include "runtime/models/sources.h"

#include <string.h>

#define STEMS_VALUE_BYTES 1024

/* What may become a file's name, wherever the stem is written to. */
static int stem_ok(const char *name)
{
    return name[0] && strlen(name) < CLEAVE_NAME_BYTES && !strchr(name, '/') &&
           strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

int cleave_sources_describe(const cleave_table *table, cleave_model *model,
                            char text[CLEAVE_STEMS_MAX][CLEAVE_NAME_BYTES],
                            char message[CLEAVE_SENTENCE_BYTES])
{
    char value[STEMS_VALUE_BYTES];
    cleave_model_info *const info = &model->info;
    cleave_partition *const partition = &model->partition[0];

    cleave_table_config(table, "sources", value, sizeof value);
    for (char *name = value, *next; name; name = next) {
        next = strchr(name, ',');
        if (next)
            *next++ = 0;
        if (info->stem_count == CLEAVE_STEMS_MAX)
            return cleave_sentence(message, "configuration: \"sources\" names more than %d",
                                   CLEAVE_STEMS_MAX);
        if (!stem_ok(name))
            return cleave_sentence(message,
                                   "configuration: \"sources\" has the name \"%.40s\"; names are 1 "
                                   "to %d bytes, neither paths nor dots",
                                   name, CLEAVE_NAME_BYTES - 1);
        for (int32_t s = 0; s < info->stem_count; s++)
            if (!strcmp(text[s], name))
                return cleave_sentence(message, "configuration: \"sources\" names %s twice", name);
        char *const kept = strcpy(text[info->stem_count], name);
        info->stems[info->stem_count] = kept;
        info->default_stems[info->stem_count] = kept;
        partition->stems[info->stem_count++] = kept;
    }
    info->default_stem_count = partition->stem_count = info->stem_count;
    model->partition_count = 1;
    return 1;
}
