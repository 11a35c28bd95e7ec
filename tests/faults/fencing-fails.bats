#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # common.bash sets and reads them
#
# Fencing of a dead host fails: nothing may start.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/faults/common.bash
load common.bash

setup_file() { cluster_up; }
teardown_file() { cluster_down; }

@test "fencing fails: nothing starts until it succeeds" {
	guest_up
	lab fence "$host" fail
	must "the guest starts nowhere while its host is not proven dead"
	inject "power cut of $host, whose fencing fails" lab power-off "$host"
	during 15 runs_nowhere
	eventually 30 grep -q "off $host (fail)" "$(state)/bmc.log"
	runs_nowhere
	took "still nowhere"
	lab fence "$host" ok
	injected=$(now_ms)
	recovered
}
