// switch_context.cpp: see switch.h.
#include "tests/simt/switch.h"

void simt_place_make(simt_place *place, void *stack, size_t stack_bytes, void (*entry)())
{
    getcontext(&place->context);
    place->context.uc_stack.ss_sp = stack;
    place->context.uc_stack.ss_size = stack_bytes;
    place->context.uc_link = nullptr;
    makecontext(&place->context, entry, 0);
}

void simt_switch(simt_place *from, simt_place *to)
{
    swapcontext(&from->context, &to->context);
}
