#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # common.bash sets and reads them
#
# Every cluster link of the guest's host is cut; the guest's own network is not.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/faults/common.bash
load common.bash

setup_file() { cluster_up; }
teardown_file() { cluster_down; }

@test "links between the hosts cut: the side with quorum fences the other, then starts the guest" {
	guest_up
	must "the cut-off host is off before the guest starts elsewhere"
	inject "both cluster links of $host cut" lab cut "$host"
	recovered
	fenced "$host"
}

@test "one link of two cut: nothing happens" {
	eventually 20 known
	: >"$(state)/bmc.log"
	must "the guest goes on, no host is fenced"
	inject "ring0 cut" lab cut ring0
	during 6 answers_unchanged
	never_fenced
	took "still undisturbed"
	lab heal
	history_is_clean
}
