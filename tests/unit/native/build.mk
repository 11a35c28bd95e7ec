# SPDX-License-Identifier: GPL-2.0-or-later
$(call unit,engine_native,$(wildcard tests/unit/native/*.c) hvcore/vmm/ram.c hvcore/vmm/clock.c,\
	engine.a libhv.a,-pthread -ljansson)
