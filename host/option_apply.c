/* option_apply.c: reading the values of options. */
#include "host/option_apply.h"

#include "host/comparison.h"
#include "host/suggest.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WORDS_MAX 16

/* First those of audio_format, in its order; then other names. */
static const option_word formats[] = {{"wav", AUDIO_WAV},    {"flac", AUDIO_FLAC},
                                      {"mp3", AUDIO_MP3},    {"m4a", AUDIO_M4A},
                                      {"opus", AUDIO_OPUS},  {"ogg", AUDIO_OGG},
                                      {"raw", AUDIO_RAW},    {"aac", AUDIO_M4A},
                                      {"vorbis", AUDIO_OGG}, {NULL, 0}};
static const option_word depths[] = {
    {"16", 16}, {"24", 24}, {"32", 32}, {"float", BITS_FLOAT}, {"keep", BITS_KEEP}, {NULL, 0}};
static const option_word clips[] = {{"rescale", CLIP_RESCALE},
                                    {"clamp", CLIP_CLAMP},
                                    {"tanh", CLIP_TANH},
                                    {"none", CLIP_NONE},
                                    {NULL, 0}};
static const option_word others[] = {
    {"add", OTHER_ADD}, {"minus", OTHER_MINUS}, {"none", OTHER_NONE}, {NULL, 0}};
static const option_word precisions[] = {{"fp32", CLEAVE_PRECISION_FP32},
                                         {"tf32", CLEAVE_PRECISION_TF32},
                                         {"bf16", CLEAVE_PRECISION_BF16},
                                         {"fp16", CLEAVE_PRECISION_FP16},
                                         {NULL, 0}};
static const option_word extensions[] = {
    {"zeros", CLEAVE_MASK_ZEROS}, {"average", CLEAVE_MASK_AVERAGE}, {NULL, 0}};
static const option_word raw_formats[] = {{"s16le", 0}, {"s24le", 0}, {"s32le", 0},
                                          {"f32le", 0}, {"u8", 0},    {NULL, 0}};
static const option_word metrics[] = {{"sdr", METRIC_SDR},
                                      {"bss", METRIC_BSS},
                                      {"sisdr", METRIC_SISDR},
                                      {"snr", METRIC_SNR},
                                      {"rms", METRIC_RMS},
                                      {"spectral", METRIC_SPECTRAL},
                                      {NULL, 0}};
static const option_word scales[] = {
    {"log", FREQUENCY_LOG}, {"mel", FREQUENCY_MEL}, {"linear", FREQUENCY_LINEAR}, {NULL, 0}};
static const option_word amplitudes[] = {
    {"linear", AMPLITUDE_LINEAR}, {"db", AMPLITUDE_DB}, {NULL, 0}};
static const option_word applications[] = {{"audio", 0}, {"voip", 0}, {"lowdelay", 0}, {NULL, 0}};

static int apply_separation(const option_reading *reading, option_id id);
static int apply_place(const option_reading *reading, option_id id);
static int apply_format(const option_reading *reading, option_id id);
static int apply_analysis(const option_reading *reading, option_id id);
static int apply_run(const option_reading *reading, option_id id);

int option_apply(cli_options *options, option_id id, const char *spelt, const char *value,
                 char message[OPTIONS_MESSAGE_BYTES])
{
    option_reading reading = {options, spelt, value, message};
    if (id >= OPTION_PRE) {
        return option_apply_effects(&reading, id);
    }
    if (id > OPTION_VERSION) {
        return option_apply_process(&reading, id);
    }
    option_note_process(options, id);
    if (id <= OPTION_NO_SPLIT) {
        return apply_separation(&reading, id);
    }
    if (id <= OPTION_FILENAME) {
        return apply_place(&reading, id);
    }
    if (id <= OPTION_REFERENCE) {
        return apply_format(&reading, id);
    }
    return id <= OPTION_RECORDS ? apply_analysis(&reading, id) : apply_run(&reading, id);
}

const char *options_format_name(audio_format format)
{
    return formats[format].name;
}

int option_read_word(const option_reading *reading, const option_word *words, int32_t *value)
{
    const char *names[WORDS_MAX];
    int32_t count = 0;
    char list[128] = "";
    for (; words[count].name != NULL; count++) {
        if (strcmp(words[count].name, reading->value) == 0) {
            *value = words[count].value;
            return 0;
        }
        names[count] = words[count].name;
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", count > 0 ? ", " : "", names[count]);
    }
    const char *nearest = suggest_nearest(reading->value, names, count);
    if (nearest != NULL) {
        return option_refuse(reading->message,
                             "option \"%s\" does not take \"%s\"; did you mean \"%s\"?",
                             reading->spelt, reading->value, nearest);
    }
    return option_refuse(reading->message, "option \"%s\" does not take \"%s\", but one of %s",
                         reading->spelt, reading->value, list);
}

int option_read_integer(const option_reading *reading, int32_t low, int32_t high, int32_t *value)
{
    char *end;
    errno = 0;
    long long number = strtoll(reading->value, &end, 10);
    if (end == reading->value || *end != '\0' || errno != 0 || number < low || number > high) {
        return option_refuse(reading->message,
                             "option \"%s\" takes a whole number from %d to %d, not \"%s\"",
                             reading->spelt, low, high, reading->value);
    }
    *value = (int32_t)number;
    return 0;
}

int option_read_number(const option_reading *reading, double low, double high, double *value)
{
    char *end;
    double number = strtod(reading->value, &end);
    if (end == reading->value || *end != '\0' || !isfinite(number) || number < low ||
        number > high) {
        return option_refuse(reading->message,
                             "option \"%s\" takes a number from %g to %g, not \"%s\"",
                             reading->spelt, low, high, reading->value);
    }
    *value = number;
    return 0;
}

int option_read_text(const option_reading *reading, const char **value)
{
    if (reading->value[0] == '\0') {
        return option_refuse(reading->message, "option \"%s\" needs a value that is not empty",
                             reading->spelt);
    }
    *value = reading->value;
    return 0;
}

/* "vocals,drums": each once. */
static int read_stems(const option_reading *reading)
{
    cli_options *options = reading->options;
    const char *at = reading->value;
    options->stem_count = 0;
    for (;;) {
        size_t bytes = strcspn(at, ",");
        if (bytes == 0 || bytes >= CLEAVE_NAME_BYTES) {
            return option_refuse(reading->message,
                                 "option \"--stems\" takes names with commas between, not \"%s\"",
                                 reading->value);
        }
        if (options->stem_count == CLEAVE_STEMS_MAX) {
            return option_refuse(reading->message, "option \"--stems\" takes at most %d stems",
                                 CLEAVE_STEMS_MAX);
        }
        char *stem = options->stems[options->stem_count];
        memcpy(stem, at, bytes);
        stem[bytes] = '\0';
        for (int32_t i = 0; i < options->stem_count; i++) {
            if (strcmp(options->stems[i], stem) == 0) {
                return option_refuse(reading->message, "option \"--stems\" names \"%s\" twice",
                                     stem);
            }
        }
        options->stem_count++;
        if (at[bytes] == '\0') {
            return 0;
        }
        at += bytes + 1;
    }
}

static int apply_separation(const option_reading *reading, option_id id)
{
    cli_options *options = reading->options;
    int32_t value = 0;
    int status = 0;
    switch (id) {
    case OPTION_MODEL:
    case OPTION_PRESET:
        return option_read_text(reading, &options->model);
    case OPTION_STEMS:
        return read_stems(reading);
    case OPTION_TWO_STEMS:
        return option_read_text(reading, &options->two_stems);
    case OPTION_OTHER_METHOD:
        status = option_read_word(reading, others, &value);
        options->other_method = (other_method)value;
        return status;
    case OPTION_CONSERVE:
        options->conserve = 1;
        return 0;
    case OPTION_SHIFTS:
        return option_read_integer(reading, 0, CLEAVE_SHIFTS_MAX, &options->shifts);
    case OPTION_OVERLAP:
        return option_read_number(reading, 0.0, 0.95, &options->overlap);
    case OPTION_SEGMENT:
        return option_read_number(reading, 0.1, 600.0, &options->segment_seconds);
    case OPTION_MASK_EXTENSION:
        status = option_read_word(reading, extensions, &value);
        options->mask_extension = (cleave_mask_extension)value;
        return status;
    default:
        return option_refuse(reading->message,
                             "option \"--no-split\" would take memory in proportion to the "
                             "track; --segment S takes longer segments, up to 600 seconds");
    }
}

static int read_device(const option_reading *reading)
{
    cli_options *options = reading->options;
    static const option_word devices[] = {{"auto", CLEAVE_DEVICE_AUTO},
                                          {"cpu", CLEAVE_DEVICE_CPU},
                                          {"cuda", CLEAVE_DEVICE_CUDA},
                                          {"cuda:0", CLEAVE_DEVICE_CUDA},
                                          {NULL, 0}};
    if (strncasecmp(reading->value, "gpu", 3) == 0) {
        return option_refuse(reading->message,
                             "option \"%s\" does not take \"%s\"; did you mean \"cuda%s\"?",
                             reading->spelt, reading->value, reading->value + 3);
    }
    if (strncmp(reading->value, "cuda:", 5) == 0) {
        option_reading number = *reading;
        number.value += 5;
        options->device = CLEAVE_DEVICE_CUDA;
        return option_read_integer(&number, 0, 63, &options->device_index);
    }
    int32_t device = 0;
    int status = option_read_word(reading, devices, &device);
    options->device = (cleave_device)device;
    options->device_index = 0;
    return status;
}

static int apply_place(const option_reading *reading, option_id id)
{
    cli_options *options = reading->options;
    int32_t value = 0;
    int status = 0;
    switch (id) {
    case OPTION_DEVICE:
        return read_device(reading);
    case OPTION_BATCH:
        return option_read_integer(reading, 1, CLEAVE_BATCH_MAX, &options->batch);
    case OPTION_PRECISION:
        status = option_read_word(reading, precisions, &value);
        options->precision = (cleave_precision)value;
        return status;
    case OPTION_THREADS:
        return option_read_integer(reading, 1, CLEAVE_THREADS_MAX, &options->threads);
    case OPTION_OUT:
        return option_read_text(reading, &options->out);
    default:
        return option_read_text(reading, &options->filename);
    }
}

/* "320" or "320k" */
static int read_bitrate(const option_reading *reading)
{
    char digits[16];
    option_reading number = *reading;
    size_t bytes = strlen(reading->value);
    if (bytes > 1 && bytes < sizeof digits && (reading->value[bytes - 1] | 32) == 'k') {
        memcpy(digits, reading->value, bytes - 1);
        digits[bytes - 1] = '\0';
        number.value = digits;
    }
    return option_read_integer(&number, 6, 512, &reading->options->bitrate_kbps);
}

static int read_rate(const option_reading *reading)
{
    if (strcmp(reading->value, "keep") == 0) {
        reading->options->rate_hz = 0;
        return 0;
    }
    return option_read_integer(reading, CLEAVE_RATE_HZ_MIN,
                               reading->options->command == COMMAND_PROCESS ? CLEAVE_FX_RATE_HZ_MAX
                                                                            : CLEAVE_RATE_HZ_MAX,
                               &reading->options->rate_hz);
}

static int apply_format(const option_reading *reading, option_id id)
{
    cli_options *options = reading->options;
    int32_t value = 0;
    int status = 0;
    switch (id) {
    case OPTION_FORMAT:
        status = option_read_word(reading, formats, &value);
        options->format = (audio_format)value;
        return status;
    case OPTION_FLAC:
        options->format = AUDIO_FLAC;
        return 0;
    case OPTION_BITS:
        return option_read_word(reading, depths, &options->bits);
    case OPTION_INT24:
        options->bits = 24;
        return 0;
    case OPTION_FLOAT32:
        options->bits = BITS_FLOAT;
        return 0;
    case OPTION_MP3:
    case OPTION_MP3_BITRATE:
        options->format = AUDIO_MP3;
        return id == OPTION_MP3 ? 0 : read_bitrate(reading);
    case OPTION_BITRATE:
        return read_bitrate(reading);
    case OPTION_VBR:
        return option_read_integer(reading, 0, 9, &options->vbr_quality);
    case OPTION_COMPRESSION:
        return option_read_integer(reading, 0, 8, &options->compression);
    case OPTION_APPLICATION:
        status = option_read_word(reading, applications, &value);
        options->application = reading->value;
        return status;
    case OPTION_RATE:
        return read_rate(reading);
    case OPTION_CLIP:
        status = option_read_word(reading, clips, &value);
        options->clip = (clip_mode)value;
        return status;
    default:
        return option_read_text(reading, &options->reference);
    }
}

static int apply_analysis(const option_reading *reading, option_id id)
{
    cli_options *options = reading->options;
    int32_t value = 0;
    int status = 0;
    switch (id) {
    case OPTION_SPECTROGRAM:
        return option_read_text(reading, &options->spectrogram);
    case OPTION_WAVEFORM:
        return option_read_text(reading, &options->waveform);
    case OPTION_REPORT:
        return option_read_text(reading, &options->report);
    case OPTION_SCALE:
        status = option_read_word(reading, scales, &value);
        options->scale = (frequency_scale)value;
        return status;
    case OPTION_RANGE:
        return option_read_number(reading, 20.0, 180.0, &options->range_db);
    case OPTION_WAVEFORM_SCALE:
        status = option_read_word(reading, amplitudes, &value);
        options->waveform_scale = (amplitude_scale)value;
        return status;
    case OPTION_SILENCE:
        return option_read_number(reading, 0.0, 1.0, &options->silence_rms);
    default:
        return option_read_number(reading, 0.002, 1.0, &options->records_s);
    }
}

/* "sdr,bss": any of them. */
static int read_metrics(const option_reading *reading)
{
    const char *at = reading->value;
    uint32_t chosen = 0;
    for (;;) {
        char name[16];
        size_t bytes = strcspn(at, ",");
        int32_t value = 0;
        snprintf(name, sizeof name, "%.*s", (int)(bytes < sizeof name ? bytes : sizeof name), at);
        option_reading one = *reading;
        one.value = name;
        if (option_read_word(&one, metrics, &value) != 0) {
            return -1;
        }
        chosen |= (uint32_t)value;
        if (at[bytes] == '\0') {
            reading->options->metrics = chosen;
            return 0;
        }
        at += bytes + 1;
    }
}

static int apply_run(const option_reading *reading, option_id id)
{
    cli_options *options = reading->options;
    int32_t value = 0;
    switch (id) {
    case OPTION_INPUT_FORMAT:
        if (option_read_word(reading, raw_formats, &value) != 0) {
            return -1;
        }
        snprintf(options->raw_input.format, sizeof options->raw_input.format, "%s", reading->value);
        return 0;
    case OPTION_INPUT_RATE:
        return option_read_integer(reading, CLEAVE_RATE_HZ_MIN,
                                   options->command == COMMAND_PROCESS ? CLEAVE_FX_RATE_HZ_MAX
                                                                       : CLEAVE_RATE_HZ_MAX,
                                   &options->raw_input.rate_hz);
    case OPTION_INPUT_CHANNELS:
        return option_read_integer(reading, 1, CLEAVE_CHANNELS_MAX, &options->raw_input.channels);
    case OPTION_METRICS:
        return read_metrics(reading);
    case OPTION_JOBS:
        return option_read_integer(reading, 1, OPTIONS_JOBS_MAX, &options->jobs);
    case OPTION_JSON:
        options->json = 1;
        return 0;
    case OPTION_QUIET:
        options->quiet = 1;
        return 0;
    case OPTION_VERBOSE:
        options->verbose = 1;
        return 0;
    case OPTION_HELP:
        if (options->command != COMMAND_HELP) {
            options->topic = options_name_of(options->command);
            options->command = COMMAND_HELP;
        }
        return 0;
    default:
        options->command = COMMAND_VERSION;
        return 0;
    }
}
