#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# role-port.sh COMMAND [PORT]: taiki-guest's part on org.taiki.role.0 as a shell script, for
# guests that cannot run it; the protocol is in taiki-guest(8).  Needs a POSIX shell with
# gzip, od and tr, of busybox or any other kind.
#
# COMMAND is run as "COMMAND ROLE" with TAIKI_ROLE_KEY in its environment.

set -f # words of a line are no patterns
command=$1
port=${2:-/dev/virtio-ports/org.taiki.role.0}
role=none seq=0 last=''

# crc TEXT: the CRC-32 that gzip leaves at its end (little-endian)
crc() { printf %s "$1" | gzip -c | tail -c 8 | head -c 4 | od -An -tx4 | tr -d ' \n'; }
# The newline before it ends what somebody may have left unfinished.
tell() { printf '\n%s crc=%s\n' "$1" "$(crc "$1")" >&3; }
# decode VALUE: %XX is a byte
decode() {
	rest=$1
	while :; do
		case $rest in *%*) ;; *) break ;; esac
		printf %s "${rest%%%*}"
		rest=${rest#*%}
		# shellcheck disable=SC2059 # the format is the byte
		printf "\\$(printf %03o "0x${rest%"${rest#??}"}")"
		rest=${rest#??}
	done
	printf %s "$rest"
}

# take KEY=VALUE...: the words of a role
take() {
	for word; do
		key=${word%%=*} value=$(decode "${word#*=}")
		case $key in
		seq) new_seq=$value ;;
		value) new_role=$value ;;
		*) export "TAIKI_ROLE_$(printf %s "$key" | tr a-z- A-Z_)=$value" ;;
		esac
	done
}

# obey LINE: the scripts of this role, unless they have run for this very line
obey() {
	status=0
	if [ "$1" != "$last" ]; then
		"$command" "$new_role" <&- 3<&-
		status=$?
		if [ $status -eq 0 ]; then role=$new_role seq=$new_seq last=$1; fi
	fi
	tell "TR1 done role=$role seq=$new_seq status=$status"
}

until exec 3<>"$port"; do sleep 1; done 2>/dev/null
tell "TR1 hello role=$role seq=$seq"
while :; do
	# Nothing, while the host does not listen.
	IFS= read -r line <&3 || { sleep 1; continue; }
	body=${line% crc=*}
	[ "$line" = "$body crc=$(crc "$body")" ] || continue
	case $body in
	'TR1 ask' | 'TR1 ask '*) tell "TR1 hello role=$role seq=$seq" ;;
	'TR1 role '*)
		# shellcheck disable=SC2086 # it is words
		take ${body#TR1 role }
		obey "$body"
		;;
	esac
done
