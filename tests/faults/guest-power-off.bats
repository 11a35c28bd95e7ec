#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # common.bash sets and reads them
#
# The guest powers itself off; its resource is meant to run.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/faults/common.bash
load common.bash

setup_file() { cluster_up; }
teardown_file() { cluster_down; }

@test "guest power-off from inside: the resource is meant to run, so it runs again" {
	guest_up
	must "the guest runs again; no host is fenced; no record is lost"
	inject "poweroff in the guest on $host" in_guest 'sync; poweroff -f'
	recovered
	never_fenced
}
