# SPDX-License-Identifier: GPL-2.0-or-later
BOARD_RIG := tests/unit/board/rig.c
board_unit = $(call unit,board_$1,tests/unit/board/test_$1.c $2,board.a libhv.a,\
	$(KERNEL_LIBS) -ljansson -pthread)

$(call prog,tests/unit/board/look,tests/unit/board/look.c,libhv.a)

$(call board_unit,interrupts,$(BOARD_RIG))
$(call board_unit,time,$(BOARD_RIG))
$(call board_unit,watchdog,$(BOARD_RIG))
$(call board_unit,pci,$(BOARD_RIG))
$(call board_unit,kernel)
$(call board_unit,acpi,$(BOARD_RIG))
$(call board_unit,console,$(BOARD_RIG))
$(call board_unit,base,$(BOARD_RIG))
$(call unit,board_adopt,tests/unit/board/test_adopt.c hvcore/vmm/adopt.c hvcore/vmm/progress.c hvcore/vmm/clock.c,\
	libhv.a,-ljansson -pthread)
