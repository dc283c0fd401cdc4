/* nameless.h: files without a name, of which nothing is left whatever becomes of the process. */
#ifndef CLEAVE_HOST_NAMELESS_H
#define CLEAVE_HOST_NAMELESS_H

/* Opens an empty one for reading and writing, in the file system of `folder`. A descriptor, or -1
 * with errno set. */
int nameless_open(const char *folder);

#endif
