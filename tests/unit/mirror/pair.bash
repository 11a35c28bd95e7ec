# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Two mirrors of one volume on this machine, over TCP on the loopback: a and b.
#
# To be loaded at the top of a file: a function of the same name there takes the place of one from here.
# Tests run at the top of the tree; $BUILD is where the programs are.

cd "$(dirname "${BASH_SOURCE[0]}")/../../.." || return 1
BUILD=${O:-build}
[[ $BUILD == /* ]] || BUILD=$PWD/$BUILD

# pair_new BYTES: disks with new metadata for both; nothing runs
pair_new() {
	PAIR=$(mktemp -d "${TMPDIR:-/tmp}/pair.XXXXXX")
	# Several pairs may run at once: one address has one listener.
	local net=127.$((RANDOM % 250 + 2)).$((RANDOM % 250 + 2)) host=$((RANDOM % 120 * 2 + 1)) n
	declare -gA ADDR=([a]=$net.$host:7789 [b]=$net.$((host + 1)):7789) PID=([a]='' [b]='')
	for n in a b; do
		mkdir "$PAIR/$n"
		truncate -s "$1" "$PAIR/$n.img"
		mirror $n create-md --disk "$PAIR/$n.img" >/dev/null
	done
}

# faulty NODE: its disk is served by a program that can be told to fail, before anything uses it
faulty() {
	local n=$1
	mkdir "$PAIR/$n-back" "$PAIR/$n-disk"
	mv "$PAIR/$n.img" "$PAIR/$n-back/img"
	ln -s "$n-disk/img" "$PAIR/$n.img"
	: >"$PAIR/$n.faults"
	storage_up "$n"
}

# storage_up NODE: that program runs, again if its host's power was cut; $PLATTERS: it keeps all that
# reaches the disk in $PAIR/NODE.platter
storage_up() {
	local n=$1
	"$BUILD/tests/lab/storaged" --node "$n" --boot 1 --backing "$PAIR/$n-back" --mount "$PAIR/$n-disk" \
		--log "$PAIR/$n.record" --faults "$PAIR/$n.faults" --pid-file "$PAIR/$n.storaged" \
		${PLATTERS:+--platter "$PAIR/$n.platter"}
}

# power_cut NODE: its daemon is gone, and what was only in its disk's cache
power_cut() {
	local n=$1
	kill -9 "$(cat "$PAIR/$n.storaged")"
	die "$n"
	umount -l "$PAIR/$n-disk"
	rm "$PAIR/$n.storaged"
}

# fault NODE [WHAT]: what its disk does from now on: eio, hang, delay MS; nothing: it works
fault() {
	echo "${2:+* $2}" >"$PAIR/$1.faults.new"
	mv "$PAIR/$1.faults.new" "$PAIR/$1.faults"
}

# planted OFFSET...: another byte there on b's disk, behind everybody's back
planted() {
	local at was
	for at; do
		was=$(od -An -tu1 -j "$at" -N 1 "$PAIR/b.img")
		# shellcheck disable=SC2059 # the byte
		printf "\\x$(printf %02x $((was ^ 255)))" |
			dd of="$PAIR/b.img" bs=1 seek="$at" conv=notrunc,fdatasync status=none
	done
}

pair_end() {
	local n
	for n in a b; do
		[[ ! -e $PAIR/$n.faults ]] || fault $n
		[[ -z ${PID[$n]} ]] || kill -9 "${PID[$n]}" 2>/dev/null || true
	done
	for n in a b; do
		[[ ! -e $PAIR/$n.storaged ]] || { umount -l "$PAIR/$n-disk"; kill "$(cat "$PAIR/$n.storaged")"; } || true
	done
	wait 2>/dev/null || true
	[[ -n ${BATS_TEST_COMPLETED:-} ]] || tail -n 60 "$PAIR"/*.log >&2
	rm -rf "$PAIR"
}

# mirror NODE ARGUMENTS...: taiki-mirror there
mirror() {
	local n=$1
	shift
	TAIKI_RUN_DIR=$PAIR/$n "$BUILD/taiki-mirror" "$@"
}

# every daemon's options: a peer that a busy machine holds up for a second is not given up
pair_options=(--ping-timeout 5000)

# up NODE OPTIONS...: start its daemon
up() {
	local n=$1 other=b
	[[ $n == a ]] || other=a
	shift
	TAIKI_RUN_DIR=$PAIR/$n TAIKI_STATE_DIR=$PAIR/$n.state "$BUILD/taiki-mirrord" --name r0 --disk "$PAIR/$n.img" --local "${ADDR[$n]}" \
		--peer "${ADDR[$other]}" --connect-int 1 "${pair_options[@]}" "$@" >>"$PAIR/$n.log" 2>&1 3>&- &
	PID[$n]=$!
	await answers "$n"
}
# answers NODE: its socket may be there before anybody listens at it
answers() { mirror "$1" status r0 --json >/dev/null 2>&1; }

# down NODE: end its daemon in order
down() {
	mirror "$1" down r0
	wait "${PID[$1]}"
	PID[$1]=''
}

# die NODE: as if the host lost power, but for what its kernel has already taken
die() {
	kill -9 "${PID[$1]}"
	wait "${PID[$1]}" 2>/dev/null || true
	PID[$1]=''
	rm -rf "$PAIR/$1/.mirror"
}

# await COMMAND...: until it succeeds, at most 80 s
await() {
	local end=$((SECONDS + 80)) n
	until "$@"; do
		if ((SECONDS >= end)); then
			echo "waited in vain for: $*" >&2
			for n in a b; do
				echo "$n: $(mirror "$n" status r0 --json 2>&1)" >&2
			done
			return 1
		fi
		sleep 0.1
	done
}

# status NODE KEY: of its status
status() { mirror "$1" status r0 --json | jq -r ".\"$2\""; }

# is NODE KEY VALUE: whether that is its status
is() { [[ $(status "$1" "$2") == "$3" ]]; }

# in_sync NODE: as it says, all at the same moment
in_sync() {
	[[ $(mirror "$1" status r0 --json | jq -r '"\(.connection) \(.disk) \(."peer-disk")"') == 'Connected UpToDate UpToDate' ]]
}
# synced: both are, and neither of them because it has not heard yet what has begun at the other
both_in_sync() { in_sync a && in_sync b && in_sync a; }
synced() { await both_in_sync; }

# both OPTIONS...: up, connected, a is Primary, b has everything
both() {
	up a "$@"
	up b "$@"
	await is a connection Connected
	mirror a primary r0 --force
	synced
}

# filled OPTIONS...: both, and 24 MiB of them are no zeroes
filled() {
	both "$@"
	head -c 24M /dev/urandom >"$PAIR/data"
	nbdcopy --flush "$PAIR/data" "$(nbd a)"
}

# nbd NODE: the export's URI
nbd() { echo "nbd+unix:///?socket=$PAIR/$1/.mirror/r0/nbd.sock"; }

# io NODE QEMU-IO-COMMAND...: on its export
io() {
	local n=$1 c args=()
	shift
	for c; do args+=(-c "$c"); done
	qemu-io -f raw "${args[@]}" "$(nbd "$n")" >"$PAIR/io" 2>&1 || { cat "$PAIR/io" >&2; return 1; }
	! grep -qE 'Pattern verification failed|error|failed' "$PAIR/io"
}

# disk_of NODE: the file that its disk is in the end
disk_of() { if [[ -e $PAIR/$1-back ]]; then echo "$PAIR/$1-back/img"; else echo "$PAIR/$1.img"; fi; }

# same: both disks, where the volume's data is; the daemons may run if nothing is written
same() {
	local bytes
	bytes=$(status a size 2>/dev/null || status b size)
	cmp -n "$bytes" "$(disk_of a)" "$(disk_of b)"
}

# same_generations: of both, while they run
same_generations() {
	[[ $(status a generations | jq -c 'map(.[0:15])') == "$(status b generations | jq -c 'map(.[0:15])')" ]]
}
