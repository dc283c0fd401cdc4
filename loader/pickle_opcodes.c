/* pickle_opcodes.c: names of the opcodes, for refusals (Python's pickletools, protocols 0 to 5). */
#include "loader/pickle_machine.h"

#include <string.h>

/* Protocol 0 and 1 in the order of `letters`; 2 and above by number from 0x80. */
static const char letters[] = "(.012FIJKLMNPQRSTUVXabcd}eghijl]opqrst)uGBC";
static const char *const letter_names[] = {
    "MARK",
    "STOP",
    "POP",
    "POP_MARK",
    "DUP",
    "FLOAT",
    "INT",
    "BININT",
    "BININT1",
    "LONG",
    "BININT2",
    "NONE",
    "PERSID",
    "BINPERSID",
    "REDUCE",
    "STRING",
    "BINSTRING",
    "SHORT_BINSTRING",
    "UNICODE",
    "BINUNICODE",
    "APPEND",
    "BUILD",
    "GLOBAL",
    "DICT",
    "EMPTY_DICT",
    "APPENDS",
    "GET",
    "BINGET",
    "INST",
    "LONG_BINGET",
    "LIST",
    "EMPTY_LIST",
    "OBJ",
    "PUT",
    "BINPUT",
    "LONG_BINPUT",
    "SETITEM",
    "TUPLE",
    "EMPTY_TUPLE",
    "SETITEMS",
    "BINFLOAT",
    "BINBYTES",
    "SHORT_BINBYTES",
};
static const char *const number_names[] = {
    "PROTO",
    "NEWOBJ",
    "EXT1",
    "EXT2",
    "EXT4",
    "TUPLE1",
    "TUPLE2",
    "TUPLE3",
    "NEWTRUE",
    "NEWFALSE",
    "LONG1",
    "LONG4",
    "SHORT_BINUNICODE",
    "BINUNICODE8",
    "BINBYTES8",
    "EMPTY_SET",
    "ADDITEMS",
    "FROZENSET",
    "NEWOBJ_EX",
    "STACK_GLOBAL",
    "MEMOIZE",
    "FRAME",
    "BYTEARRAY8",
    "NEXT_BUFFER",
    "READONLY_BUFFER",
};
_Static_assert(sizeof letters - 1 == sizeof letter_names / sizeof letter_names[0],
               "one name a letter");

const char *cleave_pickle_opcode_name(unsigned char opcode)
{
    const char *found = opcode ? strchr(letters, opcode) : NULL;

    if (found)
        return letter_names[found - letters];
    if (opcode >= 0x80 && opcode < 0x80 + sizeof number_names / sizeof number_names[0])
        return number_names[opcode - 0x80];
    return "unknown opcode";
}
