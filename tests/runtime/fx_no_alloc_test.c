/* fx_no_alloc_test.c: between open and close a chain of effects calls no allocator. */
#include "runtime/cleave_fx.h"

#include <string.h>

#include "tests/runtime/alloc_trap.h"
#include "tests/test.h"

#define FRAMES 4096

/* All kinds of effects that need nothing but numbers, as many in a chain as fit. */
static void every_effect(void)
{
    static float x[2 * FRAMES];
    cleave_fx_kind kind;
    int tried = 0;

    if (!alloc_trap_set()) {
        test_skip("a sanitizer owns malloc");
        return;
    }
    for (int32_t index = 0; cleave_fx_at(index, &kind) == CLEAVE_OK; index++) {
        cleave_fx_chain chain = {.count = 0};
        cleave_fx_config config;
        cleave_error error = {.message = ""};
        cleave_fx *fx = NULL;
        int64_t moved;
        if (kind.text)
            continue;
        cleave_fx_config_default(&config);
        cleave_fx_chain_add(&chain, kind.name, &error);
        if (kind.has_bands)
            cleave_fx_chain_set(&chain, 0, "band", "1000/3/1", &error);
        if (!strcmp(kind.name, "normalize"))
            cleave_fx_chain_set(&chain, 0, "window", "0.1", &error);
        config.chain = &chain;
        config.threads = 2;
        config.ring_frames = index % 2 ? FRAMES : 0;
        if (!TEST_CHECK(cleave_fx_open(&config, &fx, &error) == CLEAVE_OK)) {
            TEST_FAIL("%s: %s", kind.name, error.message);
            continue;
        }
        for (int i = 0; i < 2 * FRAMES; i++)
            x[i] = test_uniform(3, (uint64_t)i);
        const uint64_t before = alloc_trap_count();
        for (int64_t n = 0, k = 0; n < FRAMES; n += 1 + 100 * k, k++) {
            const int64_t frames = 1 + 100 * k < FRAMES - n ? 1 + 100 * k : FRAMES - n;
            if (config.ring_frames) {
                cleave_fx_push(fx, x + 2 * n, frames, &moved);
                cleave_fx_pull(fx, x + 2 * n, frames, &moved);
            } else {
                cleave_fx_process(fx, x + 2 * n, x + 2 * n, frames);
            }
            if (kind.parameter_count && !kind.parameters[0].fixed)
                cleave_fx_set(fx, 0, 0, kind.parameters[0].name, kind.parameters[0].low, &error);
        }
        cleave_fx_reset(fx);
        if (!TEST_CHECK(alloc_trap_count() == before))
            TEST_FAIL("%s: %s was called", kind.name, alloc_trap_last());
        cleave_fx_close(&fx);
        TEST_CHECK(alloc_trap_count() > before);
        tried++;
    }
    TEST_CHECK(tried > 8);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"fx: no effect calls an allocator", every_effect},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
