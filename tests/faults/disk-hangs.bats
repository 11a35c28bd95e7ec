#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # common.bash sets and reads them
#
# The host's path to the guest's disk hangs: requests never end.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/faults/common.bash
load common.bash

setup_file() { cluster_up; }
teardown_file() { cluster_down; }

@test "disk hanging: a stop cannot be proven, so the host is fenced; then the guest runs elsewhere" {
	guest_up
	must "no start elsewhere while requests of the old domain may still reach the disk"
	lab fault "$host" web.raw hang
	inject "the disk hangs on $host, then the guest is moved away" \
		asked crm_resource --ban -r web -N "$host"
	recovered
	fenced "$host"
}
