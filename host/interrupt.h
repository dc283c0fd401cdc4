/* interrupt.h: Ctrl-C and SIGTERM, taken by a thread of their own, so that cancelling needs no
 * global and no handler.
 *
 * The first signal calls cancel() and gives the work most of a second to end. If it has not ended
 * by then (blocked in a read, say), or at a second signal, temporary files are removed, abandon()
 * is called, and the process exits with 130. */
#ifndef CLEAVE_HOST_INTERRUPT_H
#define CLEAVE_HOST_INTERRUPT_H

#define INTERRUPT_EXIT_CODE 130

typedef struct interrupt_watch interrupt_watch;

/* What to do when interrupted; both are called on the watching thread, once at most. */
typedef struct interrupt_actions {
    void (*cancel)(void *context);
    void (*abandon)(void *context); /* must not wait for the work */
    void *context;
} interrupt_actions;

/* Starts watching. To be called before any other thread starts, since these inherit that the
 * signals are blocked. Returns NULL if no thread can be had; Ctrl-C then ends the process as it
 * does by default. */
interrupt_watch *interrupt_open(const interrupt_actions *actions);

/* Ends watching; the signals stay blocked. Safe on a pointer to NULL. */
void interrupt_close(interrupt_watch **watch);

#endif
