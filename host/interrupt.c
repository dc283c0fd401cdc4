/* interrupt.c: Ctrl-C and SIGTERM. */
#include "host/interrupt.h"

#include "host/audio.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define END_SIGNAL SIGUSR1   /* sent by interrupt_close() to its own thread */
#define GRACE_NS   800000000 /* of the second that an interrupted run may take */

struct interrupt_watch {
    pthread_t thread;
    sigset_t signals;
    interrupt_actions actions;
};

static void *watch_signals(void *argument)
{
    interrupt_watch *watch = argument;
    int number = 0;
    while (sigwait(&watch->signals, &number) != 0) {
    }
    if (number == END_SIGNAL) {
        return NULL;
    }
    watch->actions.cancel(watch->actions.context);
    struct timespec grace = {0, GRACE_NS};
    do {
        number = sigtimedwait(&watch->signals, NULL, &grace);
    } while (number < 0 && errno == EINTR);
    if (number == END_SIGNAL) {
        return NULL;
    }
    audio_writer_remove_temporaries();
    watch->actions.abandon(watch->actions.context);
    _exit(INTERRUPT_EXIT_CODE);
}

interrupt_watch *interrupt_open(const interrupt_actions *actions)
{
    interrupt_watch *watch = malloc(sizeof *watch);
    if (watch == NULL) {
        return NULL;
    }
    watch->actions = *actions;
    sigemptyset(&watch->signals);
    sigaddset(&watch->signals, SIGINT);
    sigaddset(&watch->signals, SIGTERM);
    sigaddset(&watch->signals, END_SIGNAL);
    pthread_sigmask(SIG_BLOCK, &watch->signals, NULL);
    if (pthread_create(&watch->thread, NULL, watch_signals, watch) != 0) {
        pthread_sigmask(SIG_UNBLOCK, &watch->signals, NULL);
        free(watch);
        return NULL;
    }
    return watch;
}

void interrupt_close(interrupt_watch **watch)
{
    if (*watch != NULL) {
        pthread_kill((*watch)->thread, END_SIGNAL);
        pthread_join((*watch)->thread, NULL);
        free(*watch);
        *watch = NULL;
    }
}
