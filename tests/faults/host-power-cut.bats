#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # common.bash sets and reads them
#
# The power of the host under the guest is cut.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/faults/common.bash
load common.bash

setup_file() { cluster_up; }
teardown_file() { cluster_down; }

@test "host power cut: the host is fenced, the guest runs again elsewhere" {
	guest_up
	must "the host is fenced before the guest starts elsewhere; no record is lost"
	inject "power cut of $host" lab power-off "$host"
	recovered
	fenced "$host"
	[[ $(host_of) != "$host" ]]
}
