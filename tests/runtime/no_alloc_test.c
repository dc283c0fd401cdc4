/* no_alloc_test.c: between the end of cleave_open() and cleave_close() nothing is allocated. */
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/engine.h"
#include "tests/demucs_weights.h"
#include "tests/runtime/alloc_trap.h"
#include "tests/spleeter_weights.h"
#include "tests/stretch_model.h"
#include "tests/test.h"

/* ---- the trap itself ------------------------------------------------------------------------- */
static void *volatile sink; /* keeps the compiler from taking out a pair of malloc and free */

static void call_malloc(void)
{
    sink = malloc(100);
    free(sink);
}

static void call_calloc(void)
{
    sink = calloc(3, 5);
    free(sink);
}

static void call_realloc(void)
{
    sink = realloc(NULL, 10);
    free(sink);
}

static void call_reallocarray(void)
{
    sink = reallocarray(NULL, 10, 4);
    free(sink);
}

static void call_posix_memalign(void)
{
    void *memory = NULL;

    TEST_CHECK(posix_memalign(&memory, 64, 100) == 0);
    TEST_CHECK((uintptr_t)memory % 64 == 0);
    sink = memory;
    free(sink);
}

static void call_aligned_alloc(void)
{
    sink = aligned_alloc(64, 128);
    free(sink);
}

static void call_memalign(void)
{
    sink = memalign(64, 128);
    free(sink);
}

static void call_valloc(void)
{
    sink = valloc(128);
    free(sink);
}

static void call_library(void)
{
    sink = strndup("a copy that the C library makes", 10);
    free(sink);
}

static void call_mmap(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (!TEST_CHECK(page != MAP_FAILED))
        return;
    memset(page, 1, 4096);
    page = mremap(page, 4096, 8192, MREMAP_MAYMOVE);
    TEST_CHECK(page != MAP_FAILED);
    munmap(page, 8192);
}

static void call_sbrk(void)
{
    char *end = sbrk(0);

    TEST_CHECK(end != (char *)-1);
    TEST_CHECK(brk(end) == 0);
}

static void *call_in_thread(void *barrier)
{
    pthread_barrier_wait(barrier);
    call_malloc();
    pthread_barrier_wait(barrier);
    return NULL;
}

static void trap_counts(void)
{
    static const struct {
        void (*call)(void);
        uint64_t calls;
        const char *last;
    } rows[] = {
        {call_malloc, 2, "free"},
        {call_calloc, 2, "free"},
        {call_realloc, 2, "free"},
        {call_reallocarray, 2, "free"},
        {call_posix_memalign, 2, "free"},
        {call_aligned_alloc, 2, "free"},
        {call_memalign, 2, "free"},
        {call_valloc, 2, "free"},
        {call_library, 2, "free"},
        {call_mmap, 3, "munmap"},
        {call_sbrk, 2, "brk"},
    };

    if (!alloc_trap_set()) {
        test_skip("a sanitizer owns malloc in this build");
        return;
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t before = alloc_trap_count();

        rows[i].call();
        TEST_CHECK(alloc_trap_count() - before == rows[i].calls);
        TEST_CHECK(strcmp(alloc_trap_last(), rows[i].last) == 0);
    }
    /* Nothing counts where nothing is called. */
    uint64_t before = alloc_trap_count();
    free(NULL);
    TEST_CHECK(alloc_trap_count() == before);

    pthread_barrier_t barrier;
    pthread_t thread;
    pthread_barrier_init(&barrier, NULL, 2);
    if (!TEST_CHECK(pthread_create(&thread, NULL, call_in_thread, &barrier) == 0))
        return;
    before = alloc_trap_count();
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    TEST_CHECK(alloc_trap_count() - before == 2);
    pthread_join(thread, NULL);
    pthread_barrier_destroy(&barrier);
}

/* Runs `deed` in a child; returns the child's wait status. */
static int in_child(int (*deed)(void *), void *context)
{
    int status = -1;

    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit no_core = {0, 0};

        setrlimit(RLIMIT_CORE, &no_core);
        _exit(deed(context));
    }
    TEST_CHECK(child > 0);
    TEST_CHECK(waitpid(child, &status, 0) == child);
    return status;
}

enum { CHILD_REFUSED = 77 }; /* the system does not let a process bind itself so */

static int only_forbid(void *context)
{
    (void)context;
    return alloc_trap_forbid() ? 0 : CHILD_REFUSED;
}

static void *idle(void *context)
{
    return context;
}

/* A new thread's stack is mapped inside the C library, past every function that a program can
 * define. */
static int forbid_then_thread(void *context)
{
    pthread_t thread;

    (void)context;
    if (!alloc_trap_forbid())
        return CHILD_REFUSED;
    pthread_create(&thread, NULL, idle, NULL);
    return 0;
}

static int forbid_available(void)
{
    return alloc_trap_set() && WEXITSTATUS(in_child(only_forbid, NULL)) != CHILD_REFUSED;
}

static void kernel_forbids(void)
{
    int status;

    if (!forbid_available()) {
        test_skip("a sanitizer owns malloc, or the system refuses seccomp");
        return;
    }
    status = in_child(only_forbid, NULL);
    TEST_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    status = in_child(forbid_then_thread, NULL);
    TEST_CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

/* ---- the engine ------------------------------------------------------------------------------ */
/* One way to configure an engine; zero means the default. */
typedef struct variant {
    const char *name;
    int32_t threads, shifts, rate_hz, channels;
    int32_t conserve, two_stems, all_stems;
    int32_t push_frames, pull_frames; /* 0: 4096 */
    double overlap;                   /* < 0: none */
    double segment_seconds, transition_power;
} variant;

static const variant variants[] = {
    {.name = "default"},
    {.name = "four threads", .threads = 4},
    {.name = "shifts", .shifts = 2},
    {.name = "shifts, four threads", .shifts = 3, .threads = 4},
    {.name = "two stems", .two_stems = 1},
    {.name = "all stems", .all_stems = 1},
    {.name = "all stems, conserve, four threads", .all_stems = 1, .conserve = 1, .threads = 4},
    {.name = "conserve", .conserve = 1},
    {.name = "two stems, conserve", .two_stems = 1, .conserve = 1},
    {.name = "no overlap", .overlap = -1},
    {.name = "much overlap", .overlap = 0.75},
    {.name = "power 2", .transition_power = 2},
    {.name = "short segments", .segment_seconds = 0.5},
    {.name = "short segments, four threads", .segment_seconds = 0.5, .threads = 4},
    {.name = "8 kHz", .rate_hz = 8000},
    {.name = "48 kHz", .rate_hz = 48000},
    {.name = "192 kHz, short segments", .rate_hz = 192000, .segment_seconds = 0.2},
    {.name = "mono", .channels = 1},
    {.name = "six channels", .channels = 6},
    {.name = "eight channels, four threads", .channels = 8, .threads = 4},
    {.name = "blocks of 1", .push_frames = 1, .pull_frames = 1, .segment_seconds = 0.1},
    {.name = "blocks of 1000 and 7", .push_frames = 1000, .pull_frames = 7, .segment_seconds = 0.2},
    {.name = "blocks of 100000", .push_frames = 100000, .pull_frames = 100000},
};

enum { BLOCK_FRAMES_MAX = 100000 };

/* All that a play needs, allocated before the engine is opened. */
typedef struct session {
    cleave_engine *engine;
    cleave_engine_info info;
    int64_t push_frames, pull_frames;
    float *input;                   /* [BLOCK_FRAMES_MAX][CLEAVE_CHANNELS_MAX] */
    float *stems[CLEAVE_STEMS_MAX]; /* [BLOCK_FRAMES_MAX][CLEAVE_CHANNELS_MAX] each */
    char map[4096];
    int faults; /* calls that did not go as they should */
} session;

static void session_open(session *s)
{
    const size_t values = (size_t)BLOCK_FRAMES_MAX * CLEAVE_CHANNELS_MAX;

    memset(s, 0, sizeof *s);
    s->input = calloc(values, sizeof(float));
    for (size_t i = 0; i < values; i++)
        s->input[i] = 0.5f * test_uniform(1, i);
    for (int i = 0; i < CLEAVE_STEMS_MAX; i++)
        s->stems[i] = calloc(values, sizeof(float));
}

static void session_close(session *s)
{
    free(s->input);
    for (int i = 0; i < CLEAVE_STEMS_MAX; i++)
        free(s->stems[i]);
}

/* Whether `v` can be asked of the model at all. */
static int applies(const variant *v, const cleave_model_info *model)
{
    if (v->channels && (v->channels < model->channels_min || v->channels > model->channels_max))
        return 0;
    if (v->rate_hz && model->rate_hz && v->rate_hz != model->rate_hz)
        return 0;
    return !v->two_stems || model->stem_count > 1;
}

static void configure(const variant *v, const cleave_model_info *model, cleave_config *config)
{
    cleave_config_default(config);
    config->model = model->name;
    config->device = CLEAVE_DEVICE_CPU;
    config->threads = v->threads ? v->threads : 1;
    config->shifts = v->shifts;
    config->conserve = v->conserve;
    if (model->rate_hz)
        config->rate_hz = model->rate_hz;
    if (v->rate_hz)
        config->rate_hz = v->rate_hz;
    if (v->channels)
        config->channels = v->channels;
    if (v->two_stems)
        config->two_stems = model->default_stems[0];
    if (v->all_stems) {
        config->stem_count = model->stem_count;
        memcpy(config->stems, model->stems, sizeof config->stems);
    }
    if (v->overlap != 0)
        config->overlap = v->overlap < 0 ? 0 : v->overlap;
    if (v->segment_seconds > 0)
        config->segment_seconds = v->segment_seconds;
    if (v->transition_power > 0)
        config->transition_power = v->transition_power;
}

/* Pulls until the engine wants more or is at its end; returns which. */
static cleave_status drain(session *s, int64_t *out)
{
    for (;;) {
        int64_t frames = 0;
        cleave_status status = cleave_pull(s->engine, s->stems, s->pull_frames, &frames);

        if (status != CLEAVE_OK)
            return status;
        s->faults += frames <= 0 || frames > s->pull_frames;
        *out += frames;
    }
}

/* One track from its first frame to its end. */
static void play(session *s, int64_t frames)
{
    int64_t in = 0, out = 0;

    while (in < frames) {
        int64_t accepted = 0, some = frames - in < s->push_frames ? frames - in : s->push_frames;
        cleave_status status = cleave_push(s->engine, s->input, some, &accepted);

        if (status == CLEAVE_AGAIN || accepted < some) {
            int64_t before = out;

            s->faults += drain(s, &out) != CLEAVE_AGAIN;
            if (!accepted && out == before) {
                s->faults++; /* stuck: takes nothing and gives nothing */
                return;
            }
        } else {
            s->faults += status != CLEAVE_OK;
        }
        in += accepted;
    }
    s->faults += cleave_flush(s->engine) != CLEAVE_OK;
    s->faults += drain(s, &out) != CLEAVE_END;
    s->faults += out != frames;
}

/* Everything that may be called between open and close. */
static void play_tracks(session *s)
{
    const int64_t segment = s->info.segment_frames;
    const int64_t tracks[] = {segment * 5 / 2 + 17, 0, 1, segment, segment + 1};
    cleave_stats stats;
    int64_t out = 0, accepted;

    for (size_t i = 0; i < sizeof tracks / sizeof tracks[0]; i++) {
        s->faults += cleave_normalize(s->engine, 0.01, 0.5) != CLEAVE_OK;
        play(s, tracks[i]);
        cleave_engine_stats(s->engine, &stats);
        s->faults += stats.segments == 0;
        cleave_engine_memory_map(s->engine, s->map, sizeof s->map);
        cleave_engine_info_get(s->engine, &s->info);
        cleave_reset(s->engine);
    }
    /* A track given up in the middle. */
    s->faults += cleave_push(s->engine, s->input, s->push_frames, &accepted) != CLEAVE_OK;
    cleave_cancel(s->engine);
    s->faults += drain(s, &out) != CLEAVE_CANCELLED;
    cleave_reset(s->engine);
    play(s, 100);
}

/* Opens the engine of a variant; 0 if that cannot be, which is a fault. */
static int session_start(session *s, const variant *v, const cleave_model_info *model)
{
    cleave_config config;
    cleave_error error;

    configure(v, model, &config);
    s->push_frames = v->push_frames ? v->push_frames : 4096;
    s->pull_frames = v->pull_frames ? v->pull_frames : 4096;
    s->faults = 0;
    const int stretches = !strcmp(model->name, test_model_stretch.info.name);
    if (cleave_engine_open(stretches ? &test_model_stretch : NULL, &config, &s->engine, &error) !=
        CLEAVE_OK) {
        TEST_FAIL("%s, %s: %s", model->name, v->name, error.message);
        return 0;
    }
    cleave_engine_info_get(s->engine, &s->info);
    return 1;
}

/* Calls `visit` for every model that runs without weights, one that is fitted to short segments,
 * and every variant they can have; returns how many. */
static int for_each(session *s,
                    void (*visit)(session *, const variant *, const cleave_model_info *))
{
    int visits = 0;

    for (int32_t i = 0, more = 1; more; i++) {
        const cleave_model *const listed = cleave_model_get(i);
        const cleave_model_info model = listed ? listed->info : test_model_stretch.info;
        more = listed != NULL;
        for (size_t v = 0; !model.needs_weights && v < sizeof variants / sizeof variants[0]; v++)
            if (applies(&variants[v], &model)) {
                visit(s, &variants[v], &model);
                visits++;
            }
    }
    return visits;
}

static void count_while_playing(session *s, const variant *v, const cleave_model_info *model)
{
    if (!session_start(s, v, model))
        return;
    uint64_t before = alloc_trap_count();
    play_tracks(s);
    uint64_t calls = alloc_trap_count() - before;
    const char *last = alloc_trap_last();
    cleave_close(&s->engine);
    if (calls)
        TEST_FAIL("%s, %s: %llu calls, the last of %s", model->name, v->name,
                  (unsigned long long)calls, last);
    TEST_CHECK(calls == 0);
    if (s->faults)
        TEST_FAIL("%s, %s: %d calls went wrong", model->name, v->name, s->faults);
}

static void engine_calls_no_allocator(void)
{
    uint64_t before = alloc_trap_count();
    session s;

    session_open(&s);
    int visits = for_each(&s, count_while_playing);
    session_close(&s);
    TEST_CHECK(visits >= (int)(sizeof variants / sizeof variants[0]));
    test_passed_count(visits);
    /* The sanitizer has watched the playing all the same. */
    if (!alloc_trap_set())
        test_skip("a sanitizer owns malloc in this build: played, not counted");
    else /* The trap was set all along: opening alone is one call or more. */
        TEST_CHECK(alloc_trap_count() - before > (uint64_t)visits);
}

/* Plays a network with weights: all its kernels. */
static void play_network(const test_bytes *file)
{
    const cleave_network network = {.weights = file->data, .weights_bytes = file->used};
    cleave_config config;
    cleave_error error;
    session s;

    session_open(&s);
    s.push_frames = s.pull_frames = 4096;
    cleave_config_default(&config);
    config.device = CLEAVE_DEVICE_CPU;
    config.network_count = 1;
    config.networks = &network;
    config.threads = 2;
    if (TEST_CHECK(cleave_open(&config, &s.engine, &error) == CLEAVE_OK)) {
        uint64_t before = alloc_trap_count();
        TEST_CHECK(cleave_normalize(s.engine, 0.01, 0.5) == CLEAVE_OK);
        play(&s, 30000);
        cleave_reset(s.engine);
        play(&s, 1);
        TEST_CHECK(alloc_trap_count() == before && s.faults == 0);
        cleave_close(&s.engine);
    }
    session_close(&s);
    if (!alloc_trap_set())
        test_skip("a sanitizer owns malloc in this build: played, not counted");
}

static void demucs_calls_no_allocator(void)
{
    test_bytes file = {0};

    if (test_weights_import(test_golden("models/tiny_htdemucs.th"), &file))
        play_network(&file);
    test_bytes_free(&file);
}

static void spleeter_calls_no_allocator(void)
{
    test_bytes file = {0};

    if (test_spleeter_weights(SPLEETER_TINY, CLEAVE_WEIGHTS_F32, CLEAVE_WEIGHTS_F32, &file))
        play_network(&file);
    test_bytes_free(&file);
}

/* The engine is opened in the child, since threads do not survive a fork. */
typedef struct choice {
    session *s;
    const variant *v;
    const cleave_model_info *model;
} choice;

static int forbid_then_play(void *context)
{
    const choice *c = context;

    if (!session_start(c->s, c->v, c->model))
        return 1;
    if (!alloc_trap_forbid())
        return CHILD_REFUSED;
    play_tracks(c->s);
    return c->s->faults ? 2 : 0;
}

static void play_forbidden(session *s, const variant *v, const cleave_model_info *model)
{
    choice c = {s, v, model};
    int status = in_child(forbid_then_play, &c);

    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        TEST_FAIL("%s, %s: %s %d", model->name, v->name,
                  WIFSIGNALED(status) ? "killed by signal" : "exit status",
                  WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static void engine_maps_nothing(void)
{
    session s;

    if (!forbid_available()) {
        test_skip("a sanitizer owns malloc, or the system refuses seccomp");
        return;
    }
    session_open(&s);
    test_passed_count(for_each(&s, play_forbidden));
    session_close(&s);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"no_alloc: the trap counts, from all threads", trap_counts},
        {"no_alloc: the kernel forbids what is hidden", kernel_forbids},
        {"no_alloc: playing calls no allocator", engine_calls_no_allocator},
        {"no_alloc: a Demucs network calls no allocator", demucs_calls_no_allocator},
        {"no_alloc: a Spleeter network calls no allocator", spleeter_calls_no_allocator},
        {"no_alloc: playing maps nothing and starts no thread", engine_maps_nothing},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
