#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Both hosts of a mirror lose power at the same moment: at each of those, in turns, at which a flush
# had just ended on either disk.  All that reached a disk is kept, with the time, so one run of a
# client gives every moment; what had not been flushed is lost on both.  ($MOMENTS: how many.)

bats_require_minimum_version 1.5.0
# shellcheck source=tests/unit/mirror/pair.bash
load ../unit/mirror/pair.bash

BLOCKS=256

setup() {
	export PLATTERS=1 # pair.bash reads it
}

teardown() { pair_end; }

replay() { tests/history/replay "$@"; }

# run_of: a client of a mirror whose disks are kept: $PAIR/kept/NODE.platter and NODE.base, and log;
# $LIES: a's disk does not flush when it says so
run_of() {
	local n
	pair_new 9M
	for n in a b; do faulty $n; done
	for n in a b; do up $n; done
	await is a connection Connected
	mirror a primary r0 --force
	synced
	mkdir "$PAIR/kept"
	for n in a b; do await base_of $n; done
	[[ -z ${LIES:-} ]] || fault a lose-flush
	replay write "$(nbd a)" 2 $BLOCKS >"$PAIR/kept/log"
	for n in a b; do cp "$PAIR/$n.platter" "$PAIR/kept/$n.platter"; done
	for n in a b; do power_cut $n; done
}

# base_of NODE: its disk is kept; what is written from now on is in its record, and nothing was meanwhile
base_of() {
	sync "$PAIR/$1.img"
	: >"$PAIR/$1.platter"
	cp "$(disk_of "$1")" "$PAIR/kept/$1.base"
	[[ ! -s $PAIR/$1.platter ]]
}

# restored T: both disks as they were then
restored() {
	local n
	for n in a b; do
		rm -rf "${PAIR:?}/$n.img" "${PAIR:?}/$n"
		mkdir "$PAIR/$n"
		replay disk "$PAIR/kept/$n.platter" "$PAIR/kept/$n.base" "$1" "$PAIR/$n.img"
	done
}

# holds NODE T: what the mirror gives a client there is right
holds() {
	nbdcopy "$(nbd "$1")" "$PAIR/read"
	replay check "$PAIR/read" "$PAIR/kept/log" "$2" $BLOCKS
}

@test "both lose power at each moment that a flush ended: what was flushed is there, and both are equal" {
	local t n=0 first
	run_of
	for t in $(replay moments "$PAIR"/kept/{a,b}.platter "${MOMENTS:-12}"); do
		first=a
		((n++ % 2)) || first=b
		restored "$t"
		up a
		up b
		synced
		mirror $first primary r0
		run holds $first "$t"
		echo "# at $t, $first first: ${lines[-1]}" >&3
		echo "$output"
		[[ $status -eq 0 ]]
		same
		for node in a b; do down $node; done
	done
	[[ $n -ge 10 ]]
}

@test "teeth: the Primary's disk says that it has flushed and has not: that is found" {
	local t found=0 n
	LIES=1 run_of
	for t in $(replay moments "$PAIR/kept/b.platter" 4); do
		restored "$t"
		up a
		up b
		synced
		mirror a primary r0
		run holds a "$t"
		[[ $status -eq 0 ]] || found=1
		for n in a b; do down $n; done
	done
	[[ $found -eq 1 ]]
}
