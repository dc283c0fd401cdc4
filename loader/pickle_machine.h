/* pickle_machine.h: the state of the pickle machine, shared by its files. Not for others. */
#ifndef CLEAVE_LOADER_PICKLE_MACHINE_H
#define CLEAVE_LOADER_PICKLE_MACHINE_H

#include "loader/pickle.h"

#define CLEAVE_PICKLE_MARKS_MAX 64
#define CLEAVE_PICKLE_RANK_MAX  8

typedef struct machine {
    cleave_pickle *pickle;
    const unsigned char *bytes;
    size_t size, at;
    cleave_value_index *stack; /* capacity of them */
    cleave_value_index *memo;  /* capacity of them, CLEAVE_VALUE_NULL where unset */
    uint32_t height;
    uint32_t floor; /* stack height at the last mark: what lies below is out of reach */
    uint32_t marks[CLEAVE_PICKLE_MARKS_MAX];
    uint32_t mark_count;
    size_t opcode_at; /* where the opcode that runs stands */
    char *message;
} machine;

const char *cleave_pickle_opcode_name(unsigned char opcode);

/* The machine's parts; 1, or 0 with the sentence set: "pickle: TUPLE2 at byte 9: ...". */
int cleave_pickle_refuse(machine *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
cleave_value *cleave_pickle_make(machine *m, cleave_value_kind kind, cleave_value_index *index);
int cleave_pickle_push(machine *m, cleave_value_index index);
int cleave_pickle_pop(machine *m, cleave_value_index *index);
int cleave_pickle_append(machine *m, cleave_value *container, cleave_value_index item);

/* pickle_globals.c: what names mean. */
int cleave_pickle_global(machine *m);
int cleave_pickle_reduce(machine *m);
int cleave_pickle_persistent(machine *m);
int cleave_pickle_build(machine *m);

#endif
