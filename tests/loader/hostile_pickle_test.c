/* hostile_pickle_test.c: checkpoints whose pickle asks for what it must not get. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/import.h"
#include "tests/bytes.h"
#include "tests/test.h"

/* Pickles are written with their opcodes as literals: PROTO 2, then values, then STOP. */
#define PROTO                "\x80\x02"
#define TEXT(length, text)   "X" length "\0\0\0" text
#define GLOBAL(module, name) "c" module "\n" name "\n"
#define STORAGE_OF(class, key, count)                                                              \
    "(" TEXT("\7", "storage") GLOBAL("torch", class) key TEXT("\3", "cpu") count "tQ"
#define KEY_0                                     TEXT("\1", "0")
#define COUNT_16                                  "K\x10"
#define STORAGE                                   STORAGE_OF("FloatStorage", KEY_0, COUNT_16)
#define REBUILD                                   GLOBAL("torch._utils", "_rebuild_tensor_v2")
#define HOOKS                                     "\x89" GLOBAL("collections", "OrderedDict") ")R"
#define TENSOR_OF(storage, offset, shape, stride) REBUILD "(" storage offset shape stride HOOKS "tR"
#define TENSOR                                    TENSOR_OF(STORAGE, "K\0", "K\x10\x85", "K\1\x85")
#define STATE(value)                              PROTO "}(" TEXT("\1", "w") value "u."
#define STRIDED(offset, shape, stride)            STATE(TENSOR_OF(STORAGE, offset, shape, stride))
#define PACKAGE(class, kwargs, state)                                                              \
    PROTO "}(" TEXT("\5", "klass") class TEXT("\6", "kwargs") kwargs TEXT("\5", "state") state "u" \
                                                                                               "."
#define HTDEMUCS GLOBAL("demucs.htdemucs", "HTDemucs")

typedef struct hostile {
    const char *name;
    const char *bytes;
    size_t count;
    const char *expected; /* part of the sentence */
} hostile;

#define CASE(name, bytes, expected)                                                                \
    {                                                                                              \
        name, bytes, sizeof(bytes) - 1, expected                                                   \
    }

/* What protocols 0 to 5 have and checkpoints do not need. */
static const hostile opcodes[] = {
    CASE("STACK_GLOBAL", PROTO TEXT("\2", "os") TEXT("\6", "system") "\x93.",
         "STACK_GLOBAL at byte 20"),
    CASE("NEWOBJ", PROTO HTDEMUCS ")\x81.", "NEWOBJ"),
    CASE("NEWOBJ_EX", PROTO HTDEMUCS ")}\x92.", "NEWOBJ_EX"),
    CASE("INST", PROTO "(ios\nsystem\n.", "INST"),
    CASE("OBJ", PROTO "(" HTDEMUCS "o.", "OBJ"),
    CASE("PERSID", PROTO "P0\n.", "PERSID"),
    CASE("EXT1", PROTO "\x82\x01.", "EXT1"),
    CASE("EXT2", PROTO "\x83\x01\0.", "EXT2"),
    CASE("EXT4", PROTO "\x84\x01\0\0\0.", "EXT4"),
    CASE("FRAME", PROTO "\x95\1\0\0\0\0\0\0\0.", "FRAME"),
    CASE("MEMOIZE", PROTO "}\x94.", "MEMOIZE"),
    CASE("SHORT_BINUNICODE", PROTO "\x8C\1a.", "SHORT_BINUNICODE"),
    CASE("BINUNICODE8 of 2^63 bytes", PROTO "\x8D\0\0\0\0\0\0\0\x80.", "BINUNICODE8"),
    CASE("BINBYTES8", PROTO "\x8E\1\0\0\0\0\0\0\0a.", "BINBYTES8"),
    CASE("BYTEARRAY8", PROTO "\x96\1\0\0\0\0\0\0\0a.", "BYTEARRAY8"),
    CASE("NEXT_BUFFER", PROTO "\x97.", "NEXT_BUFFER"),
    CASE("EMPTY_SET", PROTO "\x8F.", "EMPTY_SET"),
    CASE("FROZENSET", PROTO "(\x91.", "FROZENSET"),
    CASE("LONG4 of negative length", PROTO "\x8B\xFF\xFF\xFF\xFF.", "LONG4"),
    CASE("INT as text", PROTO "I1\n.", "INT"),
    CASE("LONG as text", PROTO "L1L\n.", "LONG"),
    CASE("FLOAT as text", PROTO "F1.5\n.", "FLOAT"),
    CASE("STRING", PROTO "S'a'\n.", "STRING"),
    CASE("BINSTRING of negative length", PROTO "T\xFF\xFF\xFF\xFF.", "BINSTRING"),
    CASE("SHORT_BINSTRING", PROTO "U\1a.", "SHORT_BINSTRING"),
    CASE("BINBYTES", PROTO "B\1\0\0\0a.", "BINBYTES"),
    CASE("DUP", PROTO "}2.", "DUP"),
    CASE("POP", PROTO "}}0.", "POP"),
    CASE("DICT to the mark", PROTO "(d.", "DICT"),
    CASE("GET as text", PROTO "}q\0g0\n.", "GET"),
    CASE("an unknown opcode", PROTO "\xFF.", "opcode 0xFF is not allowed"),
    CASE("protocol 4", "\x80\x04}.", "protocol 4"),
    CASE("protocol 3", "\x80\x03}.", "protocol 3"),
    CASE("protocol 0", "(dp0\n.", "does not begin with PROTO"),
    CASE("PROTO twice", PROTO PROTO "}.", "PROTO at byte 2"),
};

/* Names that would run something, were they imported. */
static const hostile globals[] = {
    CASE("os.system", PROTO GLOBAL("os", "system") TEXT("\2", "ls") "\x85R.",
         "global \"os system\" is not allowed"),
    CASE("posix.system", PROTO GLOBAL("posix", "system") TEXT("\2", "ls") "\x85R.", "posix system"),
    CASE("nt.system", PROTO GLOBAL("nt", "system") TEXT("\2", "ls") "\x85R.", "nt system"),
    CASE("builtins.eval", PROTO GLOBAL("builtins", "eval") TEXT("\1", "1") "\x85R.",
         "builtins eval"),
    CASE("__builtin__.exec", PROTO GLOBAL("__builtin__", "exec") TEXT("\1", "1") "\x85R.",
         "__builtin__ exec"),
    CASE("builtins.getattr", PROTO GLOBAL("builtins", "getattr") ".", "builtins getattr"),
    CASE("subprocess.Popen", PROTO GLOBAL("subprocess", "Popen") ".", "subprocess Popen"),
    CASE("importlib.import_module", PROTO GLOBAL("importlib", "import_module") ".",
         "importlib import_module"),
    CASE("torch.load", PROTO GLOBAL("torch", "load") ".", "torch load"),
    CASE("torch.storage._load_from_bytes", PROTO GLOBAL("torch.storage", "_load_from_bytes") ".",
         "_load_from_bytes"),
    CASE("an allowed name with a tail", PROTO GLOBAL("collections", "OrderedDict.fromkeys") ".",
         "OrderedDict.fromkeys"),
    CASE("an allowed name split elsewhere", PROTO GLOBAL("torch HalfStorage", "") ".",
         "torch HalfStorage "),
    CASE("empty names", PROTO "c\n\n.", "global \" \" is not allowed"),
    CASE("a name that drives the terminal", PROTO GLOBAL("a\x1B[2J", "b") ".",
         "global \"a?[2J b\""),
    CASE("a name without end", PROTO "cos\nsystem", "ends within a name"),
    CASE("a storage class called", PROTO GLOBAL("torch", "FloatStorage") ")R.",
         "\"torch FloatStorage\" may be named, not"),
    CASE("the model's class called", PROTO HTDEMUCS ")R.",
         "\"demucs.htdemucs HTDemucs\" may be named"),
    CASE("REDUCE of a text", PROTO TEXT("\2", "os") ")R.",
         "REDUCE at byte 10: it calls what is no global"),
    CASE("REDUCE with a list", PROTO GLOBAL("collections", "OrderedDict") "]R.", "REDUCE"),
    CASE("BUILD on a list", PROTO "]}b.", "BUILD at byte 4"),
    CASE("BUILD on a tensor", STATE(TENSOR "}b"), "BUILD"),
    CASE("BUILD on a global", PROTO HTDEMUCS "}b.", "BUILD"),
};

/* The stack, the memo, and operands that are not all there. */
static const hostile machine[] = {
    CASE("an empty pickle", "", "does not begin with PROTO"),
    CASE("PROTO without its number", "\x80", "PROTO at byte 0: the pickle ends within its operand"),
    CASE("no STOP", PROTO "}", "without STOP"),
    CASE("bytes after STOP", PROTO "}.}", "1 bytes follow"),
    CASE("STOP on an empty stack", PROTO ".", "STOP at byte 2: it takes from an empty stack"),
    CASE("values left over", PROTO "}}.", "1 values and 0 marks are left over"),
    CASE("a mark left over", PROTO "}(}.", "1 marks"),
    CASE("a tuple without a mark", PROTO "t.", "TUPLE at byte 2: there is no mark"),
    CASE("SETITEMS without a mark", PROTO "}u.", "SETITEMS at byte 3: there is no mark"),
    CASE("APPENDS without a mark", PROTO "]e.", "APPENDS at byte 3: there is no mark"),
    CASE("SETITEMS on nothing", PROTO "(u.", "it finds no container"),
    CASE("SETITEMS on what lies below another mark", PROTO "}((u.", "it finds no container"),
    CASE("a key without a value", PROTO "}(K\1u.", "a key has no value"),
    CASE("APPEND to a dict", PROTO "}K\1a.", "what is not a list"),
    CASE("SETITEM on a list", PROTO "]K\1K\2s.", "what is not a dict"),
    CASE("TUPLE3 of two", PROTO "K\1K\2\x87.", "TUPLE3 at byte 6"),
    CASE("TUPLE1 through a mark", PROTO "K\1(\x85.", "TUPLE1 at byte 5"),
    CASE("REDUCE through a mark", PROTO GLOBAL("collections", "OrderedDict") "()R.", "REDUCE"),
    CASE("BINPUT of nothing", PROTO "q\0.", "BINPUT at byte 2: nothing is on the stack"),
    CASE("BINGET of what was never put", PROTO "h\4.", "memo 4 was never set"),
    CASE("BINGET beyond the memo", PROTO "h\xFF.", "memo 255 is beyond"),
    CASE("LONG_BINPUT at 2^32 - 1", PROTO "}r\xFF\xFF\xFF\xFF.", "memo 4294967295 is beyond"),
    CASE("LONG_BINGET at 2^31", PROTO "j\0\0\0\x80.", "memo 2147483648 is beyond"),
    CASE("a text of 4 GB", PROTO "X\xFF\xFF\xFF\xFF.", "BINUNICODE at byte 2: the pickle ends"),
    CASE("a text one byte too long", PROTO "X\2\0\0\0a", "BINUNICODE"),
    CASE("a text without all of its length", PROTO "X\2\0", "BINUNICODE"),
    CASE("BININT cut short", PROTO "J\1\2\3", "BININT at byte 2"),
    CASE("BININT2 cut short", PROTO "M\1", "BININT2"),
    CASE("BINFLOAT cut short", PROTO "G\1\2\3\4\5\6\7", "BINFLOAT"),
    CASE("LONG1 of 9 bytes", PROTO "\x8A\x09\1\2\3\4\5\6\7\x08\x09.",
         "an integer of 9 bytes is too large"),
    CASE("LONG1 of 255 bytes", PROTO "\x8A\xFF.", "an integer of 255 bytes"),
    CASE("LONG1 cut short", PROTO "\x8A\4\1\2", "LONG1"),
    CASE("BINGET cut short", PROTO "h", "BINGET"),
    CASE("BINPERSID on an empty stack", PROTO "Q.", "BINPERSID at byte 2"),
};

/* Storages and tensors. The archive has one storage, "0", of 64 bytes. */
static const hostile tensors[] = {
    CASE("a persistent id that is no tuple", STATE(TEXT("\1", "0") "Q"),
         "the persistent id is no storage"),
    CASE("a persistent id of another kind", STATE("(" TEXT("\4", "file") "K\1K\1K\1K\1tQ"),
         "no storage"),
    CASE("a persistent id of four", STATE("(" TEXT("\7", "storage") "K\1K\1K\1tQ"), "no storage"),
    CASE("a negative count",
         STATE(TENSOR_OF(STORAGE_OF("FloatStorage", KEY_0, "J\xFF\xFF\xFF\xFF"), "K\0", ")", ")")),
         "no storage"),
    CASE("a count too high",
         STATE(TENSOR_OF(STORAGE_OF("FloatStorage", KEY_0, "K\x11"), "K\0", ")", ")")),
         "not the 17 elements"),
    CASE("a count of 2^62",
         STATE(TENSOR_OF(STORAGE_OF("FloatStorage", KEY_0, "\x8A\x08\0\0\0\0\0\0\0\x40"), "K\0",
                         ")", ")")),
         "not the 4611686018427387904 elements"),
    CASE("a class twice as wide",
         STATE(TENSOR_OF(STORAGE_OF("DoubleStorage", KEY_0, COUNT_16), "K\0", ")", ")")),
         "m/data/0\" has 64 bytes"),
    CASE("a storage of integers",
         STATE(TENSOR_OF(STORAGE_OF("IntStorage", KEY_0, COUNT_16), "K\0", ")", ")")),
         "\"torch IntStorage\" holds no floating-point values"),
    CASE("a storage whose class is no storage",
         STATE(TENSOR_OF("(" TEXT("\7", "storage") HTDEMUCS KEY_0 TEXT("\3", "cpu") COUNT_16 "tQ",
                         "K\0", ")", ")")),
         "holds no floating-point values"),
    CASE("a storage that is missing",
         STATE(TENSOR_OF(STORAGE_OF("FloatStorage", TEXT("\1", "9"), COUNT_16), "K\0", ")", ")")),
         "entry \"m/data/9\" is missing"),
    CASE("a storage elsewhere",
         STATE(TENSOR_OF(STORAGE_OF("FloatStorage", TEXT("\13", "../data.pkl"), COUNT_16), "K\0",
                         ")", ")")),
         "storage \"../data.pkl\": its key is no number"),
    CASE("a storage without a key",
         STATE(TENSOR_OF(STORAGE_OF("FloatStorage", TEXT("\0", ""), COUNT_16), "K\0", ")", ")")),
         "m/data/\" is missing"),
    CASE("a tensor of three arguments", STATE(REBUILD "(" STORAGE "K\0)tR"),
         "a tensor's arguments"),
    CASE("a tensor of no storage", STATE(REBUILD "(NK\0))tR"), "a tensor's arguments"),
    CASE("a tensor of a tensor", STATE(REBUILD "(" TENSOR "K\0))tR"), "a tensor's arguments"),
    CASE("a shape that is a list", STRIDED("K\0", "]", ")"), "a tensor's arguments"),
    CASE("a shape of texts", STRIDED("K\0", TEXT("\1", "1") "\x85", "K\1\x85"),
         "a tensor's arguments"),
    CASE("a shape of floats", STRIDED("K\0", "G\0\0\0\0\0\0\0\0\x85", "K\1\x85"),
         "a tensor's arguments"),
    CASE("a negative size", STRIDED("K\0", "J\xFF\xFF\xFF\xFF\x85", "K\1\x85"),
         "a tensor's arguments"),
    CASE("a negative stride", STRIDED("K\x0F", "K\x10\x85", "J\xFF\xFF\xFF\xFF\x85"),
         "a tensor's arguments"),
    CASE("a negative offset", STRIDED("J\xFF\xFF\xFF\xFF", "K\1\x85", "K\1\x85"),
         "a tensor's arguments"),
    CASE("fewer strides than sizes", STRIDED("K\0", "K\2K\2\x86", "K\1\x85"),
         "a tensor's arguments"),
    CASE("nine dimensions",
         STRIDED("K\0", "(K\1K\1K\1K\1K\1K\1K\1K\1K\1t", "(K\1K\1K\1K\1K\1K\1K\1K\1K\1t"),
         "a tensor's arguments"),
    CASE("a size of 0", STRIDED("K\0", "K\0\x85", "K\1\x85"),
         "tensor \"w\": its shape and strides"),
    CASE("a size too large", STRIDED("K\0", "K\x11\x85", "K\1\x85"), "reach outside its storage"),
    CASE("an offset too large", STRIDED("K\1", "K\x10\x85", "K\1\x85"), "reach outside"),
    CASE("an offset of 2^63 - 1", STRIDED("\x8A\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F", ")", ")"),
         "reach outside"),
    CASE("a scalar just outside", STRIDED("K\x10", ")", ")"), "reach outside"),
    CASE("a stride too large", STRIDED("K\0", "K\2\x85", "K\x10\x85"), "reach outside"),
    CASE("strides that wrap around",
         STRIDED("K\0", "K\2K\2\x86",
                 "\x8A\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F"
                 "K\1\x86"),
         "reach outside"),
    CASE("sizes whose product wraps around",
         STRIDED("K\0", "(\x8A\5\0\0\0\0\1\x8A\5\0\0\0\0\1t", "K\0K\0\x86"), "reach outside"),
    CASE("stride 0 that repeats one element", STRIDED("K\0", "K\x10K\x10\x86", "K\0K\0\x86"),
         "reach outside"),
    CASE("a parameter of no tensor",
         STATE(GLOBAL("torch._utils", "_rebuild_parameter") "(K\1\x89NtR"),
         "a parameter holds no tensor"),
};

/* What the values add up to. */
static const hostile contents[] = {
    CASE("no dict", PROTO "].", "the checkpoint is no dict"),
    CASE("a list that holds itself", STATE("]q\0h\0a"), "state entry \"w\" is no tensor"),
    CASE("a dict that holds itself", PROTO "}q\0" TEXT("\5", "state") "h\0s.",
         "state entry \"state\" is no tensor"),
    CASE("no tensor", PROTO "}.", "holds no tensor"),
    CASE("a tensor without a name", PROTO "}(K\1" TENSOR "u.", "a tensor's name is no text"),
    CASE("a tensor of an empty name", PROTO "}(" TEXT("\0", "") TENSOR "u.", "a name of 0 bytes"),
    CASE("a name with a control character", PROTO "}(" TEXT("\2", "a\n") TENSOR "u.",
         "tensor \"a?\""),
    CASE("a name that is no UTF-8", PROTO "}(" TEXT("\2", "a\xFF") TENSOR "u.",
         "is not printable UTF-8"),
    CASE("a name twice", PROTO "}(" TEXT("\1", "w") TENSOR TEXT("\1", "w") TENSOR "u.",
         "tensor \"w\" appears twice"),
    CASE("a quantised model", PROTO "}(" TEXT("\13", "__quantized") "\x88u.", "quantised"),
    CASE("a class of another model", PACKAGE(GLOBAL("demucs.demucs", "Demucs"), "}", "}"),
         "neither HTDemucs nor"),
    CASE("a class that is a text", PACKAGE(TEXT("\2", "os"), "}", "}"), "neither HTDemucs nor"),
    CASE("a package without state",
         PROTO "}(" TEXT("\5", "klass") HTDEMUCS TEXT("\6", "kwargs") "}u.",
         "lacks \"kwargs\" or \"state\""),
    CASE("a package whose kwargs are a list", PACKAGE(HTDEMUCS, "]", "}"), "lacks"),
    CASE("kwargs with a number for a name", PACKAGE(HTDEMUCS, "}K\1K\1s", "}"), "is no text"),
    CASE("kwargs with a line break in a name",
         PACKAGE(HTDEMUCS, "}" TEXT("\3", "a\nb") "K\1s", "}"), "entry \"a?b\""),
    CASE("kwargs with a line break in a value",
         PACKAGE(HTDEMUCS, "}" TEXT("\1", "a") TEXT("\3", "b\nc") "s", "}"), "entry \"a\""),
    CASE("kwargs with a name twice",
         PACKAGE(HTDEMUCS, "}(" TEXT("\1", "a") "K\1" TEXT("\1", "a") "K\2u", "}"),
         "entry \"a\" appears twice"),
    CASE("an OrderedDict of a dict", PROTO GLOBAL("collections", "OrderedDict") "}\x85R.",
         "made of no list"),
    CASE("an OrderedDict of numbers", PROTO GLOBAL("collections", "OrderedDict") "]K\1a\x85R.",
         "made of no pairs"),
    CASE("an OrderedDict of triples",
         PROTO GLOBAL("collections", "OrderedDict") "]K\1K\2K\3\x87"
                                                    "a\x85R.",
         "no pairs"),
    CASE("a fraction over 0", PROTO GLOBAL("fractions", "Fraction") "K\1K\0\x86R.",
         "a fraction's arguments"),
    CASE("a fraction of floats", PROTO GLOBAL("fractions", "Fraction") "NN\x86R.",
         "a fraction's arguments"),
};

static void wrap(test_bytes *archive, const void *pickle, size_t bytes)
{
    static const float storage[16] = {1};
    const test_zip_entry entries[] = {{"m/data.pkl", pickle, bytes},
                                      {"m/data/0", storage, sizeof storage}};
    test_zip_layout layout;

    test_bytes_zip(archive, entries, 2, &layout);
}

/* 1 if the archive around a pickle is imported, 0 with a sentence. */
static int import_pickle(const void *pickle, size_t bytes, char *message)
{
    test_bytes archive = {0};
    cleave_import import;
    int ok;

    wrap(&archive, pickle, bytes);
    message[0] = 0;
    ok = cleave_import_torch(&import, archive.data, archive.used, message);
    if (ok)
        cleave_import_close(&import);
    test_bytes_free(&archive);
    return ok;
}

static void refuse(const char *name, const void *pickle, size_t bytes, const char *expected)
{
    char message[CLEAVE_SENTENCE_BYTES];

    if (import_pickle(pickle, bytes, message))
        TEST_FAIL("%s: accepted", name);
    else if (!strstr(message, expected))
        TEST_FAIL("%s: \"%s\" lacks \"%s\"", name, message, expected);
    else
        TEST_CHECK(1);
}

static void refuse_all(const hostile *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        refuse(cases[i].name, cases[i].bytes, cases[i].count, cases[i].expected);
    test_passed_count((int)count);
}

#define REFUSE_ALL(cases) refuse_all(cases, sizeof cases / sizeof cases[0])

static void hostile_opcodes(void)
{
    REFUSE_ALL(opcodes);
}

static void hostile_globals(void)
{
    REFUSE_ALL(globals);
}

static void hostile_machine(void)
{
    REFUSE_ALL(machine);
}

static void hostile_tensors(void)
{
    REFUSE_ALL(tensors);
}

static void hostile_contents(void)
{
    REFUSE_ALL(contents);
}

static void put(test_bytes *b, const char *bytes, size_t count)
{
    test_bytes_put(b, bytes, count);
}

#define PUT(b, literal) put(b, literal, sizeof(literal) - 1)

/* Small pickles that would be large, or take long, in a machine that follows them. */
static void bombs(void)
{
    test_bytes b = {0};

    /* ((t, t), (t, t)), 200 levels: 2^200 leaves for who walks them. */
    PUT(&b, PROTO "}" TEXT("\1", "w") "Nq\0");
    for (int i = 0; i < 200; i++)
        PUT(&b, "h\0\x86q\0");
    PUT(&b, "s.");
    refuse("a tuple of 2^200 leaves", b.data, b.used, "state entry \"w\" is no tensor");
    b.used = 0;
    PUT(&b, PROTO "}");
    for (int i = 0; i < 65; i++)
        PUT(&b, "(");
    refuse("65 marks", b.data, b.used, "marks nest deeper than 64");
    b.used = 0;
    /* One shape of 100 000 dimensions for 100 000 tensors. */
    PUT(&b, PROTO "}" TEXT("\1", "w") REBUILD "q\0(" STORAGE "K\0(");
    for (int i = 0; i < 100000; i++)
        PUT(&b, "K\1");
    PUT(&b, "tq\1h\1tq\2R");
    for (int i = 0; i < 100000; i++)
        PUT(&b, "h\0h\2R");
    refuse("a shape of 100000 dimensions", b.data, b.used, "a tensor's arguments");
    b.used = 0;
    PUT(&b, PROTO "}(" TEXT("\1", "w") TENSOR "q\1");
    for (int i = 0; i < 600; i++) {
        PUT(&b, "X\2\0\0\0");
        put(&b, (char[2]){(char)('a' + i / 26), (char)('a' + i % 26)}, 2);
        PUT(&b, "h\1");
    }
    PUT(&b, "u.");
    refuse("600 tensors of one storage", b.data, b.used, "the tensors are larger than their file");
    b.used = 0;
    PUT(&b, PROTO "}(" TEXT("\5", "klass") HTDEMUCS TEXT("\6", "kwargs") "}(");
    for (int i = 0; i < 300; i++) {
        PUT(&b, "X\2\0\0\0");
        put(&b, (char[2]){(char)('a' + i / 26), (char)('a' + i % 26)}, 2);
        PUT(&b, "K\1");
    }
    PUT(&b, "u" TEXT("\5", "state") "}u.");
    refuse("300 constructor arguments", b.data, b.used, "more than 256 entries");
    b.used = 0;
    PUT(&b, PROTO "]");
    while (b.used <= CLEAVE_PICKLE_BYTES_MAX)
        PUT(&b, "NaNaNaNaNaNaNaNaNaNaNaNaNaNaNaNaNaNaNaNaNaNaNaNaNaNaNaNaNaNaNaNa");
    PUT(&b, ".");
    refuse("a pickle of more than 4 MiB", b.data, b.used, "more than the limit");
    test_bytes_free(&b);
    test_passed_count(6);
}

/* What all the cases vary is itself in order; cut anywhere it is not. */
static void truncated(void)
{
    static const char good[] =
        PACKAGE(HTDEMUCS, "}" TEXT("\1", "a") "K\1s", "}" TEXT("\1", "w") TENSOR "s");
    char message[CLEAVE_SENTENCE_BYTES];

    TEST_CHECK(import_pickle(good, sizeof good - 1, message));
    for (size_t bytes = 0; bytes < sizeof good - 1; bytes++)
        refuse("a pickle cut short", good, bytes, "pickle: ");
}

/* Any byte changed: refused with a sentence, or read; never anything else. */
static void changed(void)
{
    char pickle[] = PACKAGE(HTDEMUCS, "}" TEXT("\1", "a") "K\1s", "}" TEXT("\1", "w") TENSOR "s");
    char message[CLEAVE_SENTENCE_BYTES];
    int refused = 0;

    for (size_t at = 0; at < sizeof pickle - 1; at++) {
        const char kept = pickle[at];
        for (int value = 0; value < 256; value++) {
            pickle[at] = (char)value;
            if (!import_pickle(pickle, sizeof pickle - 1, message)) {
                refused++;
                if (!message[0])
                    TEST_FAIL("byte %zu as %d: refused without a sentence", at, value);
            }
        }
        pickle[at] = kept;
    }
    TEST_CHECK(refused > 200 * (int)sizeof pickle);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"opcodes that checkpoints do not need", hostile_opcodes},
        {"names that must not be imported", hostile_globals},
        {"stack, marks, memo and operands", hostile_machine},
        {"storages, shapes and strides", hostile_tensors},
        {"what a checkpoint holds", hostile_contents},
        {"bombs", bombs},
        {"cut at every byte", truncated},
        {"every byte changed to every other", changed},
    };

    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
