/* plan_streams.c: which steps of a graph may run at the same time.
 *
 * A list schedule in the order of the graph: each step goes to the stream on which it could start
 * first, by an estimate that takes the bytes that a step touches for its time. The estimate decides
 * how good the schedule is, never whether it is right: what a step needs of the other stream, it
 * waits for. */
#include "runtime/plan.h"

#include <string.h>

/* In bytes, as all of the estimate: what a step costs however small it is, and what it costs to
 * wait for the other stream. Either takes a microsecond or two, in which the memory of a large GPU
 * moves about so much. */
#define STEP_COST 4194304.0
#define WAIT_COST 4194304.0

/* What a step must come after, on each stream: its last such step, or -1, and when that ends. */
struct need {
    int32_t step[CLEAVE_STREAMS_MAX];
    double end[CLEAVE_STREAMS_MAX];
};

static void need_more(struct need *need, const cleave_graph_use *use)
{
    for (int s = 0; s < CLEAVE_STREAMS_MAX; s++) {
        if (use->step[s] > need->step[s])
            need->step[s] = use->step[s];
        if (use->end[s] > need->end[s])
            need->end[s] = use->end[s];
    }
}

/* A step that reads a tensor comes after those that wrote it; one that writes, after all that
 * touched it. */
static struct need need_of(const cleave_graph *graph, const cleave_graph_step *step,
                           const cleave_operand *operand)
{
    struct need need = {.step = {-1, -1}};

    for (int k = 0; k < step->operand_count; k++) {
        const cleave_graph_note *const note = &graph->note[step->operand[k]];
        need_more(&need, operand[k].access & CLEAVE_WRITE ? &note->touched : &note->written);
    }
    return need;
}

/* When the step could start on the stream. */
static double start_on(const struct need *need, int stream, double idle)
{
    double start = idle;

    for (int s = 0; s < CLEAVE_STREAMS_MAX; s++) {
        const double end = need->end[s] + (s == stream ? 0 : WAIT_COST);
        if (need->step[s] >= 0 && end > start)
            start = end;
    }
    return start;
}

static void use(cleave_graph_use *use, int32_t step, int stream, double end)
{
    use->step[stream] = step;
    use->end[stream] = end;
}

static void note_step(cleave_graph *graph, int32_t index, const cleave_operand *operand, double end)
{
    const cleave_graph_step *const step = &graph->step[index];
    const int stream = graph->order[index].stream;

    for (int k = 0; k < step->operand_count; k++) {
        cleave_graph_note *const note = &graph->note[step->operand[k]];
        use(&note->touched, index, stream, end);
        if (operand[k].access & CLEAVE_WRITE)
            use(&note->written, index, stream, end);
        if (note->begun[stream] < 0)
            note->begun[stream] = index;
    }
}

void cleave_plan_schedule(cleave_graph *graph, int32_t streams)
{
    double idle[CLEAVE_STREAMS_MAX] = {0};
    int32_t seen[CLEAVE_STREAMS_MAX] = {-1, -1}; /* by each stream, of the other */

    assert(streams >= 1 && streams <= CLEAVE_STREAMS_MAX);
    for (int32_t i = 0; i < graph->tensor_count; i++) {
        cleave_graph_note *const note = &graph->note[i];
        *note = (cleave_graph_note){.begun = {-1, -1}};
        note->written.step[0] = note->written.step[1] = -1;
        note->touched.step[0] = note->touched.step[1] = -1;
    }
    for (int32_t i = 0; i < graph->step_count; i++) {
        const cleave_graph_step *const step = &graph->step[i];
        cleave_operand operand[CLEAVE_OPERANDS_MAX];
        cleave_op_get(step->op)->operands(step->args.bytes, operand);
        const struct need need = need_of(graph, step, operand);
        double cost = STEP_COST, start = start_on(&need, 0, idle[0]);
        int stream = 0;
        if (streams > 1) {
            const double other = start_on(&need, 1, idle[1]);
            const int later = need.step[1] > need.step[0];
            stream = other < start || (other == start && later);
            start = stream ? other : start;
        }
        for (int k = 0; k < step->operand_count; k++)
            cost += (double)operand[k].bytes;
        idle[stream] = start + cost;
        const int32_t wait = need.step[1 - stream] > seen[stream] ? need.step[1 - stream] : -1;
        seen[stream] = wait >= 0 ? wait : seen[stream];
        graph->order[i] = (cleave_graph_order){stream, wait, seen[stream]};
        note_step(graph, i, operand, idle[stream]);
    }
}

int cleave_plan_comes_before(const cleave_graph *graph, int32_t a, int32_t b)
{
    const cleave_graph_note *const first = &graph->note[a], *const then = &graph->note[b];

    for (int s = 0; s < CLEAVE_STREAMS_MAX; s++) {
        const int32_t begun = then->begun[s];
        if (begun >= 0 && (first->touched.step[s] >= begun ||
                           first->touched.step[1 - s] > graph->order[begun].seen))
            return 0;
    }
    return 1;
}
