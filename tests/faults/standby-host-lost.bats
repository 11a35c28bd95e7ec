#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # common.bash sets and reads them
#
# The host of an active is lost while twins wait for it on the others.  One cluster: each
# fault finds the guest where the last one left it.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/faults/standby.bash
load standby.bash

setup_file() { cluster_up; }
teardown_file() { cluster_down; }
setup() { [[ $BATS_TEST_NUMBER -eq 1 ]] || again; }

@test "host power cut: a twin is adopted, in place of a boot" {
	standby_up
	must "the host is fenced before its twin is adopted; no record is lost"
	inject "power cut of $host" lab power-off "$host"
	recovered
	adopted
	fenced "$host"
	[[ $(host_of) != "$host" ]]
}

@test "host power cut, pools killed on the others in that moment: adopted all the same" {
	must "what waits needs no pool to be adopted; the pool comes back and doubles nothing"
	inject "power cut of $host, SIGKILL to every pool" pools_killed_and lab power-off "$host"
	recovered
	adopted
	fenced "$host"
	eventually 60 pools_run
	[[ $(copies) -eq 1 ]]
	one_twin_each
}

@test "host power cut, its twins stand still: killed with proof, the start goes on cold" {
	must "what does not answer is not waited for longer than the start has; it never runs on"
	twins_stopped
	inject "power cut of $host while its twins stand still" lab power-off "$host"
	recovered
	booted
	fenced "$host"
	# The one that Pacemaker's choice did not fall on goes on waiting, or is replaced by its pool.
	eventually 5 dead "$(cat "$BATS_FILE_TMPDIR/twin.$(host_of)")"
}

@test "fencing fails: nothing starts, nothing is adopted, until it succeeds" {
	must "the guest runs nowhere while its host is not proven dead; its twins wait on"
	lab fence "$host" fail
	inject "power cut of $host, whose fencing fails" lab power-off "$host"
	during 10 runs_nowhere
	eventually 30 grep -q "off $host (fail)" "$(state)/bmc.log"
	runs_nowhere
	took "still nowhere"
	[[ -n $(twin_of "$(observer)") ]]
	lab fence "$host" ok
	injected=$(now_ms)
	recovered
	adopted
}

@test "the data disk hangs under the active: the stop is not proven, so nothing is adopted before its host is fenced" {
	must "requests of the old active may still reach the disk until then"
	lab fault "$host" web.raw hang
	inject "the disk hangs on $host, then the guest is moved away" \
		asked crm_resource --ban -r web -N "$host"
	recovered
	adopted
	fenced "$host"
	asked crm_resource --clear -r web
}
