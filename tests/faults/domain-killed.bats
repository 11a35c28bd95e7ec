#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # common.bash sets and reads them
#
# The guest's hv-domain process is killed.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/faults/common.bash
load common.bash

setup_file() { cluster_up; }
teardown_file() { cluster_down; }

@test "hv-domain killed: the guest runs again, and no host is fenced" {
	guest_up
	must "the guest runs again; its host lives; no record is lost"
	inject "SIGKILL to hv-domain on $host" kill -KILL "$(pid_of "$host")"
	recovered
	never_fenced
}
