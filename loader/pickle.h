/* pickle.h: a pickle machine that can make nothing but plain values and tensor descriptions.
 *
 * Protocol 2, by an allow-list of opcodes and of global names. A global is a name: nothing is
 * imported, called or opened. The machine reads each byte once. It makes at most as many values,
 * and items of containers, as the pickle has bytes, so memory is bounded by a constant times its
 * length; so is time, since the walk of every argument is bounded or makes as many items. */
#ifndef CLEAVE_LOADER_PICKLE_H
#define CLEAVE_LOADER_PICKLE_H

#include <stddef.h>
#include <stdint.h>

#include "weights/sentence.h"

#define CLEAVE_PICKLE_BYTES_MAX (4u << 20) /* the machine takes 80 bytes of memory for each */

typedef enum cleave_value_kind {
    CLEAVE_VALUE_NONE,
    CLEAVE_VALUE_BOOL,
    CLEAVE_VALUE_INT,
    CLEAVE_VALUE_FLOAT,
    CLEAVE_VALUE_TEXT,
    CLEAVE_VALUE_TUPLE,
    CLEAVE_VALUE_LIST,
    CLEAVE_VALUE_DICT, /* items are key, value, key, value, ... */
    CLEAVE_VALUE_GLOBAL,
    CLEAVE_VALUE_FRACTION, /* numerator, denominator */
    CLEAVE_VALUE_STORAGE,
    CLEAVE_VALUE_TENSOR,
    CLEAVE_VALUE_INERT /* something allowed that says nothing to us */
} cleave_value_kind;

typedef uint32_t cleave_value_index; /* CLEAVE_VALUE_NULL: none */
#define CLEAVE_VALUE_NULL UINT32_MAX

typedef struct cleave_value {
    cleave_value_kind kind;
    uint32_t text_bytes;
    const char *text; /* TEXT, STORAGE's key: in the pickle, no NUL; GLOBAL: "module name" */
    int64_t integer;  /* BOOL, INT, FRACTION's numerator, GLOBAL's number, STORAGE's count, TENSOR's
                         offset in elements */
    int64_t denominator;
    double number;              /* FLOAT */
    cleave_value_index storage; /* TENSOR: its storage; STORAGE: its class, a GLOBAL */
    cleave_value_index shape;   /* TENSOR: tuples of INT of equal length, checked to be that */
    cleave_value_index stride;  /* in elements */
    uint32_t first, last;       /* TUPLE, LIST, DICT: chain of cells */
    uint32_t item_count;
} cleave_value;

typedef struct cleave_cell {
    cleave_value_index value;
    uint32_t next; /* CLEAVE_VALUE_NULL at the end */
} cleave_cell;

typedef struct cleave_pickle {
    cleave_value *values;
    cleave_cell *cells;
    uint32_t value_count, cell_count, capacity;
    cleave_value_index result;
} cleave_pickle;

/* Runs the machine over the whole pickle. 1, or 0 with one sentence that names the opcode or
 * global. The bytes must outlive the values, whose text points into them. A list may hold itself:
 * who walks values bounds the depth. */
int cleave_pickle_load(cleave_pickle *pickle, const void *bytes, size_t size,
                       char message[CLEAVE_SENTENCE_BYTES]);
void cleave_pickle_close(cleave_pickle *pickle);

const cleave_value *cleave_pickle_value(const cleave_pickle *pickle, cleave_value_index index);

/* The value of a text key in a DICT; NULL if it is no dict or lacks the key. The last of equal keys
 * wins. */
const cleave_value *cleave_pickle_get(const cleave_pickle *pickle, const cleave_value *dict,
                                      const char *key);

/* Walks the items of a TUPLE, LIST or DICT: *cursor starts as value->first. NULL at the end. */
const cleave_value *cleave_pickle_next(const cleave_pickle *pickle, uint32_t *cursor);

/* Whether a value is a TEXT of these bytes; a GLOBAL of that name ("collections OrderedDict"). */
int cleave_value_is_text(const cleave_value *value, const char *text);
int cleave_value_is_global(const cleave_value *value, const char *name);

#endif
