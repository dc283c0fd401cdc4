/* score.c: the engine's measure of an estimate, with its memory; and what can be scored. */
#include "host/score.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

cleave_quality *score_open(int32_t channels)
{
    size_t bytes = cleave_quality_need(channels);
    void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
    cleave_quality *score = NULL;
    /* The object stands at the start of its memory, which is what score_close() frees. */
    if (memory == NULL || cleave_quality_init(channels, memory, bytes, &score) != CLEAVE_OK) {
        free(memory);
        return NULL;
    }
    return score;
}

void score_close(cleave_quality **score)
{
    free(*score);
    *score = NULL;
}

static int are_all(char names[][CLEAVE_NAME_BYTES], int32_t count, const char *const *all,
                   int32_t all_count)
{
    int32_t found = 0;
    for (int32_t a = 0; a < all_count; a++) {
        for (int32_t i = 0; i < count; i++) {
            found += strcmp(names[i], all[a]) == 0;
        }
    }
    return count == all_count && found == count;
}

static int is_rest_of(const char *rest, const char *stem)
{
    char name[CLEAVE_NAME_BYTES + 4];
    snprintf(name, sizeof name, "no_%s", stem);
    return strcmp(rest, name) == 0 ||
           (strcmp(rest, "accompaniment") == 0 && strcmp(stem, "vocals") == 0);
}

int score_is_whole(char names[][CLEAVE_NAME_BYTES], int32_t count, const cleave_model_info *model)
{
    if (count == 2 && (is_rest_of(names[1], names[0]) || is_rest_of(names[0], names[1]))) {
        return 1;
    }
    return are_all(names, count, model->stems, model->stem_count) ||
           are_all(names, count, model->default_stems, model->default_stem_count);
}
