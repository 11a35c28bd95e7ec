#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# taiki-fenced on a real cluster of three hosts, with guests of one page: what is
# fenced stays fenced, and who is told so can rely on it.  Requests come through the
# TLS door: with fence_taiki as a guest cluster's Pacemaker would call it, and with
# fence-ask where a test needs an id of its own.

# domain.bash sets $OCF_RESKEY_config.
# shellcheck disable=SC2154
bats_require_minimum_version 1.5.0
# shellcheck source=tests/lab/lab.bash
load lab.bash
# shellcheck source=tests/unit/agent/domain.bash
load ../unit/agent/domain.bash

key=000102030405060708090a0b0c0d0e0f

setup_file() {
	TAIKI_LAB=$(lab_name tfenced)
	export TAIKI_LAB
	lab down
	lab up -n 3
	make_roms
	cp "$BATS_FILE_TMPDIR"/guest?.rom "$(state)/shared/"
	local i etc
	for i in 1 2 3; do
		etc=$(state)/nodes/node$i/disk/etc/taiki
		echo "listen = 10.70.0.$i:1230" >"$etc/fenced.conf"
		printf '%s\n' "db1 $key" "db2 $key" "db3 $key" "alone $key" \
			"admin $key group=db" "other $key group=web" >"$etc/fence.keys"
		chmod 600 "$etc/fence.keys"
		lab exec node$i pkill -KILL -x taiki-fenced
	done
	domain db1 0 db
	domain db2 0 db
	domain db3 1 db # never looks at its power button
	domain alone 0
	for i in 1 2 3; do resource "db$i" "node$i"; done
	revived
}

teardown_file() { lab down; }

setup() {
	local i
	lab heal
	lab fence all ok
	revived
	for i in 1 2 3; do
		[[ $(power "db$i") == on ]] || {
			cluster cibadmin --delete --force -X "<meta_attributes id=\"db$i-taiki-fenced\"/>" || true
			cluster crm_resource --refresh -r "db$i" || true
		}
		eventually 60 runs "db$i"
		cluster crm_resource -r "db$i" --meta -d resource-stickiness || true
		cluster crm_resource --move -r "db$i" -N "node$i" -Q || true
		eventually 60 runs_on "db$i" "node$i"
		cluster crm_resource --clear -r "db$i" -Q || true
	done
	eventually 60 settled
}

# revived: all hosts are there and serve, whatever a test, or a machine under load, did to them
revived() {
	local i
	for i in 1 2 3; do
		node_is node$i on || lab power-on node$i
		lab exec node$i pkill -CONT -x taiki-fenced || true
	done
	eventually 120 all_back
}
# all_back: fencing that a test held up may still reach a host that was on a moment ago
all_back() {
	local i
	for i in 1 2 3; do node_is node$i on || lab power-on node$i; done
	lab wait 5 && all_serve
}

cluster() { lab exec node1 "$@"; }
settled() { cluster crm_resource --wait --timeout 60; }

# domain NAME MODE [GROUP]: its definition, in /shared
domain() {
	define "$1" "$2"
	sed -e "s|$BATS_FILE_TMPDIR|/shared|" \
		-e "s|<memory|<metadata><taiki:domain xmlns:taiki='urn:taiki:domain:1'>${3:+<taiki:fencing group='$3'/>}</taiki:domain></metadata>&|" \
		"$OCF_RESKEY_config" >"$(state)/shared/$1.xml"
}

resource() {
	lab exec node1 pcs resource create "$1" ocf:taiki:domain "config=/shared/$1.xml" \
		op start timeout=60s stop timeout=60s monitor interval=10s timeout=20s \
		meta migration-threshold=1 failure-timeout=10s
	lab exec node1 pcs constraint location "$1" prefers "$2=10"
}

# ask NODE [--id HEX] IDENTITY OP TARGET [MS]: through that host's door
ask() {
	local node=$1 id=()
	shift
	[[ $1 != --id ]] || { id=("$1" "$2") && shift 2; }
	"$LAB_COMMAND" exec "$node" "$O/tests/lab/fence-ask" "${id[@]}" "10.70.0.${node#node}" 1230 \
		"$1" "$key" "$2" "${3:-}" "${4:-60000}"
}

# agent IDENTITY OPTION...: fence_taiki on node1, at node1's door
agent() {
	local who=$1
	shift
	lab exec node1 fence_taiki --transport=tls --ip=10.70.0.1 --identity="$who" --psk=$key "$@"
}

# stays_put NAME: when its failure is forgotten, it is not moved back to where it is at home,
# which would be one more start
stays_put() { cluster crm_resource -r "$1" --meta -p resource-stickiness -v 1000; }

fenced_json() { lab exec "$1" taiki-fenced --status --json; }
serves() { [[ $(fenced_json "$1" | jq .able) == true ]]; }
all_serve() { serves node1 && serves node2 && serves node3; }
power() { ask node1 admin status "$1" 5000 | cut -d ' ' -f 2; }
runs() { [[ $(power "$1") == on ]]; }
runs_on() { lab exec "$2" hv list | grep -q "^$1 .*running"; }
nowhere() { ! runs_on "$1" node1 && ! runs_on "$1" node2 && ! runs_on "$1" node3; }
incarnation() { lab exec "$2" cat "/run/taiki/$1/incarnation"; }
# knows NODE NAME: that it runs; under_way NODE OP TARGET: that request is under way
knows() { fenced_json "$1" | jq -e --arg n "$2" '.domains[] | select(.name == $n and .up)' >/dev/null; }
under_way() {
	fenced_json "$1" | jq -e --arg o "$2" --arg t "$3" '.pending[] | select(.op == $o and .target == $t)' >/dev/null
}
has_outcome() { [[ $(outcome_of "$1" "$2") == "$3" ]]; }
# runs_still NAME NODE INCARNATION: it answers, in its time, and is the one that it was
runs_still() { eventually 10 runs_on "$1" "$2" && [[ $(incarnation "$1" "$2") == "$3" ]]; }
outcome_of() { fenced_json "$1" | jq -r --arg id "$2" '.outcomes[] | select(.id == $id) | .result'; }
random_id() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }
failed_on() { cluster crm_mon -1f | grep -q "$1:.*fail-count"; }
no_failed_stop() { ! cluster crm_mon -1 | grep -q 'stop on node.*returned'; }
fenced_pid() { lab exec "$1" pgrep -o -x taiki-fenced; }

@test "list and status: the members of one's group, and what they do" {
	run agent db1 --action=list
	[[ $status -eq 0 && $output == *db2,* && $output == *db3,* ]]
	run agent db1 --action=status --plug=db2
	[[ $status -eq 0 ]]
	run agent other --action=list
	[[ $output != *db* ]]
	agent db1 --action=monitor
}

@test "who may not is refused: another group, a domain without one, a target nobody knows" {
	local first
	first=$(incarnation db2 node2)
	run ! ask node1 other off db2
	[[ $output == denied* ]]
	run ! ask node1 db1 off nobody
	[[ $output == no-target* ]]
	lab exec node2 hv start /shared/alone.xml
	eventually 10 runs_on alone node2
	eventually 10 knows node1 alone
	run ! ask node1 admin off alone
	[[ $output == denied* ]]
	run ! ask node1 alone off db2
	eventually 10 runs_on alone node2
	lab exec node2 hv destroy alone
	runs_still db2 node2 "$first"
}

@test "off on another host: killed with proof, known everywhere, and it stays off" {
	local id first
	id=$(random_id)
	first=$(incarnation db2 node2)
	run ask node1 --id "$id" db1 off db2
	[[ $status -eq 0 && $output == done*db2* ]]
	nowhere db2
	eventually 10 has_outcome node3 "$id" "done"
	eventually 10 has_outcome node2 "$id" "done"
	run ask node2 db1 status db2
	[[ $output == 'done off'* ]]
	# Against the cluster's own recovery, and against whoever wipes its memory of failures.
	cluster crm_resource --refresh -r db2
	during 8 nowhere db2
	eventually 60 settled
	cluster crm_mon -1r | grep -q 'db2.*Stopped'
	run ask node3 db1 on db2
	[[ $status -eq 0 ]]
	eventually 20 runs_on db2 node2
	[[ $(incarnation db2 node2) != "$first" ]]
}

@test "off and Pacemaker's own stop at once: both are content, no host is fenced" {
	# db3 does not obey its power button, so the agent's stop is still waiting when it is killed.
	run ask node1 db1 off db3
	[[ $status -eq 0 ]]
	nowhere db3
	eventually 60 settled
	no_failed_stop
	# And it was no failure, for which the host would be banned.
	run ! failed_on db3
	node_is node3 on
	ask node1 db1 on db3
	eventually 30 runs_on db3 node3
}

@test "on lifts what off wrote and nothing else: an administrator's target-role stays" {
	cluster crm_resource -r db2 --meta -p target-role -v Stopped
	eventually 30 nowhere db2
	agent db1 --action=off --plug=db2
	run ! ask node1 db1 on db2
	[[ $output == *administrator* ]]
	run ! ask node1 db1 on db2
	[[ $output == *administrator* ]]
	nowhere db2
	cluster crm_resource -r db2 --meta -d target-role
	agent db1 --action=on --plug=db2
	eventually 30 runs_on db2 node2
}

@test "reboot: killed with proof, and the cluster starts it again" {
	local first
	first=$(incarnation db2 node2)
	agent db1 --action=reboot --plug=db2
	eventually 30 runs db2
	[[ $(fenced_json node1 | jq -r '[.domains[] | select(.name == "db2" and .up)][0].incarnation') != "$first" ]]
}

@test "started by hand: off kills it, on is refused with the reason" {
	sed 's/db1/hand/' "$(state)/shared/db1.xml" >"$(state)/shared/hand.xml"
	lab exec node3 hv start /shared/hand.xml
	eventually 10 runs hand
	run ask node1 db1 off hand
	[[ $status -eq 0 ]]
	run ! runs_on hand node3
	run ! ask node1 db1 on hand
	[[ $output == *hv\ start* ]]
}

@test "asked again with the same id: answered, not done a second time; for another target: refused" {
	local id before third
	id=$(random_id)
	third=$(incarnation db3 node3)
	stays_put db2
	ask node1 --id "$id" db1 reboot db2
	eventually 30 runs db2
	before=$(fenced_json node1 | jq -r '[.domains[] | select(.name == "db2" and .up)][0].incarnation')
	run ask node1 --id "$id" db1 reboot db2
	[[ $status -eq 0 && $output == done* ]]
	run ask node3 --id "$id" db1 reboot db2
	[[ $status -eq 0 && $output == done* ]]
	run ! ask node2 --id "$id" db1 reboot db3
	[[ $output == replayed* ]]
	[[ $(fenced_json node1 | jq -r '[.domains[] | select(.name == "db2" and .up)][0].incarnation') == "$before" ]]
	runs_still db3 node3 "$third"
}

@test "two who fence each other at once, at different hosts: exactly one wins" {
	local round one two
	for round in 1 2 3 4; do
		# Not reboot: a victim that is back asks for its new life.
		ask node1 db1 off db2 >"$BATS_TEST_TMPDIR/one" &
		one=$!
		ask node2 db2 off db1 >"$BATS_TEST_TMPDIR/two" &
		two=$!
		wait $one || true
		wait $two || true
		note "round $round: $(cut -d ' ' -f 1 "$BATS_TEST_TMPDIR/one") and $(cut -d ' ' -f 1 "$BATS_TEST_TMPDIR/two")"
		[[ $(cat "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two" | grep -c '^done') -eq 1 ]]
		[[ $(cat "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two" | grep -c '^condemned') -eq 1 ]]
		ask node3 admin on db1
		ask node3 admin on db2
	done
}

@test "a target that has started again since is not killed for its predecessor" {
	local first second
	first=$(incarnation db2 node2)
	stays_put db2
	lab exec node2 pkill -STOP -x taiki-fenced
	ask node1 db1 reboot db2 120000 >"$BATS_TEST_TMPDIR/answer" &
	eventually 10 under_way node1 reboot db2
	lab exec node2 sh -c 'kill -KILL $(cat /run/taiki/db2/pid)'
	eventually 40 other_incarnation "$first"
	second=$(incarnation db2 "$(host_of db2)")
	lab exec node2 pkill -CONT -x taiki-fenced
	wait $!
	grep -q '^done' "$BATS_TEST_TMPDIR/answer"
	during 3 same_incarnation "$second"
}
# lives_on NAME NODE: it has a process there, however long that takes to answer
lives_on() { lab exec "$2" sh -c "kill -0 \$(cat /run/taiki/$1/pid)" 2>/dev/null; }
host_of() {
	local n
	for n in node1 node2 node3; do lives_on "$1" $n && echo $n; done
}
other_incarnation() {
	local host
	host=$(host_of db2)
	[[ -n $host && $(incarnation db2 "$host") != "$1" ]]
}
same_incarnation() { [[ $(incarnation db2 "$(host_of db2)") == "$1" ]]; }

@test "taiki-fenced of the sender's host killed before it could answer: the retry has its answer" {
	local id first
	id=$(random_id)
	first=$(incarnation db2 node2)
	stays_put db2
	lab exec node2 pkill -STOP -x taiki-fenced
	ask node1 --id "$id" db1 reboot db2 30000 >/dev/null 2>&1 &
	eventually 10 under_way node1 reboot db2
	lab exec node1 pkill -KILL -x taiki-fenced
	lab exec node2 pkill -CONT -x taiki-fenced
	wait $! || true
	eventually 20 all_serve
	run ask node1 --id "$id" db1 reboot db2
	[[ $status -eq 0 && $output == done* ]]
	eventually 30 other_incarnation "$first"
	first=$(incarnation db2 "$(host_of db2)")
	ask node1 --id "$id" db1 reboot db2
	same_incarnation "$first"
}

# kept NODE ID: its state on disk has the outcome of this id: op 1, off, and result 0, done (fencing/order_state.c)
kept() {
	od -An -v -tx1 "$(state)/nodes/$1/disk/var/lib/taiki/fenced.state" | tr -d ' \n' | grep -q "${2}01000000"
}

@test "every taiki-fenced restarted: what was off is known, and can be switched on" {
	local id i
	id=$(random_id)
	ask node1 --id "$id" db1 off db2
	for i in 1 2 3; do eventually 20 kept node$i "$id"; done
	for i in 1 2 3; do lab exec node$i pkill -KILL -x taiki-fenced; done
	eventually 30 all_serve
	eventually 10 has_outcome node2 "$id" "done"
	agent db1 --action=on --plug=db2
	eventually 30 runs_on db2 node2
}

@test "a target on a dead host is off when the host's fencing is confirmed, not before" {
	local asked
	lab fence node2 hang
	lab power-off node2
	eventually 20 lost node2
	run ! ask node1 db1 status db2
	[[ $output == *'not confirmed'* ]]
	run ! ask node1 db1 off db2 6000
	[[ $output == failed*node2* ]]
	ask node1 db1 off db2 120000 >"$BATS_TEST_TMPDIR/answer" &
	asked=$!
	eventually 10 under_way node1 off db2
	lab fence node2 ok
	wait $asked || true
	note "$(cat "$BATS_TEST_TMPDIR/answer")"
	grep -q '^done.*confirmed' "$BATS_TEST_TMPDIR/answer"
	node_off node2
	during 6 nowhere_on_living db2
	lab power-on node2
	lab wait 240
	eventually 60 all_serve
	agent db1 --action=on --plug=db2
}
lost() { fenced_json node1 | jq -e --arg n "$1" '.hosts[] | select(.name == $n and .state != "present")' >/dev/null; }
nowhere_on_living() { ! runs_on "$1" node1 && ! runs_on "$1" node3; }

@test "a dead host that cannot be fenced: failed at the deadline; confirmed by hand: done" {
	lab fence node2 fail
	lab power-off node2
	eventually 20 lost node2
	run ! ask node1 db1 off db2 6000
	[[ $output == failed*'not confirmed'* ]]
	eventually 10 lab exec node1 stonith_admin --confirm node2
	run ask node1 db1 off db2 30000
	[[ $status -eq 0 ]]
	[[ $(fenced_json node1 | jq -r '.hosts[] | select(.name == "node2") | .state') == fenced ]]
	lab fence node2 ok
	lab power-on node2
	lab wait 240
	eventually 60 all_serve
	agent db1 --action=on --plug=db2
}

@test "without quorum nothing is fenced, and that is said at once; what is in flight fails" {
	local third
	third=$(incarnation db3 node3)
	lab fence all hang
	lab exec node2 pkill -STOP -x taiki-fenced
	ask node1 db1 reboot db2 120000 >"$BATS_TEST_TMPDIR/flight" &
	eventually 10 under_way node1 reboot db2
	lab cut node1
	wait $! || true
	grep -q '^no-quorum' "$BATS_TEST_TMPDIR/flight"
	run ! ask node1 db1 off db3
	[[ $output == no-quorum* ]]
	run agent db1 --action=monitor
	[[ $status -eq 1 ]]
	lab exec node2 pkill -CONT -x taiki-fenced
	runs_still db3 node3 "$third"
}

@test "a guest asks through its own channel: no network, no key, and its host vouches for it" {
	local script
	# shellcheck disable=SC2016 # expanded in the guest
	script='while ! fence_taiki -o monitor; do sleep 1; done; fence_taiki -o off -n db2; echo "fenced: $?" >/dev/console'
	"$tree/tests/tools/guest-image" "$O/guest" >/dev/null 2>&1
	cp "$O/guest/vmlinuz" "$O/guest/initrd.gz" "$(state)/shared/"
	cat >"$(state)/shared/linux.xml" <<-END
		<domain type='kvm'>
		  <name>linux</name>
		  <metadata><taiki:domain xmlns:taiki='urn:taiki:domain:1'><taiki:fencing group='db'/></taiki:domain></metadata>
		  <memory unit='MiB'>96</memory>
		  <vcpu>1</vcpu>
		  <os>
		    <type arch='x86_64'>hvm</type>
		    <kernel>/shared/vmlinuz</kernel>
		    <initrd>/shared/initrd.gz</initrd>
		    <cmdline>console=ttyS0 quiet cryptomgr.notests taiki.name=linux taiki.exec=$(base64 -w 0 <<<"$script")</cmdline>
		  </os>
		  <features><acpi/></features>
		  <devices><serial type='pty'/></devices>
		</domain>
	END
	lab exec node1 hv start --force /shared/linux.xml
	eventually 150 guest_fenced node1
	nowhere db2
	eventually 10 guest_fenced node3
	lab exec node1 hv destroy --force linux
}
guest_fenced() {
	[[ $(fenced_json "$1" | jq -r '[.outcomes[] | select(.target == "db2" and
		(.sender | startswith("domain linux (channel")))][-1].result') == "done" ]]
}
