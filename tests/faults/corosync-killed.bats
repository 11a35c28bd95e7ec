#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # common.bash sets and reads them
#
# Corosync dies on the guest's host.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/faults/common.bash
load common.bash

setup_file() { cluster_up; }
teardown_file() { cluster_down; }

@test "corosync killed: the host has left the cluster, is fenced, and the guest runs elsewhere" {
	guest_up
	must "the host is fenced before the guest starts elsewhere"
	inject "SIGKILL to corosync on $host" kill -KILL "$(process "$host" corosync)"
	recovered
	fenced "$host"
}
