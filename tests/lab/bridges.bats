#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Guests' interfaces on bridges: many of them, several of one guest, and one of the host's own.  Guests of one
# page, in a network namespace of the test's own.  How long it took is shown and not judged.

# bats sets $stderr.
# shellcheck disable=SC2154
bats_require_minimum_version 1.5.0
# shellcheck source=tests/unit/agent/domain.bash
load ../unit/agent/domain.bash

setup_file() {
	O=${O:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)/build}
	[[ $O == /* ]] || O=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)/$O
	export O TAIKI_HV=$O/hv TAIKI_HV_DOMAIN=$O/hv-domain NET=taiki-br$$
	make_roms
	ip netns add "$NET"
}

teardown_file() { ip netns del "$NET"; }

setup() {
	export TAIKI_RUN_DIR=$BATS_TEST_TMPDIR/run TAIKI_ETC_DIR=$BATS_TEST_TMPDIR/etc TAIKI_CGROUP=
	mkdir -p "$TAIKI_RUN_DIR"
}

teardown() {
	local name
	for name in "$TAIKI_RUN_DIR"/*/; do
		[[ ! -d $name ]] || hv destroy --force "$(basename "$name")" >/dev/null 2>&1 || true
	done
	ip -n "$NET" -o link show type bridge | sed 's/^[0-9]*: \([^:@]*\).*/link del \1/' | ip -n "$NET" -batch -
}

hv() { ip netns exec "$NET" timeout 120 "$O/hv" "$@" 3>&-; }
# bridges FROM TO: br-FROM to br-TO
bridges() {
	local i
	for i in $(seq "$1" "$2"); do
		echo "link add br-$i type bridge forward_delay 0"
		echo "link set br-$i up"
	done | ip -n "$NET" -batch -
}
# on BRIDGE...: an interface on each, as XML
on() { printf "<interface type='bridge'><source bridge='%s'/></interface>" "$@"; }
# ports BRIDGE: how many it has
ports() { ip -n "$NET" -o link show master "$1" | wc -l; }
address() { ip -n "$NET" -o link show "$1" | sed 's/.*ether \([0-9a-f:]*\).*/\1/'; }
now_ms() { echo $(($(date +%s%N) / 1000000)); }
took() { echo "# $1: $(($(now_ms) - began)) ms" >&3; }

@test "64 interfaces of guests on one bridge, all with addresses of their own" {
	local i began
	bridges 0 0
	began=$(now_ms)
	for i in 1 2 3 4 5 6 7 8; do
		define "g$i" 0 "$(on br-0 br-0 br-0 br-0 br-0 br-0 br-0 br-0)"
		hv start "$BATS_TEST_TMPDIR/g$i.xml"
		hv define --check "$BATS_TEST_TMPDIR/g$i.xml" | sed -n 's/.*has the MAC address //p' >>"$BATS_TEST_TMPDIR/macs"
	done
	took '8 guests of 8 interfaces'
	[[ $(ports br-0) -eq 64 ]]
	[[ $(sort -u "$BATS_TEST_TMPDIR/macs" | wc -l) -eq 64 ]]
	began=$(now_ms)
	for i in 1 2 3 4 5 6 7 8; do hv destroy --force "g$i"; done
	took 'their end'
	[[ $(ports br-0) -eq 0 ]]
}

@test "128 bridges, a guest's interface on each" {
	local i began
	began=$(now_ms)
	bridges 1 128
	took '128 bridges made'
	began=$(now_ms)
	for i in $(seq 1 16); do
		# shellcheck disable=SC2046
		define "g$i" 0 "$(on $(seq -f 'br-%g' $((8 * i - 7)) $((8 * i))))"
		hv start "$BATS_TEST_TMPDIR/g$i.xml"
	done
	took '16 guests of 8 interfaces'
	for i in $(seq 1 128); do [[ $(ports "br-$i") -eq 1 ]]; done
}

@test "a guest on two bridges joins them nowhere" {
	bridges 1 2
	define two 0 "$(on br-1 br-2)"
	hv start "$BATS_TEST_TMPDIR/two.xml"
	[[ $(ports br-1) -eq 1 && $(ports br-2) -eq 1 ]]
	[[ $(ip -n "$NET" -o link show master br-1 | cut -d: -f2) != $(ip -n "$NET" -o link show master br-2 | cut -d: -f2) ]]
}

@test "a bridge that is not there refuses the start by its name, and nothing is left" {
	define none 0 "$(on br-9)"
	run --separate-stderr ! hv start "$BATS_TEST_TMPDIR/none.xml"
	[[ $stderr == *'no such bridge'* && $stderr == *br-9* ]]
	[[ -z $(ip -n "$NET" -o link show | grep ' tk') ]]
}

direct() { echo "<interface type='direct'><source dev='$1' mode='passthrough'/><mac address='$2'/></interface>"; }

@test "an interface of the host is one guest's alone, and the host's again when that has ended" {
	local own pid
	ip -n "$NET" link add v0 type veth peer name v1
	own=$(address v0)
	define one 0 "$(direct v0 52:54:00:00:00:01)"
	hv start "$BATS_TEST_TMPDIR/one.xml"
	[[ $(address v0) == 52:54:00:00:00:01 ]]
	hv info one | grep -q "52:54:00:00:00:01, the host's v0"
	define other 0 "$(direct v0 52:54:00:00:00:02)"
	run --separate-stderr ! hv start "$BATS_TEST_TMPDIR/other.xml"
	[[ $stderr == *'interface v0 is that of domain one'* ]]
	[[ $(address v0) == 52:54:00:00:00:01 ]]
	hv destroy --force one
	[[ $(address v0) == "$own" ]]
	# Killed, it leaves its macvtap to the next.
	hv start "$BATS_TEST_TMPDIR/one.xml"
	pid=$(pid_of one)
	kill -KILL "$pid"
	tail --pid="$pid" -f /dev/null
	hv start "$BATS_TEST_TMPDIR/other.xml"
	[[ $(address v0) == 52:54:00:00:00:02 ]]
	hv destroy --force other
	[[ $(address v0) == "$own" ]]
	ip -n "$NET" link del v0
}

@test "what a direct interface cannot be is refused by name" {
	local bad
	for bad in "<interface type='direct'><source dev='v0' mode='vepa'/></interface>" \
		"<interface type='direct'><source bridge='br0'/></interface>" \
		"<interface type='bridge'><source dev='v0'/></interface>" \
		"$(direct v0 52:54:00:00:00:01)$(direct v0 52:54:00:00:00:02)" \
		"<interface type='direct'><source dev='v0' mode='passthrough'/><link state='down'/></interface>"; do
		define bad 0 "$bad"
		run ! hv define --check "$BATS_TEST_TMPDIR/bad.xml"
		[[ $output == *v0* || $output == *"type='direct'"* || $output == *passthrough* ]] || { echo "$bad: $output" && false; }
	done
}
