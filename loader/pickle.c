/* pickle.c: the stack machine. Opcodes and their operands: Python's pickletools, protocol 2. */
#include "loader/pickle.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/pickle_machine.h"

_Static_assert(sizeof(cleave_value) + sizeof(cleave_cell) + 2 * sizeof(cleave_value_index) <= 80,
               "CLEAVE_PICKLE_BYTES_MAX states this bound");

int cleave_pickle_refuse(machine *m, const char *format, ...)
{
    char text[CLEAVE_SENTENCE_BYTES];
    va_list list;

    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    return cleave_sentence(m->message, "pickle: %s at byte %zu: %s",
                           cleave_pickle_opcode_name(m->bytes[m->opcode_at]), m->opcode_at, text);
}

cleave_value *cleave_pickle_make(machine *m, cleave_value_kind kind, cleave_value_index *index)
{
    cleave_pickle *p = m->pickle;
    cleave_value *value;

    if (p->value_count >= p->capacity) {
        cleave_pickle_refuse(m, "more values than %zu bytes can make", m->size);
        return NULL;
    }
    *index = p->value_count++;
    value = &p->values[*index];
    *value = (cleave_value){.kind = kind,
                            .storage = CLEAVE_VALUE_NULL,
                            .first = CLEAVE_VALUE_NULL,
                            .last = CLEAVE_VALUE_NULL};
    return value;
}

int cleave_pickle_push(machine *m, cleave_value_index index)
{
    if (m->height >= m->pickle->capacity)
        return cleave_pickle_refuse(m, "the stack is higher than %zu bytes can make it", m->size);
    m->stack[m->height++] = index;
    return 1;
}

int cleave_pickle_pop(machine *m, cleave_value_index *index)
{
    if (m->height == m->floor)
        return cleave_pickle_refuse(m, "it takes from an empty stack");
    *index = m->stack[--m->height];
    return 1;
}

int cleave_pickle_append(machine *m, cleave_value *container, cleave_value_index item)
{
    cleave_pickle *p = m->pickle;
    const uint32_t cell = p->cell_count;

    if (cell >= p->capacity)
        return cleave_pickle_refuse(m, "more items than %zu bytes can make", m->size);
    p->cell_count++;
    p->cells[cell] = (cleave_cell){item, CLEAVE_VALUE_NULL};
    if (container->last == CLEAVE_VALUE_NULL)
        container->first = cell;
    else
        p->cells[container->last].next = cell;
    container->last = cell;
    container->item_count++;
    return 1;
}

/* The next `bytes` bytes of the pickle. */
static const unsigned char *take(machine *m, size_t bytes)
{
    const unsigned char *p = m->bytes + m->at;

    if (bytes > m->size - m->at) {
        cleave_pickle_refuse(m, "the pickle ends within its operand");
        return NULL;
    }
    m->at += bytes;
    return p;
}

static int push_made(machine *m, cleave_value_kind kind, int64_t integer)
{
    cleave_value_index index;
    cleave_value *value = cleave_pickle_make(m, kind, &index);

    if (!value)
        return 0;
    value->integer = integer;
    return cleave_pickle_push(m, index);
}

/* An integer of `bytes` bytes, little-endian; two's complement if `is_signed`. */
static int push_int(machine *m, size_t bytes, int is_signed)
{
    const unsigned char *p = take(m, bytes);
    uint64_t bits = 0;

    if (!p)
        return 0;
    for (size_t i = 0; i < bytes; i++)
        bits |= (uint64_t)p[i] << (8 * i);
    if (is_signed && bytes && bytes < 8 && p[bytes - 1] & 0x80)
        bits |= UINT64_MAX << (8 * bytes);
    return push_made(m, CLEAVE_VALUE_INT, (int64_t)bits);
}

static int push_long(machine *m)
{
    const unsigned char *p = take(m, 1);

    if (!p)
        return 0;
    if (*p > 8)
        return cleave_pickle_refuse(m, "an integer of %u bytes is too large", *p);
    return push_int(m, *p, 1);
}

static int push_float(machine *m)
{
    const unsigned char *p = take(m, 8);
    cleave_value_index index;
    cleave_value *value = p ? cleave_pickle_make(m, CLEAVE_VALUE_FLOAT, &index) : NULL;
    uint64_t bits = 0;

    if (!value)
        return 0;
    for (int i = 0; i < 8; i++)
        bits = bits << 8 | p[i];
    memcpy(&value->number, &bits, sizeof bits);
    return cleave_pickle_push(m, index);
}

static int push_text(machine *m)
{
    const unsigned char *p = take(m, 4);
    const uint32_t bytes =
        p ? (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24 : 0;
    const unsigned char *text = p ? take(m, bytes) : NULL;
    cleave_value_index index;
    cleave_value *value = text ? cleave_pickle_make(m, CLEAVE_VALUE_TEXT, &index) : NULL;

    if (!value)
        return 0;
    value->text = (const char *)text;
    value->text_bytes = bytes;
    return cleave_pickle_push(m, index);
}

/* Height just above the last mark, which is taken away. */
static int pop_mark(machine *m, uint32_t *base)
{
    if (m->mark_count == 0)
        return cleave_pickle_refuse(m, "there is no mark");
    *base = m->floor;
    m->floor = m->marks[--m->mark_count];
    return 1;
}

static int push_mark(machine *m)
{
    if (m->mark_count >= CLEAVE_PICKLE_MARKS_MAX)
        return cleave_pickle_refuse(m, "marks nest deeper than %d", CLEAVE_PICKLE_MARKS_MAX);
    m->marks[m->mark_count++] = m->floor;
    m->floor = m->height;
    return 1;
}

/* A tuple of the values from stack position base up. */
static int make_tuple(machine *m, uint32_t base)
{
    cleave_value_index index;
    cleave_value *tuple = cleave_pickle_make(m, CLEAVE_VALUE_TUPLE, &index);

    if (!tuple)
        return 0;
    for (uint32_t i = base; i < m->height; i++)
        if (!cleave_pickle_append(m, tuple, m->stack[i]))
            return 0;
    m->height = base;
    return cleave_pickle_push(m, index);
}

static int tuple_of(machine *m, uint32_t count)
{
    if (m->height - m->floor < count)
        return cleave_pickle_refuse(m, "it takes from an empty stack");
    return make_tuple(m, m->height - count);
}

static int tuple_to_mark(machine *m)
{
    uint32_t base = 0;

    return pop_mark(m, &base) && make_tuple(m, base);
}

/* Adds the values from stack position base up to the container below them. */
static int extend(machine *m, uint32_t base, cleave_value_kind kind)
{
    cleave_value *container;

    if (base <= m->floor)
        return cleave_pickle_refuse(m, "it finds no container");
    container = &m->pickle->values[m->stack[base - 1]];
    if (container->kind != kind)
        return cleave_pickle_refuse(m, "it adds items to what is not a %s",
                                    kind == CLEAVE_VALUE_LIST ? "list" : "dict");
    if (kind == CLEAVE_VALUE_DICT && (m->height - base) % 2)
        return cleave_pickle_refuse(m, "a key has no value");
    for (uint32_t i = base; i < m->height; i++)
        if (!cleave_pickle_append(m, container, m->stack[i]))
            return 0;
    m->height = base;
    return 1;
}

static int extend_by(machine *m, uint32_t count, cleave_value_kind kind)
{
    if (m->height - m->floor < count)
        return cleave_pickle_refuse(m, "it takes from an empty stack");
    return extend(m, m->height - count, kind);
}

static int extend_to_mark(machine *m, cleave_value_kind kind)
{
    uint32_t base = 0;

    return pop_mark(m, &base) && extend(m, base, kind);
}

/* Operand of BINPUT and BINGET (1 byte), LONG_BINPUT and LONG_BINGET (4). */
static int memo_slot(machine *m, size_t bytes, uint32_t *slot)
{
    const unsigned char *p = take(m, bytes);

    if (!p)
        return 0;
    *slot = 0;
    for (size_t i = 0; i < bytes; i++)
        *slot |= (uint32_t)p[i] << (8 * i);
    if (*slot >= m->pickle->capacity)
        return cleave_pickle_refuse(m, "memo %u is beyond what %zu bytes can make", *slot, m->size);
    return 1;
}

static int memo_put(machine *m, size_t bytes)
{
    uint32_t slot;

    if (!memo_slot(m, bytes, &slot))
        return 0;
    if (m->height == m->floor)
        return cleave_pickle_refuse(m, "nothing is on the stack");
    m->memo[slot] = m->stack[m->height - 1];
    return 1;
}

static int memo_get(machine *m, size_t bytes)
{
    uint32_t slot;

    if (!memo_slot(m, bytes, &slot))
        return 0;
    if (m->memo[slot] == CLEAVE_VALUE_NULL)
        return cleave_pickle_refuse(m, "memo %u was never set", slot);
    return cleave_pickle_push(m, m->memo[slot]);
}

static int protocol(machine *m)
{
    const unsigned char *number = take(m, 1);

    if (number && (*number != 2 || m->opcode_at != 0))
        return cleave_pickle_refuse(m, "protocol %u; checkpoints begin with 2, once", *number);
    return number != NULL;
}

static int stop(machine *m)
{
    return cleave_pickle_pop(m, &m->pickle->result) &&
           ((m->height == 0 && m->mark_count == 0) ||
            cleave_pickle_refuse(m, "%u values and %u marks are left over", m->height,
                                 m->mark_count));
}

/* One opcode; *done is set by STOP. Anything not listed is refused by number. */
static int step(machine *m, unsigned char opcode, int *done)
{
    switch (opcode) {
    case 0x80: /* PROTO */
        return protocol(m);
    case '}':
        return push_made(m, CLEAVE_VALUE_DICT, 0);
    case ']':
        return push_made(m, CLEAVE_VALUE_LIST, 0);
    case ')':
        return push_made(m, CLEAVE_VALUE_TUPLE, 0);
    case '(':
        return push_mark(m);
    case 'X':
        return push_text(m);
    case 'K':
        return push_int(m, 1, 0);
    case 'M':
        return push_int(m, 2, 0);
    case 'J':
        return push_int(m, 4, 1);
    case 0x8A: /* LONG1 */
        return push_long(m);
    case 'G':
        return push_float(m);
    case 'N':
        return push_made(m, CLEAVE_VALUE_NONE, 0);
    case 0x88: /* NEWTRUE */
    case 0x89: /* NEWFALSE */
        return push_made(m, CLEAVE_VALUE_BOOL, opcode == 0x88);
    case 0x85: /* TUPLE1, TUPLE2, TUPLE3 */
    case 0x86:
    case 0x87:
        return tuple_of(m, opcode - 0x84u);
    case 't':
        return tuple_to_mark(m);
    case 'q':
        return memo_put(m, 1);
    case 'r':
        return memo_put(m, 4);
    case 'h':
        return memo_get(m, 1);
    case 'j':
        return memo_get(m, 4);
    case 'c':
        return cleave_pickle_global(m);
    case 'R':
        return cleave_pickle_reduce(m);
    case 'Q':
        return cleave_pickle_persistent(m);
    case 's':
        return extend_by(m, 2, CLEAVE_VALUE_DICT);
    case 'u':
        return extend_to_mark(m, CLEAVE_VALUE_DICT);
    case 'a':
        return extend_by(m, 1, CLEAVE_VALUE_LIST);
    case 'e':
        return extend_to_mark(m, CLEAVE_VALUE_LIST);
    case 'b':
        return cleave_pickle_build(m);
    case '.':
        *done = 1;
        return stop(m);
    default:
        return cleave_pickle_refuse(m, "opcode 0x%02X is not allowed", opcode);
    }
}

static int run(machine *m)
{
    int done = 0;

    if (m->size == 0 || m->bytes[0] != 0x80)
        return cleave_sentence(m->message, "pickle: it does not begin with PROTO");
    while (!done) {
        if (m->at == m->size)
            return cleave_pickle_refuse(m, "the pickle ends here, without STOP");
        m->opcode_at = m->at++;
        if (!step(m, m->bytes[m->opcode_at], &done))
            return 0;
    }
    if (m->at != m->size)
        return cleave_pickle_refuse(m, "%zu bytes follow", m->size - m->at);
    return 1;
}

int cleave_pickle_load(cleave_pickle *pickle, const void *bytes, size_t size,
                       char message[CLEAVE_SENTENCE_BYTES])
{
    machine m = {.pickle = pickle, .bytes = bytes, .size = size, .message = message};
    int ok;

    *pickle = (cleave_pickle){0};
    if (size > CLEAVE_PICKLE_BYTES_MAX)
        return cleave_sentence(message, "pickle: %zu bytes are more than the limit of %u", size,
                               CLEAVE_PICKLE_BYTES_MAX);
    pickle->capacity = (uint32_t)size + 1;
    pickle->values = malloc(pickle->capacity * sizeof *pickle->values);
    pickle->cells = malloc(pickle->capacity * sizeof *pickle->cells);
    m.stack = malloc(pickle->capacity * sizeof *m.stack);
    m.memo = malloc(pickle->capacity * sizeof *m.memo);
    if (pickle->values && pickle->cells && m.stack && m.memo) {
        memset(m.memo, 0xFF, pickle->capacity * sizeof *m.memo);
        ok = run(&m);
    } else {
        ok = cleave_sentence(message, "pickle: no memory for %zu bytes of it", size);
    }
    free(m.stack);
    free(m.memo);
    if (!ok)
        cleave_pickle_close(pickle);
    return ok;
}

void cleave_pickle_close(cleave_pickle *pickle)
{
    free(pickle->values);
    free(pickle->cells);
    *pickle = (cleave_pickle){0};
}

const cleave_value *cleave_pickle_value(const cleave_pickle *pickle, cleave_value_index index)
{
    return index < pickle->value_count ? &pickle->values[index] : NULL;
}

const cleave_value *cleave_pickle_next(const cleave_pickle *pickle, uint32_t *cursor)
{
    const cleave_cell *cell;

    if (*cursor == CLEAVE_VALUE_NULL)
        return NULL;
    cell = &pickle->cells[*cursor];
    *cursor = cell->next;
    return &pickle->values[cell->value];
}

int cleave_value_is_text(const cleave_value *value, const char *text)
{
    const size_t bytes = strlen(text);

    return value && value->kind == CLEAVE_VALUE_TEXT && value->text_bytes == bytes &&
           memcmp(value->text, text, bytes) == 0;
}

const cleave_value *cleave_pickle_get(const cleave_pickle *pickle, const cleave_value *dict,
                                      const char *key)
{
    const cleave_value *found = NULL, *name, *value;
    uint32_t cursor;

    if (!dict || dict->kind != CLEAVE_VALUE_DICT)
        return NULL;
    cursor = dict->first;
    while ((name = cleave_pickle_next(pickle, &cursor)) &&
           (value = cleave_pickle_next(pickle, &cursor)))
        if (cleave_value_is_text(name, key))
            found = value;
    return found;
}
