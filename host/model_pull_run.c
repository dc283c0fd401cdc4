/* model_pull_run.c: `cleave model pull`: the bar, Ctrl-C, and what is said. */
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "host/commands.h"
#include "host/http.h"
#include "host/interrupt.h"
#include "host/log.h"
#include "host/model.h"
#include "host/model_names.h"
#include "host/model_pull.h"
#include "host/report.h"
#include "host/suggest.h"

#define DRAW_SECONDS  0.1
#define RETRY_MS      500
#define STALL_SECONDS 30

/* One command; the watching thread knows `cancelled` and `log` of it. */
typedef struct pull_view {
    logger log;
    atomic_int cancelled;
    const char *name;
    int32_t index; /* of the file that is drawn */
    double began_s, drawn_s;
    int64_t began_bytes; /* what an earlier pull left of it */
} pull_view;

static void draw(pull_view *view, const model_pull_progress *p)
{
    const double elapsed_s = fmax(report_now() - view->began_s, 1e-3);
    const double speed = (double)(p->bytes - view->began_bytes) / elapsed_s;
    char line[256], bar[REPORT_BAR_CELLS + 1], clock[16];

    if (p->total <= 0) {
        snprintf(line, sizeof line, "[%d/%d] %s %s  %.1f MB  %.1f MB/s", p->index, p->count,
                 view->name, p->file, 1e-6 * (double)p->bytes, 1e-6 * speed);
    } else {
        const double part = (double)p->bytes / (double)p->total;
        snprintf(line, sizeof line, "[%d/%d] %s %s  %s %3.0f %%  %.1f MB/s  %s left", p->index,
                 p->count, view->name, p->file, report_bar(part, bar), 100.0 * part, 1e-6 * speed,
                 report_clock((double)(p->total - p->bytes) / fmax(speed, 1.0), clock));
    }
    log_status(&view->log, line);
}

static int on_progress(void *context, const model_pull_progress *p)
{
    pull_view *view = context;
    const double now_s = report_now();

    if (atomic_load_explicit(&view->cancelled, memory_order_relaxed))
        return 0;
    if (p->index != view->index || p->bytes < view->began_bytes) {
        view->index = p->index;
        view->began_s = now_s;
        view->began_bytes = p->bytes;
    }
    if (now_s - view->drawn_s >= DRAW_SECONDS) {
        draw(view, p);
        view->drawn_s = now_s;
    }
    return 1;
}

/* Relaxed: the flag alone is told, no data with it. */
static void cancel(void *context)
{
    atomic_store_explicit(&((pull_view *)context)->cancelled, 1, memory_order_relaxed);
}

static void abandon(void *context)
{
    log_error(&((pull_view *)context)->log,
              "interrupted; what came is kept, and the next pull goes on there");
}

static int unknown_name(pull_view *view)
{
    const char *names[2 * MODEL_MANIFEST_FILES_MAX], *nearest;
    model_names official;
    char list[512] = "";
    size_t used = 0;

    model_names_official(&official);
    for (int32_t i = 0; i < official.count; i++)
        names[i] = official.name[i];
    nearest = suggest_nearest(view->name, names, official.count);
    for (int32_t i = 0; i < official.count && used < sizeof list; i++)
        if (!strstr(names[i], MODEL_WIDE))
            used +=
                (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", names[i]);
    if (nearest)
        log_error(&view->log, "no official model is called \"%.64s\"; did you mean \"%s\"?",
                  view->name, nearest);
    else
        log_error(&view->log, "no official model is called \"%.64s\"; there are %s", view->name,
                  list);
    return EXIT_USAGE;
}

static int pull_one(pull_view *view, const model_store *store, const model_manifest *manifest,
                    model_pull_options *options)
{
    char message[CLEAVE_SENTENCE_BYTES], pulled[MODEL_LABEL_BYTES];
    model_entry entry;
    model_pull_status status;

    view->index = 0;
    if (!model_names_pulled(view->name, pulled))
        return unknown_name(view);
    if (strcmp(view->name, pulled) != 0) {
        log_note(&view->log, "%s is %s with masks to 16 kHz: that is what is pulled", view->name,
                 pulled);
        view->name = pulled;
    }
    status = model_pull(store, manifest, view->name, options, &entry, message);
    log_status(&view->log, "");
    if (status == MODEL_PULL_FAILED || status == MODEL_PULL_STOPPED) {
        log_error(&view->log, "%s: %s", view->name, message);
        return status == MODEL_PULL_STOPPED ? INTERRUPT_EXIT_CODE : EXIT_TRACK;
    }
    printf("%s%s%s%s\n", entry.name, entry.version[0] ? "@" : "", entry.version,
           status == MODEL_PULL_ALREADY ? ": already there" : "");
    return EXIT_DONE;
}

int model_pull_run(const model_store *store, const char *const *names, int count,
                   const char *mirror, int force)
{
    const char *variable = getenv("CLEAVE_MIRROR");
    pull_view view = {.began_s = 0};
    const interrupt_actions actions = {cancel, abandon, &view};
    model_pull_options options = {.mirror = mirror                    ? mirror
                                            : variable && variable[0] ? variable
                                                                      : NULL,
                                  .force = force,
                                  .retry_ms = RETRY_MS,
                                  .stall_seconds = STALL_SECONDS,
                                  .context = &view,
                                  .progress = on_progress};
    char message[CLEAVE_SENTENCE_BYTES];
    model_manifest manifest;
    int status = EXIT_DONE;

    log_init(&view.log, stderr, LOG_NORMAL);
    interrupt_watch *watch = interrupt_open(&actions);
    if (!model_manifest_read(&manifest, model_manifest_text, message)) {
        log_error(&view.log, "%s", message);
        manifest.count = 0;
        status = EXIT_TRACK;
    }
    for (int i = 0; i < count && manifest.count > 0 && status != INTERRUPT_EXIT_CODE; i++) {
        view.name = names[i];
        const int one = pull_one(&view, store, &manifest, &options);
        status = one != EXIT_DONE ? one : status;
    }
    interrupt_close(&watch);
    log_destroy(&view.log);
    return status;
}
