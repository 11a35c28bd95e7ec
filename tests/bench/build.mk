# SPDX-License-Identifier: GPL-2.0-or-later
$(call prog,bench/stamp,tests/bench/stamp.c,,)
$(call prog,bench/probe,tests/bench/probe.c,,)

# What runs inside the guests: static, and the smallest that can be seen to start.
$(O)/bench/guestio: tests/bench/guestio.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) -D_GNU_SOURCE -O2 -static -o $@ $<

$(O)/bench/flat: tests/bench/flat.S
	$(call say,AS,$<)
	$(Q)mkdir -p $(@D) && gcc -m32 -nostdlib -static -Wl,-N,--no-warn-rwx-segments,-Ttext=0x100000,--section-start=.note.Xen=0x101000,--build-id=none -o $@ $<

EXTRAS += $(O)/bench/guestio $(O)/bench/flat
$(call prog,bench/beaters,tests/bench/beaters.c,libhv.a libbeat.a,-ljansson)

$(O)/bench/balloon: tests/bench/balloon.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && gcc -m32 -O2 -ffreestanding -fno-pic -fno-pie -fno-stack-protector -mno-sse -fno-asynchronous-unwind-tables -Wall -Wextra \
		-Wno-pointer-to-int-cast -nostdlib -static -Wl,-N,--no-warn-rwx-segments,-Ttext=0x100000,--section-start=.note.Xen=0x180000,--build-id=none -o $@ $<
EXTRAS += $(O)/bench/balloon

# What loads disks and exports; static, for guests that have no libraries.
BLOCKLOAD := $(addprefix tests/bench/,blockload.c blockload_disk.c blockload_nbd.c blockload_vhost.c)
$(call prog,bench/blockload,$(BLOCKLOAD),,-luring)
$(O)/bench/blockload-static: $(BLOCKLOAD) tests/bench/blockload.h
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) -D_GNU_SOURCE -I. -O2 -static -o $@ $(filter %.c,$^) -luring
EXTRAS += $(O)/bench/blockload-static
