/* engine_slot.c: the engine of one job. */
#include "host/engine_slot.h"

#include <stdio.h>
#include <string.h>

void engine_slot_init(engine_slot *slot)
{
    memset(slot, 0, sizeof *slot);
    pthread_mutex_init(&slot->mutex, NULL);
}

void engine_slot_destroy(engine_slot *slot)
{
    cleave_close(&slot->engine);
    pthread_mutex_destroy(&slot->mutex);
}

cleave_status engine_slot_open(engine_slot *slot, const cleave_config *config,
                               cleave_engine **engine, cleave_error *error)
{
    cleave_status status = CLEAVE_OK;
    pthread_mutex_lock(&slot->mutex);
    int same = slot->engine != NULL && slot->model == config->model &&
               slot->networks == config->networks && slot->rate_hz == config->rate_hz &&
               slot->channels == config->channels;
    if (same) {
        cleave_reset(slot->engine);
    } else {
        cleave_close(&slot->engine);
        status = cleave_open(config, &slot->engine, error);
        slot->model = config->model;
        slot->networks = config->networks;
        slot->rate_hz = config->rate_hz;
        slot->channels = config->channels;
    }
    if (status == CLEAVE_OK && atomic_load(&slot->cancelled)) {
        status = CLEAVE_CANCELLED;
        error->status = status;
        snprintf(error->message, sizeof error->message, "%s", cleave_status_text(status));
    }
    if (status == CLEAVE_OK) {
        *engine = slot->engine;
    }
    pthread_mutex_unlock(&slot->mutex);
    return status;
}

void engine_slot_drop(engine_slot *slot)
{
    pthread_mutex_lock(&slot->mutex);
    cleave_close(&slot->engine);
    pthread_mutex_unlock(&slot->mutex);
}

void engine_slot_cancel(engine_slot *slot)
{
    atomic_store(&slot->cancelled, 1);
    if (pthread_mutex_trylock(&slot->mutex) == 0) {
        if (slot->engine != NULL) {
            cleave_cancel(slot->engine);
        }
        pthread_mutex_unlock(&slot->mutex);
    }
}
