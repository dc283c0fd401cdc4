/* live_late_test.c: a live object whose model is too slow: silence, in its place. */
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>

#include "runtime/clock.h"
#include "tests/runtime/live_play.h"

/* A kernel that stands still until it is let through, in the place of the first of a plan. */
static struct {
    const cleave_kernel *own;
    cleave_kernel kernel;
    _Atomic int shut;
    sem_t entered, opened;
} gate;

static void gate_run(const void *args, const cleave_work *work)
{
    if (atomic_load_explicit(&gate.shut, memory_order_acquire)) {
        sem_post(&gate.entered);
        sem_wait(&gate.opened);
    }
    gate.own->run(args, work);
}

/* The object's thread will stand still in the first segment that it computes from now on. */
static void gate_shut(cleave_live *live)
{
    cleave_plan_step *const step = &live->engine->plan.step[0];

    sem_init(&gate.entered, 0, 0);
    sem_init(&gate.opened, 0, 0);
    gate.own = step->kernel;
    gate.kernel = *step->kernel;
    gate.kernel.run = gate_run;
    step->kernel = &gate.kernel;
    atomic_store_explicit(&gate.shut, 1, memory_order_release);
}

/* Whether the thread comes to stand still; a minute is more than it needs on any machine. */
static int gate_reached(void)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 60;
    return TEST_CHECK(!sem_timedwait(&gate.entered, &until));
}

/* The thread that stands still goes on, and no segment after it stops. */
static void gate_open(void)
{
    atomic_store_explicit(&gate.shut, 0, memory_order_release);
    sem_post(&gate.opened);
}

/* A play of the identity whose thread stands still in its first segment, [0, SEGMENT). */
static play slow_open(const float *x, int64_t frames)
{
    const cleave_live_config config = live_config("identity", BLOCK);
    cleave_live *const live = live_open(NULL, &config);
    play p = play_open(live, x, frames, frames + LATENCY);

    TEST_CHECK(p.info.latency_frames == LATENCY && p.info.engine.stride_frames == STRIDE);
    gate_shut(live);
    play_until(&p, SEGMENT - BLOCK, BLOCK);
    cleave_live_wait(live);
    play_until(&p, SEGMENT, BLOCK);
    gate_reached();
    return p;
}

static void slow_close(play *p)
{
    check_balance(p);
    cleave_live_close(&p->live);
    free(p->out);
    sem_destroy(&gate.entered);
    sem_destroy(&gate.opened);
}

/* The first segment is late by 300 frames: these are silence, the others are where they belong. */
static void late(void)
{
    const int64_t N = 12000;
    float *const x = track_noise(8, N, 2);
    play p = slow_open(x, N);
    cleave_live_stats stats;

    play_until(&p, LATENCY + 300, BLOCK);
    gate_open();
    cleave_live_wait(p.live);
    play_all(&p, BLOCK, 0);
    came_out(&p, NULL, -LATENCY, 300);
    came_out(&p, x, 300, N);
    cleave_live_stats_get(p.live, &stats);
    TEST_CHECK(stats.underruns == 3 && stats.underrun_frames == 300);
    TEST_CHECK(stats.skipped_frames == 0 && stats.overruns == 0);
    slow_close(&p);
    free(x);
}

/* The first segment is so late that the next one's first frames are due, too: it is not computed,
 * and the one after it is in time. */
static void later(void)
{
    const int64_t N = 12000;
    float *const x = track_noise(9, N, 2);
    play p = slow_open(x, N);
    cleave_live_stats stats;

    play_until(&p, LATENCY + STRIDE + BLOCK, BLOCK);
    gate_open();
    cleave_live_wait(p.live);
    cleave_live_stats_get(p.live, &stats);
    TEST_CHECK(stats.skipped_frames == STRIDE && stats.underrun_frames == STRIDE + BLOCK);
    play_all(&p, BLOCK, 0);
    came_out(&p, NULL, -LATENCY, 2 * STRIDE);
    came_out(&p, x, 2 * STRIDE, N);
    cleave_live_stats_get(p.live, &stats);
    TEST_CHECK(stats.skipped_frames == STRIDE && stats.underrun_frames == 2 * STRIDE);
    TEST_CHECK(stats.underruns == 2 * STRIDE / BLOCK && stats.overruns == 0);
    slow_close(&p);
    free(x);
}

/* What finds no room is silence for the model as well, and all else stays where it belongs. */
static void overrun(void)
{
    const int64_t N = 20000, lost_to = 7000;
    float *const x = track_noise(10, N, 2);
    play p = slow_open(x, N);
    const int64_t lost_from = SEGMENT + p.live->in.ring.capacity;
    cleave_live_stats stats;

    assert(lost_from < lost_to - BLOCK);
    play_until(&p, lost_to, BLOCK);
    cleave_live_stats_get(p.live, &stats);
    TEST_CHECK(stats.overruns == 1 && stats.overrun_frames == (uint64_t)(lost_to - lost_from));
    gate_open();
    cleave_live_wait(p.live);
    play_all(&p, BLOCK, 0);
    cleave_live_stats_get(p.live, &stats);
    TEST_CHECK(stats.overruns == 1 && stats.overrun_frames == (uint64_t)(lost_to - lost_from));
    TEST_CHECK(stats.skipped_frames > 0);
    /* Frame lost_to was due at lost_to + LATENCY, so all from it on came in time. */
    came_out(&p, NULL, -LATENCY, lost_to);
    came_out(&p, x, lost_to, N);
    slow_close(&p);
    free(x);
}

/* A track that ends while its last frames are lost ends all the same, in its place. */
static void overrun_to_the_end(void)
{
    const int64_t N = 7000;
    float *const x = track_noise(11, N, 2);
    play p = slow_open(x, N);

    play_until(&p, N, BLOCK);
    TEST_CHECK(cleave_live_flush(p.live) == CLEAVE_OK);
    gate_open();
    for (p.status = CLEAVE_OK; p.at < N + LATENCY;) {
        TEST_CHECK(p.status == CLEAVE_OK);
        cleave_live_wait(p.live);
        play_block(&p, BLOCK);
    }
    TEST_CHECK(p.status == CLEAVE_END);
    came_out(&p, NULL, N - LATENCY, N);
    slow_close(&p);
    free(x);
}

/* Plays 20 segments, each of which takes as long to compute as the next one takes to come in, with
 * `less` frames less latency than the default. Returns how many frames came too late. */
static uint64_t late_frames(int64_t less)
{
    enum { SMALL = 60, SEGMENTS = 20 };
    const int64_t N = SEGMENTS * STRIDE + SEGMENT + LATENCY;
    float *const x = track_noise(22, N, 2);
    cleave_live_config config = live_config("identity", SMALL);
    cleave_live_stats stats;

    config.latency_frames = SEGMENT + STRIDE + SMALL - less;
    cleave_live *const live = live_open(NULL, &config);
    play p = play_open(live, x, N, N);
    gate_shut(live);
    for (int64_t k = 0; k < SEGMENTS; k++) {
        while (p.at < k * STRIDE + SEGMENT)
            play_block(&p, SMALL);
        gate_reached();
        for (const int64_t begun = p.at; p.at + SMALL <= begun + STRIDE;)
            play_block(&p, SMALL);
        sem_post(&gate.opened);
        if (p.at < (k + 1) * STRIDE + SEGMENT)
            cleave_live_wait(live); /* else it will stand in the next one, with this one's frames
                                     * handed over */
    }
    gate_open();
    cleave_live_stats_get(live, &stats);
    TEST_CHECK(stats.overruns == 0 && stats.frames_out > 0);
    slow_close(&p);
    free(x);
    return stats.underrun_frames;
}

/* Segment + stride + block is enough for the slowest machine that keeps up, and a block less is
 * not. */
static void least_latency(void)
{
    TEST_CHECK(late_frames(0) == 0);
    TEST_CHECK(late_frames(60) > 0);
}

/* Whether the thread comes to sleep until the input has had `head` frames. */
static int sleeps_until(cleave_live *live, uint64_t head)
{
    const uint64_t begin = cleave_clock_ns(), minute = 60000000000u;

    while (atomic_load_explicit(&live->wake_head, memory_order_relaxed) != head) {
        if (cleave_clock_ns() - begin > minute)
            return TEST_CHECK(!"the thread sleeps until then");
        sched_yield();
    }
    return 1;
}

/* The block that completes a segment wakes the thread: nothing else does, and none before it. */
static void woken(void)
{
    const int64_t N = 10000;
    float *const x = track_noise(23, N, 2);
    const cleave_live_config config = live_config("identity", BLOCK);
    cleave_live *const live = live_open(NULL, &config);
    play p = play_open(live, x, N, N);

    gate_shut(live);
    for (int64_t end = SEGMENT; end <= N; end += STRIDE) {
        play_until(&p, end - BLOCK, BLOCK);
        cleave_live_wait(live);
        /* Before the first segment any frame may be what a model needs. */
        if (!sleeps_until(live, (uint64_t)(end > SEGMENT ? end : end - BLOCK + 1)))
            break;
        play_until(&p, end, BLOCK);
        if (!gate_reached())
            break;
        sem_post(&gate.opened);
    }
    gate_open();
    slow_close(&p);
    free(x);
}

/* A thread that is held up again and again: whatever comes is in its place or silence. */
static void stumbles(void)
{
    const int64_t N = 60000;
    float *const x = track_noise(12, N, 2);
    const cleave_live_config config = live_config("identity", BLOCK);
    cleave_live *const live = live_open(NULL, &config);
    play p = play_open(live, x, N, N + LATENCY);
    cleave_live_stats stats;
    uint64_t seed = 5;

    while (p.at < N) {
        play_block(&p, cleave_i64_min(track_draw(&seed, BLOCK), N - p.at));
        if (track_draw(&seed, 20) == 1)
            cleave_live_wait(live);
    }
    cleave_live_stats_get(live, &stats);
    int64_t right = 0;
    for (int64_t n = 0; n < N - LATENCY; n++) {
        const float *const got = p.out + 2 * (n + LATENCY), *const want = x + 2 * n;
        right += got[0] == want[0] && got[1] == want[1];
        TEST_CHECK((got[0] == want[0] && got[1] == want[1]) || (got[0] == 0 && got[1] == 0));
    }
    TEST_CHECK(right > 0 && (uint64_t)right <= stats.frames_out);
    check_balance(&p);
    cleave_live_close(&p.live);
    free(p.out);
    free(x);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"live: late frames are silence and dropped", late},
        {"live: a segment that is due already is skipped", later},
        {"live: input without room is lost in its place", overrun},
        {"live: lost up to the end of the track", overrun_to_the_end},
        {"live: the least latency is enough, and needed", least_latency},
        {"live: a complete segment wakes the thread", woken},
        {"live: held up again and again", stumbles},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
