#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ocf:taiki:domain as Pacemaker, crm and pcs see it, with guests of one page.
# What the agent decides is in tests/unit/agent, what faults do in tests/faults.

# domain.bash sets $OCF_RESKEY_config.
# shellcheck disable=SC2154
bats_require_minimum_version 1.5.0
# shellcheck source=tests/lab/lab.bash
load lab.bash
# shellcheck source=tests/unit/agent/domain.bash
load ../unit/agent/domain.bash

setup_file() {
	TAIKI_LAB=$(lab_name tagent)
	export TAIKI_LAB
	lab down
	lab up -n 2
	make_roms
	cp "$BATS_FILE_TMPDIR"/guest?.rom "$(state)/shared/"
	lab exec node1 crm configure rsc_defaults resource-stickiness=100
}

teardown_file() { lab down; }

setup() {
	truncate -s 1M "$(state)/shared/disk"
	define web 0 "<disk type='file'><driver name='qemu' type='raw'/><source file='/shared/disk'/>\
<target dev='vda' bus='virtio'/></disk>"
	sed -i "s|$BATS_FILE_TMPDIR|/shared|" "$OCF_RESKEY_config"
	cp "$OCF_RESKEY_config" "$(state)/shared/web.xml"
}

teardown() {
	lab exec node1 crm_attribute -n stonith-enabled -v true
	lab exec node1 crm_resource -r web --meta -p target-role -v Stopped
	eventually 60 settled
	lab exec node1 cibadmin --delete-all --force --xpath '//constraints/rsc_location[@rsc="web"]'
	lab exec node1 cibadmin --delete-all --force --xpath '//resources/*[@id="web-clone"]'
	lab exec node1 cibadmin --delete-all --force --xpath '//resources/primitive[@id="web"]'
	eventually 30 settled
	eventually 30 lab exec node1 crm_resource --refresh
	eventually 30 settled
}

runs() { [[ -n $(where) ]]; }
runs_on() { [[ $(where) == "$1" ]]; }
runs_elsewhere() {
	local now
	now=$(where)
	[[ -n $now && $now != "$1" ]]
}
status_says() { lab exec node1 crm_mon -1rf | grep -q -- "$1"; }
nobody_runs_it() { ! lab exec node1 pgrep -x hv-domain && ! lab exec node2 pgrep -x hv-domain; }

# started: what is being started is shown as running, so it is waited for twice
started() {
	lab exec node1 hv cluster define /shared/web.xml
	eventually 60 runs
	eventually 60 settled
}

@test "a definition in the cluster needs no file on any host" {
	started
	rm "$(state)/shared/web.xml"
	local before
	before=$(where)
	lab exec node1 crm_resource -r web --move
	eventually 60 runs_elsewhere "$before"
	eventually 60 settled
	runs_elsewhere "$before"
	lab exec node1 crm_resource -r web --clear
}

@test "the agent's own parameters change without a restart, the definition's with one" {
	started
	local first second
	first=$(incarnation)
	lab exec node1 crm_resource -r web -p force_stop -v true
	lab exec node1 crm_resource -r web -p shutdown_timeout -v 20s
	eventually 60 settled
	[[ $(incarnation) == "$first" ]]
	lab exec "$(where)" hv info web
	sed -i 's|<memory unit=.MiB.>16|<memory unit="MiB">32|' "$(state)/shared/web.xml"
	lab exec node1 hv cluster update /shared/web.xml
	eventually 60 settled
	second=$(incarnation)
	[[ $second != "$first" ]]
	status_says 'web.*Started'
}

@test "paused by an administrator: shown as degraded, left where it is" {
	started
	local first
	first=$(incarnation)
	lab exec "$(where)" hv pause --force web
	eventually 40 status_says 'paused by an administrator'
	during 12 runs
	[[ $(incarnation) == "$first" ]]
	run ! status_says 'fail-count'
	lab exec "$(where)" hv resume --force web
}

@test "Pacemaker stopped for an upgrade and started again finds the domain that ran on" {
	started
	local node first
	node=$(where)
	first=$(incarnation)
	lab exec node1 crm_attribute -n maintenance-mode -v true
	eventually 60 settled
	lab exec "$node" pkill -x pacemakerd
	eventually 30 no_pacemaker_on "$node"
	lab exec "$node" hv info web | grep -q '^state: *running'
	lab exec "$node" sh -c 'PCMK_logfile=/var/log/pacemaker/pacemaker.log setsid pacemakerd -f >/dev/null 2>&1 </dev/null &'
	eventually 60 node_joined "$node"
	# who has just joined may still be electing
	eventually 20 lab exec "$node" crm_attribute -n maintenance-mode --delete
	eventually 60 runs_on "$node"
	eventually 60 settled
	[[ $(incarnation) == "$first" ]]
	during 12 runs_on "$node"
}
no_pacemaker_on() { ! lab exec "$1" pgrep '^pacemaker'; }
node_joined() { lab exec "$1" crm_mon -1 2>/dev/null | grep -q 'Online: \[ node1 node2 \]'; }

@test "a clone of it is refused, and nothing of it runs" {
	lab exec node1 pcs resource create web ocf:taiki:domain config=/shared/web.xml clone --force
	eventually 60 status_says 'a domain runs once'
	eventually 60 settled
	nobody_runs_it
}

@test "with fencing switched off, a disk that relies on it is not started" {
	lab exec node1 crm_attribute -n stonith-enabled -v false
	lab exec node1 hv cluster define /shared/web.xml
	eventually 60 status_says 'stonith-enabled is false'
	nobody_runs_it
}

@test "pcs and crm make the same resource" {
	lab exec node1 pcs resource create web ocf:taiki:domain config=/shared/web.xml \
		op monitor interval=10s timeout=20s meta migration-threshold=1
	eventually 60 runs
	eventually 60 settled
	lab exec node1 pcs resource delete web
	eventually 60 settled
	nobody_runs_it
	lab exec node1 crm configure primitive web ocf:taiki:domain \
		params config=/shared/web.xml \
		op start timeout=90s interval=0 op stop timeout=90s interval=0 \
		op monitor timeout=20s interval=10s meta migration-threshold=1
	eventually 60 runs
	lab exec node1 crm_verify -LV
}
