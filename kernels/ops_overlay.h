/* ops_overlay.h: the part of the CPU table that depends on the architecture. */
#ifndef CLEAVE_KERNELS_OPS_OVERLAY_H
#define CLEAVE_KERNELS_OPS_OVERLAY_H

#include "kernels/ops.h"

/* Replaces entries of a table filled with references by what `features` allows, and names the table
 * after the widest set used. One of ops_x86.c, ops_arm.c and ops_isa_none.c is in the build. */
void cleave_ops_overlay(cleave_ops *ops, uint32_t features);

#endif
