#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034 # kernel-drbd.bash reads them
#
# taiki-mirrord and a stock Debian kernel's DRBD 8.4 as each other's peer: either as Primary, and what goes wrong
# between them.

bats_require_minimum_version 1.5.0

# shellcheck source=tests/e2e/kernel-drbd.bash
load kernel-drbd.bash

@test "the kernel is Primary: a full sync to us, live writes, and the roles change" {
	kernel 'blockload -b 65536 -q -d 4 -n 640 write /dev/vda' >/dev/null
	fresh
	kernel_primary
	same
	kernel_writes 3
	same
	swapped
	ours_writes 2
	same
	[[ $(full_resyncs) -eq 1 ]]
}

@test "we are Primary: a full sync to the kernel, live writes, and the roles change" {
	blockload -b 65536 -q -d 4 -n 640 write "$WORK/ours.img" >/dev/null
	fresh
	ours_primary
	same
	ours_writes 3
	same
	swapped
	kernel_writes 2
	same
	[[ $(full_resyncs) -eq 1 ]]
}

@test "writes while a resync runs, the kernel its target" {
	DISK='c-plan-ahead 0; resync-rate 6M;' fresh
	ours_primary
	ours_writes 3
	ours_is connection SyncSource
	same
}

@test "writes while a resync runs, we its target" {
	fresh
	kernel_reads_at 5000000
	kernel_primary
	kernel_writes 3
	ours_is connection SyncTarget
	kernel_reads_at 0
	same
}

# broken PRIMARY DIRECTION: the link is cut in one direction while PRIMARY writes, and mended
broken() {
	local full resyncs
	full=$(full_resyncs) resyncs=$(resyncs)
	link_cut "$2"
	"$1_writes" 1
	await 60 ours_is connection WFConnection
	await 60 kernel_is cs WFConnection
	"$1_writes" 1
	run ! cmp -s -n "$(ours_state size)" "$WORK/kernel.img" "$WORK/ours.img"
	link_mend
	same
	[[ $(full_resyncs) -eq $full && $(resyncs) -gt $resyncs ]]
}

@test "the link is lost in either direction: only what was written meanwhile is copied" {
	paired kernel
	broken kernel to-us
	broken kernel to-kernel
	swapped
	broken ours to-us
	broken ours to-kernel
}

@test "our daemon is killed while the kernel writes, the kernel's side is taken down while we write" {
	paired kernel
	ours_cut
	kernel_writes 1
	ours_up
	same
	swapped
	kernel 'drbdadm down r0'
	ours_writes 1
	kernel 'drbdadm up r0'
	same
	[[ $(full_resyncs) -eq 1 && $(resyncs) -ge 2 ]]
}

@test "who has not the secret is turned away, by either side; who has is let in" {
	local alg
	for alg in md5 sha1 sha256; do
		echo 'open sesame' >"$WORK/secret"
		NET="cram-hmac-alg $alg; shared-secret \"open sesame\";"
		fresh --shared-secret-file "$WORK/secret" --cram-hmac-alg "$alg"
		mirror down r0
		await 20 ours_gone
		kernel 'drbdadm disconnect r0; drbdadm connect r0'
		echo 'open barley' >"$WORK/secret"
		ours_up --shared-secret-file "$WORK/secret" --cram-hmac-alg "$alg"
		await 60 kernel_is cs StandAlone
		await 60 ours_is connection StandAlone
		ours_cut
		kernel 'drbdadm down r0'
	done
}

@test "protocol A and B, either Primary" {
	for PROTOCOL in A B; do
		paired kernel
		kernel_writes 2
		same
		swapped
		ours_writes 2
		same
		mirror secondary r0
		ours_down
		kernel 'drbdadm down r0'
	done
}

# used IMAGE: KiB that it takes on this machine
used() { du -k "$1" | cut -f 1; }

@test "what is discarded is given back on the other side, too, and reads as zeroes" {
	local before
	paired kernel
	kernel 'blockload -b 65536 -q -d 4 -n 640 write /dev/drbd0' >/dev/null
	before=$(used "$WORK/ours.img")
	kernel 'blkdiscard -o 4194304 -l 16777216 /dev/drbd0'
	same
	[[ $(used "$WORK/ours.img") -le $((before - 16000)) ]]
	cmp -n 16777216 "$WORK/ours.img" /dev/zero -i 4194304:0
	swapped
	before=$(used "$WORK/kernel.img")
	qemu-io -f raw -c 'discard 24M 8M' -c 'write -z 34M 3M' "nbd+unix:///?socket=$NBD" >/dev/null
	same
	[[ $(used "$WORK/kernel.img") -le $((before - 8000)) ]]
	cmp -n 8388608 "$WORK/kernel.img" /dev/zero -i 25165824:0
}

@test "a thin resync, the kernel its source and its target: zeroes are given back, and not sent" {
	local before
	DISK='rs-discard-granularity 65536;'
	paired kernel --rs-discard-granularity 65536
	grep -qE ' up to date; [0-9]+ of [0-9]+ KiB were zeroes' "$WORK/ours.log"
	kernel 'dd if=/dev/urandom of=/dev/drbd0 bs=1M count=44 oflag=direct' >/dev/null 2>&1
	same
	before=$(used "$WORK/ours.img")
	link_cut both
	kernel 'blkdiscard -o 4194304 -l 16777216 /dev/drbd0; blockload -n 5 write /dev/drbd0' >/dev/null
	link_mend
	same
	echo "# from the kernel:$(grep -oE ' [0-9]+ of [0-9]+ KiB were zeroes' "$WORK/ours.log" | tail -n 1)" >&3
	[[ $(used "$WORK/ours.img") -le $((before - 15000)) ]]

	swapped
	: >"$WORK/ours.log"
	before=$(used "$WORK/kernel.img")
	link_cut both
	qemu-io -f raw -c 'discard 24M 12M' -c 'write -P 7 30M 4k' -c flush "nbd+unix:///?socket=$NBD" >/dev/null
	link_mend
	same
	echo "# to the kernel:$(grep -oE ' [0-9]+ of [0-9]+ KiB were zeroes' "$WORK/ours.log" | tail -n 1)" >&3
	grep -q 'the peer is up to date; .* KiB were zeroes' "$WORK/ours.log"
	[[ $(used "$WORK/kernel.img") -le $((before - 11000)) ]]
	[[ $(full_resyncs) -eq 0 ]]
}

# handler DIR: what has the other side fenced, there: it ends with what stands in DIR/answer, once that is there
handler() {
	cat <<-END
		#!/bin/sh
		[ "\$1" = unfence ] && exit 0
		echo asked >>$1/asked
		until [ -s $1/answer ]; do sleep 0.1; done
		exit \$(cat $1/answer)
	END
}

@test "fencing resource-and-stonith: who has lost the other stands still until it is fenced" {
	HANDLERS='fence-peer "/tmp/fence";' DISK='fencing resource-and-stonith;'
	handler "$WORK" >"$WORK/fence"
	chmod 755 "$WORK/fence"
	rm -f "$WORK"/{asked,answer}
	kernel "rm -f /tmp/asked /tmp/answer; echo $(handler /tmp | base64 -w0) | base64 -d >/tmp/fence; chmod 755 /tmp/fence"
	paired kernel --fencing resource-and-stonith --fence-peer "$WORK/fence"

	ours_cut
	kernel 'blockload -n 100 write /dev/drbd0 >/tmp/written 2>&1 &'
	await 60 kernel 'test -s /tmp/asked'
	sleep 3
	run ! kernel 'test -s /tmp/written'
	kernel 'echo 7 >/tmp/answer'
	await 60 kernel 'test -s /tmp/written'
	ours_up --fencing resource-and-stonith --fence-peer "$WORK/fence"
	same

	swapped
	kernel 'rm -f /tmp/asked /tmp/answer'
	link_cut both
	blockload -n 100 write "$NBD" >"$WORK/written" &
	await 60 test -s "$WORK/asked"
	sleep 3
	[[ ! -s $WORK/written ]]
	echo 7 >"$WORK/answer"
	await 60 test -s "$WORK/written"
	rm -f "$WORK/answer"
	link_mend
	same
}

@test "the kernel's power is cut while it writes: we have all that was acknowledged, and bring it back" {
	paired kernel
	kernel 'blockload -a -d 8 -t 1000 write /dev/drbd0 >/dev/ttyS2 2>/dev/null &'
	await 60 acked 500
	kernel_cut
	await 60 ours_is connection WFConnection
	blockload check "$WORK/ours.img" <"$WORK/acks"
	mirror primary r0
	ours_writes 1
	kernel_boot
	kernel 'drbdadm up r0'
	same
	[[ $(full_resyncs) -eq 1 ]]
}

@test "our daemon is killed while it writes: the kernel has all that was acknowledged, and brings it back" {
	paired ours
	: >"$WORK/acks"
	blockload -a -d 8 -t 1000 write "$NBD" >"$WORK/acks" 2>/dev/null &
	await 60 acked 2000
	ours_cut
	wait $! || true
	await 60 kernel_is cs WFConnection
	blockload check "$WORK/kernel.img" <"$WORK/acks"
	kernel 'drbdadm primary r0'
	kernel_writes 1
	ours_up
	same
	[[ $(full_resyncs) -eq 1 ]]
}
