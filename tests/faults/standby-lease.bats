#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # common.bash sets and reads them
#
# Twins wait for a guest whose data disk has the guard `lease`: who is dead holds it until it has
# run out.  (Who only seems dead: standby-fencing.)

bats_require_minimum_version 1.5.0
# shellcheck source=tests/faults/standby.bash
load standby.bash
# shellcheck source=tests/faults/lease.bash
load lease.bash

setup_file() { cluster_up; }
# Its hosts have a lease daemon that the next file does not want.
teardown_file() { TAIKI_FAULTS_SHARED="" cluster_down; }

@test "host power cut, the dead host's lease still held: the twin waits for it with its disk closed, and then takes over" {
	sanlock_up
	standby_up "$lease_guard" "$lease_device"
	# What a dead host's lease takes: sanlock's watchdog_fire_timeout and eight renewals, 70 s and more here.
	lab exec node1 pcs resource update web op start timeout=180s
	must "the disk opens only when the lease is this host's; it is still the twin that takes over"
	inject "power cut of $host" lab power-off "$host"
	eventually 300 answers_anew
	took "answered again, on $(host_of),"
	eventually 60 acked_anew
	[[ $(copies) -eq 1 ]]
	adopted
	fenced "$host"
	history_is_clean
}
