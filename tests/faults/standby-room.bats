#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # common.bash sets and reads them
#
# More is lost than the host that waits has room for: web and db run on one host, and the
# twins of both wait on node3.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/faults/standby.bash
load standby.bash

setup_file() { cluster_up; }
# Two domains and a host without room are nothing for the next file.
teardown_file() { TAIKI_FAULTS_SHARED="" cluster_down; }

db_address=10.71.1.2
db_boot() { lab client curl -fs -m 2 "http://$db_address/" 2>/dev/null | cut -d ' ' -f 2; }
db_answers() { db_now=$(db_boot) && [[ -n $db_now ]]; }
db_answers_anew() {
	local now
	now=$(db_boot)
	[[ -n $now && $now != "$(cat "$BATS_FILE_TMPDIR/db")" ]]
}
runs() { [[ $(placed_on "$1") == "$2" ]]; }
both_on() { runs web "$1" && runs db "$2"; }
apart() { both_on node3 node2 || both_on node2 node3; }
# waits NAME: its twin on node3, which is of the definition of now: the pool reads it again now and then
waits() { twin_ready node3 node3 "$1" && lab exec node3 cmp -s "/run/taiki/$1@twin/definition.xml" "/shared/$1.xml"; }
both_wait() { waits web && waits db; }

# room MIB: what node3 has for domains, from now on
room() { lab exec node3 sh -c "mkdir -p /etc/taiki && printf 'memory = %s MiB\n' $1 >/etc/taiki/host.conf"; }

ordered_home() { runs "$1" node1 || lab exec node3 timeout 30 crm_resource --move -r "$1" --node node1; }
# home: web and db on node1
home() {
	local name
	for name in web db; do eventually 30 ordered_home $name; done
	eventually 60 both_on node1 node1
	for name in web db; do asked crm_resource --clear -r $name; done
	eventually 120 both_wait
	eventually 60 known
	[[ $host == node1 ]]
	eventually 60 db_answers
	echo "$db_now" >"$BATS_FILE_TMPDIR/db"
	: >"$(state)/bmc.log"
}

@test "room for one of two: one is adopted, the other is refused there and started cold elsewhere" {
	local name
	truncate -s 16M "$(state)/shared/db.raw"
	standby_domain db $db_address "taiki.data=/dev/vda" "<taiki:priority>5</taiki:priority>" \
		>"$(state)/shared/db.xml"
	guest_up "<taiki:priority>10</taiki:priority>"
	lab exec node1 pcs resource create db ocf:taiki:domain config=/shared/db.xml \
		op start timeout=60s stop timeout=15s monitor interval=2s timeout=8s \
		meta migration-threshold=1 resource-stickiness=1000
	lab exec node1 pcs resource create pool ocf:taiki:pool domains="web db" \
		op start timeout=30s stop timeout=30s clone
	lab exec node1 pcs constraint location pool-clone avoids node1 node2
	for name in web db; do standby_rule node1 $name; done
	# Two twins of 96 MiB, one of which grows to 128.
	room 240
	home
	must "nothing is taken from anybody, and both answer again"
	inject "power cut of node1, with web and db on it" lab power-off node1
	recovered
	eventually 60 db_answers_anew
	took "db answered again"
	eventually 20 apart
	"$O/tests/history/history-check" --image "$(state)/shared/db.raw" "$(state)"/history/*.jsonl
}

@test "room for both when the lesser shrinks: both are adopted, and nobody goes below its minimum" {
	lab power-on node1
	lab wait 240
	asked crm_resource --cleanup
	eventually 60 settled
	standby_domain db $db_address "taiki.data=/dev/vda" \
		"<taiki:priority>5</taiki:priority><taiki:minimum memory='96' unit='MiB'/>" \
		>"$(state)/shared/db.xml"
	home
	must "the more important one is whole, the other has its minimum"
	inject "power cut of node1, with web and db on it" lab power-off node1
	recovered
	eventually 60 db_answers_anew
	took "db answered again"
	adopted
	eventually 20 both_on node3 node3
	lab exec node3 hv ledger | sed 's/^/# /' >&3
}
