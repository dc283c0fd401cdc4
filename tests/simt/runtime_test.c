/* runtime_test.c: the executor's stand-in for the CUDA runtime does what streams, events and graphs
 * promise and no more, and finds the faults of a host that uses them wrongly. */
#include <math.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernels/elementwise/elementwise.h"
#include "runtime/cuda_api.h"
#include "tests/simt/runtime.h"
#include "tests/test.h"

#define VALUES 1000
#define BYTES  (VALUES * sizeof(float))

static const cleave_cuda_api *api;
static cleave_ops ops;

/* Two streams, two arrays of a GPU, and one of pinned memory. */
typedef struct scene {
    void *stream[2], *event[2];
    float *a, *b, *host;
} scene;

static void open_scene(scene *s, uint64_t order)
{
    memset(s, 0, sizeof *s);
    api = cleave_cuda_api_get();
    api->ops(&ops, CLEAVE_FACTORS_FP32);
    simt_runtime_machine(1, (size_t)1 << 30);
    simt_runtime_order(order);
    for (int i = 0; i < 2; i++) {
        TEST_CHECK(!api->stream_create(&s->stream[i]));
        TEST_CHECK(!api->event_create(&s->event[i]));
    }
    TEST_CHECK(!api->device_malloc((void **)&s->a, BYTES));
    TEST_CHECK(!api->device_malloc((void **)&s->b, BYTES));
    TEST_CHECK(!api->pinned_malloc((void **)&s->host, BYTES));
    for (int i = 0; i < VALUES; i++)
        s->host[i] = (float)i;
}

static void close_scene(scene *s)
{
    simt_runtime_machine(1, (size_t)1 << 30);
    TEST_CHECK(!api->pinned_free(s->host));
    TEST_CHECK(!api->device_free(s->a));
    TEST_CHECK(!api->device_free(s->b));
    for (int i = 0; i < 2; i++) {
        TEST_CHECK(!api->stream_destroy(s->stream[i]));
        TEST_CHECK(!api->event_destroy(s->event[i]));
    }
    const simt_runtime_objects live = simt_runtime_live();
    TEST_CHECK(live.allocations == 0 && live.streams == 0 && live.events == 0 && live.graphs == 0);
}

/* to = x from + y, by the kernel of the CUDA table; the error of the launch. */
static int affine(const scene *s, int stream, const float *from, float *to, float x, float y)
{
    const cleave_elementwise_args args = {
        .a = from, .out = to, .points = VALUES, .x = x, .y = y, .kind = CLEAVE_ELEMENTWISE_AFFINE};
    const cleave_work work = {.end = cleave_elementwise_op.items(&args),
                              .stream = s->stream[stream]};

    ops.kernel[CLEAVE_OP_ELEMENTWISE].run(&args, &work);
    return api->last_error();
}

static int holds(const float *values, float x, float y)
{
    for (int i = 0; i < VALUES; i++)
        if (values[i] != x * (float)i + y)
            return 0;
    return 1;
}

static int all_nan(const float *values)
{
    for (int i = 0; i < VALUES; i++)
        if (!isnan(values[i]))
            return 0;
    return 1;
}

/* The copy out makes NaN of the pinned memory that the copy in, which nothing waited for, has yet
 * to read. */
static void source_reused(void)
{
    scene s;

    open_scene(&s, 0);
    api->copy(s.a, s.host, BYTES, s.stream[0]);
    TEST_CHECK(!affine(&s, 0, s.a, s.b, 2, 1));
    TEST_CHECK(holds(s.host, 1, 0));
    api->copy(s.host, s.b, BYTES, s.stream[0]);
    TEST_CHECK(all_nan(s.host));
    TEST_CHECK(!api->stream_synchronize(s.stream[0]));
    TEST_CHECK(all_nan(s.host));
    close_scene(&s);
}

static void in_and_out(void)
{
    for (uint64_t order = 0; order < 20; order++) {
        scene s;
        float *out;
        int32_t complete;
        open_scene(&s, order);
        TEST_CHECK(!api->pinned_malloc((void **)&out, BYTES));
        api->copy(s.a, s.host, BYTES, s.stream[0]);
        TEST_CHECK(!affine(&s, 0, s.a, s.b, 2, 1));
        api->copy(out, s.b, BYTES, s.stream[0]);
        api->event_record(s.event[0], s.stream[0]);
        if (order == 0) {
            TEST_CHECK(all_nan(out));
            TEST_CHECK(!api->event_query(s.event[0], &complete) && !complete);
        }
        TEST_CHECK(!api->event_synchronize(s.event[0]));
        TEST_CHECK(holds(out, 2, 1));
        TEST_CHECK(!api->event_query(s.event[0], &complete) && complete);
        TEST_CHECK(!api->pinned_free(out));
        close_scene(&s);
    }
}

/* One stream computes what the other copies out, with the event that it needs or without. Returns
 * whether the result is right. */
static int across(uint64_t order, int with_event)
{
    scene s;
    float *out;

    open_scene(&s, order);
    TEST_CHECK(!api->pinned_malloc((void **)&out, BYTES));
    api->copy(s.a, s.host, BYTES, s.stream[0]);
    TEST_CHECK(!affine(&s, 0, s.a, s.b, 3, 0));
    api->event_record(s.event[0], s.stream[0]);
    if (with_event)
        api->stream_wait_event(s.stream[1], s.event[0]);
    api->copy(out, s.b, BYTES, s.stream[1]);
    TEST_CHECK(!api->stream_synchronize(s.stream[1]));
    const int right = holds(out, 3, 0);
    TEST_CHECK(!api->pinned_free(out));
    close_scene(&s);
    return right;
}

static void event_kept(void)
{
    for (uint64_t order = 0; order < 50; order++)
        TEST_CHECK(across(order, 1));
}

static void event_missing(void)
{
    int wrong = 0;

    TEST_CHECK(!across(0, 0));
    for (uint64_t order = 1; order <= 50; order++)
        wrong += !across(order, 0);
    TEST_CHECK(wrong > 0);
}

/* The second copy into an array may come before the first use of it is over, unless an event says
 * otherwise: only other orders than the latest show that. */
static int reuse(uint64_t order, int with_event)
{
    scene s;
    float *out;

    open_scene(&s, order);
    TEST_CHECK(!api->pinned_malloc((void **)&out, BYTES));
    api->copy(s.a, s.host, BYTES, s.stream[0]);
    api->event_record(s.event[0], s.stream[0]);
    api->stream_wait_event(s.stream[1], s.event[0]);
    api->copy(out, s.a, BYTES, s.stream[0]);
    api->event_record(s.event[1], s.stream[0]);
    if (with_event)
        api->stream_wait_event(s.stream[1], s.event[1]);
    api->zero(s.a, BYTES, s.stream[1]);
    for (int calls = 0; calls < 10; calls++)
        api->last_error();
    TEST_CHECK(!api->stream_synchronize(s.stream[0]));
    const int right = holds(out, 1, 0);
    TEST_CHECK(!api->stream_synchronize(s.stream[1]));
    TEST_CHECK(!api->pinned_free(out));
    close_scene(&s);
    return right;
}

static void reused_too_early(void)
{
    int wrong = 0;

    for (uint64_t order = 0; order < 50; order++) {
        TEST_CHECK(reuse(order, 1));
        wrong += !reuse(order, 0);
    }
    TEST_CHECK(wrong > 5);
}

/* Work of two streams as a graph, replayed on other values. */
static void graphs(void)
{
    for (uint64_t order = 0; order < 20; order++) {
        scene s;
        float *out;
        void *graph, *exec;
        open_scene(&s, order);
        TEST_CHECK(!api->pinned_malloc((void **)&out, BYTES));
        TEST_CHECK(!api->capture_begin(s.stream[0]));
        api->copy(s.a, s.host, BYTES, s.stream[0]);
        api->event_record(s.event[0], s.stream[0]);
        api->stream_wait_event(s.stream[1], s.event[0]);
        TEST_CHECK(!affine(&s, 1, s.a, s.b, 2, 0));
        api->event_record(s.event[1], s.stream[1]);
        api->stream_wait_event(s.stream[0], s.event[1]);
        api->copy(out, s.b, BYTES, s.stream[0]);
        TEST_CHECK(!api->capture_end(s.stream[0], &graph));
        TEST_CHECK(!api->graph_instantiate(&exec, graph));
        TEST_CHECK(!api->graph_destroy(graph));
        for (int replay = 0; replay < 3; replay++) {
            for (int i = 0; i < VALUES; i++)
                s.host[i] = (float)(i + replay);
            TEST_CHECK(!api->exec_launch(exec, s.stream[0]));
            if (order == 0)
                TEST_CHECK(all_nan(out));
            TEST_CHECK(!api->stream_synchronize(s.stream[0]));
            TEST_CHECK(holds(out, 2, (float)(2 * replay)));
        }
        TEST_CHECK(!api->exec_destroy(exec));
        TEST_CHECK(!api->pinned_free(out));
        close_scene(&s);
    }
}

/* A stream that was drawn into a capture comes back to where it began. */
static void unjoined(void)
{
    scene s;
    void *graph;

    open_scene(&s, 0);
    TEST_CHECK(!api->capture_begin(s.stream[0]));
    api->event_record(s.event[0], s.stream[0]);
    api->stream_wait_event(s.stream[1], s.event[0]);
    api->zero(s.a, BYTES, s.stream[1]);
    TEST_CHECK(api->capture_end(s.stream[0], &graph) == SIMT_UNJOINED);
    close_scene(&s);
}

static void failures(void)
{
    scene s;
    void *more = NULL;

    open_scene(&s, 0);
    simt_runtime_fail(2, SIMT_OUT_OF_MEMORY, 0);
    TEST_CHECK(!api->set_device(0));
    TEST_CHECK(api->device_malloc(&more, 64) == SIMT_OUT_OF_MEMORY && !more);
    TEST_CHECK(!api->device_malloc(&more, 64) && simt_runtime_calls() == 3);
    TEST_CHECK(!api->device_free(more));
    simt_runtime_fail(1, SIMT_DEVICE_LOST, 1);
    TEST_CHECK(affine(&s, 0, s.a, s.b, 1, 0) == SIMT_DEVICE_LOST);
    TEST_CHECK(api->stream_synchronize(s.stream[0]) == SIMT_DEVICE_LOST);
    TEST_CHECK(api->copy(s.a, s.host, BYTES, s.stream[0]) == SIMT_DEVICE_LOST);
    TEST_CHECK(!strcmp(api->text(SIMT_OUT_OF_MEMORY), "out of memory"));
    simt_runtime_machine(1, 3 * BYTES);
    TEST_CHECK(api->device_malloc(&more, 2 * BYTES) == SIMT_OUT_OF_MEMORY);
    close_scene(&s);
}

/* ---- what aborts ---- */
static void touch(scene *s)
{
    s->a[0] = 1;
}

static void run_past(scene *s)
{
    api->copy(s->a, s->host, BYTES + 4, s->stream[0]);
}

static void wait_in_capture(scene *s)
{
    void *graph;

    api->capture_begin(s->stream[0]);
    api->event_record(s->event[0], s->stream[0]);
    api->event_synchronize(s->event[0]);
    api->capture_end(s->stream[0], &graph);
}

static void use_other_gpu(scene *s)
{
    simt_runtime_machine(2, (size_t)1 << 30);
    api->set_device(1);
    affine(s, 0, s->a, s->b, 1, 0);
}

static int aborts(void (*fault)(scene *s))
{
    int status = 0;
    scene s;

    open_scene(&s, 0);
    const pid_t child = fork();
    if (child == 0) {
        close(STDERR_FILENO);
        fault(&s);
        _exit(0);
    }
    waitpid(child, &status, 0);
    close_scene(&s);
    return WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) != 0);
}

static void faults_abort(void)
{
    TEST_CHECK(aborts(touch));
    TEST_CHECK(aborts(run_past));
    TEST_CHECK(aborts(wait_in_capture));
    TEST_CHECK(aborts(use_other_gpu));
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"a copy is done when it is waited for, and reads what is there then", source_reused},
        {"copy in, compute, copy out under every order", in_and_out},
        {"a stream that waits for the other is right under every order", event_kept},
        {"a missing wait of a stream shows", event_missing},
        {"memory used again too early shows", reused_too_early},
        {"graphs of two streams are replayed on new values", graphs},
        {"a capture that does not come together fails", unjoined},
        {"calls fail when they are told to, and memory ends", failures},
        {"touching a GPU's memory, running past it, waits that cannot end abort", faults_abort},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
