/* denoise_test.c: how much noise goes and how little else, for each way to know the noise; the
 * stream as it is where nothing is to be reduced; and that blocks do not show. */
#include "kernels/denoise/denoise.h"
#include "tests/stream_op.h"
#include "tests/test.h"
#include "tests/variants.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RATE 44100
#define PI   3.14159265358979323846

typedef struct scene {
    cleave_denoise_args args;
    double parameters[CLEAVE_DENOISE_PARAMETERS];
    stream_op what;
} scene;

/* Whose parameters are those of the case that changes them. */
static scene shared;

static void scene_init(scene *s, cleave_denoise_kind kind, int32_t channels, int32_t frames_max,
                       double reduction_db)
{
    const cleave_denoise_settings settings = {.reduction_db = reduction_db};

    memset(s, 0, sizeof *s);
    cleave_denoise_derive(&settings, s->parameters);
    s->args = (cleave_denoise_args){.streams = 1,
                                    .channels = channels,
                                    .frames_max = frames_max,
                                    .in_stride = frames_max,
                                    .out_stride = frames_max,
                                    .n = cleave_denoise_n(RATE),
                                    .kind = kind,
                                    .learn = RATE / 512,
                                    .parameters = s->parameters};
    s->what = (stream_op){.op = CLEAVE_OP_DENOISE,
                          .args = &s->args,
                          .in_field = offsetof(cleave_denoise_args, in),
                          .out_field = offsetof(cleave_denoise_args, out),
                          .block_field = offsetof(cleave_denoise_args, block),
                          .state_field = offsetof(cleave_denoise_args, state),
                          .in_rows = channels,
                          .out_rows = channels,
                          .in_stride = frames_max,
                          .out_stride = frames_max,
                          .frames_max = frames_max,
                          .state_floats = cleave_denoise_state_floats(&s->args)};
}

static void run_scene(const scene *s, const cleave_ops *ops, const float *in, float *out,
                      int64_t frames)
{
    stream_run run;

    stream_op_open(&run, &s->what, ops);
    stream_op_push(&run, in, out, frames, frames, 0);
    stream_op_close(&run);
}

/* Syllables: a second of nothing, then vowels of 20 harmonics that glide, 0.3 s long and each
 * followed by a pause of 0.2 s. */
static void speak(float *x, int64_t frames)
{
    double phase = 0;

    for (int64_t i = 0; i < frames; i++) {
        const double t = (double)i / RATE - 1, in = fmod(t, 0.5);
        const double hz = 120 + 40 * sin(2 * PI * 0.7 * t);
        const double loud = t >= 0 && in < 0.3 ? pow(sin(PI * in / 0.3), 2) : 0;
        double sum = 0;
        phase += 2 * PI * hz / RATE;
        for (int k = 1; loud > 0 && k <= 20; k++)
            sum += sin(k * phase) / (1 + 0.3 * k);
        x[i] = (float)(0.2 * loud * sum);
    }
}

/* Gaussian enough: the sum of 12. */
static void add_noise(float *x, int64_t frames, double rms)
{
    for (int64_t i = 0; i < frames; i++) {
        double sum = 0;
        for (uint64_t k = 0; k < 12; k++)
            sum += (double)test_uniform(40, 12 * (uint64_t)i + k);
        x[i] += (float)(rms * sum / 2);
    }
}

/* Mean over parts of 20 ms in which there is something, each limited to -10 and 35 dB, as Hansen
 * and Pellom, "An effective quality evaluation protocol for speech enhancement algorithms", 1998;
 * after `from`. `late` is the latency of x. */
static double segmental_db(const float *x, const float *clean, int64_t frames, int64_t from,
                           int64_t late)
{
    const int64_t part = RATE / 50;
    double sum = 0;
    int count = 0;

    for (int64_t at = from; at + part + late <= frames; at += part) {
        double energy = 0, error = 0;
        for (int64_t i = at; i < at + part; i++) {
            const double d = (double)x[i + late] - (double)clean[i];
            energy += (double)clean[i] * (double)clean[i];
            error += d * d;
        }
        if (energy < 1e-6 * (double)part)
            continue;
        sum += fmax(-10, fmin(35, 10 * log10(energy / (error + 1e-20))));
        count++;
    }
    return sum / count;
}

static double level_db(const float *x, int64_t count)
{
    double sum = 0;

    for (int64_t i = 0; i < count; i++)
        sum += (double)x[i] * (double)x[i];
    return 10 * log10(sum / (double)count + 1e-30);
}

static void noise_goes(void)
{
    static const cleave_denoise_kind kinds[] = {CLEAVE_DENOISE_ADAPTIVE, CLEAVE_DENOISE_LEARN,
                                                CLEAVE_DENOISE_PROFILE};
    const int64_t frames = 8 * RATE;
    const cleave_ops ops = variants_best();
    float *clean = variant_alloc((size_t)frames * sizeof *clean);
    float *in = variant_alloc((size_t)frames * sizeof *in);
    float *out = variant_alloc((size_t)frames * sizeof *out);
    float *profile = variant_alloc(2000 * sizeof *profile);

    speak(clean, frames);
    memcpy(in, clean, (size_t)frames * sizeof *in);
    add_noise(in, frames, 0.05);
    for (int i = 0; i < 3; i++) {
        scene s;
        scene_init(&s, kinds[i], 1, 4096, 20);
        for (int32_t k = 0; k <= s.args.n / 2; k++) /* of white noise: rms^2 N / 2 */
            profile[k] = 0.05f * 0.05f * (float)s.args.n / 2;
        s.args.profile = profile;
        run_scene(&s, &ops, in, out, frames);
        const double before = segmental_db(in, clean, frames, 2 * RATE, 0);
        const double after = segmental_db(out, clean, frames, 2 * RATE, s.args.n);
        const double quiet =
            level_db(in + RATE / 2, RATE / 3) - level_db(out + RATE / 2 + s.args.n, RATE / 3);
        if (!TEST_CHECK(after - before >= 6 && quiet > 15))
            TEST_FAIL("kind %d: %.1f dB, then %.1f dB; in pauses %.1f dB less", (int)kinds[i],
                      before, after, quiet);
    }
    free(clean);
    free(in);
    free(out);
    free(profile);
}

/* A stream without noise keeps all but 0.01 of its amplitude, and silence stays silence. */
static void the_rest_stays(void)
{
    const int64_t frames = 6 * RATE;
    const variants all = variants_list();
    float *in = variant_alloc((size_t)frames * sizeof *in);
    float *out = variant_alloc((size_t)frames * sizeof *out);

    speak(in, frames);
    for (int v = 0; v < all.count; v++) {
        scene s;
        scene_init(&s, CLEAVE_DENOISE_ADAPTIVE, 1, 4096, 12);
        run_scene(&s, &all.ops[v], in, out, frames);
        const double db = test_snr_db(out + s.args.n, in, frames - s.args.n);
        if (!TEST_CHECK(db > 40))
            TEST_FAIL("%s: changed by %.1f dB", all.ops[v].name, -db);
        int64_t heard = 0;
        for (int64_t i = 0; i < RATE; i++)
            heard += out[i] != 0;
        TEST_CHECK(heard == 0);
    }
    free(in);
    free(out);
}

static void nothing_to_reduce(void)
{
    enum { FRAMES = 30000 };
    static float in[2 * FRAMES], out[2 * FRAMES];
    const variants all = variants_list();

    for (int64_t i = 0; i < 2 * FRAMES; i++)
        in[i] = test_uniform(8, (uint64_t)i);
    for (int v = 0; v < all.count; v++) {
        scene s;
        scene_init(&s, CLEAVE_DENOISE_ADAPTIVE, 2, 4096, 0);
        run_scene(&s, &all.ops[v], in, out, FRAMES);
        const double db = test_snr_db(out + s.args.n, in, FRAMES - s.args.n);
        if (!TEST_CHECK(db >= 120))
            TEST_FAIL("%s: %.1f dB", all.ops[v].name, db);
    }
}

static void changed(const stream_op *what, int after)
{
    (void)what;
    shared.parameters[CLEAVE_DENOISE_FLOOR] = after ? 0.1 : 0.5;
}

static void blocks_do_not_show(void)
{
    static const cleave_denoise_kind kinds[] = {CLEAVE_DENOISE_ADAPTIVE, CLEAVE_DENOISE_LEARN};
    enum { FRAMES = 40000 };
    static float in[3 * FRAMES];
    int good = 0;

    for (int64_t i = 0; i < 3 * FRAMES; i++)
        in[i] = test_uniform(5, (uint64_t)i) * (i / 9000 % 2 ? 1 : 0.01f);
    for (int i = 0; i < 2; i++) {
        scene_init(&shared, kinds[i], 3, FRAMES, 12);
        good += stream_op_check_cuts(&shared.what, in, FRAMES, changed);
    }
    test_passed_count(good);
}

static void contract(void)
{
    scene s;

    scene_init(&s, CLEAVE_DENOISE_LEARN, 2, 64, 12);
    TEST_CHECK(cleave_denoise_op.check(&s.args) == NULL);
    s.args.n = 1000;
    TEST_CHECK(strstr(cleave_denoise_op.check(&s.args), "n must be a power of two"));
    s.args.n = 1024;
    s.args.learn = 0;
    TEST_CHECK(strstr(cleave_denoise_op.check(&s.args), "learn must be at least 1"));
    TEST_CHECK(cleave_denoise_n(44100) == 2048 && cleave_denoise_n(48000) == 2048);
    TEST_CHECK(cleave_denoise_n(8000) == 512 && cleave_denoise_n(96000) == 4096);
    TEST_CHECK(cleave_denoise_n(384000) == 16384);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"noise_goes", noise_goes},
        {"the_rest_stays", the_rest_stays},
        {"nothing_to_reduce", nothing_to_reduce},
        {"blocks_do_not_show", blocks_do_not_show},
        {"contract", contract},
    };

    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
