# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The disks of emulated hosts, and what is recorded of them outside: the lab's storage server is an array with
# a volatile cache (tests/lab/storaged.h), and what the hosts say on their second serial port - what guests
# were told is on disk, and marks between which they are looked at - is stamped as it arrives.

# storage_up: the array; QEMU has its images in $PWD/disks, they are kept in $PWD/backing
storage_up() {
	mkdir backing disks
	"$O/tests/lab/storaged" --node array --boot "$$" --backing "$PWD/backing" --mount "$PWD/disks" \
		--pid-file "$PWD/storaged.pid" --log "$PWD/array.jsonl" </dev/null >storaged.log 2>&1 3>&-
}

storage_down() {
	[[ ! -s storaged.pid ]] || kill "$(cat storaged.pid)" || true
	umount -l disks || true
}

# end_jobs: what the test has in the background
end_jobs() {
	local job
	for job in $(jobs -p); do
		pkill -P "$job" || true
		kill "$job" || true
	done
}

# heard NAME: a second serial port, for `-serial file:$PWD/NAME.said`; what comes is in $PWD/acks
heard() {
	mkfifo "$1.said"
	"$O/tests/history/ack-listen" - "$PWD/acks" <"$1.said" >&2 3>&- &
}

# monitor HOST COMMAND...: of its QEMU, which has it at $PWD/HOST.monitor
monitor() { echo "${*:2}" | socat - "UNIX-CONNECT:$1.monitor" >/dev/null; }

# pause GUEST MARK: between "mark MARK" and "mark MARK-end", how many records came, and the longest time
# without one, in milliseconds
pause() {
	awk -v guest="$1" -v mark="$2" '
		{ match($0, /"t":[0-9]+/); t = substr($0, RSTART + 4, RLENGTH - 4) / 1000000 }
		index($0, "\"mark " mark "\"") { on = 1; last = t; next }
		!on { next }
		index($0, "\"" guest " ack ") { n++ }
		index($0, "\"" guest " ack ") || index($0, "\"mark " mark "-end\"") {
			if (t - last > most) most = t - last
			last = t
		}
		index($0, "\"mark " mark "-end\"") { ended = 1; exit }
		END { if (ended) printf "%d %d\n", n, most }' acks
}

# wrote_on GUEST MARK: records came meanwhile; for how long it stood still is shown
wrote_on() {
	local n most
	read -r n most < <(pause "$1" "$2")
	echo "# $2: $1 wrote $n records, the longest pause was $most ms" >&3
	[[ $n -gt 0 ]]
}

# errors GUEST...: how often they were told that a request has failed
errors() {
	local guest n=0
	for guest; do n=$((n + $(grep -c "\"$guest error " acks || true))); done
	echo $n
}

# goes_on GUEST STARTS: it was started so often, and each start went on behind the last record that was acknowledged
# before, of which at most the next was on disk too
goes_on() {
	awk -v guest="$1" -v starts="$2" '
		index($0, "\"" guest " ack ") { match($0, / ack [0-9]+/); last = substr($0, RSTART + 5, RLENGTH - 5) + 0 }
		index($0, "\"" guest " begins ") {
			match($0, / begins [0-9]+/)
			n = substr($0, RSTART + 8, RLENGTH - 8) + 0
			if (n <= last || n > last + 2) bad = 1
			begun++
		}
		END { exit bad || begun != starts }' acks
}

# judge GUEST IMAGE [AT [MIRROR]]: the history checker on its records, in a disk that begins at AT of IMAGE, and
# whose other side is MIRROR
judge() {
	sed -n "s/\"line\":\"$1 ack /\"line\":\"ack /p" acks >"acks.$1"
	local out rc=0
	out=$("$O/tests/history/history-check" --image "backing/$2" --at "${3:-0}" ${4:+--mirror "backing/$4"} --acks "acks.$1" --at-least 20 array.jsonl) || rc=$?
	echo "$out"
	echo "# $1 on $2: ${out##*$'\n'}" >&3
	return $rc
}
