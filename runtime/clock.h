/* clock.h: the clock by which the runtime measures. */
#ifndef CLEAVE_RUNTIME_CLOCK_H
#define CLEAVE_RUNTIME_CLOCK_H

#include <stdint.h>

/* Nanoseconds since an arbitrary moment; never goes back. */
uint64_t cleave_clock_ns(void);

#endif
