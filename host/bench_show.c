/* bench_show.c: a measured model in words, and as lines of a CSV file. */
#include "host/bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void show_rows(const bench_report *report, const char *title, const bench_step *rows,
                      int32_t count)
{
    const measure_rates *rates = &report->rates;
    printf("\n%-34s %-12s %10s %6s %9s %4s %8s %4s %10s\n", title, "op", "ms", "", "GFLOP/s", "",
           "GB/s", "", "floor ms");
    for (int32_t i = 0; i < count; i++) {
        const bench_step *r = &rows[i];
        /* A step may be shorter than the clock's grain. */
        double seconds = r->median > 1e-9 ? r->median : 1e-9;
        printf("  %-32.32s %-12s %10.3f %5.1f%% %9.1f %3.0f%% %8.2f %3.0f%% %10.3f\n", r->label,
               r->op, 1e3 * r->median, 100 * r->median / report->all.median,
               1e-9 * r->flops / seconds, 100 * r->flops / seconds / rates->flops,
               1e-9 * r->bytes / seconds, 100 * r->bytes / seconds / rates->bytes, 1e3 * r->floor);
    }
}

static int by_median(const void *a, const void *b)
{
    const bench_step *x = *(const bench_step *const *)a;
    const bench_step *y = *(const bench_step *const *)b;
    if (x->median != y->median) {
        return x->median < y->median ? 1 : -1;
    }
    return x < y ? -1 : 1; /* in their order */
}

static void show_costliest(const bench_report *report, int32_t count)
{
    size_t all = (size_t)report->step_count;
    const bench_step **order = malloc(all * sizeof *order);
    bench_step *rows = malloc(all * sizeof *rows);
    count = count < report->step_count ? count : report->step_count;
    for (size_t i = 0; order != NULL && i < all; i++) {
        order[i] = &report->steps[i];
    }
    if (order != NULL && rows != NULL) {
        qsort(order, all, sizeof *order, by_median);
        for (int32_t i = 0; i < count; i++) {
            rows[i] = *order[i];
        }
        show_rows(report, "costliest steps", rows, count);
    }
    free(order);
    free(rows);
}

void bench_show(const bench_report *report)
{
    const bench_options *options = report->options;
    const measure_rates *rates = &report->rates;
    const cleave_engine_info *info = &report->info;
    const measure_times *t = &report->segment;
    double rate = info->rate_hz;
    double flops = report->all.flops / t->median;
    double bytes = report->all.bytes / t->median;
    printf("machine     %s, %d thread%s: multiply-add %.1f GFLOP/s, copy %.1f GB/s\n",
           report->processor, rates->threads, rates->threads == 1 ? "" : "s", 1e-9 * rates->flops,
           1e-9 * rates->bytes);
    printf("model       %s%s, %d stems, %s, %s, %d Hz, %d channel%s\n", info->model,
           options->synthetic ? " (synthetic weights)" : "", info->stem_count, info->device,
           bench_precision_name(options->precision), info->rate_hz, info->channels,
           info->channels == 1 ? "" : "s");
    printf("memory      %.1f MB arena, %.1f MB resident at the most\n",
           1e-6 * (double)info->memory.host_bytes, 1e-6 * (double)report->peak_bytes);
    printf("segment     %.3f s of audio: median %.4g s, p95 %.4g s, least %.4g s of %d runs after "
           "%d\n",
           (double)info->segment_frames / rate, t->median, t->p95, t->least, t->runs,
           report->warmups);
    printf("arithmetic  %.3f GFLOP, %.1f GFLOP/s, %.0f %% of the peak\n", 1e-9 * report->all.flops,
           1e-9 * flops, 100 * flops / rates->flops);
    printf("traffic     %.3f GB, %.2f GB/s, %.0f %% of copying\n", 1e-9 * report->all.bytes,
           1e-9 * bytes, 100 * bytes / rates->bytes);
    printf("floor       %.4g s, %.0f %% of the median\n", report->all.floor,
           100 * report->all.floor / t->median);
    printf("real time   %.2f x, a segment every %.3f s\n", bench_realtime(report),
           (double)info->stride_frames / rate);
    if (report->track_wall > 0) {
        printf("track       %g s in %.3f s, %.2f x\n", options->track_seconds, report->track_wall,
               options->track_seconds / report->track_wall);
    }
    if (options->steps == BENCH_STEPS_ALL) {
        show_rows(report, "steps", report->steps, report->step_count);
    } else if (options->steps > 0) {
        show_costliest(report, options->steps);
    }
    if (options->steps > 0) {
        show_rows(report, "sums", report->ops, report->op_count);
    }
}

FILE *bench_csv_open(const char *path, const char *titles, char message[CLEAVE_SENTENCE_BYTES])
{
    char line[512] = "";
    FILE *file = fopen(path, "a+");
    if (file == NULL) {
        cleave_sentence(message, "%.150s: cannot be written: %s", path, strerror(errno));
        return NULL;
    }
    rewind(file);
    if (fgets(line, sizeof line, file) == NULL) {
        fprintf(file, "%s\n", titles);
    } else if (strcspn(line, "\r\n") != strlen(titles) ||
               strncmp(line, titles, strlen(titles)) != 0) {
        cleave_sentence(message, "%.150s: has other columns than these lines would need", path);
        fclose(file);
        return NULL;
    }
    fseek(file, 0, SEEK_END);
    return file;
}

int bench_csv_close(FILE *file, const char *path, char message[CLEAVE_SENTENCE_BYTES])
{
    int failed = ferror(file);
    return (fclose(file) == 0 && !failed) ||
           cleave_sentence(message, "%.150s: cannot be written", path);
}

static void write_summary(FILE *file, const bench_report *report)
{
    const cleave_engine_info *info = &report->info;
    const measure_times *t = &report->segment;
    double rate = info->rate_hz;
    fprintf(file, "%s,%s,%s,%s,%s,%d,%.4f,%d,%.6f,%.6f,%.6f,%.3f,%.3f,%.2f,%.2f,%.2f,%.2f,%.6f,",
            report->processor, info->model, report->options->synthetic ? "synthetic" : "installed",
            info->device, bench_precision_name(report->options->precision), info->threads,
            (double)info->segment_frames / rate, t->runs, t->median, t->p95, t->least,
            1e-9 * report->all.flops, 1e-9 * report->all.bytes,
            1e-9 * report->all.flops / t->median, 1e-9 * report->all.bytes / t->median,
            1e-9 * report->rates.flops, 1e-9 * report->rates.bytes, report->all.floor);
    fprintf(file, "%.3f,%.1f,%.1f\n", bench_realtime(report),
            1e-6 * (double)info->memory.host_bytes, 1e-6 * (double)report->peak_bytes);
}

static void write_steps(FILE *file, const bench_report *report)
{
    const cleave_engine_info *info = &report->info;
    for (int32_t i = 0; i < report->step_count; i++) {
        const bench_step *s = &report->steps[i];
        fprintf(file, "%s,%s,%s,%s,%d,%d,", report->processor, info->model, info->device,
                bench_precision_name(report->options->precision), info->threads, i);
        /* Labels have neither commas nor quotes, but for one that a model may yet think of. */
        for (const char *c = s->label; *c != '\0'; c++) {
            fputc(*c == ',' || *c == '"' ? ' ' : *c, file);
        }
        fprintf(file, ",%s,%.9f,%.9f,%.0f,%.0f,%.9f,%.2f,%.2f\n", s->op, s->median, s->least,
                s->flops, s->bytes, s->floor, 1e-9 * report->rates.flops,
                1e-9 * report->rates.bytes);
    }
}

FILE *bench_csv_of(const bench_options *options, char message[CLEAVE_SENTENCE_BYTES])
{
    static const char summary[] =
        "machine,model,weights,device,precision,threads,segment_s,runs,median_s,p95_s,least_s,"
        "gflop,gbyte,gflop_s,gb_s,peak_gflop_s,copy_gb_s,floor_s,realtime,arena_mb,peak_mb";
    static const char steps[] =
        "machine,model,device,precision,threads,index,step,op,median_s,least_s,flops,bytes,"
        "floor_s,peak_gflop_s,copy_gb_s";
    return bench_csv_open(options->csv, options->steps > 0 ? steps : summary, message);
}

void bench_csv_write(FILE *file, const bench_report *report)
{
    if (report->options->steps > 0) {
        write_steps(file, report);
    } else {
        write_summary(file, report);
    }
}
