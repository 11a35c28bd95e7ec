# SPDX-License-Identifier: GPL-2.0-or-later
$(call unit,engine_choose,tests/unit/engine/test_choose.c hvcore/vmm/engine/choose.c \
	hvcore/lib/err.c hvcore/lib/replace.c)
$(call unit,engine_cpuid,tests/unit/engine/test_cpuid.c \
	hvcore/vmm/engine/cpuid.c hvcore/vmm/engine/kvm_features.c hvcore/lib/err.c)
