#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ocf:taiki:pool in a cluster of three hosts: what it publishes, and where domains go
# because of it.  What needs no cluster is in tests/unit/agent/pool.bats.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/lab/lab.bash
load lab.bash
# shellcheck source=tests/unit/agent/domain.bash
load ../unit/agent/domain.bash

setup_file() {
	TAIKI_LAB=${TAIKI_LAB:-$(lab_name pool)}
	export TAIKI_LAB
	lab down
	lab up -n 3
	make_roms
	cp "$BATS_FILE_TMPDIR"/guest1.rom "$(state)/shared/"
	local name
	for name in web db; do
		definition $name >"$(state)/shared/$name.xml"
		lab exec node1 hv cluster define "/shared/$name.xml"
		lab exec node1 pcs resource meta $name resource-stickiness=1000 migration-threshold=1
		# As docs/guide-standby.md has it.
		lab exec node1 crm configure location taiki-standby-$name $name \
			rule 100: taiki-twin-$name eq 1 rule 50: number:taiki-spares gte 1
	done
	eventually 180 runs_somewhere web
	eventually 180 runs_somewhere db
	lab exec node1 pcs resource create pool ocf:taiki:pool domains="web db" ready_after=300ms \
		op monitor interval=2s timeout=20s clone
}

teardown_file() { [[ -n ${KEEP:-} ]] || lab down; }

definition() {
	cat <<-XML
		<domain type='kvm'>
		  <name>$1</name>
		  <metadata><taiki:domain xmlns:taiki='urn:taiki:domain:1'>
		    <taiki:standby memory='8' unit='MiB' quota='20000'/>
		  </taiki:domain></metadata>
		  <memory unit='MiB'>16</memory>
		  <vcpu>1</vcpu>
		  <os><type arch='x86_64'>hvm</type><loader type='rom'>/shared/guest1.rom</loader></os>
		  <features><acpi/></features>
		  <devices><serial type='pty'/><memballoon model='virtio'/></devices>
		</domain>
	XML
}

# A host that is on.
somebody() { lab power | sed -n 's/ *on$//p' | head -n 1; }
at() { lab exec "$(somebody)" "$@"; }
where() { at crm_resource -W -r "$1" 2>/dev/null | sed -n 's/.*is running on: *\([^ ]*\).*/\1/p'; }
runs_somewhere() { [[ -n $(where "$1") ]]; }
runs_on() { [[ $(where "$1") == "$2" ]]; }
# has NODE NAME: the attribute says that the twin of NAME is ready there
has() { at attrd_updater -n "taiki-twin-$2" -N "$1" -Q 2>/dev/null | grep -q 'value="1"'; }
has_not() { ! has "$@"; }
others() { local n; for n in node1 node2 node3; do [[ $n == "$1" ]] || echo "$n"; done; }
twin_pid() { lab exec "$1" cat "/run/taiki/$2@twin/pid"; }
pool_pid() { lab exec "$1" cat /run/taiki/.poold.lock; }
settled() { at crm_resource --wait --timeout 240; }
domains_of() { lab exec "$1" pgrep -c -x hv-domain; }
started_everywhere() { at crm_mon -1 | grep -q 'Started: \[ node1 node2 node3 \]'; }
# is_process NODE NAME PID: that process is the domain there, now or in a moment: what is being
# started is shown as running before it is
is_process() { [[ $(lab exec "$1" cat "/run/taiki/$2/pid" 2>/dev/null) -eq $3 ]]; }
# waits_elsewhere NAME: on the two hosts where it does not run
waits_elsewhere() {
	local node here
	here=$(where "$1")
	[[ -n $here ]] && has_not "$here" "$1" || return 1
	for node in $(others "$here"); do has "$node" "$1" || return 1; done
}

@test "wherever a domain does not run its twin waits, and the cluster knows it" {
	eventually 180 waits_elsewhere web
	eventually 180 waits_elsewhere db
	eventually 60 started_everywhere
	# To boot is no failure.
	settled
	[[ $(at crm_mon -1) != *DEGRADED* ]]
}

@test "a twin that dies is not published any more at once, and again when it is ready" {
	local node
	node=$(others "$(where web)" | head -n 1)
	local first
	first=$(twin_pid "$node" web)
	# Its successor may be ready before anybody has asked: so that dies, too.
	dies_and_is_withdrawn() {
		lab exec "$node" kill -KILL "$(twin_pid "$node" web 2>/dev/null)" 2>/dev/null || true
		has_not "$node" web
	}
	eventually 60 dies_and_is_withdrawn
	eventually 90 has "$node" web
	[[ $(twin_pid "$node" web) -ne $first ]]
}

@test "a daemon that is killed: its standbys stay, another one takes them over" {
	local node twin pool
	node=$(others "$(where web)" | head -n 1)
	twin=$(twin_pid "$node" web) pool=$(pool_pid "$node")
	lab exec "$node" kill -KILL "$pool"
	another() { [[ $(pool_pid "$node") -ne $pool ]] && lab exec "$node" hv pool >/dev/null; }
	eventually 90 another
	eventually 90 waits_elsewhere web
	[[ $(twin_pid "$node" web) -eq $twin ]]
}

@test "a definition that changes in the cluster changes the twins" {
	sed -i "s|memory='8'|memory='9'|" "$(state)/shared/db.xml"
	local node
	node=$(others "$(where db)" | head -n 1)
	at hv cluster update /shared/db.xml
	is_new() { lab exec "$node" grep -q '"current-memory": *9437184\|"current_memory": *9437184' /run/taiki/db@twin/config.json; }
	eventually 180 is_new
	eventually 180 waits_elsewhere db
}

@test "a domain whose process is killed is its twin where that waits, and not started where none does" {
	local from to bare twin
	from=$(where web)
	to=$(others "$from" | tail -n 1)
	bare=$(others "$from" | head -n 1)
	at pcs constraint location pool-clone avoids "$bare"
	eventually 180 has_not "$bare" web
	twin=$(twin_pid "$to" web)
	lab exec "$from" sh -c 'kill -KILL $(cat /run/taiki/web/pid)'
	eventually 180 runs_on web "$to"
	eventually 30 is_process "$to" web "$twin"
	at pcs constraint delete "$(at pcs constraint location show --full | sed -n "s/.*id:\(location-pool-clone[^)]*\).*/\1/p" | head -n 1)"
	eventually 180 waits_elsewhere web
	# It stays: the twin's attribute has gone under it.
	settled
	runs_on web "$to"
	at crm_resource --cleanup -r web
	settled
	during 5 runs_on web "$to"
}

@test "a host loses its power: its domains are their twins; nothing comes back by itself" {
	local lost to node
	local -A twin
	lost=$(where web)
	for node in $(others "$lost"); do twin[$node]=$(twin_pid "$node" web); done
	lab power-off "$lost"
	gone_from() {
		local now
		now=$(where "$1")
		[[ -n $now && $now != "$lost" ]]
	}
	eventually 180 gone_from web
	eventually 180 gone_from db
	to=$(where web)
	eventually 30 is_process "$to" web "${twin[$to]}"
	lab power-on "$lost"
	lab wait 240
	eventually 180 waits_elsewhere web
	eventually 180 waits_elsewhere db
	settled
	runs_on web "$to"
}

@test "stopped, it withdraws what it published and ends what waited" {
	at pcs resource disable pool-clone --wait=180
	local node
	for node in node1 node2 node3; do
		eventually 60 has_not $node web
		eventually 60 has_not $node db
		run ! lab exec $node sh -c 'ls -d /run/taiki/*@*'
	done
	[[ $(($(domains_of node1) + $(domains_of node2) + $(domains_of node3))) -eq 2 ]]
}
