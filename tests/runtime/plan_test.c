/* plan_test.c: random graphs, planned and run in shared memory, against the same graphs with memory
 * for everything. */
#include <math.h>
#include <stdatomic.h>

#include "kernels/conv/conv.h"
#include "tests/runtime/random_graph.h"

/* ---- one graph, run twice ------------------------------------------------------------------ */
struct planned {
    cleave_plan plan;
    cleave_ops ops;
    cleave_workers *workers;
    void *memory;
};

static int plan_it(struct planned *p, int32_t threads)
{
    cleave_arena arena;
    cleave_error error;
    size_t need;

    cleave_ops_cpu(&p->ops, 0);
    cleave_arena_init(&arena, NULL, 0);
    if (!TEST_CHECK(cleave_plan_init(&p->plan, &graph, &p->ops, threads, &arena, &error) ==
                    CLEAVE_OK))
        return 0;
    cleave_workers_init(&arena, threads);
    need = arena.used;
    p->memory = aligned_alloc(64, cleave_align_up(need + 64));
    memset(p->memory, 0xA5, cleave_align_up(need + 64));
    cleave_arena_init(&arena, p->memory, need);
    const cleave_status status =
        cleave_plan_init(&p->plan, &graph, &p->ops, threads, &arena, &error);
    p->workers = cleave_workers_init(&arena, threads);
    TEST_CHECK(cleave_workers_start(p->workers) == CLEAVE_OK);
    return TEST_CHECK(status == CLEAVE_OK && arena.used == need && !arena.failed);
}

static void drop(struct planned *p)
{
    cleave_workers_stop(p->workers);
    free(p->memory);
}

static void fill_input(const cleave_plan *plan, cleave_tensor tensor)
{
    for (int64_t i = 0; i < values(tensor); i++)
        cleave_plan_data(plan, tensor)[i] = test_uniform((uint64_t)tensor + 1000, (uint64_t)i);
}

static int is_shared(cleave_tensor_kind kind)
{
    return kind != CLEAVE_TENSOR_CONSTANT && kind != CLEAVE_TENSOR_STATE;
}

static void poison(const cleave_plan_tensor *tensor)
{
    memset(tensor->data, 0xFF, tensor->bytes); /* NaN */
}

/* Runs the plan step by step; what is not alive is NaN. */
static void run_poisoned(const cleave_plan *plan)
{
    for (int i = 0; i < plan->tensor_count; i++)
        if (is_shared(plan->tensor[i].kind) && plan->tensor[i].data)
            poison(&plan->tensor[i]);
    for (int i = 0; i < plan->tensor_count; i++)
        if (plan->tensor[i].kind == CLEAVE_TENSOR_INPUT)
            fill_input(plan, i);
    for (int s = 0; s < plan->step_count; s++) {
        const cleave_plan_step *const step = &plan->step[s];
        const cleave_work all = {.end = step->items, .prepared = step->prepared};
        for (int i = 0; i < plan->tensor_count; i++)
            if (plan->tensor[i].kind != CLEAVE_TENSOR_INPUT && is_shared(plan->tensor[i].kind) &&
                plan->tensor[i].data && plan->tensor[i].first == s)
                poison(&plan->tensor[i]);
        step->kernel->run(step->args, &all);
        for (int i = 0; i < plan->tensor_count; i++)
            if (plan->tensor[i].kind != CLEAVE_TENSOR_OUTPUT && is_shared(plan->tensor[i].kind) &&
                plan->tensor[i].data && plan->tensor[i].last == s)
                poison(&plan->tensor[i]);
    }
}

static void compare(const cleave_plan *plan, float *const *data, const char *how)
{
    for (int i = 0; i < plan->tensor_count; i++)
        if ((plan->tensor[i].kind == CLEAVE_TENSOR_OUTPUT ||
             plan->tensor[i].kind == CLEAVE_TENSOR_STATE) &&
            !TEST_CHECK(!memcmp(plan->tensor[i].data, data[i], plan->tensor[i].bytes)))
            TEST_FAIL("%s: \"%s\" differs", how, plan->tensor[i].label);
}

static void run_both(struct planned *p)
{
    static _Atomic int cancel;
    float *data[TENSORS];

    fill_apart(data);
    run_apart(&p->ops, data);
    run_poisoned(&p->plan);
    compare(&p->plan, data, "poisoned");
    for (int i = 0; i < graph.tensor_count; i++)
        if (graph.tensor[i].kind == CLEAVE_TENSOR_INPUT)
            fill_input(&p->plan, i);
    run_apart(&p->ops, data); /* the states have moved on */
    TEST_CHECK(cleave_plan_run(&p->plan, p->workers, &cancel) == 1);
    compare(&p->plan, data, "with workers");
    cleave_plan_reset(&p->plan);
    for (int i = 0; i < graph.tensor_count; i++) {
        const cleave_plan_tensor *const tensor = &p->plan.tensor[i];
        for (size_t b = 0; tensor->kind == CLEAVE_TENSOR_STATE && b < tensor->bytes; b++)
            TEST_CHECK(tensor->data[b] == 0);
        free(data[i]);
    }
}

static int lives_at(const cleave_plan_tensor *tensor, int step)
{
    return is_shared(tensor->kind) && tensor->data && tensor->first <= step && step <= tensor->last;
}

/* No two tensors that live at one step overlap; all lie within the block, aligned. Returns the
 * bytes that live at the worst step: no plan can do with less. */
static size_t check_places(const cleave_plan *plan)
{
    size_t bound = 0;

    for (int s = 0; s < plan->step_count; s++) {
        size_t live = 0;
        for (int i = 0; i < plan->tensor_count; i++) {
            const cleave_plan_tensor *const a = &plan->tensor[i];
            if (!lives_at(a, s))
                continue;
            live += cleave_align_up(a->bytes);
            TEST_CHECK(a->offset % CLEAVE_ALIGN_BYTES == 0);
            TEST_CHECK((uintptr_t)a->data % CLEAVE_ALIGN_BYTES == 0);
            TEST_CHECK(a->offset + a->bytes <= plan->shared_bytes);
            for (int k = 0; k < i; k++) {
                const cleave_plan_tensor *const b = &plan->tensor[k];
                if (lives_at(b, s))
                    TEST_CHECK(a->data + a->bytes <= b->data || b->data + b->bytes <= a->data);
            }
        }
        bound = live > bound ? live : bound;
    }
    return bound;
}

/* Lives cover all uses. */
static void check_lives(const cleave_plan *plan)
{
    for (int s = 0; s < graph.step_count; s++)
        for (int k = 0; k < graph.step[s].operand_count; k++) {
            const cleave_plan_tensor *const tensor = &plan->tensor[graph.step[s].operand[k]];
            TEST_CHECK(tensor->first <= s && s <= tensor->last && tensor->data);
        }
    for (int i = 0; i < plan->tensor_count; i++) {
        TEST_CHECK(plan->tensor[i].kind != CLEAVE_TENSOR_INPUT || plan->tensor[i].first == 0);
        TEST_CHECK(plan->tensor[i].kind != CLEAVE_TENSOR_OUTPUT ||
                   plan->tensor[i].last == (plan->step_count ? plan->step_count - 1 : 0));
    }
}

static void random_graphs(void)
{
    double used = 0, least = 0;

    for (int i = 0; i < GRAPHS; i++) {
        struct planned p;
        random_graph();
        if (!plan_it(&p, i % 50 ? 1 : 3))
            break;
        check_lives(&p.plan);
        const size_t bound = check_places(&p.plan);
        TEST_CHECK(p.plan.shared_bytes >= bound);
        used += (double)p.plan.shared_bytes;
        least += (double)bound;
        run_both(&p);
        drop(&p);
    }
    printf("     %d graphs: peak memory is %.3f of what lives at the worst step\n", GRAPHS,
           used / least);
    TEST_CHECK(used <= 1.05 * least);
}

/* ---- the rest ------------------------------------------------------------------------------ */
static void chain(void)
{
    const cleave_elementwise_args args = {
        .points = 1000, .x = 1, .kind = CLEAVE_ELEMENTWISE_AFFINE};
    cleave_tensor from, to;
    struct planned p;
    char *const text = malloc(100000);

    begin();
    from = cleave_graph_tensor_add(&graph, "in", 1000, CLEAVE_TENSOR_INPUT);
    for (int i = 0; i < 10; i++, from = to) {
        to = cleave_graph_tensor_add(&graph, i < 9 ? "hidden" : "out", 1000,
                                     i < 9 ? CLEAVE_TENSOR_TEMPORARY : CLEAVE_TENSOR_OUTPUT);
        cleave_graph_add(&graph, "copy", CLEAVE_OP_ELEMENTWISE, &args,
                         (cleave_view[]){{from, 0}, {to, 0}}, 2);
    }
    TEST_CHECK(plan_it(&p, 1));
    TEST_CHECK(p.plan.shared_bytes == 2 * cleave_align_up(4000));
    const size_t length = cleave_plan_map(&p.plan, text, 100000);
    TEST_CHECK(length == strlen(text));
    TEST_CHECK(cleave_plan_map(&p.plan, NULL, 0) == length);
    memset(text, 'x', 20);
    TEST_CHECK(cleave_plan_map(&p.plan, text, 10) == length && text[9] == 0 && text[10] == 'x');
    cleave_plan_map(&p.plan, text, 100000);
    int lines = 0;
    for (const char *c = text; *c; c++)
        lines += *c == '\n';
    TEST_CHECK(lines == 1 + 11 + 2);
    TEST_CHECK(strstr(text, "input     in\n") && strstr(text, "output    out\n") &&
               strstr(text, "peak "));
    free(text);
    drop(&p);
}

/* ---- weights ------------------------------------------------------------------------------- */
enum { LAYER = 7, POINTS = 5 };

/* out = weight in + bias, LAYER channels of POINTS points. */
static void linear(cleave_tensor in, cleave_view weight, cleave_view bias, cleave_tensor out)
{
    const cleave_conv_args args = {
        .in_channels = LAYER,
        .channels = LAYER,
        .in_rows = 1,
        .in_points = POINTS,
        .in_channel_stride = POINTS,
        .in_row_stride = POINTS,
        .out_rows = 1,
        .out_points = POINTS,
        .out_channel_stride = POINTS,
        .out_row_stride = POINTS,
        .kernel_rows = 1,
        .kernel_points = 1,
        .stride_rows = 1,
        .stride_points = 1,
        .dilation = 1,
        .uses = CLEAVE_CONV_BIAS,
    };

    cleave_graph_add(&graph, "linear", CLEAVE_OP_CONV, &args,
                     (cleave_view[]){{in, 0}, weight, bias, {out, 0}}, 4);
}

static double linear_value(const double *in, int64_t weight_at, uint64_t weight_seed,
                           int64_t bias_at, uint64_t bias_seed, int64_t m)
{
    double sum = (double)test_uniform(bias_seed, (uint64_t)(bias_at + m));

    for (int64_t c = 0; c < LAYER; c++)
        sum += (double)test_uniform(weight_seed, (uint64_t)(weight_at + m * LAYER + c)) * in[c];
    return sum;
}

/* Two layers whose weights lie in one constant, with biases of which one is also added by a step
 * that runs. */
static void staged(void)
{
    static _Atomic int cancel;
    const cleave_elementwise_args add = {
        .points = LAYER * POINTS, .x = 1, .y = 1, .kind = CLEAVE_ELEMENTWISE_ADD};
    const uint64_t seed[3] = {5, 6, 7};
    cleave_tensor k[3];
    char text[3000];
    struct planned p;

    begin();
    const cleave_tensor in =
        cleave_graph_tensor_add(&graph, "in", LAYER * POINTS, CLEAVE_TENSOR_INPUT);
    const cleave_tensor mid =
        cleave_graph_tensor_add(&graph, "mid", LAYER * POINTS, CLEAVE_TENSOR_TEMPORARY);
    const cleave_tensor out =
        cleave_graph_tensor_add(&graph, "out", LAYER * POINTS, CLEAVE_TENSOR_OUTPUT);
    k[0] = cleave_graph_constant(&graph, "weights", 400, fill_constant, &seed[0], 8);
    k[1] = cleave_graph_constant(&graph, "bias", 40, fill_constant, &seed[1], 8);
    k[2] = cleave_graph_constant(&graph, "both", 40, fill_constant, &seed[2], 8);
    linear(in, (cleave_view){k[0], 3}, (cleave_view){k[1], 1}, mid);
    linear(mid, (cleave_view){k[0], 100}, (cleave_view){k[2], 2}, out);
    cleave_graph_add(&graph, "add", CLEAVE_OP_ELEMENTWISE, &add,
                     (cleave_view[]){{out, 0}, {k[2], 4}, {out, 0}}, 3);
    TEST_CHECK(plan_it(&p, 2));

    /* The shared block is as large as the largest step's constants, and only "both" is kept. */
    TEST_CHECK(!p.plan.tensor[k[0]].data && !p.plan.tensor[k[1]].data);
    TEST_CHECK(p.plan.tensor[k[2]].data != NULL);
    TEST_CHECK(p.plan.shared_bytes == cleave_align_up(400 * 4) + cleave_align_up(40 * 4));
    TEST_CHECK(p.plan.staged_bytes == p.plan.shared_bytes);
    TEST_CHECK(p.plan.constant_bytes == cleave_align_up(40 * 4));
    const cleave_conv_args *const first = p.plan.step[0].args, *const second = p.plan.step[1].args;
    TEST_CHECK(!first->weight && !first->bias && first->in && first->out);
    TEST_CHECK(!second->weight && second->bias && second->in && second->out);
    cleave_plan_map(&p.plan, text, sizeof text);
    TEST_CHECK(strstr(text, "staged    weights\n") && strstr(text, "staged    bias\n"));
    TEST_CHECK(strstr(text, "constant  both\n") && strstr(text, "(of 1792 staged)"));

    memset(p.plan.shared, 0xFF, p.plan.shared_bytes);
    fill_input(&p.plan, in);
    TEST_CHECK(cleave_plan_run(&p.plan, p.workers, &cancel) == 1);
    for (int64_t j = 0; j < POINTS; j++) {
        double x[LAYER], y[LAYER];
        for (int64_t c = 0; c < LAYER; c++)
            x[c] = (double)test_uniform((uint64_t)in + 1000, (uint64_t)(c * POINTS + j));
        for (int64_t m = 0; m < LAYER; m++)
            y[m] = linear_value(x, 3, seed[0], 1, seed[1], m);
        for (int64_t m = 0; m < LAYER; m++) {
            const double z = linear_value(y, 100, seed[0], 2, seed[2], m) +
                             (double)test_uniform(seed[2], (uint64_t)(4 + m * POINTS + j));
            /* Two sums of 8 products of values below 1, 3 and 21, in float32: a few units of 2^-21.
             */
            TEST_CHECK(fabs((double)cleave_plan_data(&p.plan, out)[m * POINTS + j] - z) < 1e-5);
        }
    }
    drop(&p);
}

static void cancelling(void)
{
    _Atomic int cancel = 1;
    struct planned p;

    do
        random_graph();
    while (graph.step_count == 0);
    TEST_CHECK(plan_it(&p, 2));
    TEST_CHECK(cleave_plan_run(&p.plan, p.workers, &cancel) == 0);
    atomic_store(&cancel, 0);
    TEST_CHECK(cleave_plan_run(&p.plan, p.workers, &cancel) == 1);
    drop(&p);
}

static void refusals(void)
{
    static unsigned char memory[256] __attribute__((aligned(64)));
    cleave_error error = {.status = CLEAVE_OK};
    cleave_arena arena;
    cleave_plan plan;
    cleave_ops ops;

    cleave_ops_cpu(&ops, 0);
    begin();
    cleave_graph_fail(&graph, CLEAVE_UNSUPPORTED, "not on a Sunday");
    cleave_arena_init(&arena, NULL, 0);
    TEST_CHECK(cleave_plan_init(&plan, &graph, &ops, 1, &arena, &error) == CLEAVE_UNSUPPORTED);
    TEST_CHECK(!strcmp(error.message, "not on a Sunday"));
    TEST_CHECK(cleave_plan_init(&plan, &graph, &ops, 1, &arena, NULL) == CLEAVE_UNSUPPORTED);

    begin();
    cleave_graph_tensor_add(&graph, "silent", 10, CLEAVE_TENSOR_OUTPUT);
    TEST_CHECK(cleave_plan_init(&plan, &graph, &ops, 1, &arena, &error) == CLEAVE_INVALID);
    TEST_CHECK(strstr(error.message, "\"silent\"") != NULL);

    begin();
    cleave_graph_tensor_add(&graph, "large", 100000, CLEAVE_TENSOR_INPUT);
    cleave_arena_init(&arena, memory, sizeof memory);
    TEST_CHECK(cleave_plan_init(&plan, &graph, &ops, 1, &arena, &error) == CLEAVE_NO_MEMORY);
    TEST_CHECK(strstr(error.message, "256") != NULL);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"plan: random graphs in shared memory", random_graphs},
        {"plan: a chain and its map", chain},
        {"plan: weights are staged and packed", staged},
        {"plan: cancelling", cancelling},
        {"plan: what is refused", refusals},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
