#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A Primary that has lost its peer: clients wait until a handler, which is the test's, has answered.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/unit/mirror/pair.bash
load pair.bash

setup() {
	pair_new 32M
	# Exits with what stands in .answer, once that is there; says what it was asked.  b lifts what would
	# be its own, which is of no interest here.
	cat >"$PAIR/handler" <<-END
		#!/bin/sh
		[ "\$1 \${TAIKI_RUN_DIR##*/}" != "unfence b" ] || exit 0
		echo "\$1 \$2 \$DISK_STATE" >>$PAIR/asked
		[ "\$1" = fence ] || exit 0
		until [ -s $PAIR/answer ]; do
			[ -d $PAIR ] || exit 1
			sleep 0.05
		done
		exit "\$(cat $PAIR/answer)"
	END
	chmod 755 "$PAIR/handler"
	: >"$PAIR/asked"
	FENCED=(--fencing resource-and-stonith --fence-peer "$PAIR/handler")
}

teardown() { pair_end; }

# guarded: both, and what was placed before is lifted
guarded() {
	both "${FENCED[@]}"
	await grep -q '^unfence' "$PAIR/asked"
	: >"$PAIR/asked"
}

asked() { grep -q "^$1" "$PAIR/asked"; }
suspended() { [[ $(status a suspended-by | tr -d ' \n"') == "[$1]" ]]; }

# write PATTERN: in the background, to Primary a; WRITER is its process
write() {
	qemu-io -f raw -c "write -P $1 1M 64k" -c flush "$(nbd a)" >"$PAIR/writer" 2>&1 3>&- &
	WRITER=$!
}
written() { ! kill -0 "$WRITER" 2>/dev/null; }
reads() { qemu-io -f raw -c "read -P $2 1M 64k" "$(nbd "$1")" | grep -q '^read 65536'; }

@test "clients wait until the peer is fenced, and then go on" {
	guarded
	die b
	await suspended fencing
	await asked "fence r0 UpToDate"
	write 5
	sleep 1
	run ! written
	echo 7 >"$PAIR/answer"
	await written
	wait "$WRITER"
	await suspended ''
	is a peer-disk Outdated
	reads a 5
	: >"$PAIR/asked"
	up b "${FENCED[@]}"
	synced
	same
	same_generations
	await asked unfence
}

@test "a handler that cannot say keeps them waiting; it is asked again; the peer's return frees them" {
	guarded
	echo 1 >"$PAIR/answer"
	write 6
	wait "$WRITER"
	die b
	await suspended fencing
	write 7
	twice() { [[ $(grep -c '^fence' "$PAIR/asked") -ge 2 ]]; }
	await twice
	run ! written
	up b "${FENCED[@]}"
	await written
	wait "$WRITER"
	synced
	await suspended ''
	same
	same_generations
}

@test "an answer about a loss that is over does not count for the next one, and is not lifted under it" {
	guarded
	die b
	await asked fence
	up b "${FENCED[@]}"
	synced
	die b
	await suspended fencing
	echo 4 >"$PAIR/answer"
	twice() { [[ $(grep -c '^fence' "$PAIR/asked") -eq 2 ]]; }
	await twice
	await suspended ''
	await is a peer-disk Outdated
	run ! asked unfence
}

@test "what was written and never said to be is not lost sight of" {
	guarded
	# the peer's answers do not come any more, and then it is gone
	kill -STOP "${PID[b]}"
	write 8
	await suspended fencing
	kill -9 "$WRITER"
	await is a nbd-clients 0
	mirror a secondary r0
	await suspended ''
	# and what was on its way to it, with it
	die b
	up b "${FENCED[@]}"
	synced
	same
	same_generations
}

@test "who waits and is killed can be ended, and its host demoted and stopped" {
	guarded
	die b
	await suspended fencing
	write 9
	await is a nbd-clients 1
	sleep 0.5
	run ! mirror a secondary r0
	kill -9 "$WRITER"
	await is a nbd-clients 0
	mirror a secondary r0
	down a
	up a "${FENCED[@]}"
	up b "${FENCED[@]}"
	synced
	same
	same_generations
}

@test "a Secondary without its peer is promoted when the peer is known to be out of the way" {
	guarded
	mirror a secondary r0
	die a
	await is b connection WFConnection
	echo 1 >"$PAIR/answer"
	run ! mirror b primary r0
	is b role Secondary
	echo 7 >"$PAIR/answer"
	mirror b primary r0
	is b peer-disk Outdated
	qemu-io -f raw -c 'write -P 3 1M 64k' -c flush "$(nbd b)" >/dev/null
	up a "${FENCED[@]}"
	synced
	same
}

@test "the peer is Primary: this side is outdated, and cannot be promoted any more" {
	guarded
	mirror a secondary r0
	die a
	await is b connection WFConnection
	echo 6 >"$PAIR/answer"
	run ! mirror b primary r0
	is b disk Outdated
	echo 7 >"$PAIR/answer"
	run ! mirror b primary r0
	down b
	up b "${FENCED[@]}"
	is b disk Outdated
}

@test "alone after a start, a disk is only Consistent; fencing the peer makes it the truth" {
	guarded
	mirror a secondary r0
	down b
	down a
	up a "${FENCED[@]}"
	is a disk Consistent
	echo 5 >"$PAIR/answer"
	run ! mirror a primary r0
	echo 7 >"$PAIR/answer"
	mirror a primary r0
	is a disk UpToDate
}

@test "a Secondary that leaves in order is outdated by itself, and nobody is asked or waits" {
	guarded
	write 4
	wait "$WRITER"
	down b
	await is a peer-disk Outdated
	write 5
	await written
	wait "$WRITER"
	run ! asked fence
	up b "${FENCED[@]}"
	synced
	same
}

@test "resource-only: the handler is asked, and clients do not wait" {
	FENCED=(--fencing resource-only --fence-peer "$PAIR/handler")
	guarded
	die b
	await asked fence
	write 5
	await written
	wait "$WRITER"
	echo 4 >"$PAIR/answer"
	await is a peer-disk Outdated
}

@test "fencing with protocol A, or an unknown word, is refused" {
	run -2 "$BUILD/taiki-mirrord" --name r0 --disk /x --local 127.0.0.1:1 --peer 127.0.0.2:1 \
		--protocol A --fencing resource-and-stonith
	[[ $output == *"means nothing with"* ]]
	run -2 "$BUILD/taiki-mirrord" --fencing maybe
	run -2 "$BUILD/taiki-mirrord" --fence-peer relative
}

@test "without Corosync there is no quorum: nobody is promoted" {
	up a --quorum
	suspended quorum
	run ! mirror a primary r0 --force
	[[ $output == *"no quorum"* ]]
}

@test "taiki-fence-peer lifts the constraint that it has placed, and never the peer's" {
	export CIB_file=$PAIR/cib.xml
	cibadmin --empty >"$CIB_file"
	cibadmin -C -o resources -X '<primitive id="m" class="ocf" provider="taiki" type="mirror"/>'
	placed() { grep -c '<rsc_location' "$CIB_file"; }
	cibadmin -C -o constraints -X '<rsc_location rsc="m" id="taiki-mirror-fence-r0">
		<rule role="Promoted" score="-INFINITY" id="r"><expression attribute="#uname" operation="ne" value="n2" id="e"/>
		</rule></rsc_location>'
	TAIKI_NODE=n1 run -0 "$BUILD/taiki-fence-peer" unfence r0
	[[ $(placed) -eq 1 ]]
	TAIKI_NODE=n2 run -0 "$BUILD/taiki-fence-peer" unfence r0
	run placed
	[[ $output -eq 0 ]]
	TAIKI_NODE=n2 run -0 "$BUILD/taiki-fence-peer" unfence r0
}
