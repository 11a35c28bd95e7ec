#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # common.bash sets and reads them
#
# Two of three hosts are lost: the third has no quorum.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/faults/common.bash
load common.bash

setup_file() { cluster_up; }
teardown_file() { cluster_down; }

@test "quorum lost: what ran on lost hosts is not started on the last one" {
	guest_up
	last=$(observer)
	for node in node1 node2 node3; do
		[[ $node == "$host" || $node == "$last" ]] || other=$node
	done
	must "nothing starts on a host without quorum, and it fences nobody"
	inject "power cut of $host and $other at once" lab power-off "$host" "$other"
	during 15 runs_nowhere
	took "still nowhere"
	never_fenced
	lab power-on "$host" "$other"
	note "both are back"
	recovered
}
