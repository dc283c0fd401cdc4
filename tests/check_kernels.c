/* check_kernels.c: places tensors between guards, runs kernels on them, judges what they wrote. */
#include "tests/check_kernels.h"
#include "tests/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define GUARD_BYTES 256
#define GUARD_BYTE  0xA5

static check_block block_new(size_t bytes, check_placement place)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t room = (bytes + 2 * GUARD_BYTES + page - 1) / page * page;
    check_block b = {.map_bytes = room + page, .bytes = bytes};

    b.map = mmap(NULL, b.map_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (b.map == MAP_FAILED || mprotect(b.map + room, page, PROT_NONE)) {
        perror("mmap");
        exit(2);
    }
    (void)madvise(b.map, room, MADV_HUGEPAGE); /* one page fault instead of hundreds */
    memset(b.map, GUARD_BYTE, room);
    b.data = place == CHECK_ALIGNED ? b.map + GUARD_BYTES : b.map + room - bytes;
    return b;
}

static void block_free(check_block *b)
{
    if (b->map)
        munmap(b->map, b->map_bytes);
    *b = (check_block){0};
}

static int block_guards_intact(const check_block *b)
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

static void poison(check_block *b)
{
    const uint32_t bits = CHECK_POISON_BITS;

    for (size_t i = 0; i + sizeof bits <= b->bytes; i += sizeof bits)
        memcpy(b->data + i, &bits, sizeof bits);
}

static void fill(const cleave_case *test, int operand, float *data, int64_t count)
{
    if (test->fill) {
        test->fill(test, operand, data, count);
        return;
    }
    for (int64_t i = 0; i < count; i++)
        data[i] = cleave_case_uniform((uint64_t)operand + 1, i);
}

static void place_block(check_tensors *t, int i, check_placement place)
{
    t->block[i] = block_new(t->operand[i].bytes, place);
    memcpy(t->test.args.bytes + t->operand[i].field, &t->block[i].data, sizeof(void *));
}

static check_tensors tensors_new(const cleave_op *op, const cleave_case *test)
{
    check_tensors t = {.test = *test};

    t.count = op->operands(test->args.bytes, t.operand);
    for (int i = 0; i < t.count; i++) {
        place_block(&t, i, CHECK_ALIGNED);
        if (t.operand[i].access & CLEAVE_READ)
            fill(test, i, (float *)(void *)t.block[i].data,
                 (int64_t)(t.operand[i].bytes / sizeof(float)));
        else
            poison(&t.block[i]);
    }
    return t;
}

/* What a run may have written is again as in a set that nothing ran on. */
static void tensors_renew(check_tensors *t, const check_tensors *untouched)
{
    for (int i = 0; i < t->count; i++)
        if (t->operand[i].access & CLEAVE_WRITE)
            memcpy(t->block[i].data, untouched->block[i].data, t->operand[i].bytes);
}

static check_tensors tensors_like(const check_tensors *untouched, check_placement place)
{
    check_tensors t = *untouched;

    for (int i = 0; i < t.count; i++) {
        place_block(&t, i, place);
        memcpy(t.block[i].data, untouched->block[i].data, t.operand[i].bytes);
    }
    return t;
}

static void tensors_free(check_tensors *t)
{
    for (int i = 0; i < t->count; i++)
        block_free(&t->block[i]);
}

/* ---- running ---- */
/* Runs the items in `parts` pieces, in random order if there are several; `seed` chooses the cuts.
 * Returns whether the kernel stayed inside its memory. */
static int run_parts(const cleave_op *op, const cleave_kernel *kernel, check_tensors *t, int parts,
                     uint64_t seed)
{
    const void *args = t->test.args.bytes;
    const int64_t items = op->items(args);
    check_block prepared =
        block_new(kernel->prepared_bytes ? kernel->prepared_bytes(args) : 0, CHECK_ALIGNED);
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
        check_block scratch =
            block_new(kernel->scratch_bytes ? kernel->scratch_bytes(args) : 0, CHECK_ALIGNED);
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
static int rest_intact(const check_tensors *t, const check_tensors *untouched)
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

static int same_outputs(const check_tensors *x, const check_tensors *y)
{
    for (int i = 0; i < x->count; i++)
        if ((x->operand[i].access & CLEAVE_WRITE) &&
            memcmp(x->block[i].data, y->block[i].data, x->operand[i].bytes))
            return 0;
    return 1;
}

static uint32_t bits_at(const check_block *b, size_t i)
{
    uint32_t bits;

    memcpy(&bits, b->data + i * sizeof bits, sizeof bits);
    return bits;
}

/* ||x - ref|| / ||ref|| over all outputs, infinite if a value that the reference leaves is written
 * or reverse. Adds the number of values that the reference wrote to *compared. */
static double distance(const check_tensors *x, const check_tensors *ref, int64_t *compared)
{
    double error = 0, norm = 0;

    for (int i = 0; i < ref->count; i++) {
        if (!(ref->operand[i].access & CLEAVE_WRITE))
            continue;
        for (size_t k = 0; k < ref->operand[i].bytes / sizeof(float); k++) {
            const uint32_t ref_bits = bits_at(&ref->block[i], k), bits = bits_at(&x->block[i], k);
            float ref_value, value;
            if (ref_bits == CHECK_POISON_BITS || bits == CHECK_POISON_BITS) {
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

/* ---- public ---- */
int check_case_new(check_case *c, int index, const cleave_case *test)
{
    const cleave_op *op = cleave_op_get(index);
    const char *refusal = op->check(test->args.bytes);
    cleave_ops table;

    *c = (check_case){.index = index, .op = op};
    if (refusal)
        return TEST_FAIL("%s, %s: %s", op->name, test->label, refusal);
    c->inputs = tensors_new(op, test);
    c->ref = tensors_like(&c->inputs, CHECK_ALIGNED);
    cleave_ops_cpu(&table, 0);
    return TEST_CHECK(run_parts(op, &table.kernel[index], &c->ref, 1, 0));
}

void check_case_free(check_case *c)
{
    tensors_free(&c->inputs);
    tensors_free(&c->ref);
}

static check_fault judge_whole(const check_case *c, const check_tensors *x, int inside,
                               double *error)
{
    const double limit = c->ref.test.limit;
    int64_t compared = 0;

    *error = distance(x, &c->ref, &compared);
    if (!inside || !rest_intact(x, &c->inputs))
        return CHECK_OUTSIDE;
    if (limit > 0 ? !(*error <= limit) : !same_outputs(x, &c->ref))
        return CHECK_INEXACT;
    return compared == 0 ? CHECK_NOTHING : CHECK_GOOD;
}

check_verdict check_kernel_at(const check_case *c, const cleave_kernel *kernel,
                              check_placement place)
{
    static const int parts[] = {2, 3, 8};
    check_tensors whole = tensors_like(&c->inputs, place), cut = tensors_like(&c->inputs, place);
    check_verdict v = {.parts = 1};

    const int inside = run_parts(c->op, kernel, &whole, 1, 0);
    v.fault = judge_whole(c, &whole, inside, &v.error);
    v.runs += v.fault == CHECK_GOOD;
    for (int i = 0; i < 3 && v.fault == CHECK_GOOD; i++) {
        if (c->op->items(c->ref.test.args.bytes) < 2)
            break;
        tensors_renew(&cut, &c->inputs);
        v.parts = parts[i];
        if (!run_parts(c->op, kernel, &cut, parts[i], 0x5eed + (uint64_t)i) ||
            !rest_intact(&cut, &c->inputs))
            v.fault = CHECK_OUTSIDE;
        else if (!same_outputs(&cut, &whole))
            v.fault = CHECK_PARTITION;
        v.runs += v.fault == CHECK_GOOD;
    }
    tensors_free(&cut);
    tensors_free(&whole);
    return v;
}

check_verdict check_kernel_whole(const check_case *c, const cleave_kernel *kernel,
                                 check_placement place)
{
    check_tensors whole = tensors_like(&c->inputs, place);
    check_verdict v = {.parts = 1};

    const int inside = run_parts(c->op, kernel, &whole, 1, 0);
    v.fault = judge_whole(c, &whole, inside, &v.error);
    v.runs = v.fault == CHECK_GOOD;
    tensors_free(&whole);
    return v;
}

int check_kernel(const check_case *c, const cleave_kernel *kernel, const char *name)
{
    static const char *const faults[] = {
        [CHECK_OUTSIDE] = "wrote outside its outputs",
        [CHECK_INEXACT] = "is not within the limit",
        [CHECK_NOTHING] = "wrote nothing that could be compared",
        [CHECK_PARTITION] = "gave another result than in one part",
    };
    const int placements = c->index == CLEAVE_OP_FFT ? 1 : 2;
    int good = 0;

    for (int place = 0; place < placements; place++) {
        const check_verdict v = check_kernel_at(c, kernel, (check_placement)place);
        for (int i = 0; i < v.runs; i++)
            good += TEST_CHECK(1);
        if (v.fault != CHECK_GOOD)
            TEST_FAIL("%s %s, %s, in %d parts%s: %s (error %.3g, limit %.3g)", c->op->name, name,
                      c->ref.test.label, v.parts, place == CHECK_AT_BORDER ? " at a border" : "",
                      faults[v.fault], v.error, c->ref.test.limit);
    }
    return good;
}
