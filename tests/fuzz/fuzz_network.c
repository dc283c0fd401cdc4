/* fuzz_network.c: networks of any arguments. The input chooses a value for every key of a
 * configuration; the file has the tensors that this asks for, or, by choice, one that is wrong.
 * What is described must be countable, and what is small must run.
 *
 * Sizes are only told: of a file whose engine is not built nothing but the head exists. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/cleave.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/network_file.h"
#include "weights/sentence.h"

#define CONFIG_BYTES 4096
#define RUN_BYTES    (1 << 22) /* of an engine that is run, */
#define RUN_PRODUCTS 1e7       /* and its parameters times the frames of a segment */

/* What is left of the input; it goes on with zeros. */
typedef struct input {
    const uint8_t *data;
    size_t size;
} input;

static unsigned take(input *in)
{
    if (!in->size)
        return 0;
    in->size--;
    return *in->data++;
}

static unsigned take_two(input *in)
{
    const unsigned low = take(in);

    return low | take(in) << 8;
}

/* A key, and values of interest. */
typedef struct key {
    const char *name;
    int required, decimal;
    const char *values[8];
} key;

/* In order. The first values together are small networks of all parts, of both kinds. */
static const key demucs_keys[] = {
    {"audio_channels", 0, 0, {"1", "2", "8", "9", "16"}},
    {"bottom_channels", 1, 0, {"0", "8", "16", "65536", "12"}},
    {"channels", 1, 0, {"4", "8", "1", "4096", "65536"}},
    {"context", 0, 0, {"1", "0", "16", "2"}},
    {"context_enc", 0, 0, {"0", "1", "16", "2"}},
    {"dconv_attn", 0, 0, {"0", "1", "2", "100"}},
    {"dconv_comp", 0, 1, {"1", "2", "4", "8", "1.5", "4096"}},
    {"dconv_depth", 0, 0, {"1", "0", "2", "16"}},
    {"dconv_lstm", 0, 0, {"0", "1", "2", "100"}},
    {"dconv_mode", 1, 0, {"3", "0", "1", "2"}},
    {"depth", 1, 0, {"2", "1", "3", "4", "6", "10"}},
    {"emb_scale", 0, 1, {"1", "0", "1000000"}},
    {"freq_emb", 0, 1, {"0.2", "0", "1000"}},
    {"growth", 0, 1, {"1", "2", "8", "1.25"}},
    {"kernel_size", 0, 0, {"8", "4", "1", "2", "3", "64"}},
    {"nfft", 0, 0, {"64", "16", "256", "1024", "40", "65536", "4096", "24"}},
    {"norm_groups", 0, 0, {"1", "2", "4", "65536"}},
    {"norm_starts", 0, 0, {"100", "0", "1", "2"}},
    {"samplerate", 0, 0, {"8000", "44100", "192000", "10000000", "1"}},
    {"segment", 0, 1, {"1/10", "600", "1000000000", "1/44100", "39/5", "1000000000/1", "0.1"}},
    {"sources", 1, 0, {"a,b", "a", "a,b,c,d,e,f,g,h", "a,b,c,d,e,f,g,h,i", "a,a", "../a", ",", ""}},
    {"stride", 0, 0, {"4", "2", "1", "3", "32", "64"}},
    {"t_cross_first", 0, 0, {"0", "1"}},
    {"t_heads", 0, 0, {"1", "2", "4", "1024"}},
    {"t_hidden_scale", 0, 1, {"1", "2", "64", "0.01"}},
    {"t_layer_scale", 0, 0, {"1", "0"}},
    {"t_layers", 0, 0, {"2", "0", "1", "64"}},
    {"t_max_period", 0, 1, {"10000", "1", "1000000000"}},
    {"t_norm_in", 0, 0, {"1", "0"}},
    {"t_norm_out", 0, 0, {"1", "0"}},
    {"t_weight_pos_embed", 0, 1, {"1", "0", "1000000"}},
    {"time_stride", 0, 0, {"2", "1", "4", "64"}},
    {"use_train_segment", 0, 0, {"1", "0"}},
};

static const key spleeter_keys[] = {
    {"F", 0, 0, {"64", "128", "1024", "1536", "2048", "2112", "65536", "100"}},
    {"T", 0, 0, {"64", "128", "512", "65536", "131072", "0", "65"}},
    {"conv_activation", 0, 0, {"ReLU", "LeakyReLU", "ELU", "GELU"}},
    {"conv_n_filters",
     1,
     0,
     {"1,1,1,1,1,1", "2,1,3,1,2,1", "4096,4096,4096,4096,4096,4096", "1,1,1,1,1", "1,1,1,1,1,1,1",
      "1,1,0,1,1,1", "-1,1,1,1,1,1", ",,,,,"}},
    {"deconv_activation", 0, 0, {"ELU", "ReLU", "LeakyReLU", ""}},
    {"frame_length", 0, 0, {"256", "4096", "320", "65536", "448", "258", "0"}},
    {"frame_step", 0, 0, {"64", "1024", "80", "16384", "112", "0", "65536"}},
    {"mask_extension", 0, 0, {"zeros", "average", "none"}},
    {"model", 0, 0, {"unet.unet", "unet.softmax_unet", "unet"}},
    {"n_channels", 0, 0, {"2", "1", "3"}},
    {"sample_rate", 0, 0, {"8000", "44100", "192000", "10000000", "1"}},
    {"separation_exponent", 0, 1, {"2", "1", "0.1", "4", "0", "5", "1.5"}},
    {"sources",
     1,
     0,
     {"a,b", "a,b,c", "a,b,c,d,e,f,g,h", "a", "a,b,c,d,e,f,g,h,i", "a,a", ",", ""}},
};

/* One line of the configuration, or none. */
static size_t write_line(input *in, const key *k, char *text, size_t room)
{
    const unsigned form = take(in) % 4, a = take(in), b = take(in);
    unsigned count = 0;

    while (count < 8 && k->values[count])
        count++;
    if (form < 2)
        return (size_t)snprintf(text, room, "%s=%s\n", k->name, k->values[form * a % count]);
    if (form == 2 && !k->decimal)
        return (size_t)snprintf(text, room, "%s=%u\n", k->name, a | b << 8);
    if (form == 2)
        return (size_t)snprintf(text, room, "%s=%u.%u\n", k->name, a, b);
    if (k->required)
        return (size_t)snprintf(text, room, "%s=%u\n", k->name, a % 32);
    return 0;
}

/* One lie about the tensors. */
static void lie(void *context, cleave_weights_record *records, uint32_t *count)
{
    input *const in = context;
    const unsigned form = take(in) % 4, at = take_two(in), by = take(in);
    cleave_weights_record *const r = &records[*count ? at % *count : 0];

    if (!*count)
        return;
    if (form == 0)
        memmove(r, r + 1, (size_t)(records + --*count - r) * sizeof *r);
    else if (form == 1 && r->rank)
        r->shape[at % r->rank] += by - 128;
    else if (form == 2)
        r->rank = (uint8_t)(by % 9);
    else
        r->name_bytes = (uint16_t)(r->name_bytes - by % r->name_bytes);
}

/* All stems of a short track. An engine that was counted may yet find that its graph cannot be
 * fitted to shorter segments. */
static void run(const cleave_config *config, const cleave_network_info *info, int64_t frames)
{
    float *const track = calloc((size_t)(frames * info->channels), sizeof *track);
    float *const stem = malloc((size_t)(frames * info->channels) * sizeof *stem);
    float *stems[CLEAVE_STEMS_MAX];
    cleave_engine *engine = NULL;
    cleave_error error = {.status = CLEAVE_OK};
    int64_t accepted = 0, got = 0, pushed = 0, pulled = 0;
    cleave_status status = CLEAVE_AGAIN;

    fuzz_expect(track && stem, "there is memory for a track");
    if (cleave_open(config, &engine, &error) != CLEAVE_OK) {
        fuzz_expect(error.status == CLEAVE_UNSUPPORTED && strstr(error.message, "a segment of"),
                    "what can be counted opens");
        status = CLEAVE_END;
        pulled = frames;
    }
    for (int64_t i = 0; i < frames * info->channels; i++)
        track[i] = (float)(i % 17 - 8) / 8;
    for (int s = 0; s < CLEAVE_STEMS_MAX; s++)
        stems[s] = stem;
    while (status == CLEAVE_OK || status == CLEAVE_AGAIN) {
        if (pushed < frames && cleave_push(engine, track + pushed * info->channels, frames - pushed,
                                           &accepted) == CLEAVE_OK)
            pushed += accepted;
        if (pushed == frames)
            cleave_flush(engine);
        status = cleave_pull(engine, stems, frames, &got);
        pulled += status == CLEAVE_OK ? got : 0;
    }
    fuzz_expect(status == CLEAVE_END && pulled == frames, "what is pushed is pulled");
    cleave_close(&engine);
    free(track);
    free(stem);
}

/* Counts the engine of such networks, and runs it if it is small. */
static void use(input *in, cleave_network *networks, int32_t count, test_bytes *file,
                const cleave_network_info *info)
{
    cleave_error error = {.status = CLEAVE_OK};
    cleave_memory need;
    cleave_config config;

    cleave_config_default(&config);
    config.model = NULL;
    config.networks = networks;
    config.network_count = count;
    config.rate_hz = info->rate_hz;
    config.channels = info->channels;
    if (take(in) % 2)
        config.two_stems = info->stems[0];
    if (take(in) % 2)
        config.segment_seconds = info->segment_seconds_max;
    if (!strcmp(info->kind, "spleeter")) {
        config.spectrum_bins = take(in) % 4 == 1 ? 32 * (int32_t)take(in) : 0;
        config.mask_extension = (cleave_mask_extension)(take(in) % 3);
        config.overlap = take(in) % 4 == 1 ? 0.5 : CLEAVE_OVERLAP_MODEL;
    }
    if (cleave_need(&config, &need, &error) != CLEAVE_OK) {
        fuzz_expect(error.message[0] != 0, "a refusal has a sentence");
        return;
    }
    const double frames = info->segment_seconds * info->rate_hz;
    /* Running takes a hundred times longer than counting. */
    if (take(in) % 8 != 1 || need.host_bytes > RUN_BYTES ||
        (double)info->parameters * frames > RUN_PRODUCTS)
        return;
    network_file_data(file, networks[0].weights_bytes);
    for (int32_t i = 0; i < count; i++)
        networks[i].weights = file->data;
    run(&config, info, 1 + take_two(in) % 1500);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = {data, size};
    const unsigned form = take(&in);
    const int spleeter = form >> 4 & 1;
    const char *const kind = spleeter ? "spleeter" : form & 1 ? "hdemucs" : "htdemucs";
    const key *const keys = spleeter ? spleeter_keys : demucs_keys;
    const size_t key_count =
        spleeter ? sizeof spleeter_keys / sizeof keys[0] : sizeof demucs_keys / sizeof keys[0];
    const int lies = form & 2 && form & 4;
    const network_file_edit edit = {lie, &in};
    char config[CONFIG_BYTES];
    cleave_network networks[2] = {0};
    cleave_network_info info;
    cleave_error error = {.status = CLEAVE_OK};
    test_bytes file = {0};
    uint64_t bytes = 0;
    size_t used = 0;

    for (size_t k = 0; k < key_count; k++)
        used += write_line(&in, &keys[k], config + used, sizeof config - used);
    if (network_file_head(kind, config, lies ? &edit : NULL, &file, &bytes)) {
        const int32_t count = 1 + (form >> 3 & 1);
        for (int32_t i = 0; i < count; i++)
            networks[i] = (cleave_network){.weights = file.data, .weights_bytes = bytes};
        networks[1].gain[0] = 2;
        const cleave_status status = cleave_networks_describe(networks, count, &info, &error);
        if (status == CLEAVE_OK)
            use(&in, networks, count, &file, &info);
        else
            fuzz_expect(error.message[0] && (lies || status == CLEAVE_UNSUPPORTED), error.message);
    }
    test_bytes_free(&file);
    return 0;
}
