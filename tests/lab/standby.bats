#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # common.bash sets and reads them
#
# Two actives on two hosts, and one host on which both have a twin: what an administrator
# sees, from the pool's configuration to the loss of a host and the way back.

bats_require_minimum_version 1.5.0

setup_file() {
	TAIKI_LAB=$(bash -c "source '$BATS_TEST_DIRNAME/lab.bash'; lab_name standby")
	export TAIKI_LAB
	load_faults
	cluster_up
}
teardown_file() {
	load_faults
	TAIKI_FAULTS_SHARED="" cluster_down
}
load_faults() {
	# shellcheck source=tests/faults/standby.bash
	source "$BATS_TEST_DIRNAME/../faults/standby.bash"
}
setup() { load_faults; }

db_address=10.71.1.2
db_answers() { lab client curl -fs -m 2 "http://$db_address/" >/dev/null 2>&1; }
runs() { [[ $(lab exec node3 timeout 5 crm_resource -W -r "$1" 2>/dev/null) == *"running on: $2"* ]]; }
boot_known() {
	first_boot=$(boot)
	[[ -n $first_boot ]]
}
waits() { lab exec node3 hv list 2>/dev/null | grep -q "^$1 "; }

@test "two actives on two hosts; a pool on the third, and a twin of each waits there" {
	truncate -s 16M "$(state)/shared/db.raw"
	standby_domain db $db_address "taiki.data=/dev/vda" >"$(state)/shared/db.xml"
	guest_up
	lab exec node1 pcs resource create db ocf:taiki:domain config=/shared/db.xml \
		op start timeout=60s stop timeout=15s monitor interval=2s timeout=8s \
		meta migration-threshold=1 resource-stickiness=1000
	lab exec node1 crm_resource --move -r web --node node1 >/dev/null 2>&1 || true
	lab exec node1 crm_resource --move -r db --node node2 >/dev/null 2>&1 || true
	eventually 60 runs web node1
	eventually 60 runs db node2
	lab exec node1 crm_resource --clear -r web
	lab exec node1 crm_resource --clear -r db
	lab exec node1 pcs resource create pool ocf:taiki:pool domains="web db" \
		op start timeout=30s stop timeout=30s clone
	lab exec node1 pcs constraint location pool-clone avoids node1 node2
	standby_rule node1 web
	standby_rule node1 db
	eventually 120 twin_ready node1 node3 web
	eventually 120 twin_ready node1 node3 db
	eventually 10 waits web@twin
	eventually 10 waits db@twin
	eventually 60 answers
	eventually 60 db_answers
}

@test "the ledger of the host that waits knows what it has promised" {
	run lab exec node3 hv ledger
	echo "$output"
	[[ $status -eq 0 && $output == *web@twin* && $output == *db@twin* ]]
}

@test "web's host is lost: its twin is adopted, though another host could have started it" {
	host=node1
	eventually 20 boot_known
	inject "power cut of node1" lab power-off node1
	recovered
	adopted
	eventually 20 runs web node3
	eventually 20 runs db node2
	eventually 20 db_answers
	fenced node1
}

@test "what was adopted has its role's whole size, and its twin is none any more" {
	full() { [[ $(lab exec node3 hv info web --json | jq .balloon.actual) -eq $((128 << 20)) ]]; }
	eventually 20 full
	unready() { ! twin_ready node3 node3 web; }
	eventually 10 unready
	run ! waits web@twin
	eventually 10 waits db@twin
}

@test "the lost host comes back: nothing moves by itself" {
	lab power-on node1
	lab wait 240
	during 5 runs web node3
	eventually 20 runs db node2
}

@test "by hand it goes back, and its twin waits again" {
	lab exec node3 crm_resource --move -r web --node node1 >/dev/null 2>&1
	eventually 60 runs web node1
	lab exec node3 crm_resource --clear -r web
	eventually 60 answers
	eventually 120 twin_ready node1 node3 web
	history_is_clean
}
