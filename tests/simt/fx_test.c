/* fx_test.c: chains of effects on the executor as a GPU: what the CPU gives, in blocks of any size,
 * for several streams. */
#include "runtime/cleave_fx.h"

#include <math.h>
#include <string.h>

#include "tests/simt/runtime.h"
#include "tests/test.h"

#define FRAMES  1500
#define STREAMS 2

static float in[STREAMS * FRAMES * 2], want[STREAMS * FRAMES * 2], got[STREAMS * FRAMES * 2];

/* Runs the programme through a chain on a device, in blocks of `block`. */
static int play(const char *text, cleave_device device, int32_t block, float *out)
{
    cleave_fx_chain chain;
    cleave_fx_config config;
    cleave_fx_info info;
    cleave_error error = {.message = ""};
    cleave_fx *fx = NULL;

    cleave_fx_config_default(&config);
    config.chain = &chain;
    config.streams = STREAMS;
    config.block_frames_max = block;
    config.device = device;
    if (cleave_fx_parse(text, &chain, &error) != CLEAVE_OK ||
        cleave_fx_open(&config, &fx, &error) != CLEAVE_OK)
        return TEST_FAIL("%s: %s", text, error.message);
    cleave_fx_info_get(fx, &info);
    TEST_CHECK(!strncmp(info.device, device == CLEAVE_DEVICE_CUDA ? "simt:0" : "cpu", 3));
    TEST_CHECK(cleave_fx_process(fx, in, out, FRAMES) == CLEAVE_OK);
    cleave_fx_close(&fx);
    return 1;
}

static void chains_are_those_of_the_cpu(void)
{
    static const char *const chains[] = {
        "gain:-6;fade:in=0.01",
        "highpass:40,slope=24;eq:80/-3/1,250/2/1,8000/1/1",
        "limiter:-12",
        "reverb:room_size=0.2",
        "compressor:-30",
        "gate:-10,hold=0.001",
    };

    simt_runtime_machine(1, (size_t)1 << 30);
    for (int i = 0; i < STREAMS * FRAMES * 2; i++)
        in[i] = 0.7f * test_uniform(11, (uint64_t)i);
    for (size_t c = 0; c < sizeof chains / sizeof chains[0]; c++) {
        double square = 0, error = 0;
        if (!play(chains[c], CLEAVE_DEVICE_CPU, 1024, want) ||
            !play(chains[c], CLEAVE_DEVICE_CUDA, 400, got))
            continue;
        for (int i = 0; i < STREAMS * FRAMES * 2; i++) {
            square += (double)want[i] * want[i];
            error += pow((double)want[i] - got[i], 2);
        }
        if (!TEST_CHECK(sqrt(error / square) < 1e-5))
            TEST_FAIL("%s: %.2g from the CPU", chains[c], sqrt(error / square));
    }
    const simt_runtime_objects live = simt_runtime_live();
    TEST_CHECK(live.allocations == 0 && live.streams == 0 && live.graphs == 0);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"fx: chains are those of the CPU", chains_are_those_of_the_cpu},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
