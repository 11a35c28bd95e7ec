#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # pair.bash reads PID and sets pair_options
#
# TLS between two mirrors: what goes over the wire, and who is turned away.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/unit/mirror/pair.bash
load pair.bash

setup() {
	SNIFF=()
	pair_new 16M
	key right mirror 00112233445566778899aabbccddeeff
	key other mirror ffeeddccbbaa99887766554433221100
}

teardown() {
	[[ ${#SNIFF[@]} -eq 0 ]] || kill "${SNIFF[@]}" 2>/dev/null || true
	pair_end
}

# key FILE IDENTITY HEX
key() {
	printf '%s:%s\n' "$2" "$3" >"$PAIR/$1"
	chmod 600 "$PAIR/$1"
}

# through NODE TO FROM: what is sent to NODE, port 7790, is written down and goes to TO, port 7789, as from FROM
through() {
	local host=${ADDR[$1]%:*}
	socat -r "$PAIR/$1.sniffed" -R "$PAIR/$1.sniffed" "TCP-LISTEN:7790,bind=$host,fork,reuseaddr" \
		"TCP-CONNECT:${ADDR[$2]},bind=${ADDR[$3]%:*}" 2>>"$PAIR/socat.log" 3>&- &
	SNIFF+=($!)
	await grep -q ":1E6E 00000000:0000 0A" /proc/net/tcp
}

# sniffed NODE OPTIONS...: its daemon, which reaches the other one through the sniffer
sniffed() {
	local n=$1 other=b
	[[ $n == a ]] || other=a
	shift
	TAIKI_RUN_DIR=$PAIR/$n "$BUILD/taiki-mirrord" --name r0 --disk "$PAIR/$n.img" --local "${ADDR[$n]}" \
		--peer "${ADDR[$other]%:*}:7790" --connect-int 1 "${pair_options[@]}" "$@" >>"$PAIR/$n.log" 2>&1 3>&- &
	PID[$n]=$!
	await answers "$n"
}

logged() { grep -q -- "$2" "$PAIR/$1.log"; }
# refused NODE: it goes on trying, and has never been connected
refused() {
	await is "$1" connection WFConnection
	run ! logged "$1" 'conn .* -> Connected'
}

# written: a is Primary, and has written words that anybody would know again
written() {
	await is a connection Connected
	mirror a primary r0 --force
	synced
	yes 'nobody is to read this' | head -c 1M >"$PAIR/data"
	nbdcopy --flush "$PAIR/data" "$(nbd a)"
	same
}

@test "what somebody in between sees is everything without a key, and with one nothing" {
	through a a b
	through b b a
	sniffed a
	sniffed b
	is a tls false
	written
	grep -qa 'nobody is to read this' "$PAIR"/{a,b}.sniffed
	down a
	down b
	truncate -s 0 "$PAIR"/{a,b}.sniffed
	sniffed a --tls-psk "$PAIR/right"
	sniffed b --tls-psk "$PAIR/right"
	is a tls true
	await is a connection Connected
	mirror a primary r0
	yes 'nobody is to read this' | head -c 4M >"$PAIR/data"
	nbdcopy --flush "$PAIR/data" "$(nbd a)"
	same
	[[ $(cat "$PAIR"/{a,b}.sniffed | wc -c) -gt $((4 << 20)) ]]
	run ! grep -qa 'nobody is to read' "$PAIR"/{a,b}.sniffed
	# after a resync, too, that goes the other way round
	mirror a secondary r0
	mirror b invalidate r0
	synced
	same
}

@test "a key on one side alone, another key or another name: no connection, and each side says why" {
	up a --tls-psk "$PAIR/right"
	up b
	await logged a 'does not use TLS'
	await logged b 'no --tls-psk is given'
	refused a
	refused b
	down b
	up b --tls-psk "$PAIR/other"
	await logged b 'no TLS with the peer'
	await logged a 'no TLS with the peer'
	refused a
	down b
	key named somebody 00112233445566778899aabbccddeeff
	up b --tls-psk "$PAIR/named"
	await logged a 'it calls itself somebody@'
	refused a
	down b
	up b --tls-psk "$PAIR/right"
	await is a connection Connected
	await is b connection Connected
	is b tls true
}

@test "a mirror that somebody connects to itself notices it" {
	through b a b
	sniffed a --tls-psk "$PAIR/right"
	await logged a 'it calls itself mirror@'
	refused a
}

@test "who does not go on with the handshake is sent away, and the peer still comes" {
	up a --tls-psk "$PAIR/right"
	for _ in 1 2 3 4; do
		{
			printf '\026'
			sleep 20
		} 3>&- | socat - "TCP-CONNECT:${ADDR[a]},bind=${ADDR[b]%:*}" >/dev/null 3>&- &
		SNIFF+=($!)
	done
	sleep 1
	up b --tls-psk "$PAIR/right"
	await is a connection Connected
}

@test "a key file that others can read, or without a key, is refused with the reason" {
	local row
	refuses() {
		run ! "$BUILD/taiki-mirrord" --name r0 --disk "$PAIR/a.img" --local "${ADDR[a]}" --peer "${ADDR[b]}" --tls-psk "$1"
		[[ $output == *"$2"* ]] || { echo "$output"; return 1; }
	}
	refuses "$PAIR/none" 'No such file'
	refuses /dev/null 'no file'
	chmod 640 "$PAIR/right"
	refuses "$PAIR/right" 'chmod 600'
	for row in 'mirror|no line' ':00112233445566778899aabbccddeeff|no line' \
		'a b:00112233445566778899aabbccddeeff|printable' 'a:0011|16 to 64' \
		'a:00112233445566778899aabbccddeefg|not hexadecimal'; do
		echo "${row%|*}" >"$PAIR/other"
		refuses "$PAIR/other" "${row#*|}"
	done
}
