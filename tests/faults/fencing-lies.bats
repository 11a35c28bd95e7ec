#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # common.bash sets and reads them
#
# The fence device says "off", and the host runs on.  With the guard `fencing`
# nothing can hold (taiki-domain-xml(7) says so, the checker has to see it);
# a lease must.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/faults/common.bash
load common.bash

setup() { cluster_up; }
# A host that lived on behind the others' backs is nothing for the next file.
teardown() { TAIKI_FAULTS_SHARED="" cluster_down; }

# The guest's host drops out of the cluster, and its fencing lies.
lie() {
	lab fence "$host" lie
	inject "corosync killed on $host, whose fencing lies" \
		kill -KILL "$(process "$host" corosync)"
}

@test "fencing lies, guard fencing: two copies write, and the checker sees it" {
	guest_up
	must "nothing can: the guard is the fence device; the checker has to complain"
	lie
	two_writers() { judge | grep -q 'VIOLATION two writers'; }
	eventually 90 two_writers
	took "two writers were found"
	[[ $(copies) -eq 2 ]]
}

# sanlock_up: the lease daemon on every host, and a lockspace on the shared disk.
# There is no watchdog in a lab (-w 0): here the daemon's own kill must do.
sanlock_up() {
	local node joining=()
	truncate -s 4M "$(state)/shared/leases"
	lab exec node1 sanlock direct init -s LAB:0:/shared/leases:0
	lab exec node1 sanlock direct init -r LAB:web:/shared/leases:1048576
	for node in node1 node2 node3; do
		lab exec $node mkdir -p /run/sanlock
		lab exec $node env LD_PRELOAD="$O/tests/lab/limits.so" sanlock daemon -w 0 -U root -G root -e $node
	done
	# Joining takes a while (ten seconds and more), so all join at once.
	for node in node1 node2 node3; do
		lab exec $node sanlock client add_lockspace -s "LAB:${node#node}:/shared/leases:0" -o 1 \
			>/dev/null 3>&- &
		joining+=($!)
	done
	wait "${joining[@]}"
}

@test "fencing lies, guard lease: the lease holds, and one copy writes" {
	sanlock_up
	guest_up "<taiki:guard disk='vda' lease='web'>lease</taiki:guard>" \
		"<lease><lockspace>LAB</lockspace><key>web</key><target path='/shared/leases' offset='1048576'/></lease>"
	must "the start elsewhere is refused, the guest goes on where it is, one copy writes"
	lie
	refused() { [[ $(lab exec "$(observer)" crm_mon -1 -f | grep -c 'web start on .*lease') -eq 2 ]]; }
	eventually 90 refused
	took "both other hosts were refused"
	[[ $(copies) -eq 1 ]]
	runs_on "$host"
	answers_unchanged
	history_is_clean
}
