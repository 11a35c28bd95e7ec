# SPDX-License-Identifier: GPL-2.0-or-later
# hv-domain: everything below hvcore/vmm, and from libhv only what it needs.
# board.a: the board and its devices, for tests.
BOARD_SRCS := $(filter-out %/main.c,$(sort $(wildcard hvcore/vmm/*.c hvcore/vmm/device/*.c)))
HV_DOMAIN_SRCS := hvcore/vmm/main.c $(BOARD_SRCS) $(sort $(wildcard hvcore/vmm/engine/*.c \
	hvcore/vmm/engine/soft/*.c hvcore/vmm/virtio/*.c hvcore/vmm/block/*.c \
	hvcore/vmm/net/*.c hvcore/vmm/control/*.c))
KERNEL_LIBS := -lz -llzma -lzstd -llz4
HV_DOMAIN_LIBS = $(KERNEL_LIBS) $(VIRTIO_LIBS) -ljansson -lpthread

$(call lib,board,$(BOARD_SRCS))
$(call prog,hv-domain,$(HV_DOMAIN_SRCS),libhv.a,$$(HV_DOMAIN_LIBS),libexec/taiki)
