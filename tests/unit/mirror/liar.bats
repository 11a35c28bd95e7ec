#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A peer that speaks the protocol and lies.  Whatever it says: the daemon lives, no client is told what is not so,
# its disk and role stay what they are, and the connection ends with a reason.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/unit/mirror/pair.bash
load pair.bash

setup() {
	OUT=$(mktemp -d /tmp/liar.XXXXXX)
}

teardown() { rm -rf "$OUT"; }

# hears ROLE LIE: a Primary or Secondary is lied to; what became of it
hears() {
	local role=$1 lie=$2
	pair_new 4M
	trap 'BATS_TEST_COMPLETED=1 pair_end' EXIT
	up a --protocol "${PROTOCOL:-C}" --ping-int 200 --ping-timeout 3000 --timeout 500 --ko-count 4 --rs-discard-granularity 65536
	mirror a primary r0 --force
	[[ $role == Primary ]] || mirror a secondary r0
	"$BUILD/tests/unit/mirror/liar" "${ADDR[b]%:*}" "${ADDR[a]}" "$PAIR/a/.mirror/r0/nbd.sock" "$lie" ||
		cat "$PAIR/a.log"
	await mirror a status r0 --json >"$PAIR/status"
	jq -r '"role \(.role)", "disk \(.disk)", "because \(."last-disconnect")"' "$PAIR/status"
	down a
	echo "ended in order"
}

# expect: lines of LIE ROLE CLIENT CONNECTION DISK REASON, eight at a time
expect() {
	local lie role client connection disk reason n=0 bad=0
	while read -r lie role client connection disk reason; do
		hears "$role" "$lie" >"$OUT/$lie" 2>&1 3>&- &
		echo "$lie $role $client $connection $disk $reason" >>"$OUT/.expected"
		((++n % 8)) || wait
	done
	wait
	while read -r lie role client connection disk reason; do
		for want in "client $client" "connection $connection" "role $role" "disk $disk" \
			"because .*$reason" "ended in order"; do
			if ! grep -qE "^$want" "$OUT/$lie"; then
				echo "$lie: not '$want' but:"
				cat "$OUT/$lie"
				bad=1
			fi
		done
	done <"$OUT/.expected"
	[[ $bad -eq 0 ]]
}

@test "who does not lie is believed" {
	expect <<-'END'
		nothing Primary told open UpToDate .
		ack-twice Primary told closed UpToDate no answer to a write
	END
}

@test "acknowledgements of what was not written, of other sectors, of more, of another kind" {
	expect <<-'END'
		ack-of-nothing Primary none closed UpToDate P_WRITE_ACK
		ack-of-another-sector Primary told closed UpToDate P_WRITE_ACK
		ack-of-more Primary told closed UpToDate P_WRITE_ACK
		ack-of-a-resync Primary told closed UpToDate P_RS_WRITE_ACK
		write-failed Primary told closed UpToDate .
		silence Primary waits closed UpToDate no answer to a write
		has-everything Primary none closed UpToDate P_RS_WRITE_ACK
	END
}

@test "barriers with another count, of another epoch, twice, too early, unasked; a flush waits for the true one" {
	expect <<-'END'
		barrier-of-more Primary told closed UpToDate P_BARRIER_ACK
		barrier-of-none Primary told closed UpToDate P_BARRIER_ACK
		barrier-of-another Primary told closed UpToDate P_BARRIER_ACK
		barrier-twice Primary told closed UpToDate P_BARRIER_ACK
		barrier-before-ack Primary told closed UpToDate P_BARRIER_ACK
		barrier-unasked Primary none closed UpToDate P_BARRIER_ACK
		flush-unconfirmed Primary waits closed UpToDate no answer to a write
	END
}

@test "a peer that writes an epoch in any order, protocols A and B: two writes to one place are in two epochs" {
	for PROTOCOL in A B; do
		expect <<<"any-order Primary told open UpToDate ."
		rm "$OUT/any-order" "$OUT/.expected"
	done
}

@test "answers, requests, bitmaps and names that nobody asked for" {
	expect <<-'END'
		data-reply Primary none closed UpToDate P_DATA_REPLY
		resync-reply Secondary none closed UpToDate P_RS_DATA_REPLY
		resync-request Primary none closed UpToDate P_RS_DATA_REQUEST
		resync-hole Secondary none closed UpToDate P_RS_DEALLOCATED
		resync-hole-request Primary none closed UpToDate P_RS_THIN_REQ
		resync-name Secondary none closed UpToDate P_SYNC_UUID
		bitmap Secondary none closed UpToDate P_BITMAP
		consent Primary none closed UpToDate P_STATE_CHG_REPLY
		challenge Primary none closed UpToDate P_AUTH_CHALLENGE
		features-again Primary none closed UpToDate .
	END
}

@test "data for where there is none, and for a Primary" {
	expect <<-'END'
		data-outside Secondary none closed UpToDate P_DATA
		data-far-outside Secondary none closed UpToDate P_DATA
		zeroes-outside Secondary none closed UpToDate P_ZEROES
		differences-outside Secondary none closed UpToDate P_OUT_OF_SYNC
		request-outside Secondary none closed UpToDate P_DATA_REQUEST
		data-of-the-secondary Primary none closed UpToDate P_DATA
	END
}

@test "a second Primary, states that do not exist, and wishes about our disk and role" {
	expect <<-'END'
		primary-too Primary none closed UpToDate both sides are Primary
		state-of-nothing Primary none closed UpToDate P_STATE
		wish-you-were-diskless Primary none open UpToDate .
		wish-you-were-secondary Primary none open UpToDate .
		wish-to-be-primary Primary none open UpToDate .
		wish-to-thaw-you Primary none open UpToDate .
	END
}

@test "greetings of another volume, another size, another configuration" {
	expect <<-'END'
		is-primary Primary none closed UpToDate both sides are Primary
		is-unrelated Primary none closed UpToDate never been one volume
		is-ahead Primary none closed UpToDate would lose its data
		is-smaller Primary none closed UpToDate room for 2048 sectors
		speaks-too-old Primary none closed UpToDate protocol 86 to 99
		allows-two Primary none closed UpToDate allows two Primaries
		is-lax Primary none closed UpToDate configured for protocol A
		asks-dry Secondary none closed UpToDate did not go on
	END
}

@test "a resync's source that calls what it was not asked for a hole: other places, other sizes, twice, where data was asked for" {
	expect <<-'END'
		hole-of-more Secondary none closed Inconsistent P_RS_DEALLOCATED
		hole-of-less Secondary none closed Inconsistent P_RS_DEALLOCATED
		hole-of-another-sector Secondary none closed Inconsistent P_RS_DEALLOCATED
		hole-outside Secondary none closed Inconsistent P_RS_DEALLOCATED
		hole-twice Secondary none closed Inconsistent P_RS_DEALLOCATED
		hole-for-data Secondary none closed Inconsistent P_RS_DEALLOCATED
		hole-and-data Secondary none closed Inconsistent P_RS_DATA_REPLY
	END
}

@test "a resync's source that stops in the middle, and bitmaps without end or content; bytes that are no packet" {
	expect <<-'END'
		is-ahead Secondary none closed Outdated gone on with the resync
		bitmap-without-end Secondary none closed Outdated P_BITMAP
		bitmap-of-nothing Secondary none closed Outdated P_BITMAP
		garbage Secondary none closed UpToDate .
		garbage-on-meta Secondary none closed UpToDate .
	END
}
