#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # common.bash sets and reads them
#
# The domain's definition disappears while it runs.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/faults/common.bash
load common.bash

setup_file() { cluster_up; }
teardown_file() { cluster_down; }

@test "definition removed while running: the guest runs on, and a stop still ends it with proof" {
	guest_up
	pid=$(pid_of "$host")
	must "the guest is not disturbed for three monitors, then a stop ends it; no host is fenced"
	inject "/shared/web.xml removed on every host" rm "$(state)/shared/web.xml"
	during 7 answers_unchanged
	asked crm_resource -r web --meta -p target-role -v Stopped
	eventually 30 dead "$pid"
	took "stopped with proof"
	sleep 2
	never_fenced
	runs_nowhere
	history_is_clean
}
