/* model_show.c: models and weight files in words, and as JSON. */
#include "host/model.h"

#include <stdlib.h>
#include <string.h>

#include "loader/loader.h"
#include "loader/sha256.h"

/* A JSON text of what is UTF-8 without control characters, as all names and values of a weight file
 * are. */
static void put_text(FILE *stream, const char *text, size_t bytes)
{
    putc('"', stream);
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] == '"' || text[i] == '\\')
            putc('\\', stream);
        putc(text[i], stream);
    }
    putc('"', stream);
}

static void time_text(const struct timespec *time, char text[32])
{
    struct tm utc;

    if (!gmtime_r(&time->tv_sec, &utc) || strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        snprintf(text, 32, "unknown");
}

static const char *type_name(cleave_weights_type type)
{
    return type == CLEAVE_WEIGHTS_F16 ? "f16" : "f32";
}

/* Opens the file of an entry; why is the sentence if that fails. */
static int open_entry(const model_store *store, const model_entry *entry, cleave_weights *weights,
                      char *why)
{
    char path[MODEL_PATH_BYTES];

    *weights = (cleave_weights){0};
    model_store_path(store, entry, path);
    return cleave_weights_open(weights, path, why);
}

/* The kind of an entry, or why it cannot be used. */
static void entry_kind(const model_store *store, const model_entry *entry,
                       char kind[CLEAVE_SENTENCE_BYTES], int *ok)
{
    cleave_weights weights;
    bag b;

    if (!entry->version[0]) {
        *ok = model_store_bag(store, entry, &b, kind);
        if (*ok)
            snprintf(kind, CLEAVE_SENTENCE_BYTES, "bag of %d", b.model_count);
        return;
    }
    *ok = open_entry(store, entry, &weights, kind);
    if (*ok)
        snprintf(kind, CLEAVE_SENTENCE_BYTES, "%s", weights.table.header->kind);
    cleave_weights_close(&weights);
}

void model_show_list(FILE *stream, const model_store *store, const model_entry *entries, int count,
                     int json)
{
    char kind[CLEAVE_SENTENCE_BYTES], time[32];
    int ok;

    if (json)
        putc('[', stream);
    for (int i = 0; i < count; i++) {
        const model_entry *e = &entries[i];
        entry_kind(store, e, kind, &ok);
        time_text(&e->imported, time);
        if (json) {
            fprintf(stream,
                    "%s{\"name\":\"%s\",\"version\":\"%s\",\"used\":%s,\"bytes\":%lld,\"imported\":"
                    "\"%s\",\"%s\":",
                    i ? "," : "", e->name, e->version, e->used ? "true" : "false",
                    (long long)e->bytes, time, ok ? "kind" : "error");
            put_text(stream, kind, strlen(kind));
            putc('}', stream);
        } else {
            fprintf(stream, "%c %-20s %-12s %10.1f MB  %s  %s%s\n", e->used ? '*' : ' ', e->name,
                    e->version[0] ? e->version : "-", 1e-6 * (double)e->bytes, time,
                    ok ? "" : "unusable: ", kind);
        }
    }
    if (json)
        fputs("]\n", stream);
}

static void show_bag(FILE *stream, const model_entry *entry, const bag *b, int json)
{
    if (json)
        fprintf(stream, "{\"name\":\"%s\",\"kind\":\"bag\",\"segment\":%g,\"models\":[",
                entry->name, b->segment_seconds);
    else
        fprintf(stream, "name      %s\nkind      bag\nsegment   %g s\n", entry->name,
                b->segment_seconds);
    for (int m = 0; m < b->model_count; m++) {
        fprintf(stream, json ? "%s{\"name\":\"%s\",\"weights\":[" : "%smodel     %s",
                json && m ? "," : "", b->model[m]);
        for (int s = 0; s < b->source_count; s++)
            fprintf(stream, json ? "%s%g" : "%s %g", json && s ? "," : "", b->weight[m][s]);
        fputs(json ? "]}" : "\n", stream);
    }
    if (json)
        fputs("]}\n", stream);
}

/* Configuration lines: "  key=value", or "key":"value",... */
static void show_config(FILE *stream, const cleave_table *table, int json)
{
    const char *line = table->config, *end = line + table->header->config_bytes;

    while (line < end) {
        const char *stop = memchr(line, '\n', (size_t)(end - line)),
                   *equals = memchr(line, '=', (size_t)(end - line));
        if (json) {
            fputs(line == table->config ? "" : ",", stream);
            put_text(stream, line, (size_t)(equals - line));
            putc(':', stream);
            put_text(stream, equals + 1, (size_t)(stop - equals - 1));
        } else {
            fprintf(stream, "  %.*s\n", (int)(stop - line), line);
        }
        line = stop + 1;
    }
}

static int64_t parameter_count(const cleave_table *table)
{
    cleave_table_tensor tensor;
    int64_t count = 0;

    for (uint32_t i = 0; i < table->header->tensor_count; i++) {
        cleave_table_at(table, i, &tensor);
        count += tensor.count;
    }
    return count;
}

static void show_weights(FILE *stream, const model_entry *entry, const char *path,
                         const cleave_table *table, int json)
{
    char source[65], time[32];
    cleave_table_tensor first;

    cleave_sha256_text(table->header->source_sha256, source);
    cleave_table_at(table, 0, &first);
    time_text(&entry->imported, time);
    if (json) {
        fprintf(stream,
                "{\"name\":\"%s\",\"version\":\"%s\",\"used\":%s,\"kind\":\"%s\",\"type\":\"%s\","
                "\"tensors\":%u,"
                "\"parameters\":%lld,\"bytes\":%lld,\"imported\":\"%s\",\"source_sha256\":\"%s\","
                "\"config\":{",
                entry->name, entry->version, entry->used ? "true" : "false", table->header->kind,
                type_name(first.type), table->header->tensor_count,
                (long long)parameter_count(table), (long long)entry->bytes, time, source);
        show_config(stream, table, 1);
        fputs("}}\n", stream);
        return;
    }
    fprintf(stream,
            "name      %s\nversion   %s%s\nkind      %s\ntype      %s\ntensors   %u, %lld values\n"
            "file      %s, %lld bytes\nimported  %s\nsource    sha256 %s\n",
            entry->name, entry->version, entry->used ? " (used)" : "", table->header->kind,
            type_name(first.type), table->header->tensor_count, (long long)parameter_count(table),
            path, (long long)entry->bytes, time, source);
    show_config(stream, table, 0);
}

static void show_versions(FILE *stream, const model_store *store, const model_entry *shown)
{
    char message[CLEAVE_SENTENCE_BYTES], time[32];
    model_entry *entries;
    const int count = model_store_list(store, &entries, message);

    for (int i = 0; i < count; i++)
        if (!strcmp(entries[i].name, shown->name) &&
            strcmp(entries[i].version, shown->version) != 0) {
            time_text(&entries[i].imported, time);
            fprintf(stream, "also      %s@%s, imported %s%s\n", entries[i].name, entries[i].version,
                    time, entries[i].used ? " (used)" : "");
        }
    free(entries);
}

int model_show_info(FILE *stream, const model_store *store, const model_entry *entry, int json,
                    char message[CLEAVE_SENTENCE_BYTES])
{
    char path[MODEL_PATH_BYTES];
    cleave_weights weights;
    bag b;

    if (!entry->version[0]) {
        if (!model_store_bag(store, entry, &b, message))
            return 0;
        show_bag(stream, entry, &b, json);
    } else {
        if (!open_entry(store, entry, &weights, message))
            return 0;
        model_store_path(store, entry, path);
        show_weights(stream, entry, path, &weights.table, json);
        cleave_weights_close(&weights);
    }
    if (!json)
        show_versions(stream, store, entry);
    return 1;
}

int model_show_file(FILE *stream, const char *path, char message[CLEAVE_SENTENCE_BYTES])
{
    char source[65], own[65];
    cleave_weights weights;
    cleave_table_tensor t;

    if (!cleave_weights_open(&weights, path, message))
        return 0;
    const cleave_weights_header *h = weights.table.header;
    cleave_sha256_text(h->source_sha256, source);
    cleave_sha256_text(h->file_sha256, own);
    fprintf(stream,
            "version        %u\nkind           %s\nbytes          %llu\ntensors        %u\nsource "
            "sha256  %s\n"
            "file sha256    %s\nconfiguration\n",
            h->version, h->kind, (unsigned long long)h->file_bytes, h->tensor_count, source, own);
    show_config(stream, &weights.table, 0);
    fprintf(stream, "tensors: offset, bytes, crc32c, type, shape, name\n");
    for (uint32_t i = 0; i < h->tensor_count; i++) {
        const cleave_weights_record *r = &weights.table.records[i];
        char shape[128];
        size_t used = (size_t)snprintf(shape, sizeof shape, r->rank ? "" : "scalar");
        cleave_table_at(&weights.table, i, &t);
        for (uint32_t d = 0; d < t.rank; d++)
            used += (size_t)snprintf(shape + used, sizeof shape - used, "[%u]", t.shape[d]);
        fprintf(stream, "  %10llu %10llu %08x %s %-20s %.*s\n",
                (unsigned long long)(h->data_offset + r->offset), (unsigned long long)r->bytes,
                r->crc32c, type_name(t.type), shape, (int)t.name_bytes, t.name);
    }
    cleave_weights_close(&weights);
    return 1;
}
