#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The hosts' ledgers in a cluster: a node's own limits are what it has, and a start that
# has no room fails with the numbers, so that Pacemaker runs the domain where there is some.

# domain.bash sets $OCF_RESKEY_config.
# shellcheck disable=SC2154
bats_require_minimum_version 1.5.0
# shellcheck source=tests/lab/lab.bash
load lab.bash
# shellcheck source=tests/unit/agent/domain.bash
load ../unit/agent/domain.bash

setup_file() {
	TAIKI_LAB=$(lab_name tledger)
	export TAIKI_LAB
	lab down
	lab up -n 2 --memory $((2 << 30))
	make_roms
	cp "$BATS_FILE_TMPDIR"/guest?.rom "$(state)/shared/"
}

teardown_file() { lab down; }

setup() {
	define web 0
	sed -i "s|$BATS_FILE_TMPDIR|/shared|" "$OCF_RESKEY_config"
	cp "$OCF_RESKEY_config" "$(state)/shared/web.xml"
}

runs_on() { [[ $(where) == "$1" ]]; }
# stays_on NODE: and the cluster is about to do nothing else
stays_on() { settled && runs_on "$1"; }
status_says() { lab exec node1 crm_mon -1rf | grep -q -- "$1"; }

@test "a node has what its control group lets it have" {
	run -0 lab exec node1 hv ledger --json
	[[ $(jq .room.memory <<<"$output") -eq $((2 << 30)) ]]
	[[ $(jq -r '."memory-from"' <<<"$output") == /sys/fs/cgroup/*memory.* ]]
	[[ $(jq '.domains | length' <<<"$output") -eq 0 ]]
}

@test "no room here: the start says so in numbers, and the domain runs on the other node" {
	lab exec node1 bash -c 'mkdir -p /etc/taiki; echo "keep-memory = 2036MiB" >/etc/taiki/host.conf'
	lab exec node1 hv cluster define /shared/web.xml
	lab exec node1 crm --force configure location prefers web 100: node1
	lab exec node1 crm_resource -r web --cleanup
	eventually 90 status_says "no room: it takes 16 MiB, and of 12 MiB 0 others hold 0; 4 MiB of memory are missing"
	eventually 90 stays_on node2
	[[ $(lab exec node2 hv ledger --json | jq -r '.domains[0] | .name + " " + .state') == "web running" ]]
	[[ $(lab exec node1 hv ledger --json | jq '.held.memory') -eq 0 ]]
	# There is room again: nothing has to be repaired on the host.
	lab exec node1 rm /etc/taiki/host.conf
	lab exec node1 crm_resource -r web --cleanup
	eventually 90 stays_on node1
	[[ $(lab exec node2 hv ledger --json | jq '.held.memory') -eq 0 ]]
}
