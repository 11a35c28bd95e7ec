# SPDX-License-Identifier: GPL-2.0-or-later
$(call unit,vmm_jail,tests/unit/jail/test_jail.c hvcore/vmm/jail.c hvcore/vmm/jail_seccomp.c \
	hvcore/lib/err.c,,-pthread)
$(call prog,tests/unit/jail/take_guard,tests/unit/jail/take_guard.c,libhv.a)
