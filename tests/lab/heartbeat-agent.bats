#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ocf:taiki:heartbeat as a cluster uses it: a clone, one instance on each host.
# What needs no cluster is in tests/unit/agent/heartbeat.bats.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/lab/lab.bash
load lab.bash

setup_file() {
	TAIKI_LAB=$(lab_name hba)
	export TAIKI_LAB
	lab down
	lab up -n 2
	# The lab's nodes run the daemon as an init does; ended in order it stays away.
	local node
	for node in node1 node2; do
		eventually 60 answers "$node"
		lab exec "$node" kill "$(daemon "$node")"
		eventually 30 silent "$node"
	done
}

teardown_file() { lab down; }

daemon() { lab exec "$1" cat /run/taiki/.heartbeatd.lock; }
answers() { lab exec "$1" taiki-heartbeat status >/dev/null; }
silent() { ! answers "$1" 2>/dev/null; }
started_on_both() { lab exec node1 crm_mon -1 | grep -q 'Started: \[ node1 node2 \]'; }
another() { [[ -n $(daemon "$1") && $(daemon "$1") -ne $2 ]] && answers "$1"; }

@test "a clone runs one on every host" {
	lab exec node1 pcs resource create hb ocf:taiki:heartbeat \
		op monitor interval=2s timeout=20s clone
	eventually 60 started_on_both
	eventually 20 answers node1
	eventually 20 answers node2
}

@test "a daemon that dies, and one that hangs, is there again within a monitor's interval" {
	local before
	before=$(daemon node2)
	lab exec node2 kill -KILL "$before"
	eventually 60 another node2 "$before"
	eventually 60 started_on_both
	before=$(daemon node1)
	lab exec node1 kill -STOP "$before"
	eventually 90 another node1 "$before"
	eventually 60 started_on_both
}

@test "disabled, it is stopped on every host, with proof" {
	lab exec node1 pcs resource disable hb-clone --wait=240
	local node
	for node in node1 node2; do
		run ! answers "$node"
		run -7 lab exec "$node" env OCF_ROOT=/usr/lib/ocf OCF_RESOURCE_INSTANCE=hb \
			/usr/lib/ocf/resource.d/taiki/heartbeat monitor
	done
}
