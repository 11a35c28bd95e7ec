#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The rules of docs/guide-paths.md, as crm and as pcs write them: what Pacemaker's scheduler makes of them
# when a host has fewer links or paths than the other, without a cluster (crm_simulate).

bats_require_minimum_version 1.5.0

setup_file() {
	export ALL=$BATS_FILE_TMPDIR
	local by
	for by in crm pcs; do
		base >"$ALL/$by.new"
		"by_$by" "$ALL/$by.new"
		# Both hosts up, with two links and two paths each; web starts on host1.
		attributes "$ALL/$by.new" 2 2 2 2 >"$ALL/$by.first"
		simulate "$ALL/$by.first" --save-output "$ALL/$by" >"$ALL/$by.log"
		# What is published is to be filled in again.
		for node in 1 2; do
			sed -i "s/\(id=.status-$node-\([a-z0-9-]*\). name=[^ ]* value=.\)2/\1@\2-$node@/" "$ALL/$by"
		done
	done
}

simulate() { crm_simulate --simulate --quorum 1 --xml-file "$@" 2>&1; }

# Two hosts that are up, each of which publishes links and paths.
base() {
	cat <<-'END'
	<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="1" num_updates="0" admin_epoch="0" have-quorum="1">
	<configuration><crm_config><cluster_property_set id="cib-bootstrap-options">
	<nvpair id="o" name="stonith-enabled" value="false"/></cluster_property_set></crm_config>
	<nodes><node id="1" uname="host1"/><node id="2" uname="host2"/></nodes><resources/><constraints/></configuration><status>
	END
	local node
	for node in 1 2; do
		cat <<-END
		<node_state id="$node" uname="host$node" in_ccm="true" crmd="online" join="member" expected="member">
		<transient_attributes id="$node"><instance_attributes id="status-$node">
		<nvpair id="status-$node-taiki-bond-bond0" name="taiki-bond-bond0" value="@taiki-bond-bond0-$node@"/>
		<nvpair id="status-$node-taiki-paths-data" name="taiki-paths-data" value="@taiki-paths-data-$node@"/>
		</instance_attributes></transient_attributes></node_state>
		END
	done
	echo '</status></cib>'
}

by_crm() {
	CIB_file=$1 crm -F configure <<-END
		rsc_defaults resource-stickiness=1000
		primitive bond0 ocf:taiki:bond params links="eth0 eth1" bridge=br0 minimum=0 op monitor interval=5s
		clone net bond0 meta interleave=true
		primitive web ocf:taiki:domain params config=/etc/taiki/web.xml meta allow-migrate=true
		order net-before-web Mandatory: net web
		location web-on-links web \
			rule 10000: taiki-bond-bond0 gte 1 \
			rule 10000: taiki-bond-bond0 gte 2
		location web-on-paths web \
			rule 10000: taiki-paths-data gte 1 \
			rule 10000: taiki-paths-data gte 2
		location first web 1: host1
		commit
	END
}

by_pcs() {
	pcs -f "$1" resource defaults update resource-stickiness=1000
	pcs -f "$1" resource create bond0 ocf:taiki:bond "links=eth0 eth1" bridge=br0 minimum=0 \
		op monitor interval=5s clone net interleave=true --force
	pcs -f "$1" resource create web ocf:taiki:domain config=/etc/taiki/web.xml meta allow-migrate=true --force
	pcs -f "$1" constraint order net "then" web
	local of
	for of in taiki-bond-bond0 taiki-paths-data; do
		pcs -f "$1" constraint location web rule score=10000 $of gte 1
		pcs -f "$1" constraint location web rule score=10000 $of gte 2
	done
	pcs -f "$1" constraint location web prefers host1=1
}

# attributes CIB LINKS1 LINKS2 PATHS1 PATHS2: CIB with what the two hosts publish; - for nothing
attributes() {
	local cib=$1 script='' name
	shift
	for name in bond-bond0-1 bond-bond0-2 paths-data-1 paths-data-2; do
		if [[ $1 == - ]]; then
			script+="/@taiki-$name@/d;"
		else
			script+="s/@taiki-$name@/$1/;"
		fi
		shift
	done
	sed "$script" "$cib"
}

# web_then LINKS1 LINKS2 PATHS1 PATHS2 WHAT: what becomes of web, which runs on host1, with crm's and with pcs' rules
web_then() {
	local by did
	for by in crm pcs; do
		attributes "$ALL/$by" "${@:1:4}" >"$BATS_TEST_TMPDIR/cib"
		did=$(simulate "$BATS_TEST_TMPDIR/cib")
		case $5 in
		stays) ! grep -E '\* (Move|Migrate|Stop|Restart|Recover|Start) .*web' <<<"$did" ;;
		*) grep -E "\* $5 .* web " <<<"$did" ;;
		esac || {
			echo "$by, links $1 and $2, paths $3 and $4: not '$5'"
			echo "$did"
			return 1
		}
	done
}

@test "with all links and paths on both hosts it stays where it is" {
	grep -q 'Start .*web.*host1' "$ALL/crm.log"
	grep -q 'Start .*web.*host1' "$ALL/pcs.log"
	web_then 2 2 2 2 stays
}

@test "one link less than the other host: it is migrated live" {
	web_then 1 2 2 2 Migrate
	web_then 0 2 2 2 Migrate
	web_then 0 1 2 2 Migrate
}

@test "one path less than the other host: it is migrated live" {
	web_then 2 2 1 2 Migrate
	web_then 2 2 0 1 Migrate
}

@test "where the other host is no better, it stays" {
	web_then 1 1 2 2 stays
	web_then 0 0 2 2 stays
	web_then 2 1 2 2 stays
	web_then 1 0 2 2 stays
	web_then 2 2 0 0 stays
}

@test "a link here against a path there: it stays" {
	web_then 1 2 2 1 stays
	web_then 2 1 1 2 stays
}

@test "a host that publishes nothing is as one with no links, not worse" {
	web_then - 2 2 2 Migrate
	web_then 0 - 2 2 stays
	web_then - - 2 2 stays
	web_then - - - - stays
}
