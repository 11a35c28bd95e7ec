#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A side loses its disk, or gives it away: its clients go on with the peer's, and the disk comes back.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/unit/mirror/pair.bash
load pair.bash

teardown() { pair_end; }

suspended() { [[ $(status "$1" suspended-by | tr -d ' \n"') == "[$2]" ]]; }

# equal: both are whole, idle and byte for byte the same
equal() {
	synced
	await is a out-of-sync 0
	await is b out-of-sync 0
	same
	same_generations
}

@test "a Primary's disk is taken away and comes back: its client reads and writes on, and only what differs is copied" {
	pair_new 64M
	both
	io a 'write -P 1 0 40M' flush
	mirror a detach r0
	await is a disk Diskless
	await is b peer-disk Diskless
	io a 'read -P 1 0 16M' 'write -P 2 1M 64k' 'write -f -P 3 5M 4k' 'write -P 4 20M 512' flush \
		'read -P 2 1M 64k' 'read -P 3 5M 4k' 'read -P 4 20M 512' 'read -P 1 1088k 1M' \
		'write -z 30M 1M' 'read -P 0 30M 1M'
	is b out-of-sync $(((64 + 4 + 4 + 1024) * 1024))
	# nobody else has it now
	[[ $(drbdmeta --force - v08 "$PAIR/a.img" internal dstate 2>/dev/null) == Outdated ]]
	mirror a attach r0
	equal
	grep -E 'resync of (1096|11[0-9]{2}) KiB from the peer' "$PAIR/a.log"
	io a 'read -P 2 1M 64k' 'read -P 3 5M 4k' 'read -P 0 30M 1M' 'write -P 5 2M 64k' flush
	equal
}

@test "a Secondary gives its disk away, and gets it back" {
	pair_new 48M
	both
	io a 'write -P 1 0 16M' flush
	mirror b detach r0
	await is a peer-disk Diskless
	io a 'write -P 2 4M 1M' flush 'read -P 2 4M 1M'
	mirror b attach r0
	equal
	# the last disk is nobody's to take away
	mirror b detach r0
	await is a peer-disk Diskless
	run ! mirror a detach r0
	[[ $output == *"no UpToDate data"* ]]
	mirror b attach r0
	equal
	mirror a detach r0
	await is b peer-disk Diskless
	run ! mirror b detach r0
	[[ $output == *"no UpToDate data"* ]]
	run ! mirror a attach x
	mirror a attach r0
	run ! mirror a attach r0
	[[ $output == *"it has its disk"* ]]
	equal
}

@test "a Primary without a disk loses its peer, too: clients wait, and nothing that was said to be written is missing" {
	pair_new 48M
	both
	mirror a detach r0
	io a 'write -P 1 0 8M' 'write -P 2 1M 64k'
	die b
	await suspended a data
	qemu-io -f raw -c 'write -P 3 2M 64k' -c flush -c 'read -P 2 1M 64k' "$(nbd a)" >"$PAIR/waits" 2>&1 3>&- &
	local client=$!
	sleep 1
	kill -0 $client
	up b
	wait $client
	run ! grep -E 'failed|error' "$PAIR/waits"
	await suspended a ''
	io a 'read -P 3 2M 64k' 'read -P 1 4M 1M'
	mirror a attach r0
	equal
	io b 'read -P 1 0 512' && return 1
	mirror a secondary r0
	mirror b primary r0
	io b 'read -P 3 2M 64k' 'read -P 2 1M 64k' 'read -P 1 4M 4M'
}

@test "a disk that was replaced by an empty one gets everything" {
	pair_new 32M
	both
	io a 'write -P 7 0 20M' flush
	mirror a detach r0
	rm "$PAIR/a.img"
	run ! mirror a attach r0
	[[ $output == *"cannot be attached"* ]]
	truncate -s 32M "$PAIR/a.img"
	mirror a create-md --disk "$PAIR/a.img"
	io a 'write -P 8 1M 64k'
	mirror a attach r0
	equal
	io a 'read -P 8 1M 64k' 'read -P 7 2M 1M'
}

@test "killed without its disk, and started with it: it is not promoted with what it missed, but brought up to date" {
	pair_new 32M
	both
	mirror a detach r0
	io a 'write -P 9 1M 1M' flush
	die a
	up a --no-connect
	is a disk Outdated
	run ! mirror a primary r0
	mirror a connect r0
	equal
}
