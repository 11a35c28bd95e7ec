#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# fence_lab does what the FenceAgentAPI asks of an agent, and misbehaves only as told.

# shellcheck source=tests/lab/lab.bash
load lab.bash

setup_file() {
	TAIKI_LAB=$(lab_name tfence)
	export TAIKI_LAB
	lab down
	lab up -n 2 --idle
}

teardown_file() { lab down; }
teardown() { lab fence all ok; }

# fence KEY=VALUE...: run the agent on node1, options on standard input
fence() { printf '%s\n' "$@" | lab exec node1 fence_lab; }

@test "metadata is well-formed, and valid by the schema of the fence agents" {
	"${LAB_COMMAND%/lab}/fence_lab" -o metadata >"$BATS_TEST_TMPDIR/m.xml"
	xmllint --noout --relaxng /usr/share/cluster/relaxng/metadata.rng "$BATS_TEST_TMPDIR/m.xml"
	lab exec node1 stonith_admin --metadata -a fence_lab | grep -q 'action name="off"'
}

@test "status tells on from off, and from not knowing; monitor and list work" {
	run fence action=status plug=node2
	[[ $status -eq 0 ]]
	lab power-off node2
	run fence action=status plug=node2
	[[ $status -eq 2 ]]
	run fence action=status plug=node2 socket=/nowhere
	[[ $status -eq 1 && $output == *nowhere* ]]
	fence action=monitor
	run fence action=list
	[[ $output == $'node1,\nnode2,' ]]
	run fence action=list-status
	[[ $output == *node2,,OFF* ]]
	lab power-on node2
}

@test "off is proven: no process of the node is left; on and reboot bring it back" {
	pids=$(ip netns pids taiki.$TAIKI_LAB.node2)
	fence action=off plug=node2
	# shellcheck disable=SC2086 # words
	dead $pids
	fence action=off plug=node2 # off again is off
	node_off node2
	fence action=on plug=node2
	node_is node2 on
	fence action=reboot port=node2
	node_is node2 on
}

@test "input: comments and unknown keys are passed over, the last value wins, options work too" {
	run fence '# a comment' 'frobnicate=1' 'plug=node9' 'action=off' 'plug=node2' 'action=status'
	[[ $status -eq 0 ]]
	lab exec node1 fence_lab -o status -n node2
	lab exec node1 fence_lab --action=monitor --verbose
	run fence action=frobnicate plug=node2
	[[ $status -eq 1 ]]
	run fence action=off
	[[ $status -eq 1 && $output == *plug* ]]
	run fence action=off plug=node9
	[[ $status -eq 1 && $output == *node9* ]]
	fence action=validate-all plug=node2
}

@test "delay is honoured before acting" {
	began=$(now_ms)
	fence action=off plug=node2 delay=3
	[[ $(($(now_ms) - began)) -ge 3000 ]]
	node_off node2
	lab power-on node2
}

@test "told to fail, it fails and the node lives; told to hang, it ends by its timeout" {
	lab fence node2 fail
	run fence action=off plug=node2
	[[ $status -eq 1 && $output == *node2* ]]
	node_is node2 on
	lab fence node2 hang
	run fence action=off plug=node2 power_timeout=2
	[[ $status -eq 1 ]]
	node_is node2 on
}

@test "told to be slow, it is slow and works; told to lie, it says off and the node lives" {
	lab fence all slow 1
	fence action=off plug=node2
	node_off node2
	lab fence all ok
	lab power-on node2
	lab fence node2 lie
	fence action=off plug=node2
	node_is node2 on
	run fence action=status plug=node2
	[[ $status -eq 2 ]]
	lab fence node2 ok
	run fence action=status plug=node2
	[[ $status -eq 0 ]]
}
