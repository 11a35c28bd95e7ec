#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # common.bash sets and reads them
#
# The fence device says "off", and the host runs on.  With the guard `fencing`
# nothing can hold (taiki-domain-xml(7) says so, the checker has to see it);
# a lease must.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/faults/common.bash
load common.bash
# shellcheck source=tests/faults/lease.bash
load lease.bash

setup() { cluster_up; }
# A host that lived on behind the others' backs is nothing for the next file.
teardown() { TAIKI_FAULTS_SHARED="" cluster_down; }

@test "fencing lies, guard fencing: two copies write, and the checker sees it" {
	guest_up
	must "nothing can: the guard is the fence device; the checker has to complain"
	lie
	two_writers() { judge | grep -q 'VIOLATION two writers'; }
	eventually 90 two_writers
	took "two writers were found"
	[[ $(copies) -eq 2 ]]
}

@test "fencing lies, guard lease: the lease holds, and one copy writes" {
	sanlock_up
	guest_up "$lease_guard" "$lease_device"
	must "the start elsewhere is refused, the guest goes on where it is, one copy writes"
	lie
	eventually 90 refused_twice
	took "both other hosts were refused"
	[[ $(copies) -eq 1 ]]
	runs_on "$host"
	answers_unchanged
	history_is_clean
}
