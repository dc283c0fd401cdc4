/* engine_slot.h: the engine of one job, kept from track to track while its configuration is the
 * same, and cancelled from another thread. */
#ifndef CLEAVE_HOST_ENGINE_SLOT_H
#define CLEAVE_HOST_ENGINE_SLOT_H

#include "runtime/cleave.h"

#include <pthread.h>
#include <stdatomic.h>

typedef struct engine_slot {
    pthread_mutex_t mutex; /* held while the engine appears or goes */
    cleave_engine *engine;
    atomic_int cancelled;
    const char *model;              /* of the engine... */
    const cleave_network *networks; /* ...which live as long as the batch */
    int32_t rate_hz, channels;
    int without_gpu; /* not 0: it was lost, and configurations are to ask for the CPU */
} engine_slot;

void engine_slot_init(engine_slot *slot);
void engine_slot_destroy(engine_slot *slot);

/* Gives an engine that is ready for a new track. All configurations a slot sees differ in model,
 * networks, rate_hz and channels at most. CLEAVE_CANCELLED once engine_slot_cancel() was called. */
cleave_status engine_slot_open(engine_slot *slot, const cleave_config *config,
                               cleave_engine **engine, cleave_error *error);

/* Closes the engine, with which nothing can be done any more. */
void engine_slot_drop(engine_slot *slot);

/* From any thread: the engine stops soon, and no other opens. Does not wait for one that is
 * opening. */
void engine_slot_cancel(engine_slot *slot);

#endif
