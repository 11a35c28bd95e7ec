#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Two mirrors whose hosts lose power, whose link is cut, whose disks fail, under a client that writes at
# random: each sector is a register, and some order has to explain all that the client was told.
# `make torture COUNT=200` plays many rounds of it, from a seed of its own.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return 1
	BUILD=${O:-build}
	DIR=$(mktemp -d /tmp/torture.XXXXXX)
}

teardown() {
	local host
	if [[ -z ${BATS_TEST_COMPLETED:-} ]]; then
		for host in a b; do
			echo "the last words of $host:"
			tail -n 40 "$DIR/$host/log" || true
		done >&2
	fi
	for host in a b; do
		umount -l "$DIR/$host/mnt" 2>/dev/null || true
	done
	rm -rf "$DIR"
}

# torture OPTIONS...: what it says is shown, and in $output
torture() {
	local option
	option=(--build "$BUILD" --dir "$DIR" --seed "${SEED:-1}" "$@")
	run "$BUILD/tests/history/mirror-torture" "${option[@]}"
	grep -E '^(#|VIOLATION)' <<<"$output" >&3
}

@test "the Primary's power is cut, again and again: nothing that was acknowledged is lost" {
	torture --only power --evict 100 --rounds "${COUNT:-6}"
	[[ $status -eq 0 && $output =~ \ ([0-9]+)\ promotions ]]
	[[ ${BASH_REMATCH[1]} -gt 2 ]]
}

@test "both lose power at once: what was flushed is there, whoever comes back first" {
	torture --only both-power --evict 300 --rounds "${COUNT:-4}" --external
	[[ $status -eq 0 ]]
}

@test "a Primary that was replaced while it stood still tells nobody that it writes" {
	torture --only replaced --evict 100 --rounds "${COUNT:-3}"
	[[ $status -eq 0 && $output =~ \ ([0-9]+)\ promotions ]]
	[[ ${BASH_REMATCH[1]} -gt 0 ]]
}

@test "the link is lost while a resync reads: the next one goes on" {
	torture --only resync-torn --rounds 2
	[[ $status -eq 0 ]]
}

@test "whatever goes wrong, before all is well again: one order explains every answer, both sides become equal" {
	torture --evict 100 --rounds "${COUNT:-10}"
	[[ $status -eq 0 ]]
	[[ -z ${COUNT:-} ]] || return 0
	rm -rf "$DIR" && mkdir "$DIR"
	torture --evict 100 --rounds 8 --external --protocol B --thin --seed 3
	[[ $status -eq 0 ]]
}

@test "teeth: with protocol A and a slow link, writes that were acknowledged are lost, and that is found" {
	torture --only power --protocol A --delay 30 --rounds 4 --until-violation
	# Whether a loss is said of who had been told, or of who had read it, is a matter of what was asked last.
	[[ $status -eq 1 && $output =~ VIOLATION\ sector\ .*(is\ lost|is\ read\ after\ write) ]]
}

@test "teeth: with a disk that lies when it is told to flush, writes are lost, and that is found" {
	torture --only other-power --external --lie b --rounds 6 --until-violation
	[[ $status -eq 1 && $output == *"VIOLATION"*"both are up to date, and differ"* ]]
}
