/* choose.c: which model separates a track, and why. */
#include "host/choose.h"

#include "host/option_apply.h"
#include "host/suggest.h"

#include <stdio.h>
#include <string.h>

#define FALLBACK "center"

static int check_stems(const cli_options *options, const cleave_model_info *info, char *message);
static int check_segment(const cli_options *options, const open_model *model, char *message);
static int check_channels(const model_choice *choice, int32_t channels, char *message);
static void give_reason(model_choice *choice, const char *reason);
static void choose_auto(const model_shelf *shelf, const track_shape *track, model_choice *choice);

int choose_check(const model_shelf *shelf, const cli_options *options,
                 char message[OPTIONS_MESSAGE_BYTES])
{
    const track_shape stereo = {44100, 2, 0};
    model_choice choice;
    if (choose_model(shelf, options, &stereo, &choice, message) != 0 ||
        check_stems(options, &choice.info, message) != 0 ||
        check_segment(options, choice.model, message) != 0) {
        return -1;
    }
    cleave_config config;
    cleave_memory need;
    cleave_error error;
    choose_config(options, &choice, stereo.rate_hz, stereo.channels, 1, &config);
    if (cleave_need(&config, &need, &error) != CLEAVE_OK) {
        return option_refuse(message, "%s", error.message);
    }
    return 0;
}

int choose_model(const model_shelf *shelf, const cli_options *options, const track_shape *track,
                 model_choice *choice, char message[OPTIONS_MESSAGE_BYTES])
{
    memset(choice, 0, sizeof *choice);
    if (strcmp(options->model, "auto") == 0) {
        choose_auto(shelf, track, choice);
    } else {
        choice->model = shelf->model;
        give_reason(choice, "asked for with --model");
    }
    if (choice->model != NULL) {
        choice->info = choice->model->info;
        memcpy(choice->kind, choice->model->networks_info.kind, sizeof choice->kind);
    } else {
        const char *name = strcmp(options->model, "auto") == 0 ? FALLBACK : options->model;
        if (cleave_model_find(name, &choice->info) != CLEAVE_OK) {
            return option_refuse(message, "there is no model \"%.80s\"", name);
        }
        choose_method(name, choice->kind);
    }
    choose_method(choice->kind, choice->method);
    return check_channels(choice, track->channels, message);
}

void choose_config(const cli_options *options, const model_choice *choice, int32_t rate_hz,
                   int32_t channels, int32_t threads, cleave_config *config)
{
    if (choice->model != NULL) {
        model_config(choice->model, config);
    } else {
        cleave_config_default(config);
        config->model = choice->info.name;
        config->rate_hz = choice->info.rate_hz > 0 ? choice->info.rate_hz : rate_hz;
        config->channels = channels;
    }
    config->conserve = options->conserve;
    config->shifts = options->shifts;
    if (options->segment_seconds > 0) {
        config->segment_seconds = options->segment_seconds;
    }
    config->overlap = options->overlap >= 0 ? options->overlap : config->overlap;
    config->mask_extension = options->mask_extension;
    config->device = options->device;
    config->device_index = options->device_index;
    config->batch = options->batch;
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

void choose_method(const char *kind, char method[CLEAVE_NAME_BYTES])
{
    if (strstr(kind, "demucs") != NULL) {
        strcpy(method, "demucs");
    } else {
        snprintf(method, CLEAVE_NAME_BYTES, "%.*s", (int)strcspn(kind, ":"), kind);
    }
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

static int check_segment(const cli_options *options, const open_model *model, char *message)
{
    double longest = model != NULL ? model->networks_info.segment_seconds_max : 0;
    if (longest > 0 && options->segment_seconds > longest) {
        return option_refuse(message,
                             "model %s takes segments of at most %g seconds, as long as those it "
                             "was trained on, not %g",
                             model->label, longest, options->segment_seconds);
    }
    return 0;
}

/* Models with weights have a fixed count of channels: mono is copied to all of them, and what a
 * track has beyond them is left out. */
static int check_channels(const model_choice *choice, int32_t channels, char *message)
{
    const cleave_model_info *info = &choice->info;
    if (choice->model != NULL) {
        return channels == 1 || channels >= info->channels_min
                   ? 0
                   : option_refuse(message, "model %s takes %d channels, and this track has %d",
                                   info->name, info->channels_min, channels);
    }
    if (channels == 1 && info->channels_min > 1) {
        return option_refuse(
            message,
            "model %s needs two channels, since mono has no sides to tell the centre "
            "from; --model " FALLBACK " has a form, weaker, for mono",
            info->name);
    }
    if (channels < info->channels_min || channels > info->channels_max) {
        return option_refuse(message, "model %s takes %d to %d channels, and this track has %d",
                             info->name, info->channels_min, info->channels_max, channels);
    }
    return 0;
}

static void give_reason(model_choice *choice, const char *reason)
{
    snprintf(choice->reason, sizeof choice->reason, "%s", reason);
}

/* Music of one or two channels is what models with weights were trained on. */
static void choose_auto(const model_shelf *shelf, const track_shape *track, model_choice *choice)
{
    const open_model *model = shelf->model;
    if (model == NULL) {
        snprintf(choice->reason, sizeof choice->reason, "%.*s, and " FALLBACK " needs no weights",
                 CHOICE_REASON_BYTES - 40, shelf->why_not);
    } else if (track->channels > 2) {
        snprintf(choice->reason, sizeof choice->reason,
                 "%s would keep %d of the %d channels, and " FALLBACK " keeps all", model->label,
                 model->info.channels_max, track->channels);
    } else if (track->must_flow && model->networks_info.normalizes) {
        choice->model = shelf->flowing;
        snprintf(choice->reason, sizeof choice->reason,
                 "%s needs to know the whole track first, and %s lets it flow from pipe to pipe",
                 model->label, shelf->flowing != NULL ? shelf->flowing->label : FALLBACK);
    } else if (strcmp(model->networks_info.kind, "spleeter") == 0) {
        choice->model = model;
        snprintf(choice->reason, sizeof choice->reason, "%.*s, and Spleeter comes next",
                 CHOICE_REASON_BYTES - 40, shelf->why_not);
    } else {
        choice->model = model;
        give_reason(choice, "installed, and the first in the order of preference that can run");
    }
}
