/* spool.h: blocks of float samples kept on disk while they wait for a gain.
 *
 * The file has no name, so that nothing is left of it whatever becomes of the process. */
#ifndef CLEAVE_HOST_SPOOL_H
#define CLEAVE_HOST_SPOOL_H

#include <stddef.h>
#include <stdint.h>

typedef struct sample_spool sample_spool;

/* Opens an empty spool in the file system of `folder`. Returns 0, or -1 with errno set. */
int spool_open(sample_spool **opened, const char *folder);

/* Appends. Returns 0, or -1 with errno set. */
int spool_write(sample_spool *spool, const void *bytes, size_t count);

/* Reads exactly `count` bytes from *place on, and moves *place behind them. Returns 1, 0 at the
 * end, or -1 with errno set. Threads may read at once, with a place each. */
int spool_read(const sample_spool *spool, int64_t *place, void *bytes, size_t count);

/* Safe on a pointer to NULL. */
void spool_close(sample_spool **spool);

#endif
