# SPDX-License-Identifier: GPL-2.0-or-later
$(O)/e2e/spin: tests/e2e/spin.S
	$(call say,AS,$<)
	$(Q)mkdir -p $(@D) && gcc -m32 -nostdlib -static -Wl,-N,--no-warn-rwx-segments,-Ttext=0x100000,--section-start=.note.Xen=0x101000,--build-id=none -o $@ $<

EXTRAS += $(O)/e2e/spin

$(call prog,e2e/tsc,tests/e2e/tsc.c,,)

# A guest that writes, without a Linux (tests/unit/board/guests).
$(O)/e2e/writer: tests/unit/board/guests/writer.c tests/unit/board/guests/small.h tests/unit/board/guests/life.ld
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && gcc -m32 -O1 -ffreestanding -fno-pic -fno-stack-protector -nostdlib -static -no-pie \
		-Wl,--build-id=none,--no-warn-rwx-segments,-T,tests/unit/board/guests/life.ld -o $@ $<

EXTRAS += $(O)/e2e/writer

# A peer of a kernel's DRBD that asks what its rules are.
$(call prog,e2e/drbd-rules,tests/e2e/drbd-rules.c tests/unit/mirror/talk.c tests/unit/mirror/tool.c,mirror_rules.a mirror_drbd.a,-lcmocka)
