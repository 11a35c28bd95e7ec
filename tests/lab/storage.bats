#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The nodes' ways to the shared disks behave like those of separate hosts.

# shellcheck source=tests/lab/lab.bash
load lab.bash

setup_file() {
	TAIKI_LAB=$(lab_name tstore)
	export TAIKI_LAB
	lab down
	lab up -n 2 --idle
}

teardown_file() { lab down; }

setup() {
	lab fault node1 none
	truncate -s 1M "$(state)/shared/img"
}

teardown() { rm -f "$(state)/shared/img"; }

# hold: a process on node1 that has the image open and does as it is told
hold() {
	lab exec node1 python3 -c '
import os, sys, fcntl, struct
fd = os.open("/shared/img", os.O_RDWR)
open("/run/holding", "w").close()
for line in sys.stdin:
    what, *args = line.split()
    if what == "write": os.pwrite(fd, b"x" * 512, int(args[0]))
    if what == "fsync": os.fsync(fd)
    open("/run/did-" + what, "w").close()
' 3>&- <"$BATS_TEST_TMPDIR/tell" &
	exec {TELL}>"$BATS_TEST_TMPDIR/tell"
	eventually 10 lab exec node1 test -e /run/holding
}
tell() {
	lab exec node1 rm -f "/run/did-${1%% *}"
	echo "$1" >&"$TELL"
	eventually 10 lab exec node1 test -e "/run/did-${1%% *}"
}
at() { dd if="$(state)/shared/img" bs=1 skip="$1" count=1 status=none | tr -d '\0'; }

@test "what is not flushed is seen on its node only, and a power cut loses it" {
	mkfifo "$BATS_TEST_TMPDIR/tell"
	hold
	tell "write 4096"
	tell fsync
	tell "write 8192"
	[[ $(lab exec node1 dd if=/shared/img bs=512 skip=16 count=1 status=none | head -c 1) == x ]]
	[[ -z $(lab exec node2 dd if=/shared/img bs=512 skip=16 count=1 status=none | tr -d '\0') ]]
	[[ $(at 4096) == x && -z $(at 8192) ]]
	lab power-off node1
	exec {TELL}>&-
	lab power-on node1
	[[ $(at 4096) == x && -z $(at 8192) ]]
	[[ -z $(lab exec node1 dd if=/shared/img bs=512 skip=16 count=1 status=none | tr -d '\0') ]]
}

@test "close writes back; O_DSYNC writes through; neighbouring sectors of two nodes both stay" {
	lab exec node1 sh -c 'printf closed | dd of=/shared/img conv=notrunc status=none'
	[[ $(head -c 6 "$(state)/shared/img") == closed ]]
	for node in node1 node2; do
		lab exec $node sh -c "printf '%512s' $node |
			dd of=/shared/img bs=512 seek=\$((${node#node} + 7)) oflag=dsync,direct conv=notrunc status=none"
	done
	[[ $(head -c 4608 "$(state)/shared/img" | tail -c 5) == node1 ]]
	[[ $(head -c 5120 "$(state)/shared/img" | tail -c 5) == node2 ]]
}

@test "a lock holds on its own node and is not seen on the other" {
	lab exec node1 flock /shared/img sh -c 'touch /run/locked; sleep 30' 3>&- &
	eventually 10 lab exec node1 test -e /run/locked
	run lab exec node1 flock -n /shared/img true
	[[ $status -ne 0 ]]
	lab exec node2 flock -n /shared/img true
	lab power-off node1
	lab power-on node1
	lab exec node1 flock -n /shared/img true
}

@test "I/O errors, hangs and delays befall one file of one node, until they are lifted" {
	echo other >"$(state)/shared/other"
	lab fault node1 img eio
	run lab exec node1 dd if=/shared/img of=/dev/null count=1
	[[ $status -ne 0 && $output == *"Input/output error"* ]]
	lab exec node2 dd if=/shared/img of=/dev/null count=1 status=none
	[[ $(lab exec node1 cat /shared/other) == other ]]
	lab fault node1 img hang
	lab exec node1 sh -c 'dd if=/shared/img of=/dev/null count=1 status=none; touch /run/unhung' 3>&- &
	sleep 1
	run lab exec node1 test -e /run/unhung
	[[ $status -ne 0 ]]
	lab fault node1 none
	eventually 10 lab exec node1 test -e /run/unhung
	lab fault node1 '*' delay 1500
	began=$(now_ms)
	lab exec node1 dd if=/shared/img of=/dev/null bs=512 count=1 status=none
	[[ $(($(now_ms) - began)) -ge 1500 ]]
}

@test "a process whose disk hangs cannot be killed, but its host can" {
	local before
	writes() { cat "$(state)"/history/node1.*.jsonl | grep -c '"ev":"submit".*"kind":"write"'; }
	before=$(writes) || true
	lab fault node1 img hang
	lab exec node1 dd if=/dev/zero of=/shared/img bs=4096 count=1 oflag=direct conv=notrunc 3>&- &
	# stuck: $pid is dd, whose write is with the storage server: before, it could still be withdrawn
	stuck() {
		[[ $(writes) -gt $before ]] || return 1
		for pid in $(ip netns pids "taiki.$TAIKI_LAB.node1"); do
			[[ $(cat "/proc/$pid/comm") != dd ]] || return 0
		done
		return 1
	}
	eventually 10 stuck
	kill -KILL "$pid"
	sleep 0.5
	[[ -e /proc/$pid ]]
	lab power-off node1
	[[ ! -e /proc/$pid ]]
	lab fault node1 none
	lab power-on node1
	[[ -z $(head -c 4096 "$(state)/shared/img" | tr -d '\0') ]]
}

@test "names, attributes and discards pass through; an image may be removed under its reader" {
	lab exec node1 sh -c 'mkdir /shared/d && echo a >/shared/d/a && mv /shared/d/a /shared/d/b &&
		chmod 600 /shared/d/b && ln -s b /shared/d/c 2>/dev/null; ls /shared/d'
	[[ $(lab exec node2 stat -c %a /shared/d/b) == 600 ]]
	lab exec node2 rm -r /shared/d
	lab exec node1 sh -c 'printf data | dd of=/shared/img bs=4096 seek=4 conv=notrunc status=none &&
		fallocate -p -o 16384 -l 4096 /shared/img'
	[[ -z $(at 16384) ]]
	run lab exec node1 sh -c 'exec 5</shared/img; rm /shared/img; cat <&5 | wc -c'
	[[ $output == 1048576 ]]
}
