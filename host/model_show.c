/* model_show.c: models and weight files in words; as JSON they go through json.h. */
#include "host/model.h"

#include <stdlib.h>
#include <string.h>

#include "host/json.h"
#include "loader/sha256.h"

static void show_row(FILE *stream, const model_facts *facts);
static void show_words(FILE *stream, const model_facts *facts);
static void show_file(FILE *stream, const model_facts *facts);
static void show_config(FILE *stream, const cleave_table *table);
static void show_versions(FILE *stream, const model_store *store, const model_facts *shown);

void model_show_list(FILE *stream, const model_store *store, const model_entry *entries, int count,
                     int json)
{
    model_facts facts;
    int shown = 0;
    for (int32_t i = 0; model_facts_built_in(&facts, i); i++, shown++) {
        if (json) {
            json_print_listed(stream, &facts, shown == 0);
        } else {
            show_row(stream, &facts);
        }
    }
    for (int i = 0; i < count; i++, shown++) {
        model_facts_entry(&facts, store, &entries[i]);
        if (json) {
            json_print_listed(stream, &facts, shown == 0);
        } else {
            show_row(stream, &facts);
        }
        model_facts_free(&facts);
    }
    if (json) {
        fputs(shown > 0 ? "]\n" : "[]\n", stream);
    }
}

int model_show_info(FILE *stream, const model_store *store, const char *name, int json, int memory,
                    char message[CLEAVE_SENTENCE_BYTES])
{
    model_facts facts = {0};
    int ok = model_facts_find(&facts, store, name, message);
    if (ok && facts.why_not[0] != '\0') {
        ok = cleave_sentence(message, "%s", facts.why_not);
    }
    ok = ok && (!memory || model_facts_measure(&facts, message));
    if (ok && json) {
        json_print_facts_of_model(stream, &facts);
    } else if (ok) {
        show_words(stream, &facts);
        show_versions(stream, store, &facts);
    }
    model_facts_free(&facts);
    return ok;
}

static void show_row(FILE *stream, const model_facts *facts)
{
    fprintf(stream, "%c %-20s %-12s ", facts->is_used ? '*' : ' ', facts->name,
            facts->is_built_in          ? "built in"
            : facts->version[0] != '\0' ? facts->version
                                        : "-");
    if (facts->is_built_in) {
        fprintf(stream, "%13s  %-20s  ", "", "");
    } else {
        fprintf(stream, "%10.1f MB  %s  ", 1e-6 * (double)facts->bytes, facts->imported);
    }
    if (facts->why_not[0] != '\0') {
        fprintf(stream, "unusable: %s\n", facts->why_not);
        return;
    }
    fprintf(stream, "%s:", facts->kind);
    for (int32_t s = 0; s < facts->info.stem_count; s++) {
        fprintf(stream, "%s%s", s > 0 ? ", " : " ", facts->info.stems[s]);
    }
    fputc('\n', stream);
}

static void show_words(FILE *stream, const model_facts *facts)
{
    const cleave_model_info *info = &facts->info;
    fprintf(stream, "name        %s\nversion     %s%s\nkind        %s\nwhat        %s\n",
            facts->name,
            facts->is_built_in          ? "built in"
            : facts->version[0] != '\0' ? facts->version
                                        : "a bag",
            facts->is_used ? " (used)" : "", facts->kind, info->description);
    fputs("stems      ", stream);
    for (int32_t s = 0; s < info->stem_count; s++) {
        fprintf(stream, "%s%s", s > 0 ? ", " : " ", info->stems[s]);
    }
    if (info->rate_hz > 0) {
        fprintf(stream, "\nrate        %d Hz", info->rate_hz);
    } else {
        fprintf(stream, "\nrate        any");
    }
    fprintf(stream, "\nchannels    %d", info->channels_min);
    if (info->channels_max > info->channels_min) {
        fprintf(stream, " to %d", info->channels_max);
    }
    fputc('\n', stream);
    if (facts->model != NULL) {
        show_file(stream, facts);
    }
    for (int32_t i = 0; i < facts->memory_count; i++) {
        const model_memory *row = &facts->memory[i];
        fprintf(stream, "memory      %d thread%s %8.1f MB: engine %zu bytes, buffers %zu bytes\n",
                row->threads, row->threads == 1 ? ": " : "s:",
                1e-6 * (double)(row->engine_bytes + row->buffer_bytes), row->engine_bytes,
                row->buffer_bytes);
    }
}

/* What its files say. */
static void show_file(FILE *stream, const model_facts *facts)
{
    char source[65];
    const open_model *model = facts->model;
    const cleave_network_info *networks = &model->networks_info;
    fprintf(stream, "segment     %g s, at most %g s\nparameters  %llu\n",
            model_facts_segment(facts), networks->segment_seconds_max,
            (unsigned long long)networks->parameters);
    fprintf(stream, "file        %s, %lld bytes\nimported    %s\n", facts->path,
            (long long)facts->bytes, facts->imported);
    for (int32_t n = 0; n < model->network_count; n++) {
        const cleave_table *table = &model->files[n].table;
        cleave_sha256_text(table->header->source_sha256, source);
        fprintf(stream, "network     %s, %s, from sha256 %s\n", model->network_names[n],
                model_file_type(table), source);
        if (facts->version[0] == '\0') {
            fputs("  gains    ", stream);
            for (int32_t s = 0; s < networks->stem_count; s++) {
                fprintf(stream, " %g", (double)model->networks[n].gain[s]);
            }
            fputc('\n', stream);
        } else {
            show_config(stream, table);
        }
    }
}

/* Lines of the configuration, indented. */
static void show_config(FILE *stream, const cleave_table *table)
{
    const char *line = table->config;
    const char *end = line + table->header->config_bytes;
    while (line < end) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        fprintf(stream, "  %.*s\n", (int)(stop - line), line);
        line = stop + 1;
    }
}

static void show_versions(FILE *stream, const model_store *store, const model_facts *shown)
{
    char message[CLEAVE_SENTENCE_BYTES];
    model_entry *entries;
    int count = shown->is_built_in ? 0 : model_store_list(store, &entries, message);
    for (int i = 0; i < count; i++) {
        if (strcmp(entries[i].name, shown->entry) == 0 &&
            strcmp(entries[i].version, shown->version) != 0) {
            fprintf(stream, "also        %s@%s%s\n", entries[i].name, entries[i].version,
                    entries[i].used ? " (used)" : "");
        }
    }
    if (count > 0) {
        free(entries);
    }
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
    show_config(stream, &weights.table);
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
                r->crc32c, t.type == CLEAVE_WEIGHTS_F16 ? "f16" : "f32", shape, (int)t.name_bytes,
                t.name);
    }
    cleave_weights_close(&weights);
    return 1;
}
