# SPDX-License-Identifier: Apache-2.0
# Plain GNU make. `make help` lists the targets. Nothing is built outside build/.

VERSION := 0.1.0
SONAME  := libdblabauth.so.1

PREFIX     ?= /usr/local
LIBDIR     ?= $(PREFIX)/lib/$(shell gcc -print-multiarch 2>/dev/null)
SBINDIR    ?= $(PREFIX)/sbin
BINDIR     ?= $(PREFIX)/bin
LIBEXECDIR ?= $(PREFIX)/libexec/dblab-auth
INCLUDEDIR ?= $(PREFIX)/include
MANDIR     ?= $(PREFIX)/share/man
DOCDIR     ?= $(PREFIX)/share/doc/dblab-auth
SECURITYDIR ?= /lib/$(shell gcc -print-multiarch 2>/dev/null)/security
SYSCONFDIR ?= /etc
UNITDIR    ?= /lib/systemd/system
SYSUSERSDIR ?= /usr/lib/sysusers.d

# Variants share nothing: make VARIANT=asan builds into build/asan.
VARIANT ?=
BUILD   := build$(if $(VARIANT),/$(VARIANT))
CC      ?= cc

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes \
            -Wmissing-prototypes -Wold-style-definition -Wswitch-enum -Wundef -Wvla \
            -Wpointer-arith -Wwrite-strings -Wformat=2 -Wcast-qual -Wnull-dereference
WERROR   ?=
HARDEN   := -fstack-protector-strong -fstack-clash-protection -D_FORTIFY_SOURCE=2 \
            -fcf-protection=full -fPIC
HARDEN_LD := -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed

OPT ?= -O2 -g
ifeq ($(VARIANT),asan)
OPT    := -O1 -g -fno-omit-frame-pointer
HARDEN := -fPIC -fsanitize=address,undefined -fno-sanitize-recover=all
HARDEN_LD := -fsanitize=address,undefined
endif
ifeq ($(VARIANT),fuzz)
CC     := clang
OPT    := -O1 -g -fno-omit-frame-pointer
HARDEN := -fPIC -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
HARDEN_LD := -fsanitize=address,undefined
endif

CPPFLAGS_ALL := -D_GNU_SOURCE -Ilibdblabauth -Ilibdblabauth/include -I. \
                -DDBA_VERSION='"$(VERSION)"' $(CPPFLAGS)
CFLAGS_ALL := -std=c17 $(OPT) $(WARNINGS) $(WERROR) $(HARDEN) -fvisibility=hidden -pthread \
              $(CFLAGS)
LDFLAGS_ALL := $(HARDEN_LD) -pthread $(LDFLAGS)

# Foreign libraries, by who may link them (design.md: the module and the library need none).
LIBS_core    := -lsodium
LIBS_keeper  := -lconfig -levent_core -lcap -lsodium -lkeyutils
LIBS_checker := -lcurl -ljansson -levent_core -lseccomp
LIBS_test    := -lcmocka $(LIBS_keeper) $(LIBS_checker)

Q := $(if $(V),,@)
say = $(if $(V),@:,@printf '  %-6s %s\n' $(1) $(2))

SRC_lib     := $(wildcard libdblabauth/base/*.c libdblabauth/model/*.c libdblabauth/wire/*.c \
                          libdblabauth/client/*.c)
SRC_core    := $(wildcard libdblabauth/core/*.c)
SRC_common  := $(wildcard dblab-authd/common/*.c)
SRC_keeper  := $(wildcard dblab-authd/keeper/*.c)
SRC_checker := $(wildcard dblab-authd/checker/*.c)
SRC_module  := $(wildcard pam_dblab/*.c)
SRC_command := $(wildcard dblab-auth/*.c)
SRC_unit    := $(wildcard tests/unit/test_*.c)
SRC_support := $(wildcard tests/support/*.c)
SRC_sim     := $(wildcard tests/sim/*.c)
SRC_platform := $(wildcard tests/platform/*.c)
SRC_fuzz    := $(wildcard tests/fuzz/fuzz_*.c)
SRC_bench   := $(wildcard bench/*.c)
SRC_all     := $(SRC_lib) $(SRC_core) $(SRC_common) $(SRC_keeper) $(SRC_checker) $(SRC_module) \
               $(SRC_command) $(SRC_unit) $(SRC_support) $(SRC_sim) $(SRC_platform) $(SRC_fuzz)

obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

PROGRAMS := $(BUILD)/dblab-authd $(BUILD)/dblab-authd-checker $(BUILD)/dblab-auth
LIBRARY  := $(BUILD)/$(SONAME)
MODULE   := $(BUILD)/pam_dblab.so
UNIT     := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(SRC_unit))

.PHONY: all
all: $(PROGRAMS) $(LIBRARY) $(MODULE) $(BUILD)/dblabauth.pc

$(BUILD)/obj/%.o: %.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

# The paths are compiled into one file, which is made anew when they change (install PREFIX=...).
PATHS := -DDBA_LIBEXECDIR='"$(LIBEXECDIR)"' -DDBA_SYSCONFDIR='"$(SYSCONFDIR)"'
$(call obj,dblab-authd/keeper/main.c): CPPFLAGS_ALL += $(PATHS)
$(call obj,dblab-authd/keeper/main.c): $(BUILD)/paths
$(BUILD)/paths: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' "$(LIBEXECDIR) $(SYSCONFDIR)" | cmp -s - $@ || \
	    printf '%s\n' "$(LIBEXECDIR) $(SYSCONFDIR)" > $@
.PHONY: FORCE
FORCE:

define archive
$$(BUILD)/$(1).a: $$(call obj,$(2))
	$$(call say,AR,$$@)
	@mkdir -p $$(@D)
	$$(Q)rm -f $$@ && ar rcs $$@ $$^
endef
not_main = $(filter-out %/main.c,$(1))
$(eval $(call archive,lib,$(SRC_lib)))
$(eval $(call archive,core,$(SRC_core)))
$(eval $(call archive,common,$(SRC_common)))
$(eval $(call archive,keeper,$(call not_main,$(SRC_keeper))))
$(eval $(call archive,checker,$(call not_main,$(SRC_checker))))
$(eval $(call archive,module,$(SRC_module)))
$(eval $(call archive,command,$(call not_main,$(SRC_command))))
$(eval $(call archive,support,$(SRC_support)))
ARCHIVES := $(foreach a,support command keeper checker core common lib,$(BUILD)/$(a).a)

$(BUILD)/dblab-authd: $(call obj,dblab-authd/keeper/main.c) \
                      $(foreach a,keeper core common lib,$(BUILD)/$(a).a)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -pie -o $@ $^ $(LIBS_keeper)

$(BUILD)/dblab-authd-checker: $(call obj,dblab-authd/checker/main.c) \
                              $(foreach a,checker common lib,$(BUILD)/$(a).a)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -pie -o $@ $^ $(LIBS_checker)

$(BUILD)/dblab-auth: $(call obj,dblab-auth/main.c) $(foreach a,command lib,$(BUILD)/$(a).a)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -pie -o $@ $^

# dblabauth.c alone is visible, by the version script.
$(LIBRARY): $(call obj,$(SRC_lib)) libdblabauth/libdblabauth.map
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -shared -Wl,-soname,$(SONAME) \
	    -Wl,--version-script=libdblabauth/libdblabauth.map $(if $(VARIANT),,-Wl,-z,defs) \
	    -o $@ $(filter %.o,$^)
	$(Q)ln -sf $(SONAME) $(BUILD)/libdblabauth.so

$(MODULE): $(call obj,$(SRC_module)) $(BUILD)/lib.a pam_dblab/pam_dblab.map
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -shared -Wl,--version-script=pam_dblab/pam_dblab.map \
	    $(if $(VARIANT),,-Wl,-z,defs) -o $@ $(filter %.o %.a,$^) -lpam

$(BUILD)/dblabauth.pc: Makefile
	@mkdir -p $(@D)
	$(Q)printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$(LIBDIR)' 'includedir=$(INCLUDEDIR)' '' \
	    'Name: dblabauth' 'Description: Database Lab token authentication' \
	    'Version: $(VERSION)' 'Libs: -L$${libdir} -ldblabauth' \
	    'Cflags: -I$${includedir}' > $@

# ---- tests ----
$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(ARCHIVES)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_test) $(LIBS_unit_$*)

$(BUILD)/simulate: $(call obj,$(SRC_sim)) $(BUILD)/core.a $(BUILD)/lib.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_core) -lm

$(BUILD)/platformd: $(call obj,$(SRC_platform))
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ -lnghttp2 -lssl -lcrypto

# Fuzz targets link everything; libFuzzer brings main().
$(BUILD)/fuzz_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(ARCHIVES)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -fsanitize=fuzzer -o $@ $^ $(LIBS_keeper) $(LIBS_checker)

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
-include tests/tests.mk install.mk

.PHONY: clean
clean:
	rm -rf build
