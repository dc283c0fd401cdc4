/* check_kernels_test.c: every kernel against the reference of its op, on every case.
 *
 * A run happens in a place of its own: tensors end at a page that cannot be touched, or start at
 * the alignment that a plan gives them, with guards around; outputs, scratch and tables hold NaN
 * before. The output of a kernel must lie within the limit of the case, must not depend on how its
 * items are cut up, and must leave all else as it was. */
#include "kernels/cases.h"
#include "tests/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define GUARD_BYTES 256
#define GUARD_BYTE  0xA5
#define POISON_BITS 0x7FC0DEADu /* a NaN that no kernel computes */

typedef enum placement {
    PLACE_ALIGNED,  /* starts on CLEAVE_ALIGN_BYTES */
    PLACE_AT_BORDER /* the last byte lies before a page without access */
} placement;

/* A piece of memory with guards on both sides. */
typedef struct block {
    unsigned char *map, *data;
    size_t map_bytes, bytes;
} block;

static block block_new(size_t bytes, placement place)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t room = (bytes + 2 * GUARD_BYTES + page - 1) / page * page;
    block b = {.map_bytes = room + page, .bytes = bytes};

    b.map = mmap(NULL, b.map_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (b.map == MAP_FAILED || mprotect(b.map + room, page, PROT_NONE)) {
        perror("mmap");
        exit(2);
    }
    memset(b.map, GUARD_BYTE, room);
    b.data = place == PLACE_ALIGNED ? b.map + GUARD_BYTES : b.map + room - bytes;
    return b;
}

static void block_free(block *b)
{
    if (b->map)
        munmap(b->map, b->map_bytes);
    *b = (block){0};
}

static int block_guards_intact(const block *b)
{
    const size_t room = b->map_bytes - (size_t)sysconf(_SC_PAGESIZE);

    for (const unsigned char *p = b->map; p < b->data; p++)
        if (*p != GUARD_BYTE)
            return 0;
    for (const unsigned char *p = b->data + b->bytes; p < b->map + room; p++)
        if (*p != GUARD_BYTE)
            return 0;
    return 1;
}

static void poison(block *b)
{
    const uint32_t bits = POISON_BITS;

    for (size_t i = 0; i + sizeof bits <= b->bytes; i += sizeof bits)
        memcpy(b->data + i, &bits, sizeof bits);
}

/* One set of tensors of a step. */
typedef struct tensors {
    int count;
    cleave_operand operand[CLEAVE_OPERANDS_MAX];
    block block[CLEAVE_OPERANDS_MAX];
    cleave_case test; /* whose arguments point into the blocks */
} tensors;

static void fill(const cleave_case *test, int operand, float *data, int64_t count)
{
    if (test->fill) {
        test->fill(test, operand, data, count);
        return;
    }
    for (int64_t i = 0; i < count; i++)
        data[i] = cleave_case_uniform((uint64_t)operand + 1, i);
}

static tensors tensors_new(const cleave_op *op, const cleave_case *test, placement place)
{
    tensors t = {.test = *test};

    t.count = op->operands(test->args.bytes, t.operand);
    for (int i = 0; i < t.count; i++) {
        t.block[i] = block_new(t.operand[i].bytes, place);
        memcpy(t.test.args.bytes + t.operand[i].field, &t.block[i].data, sizeof(void *));
        if (t.operand[i].access & CLEAVE_READ)
            fill(test, i, (float *)(void *)t.block[i].data,
                 (int64_t)(t.operand[i].bytes / sizeof(float)));
        else
            poison(&t.block[i]);
    }
    return t;
}

static void tensors_free(tensors *t)
{
    for (int i = 0; i < t->count; i++)
        block_free(&t->block[i]);
}

/* ---- running ---- */
/* Runs the items in `parts` pieces, in random order if there are several; `seed` chooses the cuts.
 * Returns whether the kernel stayed inside its memory. */
static int run_parts(const cleave_op *op, const cleave_kernel *kernel, tensors *t, int parts,
                     uint64_t seed)
{
    const void *args = t->test.args.bytes;
    const int64_t items = op->items(args);
    block prepared =
        block_new(kernel->prepared_bytes ? kernel->prepared_bytes(args) : 0, PLACE_ALIGNED);
    int64_t cut[9], order[8];
    int intact;

    poison(&prepared);
    if (kernel->prepare)
        kernel->prepare(args, prepared.data);
    intact = block_guards_intact(&prepared);

    cut[0] = 0;
    for (int p = 1; p < parts; p++) {
        const double u = 0.5 + 0.5 * (double)test_uniform(seed, (uint64_t)p);
        cut[p] = cut[p - 1] + (int64_t)(u * (double)(items - cut[p - 1]) * 2 / (parts - p + 1));
        cut[p] = cleave_i64_min(cut[p], items);
    }
    cut[parts] = items;
    for (int p = 0; p < parts; p++) {
        const int other =
            (int)((0.5 + 0.5 * (double)test_uniform(seed, 100 + (uint64_t)p)) * (p + 1));
        order[p] = order[other];
        order[other] = p;
    }
    for (int p = 0; p < parts; p++) {
        block scratch =
            block_new(kernel->scratch_bytes ? kernel->scratch_bytes(args) : 0, PLACE_ALIGNED);
        const cleave_work work = {.begin = cut[order[p]],
                                  .end = cut[order[p] + 1],
                                  .scratch = scratch.data,
                                  .prepared = prepared.data};
        poison(&scratch);
        kernel->run(args, &work);
        intact &= block_guards_intact(&scratch);
        block_free(&scratch);
    }
    block_free(&prepared);
    return intact;
}

/* ---- judging ---- */
/* Guards, and inputs against those of a set that nothing ran on. */
static int rest_intact(const tensors *t, const tensors *untouched)
{
    for (int i = 0; i < t->count; i++) {
        if (!block_guards_intact(&t->block[i]))
            return 0;
        if (!(t->operand[i].access & CLEAVE_WRITE) &&
            memcmp(t->block[i].data, untouched->block[i].data, t->operand[i].bytes))
            return 0;
    }
    return 1;
}

static int same_outputs(const tensors *x, const tensors *y)
{
    for (int i = 0; i < x->count; i++)
        if ((x->operand[i].access & CLEAVE_WRITE) &&
            memcmp(x->block[i].data, y->block[i].data, x->operand[i].bytes))
            return 0;
    return 1;
}

static uint32_t bits_at(const block *b, size_t i)
{
    uint32_t bits;

    memcpy(&bits, b->data + i * sizeof bits, sizeof bits);
    return bits;
}

/* ||x - ref|| / ||ref|| over all outputs, infinite if a value that the reference leaves is written
 * or reverse. Adds the number of values that the reference wrote to *compared. */
static double distance(const tensors *x, const tensors *ref, int64_t *compared)
{
    double error = 0, norm = 0;

    for (int i = 0; i < ref->count; i++) {
        if (!(ref->operand[i].access & CLEAVE_WRITE))
            continue;
        for (size_t k = 0; k < ref->operand[i].bytes / sizeof(float); k++) {
            const uint32_t ref_bits = bits_at(&ref->block[i], k), bits = bits_at(&x->block[i], k);
            float ref_value, value;
            if (ref_bits == POISON_BITS || bits == POISON_BITS) {
                if (ref_bits != bits)
                    return INFINITY;
                continue;
            }
            memcpy(&ref_value, &ref_bits, sizeof bits);
            memcpy(&value, &bits, sizeof bits);
            const double d = (double)value - (double)ref_value;
            error += d * d;
            norm += (double)ref_value * (double)ref_value;
            ++*compared;
        }
    }
    if (error == 0)
        return 0;
    return isnan(error) ? INFINITY : sqrt(error / norm);
}

/* Checks one kernel on one case; returns how many runs were good. */
static int check_case(const cleave_op *op, const cleave_kernel *kernel, const char *name,
                      const cleave_case *test, const tensors *inputs, const tensors *ref,
                      placement place)
{
    tensors whole = tensors_new(op, test, place);
    int64_t compared = 0;
    int good = 0;

    const int inside = run_parts(op, kernel, &whole, 1, 0);
    const double error = distance(&whole, ref, &compared);
    const int within = test->limit > 0 ? error <= test->limit : same_outputs(&whole, ref);
    if (!inside || !rest_intact(&whole, inputs))
        TEST_FAIL("%s %s, %s: wrote outside its outputs", op->name, name, test->label);
    else if (!within)
        TEST_FAIL("%s %s, %s: error %.3g, limit %.3g", op->name, name, test->label, error,
                  test->limit);
    else if (compared == 0)
        TEST_FAIL("%s %s, %s: compared nothing", op->name, name, test->label);
    else
        good += TEST_CHECK(1);

    static const int parts[] = {2, 3, 8};
    for (int i = 0; i < 3; i++) {
        if (op->items(test->args.bytes) < 2)
            break;
        tensors cut = tensors_new(op, test, place);
        run_parts(op, kernel, &cut, parts[i], 0x5eed + (uint64_t)i);
        if (same_outputs(&cut, &whole) && rest_intact(&cut, inputs))
            good += TEST_CHECK(1);
        else
            TEST_FAIL("%s %s, %s: %d parts give another result than one", op->name, name,
                      test->label, parts[i]);
        tensors_free(&cut);
    }
    tensors_free(&whole);
    return good;
}

/* The table of each feature mask is tried, but a kernel that several of them share only once. */
static int check_op_case(int index, const cleave_case *test)
{
    const cleave_op *op = cleave_op_get(index);
    const uint32_t features = cleave_cpu_features();
    cleave_ops table;
    cleave_kernel seen[8];
    int seen_count = 0, good = 0;

    if (op->check(test->args.bytes)) {
        TEST_FAIL("%s, %s: %s", op->name, test->label, op->check(test->args.bytes));
        return 0;
    }
    tensors inputs = tensors_new(op, test, PLACE_ALIGNED),
            ref = tensors_new(op, test, PLACE_ALIGNED);
    cleave_ops_cpu(&table, 0);
    TEST_CHECK(run_parts(op, &table.kernel[index], &ref, 1, 0));
    for (uint32_t mask = 0; mask <= features; mask++) {
        int known = 0;
        if (mask & ~features)
            continue;
        cleave_ops_cpu(&table, mask);
        for (int k = 0; k < seen_count; k++)
            known |= seen[k].run == table.kernel[index].run;
        if (known)
            continue;
        seen[seen_count++] = table.kernel[index];
        /* Timed shapes are large: there the reference is only the judge of the others. */
        if (mask == 0 && (test->flags & CLEAVE_CASE_BENCH))
            continue;
        good +=
            check_case(op, &table.kernel[index], table.name, test, &inputs, &ref, PLACE_ALIGNED);
        if (index != CLEAVE_OP_FFT) /* whose input must be aligned */
            good += check_case(op, &table.kernel[index], table.name, test, &inputs, &ref,
                               PLACE_AT_BORDER);
    }
    tensors_free(&inputs);
    tensors_free(&ref);
    return good;
}

static void check_op(int index)
{
    cleave_case test;
    int good = 0;

    for (int i = 0; cleave_cases[index](i, &test); i++)
        good += check_op_case(index, &test);
    test_passed_count(good);
}

static void check_fft(void)
{
    check_op(CLEAVE_OP_FFT);
}

static void check_stft(void)
{
    check_op(CLEAVE_OP_STFT);
}

static void check_istft(void)
{
    check_op(CLEAVE_OP_ISTFT);
}

static void check_overlap_add(void)
{
    check_op(CLEAVE_OP_OVERLAP_ADD);
}

static void check_complex_mask(void)
{
    check_op(CLEAVE_OP_COMPLEX_MASK);
}

static void check_median(void)
{
    check_op(CLEAVE_OP_MEDIAN);
}

static void check_reduce(void)
{
    check_op(CLEAVE_OP_REDUCE);
}

static void check_elementwise(void)
{
    check_op(CLEAVE_OP_ELEMENTWISE);
}

static void check_rearrange(void)
{
    check_op(CLEAVE_OP_REARRANGE);
}

static void check_mix(void)
{
    check_op(CLEAVE_OP_MIX);
}

/* The checker must notice what it is there for: a kernel that is off by one bit, one that writes
 * past its output, one that leaves part of it, and one that does nothing. */
static void bad_run(const void *args, const cleave_work *work, int how)
{
    cleave_ops table;
    float *out;

    cleave_ops_cpu(&table, 0);
    if (how == 3)
        return;
    table.kernel[CLEAVE_OP_MIX].run(args, work);
    cleave_operand operand[CLEAVE_OPERANDS_MAX];
    const int last = cleave_op_get(CLEAVE_OP_MIX)->operands(args, operand) - 1;
    memcpy(&out, (const char *)args + operand[last].field, sizeof(float *));
    if (how == 0)
        out[0] *= 1.0001f;
    if (how == 1)
        out[-1] = 0;
    if (how == 2) {
        const uint32_t bits = POISON_BITS;
        memcpy(&out[2], &bits, sizeof bits);
    }
}

static void run_inexact(const void *args, const cleave_work *work)
{
    bad_run(args, work, 0);
}

static void run_outside(const void *args, const cleave_work *work)
{
    bad_run(args, work, 1);
}

static void run_partial(const void *args, const cleave_work *work)
{
    bad_run(args, work, 2);
}

static void run_nothing(const void *args, const cleave_work *work)
{
    bad_run(args, work, 3);
}

static void checker_notices(void)
{
    static void (*const bad[])(const void *, const cleave_work *) = {run_inexact, run_outside,
                                                                     run_partial, run_nothing};
    const cleave_op *op = cleave_op_get(CLEAVE_OP_MIX);
    cleave_case test;
    cleave_ops table;

    cleave_ops_cpu(&table, 0);
    TEST_CHECK(cleave_cases[CLEAVE_OP_MIX](1, &test));
    for (int i = 0; i < 4; i++) {
        tensors inputs = tensors_new(op, &test, PLACE_ALIGNED);
        tensors ref = tensors_new(op, &test, PLACE_ALIGNED);
        tensors x = tensors_new(op, &test, PLACE_ALIGNED);
        const cleave_kernel kernel = {.run = bad[i]};
        int64_t compared = 0;

        run_parts(op, &table.kernel[CLEAVE_OP_MIX], &ref, 1, 0);
        run_parts(op, &kernel, &x, 1, 0);
        const int close = distance(&x, &ref, &compared) <= test.limit;
        TEST_CHECK(!close || !rest_intact(&x, &inputs));
        tensors_free(&inputs);
        tensors_free(&ref);
        tensors_free(&x);
    }
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"fft", check_fft},
        {"stft", check_stft},
        {"istft", check_istft},
        {"overlap_add", check_overlap_add},
        {"complex_mask", check_complex_mask},
        {"median", check_median},
        {"reduce", check_reduce},
        {"elementwise", check_elementwise},
        {"rearrange", check_rearrange},
        {"mix", check_mix},
        {"checker_notices", checker_notices},
    };

    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
