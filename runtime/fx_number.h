/* fx_number.h: decimal numbers in text, alike in every locale. */
#ifndef CLEAVE_RUNTIME_FX_NUMBER_H
#define CLEAVE_RUNTIME_FX_NUMBER_H

/* "-12", "0.005", "1e-3", "inf": the whole text is the number. Returns 0 if it is none. Exact to
 * the last bit for up to 15 digits and 22 of the exponent. */
int cleave_fx_number(const char *text, double *value);

#endif
