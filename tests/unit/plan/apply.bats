#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # run sets stderr
#
# hv plan --apply on configurations in files, with Pacemaker's own tools (CIB_file stands for a
# cluster to all of them).  On a cluster that runs: tests/lab/plan.bats.

bats_require_minimum_version 1.5.0

setup_file() {
	here=$(cd "$BATS_TEST_DIRNAME/../../.." && pwd)
	O=${O:-$here/build}
	[[ $O == /* ]] || O=$here/$O
	export O HV=$O/hv
}

setup() {
	export CIB_file=$BATS_TEST_TMPDIR/cib.xml
}

cluster() { "$BATS_TEST_DIRNAME/small-cib" "$@" >"$CIB_file"; }

# apply CODE OPTION...: hv plan --apply, its exit code
apply() {
	local code=$1
	shift
	run -"$code" --separate-stderr "$HV" plan --apply "$@"
}
# change WHAT: a change by sed, as somebody else would make it
change() { sed -i "$1" "$CIB_file"; }
# pair ID: the value of that nvpair
pair() { xmllint --xpath "string(//nvpair[@id='$1']/@value)" "$CIB_file"; }
# count XPATH
count() { xmllint --xpath "count($1)" "$CIB_file"; }

@test "it books, prefers, and keeps in place, in one change; once more changes nothing" {
	local before
	cluster unbooked pool spare
	apply 0
	[[ $output == *"+ host node1: taiki-memory=1036"* ]]   # 1100, less two twins of 32
	[[ $output == *"+ domain web: taiki-memory=512"* ]]
	[[ $output == *"+ domain web: prefers hosts where its twin, or a spare, waits"* ]]
	[[ $output == *"changes, written at once."* ]]
	crm_verify --xml-file "$CIB_file"
	[[ $(count "//rsc_location") -eq 2 ]] # web and db are the pool's; mail is not
	before=$(sha256sum "$CIB_file")
	apply 0
	[[ $output == "Nothing to change." ]]
	[[ $(sha256sum "$CIB_file") == "$before" ]]
}

@test "the rule is the guide's, and crm and pcs show everything" {
	cluster unbooked pool spare
	apply 0
	run crm configure show
	[[ $output == *"node 1: node1"*"utilization taiki-memory=1036 taiki-cpu=400"* ]]
	[[ $output == *"meta resource-stickiness=1000 migration-threshold=1 taiki-home=node1 taiki-promise=node"* ]]
	[[ $output == *"location taiki-standby-web web "*"rule 100: taiki-twin-web eq 1"*"rule 50: taiki-spares number:gte 1"* ]]
	run pcs -f "$CIB_file" config
	[[ $output == *"Resource: web"*"taiki-home=node1"*"taiki-memory=512"* ]]
	[[ $output == *"Expression: taiki-spares gte number 1 (id:taiki-standby-web-spare-x)"* ]]
	run pcs -f "$CIB_file" node utilization
	[[ $output == *"node3: taiki-cpu=400 taiki-memory=1036"* ]]
}

@test "both tools go on changing what it wrote" {
	cluster unbooked pool
	apply 0
	pcs -f "$CIB_file" resource utilization web taiki-memory=600
	pcs -f "$CIB_file" resource meta web resource-stickiness=500
	crm configure property placement-strategy=utilization
	crm_verify --xml-file "$CIB_file"
	[[ $(pair cib-bootstrap-options-placement-strategy)$(pair taiki-placement-strategy) == utilization ]]
}

@test "a dry run writes nothing and says the same" {
	local before said
	cluster unbooked pool
	before=$(sha256sum "$CIB_file")
	apply 0 --dry-run
	[[ $output == *"and nothing written."* ]]
	said=$(grep '^[+~-]' <<<"$output")
	[[ $(sha256sum "$CIB_file") == "$before" ]]
	run -0 "$HV" plan --apply --dry-run --cib "$CIB_file" --json
	[[ $(jq -r '.changes[]' <<<"$output") == "$said" ]]
	[[ $(jq .written <<<"$output") == false ]]
	apply 2 --cib "$CIB_file"
	apply 0
	[[ $(grep '^[+~-]' <<<"$output") == "$said" ]]
}

@test "what is booked is what Pacemaker goes by" {
	cluster unbooked pool twin=db:node3
	apply 0
	# db goes where its twin waits; web, 512 MiB as well, fits no second time beside it or mail.
	run crm_simulate --simulate --xml-file "$CIB_file" --node-fail node1
	[[ $output == *"Revised Cluster Status"*"db"*"Started node3"* ]]
	[[ $(pair taiki-db-meta_attributes-taiki-promise) == node3 ]]
	"$HV" plan --json --loss node1 >"$BATS_TEST_TMPDIR/plan.json" || true
	[[ $(jq -r '.losses[0].domains[] | select(.domain == "db").how' "$BATS_TEST_TMPDIR/plan.json") == twin ]]
}

@test "what somebody else has said counts and stays" {
	cluster pool node3=2048 # everything is booked by hand
	change 's|<nvpair id="web-ma-resource-stickiness"[^>]*>|<nvpair id="mine" name="resource-stickiness" value="120"/>|'
	change 's|value="balanced"|value="utilization"|'
	change 's|</constraints>|<rsc_location id="my-own" rsc="web"><rule id="my-rule" score="80"><expression id="my-x" attribute="taiki-twin-web" operation="defined"/></rule></rsc_location></constraints>|'
	apply 0
	[[ $output != *"taiki-memory="* && $output != *"placement-strategy"* ]]
	[[ $output != *"domain web: prefers"* && $output == *"domain db: prefers"* ]]
	[[ $output == *"Needed: domain web: its resource-stickiness is 120"* ]]
	[[ $(pair mine) == 120 ]]
	[[ $(count '//utilization/nvpair[starts-with(@id, "taiki-")]') -eq 0 ]]
	# ...and where somebody says it later, ours goes.
	cluster unbooked pool
	apply 0
	change 's|<utilization id="taiki-db-utilization">|&<nvpair id="by-hand" name="taiki-memory" value="700"/>|'
	apply 0 --force
	[[ $output == *"- domain db: taiki-memory=512"* ]]
	[[ $(pair by-hand) == 700 && -z $(pair taiki-db-utilization-taiki-memory) ]]
}

@test "what has changed is changed, what is gone goes" {
	cluster unbooked pool spare
	apply 0
	change 's|value="web db"|value="web"|'
	change 's|name="taiki-capacity-memory" value="1100"|name="taiki-capacity-memory" value="2000"|'
	apply 0
	[[ $output == *"- domain db: prefers what waits"* ]]
	[[ $output == *"~ host node1: taiki-memory=1968 (was 1036)"* ]]
	[[ $(count '//rsc_location') -eq 1 ]]
	# A host that is away says nothing, and keeps what it books.
	change 's|<nvpair id="s1-taiki-capacity-[a-z]*"[^>]*>||g'
	apply 0
	[[ $(pair taiki-host-node1-utilization-taiki-memory) == 1968 ]]
}

@test "home stays home, until it is told otherwise" {
	cluster unbooked pool
	apply 0
	[[ $(pair taiki-mail-meta_attributes-taiki-home) == node2 ]]
	# mail runs on node3 now
	change 's|<lrm id="2">|<lrm id="X">|; s|<lrm id="3">|<lrm id="2">|; s|<lrm id="X">|<lrm id="3">|'
	change 's|<node_state id="2" uname="node2"|<node_state id="Y" uname="YY"|; s|<node_state id="3" uname="node3"|<node_state id="2" uname="node2"|; s|<node_state id="Y" uname="YY"|<node_state id="3" uname="node3"|'
	apply 0
	[[ $(pair taiki-mail-meta_attributes-taiki-home) == node2 ]]
	apply 0 --rehome
	[[ $output == *"~ domain mail: taiki-home=node3 (was node2)"* ]]
}

@test "a host that nobody knows: refused, and nothing is half done" {
	local before
	cluster unbooked pool
	change 's|<nvpair id="s3-taiki-capacity-[a-z]*"[^>]*>||g'
	before=$(sha256sum "$CIB_file")
	apply 4
	[[ $stderr == *"host node3: nobody has said its taiki-memory"* ]]
	apply 4 --force
	[[ $(sha256sum "$CIB_file") == "$before" ]]
}

@test "bookings that would stop what runs are refused, unless they are forced" {
	local before
	cluster unbooked
	change 's|name="taiki-capacity-memory" value="1100"|name="taiki-capacity-memory" value="700"|'
	before=$(sha256sum "$CIB_file")
	apply 4
	[[ $stderr == *"there is no place any more for what runs: "* ]]
	[[ $(sha256sum "$CIB_file") == "$before" ]]
	apply 0 --force
	[[ $(pair taiki-host-node1-utilization-taiki-memory) == 700 ]]
}

@test "somebody who changes it at the same moment loses nothing" {
	local bin=$BATS_TEST_TMPDIR/bin
	cluster unbooked pool
	mkdir "$bin"
	# Before the first difference is made, another change arrives.
	cat >"$bin/crm_diff" <<-END
		#!/bin/bash
		if [[ ! -e $bin/done ]]; then
			touch $bin/done
			$(command -v crm_attribute) --type crm_config --name migration-limit --update 7
		fi
		exec $(command -v crm_diff) "\$@"
	END
	chmod +x "$bin/crm_diff"
	PATH=$bin:$PATH apply 0
	[[ -e $bin/done ]]
	[[ $(pair cib-bootstrap-options-migration-limit) == 7 ]]
	[[ $(pair taiki-web-utilization-taiki-memory) == 512 ]]
	apply 0
	[[ $output == "Nothing to change." ]]
}

@test "a promise that would not be kept is noted" {
	cluster unbooked pool twin=db:node3
	apply 0
	[[ $(pair taiki-db-meta_attributes-taiki-promise) == node3 ]]
	change 's|<nvpair id="s3-taiki-twin-db"[^>]*>||; s|<nvpair id="s2-taiki-capacity-memory"|<nvpair id="tt" name="taiki-twin-db" value="1"/>&|'
	change 's|\(taiki-host-node2-utilization-taiki-memory"[^>]*value=\)"1036"|\1"4096"|'
	run "$HV" plan
	[[ $output == *"Note: db was promised node3 for the loss of node1, and would go to node2."* ]]
}
