# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Two emulated Debian hosts, a and b, each with a link to each of two switches, and a management network with
# their power controller; all of it in a network namespace of its own.
#
#      sw1 ───────────── sw2 (10.8.0.254, who pings)     bridges, with a cable between them
#      │  └────────┐    ┌─┘ └──────────┐
#   a: la         lb (a) la (b)    b: lb                 bond0: 10.8.0.1, 10.8.0.2
#
# Over bond0 go Corosync and the mirror.  Each host has two more links, lc and ld, for a bond of its guests.
# A host's disk of the mirror is disks/HOST.img of the array (storage.bash), /dev/vdc there.

# shellcheck source=tests/e2e/storage.bash
source "$(dirname "${BASH_SOURCE[0]}")/storage.bash"
# shellcheck source=tests/e2e/e2e.bash
source "$(dirname "${BASH_SOURCE[0]}")/e2e.bash"
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# ---- switches, cables, power ----

inside() { ip netns exec "$NETNS" "$@"; }

# A host's interfaces, by what they are connected to.
NICS=(sw1 sw2 sw1-guests sw2-guests management)

network_up() {
	local s h
	ip netns add "$NETNS"
	ip -n "$NETNS" link set lo up
	for s in sw1 sw2 management; do
		ip -n "$NETNS" link add $s type bridge stp_state 0 forward_delay 0 mcast_snooping 0
		ip -n "$NETNS" link set $s up
	done
	ip -n "$NETNS" link add isl1 type veth peer name isl2
	for s in 1 2; do ip -n "$NETNS" link set isl$s master sw$s up; done
	for h in a b; do
		for s in "${NICS[@]}"; do
			inside ip tuntap add "$h-$s" mode tap
			ip -n "$NETNS" link set "$h-$s" master "${s%-guests}" up
		done
	done
	ip -n "$NETNS" addr add 10.8.0.254/24 dev sw2
	ip -n "$NETNS" addr add 10.8.9.254/24 dev management
	ip netns exec "$NETNS" socat TCP-LISTEN:7070,bind=10.8.9.254,fork,reuseaddr \
		"EXEC:$BATS_TEST_DIRNAME/paths-power $PWD" >&2 3>&- &
}

# cable HOST NIC on|off: its carrier, on the host's side
cable() { monitor "$1" "set_link $1-$2 $3"; }
cables() {
	local h s
	for h in a b; do
		for s in "${NICS[@]}"; do cable $h "$s" on; done
	done
}
# switch_is NAME up|down: with its carriers
switch_is() {
	local h s
	ip -n "$NETNS" link set "$1" "$2"
	for h in a b; do
		for s in "$1" "$1-guests"; do cable $h "$s" "$([[ $2 == up ]] && echo on || echo off)"; done
	done
}

# ---- hosts ----

# host_boot NAME: and do not wait for it
host_boot() {
	local number nics=() s n=0
	[[ $1 == a ]] && number=1 || number=2
	for s in "${NICS[@]}"; do
		n=$((n + 1))
		nics+=(-netdev "tap,id=$1-$s,ifname=$1-$s,script=no,downscript=no"
			-device "virtio-net-pci,netdev=$1-$s,mac=52:54:00:e5:0$number:0$n")
	done
	rm -f "$1.said" "$1.sock" "$1.monitor"
	heard "$1"
	: >"$LOG.$1"
	node=$1 debian_host 1480 "$LOG.$1" "$PWD/payload.ext4" -m 768 -name "$1" -no-reboot -pidfile "$PWD/$1.pid" \
		-serial "file:$PWD/$1.said" -serial "unix:$PWD/$1.sock,server=on,wait=off" \
		-monitor "unix:$PWD/$1.monitor,server=on,wait=off" \
		-drive "file=$PWD/disks/$1.img,format=raw,if=none,id=data,cache=writeback" \
		-device virtio-blk-pci,drive=data "${nics[@]}" >&2 3>&- &
}
host_ready() { grep -q 'E2E ready' "$LOG.$1"; }
host_runs() { [[ -s $1.pid ]] && kill -0 "$(<"$1.pid")" 2>/dev/null; }
# at HOST SCRIPT...: what it prints there
at() { ask "$1.sock" "${@:2}"; }
online() { at "$1" 'online a b'; }

# ---- what is seen of them ----

# links HOST N [BOND]: so many of its links count, as the cluster has it
links() { [[ $(at b "value taiki-bond-${3:-bond0} $1") == "$2" ]]; }
# bond_monitor HOST: the bond's monitor there by hand: its exit code, and its reason
bond_monitor() {
	at "$1" "OCF_RESOURCE_INSTANCE=bond0 OCF_RESKEY_links='la lb' OCF_RESKEY_minimum=0 OCF_RESKEY_hold=${HOLD}s \
		OCF_RESKEY_CRM_meta_interval=3000 OCF_RESKEY_CRM_meta_timeout=60000 \
		/usr/lib/ocf/resource.d/taiki/bond monitor 2>&1; echo \$?" | tr '\n' ' '
}
mirror_is() { [[ $(at "$1" "taiki-mirror status r0 --json" | jq -r ".\"$2\"" 2>/dev/null) == "$3" ]]; }
in_sync() { mirror_is "$1" disk UpToDate && mirror_is "$1" peer-disk UpToDate; }
other() { [[ $1 == a ]] && echo b || echo a; }
runs_on() { at "$1" 'is w1 running' >/dev/null; }
guest_host() {
	local h
	for h in a b; do
		! host_runs $h || ! runs_on $h || echo $h
	done
}
on() { [[ $(guest_host) == "$1" ]]; }

# acked: the last record that the guest was told is on disk; starts: how often it was started
acked() { grep -o '"w1 ack [0-9]*' acks | tail -n 1 | grep -o '[0-9]*$' || echo 0; }
acked_beyond() { [[ $(acked) -gt $1 ]]; }
writes() { await "$1" acked_beyond $(($(acked) + 5)); }
starts() { grep -c '"w1 begins' acks || true; }

# mark TEXT: into what was heard
mark() { "$O/tests/history/ack-listen" - acks <<<"mark $*"; }

# harm NAME: from here on pings to both hosts are counted, and the guest's pauses; harm_over: and are shown
harm() {
	local h
	harm=$1
	mark "$harm"
	for h in a b; do
		ip netns exec "$NETNS" ping -n -i 0.2 -W 1 "10.8.0.$([[ $h == a ]] && echo 1 || echo 2)" >"$harm.$h" 2>&1 3>&- &
		echo $! >"$harm.$h.pid"
	done
	sleep 2
}
harm_over() {
	local h
	mark "$harm-end"
	for h in a b; do
		kill -INT "$(<"$harm.$h.pid")"
		wait "$(<"$harm.$h.pid")" || true
		rm "$harm.$h.pid"
		echo "# $harm: $(gap "$harm.$h" "$h")" >&3
	done
	wrote_on w1 "$harm"
}
gap() {
	awk -v every=200 -v host="$2" '/bytes from/ { match($0, /icmp_seq=[0-9]+/); n = substr($0, RSTART + 9, RLENGTH - 9)
			if (n - last - 1 > gap) gap = n - last - 1
			lost += n - last - 1; last = n; next }
		/packets transmitted/ { sent = $1 }
		END { if (sent - last > gap) gap = sent - last
			print "host " host " lost " lost + sent - last " of " sent " pings, was silent for " gap * every " ms" }' "$1"
}

# one_writer: no start of the guest wrote once another had begun, and none wrote a record twice
one_writer() {
	awk '/"w1 begins / { boot = $4 }
		/"w1 ack / { if ($4 != boot || $3 <= last) { print "not expected after " last ": " $0; bad = 1 }
			last = $3 + 0 }
		END { exit bad }' <(sed -n 's/.*"line":"\(w1 [^"]*\)".*/\1/p' acks | sed 's/^/"/')
}
