#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # common.bash sets and reads them
#
# The guest's kernel panics.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/faults/common.bash
load common.bash

setup_file() { cluster_up; }
teardown_file() { cluster_down; }

@test "guest kernel panic: the guest is started again, and no host is fenced" {
	guest_up
	must "the panic is a failure of the domain, not of its host"
	inject "panic in the guest on $host" in_guest 'echo c >/proc/sysrq-trigger'
	recovered
	never_fenced
}
