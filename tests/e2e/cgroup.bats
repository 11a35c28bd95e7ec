#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Control groups version 2, as Debian's systemd sets them up: a domain has a
# group of its own, outside of its starter's, and cputune is in force there.
# The host boots once; each test reads what it has told.

setup_file() {
	# shellcheck source=tests/e2e/e2e.bash
	source "$BATS_TEST_DIRNAME/e2e.bash"
	debian_setup cgroup
	"$BATS_TEST_DIRNAME/payload" "$BATS_FILE_TMPDIR/payload.ext4" "$BATS_TEST_DIRNAME/cgroup-run" \
		"$BATS_TEST_DIRNAME/spin.xml" "$O/e2e/spin" "$top/tests/lab/lib/cgroup.sh"
	echo "# booting a Debian host" >&3
	debian_host 900 "$LOG" "$BATS_FILE_TMPDIR/payload.ext4" -m 768 -no-reboot >&2
	tr -d '\r' <"$LOG" >"$BATS_FILE_TMPDIR/log"
	[[ -n $(fact end) ]] || echo "# the host did not come to its end; see $LOG and $LOG.qemu" >&3
}

# fact KEY: what the host says
fact() { sed -n "s/^.*E2E $1 //p" "$BATS_FILE_TMPDIR/log"; }
setup() { grep -e E2E -e '^LOG' "$BATS_FILE_TMPDIR/log" || tail -n 50 "$BATS_FILE_TMPDIR/log"; }

@test "the host has control groups version 2 alone" {
	[ "$(fact version)" = cgroup2fs ]
	[ "$(fact systemd)" -ge 252 ]
}

@test "a domain outlives the service that started it, in a group of its own" {
	[ "$(fact start)" = ok ]
	[ "$(fact starter)" != active ]
	[ "$(fact alive)" = ok ]
	[ "$(fact group)" = 0::/taiki.slice/spin ]
}

@test "shares become a weight that keeps the proportion, quota is that of all its processors" {
	[ "$(fact weight)" = 200 ]
	[ "$(fact max)" = '20000 100000' ]
	[[ " $(fact controllers) " == *' cpu '* ]]
}

@test "the quota holds against a guest that takes what it gets" {
	[ "$(fact spins)" = ok ]
	[ "$(fact throttled)" -gt 10 ]
	[ "$(fact used-limited)" -le 35 ]
	[ "$(fact used-limited)" -ge 2 ]
}

@test "hv set changes them while it runs, and can lift the quota" {
	[ "$(fact set)" = ok ]
	[ "$(fact max-set)" = '60000 100000' ]
	[ "$(fact weight-set)" = 50 ]
	[ "$(fact max-period)" = '60000 50000' ]
	[ "$(fact used-set)" -le 85 ]
	[ "$(fact unset)" = ok ]
	[ "$(fact max-unset)" = 'max 100000' ]
	[ "$(fact used-unlimited)" -gt "$(fact used-limited)" ]
}

@test "what hv set does not name stays as it is" {
	[ "$(fact weight-unnamed)" = 50 ]
}

@test "systemd's own doings leave it where and as it is" {
	[ "$(fact other-service)" = ok ]
	[ "$(fact weight-kept)" = 50 ]
	[ "$(fact max-kept)" = '20000 100000' ]
	[ "$(fact group-kept)" = 0::/taiki.slice/spin ]
}

@test "hv destroy removes its group, and the slice with the last one" {
	[ "$(fact destroy)" = ok ]
	[ "$(fact group-gone)" = ok ]
	[ "$(fact slice-gone)" = ok ]
}

@test "TAIKI_CGROUP names another place" {
	[ "$(fact two)" = ok ]
	[ "$(fact elsewhere)" = 0::/a.slice/b/spin2 ]
	[ "$(fact elsewhere-gone)" = ok ]
}

@test "a lab's node has a group that limits and freezes it, and domains in it have their quota" {
	[ "$(fact lab-node)" = /taiki-lab.e2e/n1/init ]
	[ "$(fact lab-memory)" = $((256 << 20)) ]
	[ "$(fact lab-start)" = ok ]
	[ "$(fact lab-domain)" = '20000 100000' ]
	[ "$(fact lab-seen)" = /init ]
	[ "$(fact lab-members)" -ge 3 ]
	[ "$(fact lab-frozen)" = ok ]
	[ "$(fact lab-still)" = ok ]
	[ "$(fact lab-thawed)" = ok ]
	[ "$(fact lab-off)" = ok ]
}

@test "a lab's node starts again after a power cut, and the lab leaves no group behind" {
	[ "$(fact lab-again)" = /taiki-lab.e2e/n1/init ]
	[ "$(fact lab-domain-again)" = '20000 100000' ]
	[ "$(fact lab-gone)" = ok ]
	[ -n "$(fact end)" ]
}
