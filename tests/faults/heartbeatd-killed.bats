#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # common.bash sets and reads them
#
# heartbeatd itself dies, before and in the middle of what it is for.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/faults/heartbeat.bash
load heartbeat.bash

setup_file() { cluster_up; }
teardown_file() { cluster_down; }

# every process of heartbeatd on the host: the detector and its reporters
heartbeatd() { lab pids "$1" 'taiki-heartbeat*'; }
kill_heartbeatd() {
	# shellcheck disable=SC2046 # a list
	kill -KILL $(heartbeatd "$host")
}

@test "heartbeatd killed while nothing is wrong: it comes back and accuses nobody" {
	guest_beats
	must "the guest is not touched, and watched again"
	inject "SIGKILL to heartbeatd on $host" kill_heartbeatd
	during 2 answers_unchanged
	eventually 30 heartbeat_says alive
	took "watched again"
	never_failed
	never_fenced
}

@test "heartbeatd killed, then the guest: its successor finds the guest dead and reports it" {
	again
	must "what happened while nobody looked is found, sooner than the monitor's minute"
	kill_heartbeatd
	inject "SIGKILL to heartbeatd, then to hv-domain on $host" kill -KILL "$(pid_of "$host")"
	recovered
	never_fenced
}

@test "heartbeatd killed in the middle of a hang: its successor finds the hang" {
	again
	in_guest '/guest-hang &'
	sleep 1
	must "the verdict comes later, but it comes"
	inject "the guest has hung for a second; SIGKILL to heartbeatd on $host" kill_heartbeatd
	recovered
	never_fenced
}
