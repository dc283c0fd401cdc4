/* fx_chain.c: chains of effects as values and as text. */
#include "runtime/fx.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "runtime/error.h"
#include "runtime/fx_number.h"

#define NAME_BYTES  32 /* of an effect, a parameter, or a choice, with its NUL */
#define PART_BYTES  (CLEAVE_FX_TEXT_BYTES + NAME_BYTES)
#define KINDS_MAX   32
#define LEVEL_LIMIT 40.0 /* dB that a band may lift or lower */

static const char *const shape_names[CLEAVE_FX_SHAPES] = {
    "peak", "lowshelf", "highshelf", "lowpass", "highpass", "bandpass", "notch"};

/* A piece of text: not terminated. */
typedef struct piece {
    const char *at;
    size_t length;
} piece;

static piece trim(piece text)
{
    while (text.length > 0 && (text.at[0] == ' ' || text.at[0] == '\n' || text.at[0] == '\t')) {
        text.at++;
        text.length--;
    }
    while (text.length > 0) {
        const char last = text.at[text.length - 1];
        if (last != ' ' && last != '\n' && last != '\t')
            break;
        text.length--;
    }
    return text;
}

/* Takes what stands before the next `separator` off the text. Returns 0 at its end. */
static int next_piece(piece *text, char separator, piece *part)
{
    if (!text->at)
        return 0;
    const char *const end = memchr(text->at, separator, text->length);
    const size_t length = end ? (size_t)(end - text->at) : text->length;
    *part = trim((piece){text->at, length});
    *text = end ? (piece){end + 1, text->length - length - 1} : (piece){NULL, 0};
    return 1;
}

/* A copy with its NUL, cut off where there is no more room. */
static const char *copy(piece text, char *to, size_t bytes)
{
    snprintf(to, bytes, "%.*s", (int)text.length, text.at);
    return to;
}

/* The sentence for a word that is none of the names. */
static cleave_status refuse(cleave_error *error, const char *what, const char *word,
                            const char *const *names, int32_t count)
{
    const int32_t nearest = cleave_nearest(word, names, count);
    char all[160] = "";

    if (nearest >= 0)
        return cleave_error_set(error, CLEAVE_INVALID, "%s \"%s\" is unknown; did you mean \"%s\"?",
                                what, word, names[nearest]);
    for (int32_t i = 0; i < count; i++) {
        const size_t used = strlen(all);
        snprintf(all + used, sizeof all - used, "%s%s", i ? ", " : "", names[i]);
    }
    return cleave_error_set(error, CLEAVE_INVALID, "%s \"%s\" is unknown; there are %s", what, word,
                            all);
}

static int32_t find(const char *word, const char *const *names, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
        if (!strcmp(word, names[i]))
            return i;
    return -1;
}

static int32_t kind_names(const char *names[KINDS_MAX])
{
    int32_t count = 0;

    for (const cleave_effect *effect; (effect = cleave_effect_at(count)) != NULL; count++) {
        assert(count < KINDS_MAX);
        names[count] = effect->kind.name;
    }
    return count;
}

cleave_status cleave_fx_at(int32_t index, cleave_fx_kind *kind)
{
    const cleave_effect *const effect = index < 0 ? NULL : cleave_effect_at(index);

    if (!effect)
        return CLEAVE_INVALID;
    *kind = effect->kind;
    return CLEAVE_OK;
}

cleave_status cleave_fx_chain_add(cleave_fx_chain *chain, const char *name, cleave_error *error)
{
    const char *names[KINDS_MAX];
    const int32_t count = kind_names(names), kind = find(name, names, count);

    if (kind < 0)
        return refuse(error, "effect", name, names, count);
    if (chain->count >= CLEAVE_FX_EFFECTS_MAX)
        return cleave_error_set(error, CLEAVE_INVALID,
                                "effect \"%s\": a chain has at most %d effects", name,
                                CLEAVE_FX_EFFECTS_MAX);
    cleave_fx_effect *const effect = &chain->effect[chain->count++];
    const cleave_fx_kind *const described = &cleave_effect_at(kind)->kind;
    *effect = (cleave_fx_effect){.kind = kind};
    for (int32_t p = 0; p < described->parameter_count; p++)
        effect->value[p] = described->parameters[p].preset;
    return CLEAVE_OK;
}

/* The words of "peak|rms", into `words` with NULs between them. */
static int32_t split_choices(const char *choices, char *words, size_t bytes,
                             const char *names[CLEAVE_FX_PARAMETERS_MAX])
{
    int32_t count = 0;

    snprintf(words, bytes, "%s", choices);
    for (char *at = words; at; count++) {
        char *const bar = strchr(at, '|');
        assert(count < CLEAVE_FX_PARAMETERS_MAX);
        names[count] = at;
        if (bar)
            *bar = '\0';
        at = bar ? bar + 1 : NULL;
    }
    return count;
}

/* A number in its range; `what` names it in the sentence. */
static cleave_status check_number(const char *what, const char *unit, double value, double low,
                                  double high, cleave_error *error)
{
    if (value >= low && value <= high)
        return CLEAVE_OK;
    return cleave_error_set(error, CLEAVE_INVALID, "%s %g: must be %g to %g%s%s", what, value, low,
                            high, *unit ? " " : "", unit);
}

cleave_status cleave_fx_value_check(const cleave_fx_kind *kind, int32_t parameter, double value,
                                    cleave_error *error)
{
    const cleave_fx_parameter *const p = &kind->parameters[parameter];
    char what[2 * NAME_BYTES];

    snprintf(what, sizeof what, "%s: %s", kind->name, p->name);
    if (p->choices && value != floor(value))
        return cleave_error_set(error, CLEAVE_INVALID, "%s %g: is a choice, a whole number", what,
                                value);
    return check_number(what, p->unit, value, p->low, p->high, error);
}

cleave_status cleave_fx_band_check(const cleave_fx_kind *kind, const cleave_fx_band *band,
                                   cleave_error *error)
{
    const struct {
        const char *name, *unit;
        double value, low, high;
    } values[] = {
        {"shape", "", band->shape, 0, CLEAVE_FX_SHAPES - 1},
        {"frequency", "Hz", band->frequency_hz, 1, CLEAVE_FX_RATE_HZ_MAX / 2},
        {"gain", "dB", band->gain_db, -LEVEL_LIMIT, LEVEL_LIMIT},
        {"Q", "", band->q, 0.05, 50},
    };
    cleave_status status = CLEAVE_OK;

    for (size_t i = 0; status == CLEAVE_OK && i < sizeof values / sizeof values[0]; i++) {
        char what[2 * NAME_BYTES];
        snprintf(what, sizeof what, "%s: band %s", kind->name, values[i].name);
        status = check_number(what, values[i].unit, values[i].value, values[i].low, values[i].high,
                              error);
    }
    return status;
}

static cleave_status check_effect(const cleave_fx_effect *effect, cleave_error *error)
{
    const cleave_effect *const found = effect->kind < 0 ? NULL : cleave_effect_at(effect->kind);
    cleave_status status = CLEAVE_OK;

    if (!found)
        return cleave_error_set(error, CLEAVE_INVALID, "effect of kind %d: there is none",
                                (int)effect->kind);
    const cleave_fx_kind *const kind = &found->kind;
    for (int32_t p = 0; status == CLEAVE_OK && p < kind->parameter_count; p++)
        status = cleave_fx_value_check(kind, p, effect->value[p], error);
    if (status != CLEAVE_OK)
        return status;
    if (effect->band_count < 0 || effect->band_count > (kind->has_bands ? CLEAVE_FX_BANDS_MAX : 0))
        return cleave_error_set(error, CLEAVE_INVALID, "%s: %d bands: at most %d are possible",
                                kind->name, (int)effect->band_count,
                                kind->has_bands ? CLEAVE_FX_BANDS_MAX : 0);
    for (int32_t b = 0; status == CLEAVE_OK && b < effect->band_count; b++)
        status = cleave_fx_band_check(kind, &effect->band[b], error);
    return status;
}

cleave_status cleave_fx_chain_check(const cleave_fx_chain *chain, cleave_error *error)
{
    cleave_status status = CLEAVE_OK;

    if (!chain)
        return cleave_error_set(error, CLEAVE_INVALID, "there is no chain of effects");
    if (chain->count < 0 || chain->count > CLEAVE_FX_EFFECTS_MAX)
        return cleave_error_set(error, CLEAVE_INVALID, "a chain of %d effects: at most %d",
                                (int)chain->count, CLEAVE_FX_EFFECTS_MAX);
    for (int32_t i = 0; status == CLEAVE_OK && i < chain->count; i++)
        status = check_effect(&chain->effect[i], error);
    return status;
}

static cleave_status read_number(const char *what, const char *text, double *value,
                                 cleave_error *error)
{
    if (cleave_fx_number(text, value))
        return CLEAVE_OK;
    return cleave_error_set(error, CLEAVE_INVALID, "%s: \"%s\" is not a number", what, text);
}

static cleave_status set_value(const cleave_fx_kind *kind, cleave_fx_effect *effect, int32_t index,
                               const char *text, cleave_error *error)
{
    const cleave_fx_parameter *const parameter = &kind->parameters[index];
    char what[2 * NAME_BYTES], words[128];
    const char *names[CLEAVE_FX_PARAMETERS_MAX];
    double value;

    snprintf(what, sizeof what, "%s: %s", kind->name, parameter->name);
    if (parameter->choices) {
        const int32_t count = split_choices(parameter->choices, words, sizeof words, names);
        const int32_t choice = find(text, names, count);
        if (choice < 0)
            return refuse(error, what, text, names, count);
        effect->value[index] = choice;
        return CLEAVE_OK;
    }
    cleave_status status = read_number(what, text, &value, error);
    if (status == CLEAVE_OK)
        status = cleave_fx_value_check(kind, index, value, error);
    if (status == CLEAVE_OK)
        effect->value[index] = value;
    return status;
}

static int band_has_gain(cleave_fx_shape shape)
{
    return shape <= CLEAVE_FX_HIGH_SHELF;
}

/* "80/-3/1", "lowshelf@80/-3/0.7", "notch@50/8"; what is left out has a usual value. */
static cleave_status read_band(const cleave_fx_kind *kind, const char *text, cleave_fx_band *band,
                               cleave_error *error)
{
    static const char *const names[] = {"frequency", "gain", "Q"};
    cleave_fx_band read = {.shape = CLEAVE_FX_PEAKING, .q = 1};
    double *const value[] = {&read.frequency_hz, &read.gain_db, &read.q};
    piece rest = {text, strlen(text)}, part = {NULL, 0};
    char word[PART_BYTES], what[2 * NAME_BYTES];

    if (memchr(rest.at, '@', rest.length)) {
        next_piece(&rest, '@', &part);
        const int32_t shape = find(copy(part, word, sizeof word), shape_names, CLEAVE_FX_SHAPES);
        snprintf(what, sizeof what, "%s: band", kind->name);
        if (shape < 0)
            return refuse(error, what, word, shape_names, CLEAVE_FX_SHAPES);
        read.shape = (cleave_fx_shape)shape;
        if (shape >= CLEAVE_FX_LOW_SHELF && shape <= CLEAVE_FX_HIGH_PASS)
            read.q = sqrt(0.5);
    }
    /* Passes and notches have no gain between frequency and Q. */
    const int second = band_has_gain(read.shape) ? 1 : 2;
    for (int k = 0; next_piece(&rest, '/', &part); k = k == 0 ? second : k + 1) {
        if (k > 2)
            return cleave_error_set(error, CLEAVE_INVALID, "%s: band \"%s\" has too many values",
                                    kind->name, text);
        snprintf(what, sizeof what, "%s: band %s", kind->name, names[k]);
        const cleave_status status =
            read_number(what, copy(part, word, sizeof word), value[k], error);
        if (status != CLEAVE_OK)
            return status;
    }
    const cleave_status status = cleave_fx_band_check(kind, &read, error);
    if (status == CLEAVE_OK)
        *band = read;
    return status;
}

static cleave_status set_text(const cleave_fx_kind *kind, cleave_fx_effect *effect,
                              const char *value, cleave_error *error)
{
    if (strlen(value) >= sizeof effect->text)
        return cleave_error_set(error, CLEAVE_INVALID, "%s: %s is longer than %d bytes", kind->name,
                                kind->text, CLEAVE_FX_TEXT_BYTES - 1);
    snprintf(effect->text, sizeof effect->text, "%s", value);
    return CLEAVE_OK;
}

cleave_status cleave_fx_chain_set(cleave_fx_chain *chain, int32_t index, const char *name,
                                  const char *value, cleave_error *error)
{
    const char *names[CLEAVE_FX_PARAMETERS_MAX + 2];
    char what[2 * NAME_BYTES];
    int32_t count = 0;

    if (index < 0 || index >= chain->count)
        return cleave_error_set(error, CLEAVE_INVALID, "effect %d: the chain has %d", (int)index,
                                (int)chain->count);
    cleave_fx_effect *const effect = &chain->effect[index];
    const cleave_fx_kind *const kind = &cleave_effect_at(effect->kind)->kind;
    for (; count < kind->parameter_count; count++)
        names[count] = kind->parameters[count].name;
    const int32_t parameter = find(name, names, count);
    if (parameter >= 0)
        return set_value(kind, effect, parameter, value, error);
    if (kind->text && !strcmp(name, kind->text))
        return set_text(kind, effect, value, error);
    if (kind->has_bands && !strcmp(name, "band")) {
        if (effect->band_count >= CLEAVE_FX_BANDS_MAX)
            return cleave_error_set(error, CLEAVE_INVALID, "%s: has at most %d bands", kind->name,
                                    CLEAVE_FX_BANDS_MAX);
        const cleave_status status =
            read_band(kind, value, &effect->band[effect->band_count], error);
        effect->band_count += status == CLEAVE_OK;
        return status;
    }
    if (kind->text)
        names[count++] = kind->text;
    if (kind->has_bands)
        names[count++] = "band";
    snprintf(what, sizeof what, "%s: parameter", kind->name);
    return refuse(error, what, name, names, count);
}

/* One value of an effect: with its name, or a band, or the first parameter's. */
static cleave_status parse_value(cleave_fx_chain *chain, int32_t number, piece part,
                                 cleave_error *error)
{
    const int32_t index = chain->count - 1;
    const cleave_fx_kind *const kind = &cleave_effect_at(chain->effect[index].kind)->kind;
    char name[PART_BYTES], value[PART_BYTES];
    piece rest = part, before;

    if (part.length == 0)
        return cleave_error_set(error, CLEAVE_INVALID, "%s: a value is missing", kind->name);
    if (part.length >= PART_BYTES)
        return cleave_error_set(error, CLEAVE_INVALID, "%s: a value is longer than %d bytes",
                                kind->name, PART_BYTES - 1);
    if (memchr(part.at, '=', part.length)) {
        next_piece(&rest, '=', &before);
        copy(before, name, sizeof name);
        copy(trim(rest), value, sizeof value);
        return cleave_fx_chain_set(chain, index, name, value, error);
    }
    copy(part, value, sizeof value);
    if (kind->has_bands)
        return cleave_fx_chain_set(chain, index, "band", value, error);
    const char *const first = kind->parameter_count ? kind->parameters[0].name : kind->text;
    if (number > 0 || !first)
        return cleave_error_set(error, CLEAVE_INVALID, "%s: \"%s\" needs the name of a parameter",
                                kind->name, value);
    return cleave_fx_chain_set(chain, index, kind->text ? kind->text : first, value, error);
}

cleave_status cleave_fx_parse(const char *text, cleave_fx_chain *chain, cleave_error *error)
{
    cleave_fx_chain read = {.count = 0};
    piece rest = {text, strlen(text)}, part, value;
    char name[PART_BYTES];

    while (next_piece(&rest, ';', &part)) {
        if (part.length == 0 && !rest.at)
            break; /* after the last ";", or no effect at all */
        next_piece(&part, ':', &value);
        cleave_status status =
            value.length == 0
                ? cleave_error_set(error, CLEAVE_INVALID, "effects: a name is missing before \";\"")
                : cleave_fx_chain_add(&read, copy(value, name, sizeof name), error);
        for (int32_t k = 0; status == CLEAVE_OK && next_piece(&part, ',', &value); k++)
            status = parse_value(&read, k, value, error);
        if (status != CLEAVE_OK)
            return status;
    }
    *chain = read;
    return CLEAVE_OK;
}

/* Appends to text of which `used` bytes are full; counts on where there is no room. */
static size_t append(char *text, size_t bytes, size_t used, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static size_t append(char *text, size_t bytes, size_t used, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    const int length =
        vsnprintf(used < bytes ? text + used : NULL, used < bytes ? bytes - used : 0, format, list);
    va_end(list);
    return used + (size_t)length;
}

static size_t append_band(char *text, size_t bytes, size_t used, const cleave_fx_band *band)
{
    if (band->shape != CLEAVE_FX_PEAKING)
        used = append(text, bytes, used, "%s@", shape_names[band->shape]);
    used = append(text, bytes, used, "%.10g", band->frequency_hz);
    if (band_has_gain(band->shape))
        used = append(text, bytes, used, "/%.10g", band->gain_db);
    return append(text, bytes, used, "/%.10g", band->q);
}

static size_t append_effect(char *text, size_t bytes, size_t used, const cleave_fx_effect *effect)
{
    const cleave_fx_kind *const kind = &cleave_effect_at(effect->kind)->kind;
    const char *separator = ":";
    char words[128];
    const char *names[CLEAVE_FX_PARAMETERS_MAX];

    used = append(text, bytes, used, "%s", kind->name);
    for (int32_t b = 0; b < effect->band_count; b++, separator = ",") {
        used = append(text, bytes, used, "%s", separator);
        used = append_band(text, bytes, used, &effect->band[b]);
    }
    for (int32_t p = 0; p < kind->parameter_count; p++) {
        const cleave_fx_parameter *const parameter = &kind->parameters[p];
        if (effect->value[p] == parameter->preset)
            continue;
        used = append(text, bytes, used, "%s%s=", separator, parameter->name);
        separator = ",";
        if (parameter->choices) {
            split_choices(parameter->choices, words, sizeof words, names);
            used = append(text, bytes, used, "%s", names[(int)effect->value[p]]);
        } else {
            used = append(text, bytes, used, "%.10g", effect->value[p]);
        }
    }
    if (effect->text[0])
        used = append(text, bytes, used, "%s%s=%s", separator, kind->text, effect->text);
    return used;
}

size_t cleave_fx_format(const cleave_fx_chain *chain, char *text, size_t bytes)
{
    size_t used = 0;

    if (bytes > 0)
        text[0] = '\0';
    for (int32_t i = 0; i < chain->count; i++) {
        if (i > 0)
            used = append(text, bytes, used, ";");
        used = append_effect(text, bytes, used, &chain->effect[i]);
    }
    return used;
}
