#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # run sets stderr
#
# hv failback on configurations in files: what it refuses, and that it leaves nothing behind.  Nothing
# moves in a file; tests/lab/plan.bats moves domains of a cluster that runs.

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

# cluster WORD...: web and db are at home on node1, mail on node2; and web now runs on node3
cluster() {
	"$BATS_TEST_DIRNAME/small-cib" home away=web "$@" >"$CIB_file"
}
change() { sed -i "$1" "$CIB_file"; }

failback() {
	local code=$1
	shift
	run -"$code" --separate-stderr "$HV" failback "$@"
}
nothing_left() { [[ $(xmllint --xpath 'count(//rsc_location[starts-with(@id, "taiki-failback")])' "$CIB_file") -eq 0 ]]; }

@test "who is at home stays; who is away would go back" {
	cluster
	failback 0 db
	[[ $output == "db runs on node1." ]]
	failback 0 --dry-run web
	[[ $output == "web: node3 -> node1, where it boots" ]]
	failback 0 --dry-run --all
	[[ $output == "web: node3 -> node1, where it boots" ]]
	cluster twin=web:node1
	failback 0 --dry-run web
	[[ $output == "web: node3 -> node1, where its twin waits" ]]
	failback 0 --dry-run --to node3 db
	[[ $output == "db: node1 -> node3, where it boots" ]]
}

@test "no room, no home, no host, no such domain: refused, and why" {
	cluster node1=400
	failback 4 web
	[[ $stderr == *"node1 has no room for web (it books 512 MiB of memory"* ]]
	cluster
	change 's|<nvpair id="web-ma-taiki-home"[^>]*>||'
	failback 4 web
	[[ $stderr == *"nothing says where web is at home"* ]]
	failback 4 --to node9 web
	failback 3 nobody
	[[ $stderr == *"the cluster has no domain nobody"* ]]
	cluster node1=off
	failback 4 web
	[[ $stderr == *"web stays on node3: node1 is not there, or in standby"* ]]
	failback 2
	failback 2 --all web
	failback 2 --all --to node1
	nothing_left
}

@test "a failure that was not cleaned up, and a stickiness that nothing moves" {
	cluster
	change 's|<transient_attributes id="1">|&<instance_attributes id="s1"><nvpair id="f1" name="fail-count-web#start_0" value="INFINITY"/></instance_attributes>|'
	failback 4 web
	[[ $stderr == *"it has failed there (then: crm_resource --cleanup --resource web --node node1)"* ]]
	cluster
	change 's|\(<nvpair id="web-ma-resource-stickiness"[^>]*value=\)"1000"|\1"INFINITY"|'
	failback 4 web
	[[ $stderr == *"a resource-stickiness of INFINITY"* ]]
}

@test "others are not put out for it, unless they are to be" {
	cluster node1=700 # db is there, and has to leave when web comes
	failback 4 web
	[[ $stderr == *"db would have to leave node1; --force does it all the same"* ]]
	failback 0 --dry-run --force web
	nothing_left
}

@test "not in time: said, and the constraint is gone" {
	cluster
	failback 5 --timeout 1 web
	[[ $output == *"web: node3 -> node1"* ]]
	[[ $stderr == *"web is not on node1 within 1 s; it runs on node3"* ]]
	nothing_left
}

@test "interrupted: the constraint is gone as well" {
	local pid code=0
	cluster
	"$HV" failback --timeout 60 web >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	pid=$!
	for _ in {1..400}; do
		nothing_left || break
		sleep 0.1
	done
	grep -q 'id="taiki-failback-web"' "$CIB_file"
	grep -q 'attribute="#uname" operation="eq" value="node1"' "$CIB_file"
	grep -q '<date_expression id="taiki-failback-web-until" operation="lt" end="20' "$CIB_file"
	crm_verify --xml-file "$CIB_file"
	# ...and it does what it is there for
	run crm_simulate --simulate --xml-file "$CIB_file"
	[[ $output == *"Move "*"web"*"node3 -> node1"* || $output == *"web"*"Started node1"* ]]
	# A second one does not meddle.
	failback 4 web
	[[ $stderr == *"web is being moved already (constraint taiki-failback-web)"* ]]
	kill -TERM "$pid"
	wait "$pid" || code=$?
	[[ $code -eq 143 ]]
	grep -q "interrupted; web runs on node3" "$BATS_TEST_TMPDIR/out"
	nothing_left
}

@test "killed: what it leaves ends by its date, and is swept up" {
	cluster
	"$HV" failback --timeout 60 web >/dev/null 2>&1 3>&- &
	for _ in {1..400}; do
		nothing_left || break
		sleep 0.1
	done
	kill -KILL $!
	wait $! || true
	grep -q 'id="taiki-failback-web"' "$CIB_file"
	change 's|end="20[0-9]*-|end="2001-|'
	run crm_simulate --simulate --xml-file "$CIB_file"
	[[ $output != *"node3 -> node1"* ]]
	failback 0 --dry-run web
	run -0 "$HV" plan --apply
	[[ $output == *"- resource web: a failback that has ended"* ]]
	nothing_left
}
