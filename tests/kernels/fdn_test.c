/* fdn_test.c: how long the reverberation lasts, that it ends in silence and without DC, and that
 * blocks do not show. */
#include "kernels/fdn/fdn.h"
#include "tests/stream_op.h"
#include "tests/test.h"
#include "tests/variants.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct scene {
    cleave_fdn_args args;
    cleave_fdn_settings settings;
    double parameters[CLEAVE_FDN_PARAMETERS];
    stream_op what;
} scene;

/* Whose parameters are those of the cases that change them. */
static scene shared;

static void scene_init(scene *s, int32_t channels, int32_t frames_max, double room_size)
{
    memset(s, 0, sizeof *s);
    s->settings = (cleave_fdn_settings){
        .rate_hz = 44100, .room_size = room_size, .wet = 1, .width = 1, .decay_s = 1};
    s->args = (cleave_fdn_args){.streams = 1,
                                .channels = channels,
                                .frames_max = frames_max,
                                .in_stride = frames_max,
                                .out_stride = frames_max,
                                .parameters = s->parameters};
}

/* After changes of settings and sizes. */
static void scene_derive(scene *s)
{
    cleave_fdn_place(&s->args, &s->settings);
    cleave_fdn_derive(&s->args, &s->settings, s->parameters);
    s->what = (stream_op){.op = CLEAVE_OP_FDN,
                          .args = &s->args,
                          .in_field = offsetof(cleave_fdn_args, in),
                          .out_field = offsetof(cleave_fdn_args, out),
                          .block_field = offsetof(cleave_fdn_args, block),
                          .state_field = offsetof(cleave_fdn_args, state),
                          .in_rows = (int64_t)s->args.streams * s->args.channels,
                          .out_rows = (int64_t)s->args.streams * s->args.channels,
                          .in_stride = s->args.in_stride,
                          .out_stride = s->args.out_stride,
                          .frames_max = s->args.frames_max,
                          .state_floats = cleave_fdn_state_floats(&s->args)};
}

/* The answer of channel 0 to an impulse in channel 0, `frames` long. */
static void impulse_response(const scene *s, const cleave_ops *ops, float *out, int64_t frames)
{
    const size_t bytes = (size_t)(s->what.in_rows * frames) * sizeof(float);
    float *in = variant_alloc(bytes), *all = variant_alloc(bytes);
    stream_run run;

    memset(in, 0, bytes);
    in[0] = 1;
    stream_op_open(&run, &s->what, ops);
    stream_op_push(&run, in, all, frames, frames, s->args.frames_max);
    stream_op_close(&run);
    memcpy(out, all, (size_t)frames * sizeof(float));
    free(in);
    free(all);
}

/* Seconds per 60 dB from -5 to -35 dB of the energy that is still to come: Schroeder, "New method
 * of measuring reverberation time", JASA 37, 1965; by the two ends, as a straight line. */
static double decay_of(const float *h, int64_t frames, double rate)
{
    double all = 0, left;
    int64_t begin = -1, end = -1;

    for (int64_t i = 0; i < frames; i++)
        all += (double)h[i] * (double)h[i];
    left = all;
    for (int64_t i = 0; i < frames && end < 0; i++) {
        left -= (double)h[i] * (double)h[i];
        if (begin < 0 && left < all * pow(10, -0.5))
            begin = i;
        if (left < all * pow(10, -3.5))
            end = i;
    }
    return 2 * (double)(end - begin) / rate;
}

/* Two poles at `hz`, Q 1.4: an octave. */
static void band_pass(float *x, int64_t frames, double hz, double rate)
{
    const double w = 2 * 3.14159265358979323846 * hz / rate, alpha = sin(w) / 2.8;
    const double a0 = 1 + alpha, a1 = -2 * cos(w), a2 = 1 - alpha;
    double z1 = 0, z2 = 0;

    for (int64_t i = 0; i < frames; i++) {
        const double in = (double)x[i], y = alpha / a0 * in + z1;
        z1 = z2 - a1 / a0 * y;
        z2 = -alpha / a0 * in - a2 / a0 * y;
        x[i] = (float)y;
    }
}

static void decay_as_stated(void)
{
    static const struct {
        double rate_hz, room_size, decay_s;
        int32_t channels;
    } rooms[] = {
        {44100, 0.5, 1, 2}, {44100, 0, 0.3, 1}, {48000, 1, 4, 2},   {44100, 0.3, 0.6, 3},
        {8000, 0.7, 2, 2},  {96000, 0.5, 1, 2}, {44100, 0.2, 8, 8}, {44100, 1, 20, 2},
    };

    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
        const int64_t frames = (int64_t)(1.2 * rooms[i].decay_s * rooms[i].rate_hz);
        float *h = variant_alloc((size_t)frames * sizeof *h);
        const cleave_ops ops = variants_best();
        scene s;
        scene_init(&s, rooms[i].channels, 4096, rooms[i].room_size);
        s.settings.rate_hz = rooms[i].rate_hz;
        s.settings.decay_s = rooms[i].decay_s;
        scene_derive(&s);
        impulse_response(&s, &ops, h, frames);
        const double whole = decay_of(h, frames, rooms[i].rate_hz);
        band_pass(h, frames, 1000, rooms[i].rate_hz);
        const double middle = decay_of(h, frames, rooms[i].rate_hz);
        if (!TEST_CHECK(fabs(middle / rooms[i].decay_s - 1) < 0.05 &&
                        fabs(whole / rooms[i].decay_s - 1) < 0.05))
            TEST_FAIL("%.0f Hz, room %.1f: %.3f s, around 1 kHz %.3f s, stated %.1f s",
                      rooms[i].rate_hz, rooms[i].room_size, whole, middle, rooms[i].decay_s);
        free(h);
    }
}

/* At 6 kHz the time is that of the damping, but for the lower part of the octave that is measured,
 * which lasts longer; at 200 Hz it is the whole. */
static void damping_as_stated(void)
{
    const int64_t frames = 3 * 44100;
    float *h = variant_alloc((size_t)frames * sizeof *h);
    const cleave_ops ops = variants_best();
    double low, high;
    scene s;

    scene_init(&s, 2, 4096, 0.4);
    s.settings.decay_s = 2;
    s.settings.damping = 0.5;
    scene_derive(&s);
    impulse_response(&s, &ops, h, frames);
    band_pass(h, frames, 6000, 44100);
    band_pass(h, frames, 6000, 44100);
    high = decay_of(h, frames, 44100);
    impulse_response(&s, &ops, h, frames);
    band_pass(h, frames, 200, 44100);
    low = decay_of(h, frames, 44100);
    if (!TEST_CHECK(fabs(high / 1.1 - 1) < 0.15 && fabs(low / 2 - 1) < 0.05))
        TEST_FAIL("%.3f s at 6 kHz, %.3f s at 200 Hz", high, low);
    free(h);
}

/* The sum of the whole answer is what a constant makes of it. */
static void no_dc(void)
{
    const int64_t frames = 4 * 44100;
    float *h = variant_alloc((size_t)frames * sizeof *h);
    const cleave_ops ops = variants_best();
    double sum = 0, energy = 0, worst = 0;
    scene s;

    scene_init(&s, 2, 4096, 0.5);
    s.settings.decay_s = 1;
    scene_derive(&s);
    impulse_response(&s, &ops, h, frames);
    for (int64_t i = 0; i < frames; i++) {
        sum += (double)h[i];
        energy += (double)h[i] * (double)h[i];
    }
    TEST_CHECK(fabs(sum) < 1e-4 * sqrt(energy));

    /* And after a constant has gone on for a while, none of it is left. */
    float *in = variant_alloc(2 * (size_t)frames * sizeof *in),
          *out = variant_alloc(2 * (size_t)frames * sizeof *in);
    stream_run run;
    for (int64_t i = 0; i < 2 * frames; i++)
        in[i] = 0.5f;
    stream_op_open(&run, &s.what, &ops);
    stream_op_push(&run, in, out, frames, frames, 4096);
    stream_op_close(&run);
    for (int64_t i = frames - 4410; i < frames; i++)
        worst = fmax(worst, fabs((double)out[i]));
    if (!TEST_CHECK(worst < 1e-4))
        TEST_FAIL("%g is left of a constant 0.5", worst);
    free(h);
    free(in);
    free(out);
}

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

enum { TENTH = 4410 };

/* A reverb that plays, and what it takes for a tenth of a second at best. */
typedef struct player {
    stream_run run;
    float *in, *out;
    double best;
} player;

static void player_open(player *p, const stream_op *what, const cleave_ops *ops)
{
    p->in = variant_alloc(2 * TENTH * sizeof *p->in);
    p->out = variant_alloc(2 * TENTH * sizeof *p->out);
    for (int64_t i = 0; i < 2 * TENTH; i++)
        p->in[i] = test_uniform(1, (uint64_t)i);
    p->best = 1e9;
    stream_op_open(&p->run, what, ops);
}

static void player_close(player *p)
{
    stream_op_close(&p->run);
    free(p->in);
    free(p->out);
}

static void play(player *p)
{
    const double begin = seconds();

    stream_op_push(&p->run, p->in, p->out, TENTH, TENTH, 490);
    p->best = fmin(p->best, seconds() - begin);
}

/* Every half second of the tail is as fast as noise in the same half second, and in the end the
 * state is 0. */
static void silence_is_fast_and_complete(void)
{
    const cleave_ops ops = variants_best();
    player silent, loud;
    double slowest = 0;
    scene s;

    scene_init(&s, 2, 490, 0.2);
    s.settings.decay_s = 0.5;
    s.settings.damping = 0.3;
    scene_derive(&s);
    player_open(&silent, &s.what, &ops);
    player_open(&loud, &s.what, &ops);
    for (int tenth = 0; tenth < 20; tenth++)
        play(&silent);
    memset(silent.in, 0, 2 * TENTH * sizeof *silent.in);
    for (int half = 0; half < 20; half++) {
        silent.best = loud.best = 1e9;
        for (int tenth = 0; tenth < 5; tenth++) {
            play(&silent);
            play(&loud);
        }
        slowest = fmax(slowest, silent.best / loud.best);
    }
    if (!TEST_CHECK(slowest < 1.5))
        TEST_FAIL("silence takes %.2f times as long as noise", slowest);
    int left = 0;
    for (int64_t i = 512; i < s.what.state_floats; i++) /* parameters come first */
        left += silent.run.state[i] != 0;
    TEST_CHECK(left == 0);
    for (int64_t i = 0; i < 2 * TENTH; i++)
        left += silent.out[i] != 0;
    TEST_CHECK(left == 0);
    player_close(&silent);
    player_close(&loud);
}

/* Five minutes of noise at the longest decay: the level stays where it was after the first. */
static void stable_for_minutes(void)
{
    enum { FRAMES = 4096 };
    static float in[2 * FRAMES], out[2 * FRAMES];
    const cleave_ops ops = variants_best();
    double level[2] = {0, 0};
    stream_run run;
    scene s;

    scene_init(&s, 2, FRAMES, 1);
    s.settings.decay_s = 20;
    scene_derive(&s);
    stream_op_open(&run, &s.what, &ops);
    for (int64_t block = 0; block < 3230; block++) {
        for (int64_t i = 0; i < 2 * FRAMES; i++)
            in[i] = test_uniform(3 + (uint64_t)block, (uint64_t)i);
        stream_op_push(&run, in, out, FRAMES, FRAMES, FRAMES);
        for (int64_t i = 0; i < 2 * FRAMES; i++)
            level[block >= 1615] += block % 1615 >= 646 ? (double)out[i] * (double)out[i] : 0;
    }
    stream_op_close(&run);
    /* Noise of energy 1/3, and a reverberation as loud, within 2 dB. */
    const double one = 969.0 * 2 * FRAMES / 3;
    if (!TEST_CHECK(fabs(level[1] / level[0] - 1) < 0.1 && fabs(log10(level[1] / one)) < 0.2))
        TEST_FAIL("energy %g, then %g", level[0] / one, level[1] / one);
}

static void changed(const stream_op *what, int after)
{
    cleave_fdn_settings settings = shared.settings;

    (void)what;
    settings.wet = after ? 0.2 : 0.5;
    settings.dry = after ? 0.9 : 0.1;
    settings.width = after ? 0 : 1;
    settings.damping = after ? 0.8 : 0.1;
    cleave_fdn_derive(&shared.args, &settings, shared.parameters);
}

static void blocks_do_not_show(void)
{
    static const int32_t channels[] = {1, 2, 3, 8};
    enum { FRAMES = 9000 };
    static float in[16 * FRAMES];
    int good = 0;

    for (int64_t i = 0; i < 16 * FRAMES; i++)
        in[i] = test_uniform(5, (uint64_t)i);
    for (size_t i = 0; i < sizeof channels / sizeof channels[0]; i++) {
        scene_init(&shared, channels[i], FRAMES, 0.1);
        shared.args.streams = 2;
        shared.settings.predelay_s = i == 1 ? 0 : 0.01;
        scene_derive(&shared);
        good += stream_op_check_cuts(&shared.what, in, FRAMES, changed);
    }
    test_passed_count(good);
}

/* Without wet sound the output is the input; without width all channels are alike. */
static void mixes(void)
{
    enum { FRAMES = 5000 };
    static float in[2 * FRAMES], out[2 * FRAMES];
    const variants all = variants_list();
    stream_run run;
    scene s;

    for (int64_t i = 0; i < 2 * FRAMES; i++)
        in[i] = test_uniform(6, (uint64_t)i);
    for (int v = 0; v < all.count; v++) {
        scene_init(&s, 2, FRAMES, 0.3);
        s.settings.wet = 0;
        s.settings.dry = 1;
        scene_derive(&s);
        stream_op_open(&run, &s.what, &all.ops[v]);
        stream_op_push(&run, in, out, FRAMES, FRAMES, 0);
        stream_op_close(&run);
        TEST_CHECK(!memcmp(in, out, sizeof in));

        s.settings.wet = 1;
        s.settings.dry = s.settings.width = 0;
        scene_derive(&s);
        stream_op_open(&run, &s.what, &all.ops[v]);
        stream_op_push(&run, in, out, FRAMES, FRAMES, 0);
        stream_op_close(&run);
        TEST_CHECK(test_snr_db(out, out + FRAMES, FRAMES) > 120);
    }
}

static void contract(void)
{
    scene s;

    scene_init(&s, 2, 64, 0.5);
    scene_derive(&s);
    TEST_CHECK(cleave_fdn_op.check(&s.args) == NULL);
    for (int l = 1; l < CLEAVE_FDN_LINES; l++)
        TEST_CHECK(s.args.line[l] > s.args.line[l - 1]);
    s.args.channels = 9;
    TEST_CHECK(!strcmp(cleave_fdn_op.check(&s.args), "fdn: channels must be 1 to 8"));
    s.args.channels = 2;
    s.args.line[3] = 31;
    TEST_CHECK(strstr(cleave_fdn_op.check(&s.args), "every line") != NULL);
    s.settings.rate_hz = 384000;
    s.settings.room_size = 1;
    s.settings.predelay_s = 0.5;
    scene_derive(&s);
    TEST_CHECK(cleave_fdn_op.check(&s.args) == NULL);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"decay_as_stated", decay_as_stated},
        {"damping_as_stated", damping_as_stated},
        {"no_dc", no_dc},
        {"silence_is_fast_and_complete", silence_is_fast_and_complete},
        {"stable_for_minutes", stable_for_minutes},
        {"blocks_do_not_show", blocks_do_not_show},
        {"mixes", mixes},
        {"contract", contract},
    };

    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
