# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Hosts in emulation are asked, and waited for.

# ask SOCKET SCRIPT...: what a host prints that does what it is told on a serial port: a line is a number and a
# script in base64; the answer is a line of the number, the exit status, and the output in base64.  Ends with
# that status, or with 99 when there is no answer.
ask() {
	local socket=$1 fd pid line number=$RANDOM$RANDOM got status text='' rc=99
	shift
	line="$number $(base64 -w0 <<<"$*")"
	exec {fd}< <(exec socat -t 300 - "UNIX-CONNECT:$socket,shut-none" <<<"$line" 2>/dev/null)
	pid=$!
	while read -r -t 120 got status text <&"$fd"; do
		[[ $got == "$number" ]] || continue # of one that nobody waited for
		rc=$status
		break
	done
	exec {fd}<&-
	kill "$pid" 2>/dev/null
	[[ -z $text ]] || base64 -d <<<"$text"
	return "$rc"
}

# await SECONDS COMMAND...: until it succeeds
await() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		if [[ $SECONDS -ge $end ]]; then
			echo "waited in vain for: $*" >&2
			return 1
		fi
		sleep 0.2
	done
}
