# SPDX-License-Identifier: GPL-2.0-or-later
# The core of `soft`: its decoder, its caches, its traps.
$(call unit,soft_decode,tests/unit/soft/test_decode.c hvcore/vmm/ram.c hvcore/vmm/clock.c,\
	engine.a libhv.a,-pthread -lZydis)
$(call unit,soft_traps,tests/unit/soft/test_traps.c tests/unit/soft/programs.c hvcore/vmm/ram.c \
	hvcore/vmm/clock.c,engine.a libhv.a,-pthread)
$(call unit,soft_stress,tests/unit/soft/test_stress.c tests/unit/flat/vm.c hvcore/vmm/ram.c \
	hvcore/vmm/clock.c,flat/guests.a engine.a libhv.a,-pthread)
$(call unit,soft_random,tests/unit/soft/test_random.c hvcore/vmm/ram.c hvcore/vmm/clock.c,\
	engine.a libhv.a,-pthread)
