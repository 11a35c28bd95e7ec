#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A guest of QEMU's whose disk is a mirrored volume behind vhost-user-blk.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/unit/mirror/pair.bash
load ../unit/mirror/pair.bash
# shellcheck source=tests/unit/mirror/guest.bash
load ../unit/mirror/guest.bash

setup() {
	QEMU=''
}

teardown() {
	if [[ -n $QEMU ]]; then kill -9 "$QEMU" 2>/dev/null || true; fi
	[[ -n ${BATS_TEST_COMPLETED:-} ]] || tail -n 40 "${CONSOLE:-/dev/null}" >&2 || true
	pair_end
}

# guest SCRIPT: boots one that runs it on /dev/vda and ends
guest() {
	qemu-system-x86_64 -accel tcg -cpu qemu64 -m 192 -nodefaults -display none -no-reboot -serial "file:$CONSOLE" \
		-object memory-backend-memfd,id=m,size=192M,share=on -machine q35,memory-backend=m \
		-chardev "socket,id=d,path=$PAIR/a/.mirror/r0/vhost-user.sock,reconnect=1" \
		-device vhost-user-blk-pci,chardev=d,num-queues=2 \
		-kernel "$PWD/build/guest/vmlinuz" -initrd "$PWD/build/guest/initrd.gz" \
		-append "console=ttyS0 no_timer_check quiet panic=-1 taiki.exec=$(base64 -w0 <<<"$1") taiki.once" \
		>"$PAIR/qemu.log" 2>&1 3>&- &
	QEMU=$!
}

# mirrored: two mirrors, in sync, a is Primary
mirrored() {
	"$PWD/tests/tools/guest-image" "$PWD/build/guest" >/dev/null 2>&1
	pair_new 32M
	CONSOLE=$PAIR/console
	up a
	up b
	await is a connection Connected
	mirror a primary r0 --force
	synced
}

@test "a guest writes, its mirrord is killed and comes back, and it reads all that it has written" {
	mirrored
	guest "$WRITER"
	says_in 180 'ACK 5$'
	says "size $(($(status a size) / 512))"
	is a vhost-user-clients 1
	run ! mirror a secondary r0
	[[ $output == *"in use"* ]]
	die a
	up a
	await is a connection Connected
	await mirror a primary r0
	says_in 180 VERIFIED
	wait "$QEMU"
	QEMU=''
	await is a vhost-user-clients 0
	synced
	same
	says 'ACK 60$'
	qemu-io -f raw -r -c 'read 64k 3840k' "$(nbd a)" >/dev/null
}

@test "the volume grows: the guest sees the new size while it runs, writes to what is new, and both copies have it" {
	mirrored
	guest "$GROWER"
	grows_for 180
	wait "$QEMU"
	QEMU=''
	synced
	await is a out-of-sync 0
	same
}
