/* error.c: how errors are told. */
#include "runtime/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define WORD_MAX 63

cleave_status cleave_error_set(cleave_error *error, cleave_status status, const char *format, ...)
{
    va_list list;

    if (!error)
        return status;
    error->status = status;
    va_start(list, format);
    vsnprintf(error->message, sizeof error->message, format, list);
    va_end(list);
    return status;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

/* The restricted Damerau-Levenshtein distance (each piece is edited once), by the table of Wagner
 * and Fischer of which three rows are kept. Both words are at most WORD_MAX long. */
static int edit_distance(const char *a, const char *b)
{
    int rows[3][WORD_MAX + 1];
    int *before = rows[0], *above = rows[1], *row = rows[2];
    const int a_length = (int)strlen(a), b_length = (int)strlen(b);

    for (int j = 0; j <= b_length; j++)
        above[j] = j;
    for (int i = 1; i <= a_length; i++) {
        row[0] = i;
        for (int j = 1; j <= b_length; j++) {
            row[j] = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = smaller(row[j], smaller(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = smaller(row[j], before[j - 2] + 1);
        }
        int *const oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return above[b_length];
}

int32_t cleave_nearest(const char *word, const char *const *names, int32_t count)
{
    const size_t length = strlen(word);
    int limit = length / 3 > 2 ? (int)(length / 3) : 2;
    int32_t best = -1;

    if (length > WORD_MAX)
        return -1;
    for (int32_t i = 0; i < count; i++) {
        if (strlen(names[i]) > WORD_MAX)
            continue;
        int distance = edit_distance(word, names[i]);
        if (distance <= limit) {
            best = i;
            limit = distance - 1;
        }
    }
    return best;
}
