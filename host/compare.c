/* compare.c: `cleave compare`: which files belong together, and the figures as a table. */
#include "host/commands.h"
#include "host/comparison.h"
#include "host/inputs.h"
#include "host/json.h"
#include "host/output.h"
#include "host/reference.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int collect(comparison *compared, const cli_options *options, logger *log, char *message);
static void print_table(const comparison *compared);

int compare_run(const cli_options *options, logger *log)
{
    comparison compared = {.metrics = options->metrics};
    char message[AUDIO_MESSAGE_BYTES] = "";
    int status = collect(&compared, options, log, message);
    if (status == 0) {
        status = comparison_run(&compared, message);
    }
    size_t bytes = strlen(message);
    message[bytes - (bytes > 0 && message[bytes - 1] == '.')] = '\0';
    if (status != 0) {
        log_error(log, "%s", message);
    } else if (compared.excess_s > 0) {
        log_note(log, "the files differ in length by up to %.3f s: the first %.3f s are compared",
                 compared.excess_s, (double)compared.frames / compared.rate_hz);
    }
    if (status == 0 && compared.replaced_samples > 0) {
        log_warning(log,
                    "%lld samples were no numbers, infinite or beyond any level, and were taken as "
                    "silence",
                    (long long)compared.replaced_samples);
    }
    if (status == 0 && (compared.metrics & METRIC_BSS) != 0 && compared.windows == 0) {
        log_warning(log, "bss: the references depend on each other too much to tell them apart");
    } else if (status == 0 && compared.windows_measured < compared.windows) {
        log_note(log, "bss: %d of %d windows are measured: in the others a file is silent",
                 compared.windows_measured, compared.windows);
    }
    if (options->json) {
        json_print_comparison(stdout, &compared, status == 0 ? NULL : message);
    } else if (status == 0) {
        print_table(&compared);
    }
    comparison_free(&compared);
    return status == 0 ? EXIT_DONE : EXIT_TRACK;
}

static int is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Takes over `name` and `estimate`, which may be NULL for want of memory. */
static int add_stem(comparison *compared, char *name, const char *reference, char *estimate,
                    char *message)
{
    if (compared->stem_count == COMPARISON_STEMS_MAX) {
        free(name);
        free(estimate);
        snprintf(message, AUDIO_MESSAGE_BYTES, "up to %d stems are compared at a time",
                 COMPARISON_STEMS_MAX);
        return -1;
    }
    compared_stem *stem = &compared->stems[compared->stem_count++];
    *stem = (compared_stem){.name = name, .reference = strdup(reference), .estimate = estimate};
    if (stem->name == NULL || stem->reference == NULL || stem->estimate == NULL) {
        snprintf(message, AUDIO_MESSAGE_BYTES, "out of memory");
        return -1;
    }
    return 0;
}

/* The stem of a file of the folder of references, if it has a partner and is not there already. */
static int match(comparison *compared, const char *folder, const char *file, const char *estimates,
                 logger *log, char *message)
{
    char *name = strndup(file, output_stem_bytes(file));
    char path[OUTPUT_PATH_BYTES];
    for (int32_t s = 0; s < compared->stem_count && name != NULL; s++) {
        if (strcmp(compared->stems[s].name, name) == 0) {
            free(name);
            return 0;
        }
    }
    char *estimate = name != NULL ? reference_find(estimates, name) : NULL;
    if (name != NULL && estimate == NULL) {
        log_note(log, "%s/%s: %s has no file of this name; it is left out", folder, file,
                 estimates);
        free(name);
        return 0;
    }
    if (snprintf(path, sizeof path, "%s/%s", folder, file) >= (int)sizeof path) {
        free(name);
        free(estimate);
        snprintf(message, AUDIO_MESSAGE_BYTES, "a path below this folder is too long");
        return -1;
    }
    return add_stem(compared, name, path, estimate, message);
}

static int collect_folders(comparison *compared, const char *references, const char *estimates,
                           logger *log, char *message)
{
    struct dirent **entries = NULL;
    int count = scandir(references, &entries, NULL, alphasort);
    int status = 0;
    if (count < 0) {
        snprintf(message, AUDIO_MESSAGE_BYTES, "%s: cannot read this folder: %s", references,
                 strerror(errno));
        return -1;
    }
    for (int i = 0; i < count; i++) {
        const char *file = entries[i]->d_name;
        if (status == 0 && file[0] != '.' && inputs_is_audio_name(file)) {
            status = match(compared, references, file, estimates, log, message);
        }
        free(entries[i]);
    }
    free(entries);
    if (status == 0 && compared->stem_count == 0) {
        snprintf(message, AUDIO_MESSAGE_BYTES,
                 "%s and %s have no audio file of the same name in them", references, estimates);
        return -1;
    }
    return status;
}

static int collect(comparison *compared, const cli_options *options, logger *log, char *message)
{
    char *const *references = options->operands;
    int32_t count = options->operand_count / 2;
    char *const *estimates = references + count;
    int folders = 0;
    for (int32_t i = 0; i < options->operand_count; i++) {
        folders += is_folder(options->operands[i]);
    }
    if (folders == 2 && count == 1) {
        return collect_folders(compared, references[0], estimates[0], log, message);
    }
    for (int32_t i = 0; i < count; i++) {
        const char *base = output_base_name(references[i]);
        if (is_folder(references[i]) || is_folder(estimates[i])) {
            snprintf(message, AUDIO_MESSAGE_BYTES,
                     "%s is a folder, which is compared with one other folder, and %s is none",
                     is_folder(references[i]) ? references[i] : estimates[i],
                     is_folder(references[i]) ? estimates[i] : references[i]);
            return -1;
        }
        if (add_stem(compared, strndup(base, output_stem_bytes(base)), references[i],
                     strdup(estimates[i]), message) != 0) {
            return -1;
        }
    }
    return 0;
}

/* SDR and SNR are one figure under two names: a table has it once. */
static int is_shown(uint32_t metrics, figure k)
{
    uint32_t needed = comparison_figures[k].metrics;
    return (metrics & needed) == needed && !(k == FIGURE_SNR && (metrics & METRIC_SDR) != 0);
}

static void print_row(const comparison *compared, const char *name, const double *values)
{
    char escaped[LOG_LINE_BYTES];
    printf("%-16s", log_escape(name, escaped, sizeof escaped));
    for (int k = 0; k < FIGURE_COUNT; k++) {
        if (!is_shown(compared->metrics, (figure)k)) {
            continue;
        }
        if (isnan(values[k])) {
            printf(" %8s", "-");
        } else {
            printf(" %8.*f", comparison_figures[k].decimals, values[k]);
        }
    }
    printf("\n");
}

static void print_table(const comparison *compared)
{
    printf("%-16s", "");
    for (int k = 0; k < FIGURE_COUNT; k++) {
        if (is_shown(compared->metrics, (figure)k)) {
            printf(" %8s", comparison_figures[k].head);
        }
    }
    printf("\n");
    for (int32_t s = 0; s < compared->stem_count; s++) {
        print_row(compared, compared->stems[s].name, compared->stems[s].values);
    }
    if (compared->stem_count > 1) {
        print_row(compared, "mean", compared->mean);
    }
}
