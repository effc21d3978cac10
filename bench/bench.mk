# SPDX-License-Identifier: Apache-2.0
# The programs of the bench, beside the Makefile's variables and rules:
#     make -f Makefile -f bench/bench.mk bench-programs

BENCH := $(BUILD)/bench

.SECONDARY:
.PHONY: bench-programs
bench-programs: $(addprefix $(BENCH)/,login thin_daemon sink distance pam_thin.so pam_curl.so)

$(BENCH)/%: $(BUILD)/obj/bench/%.o
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $< $(LIBS_bench_$*)
LIBS_bench_login := -lpam

$(BENCH)/pam_%.so: $(BUILD)/obj/bench/pam_%.o
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_ALL) -shared -o $@ $< $(LIBS_bench_pam_$*) -lpam
LIBS_bench_pam_curl := -lcurl
