/* alloc_trap.c: the allocators, defined here and handed on to the C library and the kernel. */
#include "tests/runtime/alloc_trap.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The C library's own, under the names that it exports for this purpose. */
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);
void *__libc_valloc(size_t bytes);
void *__libc_pvalloc(size_t bytes);
void __libc_free(void *memory);
void *__sbrk(intptr_t bytes);

static volatile _Atomic uint64_t calls;
static const char *volatile _Atomic last = "none";

static void count(const char *name)
{
    atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
    atomic_store_explicit(&last, name, memory_order_relaxed);
}

int alloc_trap_set(void)
{
    return 1;
}

uint64_t alloc_trap_count(void)
{
    return atomic_load_explicit(&calls, memory_order_relaxed);
}

const char *alloc_trap_last(void)
{
    return atomic_load_explicit(&last, memory_order_relaxed);
}

void *malloc(size_t bytes)
{
    count("malloc");
    return __libc_malloc(bytes);
}

void *calloc(size_t number, size_t size)
{
    count("calloc");
    return __libc_calloc(number, size);
}

void *realloc(void *memory, size_t bytes)
{
    count("realloc");
    return __libc_realloc(memory, bytes);
}

void *reallocarray(void *memory, size_t number, size_t size)
{
    size_t bytes;

    count("reallocarray");
    if (__builtin_mul_overflow(number, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_realloc(memory, bytes);
}

void *memalign(size_t alignment, size_t bytes)
{
    count("memalign");
    return __libc_memalign(alignment, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
    count("aligned_alloc");
    return __libc_memalign(alignment, bytes);
}

int posix_memalign(void **memory, size_t alignment, size_t bytes)
{
    void *given;

    count("posix_memalign");
    if (alignment % sizeof(void *) || !alignment || (alignment & (alignment - 1)))
        return EINVAL;
    given = __libc_memalign(alignment, bytes);
    if (!given)
        return ENOMEM;
    *memory = given;
    return 0;
}

void *valloc(size_t bytes)
{
    count("valloc");
    return __libc_valloc(bytes);
}

void *pvalloc(size_t bytes)
{
    count("pvalloc");
    return __libc_pvalloc(bytes);
}

void free(void *memory)
{
    if (memory)
        count("free");
    __libc_free(memory);
}

void *mmap(void *start, size_t bytes, int protection, int flags, int file, off_t offset)
{
    count("mmap");
    return (void *)syscall(SYS_mmap, start, bytes, protection, flags, file, offset);
}

void *mmap64(void *start, size_t bytes, int protection, int flags, int file, off64_t offset)
{
    count("mmap64");
    return (void *)syscall(SYS_mmap, start, bytes, protection, flags, file, offset);
}

int munmap(void *start, size_t bytes)
{
    count("munmap");
    return (int)syscall(SYS_munmap, start, bytes);
}

void *mremap(void *start, size_t bytes, size_t bytes_new, int flags, ...)
{
    void *place = NULL;
    va_list list;

    count("mremap");
    va_start(list, flags);
    if (flags & MREMAP_FIXED)
        place = va_arg(list, void *);
    va_end(list);
    return (void *)syscall(SYS_mremap, start, bytes, bytes_new, flags, place);
}

void *sbrk(intptr_t bytes)
{
    count("sbrk");
    return __sbrk(bytes);
}

int brk(void *end)
{
    count("brk");
    return __sbrk((char *)end - (char *)__sbrk(0)) == (void *)-1 ? -1 : 0;
}

int alloc_trap_forbid(void)
{
    /* Load the number of the system call; compare it with each forbidden one in turn, and from
     * there jump to the last line; allow. Only this program's own instruction set can be meant: it
     * makes no other calls. */
    struct sock_filter lines[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 7, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_munmap, 6, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mremap, 5, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 4, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_brk, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    struct sock_fprog program = {sizeof lines / sizeof lines[0], lines};

    return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
           !syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
}
