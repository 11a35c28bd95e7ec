#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A cluster inside guests: Corosync and Pacemaker of Debian's packages in three
# domains on three hosts, which fence one another with fence_taiki through their
# hypervisors.  What the guests say is on their consoles; what is proven is said by
# the hosts.  One cluster for all tests; each leaves it whole.

# tree is lab.bash's.
# shellcheck source=tests/lab/lab.bash disable=SC2154
load ../lab/lab.bash
# shellcheck source=tests/lab/guest-cluster.bash
load ../lab/guest-cluster.bash

setup_file() {
	TAIKI_LAB=$(lab_name gcl)
	export TAIKI_LAB
	lab down
	lab up -n 3
	guests
	began=$(now_ms)
	eventually 600 formed
	note "formed $((($(now_ms) - began) / 1000)) s after the domains were asked for"
}

teardown_file() {
	if [[ -n ${KEEP_LOGS:-} ]]; then
		local n
		for n in 1 2 3; do all_console "$n" >"$O/test-logs/guest-cluster-$n.log"; done
	fi
	lab down
}

# member_again N: another guest turns it on; it boots and joins
member_again() {
	local other=$((($1 % 3) + 1)) before
	before=$(boots "$1")
	type_ "$other" "fence_taiki -o on -n guest$1; echo \"on ended with \$?\""
	eventually 120 runs "$1"
	said "$other" 'on ended with 0'
	eventually 300 booted "$1" "$before"
	eventually 600 formed
}

# not_dc: a guest that does not decide
not_dc() { echo $((($(dc) % 3) + 1)); }

@test "three guests on three hosts form a cluster, quorate, with a fence device that works" {
	formed
	local n
	for n in 1 2 3; do said "$n" 'Quorum acquired'; done
	n=$(dc)
	type_ "$n" 'crm_mon -1'
	eventually 60 said "$n" 'Online: \[ guest1 guest2 guest3 \]'
	eventually 60 said "$n" 'fence.*stonith:fence_taiki.*Started guest'
	# Its start asked the hosts.
	audited '"monitor"' >/dev/null || audited 'monitor' >/dev/null
}

@test "a member whose corosync is killed is fenced by the others, with proof on the host" {
	local victim began before
	victim=$(not_dc)
	before=$(offs "$victim")
	began=$(now_ms)
	type_ "$victim" 'killall -9 corosync'
	eventually 240 fenced "$victim" "$before"
	note "fenced $((($(now_ms) - began) / 1000)) s after its corosync was killed"
	proven "$victim"
	# It stays off, also against the host cluster's own recovery.
	during 15 proven "$victim"
	member_again "$victim"
}

@test "a member whose user space hangs is fenced, though its kernel answers pings" {
	local victim before
	victim=$(not_dc)
	before=$(offs "$victim")
	type_ "$victim" 'kill -s STOP -- -1' # all but itself and init
	lab client ping -c 3 -W 10 "10.71.2.$victim" >/dev/null
	eventually 240 fenced "$victim" "$before"
	proven "$victim"
	member_again "$victim"
}

@test "the one that decides is fenced as well: another one takes over" {
	local victim before
	victim=$(dc)
	before=$(offs "$victim")
	type_ "$victim" 'killall -9 corosync'
	eventually 300 fenced "$victim" "$before"
	proven "$victim"
	member_again "$victim"
}
