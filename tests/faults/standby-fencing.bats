#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # common.bash sets and reads them
#
# Fencing that takes its time, and fencing that lies, while twins wait.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/faults/standby.bash
load standby.bash
# shellcheck source=tests/faults/lease.bash
load lease.bash

setup_file() { cluster_up; }
# A host that lived on behind the others' backs is nothing for the next file.
teardown_file() { TAIKI_FAULTS_SHARED="" cluster_down; }

@test "fencing takes 30 s: nothing is adopted before it has answered, then a twin is" {
	standby_up
	lab exec node1 pcs stonith update fence-lab power_timeout=60
	lab exec node1 pcs property set stonith-timeout=90s
	must "the guest runs nowhere while its host is not proven dead; its twins wait on"
	lab fence "$host" slow 30
	inject "power cut of $host, whose fencing takes 30 s" lab power-off "$host"
	# The answer cannot be there before.
	during 25 runs_nowhere
	took "still nowhere"
	recovered
	adopted
	grep -q "off $host (slow)" "$(state)/bmc.log"
	again
}

@test "fencing lies, guard lease: no twin is adopted, and one copy writes" {
	# As new, with another definition.
	TAIKI_FAULTS_SHARED=1 cluster_down
	TAIKI_FAULTS_SHARED=1 cluster_up
	sanlock_up
	standby_up "$lease_guard" "$lease_device"
	lab exec "$host" pcs resource update web op start timeout=20s
	must "each start elsewhere is refused, the guest goes on where it is, one copy writes"
	lie
	eventually 120 refused_twice
	took "both other hosts were refused"
	[[ $(copies) -eq 1 ]]
	runs_on "$host"
	answers_unchanged
	one_twin_at_most
	history_is_clean
}
