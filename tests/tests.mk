# SPDX-License-Identifier: Apache-2.0
# Targets that test. `make check` is all of it; the others are its parts.

PYTEST := /usr/bin/python3 -m pytest -q -p no:cacheprovider

# Debian and Ubuntu name these alike. Build, then run-time of the tests.
PACKAGES_build := gcc make pkg-config libpam0g-dev libcurl4-openssl-dev libjansson-dev \
    libconfig-dev libsodium-dev libevent-dev uthash-dev libcap-dev libseccomp-dev \
    libkeyutils-dev
PACKAGES_demo := $(PACKAGES_build) libssl-dev libnghttp2-dev openssl ca-certificates \
    openssh-server openssh-client sudo pgbouncer postgresql python3 python3-pexpect iproute2 \
    util-linux procps
PACKAGES_check := $(PACKAGES_demo) clang libclang-rt-14-dev libcmocka-dev libnss-wrapper \
    python3-pytest python3-paramiko nginx-core libnginx-mod-http-auth-pam mandoc
PACKAGES_static := clang-tidy clang-format cppcheck

define need
	@missing=$$(dpkg-query -W -f='$${Package} $${Status}\n' $(1) 2>/dev/null | \
	  awk '/ok installed/ {print $$1}' | sort > .need.$$$$; \
	  printf '%s\n' $(1) | sort | comm -23 - .need.$$$$; rm -f .need.$$$$); \
	if [ -n "$$missing" ]; then \
	  echo "installing:" $$missing; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	    apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	fi
endef

.PHONY: packages-demo packages-check packages-static
packages-demo:
	$(call need,$(PACKAGES_demo))
packages-check:
	$(call need,$(PACKAGES_check))
packages-static:
	$(call need,$(PACKAGES_static))

# The build comes after the packages, in a make of its own: wildcards and pkg-config look anew.
.PHONY: check demo
check: packages-check
	@$(MAKE) --no-print-directory WERROR=-Werror all tests
	@$(MAKE) --no-print-directory WERROR=-Werror VARIANT=asan all tests
	@tests/run.py

demo: packages-demo
	@$(MAKE) --no-print-directory all $(BUILD)/platformd
	@KEEP=$(KEEP) DBA_BUILD=$(BUILD) /usr/bin/python3 tests/demo/demo.py

# Further test programs: each folder adds its own.
TEST_PROGRAMS := $(BUILD)/pam-runner $(BUILD)/simulate $(if $(VARIANT),,$(BUILD)/platformd)

$(BUILD)/pam-runner: $(call obj,$(wildcard tests/pam/*.c)) $(BUILD)/support.a $(BUILD)/lib.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ -lpam

# Allocations of our own code can be made to fail (tests/support/failalloc.h).
FAILALLOC := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray,--wrap=strdup,--wrap=strndup,--wrap=free
LIBS_unit_test_identity := $(FAILALLOC)
LIBS_unit_test_policy   := $(FAILALLOC)
LIBS_unit_test_settings := $(FAILALLOC)
LIBS_unit_test_config   := $(FAILALLOC)
LIBS_unit_test_option   := $(FAILALLOC)

.PHONY: tests unit
tests: $(UNIT) $(TEST_PROGRAMS)
unit: $(UNIT)
	@tests/run.py unit

.PHONY: sim sim-mutants
SIM_SECONDS ?= 60
sim: $(BUILD)/simulate
	@$(BUILD)/simulate $(if $(SEED),--seed $(SEED) --log,--seconds $(SIM_SECONDS))
sim-mutants:
	@tests/sim/mutants.sh

# FUZZ_SECONDS for each target; what is found is kept in build/, to be added to the corpus.
.PHONY: fuzz
FUZZ_SECONDS ?= 600
FUZZ_TARGETS := $(patsubst tests/fuzz/fuzz_%.c,%,$(SRC_fuzz))
fuzz:
	@$(MAKE) --no-print-directory VARIANT=fuzz $(addprefix build/fuzz/fuzz_,$(FUZZ_TARGETS))
	@tests/fuzz/run.sh $(FUZZ_SECONDS) $(FUZZ_TARGETS)

.PHONY: bench
BENCH_SECONDS ?= 300
bench: packages-check
	@$(MAKE) --no-print-directory all $(BUILD)/platformd
	@DBA_BUILD=$(BUILD) /usr/bin/python3 bench/run.py --seconds $(BENCH_SECONDS)

# ---- static checks ----
SRC_c := $(SRC_all) $(SRC_bench) $(wildcard tests/pam/*.c libdblabauth/example/*.c)
SRC_h := $(shell find libdblabauth pam_dblab dblab-authd dblab-auth tests bench -name '*.h')

.PHONY: static format tidy cppcheck format-check
format:
	clang-format -i $(SRC_c) $(SRC_h)
format-check:
	clang-format --dry-run -Werror $(SRC_c) $(SRC_h)
tidy:
	clang-tidy --quiet $(SRC_lib) $(SRC_core) $(SRC_common) $(SRC_keeper) $(SRC_checker) \
	    $(SRC_module) $(SRC_command) -- -std=c17 $(CPPFLAGS_ALL) $(PATHS)
cppcheck:
	cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
	    --error-exitcode=1 --suppressions-list=tests/cppcheck.txt -D_GNU_SOURCE \
	    -Ilibdblabauth -I. $(SRC_lib) $(SRC_core) $(SRC_common) $(SRC_keeper) $(SRC_checker) \
	    $(SRC_module) $(SRC_command)
static: packages-static
	@$(MAKE) --no-print-directory format-check
	@$(MAKE) --no-print-directory cppcheck
	@$(MAKE) --no-print-directory tidy
	@$(MAKE) --no-print-directory CC=clang WERROR=-Werror BUILD=build/clang all
