# SPDX-License-Identifier: GPL-2.0-or-later
# virtio.a: the devices and their backends, and the jail that one of these has a process in; linked with
# $(VIRTIO_LIBS).
VIRTIO_SRCS := $(sort $(wildcard hvcore/vmm/virtio/*.c hvcore/vmm/block/*.c hvcore/vmm/net/*.c))
VIRTIO_LIBS := -luring -ljansson
$(call lib,virtio,$(VIRTIO_SRCS) $(wildcard hvcore/vmm/jail*.c))
