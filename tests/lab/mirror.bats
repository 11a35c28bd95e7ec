#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # common.bash sets and reads them
#
# ocf:taiki:mirror under Pacemaker, made with pcs and with crm, and a domain whose disk it is.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/lab/mirror.bash
load mirror.bash

setup_file() {
	TAIKI_LAB=$(lab_name mirror)
	export TAIKI_LAB
	mirrors_up
}

teardown_file() {
	mirrors_down
}

@test "made with pcs: nobody is promoted before there is data, then one is, and it moves" {
	lab exec node1 pcs resource create disk ocf:taiki:mirror resource=web disk=/etc/taiki/web.img \
		"hosts=$(hosts)" \
		op monitor interval=3s role=Promoted timeout=20s monitor interval=4s role=Unpromoted timeout=20s \
		promotable promoted-max=1 notify=true
	eventually 60 mirror_is node1 connection Connected
	settled
	[[ -z $(promoted) ]]
	lab exec node1 crm_mon -1 | grep -q 'Unpromoted: \[ node1 node2 \]'
	truth_on node1
	eventually 60 somebody_is_promoted
	eventually 60 in_sync node1
	eventually 60 has_score node1 10000
	eventually 60 has_score node2 10000
	local was
	settled
	was=$(promoted)
	lab exec node1 crm_resource --ban -r disk-clone -N "$was" --promoted
	eventually 60 promoted_elsewhere "$was"
	settled
	promoted_elsewhere "$was"
	lab exec node1 crm_resource --clear -r disk-clone
	lab exec node1 crm_verify -LV
	lab exec node1 pcs resource delete disk-clone
	settled
	run ! lab exec node1 pgrep -x taiki-mirrord
	run ! lab exec node2 pgrep -x taiki-mirrord
}

@test "made with crm: a domain on it; its host loses power, and it comes back with every write" {
	mirrored_guest_up
	must "the other host is promoted after fencing, and no record is lost"
	inject "power cut of $host" lab power-off "$host"
	eventually 120 answers_anew
	took "answered again, on $(host_of),"
	eventually 30 acked_anew
	fenced "$host"
	eventually 20 runs_where_promoted "$(across "$host")"
	nothing_lost "$(across "$host")"
}
runs_where_promoted() { [[ $(host_of) == "$1" ]] && is_promoted "$1"; }

@test "the host that was lost is brought up to date when it is back" {
	local back other
	eventually 20 somebody_is_promoted
	other=$(promoted)
	back=$(across "$other")
	lab power-on $back
	lab wait 240
	eventually 90 in_sync "$back"
	eventually 20 mirror_is $back role Secondary
	eventually 20 is_promoted "$other"
	lab exec "$other" pcs resource disable web
	settled
	[[ $(content node1) == "$(content node2)" ]]
}

@test "the mirrors' link is cut, the cluster's is not: the guest goes on, and the other side is no choice until it is back" {
	local other n
	lab exec node1 pcs resource enable web
	eventually 120 answers
	eventually 20 acked_anew
	eventually 20 known
	other=$(across "$host")
	eventually 60 in_sync "$host"
	# placed when the other host was lost, or never lifted
	eventually 60 no_constraint "$host"
	must "the guest does not notice more than a pause; a constraint keeps the other side from being promoted"
	inject "$host cannot reach $other for replication" lab cut "$other/ring0"
	eventually 60 constraint "$host"
	took "the constraint was there"
	eventually 60 mirror_is "$host" peer-disk Outdated
	n=$(acks)
	eventually 30 acked $((n + 5))
	took "the guest went on"
	answers_unchanged
	node_is "$other" on
	eventually 20 constraint "$other"
	run ! lab exec "$other" taiki-mirror primary web
	eventually 20 mirror_is "$other" disk Outdated
	lab heal
	eventually 90 in_sync "$host"
	eventually 60 no_constraint "$host"
	answers_unchanged
	nothing_lost "$host"
}
@test "the disk of the other side hangs, its mirror answers: it is given up, and the guest goes on" {
	local other n
	eventually 20 known
	other=$(across "$host")
	eventually 20 in_sync "$host"
	must "the guest waits for what the peer does not confirm, and goes on once it is given up"
	inject "the disk of $other hangs" lab fault "$other" "$other.img" hang
	eventually 30 stands_still
	n=$(acks)
	eventually 120 acked $((n + 5))
	took "the guest went on"
	answers_unchanged
	lab fault "$other" none
	eventually 120 in_sync "$host"
	eventually 60 no_constraint "$host"
	answers_unchanged
	node_is "$other" on
}
waits_for_quorum() { [[ $(mirror_state "$1" suspended-by) == *quorum* ]]; }
waits_for_nothing() { [[ $(mirror_state "$1" suspended-by) == '[]' ]]; }

# expect_votes N TWO_NODE: by every node's corosync
expect_votes() {
	local node
	for node in node1 node2; do
		lab exec $node corosync-cmapctl -s quorum.two_node u8 "$2"
		lab exec $node corosync-cmapctl -s quorum.expected_votes u32 "$1"
	done
}

@test "quorum is lost under the guest: its disk waits and never fails; it is regained: it goes on" {
	eventually 20 known
	eventually 20 in_sync "$host"
	# what Pacemaker does to a host without quorum is another test's
	lab exec "$host" crm_attribute -n no-quorum-policy -v freeze
	must "nothing is written without quorum, nothing fails, and the same guest goes on with it"
	inject "five votes are expected, and there are two" expect_votes 5 0
	eventually 30 waits_for_quorum "$host"
	took "the mirror waits"
	# what was on disk before may be said a moment later
	eventually 20 stands_still
	during 10 waits_for_quorum "$host"
	mirror_is "$host" role Primary
	expect_votes 2 1
	eventually 30 waits_for_nothing "$host"
	took "the mirror goes on"
	eventually 30 stands_not_still
	answers_unchanged
	lab exec "$host" hv info web | grep -q '^state: *running'
	lab exec "$host" crm_attribute -n no-quorum-policy --delete
	nothing_lost "$host"
}

# twin_definition: the guest's, whose disk and link come with the role
twin_definition() {
	# shellcheck source=tests/lab/standby-guests.bash
	source "$tree/tests/lab/standby-guests.bash"
	standby_domain web "$address" "taiki.writer=10.71.255.254:7000" "<taiki:guard disk='vda'>mirror</taiki:guard>" |
		sed "s|<disk type='file' device='disk'><source file='/shared/web.raw'/>|<disk type='network'>\
<source protocol='nbd'><host transport='unix' socket='/run/taiki/.mirror/web/nbd.sock'/></source>|"
}

@test "a twin waits where the other side of its disk is: the host is lost, and it is adopted with the mirror as its disk" {
	local other up
	twin_definition >"$(state)/shared/web.xml"
	lab exec node1 pcs resource disable web
	settled
	lab exec node1 pcs resource enable web
	eventually 120 answers
	eventually 20 acked_anew
	lab exec node1 pcs resource create pool ocf:taiki:pool domains=web \
		op start timeout=30s stop timeout=30s clone
	eventually 20 known
	other=$(across "$host")
	eventually 120 twin_ready "$host" $other web
	eventually 60 in_sync "$host"
	eventually 60 no_constraint "$host"
	must "the guest that waited has the disk with every record; nothing is started cold"
	inject "power cut of $host" lab power-off "$host"
	eventually 120 answers_anew
	took "answered again, on $(host_of),"
	eventually 20 up_known
	note "the guest that answers has been up for $up s"
	[[ $((${up%.*} * 1000)) -gt $(($(now_ms) - injected)) ]]
	eventually 30 acked_anew
	fenced "$host"
	eventually 20 runs_where_promoted "$other"
	nothing_lost "$other"
}
# up_known: $up is for how long the guest that answers has been up
up_known() {
	up=$(lab client curl -fs -m 2 "http://$address/cgi-bin/status" | cut -d ' ' -f 3)
	[[ -n $up ]]
}
twin_ready() {
	lab exec "$1" timeout 5 crm_attribute -q -t status -N "$2" -n "taiki-twin-$3" -G 2>/dev/null | grep -qx 1
}
