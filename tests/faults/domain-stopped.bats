#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # common.bash sets and reads them
#
# The guest's hv-domain process does not run any more (SIGSTOP).

bats_require_minimum_version 1.5.0
# shellcheck source=tests/faults/common.bash
load common.bash

setup_file() { cluster_up; }
teardown_file() { cluster_down; }

@test "hv-domain stopped: cannot tell is no answer; it is killed with proof and runs again" {
	guest_up
	pid=$(pid_of "$host")
	must "the stopped process is gone before the guest starts again; its host lives"
	inject "SIGSTOP to hv-domain on $host" kill -STOP "$pid"
	recovered
	eventually 5 dead "$pid"
	never_fenced
}
