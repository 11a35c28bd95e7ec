#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A resync of two taiki-mirrord: what it sends, and how it goes on beside clients.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/unit/mirror/pair.bash
load pair.bash

teardown() { pair_end; }

# scattered: both, and a has some data between large holes
scattered() {
	both
	io a 'write -P 1 0 1M' 'write -P 2 20M 3M' 'write -P 3 15001k 4k' 'write -P 4 27M 512k' flush
}

# littered OPTIONS...: b has been down, and is back with another disk's data in all of the volume
littered() {
	down b
	head -c "$(status a size)" /dev/urandom | dd of="$(disk_of b)" bs=1M conv=notrunc status=none
	up b "$@"
	synced
}

# resynced: b gets all of it
resynced() {
	mirror b invalidate r0
	synced
	same
	same_generations
	is a out-of-sync 0 && is b out-of-sync 0
}

# stored NODE: KiB that its disk takes
stored() { du -k "$(disk_of "$1")" | cut -f 1; }

@test "csums-alg: of two disks that are nearly equal only what differs is sent, and then they are equal" {
	pair_new 32M
	filled --csums-alg sha1
	down b
	planted 5000000 20000001
	up b --csums-alg sha1
	synced
	mirror b invalidate r0
	synced
	await grep -q 'up to date; 32600 of 32728 KiB were equal' "$PAIR/b.log"
	await grep -q 'the peer is up to date; 32600 of 32728 KiB were equal' "$PAIR/a.log"
	same
	same_generations
	# what b was sent since it came: two pieces of 64 KiB, a bitmap, and answers
	(($(status b received) < 400000))
	is a out-of-sync 0 && is b out-of-sync 0
}

@test "csums-alg: every one that both know; writes meanwhile; and two that are configured differently do not talk" {
	local alg
	pair_new 32M
	filled
	for alg in crc32c sha256; do
		down b
		mirror a secondary r0
		down a
		planted 7000000
		up a --csums-alg $alg
		up b --csums-alg $alg
		synced
		mirror a primary r0
		mirror b invalidate r0
		qemu-io -f raw -c 'write -P 9 0 4M' -c 'write -P 8 6M 2M' -c flush "$(nbd a)" >/dev/null
		synced
		same
		same_generations
	done
	down b
	up b --csums-alg sha1
	await is b connection StandAlone
	await grep -q 'configured for csums-alg sha256, we for sha1' "$PAIR/b.log"
}

@test "a resync with a limit lets clients write before it is over" {
	pair_new 32M
	filled
	down b
	up b --c-max-rate 1024
	synced
	mirror b invalidate r0
	await is a connection SyncSource
	qemu-io -f raw -c 'write -P 3 0 4M' -c 'write -P 4 20M 2M' -c flush "$(nbd a)" >/dev/null
	is a connection SyncSource
	(($(status a resync-left) > 0))
	shown() { [[ $(mirror b status r0) =~ SyncTarget.*\ %\ of\ 32.0\ MiB,\ [0-9.]+\ MiB/s,\ [0-9]+\ s\ left ]]; }
	await shown
	# without one it is soon over
	down b
	up b
	synced
	same
	same_generations
}

@test "clients that write all the time and a resync both go on" {
	pair_new 64M
	filled
	/usr/bin/python3 - "$(nbd a)" "$PAIR/stop" "$PAIR/done" <<-'END' 3>&- &
		import nbd, sys, os
		h = nbd.NBD()
		h.connect_uri(sys.argv[1])
		n = 0
		while not os.path.exists(sys.argv[2]):
		    h.pwrite(bytes([n % 251 + 1]) * 4096, n * 7 % 16000 * 4096)
		    n += 1
		    with open(sys.argv[3] + ".new", "w") as f:
		        f.write(str(n))
		    os.rename(sys.argv[3] + ".new", sys.argv[3])
	END
	local writer=$!
	await test -s "$PAIR/done"
	mirror b invalidate r0
	await grep -q 'resync of' "$PAIR/b.log"
	local before
	before=$(cat "$PAIR/done")
	synced
	# writes came through while it ran, and it ended though they came all the time
	((${before:-0} < $(cat "$PAIR/done")))
	touch "$PAIR/stop"
	wait "$writer"
	mirror a secondary r0
	same
	same_generations
}

@test "paused by either side it waits, and is shown so; resumed by whoever paused it, it goes on to the end" {
	local left
	pair_new 64M
	filled
	mirror a pause-sync r0
	run ! mirror a pause-sync r0
	mirror b invalidate r0
	await is b connection PausedSyncT
	await is a connection PausedSyncS
	left=$(status b out-of-sync)
	sleep 1
	is b out-of-sync "$left"
	# both have it paused: one of them is not enough
	mirror b pause-sync r0
	mirror a resume-sync r0
	sleep 0.5
	is a connection PausedSyncS && is b connection PausedSyncT
	qemu-io -f raw -c 'write -P 9 40M 64k' -c flush "$(nbd a)" >/dev/null
	mirror b resume-sync r0
	# it may be over before anybody looks
	await grep -q 'resyncs are resumed, by the peer' "$PAIR/a.log"
	synced
	same
	same_generations
	run ! mirror b resume-sync r0
}

@test "rs-discard-granularity: what is zeroes at the source is not sent, and has no storage at the target; by default it is sent and stored" {
	local thin
	pair_new 32M
	scattered
	littered
	resynced
	(($(stored b) > 32000))
	run ! grep -q 'were zeroes' "$PAIR/a.log" "$PAIR/b.log"
	for thin in 4096 50000 1048576; do
		littered --rs-discard-granularity $thin
		: >"$PAIR/a.log"
		(($(stored b) > 32000))
		resynced
		await grep -qE ' up to date; [0-9]+ of 32728 KiB were zeroes, and not sent' "$PAIR/b.log"
		await grep -qE 'the peer is up to date; [0-9]+ of 32728 KiB were zeroes, and not sent' "$PAIR/a.log"
		echo "# granules of $thin bytes: $(stored a) KiB are stored at the source, $(stored b) KiB at the target" >&3
		# 4.5 MiB, and what is beside them in their granules
		(($(stored b) >= 4612 && $(stored b) <= $(stored a) + 4 * 1024 && $(status b received) < 10000000))
	done
	io a 'read -P 1 0 1M' 'read -P 0 1M 13M' 'read -P 3 15001k 4k' 'read -P 0 15005k 4M' 'read -P 2 20M 3M'
	[[ $(sed -n 's/.* up to date; \([0-9]*\) of .*/\1/p' "$PAIR/b.log" | head -n 1) == 28112 ]]
}

@test "rs-discard-granularity: what clients write into the holes meanwhile stays; what they discard is given back, too" {
	pair_new 32M
	scattered
	littered --rs-discard-granularity 4096
	/usr/bin/python3 - "$(nbd a)" "$PAIR/stop" "$PAIR/begun" <<-'END' 3>&- &
		import nbd, sys, os, random
		h = nbd.NBD()
		h.connect_uri(sys.argv[1])
		random.seed(1)
		n = 0
		while not os.path.exists(sys.argv[2]):
		    at = random.randrange(0, 8000) * 4096
		    if random.random() < .3:
		        h.trim(8192, at)
		    else:
		        h.pwrite(bytes([n % 251 + 1]) * 512 * random.choice([1, 8, 16]), at)
		    n += 1
		    if n == 100:
		        open(sys.argv[3], "w")
	END
	local writer=$!
	await test -e "$PAIR/begun"
	for _ in 1 2 3; do
		: >"$PAIR/b.log"
		mirror b invalidate r0
		await grep -q 'were zeroes, and not sent' "$PAIR/b.log"
		synced
	done
	touch "$PAIR/stop"
	wait "$writer"
	mirror a secondary r0
	same
	same_generations
}

@test "rs-discard-granularity: a Primary whose disk was away gets holes while its client writes" {
	local before
	pair_new 32M
	filled --rs-discard-granularity 65536
	before=$(stored a)
	mirror a detach r0
	await is a disk Diskless
	io a 'discard 4M 8M' 'write -P 7 16M 1M' flush
	mirror a attach r0
	io a 'write -P 8 5M 64k' 'write -P 9 20M 64k' flush
	synced
	await grep -qE 'resync of .* from the peer' "$PAIR/a.log"
	await grep -qE ' up to date; [0-9]+ of [0-9]+ KiB were zeroes' "$PAIR/a.log"
	io a 'read -P 0 4M 1M' 'read -P 8 5M 64k' 'read -P 0 6M 6M' 'read -P 7 16M 1M' 'read -P 9 20M 64k'
	same
	same_generations
	(($(stored a) < before - 6 * 1024))
}

@test "rs-discard-granularity: to a disk that cannot give back storage zeroes are written, and they are not sent" {
	pair_new 32M
	faulty b
	fault b no-holes
	scattered
	littered --rs-discard-granularity 65536
	resynced
	await grep -q 'were zeroes, and not sent' "$PAIR/b.log"
	(($(stored b) > 32000 && $(status b received) < 6000000))
}

@test "rs-discard-granularity beside csums-alg means nothing: what is equal is not sent, zeroes are, and the disks are equal" {
	pair_new 32M
	filled --csums-alg sha1 --rs-discard-granularity 65536
	io a 'discard 4M 8M' flush
	littered --csums-alg sha1 --rs-discard-granularity 65536
	resynced
	run ! grep 'were zeroes' "$PAIR/b.log" "$PAIR/a.log"
	(($(stored b) > 32000))
	resynced
	await grep -q 'up to date; 32728 of 32728 KiB were equal' "$PAIR/b.log"
}
