/* gpu.c: the device, and the table of results. */
#include "bench/gpu/gpu.h"
#include "host/measure.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* "cuda:0 NVIDIA H200" to "nvidia-h200". */
static void name_machine(gpu *g)
{
    const char *from = strchr(g->info.name, ' ');
    size_t count = 0;

    for (from = from ? from + 1 : g->info.name; *from; from++)
        if (isalnum((unsigned char)*from))
            g->machine[count++] = (char)tolower((unsigned char)*from);
        else if (count > 0 && g->machine[count - 1] != '-')
            g->machine[count++] = '-';
    g->machine[count] = '\0';
}

static int open_csv(gpu *g, const char *folder, const char *suffix)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s%s.csv", folder, g->machine, suffix);
    g->csv = fopen(path, "w");
    if (!g->csv) {
        fprintf(stderr, "%s: %s: %s\n", g->program, path, strerror(errno));
        return 0;
    }
    fprintf(g->csv, "machine,group,name,case,precision,batch,us,gb_s,tflop_s,share,peer,peer_us,"
                    "ratio,segments_s,realtime,device_mb,waiting,blending,decoding,encoding\n");
    return 1;
}

int gpu_open(gpu *g, const char *program, int32_t index, const char *folder, const char *suffix)
{
    cleave_error error;

    *g = (gpu){.program = program,
               .api = cleave_cuda_api_get(),
               .device = CLEAVE_DEVICE_CUDA,
               .index = index};
    if (cleave_device_at(index, &g->info, &error) != CLEAVE_OK) {
        fprintf(stderr, "%s: there is no GPU to measure: %s\n", program, error.message);
        return 0;
    }
    if (strcmp(g->api->name, "cuda") != 0) {
        fprintf(stderr, "%s: there is no GPU to measure: %s has no speed of its own.\n", program,
                g->info.name);
        return 0;
    }
    name_machine(g);
    if (folder && !open_csv(g, folder, suffix))
        return 0;
    gpu_check(g, g->api->set_device(index), "set_device");
    gpu_check(g, g->api->stream_create(&g->stream), "stream_create");
    printf("%s, compute capability %d.%d, %.1f GB\n", g->info.name, (int)g->info.major,
           (int)g->info.minor, (double)g->info.memory_bytes / 1e9);
    return 1;
}

int gpu_open_to_try(gpu *g, const char *program, int32_t index, const char *folder)
{
    *g = (gpu){.program = program, .machine = "tried", .index = index};
    g->device = cleave_device_at(index, &g->info, NULL) == CLEAVE_OK ? CLEAVE_DEVICE_CUDA
                                                                     : CLEAVE_DEVICE_CPU;
    printf("Tried on %s: no figure here means anything.\n",
           g->device == CLEAVE_DEVICE_CUDA ? g->info.name : "the CPU");
    return !folder || open_csv(g, folder, "");
}

void gpu_close(gpu *g)
{
    if (g->stream)
        gpu_check(g, g->api->stream_destroy(g->stream), "stream_destroy");
    if (g->csv && fclose(g->csv))
        fprintf(stderr, "%s: the results could not be written\n", g->program);
}

void gpu_check(const gpu *g, int error, const char *what)
{
    if (!error)
        return;
    fprintf(stderr, "%s: %s: %s\n", g->program, what, g->api->text(error));
    exit(1);
}

const char *gpu_factors_name(cleave_factors factors)
{
    static const char *const names[] = {"fp32", "tf32", "bf16", "fp16"};

    return names[factors];
}

int gpu_is_late(const gpu *g)
{
    return g->end > 0 && measure_seconds() > g->end;
}

int gpu_wanted(const gpu *g, const char *name, char **words, int count)
{
    for (int i = 0; i < count; i++)
        if (strstr(name, words[i]))
            return !gpu_is_late(g);
    return count == 0 && !gpu_is_late(g);
}

double gpu_share(const gpu *g, const gpu_row *row)
{
    const double flops = g->most.flops[row->rated];

    if (g->most.bytes <= 0 || flops <= 0 || row->seconds <= 0)
        return 0;
    return fmax(row->cost.bytes / g->most.bytes, row->cost.flops / flops) / row->seconds;
}

/* A comma begins a new column, so names must do without. */
static void put_text(FILE *csv, const char *text)
{
    for (; text && *text; text++)
        fputc(*text == ',' ? ';' : *text, csv);
    fputc(',', csv);
}

static void print_row(const gpu *g, const gpu_row *row)
{
    const gpu_threads *const threads = &row->threads;

    printf("%-8s %-28s %-34s %-4s %10.1f us %7.1f GB/s %7.2f TFLOP/s %5.1f %%", row->group,
           row->name, row->test, row->precision, 1e6 * row->seconds,
           row->cost.bytes / row->seconds / 1e9, row->cost.flops / row->seconds / 1e12,
           100 * gpu_share(g, row));
    if (row->peer)
        printf(", %s %.1f us: %.2f times as fast as it", row->peer, 1e6 * row->peer_seconds,
               row->peer_seconds / row->seconds);
    if (row->segments > 0)
        printf(", batch %d: %.1f segments/s, %.1f times real time, %.0f MB", row->batch,
               row->segments, row->realtime, (double)row->device_bytes / 1e6);
    if (threads->encoding > 0)
        printf(", %.0f songs/h; of the time %.0f %% waiting for the device, %.0f %% blending, "
               "%.0f %% decoding, %.0f %% encoding",
               3600 / row->seconds, 100 * threads->waiting, 100 * threads->blending,
               100 * threads->decoding, 100 * threads->encoding);
    printf("\n");
    fflush(stdout);
}

void gpu_row_put(const gpu *g, const gpu_row *row)
{
    const gpu_threads *const threads = &row->threads;

    print_row(g, row);
    if (!g->csv)
        return;
    put_text(g->csv, g->machine);
    put_text(g->csv, row->group);
    put_text(g->csv, row->name);
    put_text(g->csv, row->test);
    put_text(g->csv, row->precision);
    fprintf(g->csv, "%d,%.3f,%.2f,%.4f,%.4f,", row->batch, 1e6 * row->seconds,
            row->cost.bytes / row->seconds / 1e9, row->cost.flops / row->seconds / 1e12,
            gpu_share(g, row));
    put_text(g->csv, row->peer);
    fprintf(g->csv, "%.3f,%.4f,%.3f,%.3f,%.1f,", 1e6 * row->peer_seconds,
            row->peer_seconds / row->seconds, row->segments, row->realtime,
            (double)row->device_bytes / 1e6);
    fprintf(g->csv, "%.4f,%.4f,%.4f,%.4f\n", threads->waiting, threads->blending, threads->decoding,
            threads->encoding);
    fflush(g->csv);
}
