#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ocf:taiki:bond as Pacemaker's tools see it, and on a kernel that may have no bonding driver.  With
# one: tests/e2e/bond.bats.

# bats sets $stderr.
# shellcheck disable=SC2154
bats_require_minimum_version 1.5.0
load domain.bash

setup_file() {
	find_build
	export AGENT=$O/resource-agents/bond
}

setup() {
	export TAIKI_RUN_DIR=$BATS_TEST_TMPDIR/run SAID=$BATS_TEST_TMPDIR/said
	export OCF_RESOURCE_INSTANCE=net:0 OCF_RESKEY_CRM_meta_timeout=20000 OCF_RESKEY_CRM_meta_interval=10000
	export OCF_RESKEY_bond=bond77 OCF_RESKEY_links='e0 e1'
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\necho "$*" >>"$SAID"\n' >"$BATS_TEST_TMPDIR/bin/attrd_updater"
	chmod 755 "$BATS_TEST_TMPDIR/bin/attrd_updater"
	export PATH=$BATS_TEST_TMPDIR/bin:$PATH
	: >"$SAID"
}

agent() { timeout 60 "$AGENT" "$@" 3>&-; }
# alone ACTION...: in a network namespace with a cable's two ends
alone() { unshare -n sh -c 'ip link add e0 type veth peer name e1; for a; do "$AGENT" "$a" || exit; done' - "$@"; }

@test "its metadata fits the schemas of resource-agents and pcs, and the 1.0 DTD" {
	agent_metadata_fits
}

@test "Pacemaker's tools, pcs and crm read, validate and clone it" {
	# shellcheck disable=SC2016
	run -0 unshare -m sh -ec '
		mount -t tmpfs none /usr/lib/ocf/resource.d && mkdir /usr/lib/ocf/resource.d/taiki
		cp "$AGENT" /usr/lib/ocf/resource.d/taiki/
		crm_resource --show-metadata ocf:taiki:bond | grep -q "<version>1.1</version>"
		pcs resource describe ocf:taiki:bond | grep -q xmit_hash_policy
		crm_resource --validate --class ocf --provider taiki --agent bond bond=b0 links="a b"
		! crm_resource --validate --class ocf --provider taiki --agent bond bond=b0 links="a a"
		cd "$BATS_TEST_TMPDIR"
		cibadmin --empty >cib.xml
		pcs -f cib.xml resource create n ocf:taiki:bond bond=b0 "links=a b" bridge=br0 \
			op monitor interval=5s clone
		CIB_file=$PWD/cib.xml crm -F configure primitive m ocf:taiki:bond \
			params bond=b1 links="c d" mode=802.3ad op monitor interval=5s
		CIB_file=$PWD/cib.xml crm -F configure clone m-clone m
		cat cib.xml'
	[[ $output == *'<clone id="n-clone"'* && $output == *'<clone id="m-clone"'* ]]
}

# refused PARAMETER VALUE [PARAMETER VALUE]...: by name, wrong on every host
refused() {
	local first=$1
	(
		while [[ $# -gt 0 ]]; do
			export "OCF_RESKEY_$1=$2"
			shift 2
		done
		run --separate-stderr -6 agent validate-all
		[[ $stderr == *"parameter $first: "* ]] || { echo "$stderr" && false; }
	)
}

@test "validate-all names the parameter that is wrong" {
	refused bond 'bond 0'
	refused bond abcdefghijklmnop
	refused links 'e0 e0'
	refused mode active
	refused mode 1
	refused primary 'a b'
	refused miimon -1
	refused arp_interval 100 arp_ip_target 10.0.0.1 miimon 100
	refused arp_ip_target 10.0.0
	refused bridge a/b
	refused vlans 4095=br1
	refused vlans '10=br1 10=br2'
	refused mtu 9
	refused minimum 3 wanted 2
	refused wanted 0
	refused speed fast
	refused hold soon
	refused dampen 5x
	OCF_RESKEY_arp_interval=100 run --separate-stderr -6 agent validate-all
	[[ $stderr == *arp_ip_target* ]]
}

@test "validate-all of level 10 names a link that this host has not" {
	export OCF_CHECK_LEVEL=10
	alone validate-all
	OCF_RESKEY_links='e0 e9' run --separate-stderr -5 alone validate-all
	[[ $stderr == *e9* ]]
}

@test "what was never started is not running, and its stop tells nobody" {
	run -7 agent monitor
	OCF_RESKEY_CRM_meta_interval=0 run -7 agent monitor
	run -0 agent stop
	OCF_RESKEY_mode=nonsense run -0 agent stop
	[[ ! -s $SAID ]]
}

@test "without a bonding driver the start says what to load; with one the bond is made" {
	run --separate-stderr alone start monitor stop
	if [[ $status -eq 5 ]]; then
		[[ $stderr == *'modprobe bonding'* ]]
	else
		[[ $status -eq 0 ]]
		grep -q -- '-n taiki-bond-bond77 -B 2 ' "$SAID"
	fi
}

@test "links that are not there, or another's, refuse the start by name" {
	OCF_RESKEY_links='x0 x1' run --separate-stderr -5 alone start
	[[ $stderr == *x0* ]]
	OCF_RESKEY_links='' run --separate-stderr -5 alone start
	[[ $stderr == *'no bond bond77 to adopt'* ]]
	OCF_RESKEY_bond=e0 run --separate-stderr -5 alone start
	[[ $stderr == *'e0 is there and is no bond'* ]]
}

@test "unknown actions, and usage" {
	run -3 agent dance
	run -0 agent usage
	[[ $output == *'start|stop|monitor'* ]]
}
