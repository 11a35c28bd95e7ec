#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A volume grows while it is in use.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/unit/mirror/pair.bash
load pair.bash

teardown() { pair_end; }

# pair OPTIONS...: both, connected and equal; META=1: metadata on a disk of its own
pair() {
	local n
	for n in a b; do up $n ${META:+--meta-disk "$PAIR/$n.meta"} "$@"; done
	await is a connection Connected
	mirror a primary r0 --force
	synced
}

# grown SIZE: both disks are so large
grown() { truncate -s "$1" "$PAIR/a.img" "$PAIR/b.img"; }

# has NODE BYTES: of the volume
has() { await is "$1" size "$2"; }

# equal: both are whole, idle and byte for byte the same
equal() {
	synced
	await is a out-of-sync 0
	await is b out-of-sync 0
	same
	same_generations
}

# of MIB: bytes of the volume on so large a disk: less its internal metadata, with 4 KiB of bitmap for each 128 MiB
of() { echo $((($1 * 1024 - 36 - ($1 + 127) / 128 * 4) * 1024)); }

@test "both disks have grown: the volume does, on either side's word, beside a client, and what is new is copied" {
	pair_new 64M
	pair
	has a "$(of 64)"
	io a 'write -P 1 0 40M' flush
	run -1 mirror a resize r0
	[[ $output == *"this disk has no room for that; grow the disk here first"* ]]
	truncate -s 96M "$PAIR/a.img"
	run -1 mirror a resize r0
	[[ $output == *"the peer's disk has no room"*"grow the disk there first"* ]]
	printf junk | dd of="$PAIR/b.img" bs=1 seek=80M conv=notrunc status=none
	truncate -s 96M "$PAIR/b.img"
	TAIKI_RUN_DIR=$PAIR/a "$BUILD/taiki-mirror" status r0 --watch --json >"$PAIR/watched" 3>&- &
	await test -s "$PAIR/watched"
	mirror a resize r0
	# whoever listens to the volume, as the device of a guest does
	await grep -q "\"size\":$(of 96)" "$PAIR/watched"
	has a "$(of 96)"
	has b "$(of 96)"
	io a 'read -P 1 0 40M' 'write -P 2 70M 1M' 'write -P 3 95M 4k' flush
	equal
	grep -E 'resync of 3[0-9]{4} KiB to the peer' "$PAIR/a.log"
	# the same from the Secondary
	grown 128M
	io a 'write -P 4 1M 1M'
	mirror b resize r0
	has a "$(of 128)"
	io a 'write -P 5 120M 1M' flush
	equal
	down a
	down b
	local n
	for n in a b; do
		run -0 drbdmeta --force - v08 "$PAIR/$n.img" internal dump-md
		[[ $output != *unclean* && $output == *"la-size-sect $(($(of 128) / 512))"* ]]
	done
	pair
	io a 'read -P 5 120M 1M' 'read -P 2 70M 1M' 'read -P 3 95M 4k' 'read -P 4 1M 1M' 'read -P 1 2M 38M'
}

@test "with metadata of its own; up to a size; and with --assume-clean nothing is copied" {
	pair_new 64M
	local n META=1
	for n in a b; do
		truncate -s 1M "$PAIR/$n.meta"
		mirror $n create-md --disk "$PAIR/$n.img" --meta-disk "$PAIR/$n.meta"
	done
	pair
	io a 'write -P 1 0 40M' flush
	grown 96M
	run -1 mirror a resize r0 --size=32M
	[[ $output == *"does not become smaller"* ]]
	mirror a resize r0 --size=80M
	has a $((80 << 20))
	equal
	mirror a resize r0 --assume-clean
	has a $((96 << 20))
	has b $((96 << 20))
	is a out-of-sync 0
	is a connection Connected
	io a 'write -P 2 90M 64k' flush
	equal
	down a
	down b
	pair
	has b $((96 << 20))
	io a 'read -P 2 90M 64k'
	equal
}

@test "alone it grows by --assume-peer-has-space; the peer follows when it is back" {
	pair_new 64M
	pair
	down b
	grown 96M
	run -1 mirror a resize r0
	[[ $output == *"there is no connection"* ]]
	mirror a resize r0 --assume-peer-has-space
	has a "$(of 96)"
	io a 'write -P 1 90M 64k' flush
	# its metadata is where it was
	up b
	has b "$(of 96)"
	equal
	await grep -q 'to grow as the peer has' "$PAIR/b.log"
	mirror a secondary r0
	mirror b primary r0
	io b 'read -P 1 90M 64k'
}

@test "a peer whose disk has not grown stays away, and both say why" {
	pair_new 64M
	pair
	down b
	truncate -s 96M "$PAIR/a.img"
	mirror a resize r0 --assume-peer-has-space
	up b
	await is b connection StandAlone
	await grep -q 'the peer has room for' "$PAIR/a.log"
	await grep -q 'this disk room for' "$PAIR/b.log"
	truncate -s 96M "$PAIR/b.img"
	mirror b connect r0
	equal
}

@test "a disk that has grown before its daemon began has its metadata where it was" {
	pair_new 64M
	pair
	io a 'write -P 1 0 40M' flush
	down b
	die a
	grown 96M
	up a
	up b
	has a "$(of 64)"
	synced
	mirror a primary r0
	io a 'read -P 1 0 40M'
	mirror a resize r0
	has b "$(of 96)"
	equal
	# one that has grown by less than its metadata needs
	grown $((96 * 1024 + 4))K
	run -1 mirror a resize r0
	mirror a history r0 | grep 'grown by less than its metadata needs'
}

# whole NODE: a client there reads all that was written before, in test power
whole() {
	local i
	for i in "${!WRITTEN[@]}"; do io "$1" "read -P $i ${WRITTEN[i]}M 1M" || return 1; done
}

@test "power is lost at any moment of a resize: what is found is whole, the other side goes on, and both are one size in the end" {
	local n size=64
	WRITTEN=()
	pair_new ${size}M
	faulty a
	pair
	for n in 1 4 8; do
		WRITTEN[n]=$((size - 2 - n % 2)) size=$((size + 16))
		io a "write -P $n ${WRITTEN[n]}M 1M" flush
		truncate -s ${size}M "$PAIR/a-disk/img" "$PAIR/b.img"
		fault a 'delay 25'
		mirror a resize r0 >/dev/null 2>&1 3>&- &
		local client=$!
		sleep 0.$((n * 6 / 10))$((n * 6 % 10))
		power_cut a
		wait $client || true
		await is b peer-role Unknown
		# while what is new is copied to it, it is not whole
		if mirror b primary r0; then whole b; else is b disk Inconsistent; fi
		fault a
		storage_up a
		up a
		synced
		mirror b secondary r0
		mirror a primary r0
		whole a
		echo "# cut after $((n * 60)) ms: $(($(status a size) >> 20)) of $((size - 1)) MiB then" >&3
		is a size "$(of $size)" || mirror a resize r0
		has a "$(of $size)"
		has b "$(of $size)"
		equal
	done
}

# hung NODE: what is asked for now waits for that disk, until it is given up; the client and the other disk go on
hung() {
	local n=$1 began=$SECONDS
	fault "$n" hang
	run -1 mirror a resize r0
	echo "# refused after $((SECONDS - began)) s: $output" >&3
	[[ $((SECONDS - began)) -lt 30 ]]
	if [[ $n == a ]]; then
		[[ $output == *"there is no local disk"* ]]
	else
		[[ $output == *"the peer's disk has no room, or it cannot now"* ]]
	fi
	await grep -q 'a larger volume on .*: Connection timed out; it is no longer used' "$PAIR/$n.log"
	io a 'read -P 1 0 40M' 'write -P 2 50M 1M' flush
}

# mended NODE: it answers again: nothing is lost, both are one size, and as large as their disks
mended() {
	local n=$1
	fault "$n"
	await mirror "$n" attach r0
	synced
	await is a out-of-sync 0
	is a size "$(of 96)" || mirror a resize r0
	has a "$(of 96)"
	has b "$(of 96)"
	io a 'read -P 1 0 40M' 'read -P 2 50M 1M' 'write -P 3 90M 1M' flush
	equal
	down a
	down b
	pair
	io a 'read -P 1 0 40M' 'read -P 2 50M 1M' 'read -P 3 90M 1M'
	equal
}

@test "the Primary's disk hangs while it grows: it is given up, the resize fails and says why, and the client goes on at the peer" {
	pair_new 64M
	faulty a
	pair --disk-timeout 3000
	io a 'write -P 1 0 40M' flush
	grown 96M
	hung a
	await is a disk Diskless
	mended a
}

@test "the Secondary's disk hangs while it grows: it is given up, the resize fails and says why, and the client goes on" {
	pair_new 64M
	faulty b
	pair --disk-timeout 3000
	io a 'write -P 1 0 40M' flush
	grown 96M
	hung b
	await is b disk Diskless
	is a size "$(of 64)"
	mended b
}

@test "two new disks of different size are one volume by primary --force at once" {
	local n
	for n in a b; do
		pair_new 64M
		truncate -s 48M "$PAIR/$n.img"
		mirror $n create-md --disk "$PAIR/$n.img"
		up a
		up b
		await is a connection Connected
		mirror a primary r0 --force
		equal
		has a "$(of 48)"
		BATS_TEST_COMPLETED=1 pair_end
	done
	pair_new 16M
}
