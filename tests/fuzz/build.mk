# SPDX-License-Identifier: GPL-2.0-or-later
$(call fuzzer,fuzz_qmp,tests/fuzz/fuzz_qmp.c tests/unit/control/fakes.c \
	$(addprefix hvcore/vmm/control/,framer.c dispatch.c commands.c devices.c qmp.c) \
	hvcore/lib/err.c hvcore/lib/rundir.c,-ljansson)
