#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # common.bash sets and reads them
#
# The host under the guest hangs, and would go on later.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/faults/common.bash
load common.bash

setup_file() { cluster_up; }
teardown_file() { cluster_down; }

@test "host hung: it is fenced, and nothing of it goes on afterwards" {
	guest_up
	must "the hung host is powered off before the guest starts elsewhere"
	inject "every process of $host stands still" lab pause-host "$host"
	recovered
	fenced "$host"
}
