/* pickle_globals.c: the names that a checkpoint may mention, and what calling them means here. */
#include <string.h>

#include "loader/pickle_machine.h"

typedef enum global_action {
    ACTION_NAME, /* a name only; calling it is refused */
    ACTION_TENSOR,
    ACTION_PARAMETER,
    ACTION_DICT,
    ACTION_FRACTION,
    ACTION_INERT /* calling it makes a value that says nothing */
} global_action;

static const struct {
    const char *name; /* module, space, name */
    global_action action;
} allowed[] = {
    {"torch._utils _rebuild_tensor_v2", ACTION_TENSOR},
    {"torch._utils _rebuild_parameter", ACTION_PARAMETER},
    {"collections OrderedDict", ACTION_DICT},
    {"fractions Fraction", ACTION_FRACTION},
    {"numpy.core.multiarray scalar", ACTION_INERT},
    {"numpy._core.multiarray scalar", ACTION_INERT},
    {"numpy dtype", ACTION_INERT},
    {"_codecs encode", ACTION_INERT},
    {"torch HalfStorage", ACTION_NAME},
    {"torch BFloat16Storage", ACTION_NAME},
    {"torch FloatStorage", ACTION_NAME},
    {"torch DoubleStorage", ACTION_NAME},
    {"torch LongStorage", ACTION_NAME},
    {"torch IntStorage", ACTION_NAME},
    {"torch ShortStorage", ACTION_NAME},
    {"torch CharStorage", ACTION_NAME},
    {"torch ByteStorage", ACTION_NAME},
    {"torch BoolStorage", ACTION_NAME},
    {"demucs.htdemucs HTDemucs", ACTION_NAME},
    {"demucs.hdemucs HDemucs", ACTION_NAME},
    {"demucs.demucs Demucs", ACTION_NAME},
};

/* Position in `allowed` of module and name; -1 if they are not there. */
static int allowed_index(const char *module, size_t module_bytes, const char *name,
                         size_t name_bytes)
{
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++) {
        const char *space = strchr(allowed[i].name, ' ');
        if ((size_t)(space - allowed[i].name) == module_bytes && strlen(space + 1) == name_bytes &&
            !memcmp(allowed[i].name, module, module_bytes) && !memcmp(space + 1, name, name_bytes))
            return (int)i;
    }
    return -1;
}

int cleave_value_is_global(const cleave_value *value, const char *name)
{
    return value && value->kind == CLEAVE_VALUE_GLOBAL && strcmp(value->text, name) == 0;
}

/* One line of the pickle's text, without its end; NULL if there is none. */
static const char *line(machine *m, size_t *bytes)
{
    const unsigned char *start = m->bytes + m->at, *end = memchr(start, '\n', m->size - m->at);

    if (!end) {
        cleave_pickle_refuse(m, "the pickle ends within a name");
        return NULL;
    }
    *bytes = (size_t)(end - start);
    m->at += *bytes + 1;
    return (const char *)start;
}

int cleave_pickle_global(machine *m)
{
    size_t module_bytes = 0, name_bytes = 0;
    const char *module = line(m, &module_bytes), *name = module ? line(m, &name_bytes) : NULL;
    cleave_value_index index;
    cleave_value *global;
    int found;

    if (!name)
        return 0;
    if ((found = allowed_index(module, module_bytes, name, name_bytes)) < 0)
        return cleave_pickle_refuse(m, "global \"%.*s %.*s\" is not allowed",
                                    cleave_sentence_quote(module_bytes), module,
                                    cleave_sentence_quote(name_bytes), name);
    if (!(global = cleave_pickle_make(m, CLEAVE_VALUE_GLOBAL, &index)))
        return 0;
    global->text = allowed[found].name;
    global->text_bytes = (uint32_t)strlen(global->text);
    global->integer = found;
    return cleave_pickle_push(m, index);
}

/* The items of a tuple, up to `count` of them; returns how many it has. */
static uint32_t unpack(const machine *m, const cleave_value *tuple, const cleave_value **items,
                       uint32_t count)
{
    uint32_t cursor = tuple->first;

    for (uint32_t i = 0; i < count; i++)
        items[i] = cleave_pickle_next(m->pickle, &cursor);
    return tuple->item_count;
}

static cleave_value_index index_of(const machine *m, const cleave_value *value)
{
    return (cleave_value_index)(value - m->pickle->values);
}

/* Whether a value is a tuple of sizes. A longer one than any tensor has is not walked: the same
 * tuple may be an argument of every tensor. */
static int all_sizes(const machine *m, const cleave_value *tuple)
{
    uint32_t cursor = tuple->first;
    const cleave_value *item;

    if (tuple->kind != CLEAVE_VALUE_TUPLE || tuple->item_count > CLEAVE_PICKLE_RANK_MAX)
        return 0;
    while ((item = cleave_pickle_next(m->pickle, &cursor)))
        if (item->kind != CLEAVE_VALUE_INT || item->integer < 0)
            return 0;
    return 1;
}

/* _rebuild_tensor_v2(storage, offset, shape, stride, requires_grad, hooks[, metadata]) */
static int make_tensor(machine *m, const cleave_value *arguments)
{
    const cleave_value *a[4];
    cleave_value_index index;
    cleave_value *tensor;

    if (unpack(m, arguments, a, 4) < 4 || a[0]->kind != CLEAVE_VALUE_STORAGE ||
        a[1]->kind != CLEAVE_VALUE_INT || a[1]->integer < 0 || !all_sizes(m, a[2]) ||
        !all_sizes(m, a[3]) || a[2]->item_count != a[3]->item_count)
        return cleave_pickle_refuse(m, "a tensor's arguments are of the wrong kind");
    if (!(tensor = cleave_pickle_make(m, CLEAVE_VALUE_TENSOR, &index)))
        return 0;
    tensor->storage = index_of(m, a[0]);
    tensor->integer = a[1]->integer;
    tensor->shape = index_of(m, a[2]);
    tensor->stride = index_of(m, a[3]);
    return cleave_pickle_push(m, index);
}

/* Fraction(numerator, denominator), or Fraction("39/5"), whose text stays a text. */
static int make_fraction(machine *m, const cleave_value *arguments)
{
    const cleave_value *a[2];
    const uint32_t count = unpack(m, arguments, a, 2);
    cleave_value_index index;
    cleave_value *fraction;

    if (count == 1 && a[0]->kind == CLEAVE_VALUE_TEXT)
        return cleave_pickle_push(m, index_of(m, a[0]));
    if (count != 2 || a[0]->kind != CLEAVE_VALUE_INT || a[1]->kind != CLEAVE_VALUE_INT ||
        a[1]->integer <= 0)
        return cleave_pickle_refuse(m, "a fraction's arguments are of the wrong kind");
    if (!(fraction = cleave_pickle_make(m, CLEAVE_VALUE_FRACTION, &index)))
        return 0;
    fraction->integer = a[0]->integer;
    fraction->denominator = a[1]->integer;
    return cleave_pickle_push(m, index);
}

/* OrderedDict(), or OrderedDict([(key, value), ...]) */
static int make_dict(machine *m, const cleave_value *arguments)
{
    const cleave_value *list, *pair, *item[2];
    cleave_value_index index;
    cleave_value *dict = cleave_pickle_make(m, CLEAVE_VALUE_DICT, &index);
    uint32_t cursor;

    if (!dict)
        return 0;
    if (unpack(m, arguments, &list, 1) == 0)
        return cleave_pickle_push(m, index);
    cursor = list->first;
    if (list->kind != CLEAVE_VALUE_LIST)
        return cleave_pickle_refuse(m, "an OrderedDict is made of no list");
    while ((pair = cleave_pickle_next(m->pickle, &cursor))) {
        if ((pair->kind != CLEAVE_VALUE_TUPLE && pair->kind != CLEAVE_VALUE_LIST) ||
            unpack(m, pair, item, 2) != 2)
            return cleave_pickle_refuse(m, "an OrderedDict is made of no pairs");
        if (!cleave_pickle_append(m, dict, index_of(m, item[0])) ||
            !cleave_pickle_append(m, dict, index_of(m, item[1])))
            return 0;
    }
    return cleave_pickle_push(m, index);
}

static int make_inert(machine *m)
{
    cleave_value_index index;

    return cleave_pickle_make(m, CLEAVE_VALUE_INERT, &index) && cleave_pickle_push(m, index);
}

int cleave_pickle_reduce(machine *m)
{
    cleave_value_index argument_index, callable_index;
    const cleave_value *arguments, *callable, *first;

    if (!cleave_pickle_pop(m, &argument_index) || !cleave_pickle_pop(m, &callable_index))
        return 0;
    arguments = &m->pickle->values[argument_index];
    callable = &m->pickle->values[callable_index];
    if (callable->kind != CLEAVE_VALUE_GLOBAL || arguments->kind != CLEAVE_VALUE_TUPLE)
        return cleave_pickle_refuse(m, "it calls what is no global, or with no tuple");
    switch (allowed[callable->integer].action) {
    case ACTION_TENSOR:
        return make_tensor(m, arguments);
    case ACTION_PARAMETER:
        if (unpack(m, arguments, &first, 1) < 1 || first->kind != CLEAVE_VALUE_TENSOR)
            return cleave_pickle_refuse(m, "a parameter holds no tensor");
        return cleave_pickle_push(m, index_of(m, first));
    case ACTION_DICT:
        return make_dict(m, arguments);
    case ACTION_FRACTION:
        return make_fraction(m, arguments);
    case ACTION_INERT:
        return make_inert(m);
    default:
        return cleave_pickle_refuse(m, "global \"%s\" may be named, not called", callable->text);
    }
}

/* ("storage", class, key, device, count) */
int cleave_pickle_persistent(machine *m)
{
    const cleave_value *id, *a[5];
    cleave_value_index id_index, index;
    cleave_value *storage;

    if (!cleave_pickle_pop(m, &id_index))
        return 0;
    id = &m->pickle->values[id_index];
    if (id->kind != CLEAVE_VALUE_TUPLE || unpack(m, id, a, 5) != 5 ||
        !cleave_value_is_text(a[0], "storage") || a[1]->kind != CLEAVE_VALUE_GLOBAL ||
        a[2]->kind != CLEAVE_VALUE_TEXT || a[4]->kind != CLEAVE_VALUE_INT || a[4]->integer < 0)
        return cleave_pickle_refuse(m, "the persistent id is no storage");
    if (!(storage = cleave_pickle_make(m, CLEAVE_VALUE_STORAGE, &index)))
        return 0;
    storage->storage = index_of(m, a[1]);
    storage->text = a[2]->text;
    storage->text_bytes = a[2]->text_bytes;
    storage->integer = a[4]->integer;
    return cleave_pickle_push(m, index);
}

/* The state of an OrderedDict's attributes or of a numpy type says nothing to us; of anything else
 * it is refused. */
int cleave_pickle_build(machine *m)
{
    cleave_value_index state, object;
    const cleave_value *value;

    if (!cleave_pickle_pop(m, &state) || !cleave_pickle_pop(m, &object))
        return 0;
    value = &m->pickle->values[object];
    if (value->kind != CLEAVE_VALUE_DICT && value->kind != CLEAVE_VALUE_INERT)
        return cleave_pickle_refuse(m, "its object is neither dict nor numpy type");
    return cleave_pickle_push(m, object);
}
