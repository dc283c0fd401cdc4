/* fx_number.c: decimal numbers in text. strtod() would want a comma in half of the world. */
#include "runtime/fx_number.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define DIGITS_MAX   18 /* that fit into 64 bits */
#define EXPONENT_MAX 300

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The digits of the mantissa; *exponent is lowered by those behind the point. Returns NULL if there
 * are none, or more than count. */
static const char *read_mantissa(const char *at, uint64_t *mantissa, int *exponent)
{
    int digits = 0, point = 0, any = 0;

    for (; is_digit(*at) || (*at == '.' && !point); at++) {
        if (*at == '.') {
            point = 1;
            continue;
        }
        any = 1;
        if (*mantissa > 0 || *at != '0')
            digits++;
        if (digits > DIGITS_MAX)
            return NULL;
        *mantissa = 10 * *mantissa + (uint64_t)(*at - '0');
        *exponent -= point;
    }
    return any ? at : NULL;
}

static const char *read_exponent(const char *at, int *exponent)
{
    const int negative = *at == '-';
    int value = 0;

    at += *at == '-' || *at == '+';
    if (!is_digit(*at))
        return NULL;
    for (; is_digit(*at); at++)
        value = value < EXPONENT_MAX ? 10 * value + (*at - '0') : value;
    *exponent += negative ? -value : value;
    return at;
}

int cleave_fx_number(const char *text, double *value)
{
    const int negative = *text == '-';
    const char *at = text + (*text == '-' || *text == '+');
    uint64_t mantissa = 0;
    int exponent = 0;

    if (!strcmp(at, "inf")) {
        *value = negative ? -INFINITY : INFINITY;
        return 1;
    }
    if (!(at = read_mantissa(at, &mantissa, &exponent)))
        return 0;
    if ((*at == 'e' || *at == 'E') && !(at = read_exponent(at + 1, &exponent)))
        return 0;
    if (*at != '\0' || exponent > EXPONENT_MAX || exponent < -EXPONENT_MAX)
        return 0;
    const double scale = pow(10, exponent < 0 ? -exponent : exponent);
    const double size = exponent < 0 ? (double)mantissa / scale : (double)mantissa * scale;
    *value = negative ? -size : size;
    return 1;
}
