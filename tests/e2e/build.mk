# SPDX-License-Identifier: GPL-2.0-or-later
$(O)/e2e/spin: tests/e2e/spin.S
	$(call say,AS,$<)
	$(Q)mkdir -p $(@D) && gcc -m32 -nostdlib -static -Wl,-N,--no-warn-rwx-segments,-Ttext=0x100000,--section-start=.note.Xen=0x101000,--build-id=none -o $@ $<

EXTRAS += $(O)/e2e/spin

$(call prog,e2e/tsc,tests/e2e/tsc.c,,)
