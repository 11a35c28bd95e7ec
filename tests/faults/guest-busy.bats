#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # common.bash sets and reads them
#
# What looks like a failure and is none: nobody may be failed for it.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/faults/heartbeat.bash
load heartbeat.bash

setup_file() { cluster_up; }
teardown_file() { cluster_down; }

@test "beats delayed by load: a busy guest on a busy host is not failed" {
	guest_beats
	must "the guest and its host are out of CPU for 10 s, and nothing happens"
	lab exec "$host" bash -c 'for i in 1 2 3 4 5 6; do timeout 10 bash -c "while :; do :; done" & done' \
		>/dev/null 2>&1 3>&- &
	inject "six busy processes on $host, three in the guest" \
		in_guest 'for i in 1 2 3; do timeout 10 sh -c "while :; do :; done" & done'
	during 12 runs_on "$host"
	never_failed
	answers_unchanged
	took "still undisturbed"
}

@test "an administrator pauses the guest: it is degraded, and never failed" {
	again
	must "a pause of twice the timeout is no hang"
	inject "hv pause on $host" lab exec "$host" hv pause --force web
	during 5 runs_on "$host"
	never_failed
	lab exec "$host" hv resume --force web
	eventually 30 heartbeat_says alive
	answers_unchanged
	took "resumed, undisturbed,"
}

# token MS: corosync's token on every host, from now on
token() {
	local node
	for node in node1 node2 node3; do
		lab exec $node corosync-cmapctl -s totem.token u32 "$1"
	done
	for node in node1 node2 node3; do eventually 10 token_is $node "$1"; done
}
# token_is NODE MS: that is what it works with, and more the more nodes there are (token_coefficient)
token_is() {
	local now
	now=$(lab exec "$1" corosync-cmapctl -g runtime.config.totem.token | sed 's/.* = //')
	[[ $now -ge $2 && $now -lt $(($2 + 2000)) ]]
}

@test "the host stalls for 5 s and goes on: who did not look accuses nobody" {
	again
	must "every process of the host stands still for more than twice the guest's timeout"
	token 15000 # else the cluster itself would fence the host, and rightly
	lab pause-host "$host"
	sleep 5
	inject "$host stood still for 5 s, and goes on" lab resume-host "$host"
	during 5 runs_on "$host"
	token 1000
	never_failed
	answers_unchanged
	never_fenced
	history_is_clean
}
