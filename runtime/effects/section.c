/* section.c: coefficients of sections of second order. */
#include "runtime/effects/section.h"

#include <math.h>

#define TURN 6.283185307179586 /* 2 pi */

/* The cookbook's intermediate values. */
typedef struct terms {
    double cosine, alpha, a, root; /* cos w0, alpha, A, 2 sqrt(A) alpha */
} terms;

/* Both shelves: the high one is the low one with the sign of every odd power turned. */
static void shelf(const terms *t, double sign, double b[3], double a[3])
{
    const double up = t->a + 1, down = t->a - 1, c = sign * t->cosine;

    b[0] = t->a * (up - down * c + t->root);
    b[1] = sign * 2 * t->a * (down - up * c);
    b[2] = t->a * (up - down * c - t->root);
    a[0] = up + down * c + t->root;
    a[1] = sign * -2 * (down + up * c);
    a[2] = up + down * c - t->root;
}

/* Both passes: the sign tells low (1) from high (-1). */
static void pass(const terms *t, double sign, double b[3])
{
    const double whole = 1 - sign * t->cosine;

    b[0] = b[2] = whole / 2;
    b[1] = sign * whole;
}

void cleave_section_from_band(const cleave_fx_band *band, double rate_hz, double coefficients[5])
{
    const double w = TURN * band->frequency_hz / rate_hz;
    terms t = {.cosine = cos(w), .alpha = sin(w) / (2 * band->q)};
    double b[3] = {1, -2 * t.cosine, 1}, a[3] = {1 + t.alpha, -2 * t.cosine, 1 - t.alpha};

    t.a = pow(10, band->gain_db / 40);
    t.root = 2 * sqrt(t.a) * t.alpha;
    switch (band->shape) {
    case CLEAVE_FX_PEAKING:
        b[0] = 1 + t.alpha * t.a;
        b[2] = 1 - t.alpha * t.a;
        a[0] = 1 + t.alpha / t.a;
        a[2] = 1 - t.alpha / t.a;
        break;
    case CLEAVE_FX_LOW_SHELF:
        shelf(&t, 1, b, a);
        break;
    case CLEAVE_FX_HIGH_SHELF:
        shelf(&t, -1, b, a);
        break;
    case CLEAVE_FX_LOW_PASS:
        pass(&t, 1, b);
        break;
    case CLEAVE_FX_HIGH_PASS:
        pass(&t, -1, b);
        break;
    case CLEAVE_FX_BAND_PASS:
        b[0] = t.alpha;
        b[1] = 0;
        b[2] = -t.alpha;
        break;
    default: /* a notch, as it stands above */
        break;
    }
    for (int i = 0; i < 3; i++)
        coefficients[i] = b[i] / a[0];
    coefficients[3] = a[1] / a[0];
    coefficients[4] = a[2] / a[0];
}
