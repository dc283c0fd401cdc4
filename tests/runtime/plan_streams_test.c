/* plan_streams_test.c: random graphs planned for two streams and several slots, run in any order
 * that the streams and their waits allow, against the same graphs with memory for everything. */
#include "tests/runtime/random_graph.h"

/* Whether the next step of the stream, which has done those before it, may run now. */
static int may_run(const cleave_plan *plan, int step, const int next[2])
{
    const int wait = plan->step[step].wait;

    return wait < 0 || next[1 - plan->step[step].stream] > wait;
}

/* The next step of the stream from `step` on. */
static int on_stream(const cleave_plan *plan, int step, int stream)
{
    while (step < plan->step_count && plan->step[step].stream != stream)
        step++;
    return step;
}

/* Runs the steps in any order that the streams and their waits allow. Returns how many steps ran
 * before one that stands before them in the graph. */
static int run_interleaved(const cleave_plan *plan)
{
    int next[2] = {on_stream(plan, 0, 0), on_stream(plan, 0, 1)}, overtaken = 0;
    const int count = plan->step_count;

    memset(plan->shared, 0xFF, plan->shared_bytes * (size_t)plan->slots);
    for (int i = 0; i < plan->tensor_count; i++)
        for (int64_t v = 0; plan->tensor[i].kind == CLEAVE_TENSOR_INPUT && v < values(i); v++)
            ((float *)(void *)(plan->tensor[i].data + (size_t)plan->slot * plan->shared_bytes))[v] =
                test_uniform((uint64_t)i + 1000, (uint64_t)v);
    while (next[0] < count || next[1] < count) {
        int stream = (int)draw(2);
        if (next[stream] >= count || !may_run(plan, next[stream], next))
            stream = 1 - stream;
        if (!TEST_CHECK(next[stream] < count && may_run(plan, next[stream], next)))
            break;
        const cleave_plan_step *const step = &plan->step[next[stream]];
        const cleave_work all = {.end = step->items, .prepared = step->prepared};
        step->kernel->run(step->args, &all);
        overtaken += next[stream] > next[1 - stream];
        next[stream] = on_stream(plan, next[stream] + 1, stream);
    }
    return overtaken;
}

static void compare_slot(const cleave_plan *plan, float *const *data)
{
    const size_t slot = (size_t)plan->slot * plan->shared_bytes;

    for (int i = 0; i < plan->tensor_count; i++)
        if (plan->tensor[i].kind == CLEAVE_TENSOR_OUTPUT &&
            !TEST_CHECK(!memcmp(plan->tensor[i].data + slot, data[i], plan->tensor[i].bytes)))
            TEST_FAIL("slot %d: \"%s\" differs", (int)plan->slot, plan->tensor[i].label);
}

/* The graph with two streams, and in two slots unless it has states. Returns how many steps were
 * overtaken. */
static int run_on_streams(void)
{
    cleave_plan plan;
    cleave_ops ops;
    void *memory;
    cleave_plan_target target = {.ops = &ops, .threads = 2, .streams = 2, .slots = 2};
    float *data[TENSORS];
    cleave_arena arena;
    cleave_error error;
    int overtaken = 0;

    cleave_ops_cpu(&ops, 0);
    fill_apart(data);
    for (int i = 0; i < graph.tensor_count; i++)
        if (graph.tensor[i].kind == CLEAVE_TENSOR_STATE)
            target.slots = 1;
    run_apart(&ops, data);
    cleave_arena_init(&arena, NULL, 0);
    TEST_CHECK(cleave_plan_init_on(&plan, &graph, &target, &arena, &error) == CLEAVE_OK);
    const size_t need = arena.used;
    memory = aligned_alloc(64, cleave_align_up(need + 64));
    cleave_arena_init(&arena, memory, need);
    TEST_CHECK(cleave_plan_init_on(&plan, &graph, &target, &arena, &error) == CLEAVE_OK);
    for (int32_t slot = target.slots - 1; slot >= 0; slot--) {
        cleave_plan_move(&plan, slot);
        overtaken += run_interleaved(&plan);
        compare_slot(&plan, data);
    }
    for (int i = 0; i < graph.tensor_count; i++)
        free(data[i]);
    free(memory);
    return overtaken;
}

static void streams(void)
{
    int overtaken = 0, steps = 0;

    for (int i = 0; i < GRAPHS; i++) {
        random_graph();
        overtaken += run_on_streams();
        steps += graph.step_count;
    }
    printf("     %d steps ran before one that stands before them\n", overtaken);
    TEST_CHECK(overtaken > steps / 20);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"plan: random graphs on two streams", streams},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
