#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The clusters a lab makes: fencing for real, two nodes with and without a witness.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/lab/lab.bash
load lab.bash

setup_file() {
	TAIKI_LAB=$(lab_name tcluster)
	export TAIKI_LAB
}
setup() { lab down; }
teardown() { lab down; }

runs() { lab exec "$1" timeout 5 crm_resource -W -r "$2" 2>/dev/null | sed -n 's/.*running on: \([a-z0-9]*\).*/\1/p'; }
runs_on_other() {
	local now
	now=$(runs "$1" d)
	[[ -n $now && $now != "$2" ]]
}
# victim_known: $victim is the node that runs it
victim_known() {
	victim=$(runs node1 d)
	[[ -n $victim ]]
}
quorate() { lab exec "$1" corosync-quorumtool -s | grep -q 'Quorate: *Yes'; }

@test "two nodes without a witness: the survivor fences the other and takes over" {
	lab up -n 2
	lab exec node1 crm configure primitive d ocf:pacemaker:Dummy op monitor interval=2s
	eventually 20 victim_known
	other=node$((3 - ${victim#node}))
	lab power-off "$victim"
	eventually 40 runs_on_other "$other" "$victim"
	grep -q "off $victim\$" "$(state)/bmc.log"
	lab power-on "$victim"
	lab wait 240
}

@test "two nodes that lose sight of each other: one is fenced, the first node lives" {
	lab up -n 2
	# The lab's own head start of node1 is two seconds, which a busy machine may take away.
	lab exec node1 crm_resource -r fence-lab -p pcmk_delay_base -v 'node1:10;node2:0'
	eventually 30 lab exec node1 crm_resource --wait --timeout 30
	lab cut ring0 ring1
	eventually 40 node_off node2
	node_is node1 on
	quorate node1
	[[ $(grep -c ' off ' "$(state)/bmc.log") -eq 1 ]]
}

@test "two nodes with a witness: the last node keeps quorum with its vote, and not without" {
	lab up -n 2 --qdevice
	votes() { lab exec "$1" corosync-quorumtool -s | grep -q "Total votes: *$2"; }
	eventually 20 votes node1 3
	eventually 20 votes node2 3
	lab power-off node1
	eventually 40 eval 'grep -q "off node1\$" "$(state)/bmc.log"'
	eventually 20 quorate node2
	lab cut witness/ring0
	eventually 40 votes node2 1
	run ! quorate node2
	lab heal
	eventually 40 quorate node2
}

@test "a fenced node comes on again where stonith-action is reboot; pcs makes resources too" {
	lab up -n 3 --stonith-action reboot
	lab exec node1 pcs resource create d ocf:pacemaker:Dummy op monitor interval=2s
	eventually 20 victim_known
	boot=$(cat "$(state)/nodes/$victim/boot_id")
	survivor=node1
	[[ $victim != node1 ]] || survivor=node2
	kill -KILL "$(lab pids "$victim" corosync)"
	eventually 40 runs_on_other "$survivor" "$victim"
	rebooted() { [[ $(cat "$(state)/nodes/$victim/boot_id") != "$boot" ]]; }
	eventually 40 rebooted
	eventually 40 node_is "$victim" on
	lab wait 240
}
