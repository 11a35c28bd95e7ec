# SPDX-License-Identifier: GPL-2.0-or-later
#
# Taiki's build.  Each folder says in its build.mk what it makes, with the
# macros below; this file holds the rules and nothing else.
#
#   make deps            install what building and testing need (Debian, root)
#   make                 build everything            O=DIR  CC=clang  SANITIZE=1
#   make objects         compile and link nothing    SYNTAX=1: not even that, only look
#   make demo [KEEP=1]   a three-node cluster on this machine, and a failover
#   make check           every test of the project   ONLY=unit,lab,...
#   make e2e             the tests on real kernels in software emulation
#   make bench           ratios against the peers    ONLY=PREFIX BENCH_JSON=FILE
#   make torture         two mirrors under faults    COUNT=ROUNDS SEED=N
#   make fuzz            the fuzzers                 TIME=SECONDS ONLY=NAME
#   make install         DESTDIR= PREFIX=/usr
#   make uninstall clean

MAKEFLAGS += --no-builtin-rules --no-builtin-variables
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDEXPANSION:
SHELL := /bin/bash

ifneq ($(filter undefined default,$(origin CC)),)
CC := gcc
endif
AR          := ar
INSTALL     := install
PKG_CONFIG  := pkg-config
DESTDIR     ?=
PREFIX      ?= /usr
O           ?= build$(if $(filter clang,$(CC)),-clang)$(if $(SANITIZE),-san)
TIME        ?= 60
VERSION     := 0.1

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' '$1' '$2')

CPPFLAGS := -D_GNU_SOURCE -Ihvcore/include -I. -DTAIKI_VERSION='"$(VERSION)"'
CFLAGS   ?= -O2 -g
CFLAGS   += -std=gnu17 -fno-strict-aliasing -fstack-protector-strong -fPIE \
	-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wimplicit-fallthrough -Wpointer-arith -Wwrite-strings -Wvla \
	-Wformat=2 -Wno-missing-field-initializers -Wno-unused-parameter -Werror
# clang: <linux/kvm.h> is made for arrays behind its structures.
CFLAGS   += $(if $(filter clang%,$(CC)),-Wno-gnu-variable-sized-type-not-at-end)
LDFLAGS  ?=
LDFLAGS  += -pie -Wl,-z,relro,-z,now -Wl,--as-needed
ifdef SANITIZE
CFLAGS   += -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	-fno-omit-frame-pointer -DSANITIZE=1
LDFLAGS  += -fsanitize=address,undefined
endif
ifndef SANITIZE
CPPFLAGS += -D_FORTIFY_SOURCE=2
endif

PROGRAMS :=
UNITS    :=
FUZZERS  :=
FUZZ_OBJS :=
INSTALLS :=
OBJS     :=
EXTRAS   :=

objs = $(patsubst %.c,$(O)/%.o,$(1))

# $(call lib,NAME,SOURCES): the static library $(O)/NAME.a
define lib_
OBJS += $(call objs,$2)
$(O)/$1.a: $(call objs,$2)
	$$(call say,AR,$$@)
	$(Q)rm -f $$@ && $(AR) rcs $$@ $$^
endef
lib = $(eval $(call lib_,$(strip $1),$2))

# $(call prog,NAME,SOURCES,LIBRARIES (NAME.a),LDLIBS,INSTALL DIRECTORY): the
# program $(O)/NAME; installed below DESTDIR/PREFIX when a directory is given.
define prog_
OBJS += $(call objs,$2)
PROGRAMS += $(O)/$1
$(O)/$1: $(call objs,$2) $(addprefix $(O)/,$3)
	$$(call say,LINK,$$@)
	$(Q)mkdir -p $$(@D) && $(CC) $(CFLAGS) $(LDFLAGS) -o $$@ $$^ $4
$(if $5,INSTALLS += $(O)/$1:$5/$(notdir $1):755)
endef
prog = $(eval $(call prog_,$(strip $1),$2,$3,$4,$(strip $5)))

# $(call unit,NAME,SOURCES,LIBRARIES,LDLIBS): the unit test $(O)/tests/unit/NAME.
# Unit tests print TAP; `make check` runs them in the sanitizer build too.
define unit_
OBJS += $(call objs,$2)
UNITS += $(O)/tests/unit/$1
$(O)/tests/unit/$1: $(call objs,$2) $(addprefix $(O)/,$3)
	$$(call say,LINK,$$@)
	$(Q)mkdir -p $$(@D) && $(CC) $(CFLAGS) $(LDFLAGS) -o $$@ $$^ $4 -lcmocka
endef
unit = $(eval $(call unit_,$(strip $1),$2,$3,$4))

# $(call fuzzer,NAME,SOURCES,LDLIBS): libFuzzer harness $(O)/fuzz/NAME, built by
# clang with sanitizers; SOURCES are the harness and the real code it drives.
FUZZ_CFLAGS = $(filter-out -fPIE,$(CFLAGS)) -DFUZZING=1 -O1 \
	-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
define fuzzer_
FUZZERS += $(O)/fuzz/$1
FUZZ_OBJS += $(patsubst %.c,$(O)/fuzz-objects/%.o,$(filter %.c,$2))
$(O)/fuzz/$1: $(patsubst %.c,$(O)/fuzz-objects/%.o,$2)
	$$(call say,FUZZER,$$@)
	$(Q)mkdir -p $$(@D) && clang $(FUZZ_CFLAGS) -fsanitize=fuzzer -o $$@ $$^ $3
endef
fuzzer = $(eval $(call fuzzer_,$(strip $1),$2,$3))

# $(call install,FILE,DIRECTORY,MODE): a file that is installed as it is.
# An absolute DIRECTORY stands below DESTDIR, a relative one below PREFIX.
install = $(eval INSTALLS += $(foreach f,$1,$f:$(strip $2)/$(notdir $f):$(or $(strip $3),644)))

include $(sort $(wildcard hvcore/*/build.mk hvcore/vmm/*/build.mk \
	resource-agents/build.mk fencing/build.mk heartbeat/build.mk \
	mirror/build.mk docs/build.mk tests/build.mk tests/*/build.mk))

$(O)/%.o: %.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) $(CFLAGS_$(<F)) -MMD -MP -c -o $@ $<$(if $(SYNTAX), -fsyntax-only && touch $@)

$(O)/fuzz-objects/%.o: %.c
	$(call say,FUZZ,$<)
	$(Q)mkdir -p $(@D) && clang $(CPPFLAGS) $(FUZZ_CFLAGS) $(CFLAGS_$(<F)) -MMD -MP -c -o $@ $<

-include $(OBJS:.o=.d) $(sort $(FUZZ_OBJS:.o=.d))

.PHONY: all units objects fuzzers deps demo check e2e bench torture fuzz install uninstall clean

all: $(PROGRAMS) $$(EXTRAS)

units: $(UNITS)
objects: $(sort $(OBJS))
fuzzers: $(FUZZERS)

deps:
	$(Q)tests/tools/deps

demo: deps
	$(Q)$(MAKE) --no-print-directory all
	$(Q)O=$(O) KEEP=$(KEEP) tests/lab/demo

check: deps
	$(Q)O=$(O) ONLY=$(ONLY) MAKE="$(MAKE)" tests/tools/check

e2e: deps all
	$(Q)O=$(O) ONLY=$(ONLY) tests/tools/run e2e

bench: deps all
	$(Q)O=$(O) ONLY=$(ONLY) BENCH_JSON=$(BENCH_JSON) tests/bench/bench

torture: deps all
	$(Q)O=$(O) COUNT=$(or $(COUNT),200) SEED=$(or $(SEED),$$RANDOM) bats tests/history/mirror-torture.bats

fuzz: deps fuzzers
	$(Q)O=$(O) TIME=$(TIME) ONLY=$(ONLY) tests/fuzz/run

# INSTALLS is a list of SOURCE:DIRECTORY/NAME:MODE.
dest = $(DESTDIR)$(if $(filter /%,$1),$1,$(PREFIX)/$1)

install: all
	$(foreach i,$(INSTALLS),$(Q)$(INSTALL) -D -m $(word 3,$(subst :, ,$i)) \
		$(word 1,$(subst :, ,$i)) $(call dest,$(word 2,$(subst :, ,$i)))$(newline))

uninstall:
	$(foreach i,$(INSTALLS),$(Q)rm -f $(call dest,$(word 2,$(subst :, ,$i)))$(newline))

clean:
	$(Q)rm -rf build build-*

define newline


endef
