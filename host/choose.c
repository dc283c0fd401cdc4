/* choose.c: which model separates a track, and why. */
#include "host/choose.h"

#include "host/option_apply.h"
#include "host/suggest.h"

#include <stdio.h>
#include <string.h>

#define MODELS_MAX 64
#define FALLBACK   "center"

static int check_name(const cli_options *options, char *message);
static int check_stems(const cli_options *options, const cleave_model_info *info, char *message);
static int is_usable(const cli_options *options, const cleave_model_info *info, int32_t rate_hz,
                     int32_t channels);

int choose_check(const cli_options *options, char message[OPTIONS_MESSAGE_BYTES])
{
    model_choice choice;
    if (check_name(options, message) != 0 ||
        choose_model(options, 44100, 2, &choice, message) != 0 ||
        check_stems(options, &choice.info, message) != 0) {
        return -1;
    }
    cleave_config config;
    cleave_memory need;
    cleave_error error;
    int32_t rate_hz = choice.info.rate_hz > 0 ? choice.info.rate_hz : 44100;
    choose_config(options, &choice.info, rate_hz, 2, 1, &config);
    if (cleave_need(&config, &need, &error) != CLEAVE_OK) {
        return option_refuse(message, "%s", error.message);
    }
    return 0;
}

int choose_model(const cli_options *options, int32_t rate_hz, int32_t channels,
                 model_choice *choice, char message[OPTIONS_MESSAGE_BYTES])
{
    cleave_model_info info;
    int32_t weighted = 0;
    const char *reason = NULL;
    if (strcmp(options->model, "auto") != 0) {
        reason =
            cleave_model_find(options->model, &info) == CLEAVE_OK ? "asked for with --model" : NULL;
    } else {
        for (int32_t i = 0; reason == NULL && cleave_model_at(i, &info) == CLEAVE_OK; i++) {
            weighted += info.needs_weights != 0;
            if (info.needs_weights && is_usable(options, &info, rate_hz, channels)) {
                reason = "the best model whose weights are installed";
            }
        }
        if (reason == NULL && cleave_model_find(FALLBACK, &info) == CLEAVE_OK) {
            reason = weighted > 0 ? "the only one without weights, and no other can run here"
                                  : "this version has no model with weights, and " FALLBACK
                                    " needs none";
        }
    }
    if (reason == NULL) {
        return option_refuse(message, "there is no model \"%s\"", options->model);
    }
    if (channels == 1 && info.channels_min > 1) {
        return option_refuse(
            message,
            "model %s needs two channels, since mono has no sides to tell the centre "
            "from; --model " FALLBACK " has a form, weaker, for mono",
            info.name);
    }
    if (channels < info.channels_min || channels > info.channels_max) {
        return option_refuse(message, "model %s takes %d to %d channels, and this track has %d",
                             info.name, info.channels_min, info.channels_max, channels);
    }
    choice->info = info;
    snprintf(choice->reason, sizeof choice->reason, "%s", reason);
    if (strstr(info.name, "demucs") != NULL) {
        strcpy(choice->method, "demucs");
    } else {
        snprintf(choice->method, sizeof choice->method, "%.*s", (int)strcspn(info.name, ":"),
                 info.name);
    }
    return 0;
}

void choose_config(const cli_options *options, const cleave_model_info *info, int32_t rate_hz,
                   int32_t channels, int32_t threads, cleave_config *config)
{
    cleave_config_default(config);
    config->model = info->name;
    config->rate_hz = rate_hz;
    config->channels = channels;
    config->conserve = options->conserve;
    config->shifts = options->shifts;
    config->segment_seconds = options->segment_seconds;
    config->overlap = options->overlap >= 0 ? options->overlap : config->overlap;
    config->device = options->device;
    config->device_index = options->device_index;
    config->precision = options->precision;
    config->threads = threads < CLEAVE_THREADS_MAX ? threads : CLEAVE_THREADS_MAX;
    if (options->two_stems != NULL && options->other_method == OTHER_ADD) {
        config->two_stems = options->two_stems;
    } else if (options->two_stems != NULL) {
        config->stem_count = 1;
        config->stems[0] = options->two_stems;
    } else {
        config->stem_count = options->stem_count;
        for (int32_t i = 0; i < options->stem_count; i++) {
            config->stems[i] = options->stems[i];
        }
    }
}

int choose_is_mono_center(const model_choice *choice, int32_t channels)
{
    return channels == 1 && strcmp(choice->info.name, "center") == 0;
}

void choose_weighted_models(char *list, size_t bytes)
{
    cleave_model_info info;
    size_t used = 0;
    list[0] = '\0';
    for (int32_t i = 0; cleave_model_at(i, &info) == CLEAVE_OK; i++) {
        if (info.needs_weights && used + strlen(info.name) + 3 < bytes) {
            used += (size_t)snprintf(list + used, bytes - used, "%s%s", used > 0 ? ", " : "",
                                     info.name);
        }
    }
}

static int check_name(const cli_options *options, char *message)
{
    const char *names[MODELS_MAX + 1] = {"auto"};
    int32_t count = 1;
    char list[256] = "auto";
    cleave_model_info info;
    if (strcmp(options->model, "auto") == 0 ||
        cleave_model_find(options->model, &info) == CLEAVE_OK) {
        return 0;
    }
    for (; count <= MODELS_MAX && cleave_model_at(count - 1, &info) == CLEAVE_OK; count++) {
        size_t used = strlen(list);
        names[count] = info.name;
        snprintf(list + used, sizeof list - used, ", %s", info.name);
    }
    const char *nearest = suggest_nearest(options->model, names, count);
    if (nearest != NULL) {
        return option_refuse(message, "there is no model \"%s\"; did you mean \"%s\"?",
                             options->model, nearest);
    }
    return option_refuse(message, "there is no model \"%s\" in this version, which has %s",
                         options->model, list);
}

/* A stem of the model, "accompaniment" beside "vocals", or "no_" and one of these. */
static int check_stem(const char *stem, const cleave_model_info *info, char *message)
{
    const char *names[CLEAVE_STEMS_MAX + 1];
    int32_t count = 0;
    char list[CLEAVE_STEMS_MAX * (CLEAVE_NAME_BYTES + 2)] = "";
    int has_vocals = 0;
    int has_accompaniment = 0;
    for (int32_t i = 0; i < info->stem_count; i++) {
        has_vocals |= strcmp(info->stems[i], "vocals") == 0;
        has_accompaniment |= strcmp(info->stems[i], "accompaniment") == 0;
        names[count++] = info->stems[i];
    }
    if (has_vocals && !has_accompaniment) {
        names[count++] = "accompaniment";
    }
    const char *plain = strncmp(stem, "no_", 3) == 0 ? stem + 3 : stem;
    for (int32_t i = 0; i < count; i++) {
        size_t used = strlen(list);
        if (strcmp(plain, names[i]) == 0) {
            return 0;
        }
        snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "", names[i]);
    }
    const char *nearest = suggest_nearest(stem, names, count);
    if (nearest != NULL) {
        return option_refuse(message, "model %s has no stem \"%s\"; did you mean \"%s\"?",
                             info->name, stem, nearest);
    }
    return option_refuse(message, "model %s has no stem \"%s\", but %s", info->name, stem, list);
}

static int check_stems(const cli_options *options, const cleave_model_info *info, char *message)
{
    if (options->two_stems != NULL) {
        return check_stem(options->two_stems, info, message);
    }
    for (int32_t i = 0; i < options->stem_count; i++) {
        if (check_stem(options->stems[i], info, message) != 0) {
            return -1;
        }
    }
    return 0;
}

/* Whether the engine would open it: weights, device, stems and channels in one question. */
static int is_usable(const cli_options *options, const cleave_model_info *info, int32_t rate_hz,
                     int32_t channels)
{
    cleave_config config;
    cleave_memory need;
    choose_config(options, info, info->rate_hz > 0 ? info->rate_hz : rate_hz, channels, 1, &config);
    return cleave_need(&config, &need, NULL) == CLEAVE_OK;
}
