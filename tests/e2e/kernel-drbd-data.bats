#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034 # kernel-drbd.bash reads them
#
# What taiki-mirrord and a stock Debian kernel's DRBD 8.4 find of each other's data: verify, checksums, generations;
# and one disk that is served by the kernel, by user space and by the kernel again.

bats_require_minimum_version 1.5.0

# shellcheck source=tests/e2e/kernel-drbd.bash
load kernel-drbd.bash

teardown() {
	moved_cut
	drbd_test_end
}

# planted SIDE OFFSET...: another byte there on that disk, behind everybody's back
planted() {
	local image=$WORK/$1.img at was
	shift
	for at; do
		was=$(od -An -tu1 -j "$at" -N 1 "$image")
		# shellcheck disable=SC2059 # the byte
		printf "\\x$(printf %02x $((was ^ 255)))" | dd of="$image" bs=1 seek="$at" conv=notrunc,fdatasync status=none
	done
}

# verified SIDE: that side compares; both know when it is over
verified() {
	: >"$WORK/ours.log"
	kernel 'dmesg -c' >/dev/null
	if [[ $1 == kernel ]]; then kernel 'drbdadm verify r0'; else mirror verify r0; fi
	await 120 verify_over
}
verify_over() {
	grep -q 'verify is over' "$WORK/ours.log" && kernel_is cs Connected && ours_is connection Connected &&
		kernel "dmesg | grep -q 'Online verify done'"
}
# found: sectors and how many, as the kernel says them and as we do
kernel_found() { kernel dmesg | sed -n 's/.*Out of sync: start=\([0-9]*\), size=\([0-9]*\) .*/\1 \2/p' | sort -n; }
ours_found() { sed -n 's/.*differ from sector \([0-9]*\) on, in \([0-9]*\) sectors.*/\1 \2/p' "$WORK/ours.log" | sort -n; }

@test "verify: whichever side compares, both find the same sectors; they are copied at the next meeting" {
	local side
	NET='verify-alg sha1;'
	paired kernel --verify-alg sha1
	kernel_writes 2
	same
	planted ours 5000000 5005000
	planted kernel 20000001
	for side in kernel ours; do
		verified $side
		[[ $(kernel_found) == "$(ours_found)" && $(ours_found) == $'9760 16\n39056 8' ]]
		kernel_is oos 12
		ours_is out-of-sync 12288
		run ! cmp -s -n "$(ours_state size)" "$WORK/kernel.img" "$WORK/ours.img"
	done
	kernel 'drbdadm disconnect r0; drbdadm connect r0'
	same
	[[ $(full_resyncs) -eq 0 ]]
}

@test "verify while either side's client writes, whichever side compares: nothing differs" {
	local primary side writer
	NET='verify-alg crc32c;'
	paired kernel --verify-alg crc32c
	for primary in kernel ours; do
		for side in kernel ours; do
			${primary}_writes 4 &
			writer=$!
			verified $side
			wait $writer
			[[ -z $(kernel_found) && -z $(ours_found) ]]
			grep -q 'verify is over.* 0 KiB differ' "$WORK/ours.log"
		done
		same
		swapped
	done
}

@test "a checksum resync, the kernel its source and its target: what is marked and equal is not sent" {
	local equal marked
	NET='csums-alg sha1;'
	paired kernel --csums-alg sha1
	kernel_writes 2
	same
	link_cut both
	kernel 'dd if=/dev/drbd0 of=/dev/drbd0 bs=64k count=128 conv=notrunc,fsync; blockload -n 5 write /dev/drbd0' >/dev/null 2>&1
	link_mend
	same
	read -r equal marked < <(sed -n 's/.*; \([0-9]*\) of \([0-9]*\) KiB were equal.*/\1 \2/p' "$WORK/ours.log" | tail -n 1)
	echo "# from the kernel: $equal of $marked KiB were equal" >&3
	[[ $equal -ge 2048 && $equal -lt $marked ]]

	swapped
	kernel 'dmesg -c' >/dev/null
	head -c 8M "$WORK/ours.img" >"$WORK/again"
	link_cut both
	qemu-io -f raw -c "write -s $WORK/again 0 8M" -c flush "nbd+unix:///?socket=$NBD" >/dev/null
	blockload -n 5 write "$NBD" >/dev/null
	link_mend
	same
	read -r equal marked < <(kernel dmesg | sed -n 's/.*eliminated: \([0-9]*\)K; transferred [0-9]*K total \([0-9]*\)K.*/\1 \2/p' | tail -n 1)
	echo "# to the kernel: $equal of $marked KiB were equal" >&3
	[[ $equal -ge 2048 && $equal -lt $marked ]]
	[[ $(full_resyncs) -eq 1 ]]
}

@test "the kernel asks what would be done (connect --tentative): it is told, and nothing is done" {
	local before
	paired kernel
	kernel 'drbdadm disconnect r0'
	kernel_writes 1
	before=$(ours_gi)
	kernel 'dmesg -c >/dev/null; drbdadm -- --tentative connect r0'
	await 60 kernel 'dmesg | grep -q "dry-run connect: Would become SyncSource, doing a bit-map"'
	grep -q 'a dry run' "$WORK/ours.log"
	await 60 kernel_is cs StandAlone
	ours_is disk UpToDate
	await 30 ours_is connection WFConnection
	[[ $(ours_gi) == "$before" ]]
	kernel 'drbdadm connect r0'
	same
	[[ $(full_resyncs) -eq 1 ]]
}

# decided: what the kernel has since the last time, as drbd-rules puts it
decided() {
	kernel 'dmesg -c' | awk '
		function is(outcome) { if (said != "") print said, outcome; said = "" }
		match($0, /uuid_compare\(\)=-?[0-9]+ by rule [0-9]+/) {
			split(substr($0, RSTART, RLENGTH), w, /=| by rule /)
			said = w[2] " " w[3]
		}
		/Unrelated data/ { is("unrelated") }
		/To resolve this both sides/ { is("too old") }
		/detected but unresolved/ { is("split brain") }
		/but I am inconsistent/ { is("I am inconsistent") }
		/but I am primary/ { is("I am primary") }
		/dry-run connect: No resync/ { is("nothing") }
		/dry-run connect: Would become/ { sub(/.*become /, ""); split($0, w, /, doing a | |based/); is(w[1] " " w[2]) }'
}

# asked WHAT COUNT: so many peers meet the kernel as it is now; what its rules and ours say is the same
asked() {
	local i bad=0 ours kernels
	kernel 'dmesg -c' >/dev/null
	mapfile -t ours < <(inside "$O/e2e/drbd-rules" 10.99.0.1 10.99.0.2:7789 "$RANDOM" "$2")
	mapfile -t kernels < <(decided)
	for ((i = 0; i < $2; i++)); do
		# shellcheck disable=SC2053 # a pattern
		[[ ${kernels[i]:-} == ${ours[i]:-none} ]] && continue
		echo "$1, peer $i: the kernel ${kernels[i]:-}, we ${ours[i]:-}"
		bad=1
	done
	printf '%s\n' "${kernels[@]}" >>"$WORK/decided"
	[[ ${#ours[@]} -eq $2 && ${#kernels[@]} -eq $2 && $bad -eq 0 ]]
}

# with_gi IDENTIFIERS FLAGS: the kernel's disk has these (drbdmeta set-gi)
with_gi() {
	kernel "drbdadm secondary r0; drbdadm down r0; drbdadm apply-al r0; drbdmeta --force - v08 /dev/vda internal set-gi $1:$2" >/dev/null
	kernel 'drbdadm up r0'
}

@test "generations: the kernel's rules and ours decide alike about invented peers" {
	local a=1122334455667788 b=99AABBCCDDEEFF00 c=1111222233334444 sync=1112222233334444 d=5555666677778888 no=0000000000000000
	PING_TIMEOUT=1 conf
	: >"$WORK/decided"
	kernel_new >/dev/null
	asked "new metadata" 10
	with_gi $a:$no:$c:$d 1:1:0:0:0:0:0
	asked "in sync" 25
	with_gi $a:$b:$c:$d 1:1:0:0:0:0:0
	asked "ahead of its peer" 25
	with_gi $a:$sync:$c:$d 1:1:0:0:0:0:0
	asked "the source of a resync" 20
	with_gi $a:$no:$c:$d 1:1:0:0:0:0:1
	asked "a crashed Primary" 25
	with_gi $a:$b:$c:$d 0:0:0:0:0:0:0
	asked Inconsistent 15
	with_gi $a:$no:$c:$d 1:1:0:0:0:0:0
	kernel 'drbdadm primary r0'
	asked "a Primary" 25
	echo "# $(grep -c . "$WORK/decided") peers; of each rule:$(cut -d ' ' -f 2 "$WORK/decided" | sort -n | uniq -c | awk '{ printf " %s (%s)", $2, $1 }')" >&3
	[[ $(cut -d ' ' -f 2 "$WORK/decided" | sort -u | wc -l) -ge 12 ]]
}

# moved COMMAND...: on the kernel's host, while its machine is off: its name, its address, its disk
moved() {
	TAIKI_RUN_DIR=$WORK/moved TAIKI_CGROUP=${NETNS}.slice TAIKI_MIRROR_LOG=$WORK/moved.log TAIKI_MIRRORD=$O/taiki-mirrord \
		TAIKI_DRBDSETUP=$O/taiki-drbdsetup ip netns exec "$NETNS" unshare -m -u sh -c '
		hostname kernel
		mount -t tmpfs none /var/lib/drbd
		exec "$@"' sh "$O/taiki-mirror" "$@" 3>&-
}
moved_up() {
	ip -n "$NETNS" addr add 10.99.0.2/32 dev lo
	: >"$WORK/moved.log"
	moved up r0 --config "$WORK/drbd.conf"
	await 60 ours_is connection Connected
	await 60 ours_is peer-disk UpToDate
	await 60 ours_is out-of-sync 0
}
# moved_gone: the kernel has its address again
moved_gone() {
	ip -n "$NETNS" addr del 10.99.0.2/32 dev lo
	rm -rf "$WORK/moved"
}
moved_cut() {
	[[ -e $WORK/moved/.mirror/r0/control.lock ]] || return 0
	kill -9 "$(<"$WORK/moved/.mirror/r0/control.lock")"
	moved_gone
}
both_equal() { cmp -n "$(ours_state size)" "$WORK/kernel.img" "$WORK/ours.img"; }

@test "one host goes from the kernel to user space and back, with one resource file, in order or killed: no full sync" {
	paired ours
	swapped
	kernel_writes 1
	# killed: what the kernel leaves is recovered by ours
	kernel 'blockload -d 8 -t 1000 write /dev/drbd0 >/dev/null 2>&1 &'
	sleep 2
	kernel_cut
	moved_up
	grep -q 'a Primary was stopped here' "$WORK/moved.log"
	both_equal
	mirror primary r0
	ours_writes 1
	both_equal
	# what ours leaves is recovered by the kernel's tools
	mirror secondary r0
	moved primary r0
	blockload -d 8 -t 1000 write "$WORK/moved/.mirror/r0/nbd.sock" >/dev/null 2>&1 &
	local writer=$!
	sleep 2
	moved_cut
	wait $writer || true
	kernel_boot
	kernel 'drbdadm up r0'
	same
	# in order
	kernel 'drbdadm down r0'
	kernel_cut
	: >"$WORK/resyncs"
	grep ': resync of ' "$WORK/ours.log" >"$WORK/resyncs"
	moved_up
	moved down r0
	moved_gone
	kernel_boot
	kernel 'drbdadm up r0'
	same
	grep ': resync of ' "$WORK/ours.log" | cmp - "$WORK/resyncs"
	[[ $(full_resyncs) -eq 1 ]]
}

# grown MIB: both disks, by so much that was never written, and differs
grown() {
	local bytes=$(($1 << 20))
	truncate -s $bytes "$WORK/ours.img"
	socat -t 1 - "UNIX-CONNECT:$WORK/monitor" <<<"block_resize disk ${bytes}B" >/dev/null
	await 30 kernel "test \$(blockdev --getsize64 /dev/vda) -eq $bytes"
	printf 'never written' | dd of="$WORK/ours.img" bs=1 seek=$((bytes - (9 << 20))) conv=notrunc,fdatasync status=none
}

# kernel_acks SECONDS, ours_acks SECONDS: begins to write at random; what was acknowledged stands in $WORK/acks
kernel_acks() { kernel "rm -f /tmp/over; blockload -a -d 8 -t $1 -s $RANDOM write /dev/drbd0 >/dev/ttyS2 2>/tmp/over &"; }
kernel_is_over() { kernel 'grep -q requests /tmp/over'; }
ours_acks() { blockload -a -d 8 -t "$1" -s $RANDOM write "$NBD" >>"$WORK/acks" 2>"$WORK/over" 3>&- & }
ours_is_over() { grep -q requests "$WORK/over"; }

@test "resize: whichever side asks, whoever is Primary and writes meanwhile, both are larger, what is new is the same, and nothing is lost" {
	local primary asker before bytes mib=48
	disks_are $mib
	paired kernel
	for primary in kernel ours; do
		for asker in kernel ours; do
			mib=$((mib + 16)) before=$(ours_state size)
			grown $mib
			: >"$WORK/acks"
			: >"$WORK/ours.log"
			${primary}_acks 6
			await 30 acked 50
			if [[ $asker == kernel ]]; then kernel 'drbdadm resize r0'; else mirror resize r0; fi
			await 60 ${primary}_is_over
			same
			# as much more as the disk, but for metadata's, of which 128 MiB need 4 KiB
			bytes=$(ours_state size)
			echo "# $primary is Primary, $asker asks: $before bytes, then $bytes" >&3
			[[ $((bytes - before)) -eq $((16 << 20)) || $((bytes - before)) -eq $(((16 << 20) - 4096)) ]]
			[[ $(kernel 'cat /sys/block/drbd0/size') -eq $((bytes / 512)) ]]
			grep -q 'the volume has .* sectors now' "$WORK/ours.log"
			[[ $(full_resyncs) -eq 0 && $(resyncs) -eq 1 ]]
			blockload check "$WORK/ours.img" <"$WORK/acks"
			blockload check "$WORK/kernel.img" <"$WORK/acks"
		done
		swapped
	done
	# the metadata of both is where either finds it
	kernel 'drbdadm secondary r0; drbdadm down r0; drbdadm up r0'
	ours_cut
	ours_up
	same
	ours_is size "$bytes"
	disks_are 48 # for those that follow
}
# disks_are MIB: new ones of that size
disks_are() {
	[[ $(stat -c %s "$WORK/kernel.img") -ne $(($1 << 20)) ]] || return 0
	kernel_cut
	ours_cut
	disks "$1M"
	kernel_boot
}

# stands: for a second nothing has come
stands() {
	local was
	was=$(ours_state out-of-sync)
	sleep 1
	ours_is out-of-sync "$was"
}
# kernel_shows STATE FLAGS: of its line in /proc/drbd
kernel_shows() { kernel "grep -q 'cs:$1 .* $2\$' /proc/drbd"; }

@test "a resync is paused by either side, the kernel its source and its target: both show it, it stands, and it goes on" {
	local left
	fresh
	kernel_reads_at 3000000
	kernel_primary
	await 30 kernel_is cs SyncSource
	mirror pause-sync r0
	await 30 kernel_shows PausedSyncS r-p---
	ours_is connection PausedSyncT
	await 60 stands # what was asked for has come
	left=$(ours_state out-of-sync)
	sleep 2
	ours_is out-of-sync "$left"
	[[ $left -gt 0 ]]
	# both: it takes both to resume it
	kernel 'drbdadm pause-sync r0'
	await 30 kernel_shows PausedSyncS r-pu--
	mirror resume-sync r0
	await 30 kernel_shows PausedSyncS r--u--
	ours_is connection PausedSyncT
	kernel 'drbdadm resume-sync r0'
	await 30 kernel_is cs SyncSource
	await 30 ours_is connection SyncTarget
	kernel_reads_at 0
	same

	kernel 'drbdadm secondary r0; drbdadm down r0'
	ours_cut
	DISK='c-plan-ahead 0; resync-rate 2M;' fresh
	ours_primary
	await 30 kernel_is cs SyncTarget
	mirror pause-sync r0
	await 30 kernel_shows PausedSyncT r-p---
	ours_is connection PausedSyncS
	mirror resume-sync r0
	await 30 kernel_is cs SyncTarget
	kernel 'drbdadm pause-sync r0'
	await 30 kernel_shows PausedSyncT r--u--
	await 30 ours_is connection PausedSyncS
	kernel 'drbdadm resume-sync r0'
	same
}

@test "everything is copied again on the kernel's word, to it and from it, while a client writes" {
	local primary
	paired kernel
	for primary in kernel ours; do
		: >"$WORK/acks"
		${primary}_acks 8
		await 30 acked 50
		printf 'spoilt' | dd of="$WORK/$([[ $primary == kernel ]] && echo ours || echo kernel).img" bs=1 seek=20000000 conv=notrunc,fdatasync status=none
		if [[ $primary == kernel ]]; then kernel 'drbdadm invalidate-remote r0'; else kernel 'drbdadm invalidate r0'; fi
		await 60 ${primary}_is_over
		same
		blockload check "$WORK/ours.img" <"$WORK/acks"
		blockload check "$WORK/kernel.img" <"$WORK/acks"
		# a Primary's data is nobody's to overwrite
		if [[ $primary == ours ]]; then run ! kernel 'drbdadm invalidate-remote r0'; fi
		swapped
	done
	[[ $(resyncs) -eq 3 ]]
}

@test "outdated by its administrator, either side's disk says so to the other, and is UpToDate again when they meet" {
	paired kernel
	mirror disconnect r0
	mirror outdate r0
	ours_is disk Outdated
	run ! mirror primary r0
	await 30 kernel_is cs WFConnection
	mirror connect r0
	same
	kernel_writes 1
	same
	swapped
	kernel 'drbdadm disconnect r0; drbdadm outdate r0'
	kernel_is ds Outdated/DUnknown
	run ! kernel 'drbdadm primary r0'
	ours_writes 1
	kernel 'drbdadm connect r0'
	same
	[[ $(full_resyncs) -eq 1 ]]
}
