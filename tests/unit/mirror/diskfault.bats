#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A side's disk fails or hangs while it is used; what the client was told holds, and it notices nothing.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/unit/mirror/pair.bash
load pair.bash

setup() {
	pair_new 32M
}

teardown() { pair_end; }

suspended() { [[ $(status "$1" suspended-by | tr -d ' \n"') == "[$2]" ]]; }

equal() {
	synced
	await is a out-of-sync 0
	await is b out-of-sync 0
	down a
	down b
	cmp -n $((31 << 20)) "$(disk_of a)" "$(disk_of b)"
}

# writer: writes numbered blocks to a's export until told to stop; what it was told is written stands in acked
writer() {
	/usr/bin/python3 - "$(nbd a)" "$PAIR/acked" "$PAIR/stop" <<-'END' 3>&- &
		import nbd, os, sys, struct
		h = nbd.NBD()
		h.connect_uri(sys.argv[1])
		out = open(sys.argv[2], "w")
		i = 0
		while not os.path.exists(sys.argv[3]):
		    i += 1
		    h.pwrite(struct.pack("<Q", i) * 512, i % 2048 * 4096)
		    if i % 64 == 0:
		        h.flush()
		    back = i - i % 7
		    if back:
		        assert h.pread(512, back % 2048 * 4096)[:8] == struct.pack("<Q", back), back
		    print(i, file=out, flush=True)
	END
	WRITER=$!
	await test -s "$PAIR/acked"
	await more_than 100
}
more_than() { (($(wc -l <"$PAIR/acked") > $1)); }
goes_on() {
	local n
	n=$(wc -l <"$PAIR/acked")
	await more_than $((n + 100))
}
# stops: and everything it was told is written can be read on $1
stops() {
	: >"$PAIR/stop"
	wait $WRITER
	has_it "$1"
}
has_it() {
	/usr/bin/python3 - "$(nbd "$1")" "$PAIR/acked" <<-'END'
		import nbd, sys, struct
		h = nbd.NBD()
		h.connect_uri(sys.argv[1])
		last = {}
		for line in open(sys.argv[2]):
		    last[int(line) % 2048] = int(line)
		for at, i in last.items():
		    assert struct.unpack("<Q", h.pread(512, at * 4096)[:8])[0] == i, (at, i)
	END
}

@test "the Primary's disk returns errors: its client goes on at the peer, and the disk is brought up to date when it is repaired" {
	faulty a
	both
	writer
	fault a eio
	await is a disk Diskless
	grep -E 'Input/output error; it is no longer used' "$PAIR/a.log"
	goes_on
	run ! mirror a attach r0
	goes_on
	fault a
	mirror a attach r0
	synced
	goes_on
	stops a
	equal
}

@test "a block that cannot be read is read from the peer" {
	faulty a
	both
	io a 'write -P 6 3M 64k' flush
	fault a eio
	io a 'read -P 6 3M 64k'
	await is a disk Diskless
	fault a
	mirror a attach r0
	equal
}

@test "the Secondary's disk returns errors: the client notices nothing" {
	faulty b
	both
	writer
	fault b eio
	await is a peer-disk Diskless
	is a connection Connected
	goes_on
	fault b
	mirror b attach r0
	synced
	goes_on
	stops a
	equal
}

@test "the Primary's disk hangs: it is given up, and what comes back from it late reaches nobody" {
	faulty a
	both --disk-timeout 4000
	io a 'write -P 6 20M 64k' flush
	writer
	fault a hang
	await is a disk Failed
	goes_on
	io a 'read -P 6 20M 64k'
	# as long as it may still do something it cannot be attached, and a stop does not wait for it
	run ! mirror a attach r0
	[[ $output == *"has not let go of it"* ]]
	fault a
	await is a disk Diskless
	goes_on
	mirror a attach r0
	synced
	stops a
	equal
}

@test "the Secondary's disk hangs: it is given up there, and the client goes on" {
	faulty b
	both --disk-timeout 4000
	writer
	fault b hang
	await is a peer-disk Failed
	goes_on
	fault b
	await is b disk Diskless
	mirror b attach r0
	synced
	stops a
	equal
}

@test "both disks fail, one after the other: clients wait, until one is repaired" {
	faulty a
	faulty b
	both
	writer
	fault a eio
	await is a disk Diskless
	goes_on
	fault b eio
	await suspended a data
	sleep 0.5
	kill -0 $WRITER
	fault b
	mirror b attach r0
	await suspended a ''
	goes_on
	fault a
	mirror a attach r0
	synced
	stops a
	equal
}

@test "the disk fails of a Primary that is alone: clients wait, until it is repaired and attached; the peer gets what it lacks" {
	faulty a
	both
	writer
	die b
	goes_on
	fault a eio
	await suspended a data
	await is a disk Diskless
	# what it has the clients have not seen
	up b
	await grep -q 'other data than what clients have seen' "$PAIR/a.log"
	fault a
	mirror a attach r0
	goes_on
	synced
	stops a
	equal
}

@test "the disk fails while the peer is brought up to date from it: nobody is told of what only that peer has, and the disk is the truth when it works again" {
	local writer
	faulty a
	both
	io a 'write -P 1 0 24M' flush
	mirror b pause-sync r0
	mirror b invalidate r0
	await is a connection PausedSyncS
	fault a hang
	qemu-io -f raw -c 'write -P 2 1M 64k' "$(nbd a)" >"$PAIR/writer" 2>&1 3>&- &
	writer=$!
	at_the_peer() { [[ $(od -An -tx1 -j 1M -N 1 "$(disk_of b)") == ' 02' ]]; }
	await at_the_peer
	fault a eio
	await is a disk Diskless
	await suspended a data
	sleep 0.5
	kill -0 $writer
	kill $writer
	fault a
	die a
	up a
	await mirror a primary r0
	mirror b resume-sync r0
	synced
	io a 'read -P 1 0 1M' 'read -P 1 1088k 20M'
	equal
}

@test "both hosts stop after the Primary's disk has failed: that disk alone, when it works again, is not taken for the newest" {
	faulty a
	both
	writer
	fault a eio
	await is a disk Diskless
	goes_on
	# at once, so that neither hears of the other's end
	kill -STOP "${PID[a]}" "${PID[b]}"
	die a
	die b
	wait $WRITER || true # its server is gone
	fault a
	up a --no-connect
	is a disk Inconsistent
	run ! mirror a primary r0
	mirror a connect r0
	up b
	synced
	mirror b primary r0
	has_it b
	[[ ! -e $PAIR/a.state/mirror-r0.behind ]]
	equal
}

@test "both hosts stop after the Secondary's disk has failed: that one is not taken for the newest either" {
	faulty b
	both
	writer
	fault b eio
	await is a peer-disk Diskless
	goes_on
	kill -STOP "${PID[a]}" "${PID[b]}"
	die a
	die b
	wait $WRITER || true # its server is gone
	fault b
	up b --no-connect
	is b disk Inconsistent
	run ! mirror b primary r0
	mirror b connect r0
	up a
	synced
	mirror a primary r0
	has_it a
	equal
}

@test "where it cannot be recorded that the disk is behind clients wait, until it is attached again" {
	: >"$PAIR/a.state" # no directory
	faulty a
	both
	writer
	fault a eio
	await is a disk Diskless
	await grep -q 'cannot be recorded' "$PAIR/a.log"
	# once the answers that were on their way have come
	stands() {
		local n
		n=$(wc -l <"$PAIR/acked")
		sleep 0.5
		[[ $(wc -l <"$PAIR/acked") == "$n" ]]
	}
	await stands
	stands
	fault a
	mirror a attach r0
	goes_on
	synced
	stops a
	equal
}

@test "and a Secondary disconnects" {
	: >"$PAIR/b.state"
	faulty b
	both
	writer
	fault b eio
	await is b connection StandAlone
	goes_on
	fault b
	mirror b attach r0
	mirror b connect r0
	synced
	goes_on
	stops a
	equal
}

@test "with on-no-data-accessible io-error requests end with an error where the last disk fails" {
	faulty a
	up a --on-no-data-accessible io-error
	mirror a primary r0 --force
	io a 'write -P 1 1M 64k' flush
	fault a eio
	run ! io a 'write -P 2 1M 64k'
	is a disk Diskless
	suspended a data
	run ! io a 'read 1M 64k'
	fault a
}
