#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The history checker: silent when all went well, and not when a fault is planted.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/lab/lab.bash
load ../lab/lab.bash

setup_file() {
	TAIKI_LAB=$(lab_name thistory)
	export TAIKI_LAB
	lab down
	lab up -n 2 --idle
}

teardown_file() { lab down; }

check() { "$O/tests/history/history-check" "$@"; }

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	t=1000
}

# --- histories made by hand: line NODE JSON appends one with the next time stamp ---

line() {
	t=$((t + 10))
	echo "{\"t\":$t,$2}" >>"$1.jsonl"
}
start() { line "$1" "\"v\":1,\"ev\":\"start\",\"node\":\"$1\",\"boot\":\"$1-boot\""; }
opens() {
	line "$1" "\"ev\":\"open\",\"fh\":$2,\"ino\":${4:-5},\"path\":\"/img\",\"write\":true,\"pid\":$3,\"start\":1,\"comm\":\"hv-domain\",\"domain\":\"web\",\"incarnation\":\"\""
}
submits() { line "$1" "\"ev\":\"submit\",\"op\":$2,\"fh\":$3,\"kind\":\"$4\",\"off\":4096,\"len\":4096,\"hash\":\"0000000000000000\""; }
completes() { line "$1" "\"ev\":\"complete\",\"op\":$2,\"rc\":0,\"destaged\":${3:-0}"; }
closes() { line "$1" "\"ev\":\"close\",\"fh\":$2,\"dropped\":0"; }

@test "an orderly move between hosts is no violation" {
	start node1 && start node2
	opens node1 1 100
	submits node1 1 1 write && completes node1 1
	submits node1 2 1 flush && completes node1 2 4096
	closes node1 1
	opens node2 1 100
	submits node2 1 1 write && completes node2 1
	check node1.jsonl node2.jsonl
}

@test "planted: a stop without proof; a write of the old host ends after the new one opened" {
	start node1 && start node2
	opens node1 1 100
	submits node1 1 1 write
	opens node2 1 100
	completes node1 1
	run check node1.jsonl node2.jsonl
	[[ $status -eq 1 && $output == *"two writers"*node1*node2* ]]
}

@test "planted: a skipped lock; two processes of one host write" {
	start node1
	opens node1 1 100
	opens node1 2 200
	submits node1 1 2 write && completes node1 1
	submits node1 2 1 write && completes node1 2
	run check node1.jsonl
	[[ $status -eq 1 && $output == *"two writers"* ]]
}

@test "an opening that a lock refused is no writer" {
	start node1
	opens node1 1 100
	opens node1 2 200
	closes node1 2
	submits node1 1 1 write && completes node1 1
	check node1.jsonl
}

@test "a record that cannot be read is not judged" {
	start node1
	opens node1 1 100
	submits node1 2 1 write
	run check node1.jsonl
	[[ $status -eq 2 && $output == *"node1.jsonl:3"* ]]
	echo nonsense >other.jsonl
	run check other.jsonl
	[[ $status -eq 2 ]]
	echo '{"t":1,"v":2,"ev":"start","node":"x","boot":"y"}' >version.jsonl
	run check version.jsonl
	[[ $status -eq 2 && $output == *version* ]]
	# What a server was killed while writing is no record yet.
	start node2
	printf '{"t":5,"ev":"op' >>node2.jsonl
	check node2.jsonl
}

@test "too few acknowledgements are no proof" {
	start node1
	truncate -s 64K img
	: >acks
	run check --image img --acks acks --at-least 1 node1.jsonl
	[[ $status -eq 2 && $output == *"only 0"* ]]
}

# --- histories of real hosts, with the writer in the domain's place ---

# scene: a fresh image, an empty record, nobody writing, a listener on the client host
scene() {
	lab fault node1 none
	lab fence all ok
	lab power-off node1 node2
	rm -f "$(state)"/history/*
	lab power-on node1 node2
	rm -f "$(state)/shared/img"
	truncate -s 4M "$(state)/shared/img"
	"$LAB_COMMAND" client "$O/tests/history/ack-listen" 7000 "$(state)/history/acks" >ready 3>&- &
	listener=$!
	eventually 10 grep -q ready ready
}

writer() {
	local node=$1
	shift
	lab exec "$node" "$O/tests/history/writer" /shared/img 10.71.255.254:7000 "$@" >>"out.$node" 2>&1 3>&- &
}

acked() { [[ $(wc -l <"$(state)/history/acks") -ge $1 ]]; }

judge() {
	check --image "$(state)/shared/img" --acks "$(state)/history/acks" --at-least 20 \
		"$(state)"/history/*.jsonl
}

# found PATTERN: a line of the judgement, which is that all is not well
found() {
	run judge
	[[ $status -eq 1 ]] && grep "$1" <<<"$output"
}

teardown() { [[ -z ${listener:-} ]] || kill "$listener"; }

@test "a power cut and a successor on the other host: nothing is lost" {
	scene
	writer node1
	eventually 20 acked 20
	lab power-off node1
	before=$(wc -l <"$(state)/history/acks")
	writer node2
	eventually 20 acked $((before + 10))
	run judge
	note "$output"
	[[ $status -eq 0 ]]
}

@test "planted in the lab: storage that ignores flushes, then a power cut" {
	scene
	lab fault node1 img lose-flush
	writer node1
	eventually 20 acked 20
	judge | grep 'VIOLATION lost' # not even on disk yet
	lab power-off node1
	run judge
	[[ $status -eq 1 && $output == *"VIOLATION lost"* ]]
}

@test "planted in the lab: a writer that skips the flush" {
	scene
	writer node1 --no-flush
	eventually 20 acked 20
	run judge
	[[ $status -eq 1 && $output == *"VIOLATION not flushed"* ]]
}

@test "planted in the lab: a writer that skips the lock; one that asks for it is refused" {
	scene
	writer node1
	eventually 20 acked 20
	run lab exec node1 "$O/tests/history/writer" /shared/img 10.71.255.254:7000
	[[ $status -eq 1 && $output == *lock* ]]
	# the storage server hears of its close a moment after its end
	eventually 10 judge
	writer node1 --no-lock
	eventually 20 found "VIOLATION two writers"
}

@test "planted in the lab: fencing that lies" {
	scene
	writer node1
	eventually 20 acked 20
	lab fence node1 lie
	lab exec node2 fence_lab -o off -n node1
	writer node2
	eventually 20 found "VIOLATION two writers.*node1.*node2"
}

@test "planted in the lab: a stop believed without proof, while a write hangs" {
	scene
	writer node1
	eventually 20 acked 20
	lab fault node1 img hang
	before=$(wc -l <"$(state)/history/acks")
	writer node2
	eventually 20 acked $((before + 10))
	lab fault node1 none
	eventually 10 found "VIOLATION two writers"
}
