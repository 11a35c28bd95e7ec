#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a Primary leaves behind when its process or its host ends without a word: wherever the disks may differ
# is known afterwards.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/unit/mirror/pair.bash
load pair.bash

teardown() { pair_end; }

# cached OPTIONS...: a's data is on a disk with a cache of its own, which writes of metadata do not flush
cached() {
	local n
	faulty a
	for n in a b; do
		truncate -s 1M "$PAIR/$n.meta"
		mirror $n create-md --disk "$PAIR/$n.img" --meta-disk "$PAIR/$n.meta" --force
	done
	OPTIONS=("$@")
	again a
	again b
	await is a connection Connected
	mirror a primary r0 --force
	synced
}
again() { up "$1" --meta-disk "$PAIR/$1.meta" "${OPTIONS[@]}"; }

# unflushed N: a block is written to each of the first N extents of a's export, and nobody flushes
unflushed() {
	/usr/bin/python3 - "$(nbd a)" "$1" <<-'END'
		import nbd, os, sys
		h = nbd.NBD()
		h.connect_uri(sys.argv[1])
		for i in range(int(sys.argv[2])):
		    h.pwrite(b"w" * 4096, i << 22)
		os._exit(0)
	END
}

@test "demoted without its peer, and killed then: what it wrote alone is not forgotten" {
	pair_new 32M
	up a
	up b
	await is a connection Connected
	mirror a primary r0 --force
	synced
	down b
	qemu-io -f raw -c 'write -P 5 1M 64k' "$(nbd a)"
	await mirror a secondary r0
	die a
	up a
	is a out-of-sync 65536
	up b
	synced
	same
}

@test "demoted, and its host loses power then: what only its disk's cache had is copied back, or was on the disk" {
	pair_new 32M
	cached
	unflushed 6
	await mirror a secondary r0
	power_cut a
	storage_up a
	again a
	synced
	same
}

@test "the Primary's host loses power: what only its disk's cache had is copied back, wherever it was" {
	local extents=75
	pair_new $((extents * 4 + 1))M
	# holes are found equal, instead of being copied
	cached --al-extents 67 --csums-alg sha1
	unflushed $extents
	power_cut a
	await is b peer-role Unknown
	mirror b primary r0
	storage_up a
	again a
	synced
	same
}

# held SECONDS: a's disk is locked so long, as by a daemon that was killed and has writes in flight
held() {
	/usr/bin/python3 -c '
import fcntl, struct, sys, time
f = open(sys.argv[1], "r+b")
fcntl.fcntl(f, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))  # F_OFD_SETLK
open(sys.argv[2], "w")
time.sleep(float(sys.argv[3]))' "$PAIR/a.img" "$PAIR/held" "$1" 3>&- &
	HOLDER=$!
	await test -e "$PAIR/held"
}

@test "whoever is killed may have its disk a little longer: the next one waits for it, and says by its name who does not let it go" {
	pair_new 32M
	held 1
	up a
	wait $HOLDER
	down a
	rm "$PAIR/held"
	held 60
	run -1 timeout 30 env TAIKI_RUN_DIR="$PAIR/a" "$BUILD/taiki-mirrord" --name r0 --disk "$PAIR/a.img" --local "${ADDR[a]}" --peer "${ADDR[b]}"
	[[ $output == *"a.img: Device or resource busy; is it used by another taiki-mirrord?"* ]]
	kill $HOLDER
}
