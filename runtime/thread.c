/* thread.c: threads that compute. */
#include "runtime/thread.h"

#include <signal.h>

#define STACK_BYTES (512 * 1024)

static void signals_to_block(sigset_t *set)
{
    static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGPROF};

    sigfillset(set);
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        sigdelset(set, own[i]);
}

int cleave_thread_start(pthread_t *thread, void *(*main)(void *), void *argument)
{
    pthread_attr_t attributes;
    sigset_t blocked, before;

    if (pthread_attr_init(&attributes))
        return 0;
    int error = pthread_attr_setstacksize(&attributes, STACK_BYTES);
    signals_to_block(&blocked);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    if (!error)
        error = pthread_create(thread, &attributes, main, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return !error;
}
