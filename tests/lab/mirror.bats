#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # common.bash sets and reads them
#
# ocf:taiki:mirror under Pacemaker, made with pcs and with crm, and a domain whose disk it is.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/faults/common.bash
load ../faults/common.bash

setup_file() {
	TAIKI_LAB=$(lab_name mirror)
	export TAIKI_LAB
	"$tree/tests/tools/guest-image" "$O/guest" >/dev/null 2>&1
	lab down
	lab up -n 2
	cp "$O/guest/vmlinuz" "$O/guest/initrd.gz" "$(state)/shared/"
	"$LAB_COMMAND" client "$O/tests/history/ack-listen" 7000 "$(state)/history/acks" \
		>"$(state)/listener" 2>&1 3>&- &
	echo $! >"$(state)/listener.pid"
	eventually 10 grep -q ready "$(state)/listener"
	disks
}

teardown_file() {
	kill "$(cat "$(state)/listener.pid" 2>/dev/null)" 2>/dev/null || true
	[[ -n ${TAIKI_FAULTS_KEEP:-} ]] || lab down
}

# Each node has a disk of its own behind the same path, with a volatile cache before it.
disks() {
	local node
	for node in node1 node2; do
		truncate -s 48M "$(state)/shared/$node.img"
		lab exec $node ln -sf "/shared/$node.img" /etc/taiki/web.img
		lab exec $node taiki-mirror create-md --disk /etc/taiki/web.img
	done
}

# shellcheck disable=SC2016 # awk's
addr() { lab exec node1 awk -v n="$1" '$2 == n { print $1 }' /etc/hosts; }
hosts() { echo "node1=$(addr node1):7789 node2=$(addr node2):7789"; }
settled() { lab exec "$(observer)" crm_resource --wait --timeout 60; }

# mirror_state NODE KEY; mirror_is NODE KEY VALUE
mirror_state() { lab exec "$1" taiki-mirror status web --json 2>/dev/null | jq -r ".\"$2\""; }
mirror_is() { [[ $(mirror_state "$1" "$2") == "$3" ]]; }
in_sync() { mirror_is "$1" disk UpToDate && mirror_is "$1" peer-disk UpToDate; }
promoted() {
	local node
	for node in node1 node2; do
		! [[ -e $(state)/nodes/$node/init ]] || ! mirror_is $node role Primary || echo $node
	done
}
is_promoted() { [[ $(promoted) == "$1" ]]; }
somebody_is_promoted() { [[ -n $(promoted) ]]; }
score() { lab exec node1 crm_attribute --promotion=disk -N "$1" -l reboot -G -q 2>/dev/null; }
has_score() { [[ $(score "$1") == "$2" ]]; }

@test "made with pcs: nobody is promoted before there is data, then one is, and it moves" {
	lab exec node1 pcs resource create disk ocf:taiki:mirror resource=web disk=/etc/taiki/web.img \
		"hosts=$(hosts)" \
		op monitor interval=3s role=Promoted timeout=20s monitor interval=4s role=Unpromoted timeout=20s \
		promotable promoted-max=1 notify=true
	eventually 60 mirror_is node1 connection Connected
	settled
	[[ -z $(promoted) ]]
	lab exec node1 crm_mon -1 | grep -q 'Unpromoted: \[ node1 node2 \]'
	lab exec node1 taiki-mirror primary web --force
	lab exec node1 taiki-mirror secondary web
	eventually 60 somebody_is_promoted
	eventually 60 in_sync node1
	eventually 60 has_score node1 10000
	eventually 60 has_score node2 10000
	local was
	was=$(promoted)
	lab exec node1 crm_resource --ban -r disk-clone -N "$was" --promoted
	eventually 60 somebody_is_promoted
	settled
	[[ $(promoted) != "$was" && -n $(promoted) ]]
	lab exec node1 crm_resource --clear -r disk-clone
	lab exec node1 crm_verify -LV
	lab exec node1 pcs resource delete disk-clone
	settled
	run ! lab exec node1 pgrep -x taiki-mirrord
	run ! lab exec node2 pgrep -x taiki-mirrord
}

@test "made with crm: a domain on it; its host loses power, and it comes back with every write" {
	definition "<taiki:guard disk='vda'>mirror</taiki:guard>" |
		sed "s|<disk type='file' device='disk'><source file='/shared/web.raw'/>|<disk type='network'>\
<source protocol='nbd'><host transport='unix' socket='/run/taiki/.mirror/web/nbd.sock'/></source>|" \
			>"$(state)/shared/web.xml"
	cat >"$(state)/shared/web.crm" <<-END
		primitive disk ocf:taiki:mirror params resource=web disk=/etc/taiki/web.img hosts="$(hosts)" \\
			op monitor interval=3s role=Promoted timeout=20s \\
			op monitor interval=4s role=Unpromoted timeout=20s
		clone disk-clone disk meta promotable=true promoted-max=1 clone-max=2 notify=true
		primitive web ocf:taiki:domain params config=/shared/web.xml \\
			op start timeout=60s interval=0 op stop timeout=15s interval=0 \\
			op monitor interval=2s timeout=8s meta migration-threshold=1
		colocation web-on-disk inf: web disk-clone:Promoted
		order disk-before-web Mandatory: disk-clone:promote web:start
	END
	lab exec node1 crm configure load update /shared/web.crm
	eventually 120 answers
	eventually 20 acked 20
	host=$(host_of)
	first_boot=$(boot)
	is_promoted "$host"
	eventually 60 in_sync "$host"
	must "the other host is promoted after fencing, and no record is lost"
	inject "power cut of $host" lab power-off "$host"
	eventually 120 answers_anew
	took "answered again, on $(host_of),"
	eventually 30 acked_anew
	fenced "$host"
	[[ $(host_of) != "$host" && $(promoted) == "$(host_of)" ]]
	run "$O/tests/history/history-check" --image "$(state)/shared/$(host_of).img" \
		--acks "$(state)/history/acks" --at-least 20 "$(state)"/history/*.jsonl
	note "$output"
	[[ $status -eq 0 ]]
}

# content NODE: of its disk as it sees it, without the metadata
content() { lab exec "$1" head -c "$(mirror_state "$1" size)" "/shared/$1.img" | sha256sum; }

@test "the host that was lost is brought up to date when it is back" {
	local back other
	other=$(promoted)
	back=node1
	[[ $other == node2 ]] || back=node2
	lab power-on $back
	lab wait 240
	eventually 90 in_sync "$back"
	mirror_is $back role Secondary
	is_promoted "$other"
	lab exec "$other" pcs resource disable web
	settled
	[[ $(content node1) == "$(content node2)" ]]
}

constraint() { lab exec "$1" cibadmin -Q --xpath "//rsc_location[@id='taiki-mirror-fence-web']" >/dev/null 2>&1; }

@test "the mirrors' link is cut, the cluster's is not: the guest goes on, and the other side is no choice until it is back" {
	local other n
	lab exec node1 pcs resource enable web
	eventually 120 answers
	eventually 20 acked_anew
	host=$(host_of)
	first_boot=$(boot)
	other=node1
	[[ $host == node2 ]] || other=node2
	eventually 60 in_sync "$host"
	# placed when the other host was lost, or never lifted
	eventually 60 no_constraint "$host"
	must "the guest does not notice more than a pause; a constraint keeps the other side from being promoted"
	inject "$host cannot reach $other for replication" lab cut "$other/ring0"
	eventually 60 constraint "$host"
	took "the constraint was there"
	eventually 60 mirror_is "$host" peer-disk Outdated
	n=$(acks)
	eventually 30 acked $((n + 5))
	took "the guest went on"
	answers_unchanged
	node_is "$other" on
	constraint "$other"
	run ! lab exec "$other" taiki-mirror primary web
	mirror_is "$other" disk Outdated
	lab heal
	eventually 90 in_sync "$host"
	eventually 60 no_constraint "$host"
	answers_unchanged
	run "$O/tests/history/history-check" --image "$(state)/shared/$host.img" \
		--acks "$(state)/history/acks" --at-least 20 "$(state)"/history/*.jsonl
	note "$output"
	[[ $status -eq 0 ]]
}
no_constraint() { ! constraint "$1"; }

@test "the disk of the other side hangs, its mirror answers: it is given up, and the guest goes on" {
	local other n
	host=$(host_of)
	first_boot=$(boot)
	other=node1
	[[ $host == node2 ]] || other=node2
	in_sync "$host"
	must "the guest waits for what the peer does not confirm, and goes on once it is given up"
	inject "the disk of $other hangs" lab fault "$other" "$other.img" hang
	eventually 30 stands_still
	n=$(acks)
	eventually 120 acked $((n + 5))
	took "the guest went on"
	answers_unchanged
	lab fault "$other" none
	eventually 120 in_sync "$host"
	eventually 60 no_constraint "$host"
	answers_unchanged
	node_is "$other" on
}
stands_still() {
	local n
	n=$(acks)
	sleep 3
	[[ $(acks) -eq $n ]]
}
