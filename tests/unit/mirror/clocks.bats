#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The hosts' clocks jump, by days and to and fro, under two taiki-mirrord: each has a clock of its
# own (libfaketime) that the test sets.  Nothing that is promised hangs on what time it is.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/unit/mirror/pair.bash
load pair.bash

teardown() {
	[[ -z ${jumping:-} ]] || kill "$jumping" 2>/dev/null || true
	pair_end
}

# clock NODE OFFSET: what its clock is wrong by from now on ("+3d", "-20y")
clock() {
	echo "$2" >"$PAIR/$1.clock.new"
	mv "$PAIR/$1.clock.new" "$PAIR/$1.clock"
}

# up_by_clock NODE OPTIONS...
up_by_clock() {
	local n=$1
	shift
	clock "$n" +0s
	LD_PRELOAD=$(echo /usr/lib/*/faketime/libfaketimeMT.so.1) FAKETIME_TIMESTAMP_FILE=$PAIR/$n.clock \
		FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 up "$n" "$@"
}

# jumps: of either clock, until it is killed
jumps() {
	local to
	while :; do
		for to in +3d -20y +0s +10y -1h; do
			clock a "$to"
			sleep 0.1
			clock b "$to"
			sleep 0.1
		done
	done
}

# journal NODE FILTER: of what it has told, a list
journal() { mirror "$1" history r0 --json | jq -e "$2" >/dev/null; }

@test "clocks jump under writes and a resync: the connection stays, no write is lost, a dead peer is known" {
	local node
	pair_new 64M
	up_by_clock a
	up_by_clock b
	await is a connection Connected
	mirror a primary r0 --force
	synced
	jumps 3>&- &
	jumping=$!
	"$BUILD/bench/blockload" -a -d 8 -t 3 -S 32 write "$PAIR/a/.mirror/r0/nbd.sock" >"$PAIR/acks" 3>&-
	mirror b invalidate r0
	synced
	for node in a b; do
		journal $node '[.[] | select(.text | startswith("connection ended"))] | length == 1' # invalidate's
	done
	# they did jump
	journal b '[.[].time] | max - min > 3000'
	same
	same_generations
	# a peer that says nothing more, whatever the time is
	kill -STOP "${PID[b]}"
	await is a connection WFConnection
	kill -CONT "${PID[b]}"
	synced
	kill "$jumping"
	down a
	down b
	[[ $(wc -l <"$PAIR/acks") -gt 100 ]]
	run -0 "$BUILD/bench/blockload" check "$PAIR/b.img" <"$PAIR/acks"
	[[ $output == *" 0 are lost"* ]]
}
