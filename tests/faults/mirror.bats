#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # common.bash sets and reads them
#
# What can become of the mirror under a guest, beside what tests/lab/mirror.bats shows on the way: its
# processes, both hosts at once, the only good side.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/lab/mirror.bash
load ../lab/mirror.bash

setup_file() {
	TAIKI_LAB=$(lab_name mirrors)
	export TAIKI_LAB
	mirrors_up
	mirrored_guest_up new
}

teardown_file() {
	mirrors_down
}

# How the last fault left it is how the next one finds it.
setup() {
	local node
	for node in node1 node2; do
		node_is $node on || lab power-on $node
		lab fault $node none
	done
	lab wait 240
	host=
	asked crm_resource --cleanup
	eventually 60 settled
	eventually 90 answers
	eventually 60 acked_anew
	eventually 60 known
	other=$(across "$host")
	eventually 120 in_sync "$host"
	eventually 60 no_constraint "$host"
	: >"$(state)/bmc.log"
}

# whole: both sides are up to date, and the one that has the guest has every record
whole() {
	eventually 120 one_side
	one_copy
	nothing_lost "$side"
}
# one_side: it is promoted and has the guest, as $side
one_side() {
	side=$(host_of)
	[[ $side == node[0-9] && $(promoted) == "$side" ]] && in_sync "$side"
}
# another_mirrord NODE PID: than that one runs there
another_mirrord() {
	local now
	now=$(process "$1" taiki-mirrord) && [[ $now -ne $2 ]]
}

@test "the mirror's process is killed where it is not promoted: the guest does not notice, and it comes back up to date" {
	local was
	was=$(process "$other" taiki-mirrord)
	must "the same guest goes on; nobody is fenced"
	inject "SIGKILL to taiki-mirrord on $other" kill -KILL "$was"
	eventually 60 another_mirrord "$other" "$was"
	took "there was another"
	whole
	took "both sides were up to date"
	eventually 30 stands_not_still
	answers_unchanged
	never_fenced
}

@test "the mirror's process is killed under the guest: one side is promoted, and the guest has every record" {
	must "the guest runs once, on the side that is Primary, with every record; nobody is fenced"
	inject "SIGKILL to taiki-mirrord on $host" kill -KILL "$(process "$host" taiki-mirrord)"
	gone_on() { answers && acked_anew && stands_not_still; }
	eventually 120 gone_on
	took "the guest wrote again, on $(host_of),"
	whole
	never_fenced
}

@test "the mirror's process stands still under the guest, and wakes when it was replaced: it writes nothing more" {
	local was
	was=$(process "$host" taiki-mirrord)
	must "the guest runs once, with every record; what stood still is gone or is no Primary"
	inject "SIGSTOP to taiki-mirrord on $host" kill -STOP "$was"
	gone_on() { answers && acked_anew && stands_not_still && another_mirrord "$(host_of)" "$was"; }
	eventually 180 gone_on
	took "the guest wrote again, on $(host_of),"
	kill -CONT "$was" 2>/dev/null || true
	if node_off "$host"; then
		fenced "$host"
		eventually 20 known
		nothing_lost "$host"
		return
	fi
	whole
}

@test "both hosts lose power at once: the guest is back with every record" {
	must "every record that was said to be on disk is there, whichever side is promoted"
	inject "power cut of both hosts" lab power-off node1 node2
	lab power-on node1 node2
	lab wait 240
	host=
	eventually 120 answers_anew
	took "answered again, on $(host_of),"
	eventually 60 acked_anew
	whole
}

@test "the only side with the data is lost: the other waits for it, and is not promoted" {
	local n
	must "who was not brought up to date yet is never promoted; the guest is back when the data is"
	# so that it lasts: every write to the other disk takes a while
	lab fault "$other" "$other.img" delay 400
	lab exec "$host" taiki-mirror invalidate-remote web
	eventually 30 mirror_is "$other" disk Inconsistent
	inject "power cut of $host" lab power-off "$host"
	eventually 60 fenced "$host"
	eventually 60 settled
	during 10 nobody_is_promoted
	run ! lab exec "$other" taiki-mirror primary web
	note "$output"
	lab fault "$other" none
	lab power-on "$host"
	n=$host
	host=
	eventually 240 answers_anew
	took "answered again, on $(host_of),"
	back() { [[ $(host_of) == "$n" ]]; }
	eventually 20 back
	eventually 60 acked_anew
	whole
}
nobody_is_promoted() { ! somebody_is_promoted; }
