#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # common.bash sets and reads them
#
# Somebody starts the cluster's domain by hand on another host.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/faults/common.bash
load common.bash

setup_file() { cluster_up; }
teardown_file() { cluster_down; }

@test "started by hand on another host: refused, and the guest goes on undisturbed" {
	guest_up
	other=$(observer)
	must "hv refuses by name, and no second copy runs"
	injected=$(now_ms)
	note "injected: hv start on $other"
	run lab exec "$other" timeout 30 hv start /shared/web.xml
	echo "$output"
	[[ $status -ne 0 && $output == *web* ]]
	took "refused ($output)"
	during 5 answers_unchanged
	run ! runs_on "$other"
	[[ $(copies) -eq 1 ]]
	never_fenced
	history_is_clean
}
