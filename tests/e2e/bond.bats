#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ocf:taiki:bond with the bonding driver of Debian's kernel: two switches, links that are
# pulled, flap and lie, another host with a bond of its own, and a guest that says nothing.  A ping, and
# a numbered log written to the other host across both bonds, judge each fault; what was lost, and for
# how long, is shown and not judged.  The host boots once; each test reads what it has told.

setup_file() {
	# shellcheck source=tests/e2e/e2e.bash
	source "$BATS_TEST_DIRNAME/e2e.bash"
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	export O=${O:-$top/build}
	[[ $O == /* ]] || O=$top/$O
	export LOG=$O/test-logs/e2e-bond-console.log
	mkdir -p "${LOG%/*}"
	"$BATS_TEST_DIRNAME/bond-image" "$BATS_FILE_TMPDIR/host.cpio"
	echo "# booting a host with two switches" >&3
	living_host 1400 "$LOG" -cpu max,svm=on -m 768 -no-reboot \
		-kernel "$top/build/guest/vmlinuz" -initrd "$BATS_FILE_TMPDIR/host.cpio" \
		-append "$(host_cmdline)" >&2
	tr -d '\r' <"$LOG" >"$BATS_FILE_TMPDIR/log"
	[[ -n $(fact end) ]] || echo "# the host did not come to its end; see $LOG and $LOG.qemu" >&3
}

# fact KEY: what the host says
fact() { sed -n "s/^.*E2E $1 //p" "$BATS_FILE_TMPDIR/log"; }
setup() { grep -e E2E -e '^SAID' -e '^LOG' "$BATS_FILE_TMPDIR/log" || tail -n 50 "$BATS_FILE_TMPDIR/log"; }

# lived_through NAME: the host is heard again, the log goes on; what it cost, for people
lived_through() {
	local host log
	read -ra host <<<"$(fact "$1-host")"
	read -ra log <<<"$(fact "$1-writes")"
	echo "# $1: ${host[0]} pings of 200 ms lost, the longest gap ${host[1]} ms;" \
		"the longest pause of the log ${log[1]} ms in ${log[0]} lines" >&3
	[[ ${host[2]} == resumed ]]
	[ "${log[0]}" -ge 2 ]
}

@test "a bond of each mode of the driver is made, watched and removed" {
	local mode
	for mode in balance-rr active-backup balance-xor broadcast 802.3ad balance-tlb balance-alb; do
		[[ $(fact "mode-$mode") == "0 $mode 2 0 0 7 " || $(fact "mode-$mode") == "0 $mode 2 0 0 7" ]]
	done
}

@test "bond, bridge, VLANs and their bridges are made once, however often it is started" {
	[ "$(fact before)" = 7 ]
	[ "$(fact start)" = 0 ]
	[ "$(fact again)" = 0 ]
	[ "$(fact idempotent)" = ok ]
	[ "$(fact made)" = '5 br0 br10 20' ]
}

@test "its monitor tells of the links once, and knows one that is too slow" {
	[ "$(fact monitor | xargs)" = '0 2 2' ]
	[ "$(fact slow)" = '190 yes' ]
}

@test "a bond that the distribution made is adopted at start, and never changed" {
	[ "$(fact adopt-before)" = 7 ]
	[ "$(fact adopt)" = '0 yes 0' ]
	[ "$(fact adopt-unchanged)" = ok ]
}

@test "one link pulled: degraded, and counted again only after the hold" {
	[[ $(fact link-monitor) == 190\ *'bond0: 1 of 2 wanted links work (la: no carrier)' ]]
	[ "$(fact link-back)" = 190 ]
	[ "$(fact link-later)" = 0 ]
	[ "$(fact link-told | xargs)" = '1 2' ]
	lived_through link
}

@test "a guest that says nothing is announced at the new link, and at the old one when it is back" {
	[ "$(fact guest)" = ok ]
	[ "$(fact link-found)" = p1 ]
	[ "$(fact link-found-back)" = isl ]
}

@test "a switch lost: the same, of both hosts at once" {
	[[ $(fact switch-monitor) == 190\ * ]]
	[ "$(fact switch-told | xargs)" = '1 2' ]
	lived_through switch
}

@test "all links of the host lost: failed, and up again when they are back" {
	[[ $(fact all-monitor) == 1\ *'0 of 2 links work, fewer than the minimum of 1'* ]]
	[ "$(fact all-told | xargs)" = '0 2' ]
	lived_through all
}

@test "a link that flaps is down once, and up once when it has stopped" {
	[ "$(fact flaps-told | xargs)" = 1 ]
	[ "$(fact flaps-later | xargs)" = '0 1 2' ]
	lived_through flaps
}

@test "the bond removed under it: gone, and whole again after a start" {
	[ "$(fact removed-monitor)" = '7 yes' ]
	[ "$(fact removed-start)" = '0 br0' ]
	lived_through removed
}

@test "a bridge removed, a link set free: told, and put right" {
	[ "$(fact bridge-gone)" = '1 yes' ]
	[[ $(fact taken-in) == 0\ *lb* ]]
}

@test "the log across both bonds has every line, once and in order" {
	[[ $(fact log) =~ ^[0-9]+\ 0$ ]]
	echo "# $(fact log | cut -d' ' -f1) lines, none lost" >&3
}

@test "stop removes what it made, twice; what others made stays" {
	[ "$(fact stop)" = '0 0 7 0' ]
	[ "$(fact adopt-stop)" = '0 1 7' ]
	[ "$(fact foreign)" = '5 yes 0 2' ]
}

@test "LACP: degraded when the partner drops a link, and when it is gone" {
	[ "$(fact lacp)" = '0 0' ]
	[[ $(fact lacp-one) == 190\ *'l2: '*LACP* ]]
	[[ $(fact lacp-gone) == 190\ *'no LACP partner answers'* ]]
}

@test "ARP monitoring: a switch that has a carrier and forwards nothing is seen" {
	[ "$(fact arp)" = '0 0' ]
	[ "$(fact arp-silent)" = '190 yes 1' ]
}

@test "the kernel did not complain" {
	[ -z "$(fact module-failed)" ]
	[ "$(fact dmesg)" = 0 ]
	[ -n "$(fact end)" ]
}
