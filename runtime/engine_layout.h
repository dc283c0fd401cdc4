/* engine_layout.h: what an engine takes of each kind of memory, counted and then taken. */
#ifndef CLEAVE_RUNTIME_ENGINE_LAYOUT_H
#define CLEAVE_RUNTIME_ENGINE_LAYOUT_H

#include "runtime/engine.h"

/* What making an engine takes, and what is gone when it is made. */
typedef struct cleave_workspace {
    cleave_setup setup;
    cleave_graph graph;
    void *graph_memory;
    cleave_model_ports ports;
    cleave_device_table device; /* the sizes depend on its kernels */
    const char *device_note;
    int32_t slots;
    unsigned char *staging;             /* of the plan, while a GPU's is filled */
    _Alignas(64) cleave_engine counted; /* stands in for the engine while counting */
    cleave_memory memory;               /* that was counted */
} cleave_workspace;

/* Memory of each kind. */
typedef struct cleave_arenas {
    cleave_arena host, pinned, device;
} cleave_arenas;

/* Arenas on blocks of the sizes that were counted, or that count if `host` is NULL. */
void cleave_arenas_init(cleave_arenas *arenas, const cleave_workspace *space, void *host,
                        const cleave_device_blocks *blocks);

/* Lays the engine out: the one place that decides what it takes, run on counting arenas by
 * cleave_need() and on real ones by cleave_init(). */
cleave_status cleave_engine_lay_out(cleave_workspace *space, cleave_arenas *arenas,
                                    cleave_engine **made, cleave_error *error);

/* Counts the bytes of an engine with so many slots into space->memory. */
cleave_status cleave_engine_count(cleave_workspace *space, int32_t slots, cleave_error *error);

#endif
