/* fault_test.c: every call of the CUDA runtime fails in turn, once or from then on. Each failure is
 * survived with a sentence, nothing stays behind, and "auto" computes on the CPU where it can. */
#include <stdio.h>
#include <string.h>

#include "tests/runtime/track.h"
#include "tests/simt/runtime.h"

#define FRAMES 2500

/* What a track through an engine came to. */
typedef struct outcome {
    cleave_status opened, pulled; /* END if all was well */
    cleave_error error;           /* of the one that failed */
    cleave_engine_info info;
    uint64_t calls;
} outcome;

static cleave_status separate(cleave_engine *engine, const float *x)
{
    float *stems[CLEAVE_STEMS_MAX] = {NULL};
    int64_t pushed = 0, count = 0;

    for (;;) {
        if (pushed < FRAMES) {
            cleave_push(engine, x + 2 * pushed, FRAMES - pushed, &count);
            pushed += count;
            count = 0;
        } else {
            cleave_flush(engine);
        }
        const cleave_status status = cleave_pull(engine, stems, FRAMES, &count);
        if (status < 0 || status == CLEAVE_END)
            return status;
    }
}

/* Opens, separates, resets, separates again and closes, with one call that fails. */
static outcome run(const cleave_config *config, uint64_t call, int error, int for_good)
{
    float *const x = track_noise(1, FRAMES, 2);
    cleave_engine *engine = NULL;
    outcome o = {.pulled = CLEAVE_END};

    simt_runtime_fail(call, error, for_good);
    o.opened = cleave_open(config, &engine, &o.error);
    if (o.opened == CLEAVE_OK) {
        cleave_engine_info_get(engine, &o.info);
        o.pulled = separate(engine, x);
        if (o.pulled == CLEAVE_END) {
            cleave_reset(engine);
            o.pulled = separate(engine, x);
        }
        cleave_engine_error(engine, &o.error);
    }
    cleave_close(&engine);
    o.calls = simt_runtime_calls();
    free(x);
    return o;
}

static int is_sentence(const char *text)
{
    return strlen(text) > 20 && !strchr(text, '\n');
}

/* Which kind of end the failure of that call led to. */
enum { UNHARMED, REFUSED, STOPPED, ON_CPU, ENDS };

static int judge(const cleave_config *config, uint64_t call, int error, int for_good)
{
    const outcome o = run(config, call, error, for_good);
    const simt_runtime_objects live = simt_runtime_live();
    const int is_auto = config->device == CLEAVE_DEVICE_AUTO;
    int end = UNHARMED;

    TEST_CHECK(live.allocations == 0 && live.streams == 0 && live.events == 0 && live.graphs == 0);
    if (o.opened != CLEAVE_OK) {
        end = REFUSED;
        TEST_CHECK(!is_auto);
        TEST_CHECK(o.opened == CLEAVE_NO_DEVICE || o.opened == CLEAVE_NO_MEMORY);
        TEST_CHECK(o.error.status == o.opened && is_sentence(o.error.message));
    } else if (o.pulled != CLEAVE_END) {
        end = STOPPED;
        TEST_CHECK(o.pulled == CLEAVE_NO_DEVICE && o.error.status == CLEAVE_NO_DEVICE);
        TEST_CHECK(is_sentence(o.error.message) && strstr(o.error.message, "simt:0 executor: "));
    } else if (!strncmp(o.info.device, "cpu ", 4)) {
        end = ON_CPU;
        TEST_CHECK(is_auto && is_sentence(o.info.device_note));
        TEST_CHECK(o.info.memory.device_bytes == 0 && o.info.memory.pinned_bytes == 0);
    } else {
        TEST_CHECK(o.error.status == CLEAVE_OK && o.info.device_note[0] == '\0');
    }
    return end;
}

/* All calls of an engine on that device, in so many of the ways to fail. */
static void every_call(const cleave_config *config, int ways)
{
    static const struct {
        int error, for_good;
    } failures[] = {{SIMT_DEVICE_LOST, 1}, {SIMT_DEVICE_LOST, 0}, {SIMT_OUT_OF_MEMORY, 0}};
    const int is_auto = config->device == CLEAVE_DEVICE_AUTO;
    int ends[ENDS] = {0};

    simt_runtime_machine(1, (size_t)1 << 30);
    const outcome well = run(config, 0, 0, 0);
    TEST_CHECK(well.opened == CLEAVE_OK && well.pulled == CLEAVE_END);
    TEST_CHECK(!strncmp(well.info.device, "simt:0 ", 7));
    for (int f = 0; f < ways; f++)
        for (uint64_t call = 1; call <= well.calls; call++)
            ends[judge(config, call, failures[f].error, failures[f].for_good)]++;
    printf("     %s, %s: of %d failures %d did no harm, %d were refusals, %d ended a track, %d led "
           "to the CPU\n",
           config->model, is_auto ? "auto" : "cuda", ways * (int)well.calls, ends[UNHARMED],
           ends[REFUSED], ends[STOPPED], ends[ON_CPU]);
    TEST_CHECK(ends[STOPPED] > 20 && ends[UNHARMED] < ways * (int)well.calls / 3);
    TEST_CHECK(is_auto ? ends[ON_CPU] > 20 : ends[REFUSED] > 20 && !ends[ON_CPU]);
}

static void identity(void)
{
    cleave_config config = track_config("identity");

    config.device = CLEAVE_DEVICE_AUTO;
    every_call(&config, 3);
    config.device = CLEAVE_DEVICE_CUDA;
    every_call(&config, 3);
}

static void center(void)
{
    cleave_config config = track_config("center");

    config.segment_seconds = 0.2;
    config.device = CLEAVE_DEVICE_CUDA;
    every_call(&config, 1);
}

/* Memory for one slot alone: the batch that was left open shrinks, the one that was asked for is
 * refused, and "auto" computes on the CPU when not even one fits. */
static void little_memory(void)
{
    cleave_config config = track_config("center");
    cleave_memory one, four;

    config.segment_seconds = 0.2;
    config.device = CLEAVE_DEVICE_CUDA;
    simt_runtime_machine(1, (size_t)1 << 30);
    TEST_CHECK(cleave_need(&config, &four, NULL) == CLEAVE_OK);
    config.batch = 1;
    TEST_CHECK(cleave_need(&config, &one, NULL) == CLEAVE_OK);
    TEST_CHECK(four.device_bytes > one.device_bytes && four.pinned_bytes == 4 * one.pinned_bytes);

    simt_runtime_machine(1, one.device_bytes + one.device_bytes / 4);
    config.batch = 0;
    outcome o = run(&config, 0, 0, 0);
    TEST_CHECK(o.opened == CLEAVE_OK && o.pulled == CLEAVE_END && o.info.batch == 1);
    config.batch = 4;
    o = run(&config, 0, 0, 0);
    TEST_CHECK(o.opened == CLEAVE_NO_MEMORY && strstr(o.error.message, "out of memory"));
    simt_runtime_machine(1, one.device_bytes / 2);
    config.batch = 0;
    o = run(&config, 0, 0, 0);
    TEST_CHECK(o.opened == CLEAVE_NO_MEMORY && strstr(o.error.message, "out of memory"));
    config.device = CLEAVE_DEVICE_AUTO;
    o = run(&config, 0, 0, 0);
    TEST_CHECK(o.opened == CLEAVE_OK && o.pulled == CLEAVE_END);
    TEST_CHECK(!strncmp(o.info.device, "cpu ", 4) && strstr(o.info.device_note, "out of memory"));
    simt_runtime_machine(1, (size_t)1 << 30);
}

/* Memory that was free when slots were counted and is gone when they are taken, of either kind; or
 * a GPU that does not say how much is free, in two calls: one slot is taken then. */
static void memory_gone(void)
{
    cleave_config config = track_config("identity");
    int shrunk = 0;

    simt_runtime_machine(1, (size_t)1 << 30);
    config.device = CLEAVE_DEVICE_CUDA;
    for (uint64_t call = 1; call <= 20; call++) {
        const outcome o = run(&config, call, SIMT_OUT_OF_MEMORY, 0);
        shrunk += o.opened == CLEAVE_OK && o.pulled == CLEAVE_END && o.info.batch == 1;
    }
    TEST_CHECK(shrunk == 4);
    simt_runtime_machine(1, (size_t)1 << 30);
}

static void no_device(void)
{
    cleave_config config = track_config("identity");

    config.device = CLEAVE_DEVICE_AUTO;
    simt_runtime_machine(0, 0);
    outcome o = run(&config, 0, 0, 0);
    TEST_CHECK(o.opened == CLEAVE_OK && o.pulled == CLEAVE_END);
    TEST_CHECK(!strncmp(o.info.device, "cpu ", 4) && strstr(o.info.device_note, "no GPU"));
    config.device = CLEAVE_DEVICE_CPU;
    o = run(&config, 0, 0, 0);
    TEST_CHECK(o.opened == CLEAVE_OK && o.info.device_note[0] == '\0' && o.calls == 0);
    config.device = CLEAVE_DEVICE_CUDA;
    o = run(&config, 0, 0, 0);
    TEST_CHECK(o.opened == CLEAVE_NO_DEVICE && strstr(o.error.message, "no GPU"));
    simt_runtime_machine(2, (size_t)1 << 30);
    config.device_index = 2;
    o = run(&config, 0, 0, 0);
    TEST_CHECK(o.opened == CLEAVE_NO_DEVICE && strstr(o.error.message, "0 to 1"));
    simt_runtime_machine(1, (size_t)1 << 30);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"faults: every call of an engine of identity", identity},
        {"faults: every call of an engine of center", center},
        {"faults: little memory", little_memory},
        {"faults: memory that is gone", memory_gone},
        {"faults: no such device", no_device},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
