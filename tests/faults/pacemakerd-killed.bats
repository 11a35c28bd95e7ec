#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # common.bash sets and reads them
#
# pacemakerd dies on the guest's host, and is started again there.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/faults/common.bash
load common.bash

setup_file() { cluster_up; }
teardown_file() { cluster_down; }

@test "pacemakerd killed: it comes back, and the guest has not noticed" {
	guest_up
	pid=$(pid_of "$host")
	old=$(process "$host" pacemakerd)
	must "the same guest goes on, in the same process; no host is fenced"
	inject "SIGKILL to pacemakerd on $host" kill -KILL "$old"
	back() { now=$(process "$host" pacemakerd) && [[ $now != "$old" ]]; }
	eventually 20 back
	took "pacemakerd ran again"
	during 8 answers_unchanged
	lab wait 240
	[[ $(pid_of "$host") == "$pid" ]]
	seen() { [[ $(host_of) == "$host" ]]; }
	eventually 30 seen
	[[ $(pid_of "$host") == "$pid" ]]
	never_fenced
	history_is_clean
}
