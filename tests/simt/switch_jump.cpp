// switch_jump.cpp: see switch.h. Only a fibre's first step needs the context that was made for it.
#include "tests/simt/switch.h"

void simt_place_make(simt_place *place, void *stack, size_t stack_bytes, void (*entry)())
{
    getcontext(&place->context);
    place->context.uc_stack.ss_sp = stack;
    place->context.uc_stack.ss_size = stack_bytes;
    place->context.uc_link = nullptr;
    place->entered = false;
    makecontext(&place->context, entry, 0);
}

void simt_switch(simt_place *from, simt_place *to)
{
    if (_setjmp(from->jump) != 0)
        return;
    if (to->entered)
        _longjmp(to->jump, 1);
    to->entered = true;
    setcontext(&to->context);
}
