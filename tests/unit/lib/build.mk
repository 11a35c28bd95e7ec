# SPDX-License-Identifier: GPL-2.0-or-later
define lib_unit
$(call unit,lib_$1,tests/unit/lib/test_$1.c tests/unit/lib/util.c,libhv.a,$$(LIBHV_LIBS))
endef
$(foreach t,$(filter-out check_sums lease,$(patsubst tests/unit/lib/test_%.c,%,$(wildcard tests/unit/lib/test_*.c))),$(call lib_unit,$t))

# It runs the program itself.
$(O)/tests/unit/lib_cli: | $(O)/hv
$(call unit,lib_check_sums,tests/unit/lib/test_check_sums.c hvcore/cli/check_sums.c,)
comma := ,
$(call unit,lib_lease,tests/unit/lib/test_lease.c,libhv.a,\
	-Wl$(comma)--wrap=dlopen$(comma)--wrap=dlsym$(comma)--wrap=sleep)
