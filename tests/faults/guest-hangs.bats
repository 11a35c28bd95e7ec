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

@test "user space hangs, the kernel lives and answers ping: it has failed all the same" {
	again
	must "a kernel that answers is no service"
	inject "every process of the guest on $host is stopped" in_guest 'kill -STOP -1'
	sleep 0.5
	lab client ping -c 1 -W 5 "$address" >/dev/null
	note "its kernel answers ping"
	eventually 30 reported
	took "Pacemaker was told"
	why
	recovered
	never_fenced
}
