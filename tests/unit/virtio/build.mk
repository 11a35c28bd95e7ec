# SPDX-License-Identifier: GPL-2.0-or-later
VIRTIO_RIG := $(addprefix tests/unit/virtio/,rig.c driver.c) hvcore/vmm/ram.c

$(call unit,virtio_queue,tests/unit/virtio/test_queue.c tests/unit/virtio/toy.c $(VIRTIO_RIG),\
	virtio.a libhv.a,$(VIRTIO_LIBS))
$(call unit,virtio_transport,tests/unit/virtio/test_transport.c tests/unit/virtio/toy.c \
	$(VIRTIO_RIG),virtio.a libhv.a,$(VIRTIO_LIBS))
$(call unit,virtio_blk,tests/unit/virtio/test_blk.c $(VIRTIO_RIG),virtio.a libhv.a,$(VIRTIO_LIBS))
$(call unit,virtio_keep,tests/unit/virtio/test_keep.c $(VIRTIO_RIG),virtio.a libhv.a,$(VIRTIO_LIBS))
$(call unit,virtio_nbd,tests/unit/virtio/test_nbd.c tests/unit/virtio/disk.c $(VIRTIO_RIG),virtio.a libhv.a,\
	$(VIRTIO_LIBS))
$(call unit,virtio_vhost,$(addprefix tests/unit/virtio/,test_vhost_disk.c vhost_server.c disk.c) $(VIRTIO_RIG),\
	virtio.a libhv.a,$(VIRTIO_LIBS))
$(call unit,virtio_gate,tests/unit/virtio/test_gate.c $(VIRTIO_RIG),virtio.a libhv.a,$(VIRTIO_LIBS))
$(call unit,virtio_net,tests/unit/virtio/test_net.c $(VIRTIO_RIG),virtio.a libhv.a,$(VIRTIO_LIBS))
$(call unit,virtio_console,tests/unit/virtio/test_console.c $(VIRTIO_RIG),virtio.a libhv.a,\
	$(VIRTIO_LIBS))
$(call unit,virtio_role,tests/unit/virtio/test_role.c $(VIRTIO_RIG),virtio.a libhv.a,$(VIRTIO_LIBS))
$(call unit,virtio_balloon,tests/unit/virtio/test_balloon.c $(VIRTIO_RIG),virtio.a libhv.a,\
	$(VIRTIO_LIBS))
$(call unit,virtio_tap,tests/unit/virtio/test_tap.c hvcore/vmm/net/tap.c hvcore/vmm/net/macvtap.c,libhv.a)
$(call unit,virtio_macvtap,tests/unit/virtio/test_macvtap.c hvcore/vmm/net/tap.c hvcore/vmm/net/macvtap.c,libhv.a)
$(call unit,virtio_peers,tests/unit/virtio/test_peers.c hvcore/vmm/net/peers.c,)
$(call unit,virtio_throttle,tests/unit/virtio/test_throttle.c hvcore/vmm/virtio/throttle.c,libhv.a)
