#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # common.bash sets and reads them
#
# A guest fences another through the hypervisor, over its own channel.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/faults/common.bash
load common.bash

setup_file() { cluster_up; }
teardown_file() {
	lab exec "$(observer)" timeout 40 pcs resource delete peer --force >/dev/null 2>&1 || true
	cluster_down
}

# peer_up: a second guest of the group, on another host, that never writes
peer_up() {
	definition "<taiki:fencing group='shop'/>" |
		sed -e 's/<name>web/<name>peer/' -e 's/taiki.name=web/taiki.name=peer/' \
			-e "s/$address/10.71.1.9/" -e 's/ taiki.writer=[^ ]*//' -e '/<disk/d' \
			>"$(state)/shared/peer.xml"
	lab exec node1 pcs resource create peer ocf:taiki:domain config=/shared/peer.xml \
		op start timeout=60s stop timeout=15s monitor interval=10s timeout=8s \
		meta migration-threshold=1 resource-stickiness=100000
	lab exec node1 crm -F configure colocation apart -1000: peer web
	eventually 90 peer_answers
}
peer_answers() { lab client curl -fs -m 2 http://10.71.1.9/cgi-bin/status >/dev/null 2>&1; }
# peer_is_known: where it runs, as $on
peer_is_known() {
	on=$(placed_on peer)
	[[ $on == node[0-9] ]]
}

# in_peer COMMAND: run it in the peer, from its console; what it printed, and its status
in_peer() {
	local on id=$RANDOM$RANDOM log
	eventually 20 peer_is_known || return
	log=/run/taiki/peer/console.log
	printf '\n%s; echo "@"%s "$?"\n' "$1" "$id" | lab exec "$on" timeout 10 socat -t 1 - \
		UNIX-CONNECT:/run/taiki/peer/console.sock >/dev/null || true
	eventually "${2:-60}" lab exec "$on" grep -q "^@$id " "$log"
	lab exec "$on" tail -c 4000 "$log" | tr -d '\r' | sed "/^@$id /q"
	return "$(lab exec "$on" sed -n "s/^@$id \([0-9]*\).*/\1/p" "$log" | tr -d '\r')"
}

ready() {
	asked crm_resource --cleanup
	eventually 60 settled
	eventually 60 peer_answers
	eventually 60 known
	eventually 20 acked_anew
}

# quiet: what was said before its end has arrived
quiet() {
	local n
	n=$(acks)
	sleep 1
	[[ $(acks) -eq $n ]]
}

@test "a guest fences another: off is proven, and stays off until on" {
	guest_up "<taiki:fencing group='shop'/>"
	peer_up
	must "when the agent says off, nothing of the target writes any more, and nothing starts it"
	inject "fence_taiki -o off -n web in the peer" in_peer 'fence_taiki -o off -n web'
	took "the guest's agent had its answer"
	runs_nowhere
	eventually 10 quiet
	before=$(acks)
	asked crm_resource --cleanup -r web
	during 6 runs_nowhere
	[[ $(acks) -eq $before ]]
	in_peer 'fence_taiki -o status -n web' && false
	in_peer 'fence_taiki -o on -n web'
	recovered
	never_fenced
}

@test "reboot: the target's memory is gone, its acknowledged records are not" {
	ready
	must "a reboot is an off that the cluster recovers from"
	inject "fence_taiki -o reboot -n web in the peer" in_peer 'fence_taiki -o reboot -n web'
	took "the guest's agent had its answer"
	recovered
	never_fenced
}

@test "taiki-fenced is killed between the kill and the answer: asked again, it answers" {
	ready
	must "the agent repeats its request, and the target is fenced once"
	local fenced target on until
	eventually 20 peer_is_known
	fenced=$(process "$on" taiki-fenced)
	target=$(pid_of "$host")
	in_peer 'fence_taiki -o reboot -n web >/said 2>&1; echo $? >/rc' 3 >/dev/null 2>&1 3>&- &
	until=$((SECONDS + 240))
	while kill -0 "$target" 2>/dev/null; do ((SECONDS < until)); done
	inject "the target's process is gone: SIGKILL to taiki-fenced of the host that has to answer" \
		kill -KILL "$fenced"
	wait || true
	eventually 60 in_peer '[ "$(cat /rc)" = 0 ]' 10
	took "the guest's agent had its answer"
	recovered
	never_fenced
}

@test "forged bytes, a target of somebody else: refused, logged, nobody is harmed" {
	ready
	must "the guest goes on, and the peer is still served afterwards"
	inject "64 KiB of noise on the fence channel" \
		in_peer 'dd if=/dev/urandom of=$(grep -l org.taiki.fence.0 /sys/class/virtio-ports/*/name | sed "s|/name||;s|.*/|/dev/|") bs=1k count=64'
	in_peer 'fence_taiki -o off -n stranger' && false
	in_peer 'fence_taiki -o monitor'
	answers_unchanged
	history_is_clean
}
