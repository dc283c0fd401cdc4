/* config_text.h: the configuration of a model as text: key=value lines, sorted by key, no key
 * twice.
 *
 * Keys are 1 to 100 bytes of a-z A-Z 0-9 _ . and -; values are UTF-8 without control characters.
 * Lists are joined by commas, fractions are "39/5", truth values 0 and 1, absence "none". */
#ifndef CLEAVE_WEIGHTS_CONFIG_TEXT_H
#define CLEAVE_WEIGHTS_CONFIG_TEXT_H

#include <stddef.h>
#include <stdint.h>

#define CLEAVE_CONFIG_KEY_MAX   100
#define CLEAVE_CONFIG_VALUE_MAX 1000

/* Whether a key, a value, a whole text is one. */
int cleave_config_key_ok(const char *key, size_t bytes);
int cleave_config_value_ok(const char *value, size_t bytes);
int cleave_config_text_ok(const char *text, size_t bytes);

/* Whether a model's kind is lower-case letters, digits and underscores, then nothing but NULs. */
int cleave_kind_ok(const char kind[32]);

/* Whether bytes are well-formed UTF-8 (RFC 3629) without control characters: what a tensor's name
 * must be, too. */
int cleave_utf8_ok(const char *text, size_t bytes);

/* The value of a key: copied into value (`value_bytes` long, NUL-terminated). 1 if it is there and
 * fits. */
int cleave_config_text_get(const char *text, size_t bytes, const char *key, char *value,
                           size_t value_bytes);

/* The same as a whole number within limits; 0 if absent, malformed or out of them. */
int cleave_config_text_i64(const char *text, size_t bytes, const char *key, int64_t min,
                           int64_t max, int64_t *value);

/* The same as a decimal number without exponent: digits, perhaps with a point among them. */
int cleave_config_text_f64(const char *text, size_t bytes, const char *key, double min, double max,
                           double *value);

#endif
