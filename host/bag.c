/* bag.c: the store's own form of a bag: "cleave-bag 1", then a line for the segment, then one for
 * each model. */
#include "host/bag.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int bag_number(const char *text, double *value)
{
    double digits = 0, scale = 1;
    int points = 0;
    const int negative = *text == '-';
    const char *p = text + negative;

    if (*p < '0' || *p > '9' || strlen(p) > 20)
        return 0;
    for (; *p; p++) {
        if (*p == '.' && points++ == 0)
            continue;
        if (*p < '0' || *p > '9')
            return 0;
        digits = digits * 10 + (*p - '0');
        scale *= points ? 10 : 1;
    }
    *value = negative ? -digits / scale : digits / scale;
    return 1;
}

int bag_check(bag *b, char message[CLEAVE_SENTENCE_BYTES])
{
    if (b->model_count < 1)
        return cleave_sentence(message, "the bag names no model");
    for (int m = 0; m < b->model_count; m++)
        for (int other = 0; other < m; other++)
            if (!strcmp(b->model[m], b->model[other]))
                return cleave_sentence(message, "the bag names model \"%s\" twice", b->model[m]);
    for (int s = 0; s < b->source_count; s++) {
        double sum = 0;
        for (int m = 0; m < b->model_count; m++)
            sum += b->weight[m][s];
        if (!(fabs(sum) > 1e-9))
            return cleave_sentence(message, "the bag's weights of source %d sum to 0", s + 1);
    }
    if (b->segment_seconds < 0 || b->segment_seconds > 3600)
        return cleave_sentence(message, "the bag's segment of %g s is out of bounds",
                               b->segment_seconds);
    return 1;
}

/* "model NAME W W W": the name, then as many weights as the first model has. */
static int read_model(bag *b, char *save, char *message)
{
    const char *name = strtok_r(NULL, " ", &save), *word;
    int count = 0;

    if (b->model_count == BAG_MODELS_MAX)
        return cleave_sentence(message, "the bag names more than %d models", BAG_MODELS_MAX);
    if (!name || strlen(name) >= BAG_NAME_BYTES)
        return cleave_sentence(message, "the bag's model %d has no name, or one too long",
                               b->model_count + 1);
    while ((word = strtok_r(NULL, " ", &save))) {
        if (count == BAG_SOURCES_MAX || !bag_number(word, &b->weight[b->model_count][count]))
            return cleave_sentence(
                message, "the bag's weights of model \"%.80s\" are no numbers, or too many", name);
        count++;
    }
    if (b->model_count && count != b->source_count)
        return cleave_sentence(message,
                               "the bag's model \"%.80s\" has %d weights, the first has %d", name,
                               count, b->source_count);
    snprintf(b->model[b->model_count++], BAG_NAME_BYTES, "%s", name);
    b->source_count = count;
    return 1;
}

static int read_line(bag *b, int number, char *line, char *message)
{
    char *save = NULL;
    const char *word = strtok_r(line, " ", &save), *value;

    if (number == 0) {
        value = strtok_r(NULL, "", &save);
        return (word && value && !strcmp(word, "cleave-bag") && !strcmp(value, "1")) ||
               cleave_sentence(message, "the file does not begin with \"cleave-bag 1\"");
    }
    if (word && !strcmp(word, "model"))
        return read_model(b, save, message);
    if (word && !strcmp(word, "segment") && (value = strtok_r(NULL, "", &save)) &&
        bag_number(value, &b->segment_seconds))
        return 1;
    return cleave_sentence(message, "line %d of the bag is neither a model nor a segment",
                           number + 1);
}

int bag_read_text(bag *b, const char *text, size_t bytes, char message[CLEAVE_SENTENCE_BYTES])
{
    char *copy = malloc(bytes + 1), *line = copy;
    int ok = copy && bytes && bytes <= BAG_FILE_BYTES && !memchr(text, 0, bytes) &&
             text[bytes - 1] == '\n';

    *b = (bag){0};
    if (!ok) {
        free(copy);
        return cleave_sentence(message, "the bag file is empty, too long or no text");
    }
    memcpy(copy, text, bytes);
    copy[bytes] = 0;
    for (int number = 0; ok && *line; number++) {
        char *end = strchr(line, '\n');
        *end = 0;
        ok = read_line(b, number, line, message);
        line = end + 1;
    }
    free(copy);
    return ok && bag_check(b, message);
}

size_t bag_write_text(const bag *b, char text[BAG_FILE_BYTES])
{
    size_t used = (size_t)snprintf(text, BAG_FILE_BYTES, "cleave-bag 1\n");

    if (b->segment_seconds > 0)
        used += (size_t)snprintf(text + used, BAG_FILE_BYTES - used, "segment %.9f\n",
                                 b->segment_seconds);
    for (int m = 0; m < b->model_count; m++) {
        used += (size_t)snprintf(text + used, BAG_FILE_BYTES - used, "model %s", b->model[m]);
        for (int s = 0; s < b->source_count; s++)
            used += (size_t)snprintf(text + used, BAG_FILE_BYTES - used, " %.9f", b->weight[m][s]);
        used += (size_t)snprintf(text + used, BAG_FILE_BYTES - used, "\n");
    }
    return used;
}
