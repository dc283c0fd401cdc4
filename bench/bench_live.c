/* bench_live.c: a model in real time, as an audio callback would have it.
 *
 *   bench_live [--model NAME | --weights FILE] [--stems A,B,...] [--threads N] [--rate HZ]
 *              [--channels C] [--seconds S] [--segment S] [--block FRAMES] [--latency SECONDS]
 *              [--pace 0|1] [--fifo PRIORITY]
 *
 * Plays S seconds (default 60) of a synthetic signal in blocks (default 512 frames). Pace 1 keeps
 * the time of a sound card: a block every block/rate seconds; pace 0, the default, waits for the
 * thread that computes instead, so that it takes as long as the machine needs. With --fifo the
 * thread that plays, and not the one that computes, gets that priority of SCHED_FIFO, as the
 * threads of sound cards have it. Prints the segment, the latency, the longest block against its
 * deadline, the longest segment against its own, and what was late. */
#include "host/measure.h"
#include "kernels/cases.h"
#include "loader/loader.h"
#include "runtime/cleave.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct options {
    cleave_live_config config;
    double seconds, latency_seconds;
    int32_t pace, fifo;
    char *stems;
    const char *weights;
} options;

static void fail(const char *message)
{
    fprintf(stderr, "bench_live: %s\n", message);
    exit(1);
}

static void option_read(options *o, const char *name, char *value)
{
    cleave_config *const engine = &o->config.engine;

    if (!strcmp(name, "--model"))
        engine->model = value;
    else if (!strcmp(name, "--weights"))
        o->weights = value;
    else if (!strcmp(name, "--stems"))
        o->stems = value;
    else if (!strcmp(name, "--threads"))
        engine->threads = atoi(value);
    else if (!strcmp(name, "--rate"))
        engine->rate_hz = atoi(value);
    else if (!strcmp(name, "--channels"))
        engine->channels = atoi(value);
    else if (!strcmp(name, "--seconds"))
        o->seconds = atof(value);
    else if (!strcmp(name, "--segment"))
        engine->segment_seconds = atof(value);
    else if (!strcmp(name, "--block"))
        o->config.block_frames_max = atoi(value);
    else if (!strcmp(name, "--latency"))
        o->latency_seconds = atof(value);
    else if (!strcmp(name, "--pace"))
        o->pace = atoi(value);
    else if (!strcmp(name, "--fifo"))
        o->fifo = atoi(value);
    else
        fail("unknown option; see the head of bench_live.c");
}

static options options_read(int argc, char **argv)
{
    options o = {.seconds = 60};
    cleave_config *const engine = &o.config.engine;

    cleave_live_config_default(&o.config);
    o.config.engine.device = CLEAVE_DEVICE_CPU;
    o.config.block_frames_max = 512;
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc)
            fail("an option lacks its value");
        option_read(&o, argv[i], argv[i + 1]);
    }
    o.config.latency_frames = llround(o.latency_seconds * engine->rate_hz);
    for (char *name = o.stems ? strtok(o.stems, ",") : NULL;
         name && engine->stem_count < CLEAVE_STEMS_MAX; name = strtok(NULL, ","))
        engine->stems[engine->stem_count++] = name;
    return o;
}

static void *alloc(int64_t floats)
{
    float *const x = calloc((size_t)floats, sizeof *x);

    if (!x)
        fail("out of memory");
    return x;
}

/* A chord over noise, interleaved, [frames][channels]. */
static void signal_fill(float *x, int64_t from, int64_t frames, const cleave_config *config)
{
    for (int64_t n = 0; n < frames; n++) {
        const double t = (double)(from + n) / config->rate_hz;
        for (int c = 0; c < config->channels; c++)
            x[n * config->channels + c] =
                (float)(0.2 * sin(1382.3 * t) + 0.2 * sin(1741.6 * t + c)) +
                0.1f * cleave_case_uniform(3 + (uint64_t)c, from + n);
    }
}

/* Waits until `seconds` on the clock of measure_seconds(). */
static void sleep_until(double seconds)
{
    const struct timespec until = {.tv_sec = (time_t)seconds,
                                   .tv_nsec = (long)((seconds - floor(seconds)) * 1e9)};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL))
        ;
}

/* Of the calling thread: what it computed itself, whoever else had the processor meanwhile. */
static double processor_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Plays the signal; returns the wall time that took. *worst: the most processor time of a block. */
static double play(cleave_live *live, const options *o, double *worst)
{
    const cleave_config *const engine = &o->config.engine;
    const int64_t block = o->config.block_frames_max, total = llround(o->seconds * engine->rate_hz);
    float *const x = alloc(block * engine->channels), *stems[CLEAVE_STEMS_MAX];
    cleave_live_info info;

    cleave_live_info_get(live, &info);
    for (int32_t s = 0; s < info.engine.stem_count; s++)
        stems[s] = alloc(block * engine->channels);
    const double begin = measure_seconds();
    for (int64_t at = 0; at < total; at += block) {
        signal_fill(x, at, block, engine);
        if (o->pace)
            sleep_until(begin + (double)(at + block) / engine->rate_hz);
        const double before = processor_seconds();
        if (cleave_live_process(live, x, stems, block) != CLEAVE_OK)
            fail("process failed");
        *worst = fmax(*worst, processor_seconds() - before);
        if (!o->pace)
            cleave_live_wait(live);
    }
    const double seconds = measure_seconds() - begin;
    for (int32_t s = 0; s < info.engine.stem_count; s++)
        free(stems[s]);
    free(x);
    return seconds;
}

static void print_stats(const cleave_live *live, const options *o, double seconds, double worst)
{
    const double rate = o->config.engine.rate_hz;
    cleave_live_stats stats;
    cleave_live_info info;

    cleave_live_stats_get(live, &stats);
    cleave_live_info_get(live, &info);
    const double deadline = 1e6 * info.block_frames_max / rate;
    const double block = 1e-3 * (double)stats.worst_block_ns;
    const double due = 1e3 * (double)info.engine.stride_frames / rate;
    const double segment = 1e-6 * (double)stats.worst_segment_ns;
    printf("%s: %.1f s in %.1f s, %llu segments\n",
           o->pace ? "at the pace of a sound card" : "as fast as it computes", o->seconds, seconds,
           (unsigned long long)stats.segments);
    printf("worst block: %.1f us of %.1f us (%.2f %%), of processor time %.1f us (%.2f %%)\n",
           block, deadline, 100 * block / deadline, 1e6 * worst, 100e6 * worst / deadline);
    printf("worst segment: %.1f ms of %.1f ms (%.1f %%)\n", segment, due, 100 * segment / due);
    printf("underruns: %llu (%llu frames), overruns: %llu (%llu frames), skipped: %llu frames\n",
           (unsigned long long)stats.underruns, (unsigned long long)stats.underrun_frames,
           (unsigned long long)stats.overruns, (unsigned long long)stats.overrun_frames,
           (unsigned long long)stats.skipped_frames);
}

int main(int argc, char **argv)
{
    options o = options_read(argc, argv);
    cleave_weights weights = {0};
    cleave_network network = {0};
    char sentence[CLEAVE_SENTENCE_BYTES], processor[TOPOLOGY_NAME_BYTES];
    cleave_live *live = NULL;
    cleave_live_info info;
    cleave_error error;

    if (o.weights) {
        if (!cleave_weights_open(&weights, o.weights, sentence))
            fail(sentence);
        network.weights = weights.table.bytes;
        network.weights_bytes = weights.table.header->file_bytes;
        o.config.engine.networks = &network;
        o.config.engine.network_count = 1;
        o.config.engine.model = NULL;
    }
    if (cleave_live_open(&o.config, &live, &error) != CLEAVE_OK)
        fail(error.message);
    cleave_live_info_get(live, &info);
    const double rate = info.engine.rate_hz;
    measure_processor(processor);
    printf("%s: %s, %d stems, %d Hz, %d channels, %d threads; arena %.1f MB\n", processor,
           info.engine.model, (int)info.engine.stem_count, (int)info.engine.rate_hz,
           (int)info.engine.channels, (int)info.engine.threads,
           1e-6 * (double)info.memory.host_bytes);
    printf("segment %.3f s, stride %.3f s, block %d frames, latency %.3f s\n",
           (double)info.engine.segment_frames / rate, (double)info.engine.stride_frames / rate,
           (int)info.block_frames_max, (double)info.latency_frames / rate);
    double worst = 0;
    const struct sched_param priority = {.sched_priority = o.fifo};
    if (o.fifo && pthread_setschedparam(pthread_self(), SCHED_FIFO, &priority))
        fail("the system refuses that priority");
    const double seconds = play(live, &o, &worst);
    print_stats(live, &o, seconds, worst);
    cleave_live_close(&live);
    cleave_weights_close(&weights);
    return 0;
}
