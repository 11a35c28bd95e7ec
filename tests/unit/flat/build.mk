# SPDX-License-Identifier: GPL-2.0-or-later
# Flat guests: assembled, linked at their physical addresses, and put into the
# test program as they are.
FLAT_SRC := $(sort $(wildcard tests/unit/flat/guests/*.S))
FLAT_ELF := $(patsubst tests/unit/flat/guests/%.S,$(O)/flat/%.elf,$(FLAT_SRC))

$(O)/flat/%.elf: tests/unit/flat/guests/%.S tests/unit/flat/guests/flat.ld $(wildcard tests/unit/flat/guests/*.inc)
	$(call say,AS,$<)
	$(Q)mkdir -p $(@D) && gcc -nostdlib -static -no-pie -Wl,--build-id=none \
		-Wl,-T,tests/unit/flat/guests/flat.ld \
		-Wl,--no-warn-rwx-segments -o $@ $<

$(O)/flat/guests.a: $(FLAT_ELF)
	$(call say,AR,$@)
	$(Q)for g in $(basename $(notdir $(FLAT_ELF))); do printf \
		'.globl flat_%s, flat_%s_end\n.balign 8\nflat_%s: .incbin "$(O)/flat/%s.elf"\nflat_%s_end:\n' \
		$$g $$g $$g $$g $$g; done >$(O)/flat/guests.s && \
		printf '.section .note.GNU-stack,"",@progbits\n' >>$(O)/flat/guests.s
	$(Q)sed -i '1i .section .rodata' $(O)/flat/guests.s && \
		gcc -c -o $(O)/flat/guests.o $(O)/flat/guests.s && \
		rm -f $@ && $(AR) rcs $@ $(O)/flat/guests.o

FLAT_RIG := tests/unit/flat/vm.c hvcore/vmm/ram.c hvcore/vmm/clock.c
$(call unit,engine_flat,tests/unit/flat/test_flat.c $(FLAT_RIG),flat/guests.a engine.a libhv.a,-pthread)
$(call unit,engine_ops,tests/unit/flat/test_engine.c $(FLAT_RIG),flat/guests.a engine.a libhv.a,-pthread)
