/* bench_fx.c: effects, timed one by one and as a chain, and a chain at the pace of a sound card.
 *
 *   bench_fx [--fx TEXT] [--rate HZ] [--channels C] [--streams S] [--threads N] [--block FRAMES]
 *            [--seconds S] [--live S] [--load N] [--fifo PRIORITY] [--cushion BLOCKS] [--csv 1]
 *            [--ir SECONDS] [--runs N]
 *
 * Without --fx every line of a list is timed: S seconds (default 60) of a synthetic programme in
 * blocks (default 1024), --runs times (default 5); the median is printed as times real time and as
 * nanoseconds a frame of a stream. What needs an impulse response gets one of --ir seconds (default
 * 2).
 *
 * --live S plays for so long instead, in real time: one thread pushes a block each time that a
 * sound card would have one, another pulls it --cushion blocks (default 2) later, with as much room
 * for being late itself, while --load threads (default none) keep the processors busy. Prints how
 * long blocks took, and what was missing. --fifo gives the two threads that priority of SCHED_FIFO.
 */
#include "host/measure.h"
#include "kernels/cases.h"
#include "runtime/cleave_fx.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RUNS_MAX 31

typedef struct options {
    const char *fx;
    cleave_fx_config config;
    double seconds, live, ir;
    int32_t load, fifo, cushion, csv, runs;
} options;

static const char *const list[] = {
    "gain:-3",
    "highpass:80",
    "eq:80/-3/1",
    "eq:60/-3/1,150/2/1,400/-2/1,1000/1/1,2500/2/1,6000/-1/1,10000/2/1,highshelf@14000/1/0.7",
    "compressor",
    "gate",
    "limiter",
    "reverb",
    "convolve",
    "denoise",
    "normalize:window=3",
    "dither:bits=16",
    "compressor;"
    "eq:60/-3/1,150/2/1,400/-2/1,1000/1/1,2500/2/1,6000/-1/1,10000/2/1,highshelf@14000/1/0.7;"
    "reverb;limiter",
};

static void fail(const char *message)
{
    fprintf(stderr, "bench_fx: %s\n", message);
    exit(1);
}

static int option_read(options *o, const char *name, const char *value)
{
    const struct {
        const char *name;
        int32_t *value;
    } numbers[] = {
        {"--rate", &o->config.rate_hz},
        {"--channels", &o->config.channels},
        {"--streams", &o->config.streams},
        {"--threads", &o->config.threads},
        {"--load", &o->load},
        {"--block", &o->config.block_frames_max},
        {"--fifo", &o->fifo},
        {"--cushion", &o->cushion},
        {"--csv", &o->csv},
        {"--runs", &o->runs},
    };

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (!strcmp(name, numbers[i].name)) {
            *numbers[i].value = atoi(value);
            return 1;
        }
    if (!strcmp(name, "--fx"))
        o->fx = value;
    else if (!strcmp(name, "--seconds"))
        o->seconds = atof(value);
    else if (!strcmp(name, "--live"))
        o->live = atof(value);
    else if (!strcmp(name, "--ir"))
        o->ir = atof(value);
    else
        return 0;
    return 1;
}

/* Noise that dies away by 60 dB, for all channels. */
static float *response(int64_t frames)
{
    float *const x = malloc((size_t)(frames + 1) * sizeof *x);

    if (!x)
        fail("out of memory");
    for (int64_t n = 0; n < frames; n++)
        x[n] = 0.02f * cleave_case_uniform(7, n) * expf(-6.9f * (float)n / (float)frames);
    return x;
}

/* The object for a chain given as text. */
static cleave_fx *fx_open(const options *o, const char *text, int64_t ring_frames)
{
    cleave_fx_config config = o->config;
    cleave_fx_chain *const chain = malloc(sizeof *chain);
    cleave_fx *fx = NULL;
    cleave_error error;

    if (!chain)
        fail("out of memory");
    config.chain = chain;
    config.ring_frames = ring_frames;
    const int64_t frames = llround(o->ir * config.rate_hz);
    float *const ir = response(frames);
    for (int i = 0; i < CLEAVE_FX_EFFECTS_MAX; i++)
        config.samples[i] = (cleave_fx_samples){ir, frames, 1};
    if (cleave_fx_parse(text, chain, &error) != CLEAVE_OK ||
        cleave_fx_open(&config, &fx, &error) != CLEAVE_OK)
        fail(error.message);
    free(chain);
    free(ir);
    return fx;
}

/* A programme with quiet and loud stretches, so that what depends on level has something to do. */
static float *programme(int64_t frames, int32_t channels)
{
    float *const x = malloc((size_t)(frames * channels) * sizeof *x);

    if (!x)
        fail("out of memory");
    for (int64_t n = 0; n < frames; n++) {
        const double loud = 0.05 + 0.6 * fabs(sin((double)n * 1e-4));
        for (int32_t c = 0; c < channels; c++)
            x[n * channels + c] = (float)(loud * (0.5 * sin(0.031 * (double)n + c) +
                                                  0.3 * cleave_case_uniform(1 + (uint64_t)c, n)));
    }
    return x;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void bench(const options *o, const char *text)
{
    const cleave_fx_config *const c = &o->config;
    const int64_t block = c->block_frames_max, floats = block * c->channels * c->streams;
    const int64_t frames = llround(o->seconds * c->rate_hz) / block * block;
    float *const in = programme(16 * block * c->streams, c->channels);
    float *const out = programme(block * c->streams, c->channels);
    cleave_fx *fx = fx_open(o, text, 0);
    double times[RUNS_MAX];

    for (int run = 0; run < o->runs; run++) {
        const double begin = measure_seconds();
        for (int64_t n = 0; n < frames; n += block)
            cleave_fx_process(fx, in + n / block % 16 * floats, out, block);
        times[run] = measure_seconds() - begin;
    }
    qsort(times, (size_t)o->runs, sizeof *times, ascending);
    const double seconds = times[o->runs / 2];
    const double real = (double)frames / c->rate_hz * c->streams / seconds;
    const double ns = 1e9 * seconds / (double)frames / c->streams;
    if (o->csv)
        printf("\"%s\",%d,%d,%d,%d,%.1f,%.2f\n", text, (int)c->channels, (int)c->streams,
               (int)block, (int)c->threads, real, ns);
    else
        printf("%8.0f x real time, %7.2f ns a frame  %s\n", real, ns, text);
    cleave_fx_close(&fx);
    free(in);
    free(out);
}

/* ---- in real time ---- */

typedef struct card {
    const options *options;
    cleave_fx *fx;
    double begin;
    int64_t blocks;
    float *in;
    double *times; /* [blocks] of pull */
    int64_t late;  /* blocks that were not complete when the next was due */
    atomic_int over;
} card;

static void sleep_until(double seconds)
{
    const struct timespec until = {.tv_sec = (time_t)seconds,
                                   .tv_nsec = (long)((seconds - floor(seconds)) * 1e9)};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL))
        ;
}

static void rise(const options *o)
{
    const struct sched_param priority = {.sched_priority = o->fifo};

    if (o->fifo && pthread_setschedparam(pthread_self(), SCHED_FIFO, &priority))
        fail("the system refuses that priority");
}

static void *push_blocks(void *context)
{
    card *const c = context;
    const cleave_fx_config *const config = &c->options->config;
    const int64_t block = config->block_frames_max;
    const double period = (double)block / config->rate_hz;
    int64_t accepted;

    rise(c->options);
    for (int64_t k = 0; k < c->blocks; k++) {
        sleep_until(c->begin + (double)(k + 1) * period);
        cleave_fx_push(c->fx, c->in + k % 16 * block * config->channels, block, &accepted);
    }
    return NULL;
}

static void *pull_blocks(void *context)
{
    card *const c = context;
    const cleave_fx_config *const config = &c->options->config;
    const int64_t block = config->block_frames_max;
    const double period = (double)block / config->rate_hz;
    float *const out = programme(block, config->channels);
    int64_t pulled;

    rise(c->options);
    for (int64_t k = 0; k < c->blocks; k++) {
        const double due = c->begin + (double)(k + 1 + c->options->cushion) * period;
        sleep_until(due);
        const double before = measure_seconds();
        cleave_fx_pull(c->fx, out, block, &pulled);
        const double after = measure_seconds();
        c->times[k] = after - before;
        c->late += after > due + period;
    }
    free(out);
    return NULL;
}

/* Keeps a processor and its caches busy. */
static void *load(void *context)
{
    card *const c = context;
    float *const x = programme(1 << 20, 1);
    volatile float sum = 0;

    while (!atomic_load(&c->over))
        for (int i = 0; i < 1 << 20; i++)
            sum = sum + x[i] * x[(i * 17) & ((1 << 20) - 1)];
    free(x);
    return NULL;
}

static void print_live(card *c, const char *text)
{
    const cleave_fx_config *const config = &c->options->config;
    const double deadline = 1e6 * config->block_frames_max / config->rate_hz;
    const int32_t count = (int32_t)c->blocks;
    cleave_fx_stats stats;
    cleave_fx_info info;

    cleave_fx_stats_get(c->fx, &stats);
    cleave_fx_info_get(c->fx, &info);
    qsort(c->times, (size_t)count, sizeof *c->times, ascending);
    printf("%s\n%.0f s in blocks of %d frames, %d threads of load; latency %lld frames and %d "
           "blocks\n",
           text, c->options->live, (int)config->block_frames_max, (int)c->options->load,
           (long long)info.latency_frames, (int)c->options->cushion);
    printf("block: median %.1f us, p99 %.1f, p99.9 %.1f, longest %.1f, of %.1f us\n",
           1e6 * measure_quantile(c->times, count, 0.5),
           1e6 * measure_quantile(c->times, count, 0.99),
           1e6 * measure_quantile(c->times, count, 0.999), 1e6 * c->times[count - 1], deadline);
    printf("underruns: %llu, overruns: %llu, blocks that were late: %lld\n",
           (unsigned long long)stats.underruns, (unsigned long long)stats.overruns,
           (long long)c->late);
}

static void play(const options *o, const char *text)
{
    const int64_t block = o->config.block_frames_max;
    card c = {.options = o,
              .fx = fx_open(o, text, (2 * o->cushion + 2) * block),
              .blocks = llround(o->live * o->config.rate_hz) / block,
              .in = programme(16 * block, o->config.channels)};
    pthread_t threads[2], loads[64];

    c.times = calloc((size_t)c.blocks + 1, sizeof *c.times);
    if (!c.times || o->load > 64 || c.blocks < 1)
        fail("--live or --load is out of range");
    for (int32_t i = 0; i < o->load; i++)
        if (pthread_create(&loads[i], NULL, load, &c))
            fail("a thread cannot be had");
    c.begin = measure_seconds() + 0.1;
    if (pthread_create(&threads[0], NULL, push_blocks, &c) ||
        pthread_create(&threads[1], NULL, pull_blocks, &c))
        fail("a thread cannot be had");
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    atomic_store(&c.over, 1);
    for (int32_t i = 0; i < o->load; i++)
        pthread_join(loads[i], NULL);
    print_live(&c, text);
    cleave_fx_close(&c.fx);
    free(c.in);
    free(c.times);
}

int main(int argc, char **argv)
{
    options o = {.seconds = 60, .cushion = 2, .ir = 2, .runs = 5};
    const size_t count = sizeof list / sizeof list[0];
    char processor[TOPOLOGY_NAME_BYTES];

    cleave_fx_config_default(&o.config);
    for (int i = 1; i < argc; i += 2)
        if (i + 1 == argc || !option_read(&o, argv[i], argv[i + 1]))
            fail("unknown option, or one without its value; see the head of bench_fx.c");
    if (o.runs < 1 || o.runs > RUNS_MAX)
        fail("--runs must be 1 to 31");
    measure_processor(processor);
    if (!o.csv)
        printf("%s, %d Hz, %d channels, %d streams, %d threads, blocks of %d\n", processor,
               (int)o.config.rate_hz, (int)o.config.channels, (int)o.config.streams,
               (int)o.config.threads, (int)o.config.block_frames_max);
    if (o.live > 0)
        play(&o, o.fx ? o.fx : list[count - 1]);
    else if (o.fx)
        bench(&o, o.fx);
    for (size_t i = 0; o.live == 0 && !o.fx && i < count; i++)
        bench(&o, list[i]);
    return 0;
}
