/* suggest.c: the name that a misspelt word was meant to be.
 *
 * Optimal string alignment distance: Damerau, "A technique for computer detection and correction of
 * spelling errors", CACM 7(3), 1964, with each substring edited at most once. */
#include "host/suggest.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#define WORD_BYTES_MAX 64

static int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int32_t edit_distance(const char *a, const char *b)
{
    int32_t rows = (int32_t)strlen(a);
    int32_t columns = (int32_t)strlen(b);
    int32_t cost[WORD_BYTES_MAX + 1][WORD_BYTES_MAX + 1];
    for (int32_t i = 0; i <= rows; i++) {
        for (int32_t j = 0; j <= columns; j++) {
            if (i == 0 || j == 0) {
                cost[i][j] = i + j;
                continue;
            }
            int32_t replaced = lower(a[i - 1]) != lower(b[j - 1]);
            int32_t best = smaller(cost[i - 1][j] + 1, cost[i][j - 1] + 1);
            best = smaller(best, cost[i - 1][j - 1] + replaced);
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                lower(a[i - 2]) == lower(b[j - 1])) {
                best = smaller(best, cost[i - 2][j - 2] + 1);
            }
            cost[i][j] = best;
        }
    }
    return cost[rows][columns];
}

const char *suggest_nearest(const char *word, const char *const *names, int32_t count)
{
    const char *nearest = NULL;
    int32_t nearest_distance = WORD_BYTES_MAX;
    size_t word_bytes = strlen(word);
    if (word_bytes == 0 || word_bytes > WORD_BYTES_MAX) {
        return NULL;
    }
    for (int32_t i = 0; i < count; i++) {
        size_t name_bytes = strlen(names[i]);
        if (name_bytes > WORD_BYTES_MAX) {
            continue;
        }
        size_t longer = name_bytes > word_bytes ? name_bytes : word_bytes;
        int32_t allowed = longer < 6 ? 1 + (longer > 3) : (int32_t)(longer / 3);
        int32_t distance = edit_distance(word, names[i]);
        if (distance <= allowed && distance < nearest_distance) {
            nearest = names[i];
            nearest_distance = distance;
        }
    }
    return nearest;
}
