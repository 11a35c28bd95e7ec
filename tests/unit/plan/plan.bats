#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # run sets stderr
#
# hv plan on configurations in files: against Pacemaker's own scheduler on random clusters, and what it
# says about small ones whose every figure is known.

bats_require_minimum_version 1.5.0

setup_file() {
	here=$(cd "$BATS_TEST_DIRNAME/../../.." && pwd)
	O=${O:-$here/build}
	[[ $O == /* ]] || O=$here/$O
	export O HV=$O/hv CIB=$BATS_FILE_TMPDIR/cib.xml
}

# against SEED... -- WORD...: exactly Pacemaker's placement, but where a circle is announced
against() { "$BATS_TEST_DIRNAME/against-pacemaker" "$@" >&3; }

@test "what runs where after each loss is what crm_simulate does" {
	against 1 2 3 4 5 6 7 8
}

@test "the same with three hosts that are full" {
	against 100 101 102 103 104 105 -- hosts=3 domains=12
}

@test "the same where nothing is fenced: what was lost comes last" {
	against 200 201 202 203 204 205 -- unfenced
}

@test "the same with colocations, for and against, by any score" {
	against 300 304 305 307 308 311 312 -- colocations
}

@test "the same with twins, colocations, and every two hosts at once" {
	against 600 602 604 -- twins colocations losses=2
}

@test "the same with two bookings that differ, but where hosts beat one another in a circle" {
	against 400 402 403 405 408 410 -- cpu
}

@test "the same beside other resources and a clone, with failures, where hosts have to be allowed" {
	against 700 702 704 706 -- others pool failed optin colocations twins
	against 701 703 705 707 -- others pool failed unfenced
}

@test "the same with the strategies utilization and minimal" {
	against 710 711 712 -- strategy=utilization
	against 710 711 712 -- strategy=minimal
}

@test "what is cut out of a text before it is read makes no difference" {
	local seed whole
	for seed in 1 2 3; do
		"$BATS_TEST_DIRNAME/random-cib" $seed hosts=4 domains=24 placed failed twins capacity=9000 >"$CIB"
		# A probe that found it running, one with more to it, and one that failed.
		sed -i -e '0,/rc-code="7"/s//rc-code="0"/' -e 's/\(id="d5_0".*\)op-status="0"/\1op-status="4"/' \
			-e "s/exit-reason=\"\" on_node=\"node2\"/exit-reason='a \" rc-code=\"' on_node=\"node2\"/" "$CIB"
		run --separate-stderr "$HV" plan --cib "$CIB" --json --losses 2
		[[ $output == "{"* ]]
		# With a comment in it nothing is cut.
		(cat "$CIB" && echo '<!-- -->') >"$CIB.whole"
		whole=$("$HV" plan --cib "$CIB.whole" --json --losses 2) || true
		diff <(jq -S . <<<"$output") <(jq -S . <<<"$whole")
	done
}

# cluster [WORD=VALUE...]: three hosts of 1024 MiB, web and db (512) on node1, mail (768) on node2
cluster() { "$BATS_TEST_DIRNAME/small-cib" "$@" >"$CIB"; }

# plan CODE OPTION...: its exit code, and its output in $output
plan() {
	local code=$1
	shift
	run -"$code" --separate-stderr "$HV" plan --cib "$CIB" "$@"
}
# json CODE FILTER [OPTION...]: what jq makes of the plan
json() {
	local code=$1 filter=$2
	shift 2
	plan "$code" --json "$@"
	jq -e -c "$filter" <<<"$output"
}

@test "a table: a line a loss, the worst first, and a verdict" {
	cluster
	plan 0
	[[ ${lines[0]} == "LOST "*RAN*FULL*SQUEEZED*NOT*TWIN*SPARE*COLD ]]
	[[ ${lines[1]} =~ ^node1\ +2\ +3\ +0\ +0 ]]
	[[ ${lines[2]} =~ ^node2\ +1\ +3\ +0\ +0 ]]
	[[ ${lines[3]} =~ ^node3\ +0\ +3\ +0\ +0 ]]
	[[ $output == *"Covered, every domain in full."* ]]
}

@test "what does not run is named, with the reason and the numbers; exit code 8" {
	cluster node3=256
	plan 8
	[[ ${lines[1]} =~ ^node1\ +2\ +1\ +0\ +2 || ${lines[1]} =~ ^node1\ +2\ +2\ +0\ +1 ]]
	[[ $output == *"db (node1): does NOT run: no host has room: it books 512 MiB of memory, and node"*" has most left, 256"* ]]
	[[ $output == *"NOT COVERED: 2 of 3."* ]]
	json 8 '.covered == "not" and .losses[0].lost == ["node1"]'
}

@test "squeezed: Pacemaker places by the minimum, the host shares by priority; exit code 7" {
	cluster node3=off minimum=256
	plan 7 --loss node1
	[[ $output == *"squeezed on node2: "*" of "*" MiB of memory"* ]]
	# 1792 MiB are wanted of 1024: mail (priority 5) gives all it can before web and db (10) do.
	json 7 '.losses[0].domains | map({(.domain): .given["taiki-memory"]}) | add ==
		{"web": 384, "db": 384, "mail": 256}' --loss node1
	# Nobody shrinks for the sake of a lower priority: a start that its ledger would refuse is none.
	cluster node3=off minimum=256 mailpriority=20
	plan 8 --loss node1
	[[ $output == *"does NOT run: placed on node2, whose ledger refuses it: too little MiB of memory"* ]]
}

@test "a capacity that nobody has said is unknown, not nothing; exit code 6" {
	cluster node2=512 node3=unknown mail=off
	plan 6
	[[ $output == *"of which nobody knows what it can give"* ]]
	[[ $output == *"host node3: nobody has said its taiki-memory"* ]]
	json 6 '.hosts[2].capacity["taiki-memory"] == null and .covered == "unknown"'
}

@test "what a host has published counts where nothing is booked" {
	cluster node3=published
	plan 0
	[[ $output == *"1 hosts and 0 domains are not booked"* ]]
	json 0 '.hosts[2].capacity["taiki-memory"] == 1024'
}

@test "how each is started: its twin, a spare, or cold" {
	cluster twin=web:node3 spares=node2:1 spare
	json 0 '.losses[] | select(.lost == ["node1"]) | .twin == 1 and .cold + .spare == 1'
	plan 0 --loss node1
	[[ $output == *"web (node1): adopts its twin on node3"* ]]
}

# params SET...: more instance attributes of web
params() { sed -i "s|<meta_attributes id=\"web-ma\">|$1&|" "$CIB"; }
booked() { jq -r --arg n "$1" '.domains[] | select(.domain == "web").booked[$n]' <<<"$output"; }

@test "parameters count in the definition's place; by the clock, the most of any hour" {
	cluster unbooked
	params '<instance_attributes id="night" score="1"><nvpair id="n1" name="memory" value="128MiB"/><nvpair id="n2" name="quota" value="20000"/></instance_attributes>'
	plan 0 --json
	[[ $(booked taiki-memory) -eq 128 && $(booked taiki-cpu) -eq 20 ]]
	params '<instance_attributes id="day" score="2"><rule id="day-r" score="0"><date_expression id="day-x" operation="date_spec"><date_spec id="day-s" hours="7-19"/></date_expression></rule><nvpair id="y1" name="memory" value="256MiB"/></instance_attributes>'
	plan 0 --json
	[[ $(booked taiki-memory) -eq 256 && $(booked taiki-cpu) -eq 20 ]]
	# Where the clock says it only at times, the definition holds at the others.
	cluster unbooked
	params '<instance_attributes id="day" score="2"><rule id="day-r" score="0"><date_expression id="day-x" operation="date_spec"><date_spec id="day-s" hours="7-19"/></date_expression></rule><nvpair id="y1" name="memory" value="256MiB"/></instance_attributes>'
	plan 0 --json
	[[ $(booked taiki-memory) -eq 512 && $(booked taiki-cpu) -eq 100 ]]
}

@test "pairs of hosts, and only those asked for" {
	cluster
	json 8 '[.losses[].lost] | length == 6 and (map(length) | max) == 2' --losses 2
	plan 8 --loss node1,node3
	[[ ${lines[1]} =~ ^node1,node3\ +2\ +[12]\ +0\ +[12] ]]
	plan 8 --losses 2
	[[ $output == *"Note: with 2 of 3 hosts lost at once no majority is left"* ]]
}

@test "what is not understood is said by name" {
	cluster odd
	plan 0
	[[ $output == *"Note: colocation far-apart is not understood, and not counted."* ]]
	[[ $output == *"Note: ticket constraint t is not understood, and not counted."* ]]
	[[ $output == *"Note: group g is taken as its members"* ]]
	[[ $output == *"Note: node-health-strategy only-green is not counted."* ]]
	[[ $output == *"Note: later: the date is not understood"* ]]
	[[ $output == *"Note: placement-strategy is default"* ]]
	[[ $output == *"Note: node far is a remote node, and not counted as a host."* ]]
}

@test "files that are no configuration, hosts that are not there, and nonsense" {
	echo '<cib/>' >"$CIB"
	plan 4
	[[ $stderr == *"not a cluster's configuration"* ]]
	echo 'no XML' >"$CIB"
	plan 1
	cluster
	plan 4 --loss node9
	[[ $stderr == *"the cluster has no host node9"* ]]
	plan 2 --losses 0
	plan 2 --losses 5
	plan 2 web
	rm "$CIB"
	plan 1
	[[ $stderr == *"cib.xml: cannot be read"* ]]
}

@test "standard input is a file as well" {
	cluster
	run -0 "$HV" plan --cib - <"$CIB"
	[[ $output == *"Covered"* ]]
}
