# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # demo sets, and reads, what is used here
#
# The demo's fourth act: two hosts without shared storage.  A guest counts on a disk that is a
# mirror, its host loses power, and on the other host nothing is missing.

ip+=([shop]=10.71.3.1)
events_mirror=(
	"${events_power[@]:0:4}"
	"promoted=Result of promote operation for disk on .*: ok"
	"started=Result of start operation for shop on .*: ok"
	"answer=^HTTP "
)
text[promoted]="the other side of its disk is promoted"

# shop_definition: web1's with another name, on a mirror, and a writer that says what is on disk
shop_definition() {
	definition shop | sed \
		-e "s|<taiki:heartbeat .*/>|&<taiki:guard disk='vda'>mirror</taiki:guard>|" \
		-e "s|taiki.disk|taiki.writer=10.71.255.254:7000|" \
		-e "s|<disk type='file' device='disk'>|<disk type='network'>|" \
		-e "s|<source file='/shared/shop.raw'/>|<source protocol='nbd'><host transport='unix' \
socket='/run/taiki/.mirror/shop/nbd.sock'/></source>|"
}

counted() { wc -l <"$(lab path)/history/acks" 2>/dev/null || echo 0; }
counted_past() { [[ $(counted) -gt $1 ]]; }
counts_anew() { [[ $(tail -n 1 "$(lab path)/history/acks") == *"$(boot_of shop)"* ]]; }
both_whole() {
	lab exec "$1" taiki-mirror status shop 2>/dev/null | grep -q 'Connected  UpToDate/UpToDate'
}

mirror_cluster() {
	local node hosts=''
	step "a cluster of two nodes without shared storage: each has a disk of its own"
	lab down >/dev/null 2>&1
	lab up -n 2 2>&1 | sed 's/^/         /'
	[[ ${PIPESTATUS[0]} -eq 0 ]] || fail "the cluster did not come up"
	shared=$(lab path)/shared
	cp "$O/guest/vmlinuz" "$O/guest/initrd.gz" "$shared/" || fail "no room for the guest"
	"$here/lab" client "$O/tests/history/ack-listen" 7000 "$(lab path)/history/acks" >/dev/null 2>&1 &
	listener=$!
	for node in node1 node2; do
		truncate -s 32M "$shared/$node.img"
		lab exec $node ln -sf "/shared/$node.img" /etc/taiki/shop.img
		lab exec $node taiki-mirror create-md --disk /etc/taiki/shop.img >/dev/null ||
			fail "no metadata on $node"
		hosts+="$node=$(lab exec node1 awk -v n=$node '$2 == n { print $1 }' /etc/hosts):7789 "
	done
	shop_definition >"$shared/shop.xml"
	cat >"$shared/shop.crm" <<-END
		primitive disk ocf:taiki:mirror params resource=shop disk=/etc/taiki/shop.img hosts="${hosts% }" \\
			op monitor interval=5s role=Promoted timeout=20s op monitor interval=6s role=Unpromoted timeout=20s
		clone disk-clone disk meta promotable=true promoted-max=1 clone-max=2 notify=true
		primitive shop ocf:taiki:domain params config=/shared/shop.xml \\
			op start timeout=90s interval=0 op stop timeout=90s interval=0 \\
			op monitor interval=10s timeout=20s meta migration-threshold=1
		colocation shop-on-disk inf: shop disk-clone:Promoted
		order disk-before-shop Mandatory: disk-clone:promote shop:start
	END
	step "${bold}crm${off} configure: a mirror, a clone that is promoted on one host, and a domain on it"
	lab exec node1 crm -F configure load update /shared/shop.crm 2>&1 | sed 's/^/         /'
}

# begin_mirror: the data of one of two new disks is the truth
begin_mirror() {
	until_true 60 lab exec node1 taiki-mirror status shop >/dev/null 2>&1 || fail "the mirror does not start"
	lab exec node1 taiki-mirror primary shop --force && lab exec node1 taiki-mirror secondary shop ||
		fail "the disk of node1 did not become the truth"
	until_true 120 answers shop || fail "shop does not answer; see: lab --name $TAIKI_LAB status"
	until_true 60 counted_past 20 || fail "shop does not count"
	victim=$(host_of node1 shop)
	watcher=node1
	[[ $victim != node1 ]] || watcher=node2
	until_true 60 both_whole "$victim" || fail "the other side did not become the same"
	step "shop answers on ${ip[shop]}, runs on $victim, and counts on its disk: $(lab exec "$victim" taiki-mirror status shop)"
}

mirror_act() {
	local before
	shown=(shop node2)
	echo
	mirror_cluster
	begin_mirror
	old[shop]=$(boot_of shop)
	at=()
	watch shop "$watcher" "${events_mirror[@]}"
	echo
	before=$(counted)
	step "${bold}${red}the power of $victim is cut${off}; $before records were said to be on disk"
	at[fault]=$(now)
	lab power-off "$victim" || fail "the lab could not cut the power"
	follow shop
	until_true 60 counts_anew || fail "shop does not count any more"
	step "shop runs on $watcher now, and goes on counting: $(lab exec "$watcher" taiki-mirror status shop)"
	table_head
	part detection fault member "until the survivor's membership changed"
	part fencing member fenced "until the host was proven off"
	part promotion fenced promoted "the other side of the disk"
	part start promoted started "the domain on it"
	part boot started answer "the guest's own boot"
	part total fault answer "power cut to HTTP answer"
	nothing_is_missing "$watcher"
}

# nothing_is_missing NODE: every record that was said to be on disk is on the disk of the one that is left
nothing_is_missing() {
	local out
	out=$("$O/tests/history/history-check" --image "$shared/$1.img" --acks "$(lab path)/history/acks" \
		--at-least 20 "$(lab path)"/history/*.jsonl 2>&1) || {
		printf '%s\n' "$out" | sed 's/^/  /'
		fail "a record that was said to be on disk is not there"
	}
	printf '\n  %s\n' "$(tail -n 1 <<<"$out")"
	printf '%sa disk in two places: %d records were said to be on disk, and none is missing.%s\n' "$green" \
		"$(counted)" "$off"
}
