# cleave: one non-recursive build into $(BUILD).
#
#   make            the library and the command        make check   all tests, with their packages
#   make demo       set up, build, separate a song     make bench   kernels and engine, timed
#   make asan|ubsan|tsan|tidy|format                   make install PREFIX=/usr/local
#   make links      what a program that embeds libcleave.a is linked with
#   make check-arm64  the library's tests, cross-built for AArch64 and emulated
#   make check-avx512 the same with the AVX-512 variants, emulated where AVX2 is all that there is
#   make check-gpu    kernels and engines on a GPU; needs nvcc, gcc and make alone; bench-gpu: timed, beside the
#                     vendor's libraries where there are any; bench-ladder: kernels rung by rung (bench/ladder)
#   make fuzz         libFuzzer on the readers of foreign files (clang), FUZZ_SECONDS=120 each
#
# Options: BUILD=dir  CUDA=0|1  CUDA_ARCH=90  TOOLKIT=0  CUDNN=0  SNDFILE=0  FFMPEG=0  FLAC=0  SOXR=0  HWLOC=0  JANSSON=0  YAML=0  CURL=0  ARCHIVE=0  LIBPNG=0  FFTW=0  EBUR128=0  SANITIZE=address  V=1

BUILD  ?= build
PREFIX ?= /usr/local
CC     ?= cc
AR     ?= ar
PKG_CONFIG ?= pkg-config
SANITIZE ?=

ARCH := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine 2>/dev/null)))

# ---- optional libraries: 1 when pkg-config finds them, unless the caller says otherwise -------------------
have = $(if $(shell $(PKG_CONFIG) --exists $(1) 2>/dev/null && echo yes),1,0)
FFMPEG_LIBS := libavformat libavcodec libavutil libswresample
SNDFILE ?= $(call have,sndfile)
FFMPEG  ?= $(call have,$(FFMPEG_LIBS))
FLAC    ?= $(call have,'flac >= 1.4')
SOXR    ?= $(call have,soxr)
HWLOC   ?= $(call have,hwloc)
JANSSON ?= $(call have,jansson)
YAML    ?= $(call have,yaml-0.1)
CURL    ?= $(call have,'libcurl >= 7.85')
ARCHIVE ?= $(call have,libarchive)
LIBPNG  ?= $(call have,libpng)
FFTW    ?= $(call have,fftw3f)
EBUR128 ?= $(call have,libebur128)
CUDA    ?= $(if $(shell command -v nvcc 2>/dev/null),1,0)

HOST_LIBRARIES := $(if $(filter 1,$(SNDFILE)),sndfile) $(if $(filter 1,$(FLAC)),flac) \
                  $(if $(filter 1,$(SOXR)),soxr) $(if $(filter 1,$(HWLOC)),hwloc) \
                  $(if $(filter 1,$(JANSSON)),jansson) $(if $(filter 1,$(YAML)),yaml-0.1) \
                  $(if $(filter 1,$(CURL)),libcurl) $(if $(filter 1,$(ARCHIVE)),libarchive) \
                  $(if $(filter 1,$(LIBPNG)),libpng)
ifneq ($(strip $(HOST_LIBRARIES)),)
HOST_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(HOST_LIBRARIES))
HOST_LDLIBS := $(shell $(PKG_CONFIG) --libs $(HOST_LIBRARIES))
endif
# Compiled against, and loaded when it is first needed (host/audio_load_ffmpeg.c).
ifeq ($(FFMPEG),1)
HOST_CFLAGS += $(shell $(PKG_CONFIG) --cflags $(FFMPEG_LIBS))
HOST_LDLIBS += -ldl
endif

# ---- flags -------------------------------------------------------------------------------------------------
WARNINGS := -Wall -Wextra -Wshadow -Wpointer-arith -Wvla -Wundef -Wwrite-strings -Werror
CPPFLAGS += -I. -D_GNU_SOURCE
CFLAGS   ?= -O2 -g
override CFLAGS += -std=c17 $(WARNINGS) -ffp-contract=off -fno-math-errno -fno-trapping-math -pthread
CWARN_C  := -Wstrict-prototypes -Wmissing-prototypes
LDLIBS   += -lm -pthread
ifneq ($(SANITIZE),)
override CFLAGS  += -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS += -fsanitize=$(SANITIZE)
endif

# ISA flags follow the file-name suffix; the vector variants may contract to FMA.
ISA_avx2   := -mavx2 -mfma -mf16c -ffp-contract=fast
ISA_avx512 := -mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma -mprefer-vector-width=512 -ffp-contract=fast
ISA_avx512bf16 := $(ISA_avx512) -mavx512bf16
ISA_neon   := -ffp-contract=fast
# In the place of instructions that the processor lacks (check-avx512).
AVX512 ?= native
ifeq ($(AVX512),emulated)
ISA_avx512     := $(ISA_avx2) -Wno-psabi -include tests/avx512/emulated.h
ISA_avx512bf16 := $(ISA_avx512)
endif
isa = $(foreach suffix,avx2 avx512 avx512bf16 neon,$(if $(filter %_$(suffix),$(basename $(1))),$(ISA_$(suffix))))

# ---- sources ------------------------------------------------------------------------------------------------
# Files whose suffix names an instruction set or a library are taken only where it exists; the file that
# stands in for an absent library ends in _none.
ISAS_x86_64  := avx2 avx512 avx512bf16 x86
ISAS_aarch64 := neon arm
ISAS_ALL     := avx2 avx512 avx512bf16 x86 neon arm
ISAS_OTHER   := $(filter-out $(ISAS_$(ARCH)),$(ISAS_ALL)) $(if $(ISAS_$(ARCH)),isa_none)

without = $(filter-out $(foreach suffix,$(1),%_$(suffix).c),$(2))
LIBRARIES := sndfile=$(SNDFILE) ffmpeg=$(FFMPEG) flac=$(FLAC) soxr=$(SOXR) hwloc=$(HWLOC) jansson=$(JANSSON) yaml=$(YAML) curl=$(CURL) archive=$(ARCHIVE) libpng=$(LIBPNG) fftw=$(FFTW) ebur128=$(EBUR128) cuda=$(CUDA)
ABSENT  := $(foreach pair,$(LIBRARIES),$(if $(filter 1,$(word 2,$(subst =, ,$(pair)))),$(word 1,$(subst =, ,$(pair)))_none,$(word 1,$(subst =, ,$(pair)))))

KERNEL_C := $(call without,cases $(ISAS_OTHER),$(filter-out kernels/cases.c,$(wildcard kernels/*.c kernels/*/*.c)))
CASES_C  := kernels/cases.c $(wildcard kernels/*/*_cases.c)
ifeq ($(AVX512),emulated)
KERNEL_C := $(subst kernels/cpu_features_x86.c,tests/avx512/cpu_features_emulated.c,$(KERNEL_C))
endif
LIB_C    := $(KERNEL_C) $(call without,$(ABSENT) $(ISAS_OTHER),\
                $(wildcard weights/*.c runtime/*.c runtime/models/*.c runtime/effects/*.c loader/*.c))
HOST_C   := $(call without,$(ABSENT) $(ISAS_OTHER),$(wildcard host/*.c))
TOOLS_C  := $(wildcard tools/*.c)
SONG_C   := $(wildcard tools/song/*.c)
# The SIMT executor runs the CUDA kernels as C++; without a C++ compiler its tests cannot be built.
CXX ?= c++
SIMT     := $(if $(shell command -v $(CXX) 2>/dev/null),1,0)
SIMT_CU  := $(wildcard kernels/*.cu kernels/*/*_cuda.cu)
# Sanitizers do not follow jumps from stack to stack.
SIMT_CPP := $(filter-out tests/simt/switch_$(if $(SANITIZE),jump,context).cpp,$(wildcard tests/simt/*.cpp))
SIMT_O   := $(patsubst %.cpp,$(BUILD)/%.o,$(SIMT_CPP)) $(BUILD)/simt/tests/simt/samples.o $(patsubst %.cu,$(BUILD)/simt/%.o,$(SIMT_CU))
# Kernels from the plainest to those of the table (bench/ladder), and what lists them.
LADDER_CU := $(wildcard bench/ladder/*.cu)
LADDER_C  := $(wildcard bench/ladder/*.c)
SIMT_TESTS_C := $(wildcard tests/simt/*_test.c)
CUDA_TESTS_C := $(wildcard tests/cuda/*_test.c)
TESTS_C  := $(filter-out $(SIMT_TESTS_C) $(CUDA_TESTS_C),$(wildcard tests/*/*_test.c)) \
            $(if $(filter 1,$(SIMT)),$(SIMT_TESTS_C)) $(if $(filter 1,$(CUDA)),$(CUDA_TESTS_C))
TESTS_ABSENT := $(if $(filter 1,$(SIMT)),,$(SIMT_TESTS_C)) $(if $(filter 1,$(CUDA)),,$(CUDA_TESTS_C))
BENCH_C  := $(wildcard bench/bench_*.c)
# What bench_gpu and bench_ladder are made of; the yardsticks are the CUDA toolkit's libraries and cuDNN, if there are any.
GPU_BENCHES := bench/bench_gpu.c bench/bench_ladder.c
GPU_BENCH_CU = bench/gpu/ceiling.cu $(if $(filter 1,$(TOOLKIT)),bench/gpu/peer_toolkit.cu) $(if $(filter 1,$(CUDNN)),bench/gpu/peer_cudnn.cu)
GPU_BENCH_C = $(filter-out %_none.c,$(wildcard bench/gpu/*.c)) \
              $(if $(filter 1,$(TOOLKIT)),,bench/gpu/peer_toolkit_none.c) $(if $(filter 1,$(CUDNN)),,bench/gpu/peer_cudnn_none.c)
BENCH_LIB_C := $(call without,$(ABSENT),$(filter-out $(BENCH_C),$(wildcard bench/*.c)))

# One short line a file; V=1 shows the commands.
run = $(if $(filter 1,$(V)),,@printf '  %-5s%s\n' '$(1)' '$@';)
object = $(patsubst %.c,$(BUILD)/%.o,$(1))
LIB_O   := $(call object,$(LIB_C))
MANIFEST_C := $(BUILD)/host/model_manifest_text.c
CASES_O := $(call object,$(CASES_C))
# With the cases of the kernels, which "cleave bench kernels" measures.
HOST_O  := $(call object,$(filter-out host/main.c,$(HOST_C))) $(MANIFEST_C:.c=.o) $(CASES_O)
TESTS_LIB_O := $(call object,$(call without,$(ABSENT) $(ISAS_OTHER),$(wildcard tests/*.c)))
TESTS_LDLIBS := $(if $(filter 1,$(EBUR128)),$(shell $(PKG_CONFIG) --libs libebur128))
TOOLS   := $(patsubst tools/%.c,$(BUILD)/tools/%,$(TOOLS_C))
TESTS   := $(patsubst tests/%.c,$(BUILD)/tests/%,$(TESTS_C))
SIMT_TESTS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(SIMT_TESTS_C))
# Stage by stage, by the CUDA kernels on the executor.
SIMT_GOLDEN := $(if $(filter 1,$(SIMT)),$(patsubst %,$(BUILD)/tests/simt/%_golden_test,demucs spleeter))
SIMT_COMMAND := $(if $(filter 1,$(SIMT)),$(BUILD)/simt/cleave $(GPU_BENCHES:bench/%.c=$(BUILD)/simt/%))
BENCHES := $(patsubst bench/%.c,$(BUILD)/bench/%,$(filter-out $(GPU_BENCHES),$(BENCH_C)))

comma := ,
ifeq ($(CUDA),1)
NVCC ?= nvcc
CUDA_ARCH ?= 80 90
CUDA_CU := $(wildcard kernels/*.cu kernels/*/*_cuda.cu runtime/*.cu)
CUDA_O  := $(patsubst %.cu,$(BUILD)/%.cu.o,$(CUDA_CU))
# Front end and PTX are those of the first, the lowest, for all: no kernel asks which one it is compiled for, so the
# assembler makes the same code of it, and any GPU from there on can take the PTX.
CUDA_PTX := $(firstword $(CUDA_ARCH))
CUDA_GENCODE := $(foreach arch,$(CUDA_ARCH),-gencode arch=compute_$(CUDA_PTX),code=sm_$(arch)) \
    -gencode arch=compute_$(CUDA_PTX),code=compute_$(CUDA_PTX)
CUDA_HOME ?= $(patsubst %/bin/nvcc,%,$(realpath $(shell command -v $(NVCC))))
CUDA_LIBDIR := $(dir $(firstword $(wildcard $(foreach folder,lib64 lib targets/*/lib,$(CUDA_HOME)/$(folder)/libcudart_static.a))))
# Both folders, since the headers of a library may be there without it, or the other way round.
cuda_has = $(if $(wildcard $(CUDA_HOME)/include/$(1)),$(if $(wildcard $(CUDA_LIBDIR)lib$(2).so),1,0),0)
TOOLKIT ?= $(if $(filter 11,$(call cuda_has,cublas_v2.h,cublas)$(call cuda_has,cufft.h,cufft)),1,0)
CUDNN   ?= $(call cuda_has,cudnn.h,cudnn)
PEER_LDLIBS := $(if $(filter 1,$(TOOLKIT) $(CUDNN)),-L$(CUDA_LIBDIR) -Wl$(comma)-rpath$(comma)$(CUDA_LIBDIR)) \
    $(if $(filter 1,$(TOOLKIT)),-lcublas -lcufft) $(if $(filter 1,$(CUDNN)),-lcudnn)
GPU_BENCH_PROGRAMS := $(GPU_BENCHES:%.c=$(BUILD)/%)
CUDA_LDLIBS := $(if $(CUDA_O),$(CUDA_LIBDIR:%=-L%) -lcudart_static -ldl -lrt -lstdc++)
endif

# ---- what to build --------------------------------------------------------------------------------------------
.PHONY: all lib links tools tests demo check deps deps-check demo-run check-run check-arm64 check-arm64-run \
        check-avx512 check-avx512-run \
        gpu-needs check-gpu check-gpu-tests bench-gpu bench-ladder bench asan ubsan tsan fuzz tidy format install clean
.DEFAULT_GOAL := all
.SUFFIXES:
.SECONDARY:

all: $(BUILD)/cleave $(BUILD)/libcleave.a
lib: $(BUILD)/libcleave.a
links:
	@echo '$(strip $(LDLIBS) $(CUDA_LDLIBS))'
tools: $(TOOLS)
# The programs for a GPU are built where they can be, so that they do not rot.
tests: $(TESTS) $(SIMT_GOLDEN) $(TOOLS) $(BUILD)/bench/bench_fx $(BUILD)/cleave $(SIMT_COMMAND) $(GPU_BENCH_PROGRAMS)

$(BUILD)/libcleave.a: $(LIB_O) $(CUDA_O) $(BUILD)/objects
	@rm -f $@
	$(call run,AR)$(AR) rcs $@ $(filter %.o,$^)

# Archives, of which a program takes what it needs; its own objects come before them.
linked   = $(filter %.o,$^) $(filter %.a,$^)
HOST_A  := $(BUILD)/host/libhost.a
TESTS_A := $(BUILD)/tests/libtests.a
$(HOST_A): $(HOST_O) $(BUILD)/objects
$(TESTS_A): $(TESTS_LIB_O) $(BUILD)/objects
$(HOST_A) $(TESTS_A):
	@rm -f $@
	$(call run,AR)$(AR) rcs $@ $(filter %.o,$^)

$(BUILD)/cleave: $(BUILD)/host/main.o $(HOST_A) $(BUILD)/libcleave.a
	$(call run,LD)$(CC) $(LDFLAGS) -o $@ $(linked) $(HOST_LDLIBS) $(CUDA_LDLIBS) $(LDLIBS)

$(BUILD)/tools/%: $(BUILD)/tools/%.o $(HOST_A) $(BUILD)/libcleave.a
	$(call run,LD)$(CC) $(LDFLAGS) -o $@ $(linked) $(HOST_LDLIBS) $(CUDA_LDLIBS) $(LDLIBS)

# What "cleave model pull" knows of the official models is text in the program: a line, a string.
$(MANIFEST_C): weights/manifest.tsv
	@mkdir -p $(@D)
	$(call run,TEXT){ echo '#include "host/model_manifest.h"'; echo 'const char model_manifest_text[] ='; \
	    sed 's/["\\]/\\&/g; s/.*/    "&\\n"/' $<; echo '    ;'; } >$@
$(MANIFEST_C:.c=.o): $(MANIFEST_C) $(BUILD)/options
	$(call run,CC)$(CC) $(CPPFLAGS) $(CFLAGS) $(CWARN_C) -MMD -MP -c -o $@ $<

$(BUILD)/tools/demo_song: $(call object,$(SONG_C))
$(BUILD)/tests/tools/demo_song_test $(BUILD)/tests/tools/evaluate_test $(BUILD)/tests/tools/plot_steps_test $(BUILD)/tests/tools/plot_gpu_test: $(BUILD)/tests/tools/folder.o
PULL_TESTS := model_pull_test model_pull_bag_test model_pull_command_test model_pull_archive_test
$(PULL_TESTS:%=$(BUILD)/tests/host/%): $(BUILD)/tests/host/http_server.o $(BUILD)/tests/host/pull_scene.o

TAR_TESTS := unpack_test tf_checkpoint_test model_pull_archive_test
$(TAR_TESTS:%=$(BUILD)/tests/host/%): $(BUILD)/tests/host/tar_file.o

$(BUILD)/tests/host/picture_test: $(BUILD)/tests/host/png_read_libpng$(if $(filter 1,$(LIBPNG)),,_none).o

# Static patterns: an implicit rule would win over a more special one whose prerequisites are yet to be made.
$(filter-out $(SIMT_TESTS),$(TESTS)): \
$(BUILD)/tests/%_test: $(BUILD)/tests/%_test.o $(TESTS_A) $(HOST_A) $(BUILD)/libcleave.a
	$(call run,LD)$(CC) $(LDFLAGS) -o $@ $(linked) $(TESTS_LDLIBS) $(HOST_LDLIBS) $(CUDA_LDLIBS) $(LDLIBS)

# Defines malloc and its relatives, unless a sanitizer does.
ALLOC_TRAP := alloc_trap$(if $(findstring address,$(SANITIZE))$(findstring thread,$(SANITIZE)),_none)
$(BUILD)/tests/runtime/no_alloc_test $(BUILD)/tests/runtime/fx_no_alloc_test $(BUILD)/tests/runtime/live_test $(BUILD)/tests/runtime/profile_test: \
    $(BUILD)/tests/runtime/$(ALLOC_TRAP).o

$(SIMT_TESTS): \
$(BUILD)/tests/simt/%_test: $(BUILD)/tests/simt/%_test.o $(SIMT_O) $(TESTS_A) $(HOST_A) $(BUILD)/simt/libcleave.a
	$(call run,LD)$(CXX) $(LDFLAGS) -o $@ $(linked) $(TESTS_LDLIBS) $(LDLIBS)

LADDER_O      := $(call object,$(LADDER_C))
LADDER_SIMT_O := $(LADDER_O) $(LADDER_CU:%.cu=$(BUILD)/simt/%.o)
$(BUILD)/tests/simt/ladder_test: $(LADDER_SIMT_O)
$(BUILD)/tests/cuda/ladder_test: $(LADDER_O) $(LADDER_CU:%.cu=$(BUILD)/%.cu.o)

$(SIMT_GOLDEN): \
$(BUILD)/tests/simt/%_golden_test: $(BUILD)/tests/models/%_golden_test.o $(BUILD)/tests/simt/variants_cuda.o \
                                   $(SIMT_O) $(TESTS_A) $(HOST_A) $(BUILD)/simt/libcleave.a
	$(call run,LD)$(CXX) $(LDFLAGS) -o $@ $(linked) $(TESTS_LDLIBS) $(LDLIBS)

# The command on the executor as its GPU, for the end-to-end tests.
$(BUILD)/simt/cleave: $(BUILD)/host/main.o $(HOST_A) $(SIMT_O) $(BUILD)/simt/libcleave.a
	$(call run,LD)$(CXX) $(LDFLAGS) -o $@ $(linked) $(HOST_LDLIBS) $(LDLIBS)

$(GPU_BENCHES:bench/%.c=$(BUILD)/simt/%): \
$(BUILD)/simt/bench_%: $(BUILD)/bench/bench_%.o $(LADDER_SIMT_O) $(call object,$(filter-out %_none.c,$(wildcard bench/gpu/*.c))) \
                       $(call object,$(wildcard bench/gpu/*_none.c)) $(BUILD)/simt/bench/gpu/ceiling.o \
                       $(HOST_A) $(SIMT_O) $(BUILD)/simt/libcleave.a
	$(call run,LD)$(CXX) $(LDFLAGS) -o $@ $(linked) $(HOST_LDLIBS) $(LDLIBS)

# The library without CUDA objects: the executor brings its own.
$(BUILD)/simt/libcleave.a: $(LIB_O) $(BUILD)/objects
	@mkdir -p $(@D)
	@rm -f $@
	$(call run,AR)$(AR) rcs $@ $(filter %.o,$^)

CXXFLAGS ?= -O2 -g
SIMT_CXXFLAGS = -std=c++17 -U_FORTIFY_SOURCE -Wall -Wextra -Werror -Itests/simt/include -I. $(CXXFLAGS) \
                $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all)
$(BUILD)/tests/simt/%.o: tests/simt/%.cpp $(BUILD)/options
	@mkdir -p $(@D)
	$(call run,CXX)$(CXX) $(SIMT_CXXFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/simt/%.o: %.cu $(BUILD)/options
	@mkdir -p $(@D)
	$(call run,SIMT)$(CXX) -x c++ $(SIMT_CXXFLAGS) -MMD -MP -c -o $@ $<

BENCH_CFLAGS := $(if $(filter 1,$(FFTW)),$(shell $(PKG_CONFIG) --cflags fftw3f))
BENCH_LDLIBS := $(if $(filter 1,$(FFTW)),$(shell $(PKG_CONFIG) --libs fftw3f))
$(GPU_BENCH_PROGRAMS): \
$(BUILD)/bench/bench_%: $(BUILD)/bench/bench_%.o $(call object,$(GPU_BENCH_C)) $(GPU_BENCH_CU:%.cu=$(BUILD)/%.cu.o) \
                        $(LADDER_O) $(LADDER_CU:%.cu=$(BUILD)/%.cu.o) $(HOST_A) $(BUILD)/libcleave.a
	$(call run,LD)$(CC) $(LDFLAGS) -o $@ $(linked) $(PEER_LDLIBS) $(HOST_LDLIBS) $(CUDA_LDLIBS) $(LDLIBS)

$(BUILD)/bench/%: $(BUILD)/bench/%.o $(call object,$(BENCH_LIB_C)) $(HOST_A) $(BUILD)/libcleave.a
	$(call run,LD)$(CC) $(LDFLAGS) -o $@ $(linked) $(BENCH_LDLIBS) $(HOST_LDLIBS) $(CUDA_LDLIBS) $(LDLIBS)

# Objects depend on the options of the build, so that changing one rebuilds what it touches; archives, and so all
# programs, on the list of objects, so that the object of a source that is gone does not stay in them.
OPTIONS := $(CC) $(AVX512) $(CPPFLAGS) $(CFLAGS) $(CXX) $(CXXFLAGS) $(LDFLAGS) $(LIBRARIES) $(NVCC) $(CUDA_ARCH) $(TOOLKIT) $(CUDNN)
OBJECTS := $(LIB_O) $(CUDA_O) $(HOST_O) $(TESTS_LIB_O)
changed = @mkdir -p $(@D); echo '$(1)' | cmp -s - $@ || echo '$(1)' > $@
$(BUILD)/options: FORCE
	$(call changed,$(OPTIONS))
$(BUILD)/objects: FORCE
	$(call changed,$(OBJECTS))
.PHONY: FORCE

$(BUILD)/host/%.o: CPPFLAGS += $(HOST_CFLAGS)
$(BUILD)/tools/%.o: CPPFLAGS += $(HOST_CFLAGS)
$(BUILD)/tests/%.o: CPPFLAGS += $(HOST_CFLAGS) -DTEST_BUILD_DIR='"$(BUILD)"' -DTEST_SANITIZER='"$(SANITIZE)"'
$(BUILD)/bench/%.o: CPPFLAGS += $(BENCH_CFLAGS)
$(BUILD)/%_cuda.o: CPPFLAGS += -isystem $(CUDA_HOME)/include

$(BUILD)/%.o: %.c $(BUILD)/options
	@mkdir -p $(@D)
	$(call run,CC)$(CC) $(CPPFLAGS) $(CFLAGS) $(CWARN_C) $(call isa,$<) -MMD -MP -c -o $@ $<

# What the assembler says of registers and shared memory is kept beside the object (bench/ptxas.sh).
$(BUILD)/%.cu.o: %.cu $(BUILD)/options
	@mkdir -p $(@D)
	$(call run,NVCC)$(NVCC) -std=c++17 -O3 -I. $(CUDA_GENCODE) -Xcompiler -Wall,-Wextra -Xptxas -v -MMD -MP -c -o $@ $< \
	    2>$@.log || { cat $@.log >&2; exit 1; }
	@! grep -i warning $@.log >&2 || true

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

# ---- set-up, tests, demo ------------------------------------------------------------------------------------------
# `deps` may install libraries that change the variables above, hence the second make.
deps:
	@tools/deps.sh demo
deps-check:
	@tools/deps.sh check

# Newcomers type no -j: then the build takes all cores.
JOBS := $(shell nproc 2>/dev/null || echo 2)
jobs = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(JOBS))

demo: deps
	@$(MAKE) --no-print-directory $(jobs) demo-run
demo-run: $(BUILD)/cleave $(TOOLS)
	@BUILD=$(BUILD) tools/demo.sh

check: deps-check
	@$(MAKE) --no-print-directory $(jobs) check-run
check-run: tests
	@BUILD=$(BUILD) ABSENT='$(TESTS_ABSENT)' tests/run.sh tools/tidy.sh $(TESTS) $(SIMT_GOLDEN)

tidy:
	@BUILD=$(BUILD) tools/tidy.sh

bench: $(BUILD)/cleave $(BENCHES)
	$(BUILD)/cleave bench kernels
	$(BUILD)/cleave bench model center --seconds 60 --steps
	@for bench in $(BENCHES); do $$bench || exit 1; done

asan: deps-check
	@$(MAKE) --no-print-directory $(jobs) BUILD=$(BUILD)/asan SANITIZE=address CUDA=0 CFLAGS='-O1 -g' check-run
ubsan: deps-check
	@$(MAKE) --no-print-directory $(jobs) BUILD=$(BUILD)/ubsan SANITIZE=undefined CUDA=0 CFLAGS='-O1 -g' check-run
tsan: deps-check
	@$(MAKE) --no-print-directory $(jobs) BUILD=$(BUILD)/tsan SANITIZE=thread CUDA=0 CFLAGS='-O1 -g' check-run

# The library's tests for what this processor is not, without what other libraries would add. Install nothing.
PLAIN := CUDA=0 SIMT=0 SNDFILE=0 FFMPEG=0 FLAC=0 SOXR=0 HWLOC=0 JANSSON=0 YAML=0 CURL=0 ARCHIVE=0 LIBPNG=0 FFTW=0 EBUR128=0
LIB_TESTS = $(filter $(foreach part,$(1),$(BUILD)/tests/$(part)/%),$(TESTS))
ARM64_ROOT  := /usr/aarch64-linux-gnu
ARM64_TESTS := $(call LIB_TESTS,api kernels loader runtime weights)
ARM64_LACKS = $(strip $(if $(shell command -v aarch64-linux-gnu-gcc 2>/dev/null),,gcc-aarch64-linux-gnu) \
    $(if $(wildcard $(ARM64_ROOT)/include/math.h),,libc6-dev-arm64-cross) \
    $(if $(shell command -v qemu-aarch64 2>/dev/null),,qemu-user))
check-arm64:
	@[ -z '$(ARM64_LACKS)' ] || { echo 'check-arm64 needs the Debian packages $(ARM64_LACKS).' >&2; exit 1; }
	@$(MAKE) --no-print-directory $(jobs) BUILD=$(BUILD)/arm64 CC=aarch64-linux-gnu-gcc AR=aarch64-linux-gnu-ar \
	    $(PLAIN) check-arm64-run
check-arm64-run: $(ARM64_TESTS)
	@RUNNER='qemu-aarch64 -L $(ARM64_ROOT)' tests/run.sh $(ARM64_TESTS)

AVX512_TESTS := $(call LIB_TESTS,kernels models)
check-avx512:
	@echo '#include <simde/x86/avx512.h>' | $(CC) $(CPPFLAGS) -fsyntax-only -x c - 2>/dev/null || \
	    { echo 'check-avx512 needs SIMDe (libsimde-dev).' >&2; exit 1; }
	@$(MAKE) --no-print-directory $(jobs) BUILD=$(BUILD)/avx512 AVX512=emulated $(PLAIN) check-avx512-run
check-avx512-run: $(AVX512_TESTS)
	@RUNNER=env tests/run.sh $(AVX512_TESTS)

# On a GPU. Installs nothing, and takes no library but the CUDA toolkit's.
GPU_MAKE = $(MAKE) --no-print-directory $(jobs) BUILD=$(BUILD)/gpu CUDA=1 SNDFILE=0 FFMPEG=0 FLAC=0 SOXR=0 HWLOC=0 \
    JANSSON=0 YAML=0 CURL=0 ARCHIVE=0 LIBPNG=0 FFTW=0 EBUR128=0
GPU_LACKS = $(if $(shell command -v $(or $(NVCC),nvcc) 2>/dev/null),,1)
GPU_TESTS := $(CUDA_TESTS_C:tests/%.c=$(BUILD)/tests/%)
gpu-needs:
	@[ -z '$(GPU_LACKS)' ] || { echo 'A build for a GPU needs nvcc, of the CUDA toolkit 12 or newer.' >&2; exit 1; }
	@$(GPU_MAKE) $(BUILD)/gpu/cleave
	@BUILD=$(BUILD)/gpu tests/gpu.sh probe
check-gpu: gpu-needs
	@$(GPU_MAKE) check-gpu-tests
	@BUILD=$(BUILD)/gpu tests/gpu.sh
check-gpu-tests: $(GPU_TESTS)
# Figures go to RESULTS, a file a machine; single kernels, which come last, are left out after BENCH_SECONDS.
RESULTS ?= bench/results
BENCH_SECONDS ?= 420
bench-gpu: gpu-needs
	@$(GPU_MAKE) $(BUILD)/gpu/bench/bench_gpu
	@$(BUILD)/gpu/bench/bench_gpu --results $(RESULTS) --seconds $(BENCH_SECONDS)
bench-ladder: gpu-needs
	@$(GPU_MAKE) $(BUILD)/gpu/bench/bench_ladder
	@$(BUILD)/gpu/bench/bench_ladder --results $(RESULTS)

# libFuzzer on everything that reads a file from outside; needs clang. A finding stops it. The library is built apart,
# with the reference kernels alone: what they touch, the sanitizers see.
FUZZ_CC       ?= clang
FUZZ_SECONDS  ?= 120
FUZZ_SANITIZE := address,undefined,fuzzer-no-link
FUZZ_C        := $(filter-out tests/fuzz/fuzz_%.c tests/fuzz/seeds.c,$(wildcard tests/fuzz/*.c)) tests/bytes.c tests/tensor_bundle.c
FUZZ_H        := kernels/base.h kernels/half.h runtime/cleave.h $(wildcard runtime/cleave_*.h weights/*.h loader/*.h tests/*.h tests/fuzz/*.h)
FUZZ_LIB      := $(BUILD)/fuzz/lib/libcleave.a
FUZZ_CFLAGS   := -std=c17 -O1 -g -I. -D_GNU_SOURCE -pthread -fno-sanitize-recover=all -fsanitize=address,undefined
FUZZERS       := torch safetensors tensorflow weights network
$(FUZZ_LIB): FORCE
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/fuzz/lib CC=$(FUZZ_CC) ARCH=none CUDA=0 CFLAGS='-O1 -g' \
	    SANITIZE=$(FUZZ_SANITIZE) lib
$(BUILD)/fuzz/%: tests/fuzz/%.c $(FUZZ_C) $(FUZZ_LIB) $(FUZZ_H)
	@mkdir -p $(@D)
	$(call run,FUZZ)$(FUZZ_CC) $(FUZZ_CFLAGS) $(if $(filter fuzz_%,$*),-fsanitize=fuzzer) -o $@ \
	    $(filter %.c %.a,$^) -lm
fuzz: $(BUILD)/fuzz/seeds $(FUZZERS:%=$(BUILD)/fuzz/fuzz_%)
	@mkdir -p $(FUZZERS:%=$(BUILD)/fuzz/corpus/%)
	@$(BUILD)/fuzz/seeds $(BUILD)/fuzz/corpus
	@for name in $(FUZZERS); do \
	    $(BUILD)/fuzz/fuzz_$$name -max_total_time=$(FUZZ_SECONDS) -max_len=65536 -rss_limit_mb=1024 -timeout=30 \
	        -print_final_stats=1 -artifact_prefix=$(BUILD)/fuzz/$$name- $(BUILD)/fuzz/corpus/$$name || exit 1; \
	done

format:
	clang-format -i $$(git ls-files '*.c' '*.h' '*.cu' '*.cuh')

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib $(DESTDIR)$(PREFIX)/include
	install -m 755 $(BUILD)/cleave $(DESTDIR)$(PREFIX)/bin/cleave
	install -m 644 $(BUILD)/libcleave.a $(DESTDIR)$(PREFIX)/lib/libcleave.a
	install -m 644 runtime/cleave.h runtime/cleave_*.h $(DESTDIR)$(PREFIX)/include

clean:
	rm -rf $(BUILD)
