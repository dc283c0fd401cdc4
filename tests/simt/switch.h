// switch.h: leaves one place of execution for another; a fibre is a place with a stack of its own.
//
// switch_jump.cpp jumps, which takes no system call; sanitizers follow switch_context.cpp only.
#ifndef CLEAVE_TESTS_SIMT_SWITCH_H
#define CLEAVE_TESTS_SIMT_SWITCH_H

#include <csetjmp>
#include <cstddef>
#include <ucontext.h>

struct simt_place {
    ucontext_t context;
    jmp_buf jump;
    bool entered = true; // not so: the place is the beginning of a fibre
};

// Makes `place` the beginning of entry() on a stack; entry() may not return.
void simt_place_make(simt_place *place, void *stack, size_t stack_bytes, void (*entry)());

// Goes on at `to`; returns when somebody switches to `from`.
void simt_switch(simt_place *from, simt_place *to);

#endif
