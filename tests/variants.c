/* variants.c: one call of a kernel. */
#include "tests/variants.h"

#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

#define GUARD_BYTES 256

cleave_ops variants_best(void)
{
    const variants v = variants_list();

    return v.ops[v.count - 1];
}

void *variant_alloc(size_t bytes)
{
    return aligned_alloc(CLEAVE_ALIGN_BYTES, cleave_align_up(bytes ? bytes : 1));
}

/* All bits set: NaN as float and as double. */
static unsigned char *guarded_alloc(size_t bytes)
{
    unsigned char *memory = variant_alloc(bytes + GUARD_BYTES);

    memset(memory, 0xff, bytes + GUARD_BYTES);
    return memory;
}

static void guarded_free(unsigned char *memory, size_t bytes)
{
    int whole = 1;

    for (size_t i = 0; i < GUARD_BYTES; i++)
        whole &= memory[bytes + i] == 0xff;
    TEST_CHECK(whole);
    free(memory);
}

void variant_run(const cleave_ops *ops, int op, const void *args, int64_t begin, int64_t end)
{
    const cleave_kernel *kernel = &ops->kernel[op];
    size_t prepared_bytes = kernel->prepared_bytes ? kernel->prepared_bytes(args) : 0;
    size_t scratch_bytes = kernel->scratch_bytes ? kernel->scratch_bytes(args) : 0;
    unsigned char *prepared = guarded_alloc(prepared_bytes);
    unsigned char *scratch = guarded_alloc(scratch_bytes);
    cleave_work work = {begin, end, scratch, prepared, NULL};

    if (kernel->prepare)
        kernel->prepare(args, prepared);
    kernel->run(args, &work);
    guarded_free(prepared, prepared_bytes);
    guarded_free(scratch, scratch_bytes);
}
