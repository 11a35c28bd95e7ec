#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Two disks that are compared while they are in use.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/unit/mirror/pair.bash
load pair.bash

setup() {
	pair_new 32M
}

teardown() { pair_end; }

# again OPTIONS...: down and up, with these
again() {
	mirror a secondary r0
	down b
	down a
	up a "$@"
	up b "$@"
	synced
	mirror a primary r0
}

over() { grep -q 'verify is over' "$PAIR/$1.log"; }

@test "what differs is found at its sectors, on either side, and nothing else; it is copied at the next meeting" {
	filled --verify-alg crc32c
	planted 5000000 5005000 20000001
	# from the Primary
	mirror a verify r0
	await over a
	await over b
	await is a connection Connected
	await is b connection Connected
	# blocks of 4 KiB: 1220 and 1221, 4882
	for n in a b; do
		grep -q 'differ from sector 9760 on, in 16 sectors' "$PAIR/$n.log"
		grep -q 'differ from sector 39056 on, in 8 sectors' "$PAIR/$n.log"
		[[ $(grep -c 'differ from sector' "$PAIR/$n.log") == 2 ]]
		is $n verify-found 12288
		is $n out-of-sync 12288
	done
	run ! same
	# from the other side: the same, and nothing is copied yet
	: >"$PAIR/b.log"
	mirror b verify r0
	await over b
	await is b verify-found 12288
	await is a out-of-sync 12288
	mirror b disconnect r0
	mirror b connect r0
	synced
	same
	same_generations
	is a out-of-sync 0
	mirror a verify r0
	await grep -q 'verify is over, up to sector 65456: 0 KiB differ' "$PAIR/a.log"
}

@test "a part of it, and until it is stopped; what may not be is refused" {
	filled
	# so slowly that it does not come to the second of these
	again --verify-alg sha1 --c-max-rate 128
	planted 100 12000000
	mirror a verify r0 --start=8M --stop=16M
	await is a connection VerifyS
	await is b connection VerifyT
	[[ $(mirror a status r0) =~ VerifyS.*\ %\ of\ 8.0\ MiB ]]
	run ! mirror a verify r0
	[[ $output == *"a resync or a verify runs"* ]]
	run ! mirror b verify-stop r0
	[[ $output == *"no verify runs that was begun on this side"* ]]
	mirror a verify-stop r0
	await over a
	await over b
	await is a connection Connected
	await is b connection Connected
	run ! mirror a verify r0 --start=1k
	[[ $output == *"begin at a block"* ]]
	run ! mirror a verify r0 --start=x
	run ! mirror a verify r0 --start=40M
	is a out-of-sync 0
	down b
	up b
	await is b connection StandAlone
	await grep -q 'configured for verify-alg sha1, we for none' "$PAIR/b.log"
	run ! mirror b verify r0
	[[ $output == *"no connection"* || $output == *"no verify-alg"* ]]
}

# Writes while it runs are never taken for a difference, whichever side compares, whatever the protocol.
busy() {
	local compares
	filled --verify-alg crc32c --protocol "$1" --c-min-rate 0
	/usr/bin/python3 - "$(nbd a)" "$PAIR/stop" "$PAIR/begun" <<-'END' 3>&- &
		import nbd, sys, os
		h = nbd.NBD()
		h.connect_uri(sys.argv[1])
		n = 0
		while not os.path.exists(sys.argv[2]):
		    h.pwrite(os.urandom(4096), n * 7 % 4096 * 4096)
		    n += 1
		    if n % 50 == 0:
		        h.flush()
		    if n == 100:
		        open(sys.argv[3], "w")
	END
	local writer=$!
	await test -e "$PAIR/begun"
	for compares in a b; do
		: >"$PAIR/$compares.log"
		mirror $compares verify r0
		await over $compares
		await is a connection Connected
		await is b connection Connected
	done
	touch "$PAIR/stop"
	wait "$writer"
	is a verify-found 0
	is b verify-found 0
	is a out-of-sync 0
	is b out-of-sync 0
}

@test "clients write meanwhile, protocol C: nothing differs" { busy C; }

@test "clients write meanwhile, protocol B: nothing differs" { busy B; }

@test "clients write meanwhile, protocol A: nothing differs" { busy A; }

@test "the connection ends meanwhile: both go on, and what was found until then is known" {
	filled
	again --verify-alg md5 --c-max-rate 2048
	planted 4096
	mirror a verify r0
	await is a connection VerifyS
	await is b out-of-sync 4096
	die b
	await is a connection WFConnection
	up b --verify-alg md5
	synced
	same
	mirror a verify r0
	await over a
	is a verify-found 0
}
