# SPDX-License-Identifier: GPL-2.0-or-later
$(call fuzzer,fuzz_qmp,tests/fuzz/fuzz_qmp.c tests/unit/control/fakes.c \
	$(addprefix hvcore/vmm/control/,framer.c dispatch.c commands.c devices.c fds.c limits.c standby.c qmp.c) hvcore/vmm/listen.c \
	hvcore/lib/err.c hvcore/lib/limits.c hvcore/lib/limits_json.c hvcore/lib/rundir.c hvcore/lib/standby_name.c,-ljansson)

FUZZ_VIRTIO := tests/fuzz/virtio_program.c tests/unit/virtio/rig.c tests/unit/virtio/driver.c \
	$(addprefix hvcore/vmm/virtio/,transport.c common.c queue.c) hvcore/vmm/ram.c hvcore/lib/err.c
$(call fuzzer,fuzz_virtq,tests/fuzz/fuzz_virtq.c $(FUZZ_VIRTIO),-ljansson)
FUZZ_BLOCK := $(FUZZ_VIRTIO) $(wildcard hvcore/vmm/block/*.c hvcore/vmm/virtio/blk*.c hvcore/vmm/jail*.c) hvcore/vmm/virtio/throttle.c \
	$(addprefix hvcore/lib/,guard.c image.c image_holder.c image_open.c lease.c limits.c limits_json.c nbd_greet.c probe.c unix_connect.c vhost_greet.c vhost_wire.c)
$(call fuzzer,fuzz_virtio_blk,tests/fuzz/fuzz_virtio_blk.c $(FUZZ_BLOCK),-ljansson -luring)
$(call fuzzer,fuzz_nbd_client,tests/fuzz/fuzz_nbd_client.c $(FUZZ_BLOCK),-ljansson -luring)
$(call fuzzer,fuzz_vhost_client,tests/fuzz/fuzz_vhost_client.c $(FUZZ_BLOCK),-ljansson -luring)
$(call fuzzer,fuzz_virtio_net,tests/fuzz/fuzz_virtio_net.c $(FUZZ_VIRTIO) \
	$(wildcard hvcore/vmm/virtio/net*.c) hvcore/vmm/net/peers.c hvcore/vmm/virtio/throttle.c hvcore/lib/limits.c hvcore/lib/limits_json.c,-ljansson)
$(call fuzzer,fuzz_virtio_console,tests/fuzz/fuzz_virtio_console.c $(FUZZ_VIRTIO) \
	$(wildcard hvcore/vmm/virtio/console*.c hvcore/vmm/virtio/role*.c),-ljansson)
$(call fuzzer,fuzz_virtio_balloon,tests/fuzz/fuzz_virtio_balloon.c $(FUZZ_VIRTIO) \
	$(wildcard hvcore/vmm/virtio/balloon*.c),-ljansson)
$(call fuzzer,fuzz_virtio_rng,tests/fuzz/fuzz_virtio_rng.c $(FUZZ_VIRTIO) hvcore/vmm/virtio/rng.c,\
	-ljansson)
$(call fuzzer,fuzz_fence_message,tests/fuzz/fuzz_fence_message.c fencing/message.c fencing/framer.c \
	hvcore/lib/crc.c)
$(call fuzzer,fuzz_fence_keys,tests/fuzz/fuzz_fence_keys.c fencing/door_keys_parse.c \
	hvcore/lib/rundir.c hvcore/lib/standby_name.c hvcore/lib/err.c)
$(call fuzzer,fuzz_kernel,tests/fuzz/fuzz_kernel.c hvcore/vmm/kernel.c hvcore/vmm/payload.c \
	hvcore/lib/err.c,$(KERNEL_LIBS))
$(call fuzzer,fuzz_ports,tests/fuzz/fuzz_ports.c tests/unit/board/rig.c hvcore/vmm/board.c \
	hvcore/vmm/clock.c hvcore/vmm/loop.c hvcore/vmm/timers.c hvcore/vmm/log.c \
	hvcore/vmm/logfile.c hvcore/vmm/chardev.c hvcore/vmm/chardev_client.c hvcore/vmm/pci.c hvcore/vmm/pci_msix.c hvcore/vmm/pci_window.c \
	$(wildcard hvcore/vmm/device/*.c) hvcore/vmm/listen.c hvcore/lib/err.c hvcore/lib/config.c,-ljansson -lcmocka)
$(call fuzzer,fuzz_definition,tests/fuzz/fuzz_definition.c $(wildcard hvcore/lib/definition*.c) \
	$(addprefix hvcore/lib/,config.c config_check.c config_heartbeat.c config_standby.c config_fields.c config_json.c config_tune.c cpuset.c limits.c derive.c encode.c err.c mac.c role.c role_message.c crc.c rundir.c standby_name.c),\
	$$(LIBHV_LIBS))
$(call fuzzer,fuzz_config,tests/fuzz/fuzz_config.c \
	$(addprefix hvcore/lib/,config.c config_check.c config_heartbeat.c config_standby.c config_fields.c config_json.c config_tune.c cpuset.c limits.c err.c mac.c role.c role_message.c crc.c rundir.c standby_name.c),-ljansson)
$(call fuzzer,fuzz_beat,tests/fuzz/fuzz_beat.c heartbeat/beat.c hvcore/lib/crc.c,)
$(call fuzzer,fuzz_role,tests/fuzz/fuzz_role.c $(addprefix hvcore/lib/,crc.c role.c role_feed.c),)
$(call fuzzer,fuzz_fence_order,tests/fuzz/fuzz_fence_order.c fencing/message.c \
	$(addprefix fencing/,authorise.c order.c order_duty.c order_message.c order_state.c \
	order_table.c pack.c) hvcore/lib/crc.c,)
$(call fuzzer,fuzz_heartbeat_heard,tests/fuzz/fuzz_heartbeat_heard.c \
	$(addprefix heartbeat/,agent_read.c ask.c lines.c qmp_read.c) hvcore/lib/rundir.c hvcore/lib/standby_name.c hvcore/lib/err.c,\
	-ljansson)
$(call fuzzer,fuzz_heartbeat_state,tests/fuzz/fuzz_heartbeat_state.c heartbeat/state.c \
	hvcore/lib/replace.c hvcore/lib/rundir.c hvcore/lib/standby_name.c hvcore/lib/err.c,-lz)
$(call fuzzer,fuzz_guest_conf,tests/fuzz/fuzz_guest_conf.c heartbeat/guest/options.c,)
$(call fuzzer,fuzz_mirror_meta,tests/fuzz/fuzz_mirror_meta.c $(addprefix mirror/drbd/,crc32c.c \
	meta_al.c meta_layout.c meta_replay.c meta_super.c),)
$(call fuzzer,fuzz_ledger,tests/fuzz/fuzz_ledger.c \
	$(addprefix hvcore/lib/,capacity.c capacity_measure.c err.c crc.c host_conf.c ledger_text.c),)
$(call fuzzer,fuzz_mirror_wire,tests/fuzz/fuzz_mirror_wire.c $(addprefix mirror/drbd/,state_word.c wire.c \
	wire_bits.c wire_fields.c wire_table.c),)
$(call fuzzer,fuzz_plan,tests/fuzz/fuzz_plan.c $(wildcard hvcore/lib/plan*.c) \
	$(addprefix hvcore/cli/plan_,constraints.c cut.c history.c hosts.c items.c needs.c parse.c read.c rule.c values.c) \
	$(filter-out hvcore/lib/definition_read.c,$(wildcard hvcore/lib/definition*.c)) \
	$(addprefix hvcore/lib/,config.c config_check.c config_heartbeat.c config_standby.c config_fields.c config_json.c config_tune.c cpuset.c limits.c derive.c encode.c err.c ledger_entry.c ledger_sum.c live_change.c config_edit.c limits_json.c mac.c role.c role_message.c crc.c rundir.c standby_name.c),\
	$$(LIBHV_LIBS))

$(call fuzzer,fuzz_link,tests/fuzz/fuzz_link.c resource-agents/link_parse.c resource-agents/link_options.c,$(LIBNL_CFLAGS) $(LIBNL_LIBS))
FUZZ_MIRROR_VOLUME := tests/fuzz/mirror_volume.c mirror/engine/loop.c mirror/engine/linger.c
$(call fuzzer,fuzz_nbd_server,tests/fuzz/fuzz_nbd_server.c $(FUZZ_MIRROR_VOLUME) mirror/export/door.c \
	$(wildcard mirror/export/nbd*.c),-luring)
$(call fuzzer,fuzz_vhost_user,tests/fuzz/fuzz_vhost_user.c $(FUZZ_MIRROR_VOLUME) mirror/export/door.c \
	$(wildcard mirror/export/vhost*.c) hvcore/lib/daemon_log.c,-luring)
$(call fuzzer,fuzz_multipath_json,tests/fuzz/fuzz_multipath_json.c $(addprefix resource-agents/multipath_,judge.c past.c read.c) \
	$(addprefix hvcore/lib/,err.c replace.c rundir.c standby_name.c),-ljansson)
