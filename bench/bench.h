/* bench.h: how the benchmarks measure. */
#ifndef CLEAVE_BENCH_BENCH_H
#define CLEAVE_BENCH_BENCH_H

#include <stddef.h>
#include <stdint.h>

/* Monotonic time in seconds. */
double bench_seconds(void);

/* Median time of one run(context), in seconds: a warm-up, then at least 5 runs, as many as fit into
 * 0.2 s and at most 31, each after bench_flush_cache(). */
double bench_median_seconds(void (*run)(void *context), void *context);

/* Replaces what the caches of this core hold, so that a run finds its operands in memory or in a
 * cache shared between cores that is larger than the 64 MiB written here. */
void bench_flush_cache(void);

/* What one core of this machine can do, measured once a program: bytes read and written per second
 * by a copy of 64 MiB, and float32 operations per second in independent fused multiply-adds (two
 * each). */
double bench_peak_bytes(void);
double bench_peak_flops(void);

/* As bench_peak_flops(), by the widest instruction set of this processor; one of peak_x86.c,
 * peak_arm.c and peak_isa_none.c. Runs `rounds` rounds; returns the operations done. */
double bench_peak_run(int64_t rounds);

/* Name of the processor, without commas. The string lives until the next call. */
const char *bench_machine(void);

/* Memory on CLEAVE_ALIGN_BYTES; ends the program if there is none. Released by free(). */
void *bench_alloc(size_t bytes);

#endif
