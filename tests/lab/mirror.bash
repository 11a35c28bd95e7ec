# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # common.bash sets and reads them
#
# For tests with a mirror under Pacemaker: two hosts without shared storage, the promotable
# clone `disk`, and the guest `web` of common.bash on it.

# shellcheck source=tests/faults/common.bash
source "$(dirname "${BASH_SOURCE[0]}")/../faults/common.bash"

# mirrors_up: the hosts, a disk with new metadata on each, and the listener
mirrors_up() {
	hosts_up 2
	listener_up
	disks
}

mirrors_down() {
	listener_down
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
settled() { lab exec "$(observer)" crm_resource --wait --timeout 240; }

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
promoted_elsewhere() {
	local now
	now=$(promoted)
	[[ -n $now && $now != "$1" ]]
}
is_promoted() { [[ $(promoted) == "$1" ]]; }
somebody_is_promoted() { [[ -n $(promoted) ]]; }
score() { lab exec node1 crm_attribute --promotion=disk -N "$1" -l reboot -G -q 2>/dev/null; }
has_score() { [[ $(score "$1") == "$2" ]]; }

across() { [[ $1 == node1 ]] && echo node2 || echo node1; }

# truth_on NODE: of two new disks, it is this one's data that counts
truth_on() {
	eventually 60 mirror_is "$1" connection Connected
	lab exec "$1" taiki-mirror primary web --force
	lab exec "$1" taiki-mirror secondary web
}

# mirrored_guest_up [new]: the resources, waited for until the guest serves and writes, and both sides are the
# same; new: the disks are
mirrored_guest_up() {
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
	[[ ${1:-} != new ]] || truth_on node1
	eventually 120 answers
	eventually 20 acked 20
	eventually 20 known
	eventually 20 is_promoted "$host"
	eventually 60 in_sync "$host"
}

# content NODE: of its disk as it sees it, without the metadata
content() { lab exec "$1" head -c "$(mirror_state "$1" size)" "/shared/$1.img" | sha256sum; }

constraint() { lab exec "$1" cibadmin -Q --xpath "//rsc_location[@id='taiki-mirror-fence-web']" >/dev/null 2>&1; }
no_constraint() { ! constraint "$1"; }

stands_still() {
	local n
	n=$(acks)
	sleep 3
	[[ $(acks) -eq $n ]]
}

stands_not_still() { ! stands_still; }

# nothing_lost NODE: every record that the guest was told is on disk is on that side
nothing_lost() {
	run "$O/tests/history/history-check" --image "$(state)/shared/$1.img" \
		--mirror "$(state)/shared/$(across "$1").img" --acks "$(state)/history/acks" --at-least 20 "$(state)"/history/*.jsonl
	note "$output"
	if [[ $status -ne 0 ]]; then
		tail -n 30 "$(state)"/nodes/node*/disk/var/log/taiki-mirrord-web.log
		return 1
	fi
}
