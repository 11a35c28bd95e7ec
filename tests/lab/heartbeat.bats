#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# taiki-heartbeatd in a real cluster, with guests of one page: what fails is
# told to Pacemaker at once, what does not is left alone.  Every monitor here
# polls once in ten minutes, so that whatever is recovered was reported.

# domain.bash sets $OCF_RESKEY_config.
# shellcheck disable=SC2154
bats_require_minimum_version 1.5.0
# shellcheck source=tests/lab/lab.bash
load lab.bash
# shellcheck source=tests/unit/agent/domain.bash
load ../unit/agent/domain.bash

BURST=${BURST:-20}
first= # the incarnation that guests() saw

setup_file() {
	TAIKI_LAB=$(lab_name thb)
	export TAIKI_LAB
	lab down
	lab up -n 2
	make_roms
	cp "$BATS_FILE_TMPDIR"/guest?.rom "$(state)/shared/"
	lab exec node1 crm configure rsc_defaults resource-stickiness=100
}

teardown_file() { lab down; }

teardown() {
	local node
	if [[ ${BATS_TEST_COMPLETED:-} != 1 ]]; then
		for node in node1 node2; do
			lab exec $node taiki-heartbeat log -n 30 || true
			lab exec $node hv log web || true
		done
	fi
	lab exec node1 crm_attribute -n maintenance-mode -v false
	lab exec node1 sh -c 'cibadmin --query --xpath "//primitive[@type=\"domain\"]" 2>/dev/null |
		sed -n "s/.*<primitive id=\"\([^\"]*\)\".*/\1/p" |
		while read -r r; do crm_resource -r "$r" --meta -p target-role -v Stopped; done' >/dev/null 2>&1
	eventually 60 nobody_runs
	eventually 60 settled
	lab exec node1 cibadmin --replace --scope resources --xml-text "$(lab exec node1 cibadmin \
		--query --scope resources | sed '/<primitive id="[gw]/,/<\/primitive>/d')"
	eventually 60 settled
	eventually 30 lab exec node1 crm_resource --refresh
	eventually 60 settled
}
nobody_runs() {
	local node
	for node in node1 node2; do ! lab exec $node pgrep -x hv-domain >/dev/null || return 1; done
}

# primitives NAME...: their definitions in /shared, and the CIB's XML for them
primitives() {
	local name
	for name; do
		define "$name" "${MODE:-0}" "<panic model='pvpanic'/>" \
			"${METADATA:+<metadata><taiki:domain xmlns:taiki='urn:taiki:domain:1'>$METADATA</taiki:domain></metadata>}"
		sed -i "s|$BATS_FILE_TMPDIR|/shared|" "$OCF_RESKEY_config"
		cp "$OCF_RESKEY_config" "$(state)/shared/$name.xml"
		cat <<-END
			<primitive id="$name" class="ocf" provider="taiki" type="domain">
			<instance_attributes id="$name-p"><nvpair id="$name-p-config" name="config" value="/shared/$name.xml"/></instance_attributes>
			<meta_attributes id="$name-m"><nvpair id="$name-m-t" name="migration-threshold" value="1"/></meta_attributes>
			<operations>
			<op id="$name-start" name="start" interval="0" timeout="60s"/><op id="$name-stop" name="stop" interval="0" timeout="20s"/>
			<op id="$name-mon" name="monitor" interval="600s" timeout="20s"/><op id="$name-async" name="asyncmon" interval="0" timeout="20s" on-fail="restart"/>
			</operations></primitive>
		END
	done
}

# guests NAME...: resources of these names, waited for until they run and heartbeat watches them
guests() {
	lab exec node1 cibadmin --create --scope resources --xml-text "<resources>$(primitives "$@")</resources>" 2>/dev/null ||
		lab exec node1 cibadmin --modify --allow-create --scope resources \
			--xml-text "<resources>$(primitives "$@")</resources>"
	eventually 90 all_run "$@"
	local name
	for name; do eventually 20 verdict_is "$name" alive lives; done
	first=$(incarnation "$1")
}

all_run() {
	local name
	for name; do [[ -n $(where "$name") ]] || return 1; done
}
runs_on() { [[ $(where "$1") == "$2" ]]; }
in_node() { lab exec "$(where "$1")" "${@:2}"; }
verdict_is() {
	in_node "$1" taiki-heartbeat status "$1" --json |
		jq --arg v "$2" --arg r "$3" '.domains[0] | .verdict == $v and .reason == $r' | grep -q true
}
# entries NODE NAME FILTER: entries of the log there that are so, one a line; of web,
# those about the incarnation that this test began with
entries() {
	local which=$3
	[[ $2 != web ]] || which+=" and .incarnation == \"$first\""
	lab exec "$1" taiki-heartbeat log "$2" --json -n 1000 | jq -c "select($which)"
}
# told NODE NAME: the controller there was told that NAME failed
told() { entries "$1" "$2" '.event == "report" and .told' | grep -q .; }
failed_because() {
	entries "$1" "$2" ".event == \"verdict\" and .to == \"failed\" and .reason == \"$3\"" | grep -q .
}
failed_as() { lab exec node1 crm_mon -1rf | grep -q "$1 $2 on $3"; }
attribute_says() { lab exec node1 crm_mon -1A | grep -q "taiki-heartbeat-web.*: $1"; }
moved() { eventually 60 runs_on "$1" "$([[ $2 == node1 ]] && echo node2 || echo node1)"; }

@test "hv-domain is killed: Pacemaker knows it without asking" {
	guests web
	local node
	node=$(where web)
	in_node web sh -c 'kill -KILL $(cat /run/taiki/web/pid)'
	moved web "$node"
	eventually 10 told "$node" web
	failed_as web asyncmon "$node"
	run ! failed_as web monitor "$node"
	eventually 10 attribute_says failed:process-gone
	note "$(lab exec "$node" taiki-heartbeat log web | tail -n 1)"
}

@test "the guest panics: told at once, with the reason" {
	MODE=4 guests web
	local node
	node=$(where web)
	in_node web sh -c 'echo "{\"execute\":\"qmp_capabilities\"}{\"execute\":\"system_powerdown\"}" |
		timeout 40 socat -t 20 - UNIX-CONNECT:/run/taiki/web/qmp.sock >/dev/null' || true
	moved web "$node"
	eventually 10 told "$node" web
	eventually 10 failed_because "$node" web panicked
	failed_as web asyncmon "$node"
}

@test "hv-domain hangs: found by its silence, and killed by the stop" {
	METADATA="<taiki:heartbeat beats='no' timeout='2s' interval='500ms'/>" guests web
	local node
	node=$(where web)
	in_node web sh -c 'kill -STOP $(cat /run/taiki/web/pid)'
	moved web "$node"
	eventually 10 told "$node" web
	eventually 10 failed_because "$node" web hypervisor
}

@test "paused by an administrator for many times its timeout: never failed" {
	# Shorter, and a machine under load would be a reason of its own to fail it.
	METADATA="<taiki:heartbeat beats='no' timeout='2s' interval='100ms'/>" guests web
	in_node web hv pause --force web
	eventually 10 verdict_is web unknown paused
	during 12 verdict_is web unknown paused
	in_node web hv resume --force web
	eventually 10 verdict_is web alive lives
	[[ $(incarnation web) == "$first" ]]
	run ! told "$(where web)" web
}

@test "stopped and moved by the cluster: nothing is reported" {
	guests web
	local node
	node=$(where web)
	lab exec node1 crm_resource -r web --move >/dev/null 2>&1
	moved web "$node"
	lab exec node1 crm_resource -r web --clear >/dev/null
	lab exec node1 crm_resource -r web --meta -p target-role -v Stopped >/dev/null
	eventually 60 settled
	run ! told node1 web
	run ! told node2 web
	run ! failed_as web asyncmon "$node"
}

# knows_maintenance NODE: by its own copy of the CIB, which is what heartbeatd asks there
knows_maintenance() {
	lab exec "$1" cibadmin --query --local --xpath "//nvpair[@name='maintenance-mode']" | grep -q 'value="true"'
}

@test "in maintenance nobody is told; afterwards, if it is still true" {
	guests web
	local node
	node=$(where web)
	lab exec node1 crm_attribute -n maintenance-mode -v true
	eventually 10 knows_maintenance "$node"
	in_node web sh -c 'kill -KILL $(cat /run/taiki/web/pid)'
	eventually 10 lab exec "$node" grep -q failed /run/taiki/web/verdict
	sleep 3
	run ! told "$node" web
	lab exec node1 crm_attribute -n maintenance-mode -v false
	eventually 60 told "$node" web
	moved web "$node"
}

@test "heartbeatd is killed together with a domain: its successor finds and tells it, once" {
	guests web
	local node
	node=$(where web)
	in_node web sh -c 'kill -KILL $(pgrep -xo taiki-heartbeat) $(cat /run/taiki/web/pid)'
	moved web "$node"
	eventually 10 told "$node" web
	[[ $(entries "$node" web '.event == "report" and .told' | wc -l) -eq 1 ]]
}

@test "heartbeatd is killed again and again: the guest does not notice" {
	guests web
	for _ in 1 2 3 4 5; do
		eventually 10 in_node web pkill -KILL -xo taiki-heartbeat # it may not be back yet
		sleep 0.5
	done
	eventually 20 verdict_is web alive lives
	[[ $(incarnation web) == "$first" ]]
	run ! told "$(where web)" web
}

@test "a second heartbeatd says that there is one" {
	eventually 10 lab exec node1 taiki-heartbeat status
	run -3 lab exec node1 taiki-heartbeatd
	[[ $output == *"another taiki-heartbeatd watches /run/taiki already"* ]]
}

@test "$BURST guests are killed at once: every one is reported and recovered" {
	local names=() i node
	for ((i = 1; i <= BURST; i++)); do names+=("g$i"); done
	guests "${names[@]}"
	for node in node1 node2; do
		lab exec $node sh -c 'kill -KILL $(cat /run/taiki/g*/pid) 2>/dev/null' || true
	done
	for i in "${names[@]}"; do eventually 60 told_somewhere "$i"; done
	eventually 120 all_run "${names[@]}"
}
told_somewhere() { told node1 "$1" || told node2 "$1"; }

@test "the controller stands still at that moment: told when it goes on" {
	guests web
	local node
	node=$(where web)
	in_node web sh -c 'kill -STOP $(pgrep -x pacemaker-contr); kill -KILL $(cat /run/taiki/web/pid); sleep 4
		kill -CONT $(pgrep -x pacemaker-contr)'
	eventually 60 told "$node" web
	moved web "$node"
}

@test "status, log and metrics say what was seen" {
	guests web
	in_node web taiki-heartbeat status web | grep -q '^web: alive'
	in_node web taiki-heartbeat log web | grep -q 'incarnation'
	in_node web sh -c 'taiki-heartbeat metrics -o /run/x.prom && cat /run/x.prom' >"$BATS_TEST_TMPDIR/prom"
	grep -q '^taiki_heartbeat_up 1$' "$BATS_TEST_TMPDIR/prom"
	grep -q '^taiki_heartbeat_state{domain="web",state="alive"} 1$' "$BATS_TEST_TMPDIR/prom"
	# Every sample has its HELP and TYPE, once.
	[[ -z $(grep '^# TYPE' "$BATS_TEST_TMPDIR/prom" | sort | uniq -d) ]]
	run -1 in_node web taiki-heartbeat status nobody
	run -2 in_node web taiki-heartbeat nonsense
}
