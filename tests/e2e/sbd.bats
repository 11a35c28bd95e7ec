#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Hosts that fence themselves: two Debian hosts with Corosync, Pacemaker and sbd
# on the software watchdog, as docs/guide-fencing-hosts.md sets them up.  One of
# them loses sbd, Corosync and its cable, in turns; each time the watchdog resets
# it, and the domain that ran there with it, before the other host starts it.

setup_file() {
	# shellcheck source=tests/e2e/e2e.bash
	source "$BATS_TEST_DIRNAME/e2e.bash"
	debian_setup sbd
	cd "$BATS_FILE_TMPDIR" || return 1
	"$BATS_TEST_DIRNAME/payload" "$PWD/payload.ext4" "$BATS_TEST_DIRNAME/sbd-run" \
		"$BATS_TEST_DIRNAME/spin.xml" "$O/e2e/spin" >&2
	echo "# booting two Debian hosts" >&3
	host b on
	await 60 test -S net
	host a off
	await 60 test -S a.qmp
	# QEMU's own word on resets, with its time.
	{ echo '{"execute":"qmp_capabilities"}' && exec sleep 3000; } 3>&- |
		socat - UNIX-CONNECT:a.qmp >events 3>&- &

	await 600 test -s a.log || echo "# host a does not boot" >&3
	local round
	for round in 1 2 3; do
		[[ -s a.log ]] || break
		await 420 harm_of $round >/dev/null || break
		[[ $round -ne 3 ]] || cable off
		await 300 reset_of $round >/dev/null || break
		echo "# reset $(since $round "$(reset_of $round)") s after $(harm $round)," \
			"domain on the other host $(await 300 up_of $round >/dev/null && since $round "$(up_of $round)") s after it" >&3
		[[ $round -ne 3 ]] || cable on
	done
	[[ ! -s a.log ]] || await 420 grep -q 'E2E end' a.log || echo "# host a did not come to its end; see $LOG.a" >&3
	for round in a b; do cp $round.log "$LOG.$round"; done
	cp events "$LOG.events"
}

teardown_file() {
	local job
	for job in $(jobs -p); do
		pkill -P "$job" || true
		kill "$job" || true
	done
}

# host NAME SERVER: boots it.  Each line of its console gets the time it came at.
host() {
	mkfifo "$1.console"
	while read -r line; do
		printf '%s %s\n' "$EPOCHREALTIME" "${line%$'\r'}"
	done <"$1.console" >"$1.log" 3>&- &
	node=$1 debian_host 1400 "$PWD/$1.console" "$PWD/payload.ext4" -m 768 -name "$1" -no-shutdown \
		-netdev "stream,id=n0,server=$2,addr.type=unix,addr.path=net" \
		-device virtio-net-pci,netdev=n0,mac=52:54:00:e2:e0:0$1 \
		-qmp "unix:$1.qmp,server=on,wait=off" -monitor "unix:$1.monitor,server=on,wait=off" >&2 3>&- &
}

# cable on|off: of host a
cable() { echo "set_link n0 $1" | socat - UNIX-CONNECT:a.monitor >/dev/null; }

# In the order of the rounds: what was done to a, when, when it was reset, and
# when the domain had come up on b.
harm() { sed -n 's/.*E2E harm //p' a.log | sed -n "$1p"; }
harm_of() { awk -v n="$1" '/E2E harm/ && ++i == n { print $1; ok = 1 } END { exit !ok }' a.log; }
up_of() {
	local harm
	harm=$(harm_of "$1") || return 1
	awk -v harm="$harm" '/E2E up/ && $1 > harm { print $1; ok = 1; exit } END { exit !ok }' b.log
}
history_of() { awk -v up="$(up_of "$1")" '/E2E history/ && $1 > up { print; exit }' b.log; }
# One reset is several events: Linux pulls the line more than once.
reset_of() {
	local harm
	harm=$(harm_of "$1") || return 1
	jq -r 'select(.event == "RESET" and .data.guest) |
		"\(.timestamp.seconds).\("00000\(.timestamp.microseconds)"[-6:])"' events |
		awk -v harm="$harm" '$1 > harm { print; ok = 1; exit } END { exit !ok }'
}
since() { awk -v a="$(harm_of "$1")" -v b="$2" 'BEGIN { printf "%.1f", b - a }'; }
before() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a != "" && b != "" && a + 0 < b + 0) }'; }

setup() {
	cd "$BATS_FILE_TMPDIR" || return 1
	grep -h -e 'E2E [^t]' a.log b.log | sort
}

@test "both hosts form a cluster, with sbd on the software watchdog" {
	grep -q 'E2E watchdog Software Watchdog' a.log
	grep -q 'E2E sbd active' a.log
	grep -q 'E2E sbd active' b.log
	grep -q 'E2E quorum ok' a.log
	grep -q 'E2E configured ok' b.log
	[ -z "$(grep 'E2E failed' a.log b.log)" ]
}

@test "Pacemaker runs the domain in a control group of its own" {
	[ "$(grep -c 'E2E up 0::/taiki.slice/spin' a.log)" = 4 ]
}

# seen_last ROUND: when the domain was last seen on a
seen_last() { grep "E2E tick $1 .* domain" a.log | tail -n 1 | cut -d' ' -f1; }

# reset_after ROUND HARM: the watchdog came; nowhere was the domain seen on both hosts
reset_after() {
	[ "$(harm "$1")" = "$2" ]
	before "$(harm_of "$1")" "$(reset_of "$1")"
	before "$(seen_last "$1")" "$(up_of "$1")"
	[ -z "$(grep 'E2E before running' a.log)" ]
}

# self_fenced ROUND HARM: and the other host started the domain because Pacemaker
# counted this one as fenced by its watchdog, after it was
self_fenced() {
	reset_after "$@"
	before "$(reset_of "$1")" "$(up_of "$1")"
	[[ "$(history_of "$1")" == *"reboot of a successful"* ]]
}

# systemd starts sbd anew, and the cluster's daemons with it: they may move the
# domain in order before the watchdog, that nobody can disarm, comes.
@test "sbd is killed: the watchdog resets the host; the domain never runs on both" {
	reset_after 1 sbd-killed
}

@test "corosync is killed: the host resets itself, then the other one starts the domain" {
	self_fenced 2 corosync-killed
}

@test "the cable is cut: without quorum the host resets itself, then the other one starts the domain" {
	self_fenced 3 link-cut
}

@test "after each reset the host joins again, and the domain comes back to it" {
	[ "$(grep -c 'E2E round' a.log)" = 4 ]
	[ "$(grep -c 'E2E down' b.log)" -ge 3 ]
	grep -q 'E2E end' a.log
}
