/* bag_yaml_none.c: a build without libyaml. */
#include "host/bag.h"

const char *bag_yaml_backend(void)
{
    return NULL;
}

int bag_read_yaml(bag *b, const char *text, size_t bytes, char message[CLEAVE_SENTENCE_BYTES])
{
    (void)text;
    (void)bytes;
    *b = (bag){0};
    return cleave_sentence(message,
                           "bag: YAML needs the library libyaml, which this build is without");
}
