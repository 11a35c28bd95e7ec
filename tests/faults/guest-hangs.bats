#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # common.bash sets and reads them
#
# The guest lives, as far as its process goes, and serves nobody any more.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/faults/heartbeat.bash
load heartbeat.bash

setup_file() { cluster_up; }
teardown_file() { cluster_down; }

@test "guest hangs with interrupts off: beats end while it runs, so it has failed" {
	guest_beats
	must "heartbeat finds it within its timeout of 2 s, and Pacemaker recovers it at once"
	inject "interrupts off for good in the guest on $host" in_guest '/guest-hang &'
	eventually 30 reported
	took "Pacemaker was told"
	why
	recovered
	never_fenced
}

# answered_in_silence FILE: a ping of FILE (of ping -D) was answered before the verdict, and when no process of the
# guest had run for a while: it is silence for two seconds
answered_in_silence() {
	local verdict
	verdict=$(lab exec "$host" timeout 20 taiki-heartbeat log web --json |
		jq -r 'select(.event == "verdict" and .to == "failed").time' | tail -n 1)
	echo "verdict at $verdict, answers:" && cat "$1"
	awk -v at="$(date -d "$verdict" +%s.%N)" '/ bytes from / {
		t = substr($1, 2) - at
		if (t > -1.6 && t <= 0) n++
	} END { exit !n }' "$1"
}

@test "user space hangs, the kernel lives and answers ping: it has failed all the same" {
	again
	must "a kernel that answers is no service"
	# Seldom: what works within its io-window has not failed.
	lab client ping -D -n -i 0.8 -w 300 "$address" >"$BATS_TEST_TMPDIR/pings" 3>&- &
	inject "every process of the guest on $host is stopped" in_guest 'kill -STOP -1'
	eventually 30 reported
	took "Pacemaker was told"
	kill $!
	answered_in_silence "$BATS_TEST_TMPDIR/pings"
	note "its kernel answered ping"
	why
	recovered
	never_fenced
}
