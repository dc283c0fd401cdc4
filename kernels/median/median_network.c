/* median_network.c: builds the programs of median_network.h.
 *
 * Windows that overlap share work: the inputs common to a group of windows (its core) are sorted
 * once, only the ranks that can still become a median are kept, and the two halves of the group
 * each merge their further inputs into them, down to single windows. Sorting is by odd-even merging
 * for lists of any length (Batcher 1968; Knuth, The Art of Computer Programming 3, 5.3.4). Results
 * that nothing reads are removed afterwards. */
#include "kernels/median/median_network.h"

#include <string.h>

#define VALUES_MAX (CLEAVE_MEDIAN_INPUTS_MAX + 2 * CLEAVE_MEDIAN_STEPS_MAX)
#define NEVER      (-1)

/* A sorted list of values, lowest first. */
typedef struct list {
    int count;
    int16_t value[CLEAVE_MEDIAN_INPUTS_MAX];
} list;

/* Value v < inputs is an input; step k makes the values inputs + 2 k, the lower, and inputs + 2 k
 * + 1. */
typedef struct builder {
    int taps, group, inputs, steps;
    int16_t a[CLEAVE_MEDIAN_STEPS_MAX], b[CLEAVE_MEDIAN_STEPS_MAX];
    int16_t median[CLEAVE_MEDIAN_GROUP_MAX];
    int16_t
        last_use[VALUES_MAX]; /* step that reads the value last; NEVER; or `steps` for a median */
} builder;

static void compare(builder *make, int16_t a, int16_t b, int16_t *low, int16_t *high)
{
    assert(make->steps < CLEAVE_MEDIAN_STEPS_MAX);
    make->a[make->steps] = a;
    make->b[make->steps] = b;
    *low = (int16_t)(make->inputs + 2 * make->steps);
    *high = (int16_t)(*low + 1);
    make->steps++;
}

/* Every second value from `first` on. */
static list every_second(const list *from, int first)
{
    list half = {.count = 0};

    for (int i = first; i < from->count; i += 2)
        half.value[half.count++] = from->value[i];
    return half;
}

static list merge(builder *make, const list *x, const list *y)
{
    list out = {.count = x->count + y->count};

    if (!x->count || !y->count)
        return x->count ? *x : *y;
    if (out.count == 2) {
        compare(make, x->value[0], y->value[0], &out.value[0], &out.value[1]);
        return out;
    }
    const list x_even = every_second(x, 0), y_even = every_second(y, 0);
    const list x_odd = every_second(x, 1), y_odd = every_second(y, 1);
    const list even = merge(make, &x_even, &y_even);
    const list odd = merge(make, &x_odd, &y_odd);
    int i = 0;

    out.value[0] = even.value[0];
    for (; i < odd.count && i + 1 < even.count; i++)
        compare(make, odd.value[i], even.value[i + 1], &out.value[2 * i + 1],
                &out.value[2 * i + 2]);
    if (i < odd.count)
        out.value[out.count - 1] = odd.value[i];
    else if (i + 1 < even.count)
        out.value[out.count - 1] = even.value[i + 1];
    return out;
}

/* The inputs first .. first + count - 1, sorted. */
static list sorted_inputs(builder *make, int first, int count)
{
    list out = {.count = count};

    if (count <= 1) {
        out.value[0] = (int16_t)first;
        return out;
    }
    const list low = sorted_inputs(make, first, count / 2);
    const list high = sorted_inputs(make, first + count / 2, count - count / 2);
    return merge(make, &low, &high);
}

/* Keeps what can be at `rank` after `missing` more values have come in; returns the rank in what is
 * kept. */
static int trim(list *sorted, int rank, int missing)
{
    const int drop = rank > missing ? rank - missing : 0;

    rank -= drop;
    sorted->count -= drop;
    if (sorted->count > rank + 1)
        sorted->count = rank + 1;
    memmove(sorted->value, sorted->value + drop, (size_t)sorted->count * sizeof sorted->value[0]);
    return rank;
}

/* Medians of the windows first .. first + count - 1, of whose common inputs `core` holds the
 * candidates. */
static void descend(builder *make, const list *core, int rank, int first, int count)
{
    const int half = count / 2;

    if (count == 1) {
        make->median[first] = core->value[rank];
        return;
    }
    /* The lower half also has in common the inputs before the core, the upper half those after it.
     */
    const int more[2] = {first + half - 1, first + make->taps};
    for (int side = 0; side < 2; side++) {
        const list added = sorted_inputs(make, more[side], half);
        list joined = merge(make, core, &added);
        const int joined_rank = trim(&joined, rank, half - 1);
        descend(make, &joined, joined_rank, first + side * half, half);
    }
}

static void find_last_uses(builder *make)
{
    for (int v = 0; v < make->inputs + 2 * make->steps; v++)
        make->last_use[v] = NEVER;
    for (int w = 0; w < make->group; w++)
        make->last_use[make->median[w]] = (int16_t)make->steps;
    for (int k = make->steps - 1; k >= 0; k--) {
        const int low = make->inputs + 2 * k;
        if (make->last_use[low] == NEVER && make->last_use[low + 1] == NEVER)
            continue;
        if (make->last_use[make->a[k]] == NEVER)
            make->last_use[make->a[k]] = (int16_t)k;
        if (make->last_use[make->b[k]] == NEVER)
            make->last_use[make->b[k]] = (int16_t)k;
    }
}

/* Slots of values, given out as steps make them and taken back after their last use. */
typedef struct slots {
    uint8_t of[VALUES_MAX];
    uint8_t free[CLEAVE_MEDIAN_SLOTS_MAX];
    int free_count, used;
} slots;

static void release(slots *s, const builder *make, int value, int step)
{
    if (value >= make->inputs && make->last_use[value] == step)
        s->free[s->free_count++] = s->of[value];
}

static uint8_t assign(slots *s, const builder *make, int value)
{
    for (int w = 0; w < make->group; w++)
        if (make->median[w] == value)
            return s->of[value] = (uint8_t)(make->inputs + w);
    if (s->free_count)
        return s->of[value] = s->free[--s->free_count];
    assert(s->used < CLEAVE_MEDIAN_SLOTS_MAX);
    return s->of[value] = (uint8_t)s->used++;
}

static void emit(cleave_median_network *network, const builder *make)
{
    slots s = {.used = make->inputs + make->group};

    for (int v = 0; v < make->inputs; v++)
        s.of[v] = (uint8_t)v;
    network->steps = 0;
    network->results = 0;
    for (int k = 0; k < make->steps; k++) {
        const int low = make->inputs + 2 * k, high = low + 1;
        const int low_read = make->last_use[low] != NEVER;
        const int high_read = make->last_use[high] != NEVER;
        if (!low_read && !high_read)
            continue;
        cleave_median_step *step = &network->step[network->steps++];
        step->a = s.of[make->a[k]];
        step->b = s.of[make->b[k]];
        release(&s, make, make->a[k], k);
        release(&s, make, make->b[k], k);
        step->kind = low_read && high_read ? CLEAVE_MEDIAN_BOTH
                     : low_read            ? CLEAVE_MEDIAN_MIN
                                           : CLEAVE_MEDIAN_MAX;
        step->low = low_read ? assign(&s, make, low) : 0;
        step->high = high_read ? assign(&s, make, high) : 0;
        network->results += low_read + high_read;
    }
    network->slots = s.used;
}

void cleave_median_network_make_group(cleave_median_network *network, int taps, int group)
{
    builder make = {.taps = taps, .group = group, .inputs = taps + group - 1};

    assert(taps >= 3 && taps <= CLEAVE_MEDIAN_TAPS_MAX && taps % 2 == 1);
    assert(group >= 1 && group <= (taps + 1) / 2 && group <= CLEAVE_MEDIAN_GROUP_MAX);
    list core = sorted_inputs(&make, group - 1, taps - group + 1);
    const int rank = trim(&core, taps / 2, group - 1);

    descend(&make, &core, rank, 0, group);
    find_last_uses(&make);
    network->taps = taps;
    network->group = group;
    network->inputs = make.inputs;
    emit(network, &make);
}

void cleave_median_network_make(cleave_median_network *network, int taps)
{
    int best = 1, best_results = 0;

    for (int group = 1; group <= CLEAVE_MEDIAN_GROUP_MAX && group <= (taps + 1) / 2; group *= 2) {
        cleave_median_network_make_group(network, taps, group);
        /* Compared as results / group, in integers. */
        if (group == 1 || network->results * best < best_results * group) {
            best = group;
            best_results = network->results;
        }
    }
    cleave_median_network_make_group(network, taps, best);
}
