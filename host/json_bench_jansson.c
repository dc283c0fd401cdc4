/* json_bench_jansson.c: what `cleave bench` measured for programs, through jansson. */
#include "host/json.h"

#include "host/json_values.h"

#include <math.h>

static void set_real(json_t *object, const char *key, double value)
{
    json_object_set_new(object, key, json_real(value));
}

/* Operations and bytes, and what part of the machine's rates they are in so many seconds. */
static void set_rates(json_t *object, const measure_rates *rates, double flops, double bytes,
                      double seconds)
{
    double span = fmax(seconds, 1e-9);
    set_real(object, "flops", flops);
    set_real(object, "bytes", bytes);
    set_real(object, "gflop_s", 1e-9 * flops / span);
    set_real(object, "gb_s", 1e-9 * bytes / span);
    set_real(object, "peak_share", flops / span / rates->flops);
    set_real(object, "copy_share", bytes / span / rates->bytes);
}

static void set_times(json_t *object, const measure_times *times)
{
    json_object_set_new(object, "runs", json_integer(times->runs));
    set_real(object, "median_seconds", times->median);
    set_real(object, "p95_seconds", times->p95);
    set_real(object, "least_seconds", times->least);
}

static void set_machine(json_t *object, const char *processor, const measure_rates *rates)
{
    json_object_set_new(object, "machine", json_text(processor));
    json_object_set_new(object, "threads", json_integer(rates->threads));
    set_real(object, "peak_gflop_s", 1e-9 * rates->flops);
    set_real(object, "copy_gb_s", 1e-9 * rates->bytes);
}

static json_t *rows(const bench_report *report, const bench_step *steps, int32_t count, int sums)
{
    json_t *array = json_array();
    for (int32_t i = 0; i < count; i++) {
        json_t *object = json_object();
        if (sums) {
            json_object_set_new(object, "steps", json_integer(steps[i].count));
        } else {
            json_object_set_new(object, "label", json_text(steps[i].label));
        }
        json_object_set_new(object, "op", json_text(steps[i].op));
        set_real(object, "median_seconds", steps[i].median);
        set_real(object, "least_seconds", steps[i].least);
        set_real(object, "floor_seconds", steps[i].floor);
        set_rates(object, &report->rates, steps[i].flops, steps[i].bytes, steps[i].median);
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *track(const bench_report *report)
{
    double seconds = report->options->track_seconds;
    if (!(report->track_wall > 0)) {
        return json_null();
    }
    json_t *object = json_object();
    set_real(object, "duration", seconds);
    set_real(object, "seconds", report->track_wall);
    set_real(object, "realtime_factor", seconds / report->track_wall);
    return object;
}

void json_print_bench(FILE *stream, const bench_report *report)
{
    const bench_options *options = report->options;
    const cleave_engine_info *info = &report->info;
    json_t *object = json_object();
    json_t *stems = json_array();
    for (int32_t s = 0; s < info->stem_count; s++) {
        json_array_append_new(stems, json_text(info->stems[s]));
    }
    set_machine(object, report->processor, &report->rates);
    json_object_set_new(object, "model", json_text(info->model));
    json_object_set_new(object, "kind", json_text(report->kind));
    json_object_set_new(object, "synthetic", json_boolean(options->synthetic));
    json_object_set_new(object, "device", json_text(info->device));
    json_object_set_new(object, "precision", json_text(bench_precision_name(options->precision)));
    json_object_set_new(object, "rate", json_integer(info->rate_hz));
    json_object_set_new(object, "channels", json_integer(info->channels));
    json_object_set_new(object, "stems", stems);
    set_real(object, "segment_seconds", (double)info->segment_frames / info->rate_hz);
    set_real(object, "stride_seconds", (double)info->stride_frames / info->rate_hz);
    json_object_set_new(object, "warmups", json_integer(report->warmups));
    set_times(object, &report->segment);
    set_rates(object, &report->rates, report->all.flops, report->all.bytes, report->segment.median);
    set_real(object, "floor_seconds", report->all.floor);
    set_real(object, "realtime_factor", bench_realtime(report));
    json_object_set_new(object, "engine_bytes", json_integer((json_int_t)info->memory.host_bytes));
    json_object_set_new(object, "peak_bytes", json_integer(report->peak_bytes));
    json_object_set_new(object, "track", track(report));
    if (options->steps > 0) {
        json_object_set_new(object, "steps", rows(report, report->steps, report->step_count, 0));
        json_object_set_new(object, "ops", rows(report, report->ops, report->op_count, 1));
    }
    json_print(stream, object);
}

void json_print_bench_kernel(FILE *stream, const bench_kernel *kernel)
{
    json_t *object = json_object();
    set_machine(object, kernel->processor, &kernel->rates);
    json_object_set_new(object, "op", json_text(kernel->op));
    json_object_set_new(object, "case", json_text(kernel->label));
    json_object_set_new(object, "isa", json_text(kernel->variant));
    set_times(object, &kernel->times);
    set_rates(object, &kernel->rates, kernel->flops, kernel->bytes, kernel->times.median);
    json_object_set_new(object, "ratio_to_ref",
                        kernel->ratio > 0 ? json_real(kernel->ratio) : json_null());
    json_print(stream, object);
}
