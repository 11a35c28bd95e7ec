# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Two mirrors of one volume on this machine, over TCP on the loopback: a and b.

# pair_new BYTES: disks with new metadata for both; nothing runs
pair_new() {
	PAIR=$(mktemp -d /tmp/pair.XXXXXX)
	local net=127.$((RANDOM % 250 + 2)).$((RANDOM % 250 + 2))
	declare -gA ADDR=([a]=$net.1:7789 [b]=$net.2:7789) PID=([a]='' [b]='')
	local n
	for n in a b; do
		mkdir "$PAIR/$n"
		truncate -s "$1" "$PAIR/$n.img"
		mirror $n create-md --disk "$PAIR/$n.img" >/dev/null
	done
}

pair_end() {
	local n
	for n in a b; do
		[[ -z ${PID[$n]} ]] || kill -9 "${PID[$n]}" 2>/dev/null || true
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

# up NODE OPTIONS...: start its daemon
up() {
	local n=$1 other=b
	[[ $n == a ]] || other=a
	shift
	TAIKI_RUN_DIR=$PAIR/$n "$BUILD/taiki-mirrord" --name r0 --disk "$PAIR/$n.img" --local "${ADDR[$n]}" \
		--peer "${ADDR[$other]}" --connect-int 1 "$@" >>"$PAIR/$n.log" 2>&1 3>&- &
	PID[$n]=$!
	await test -S "$PAIR/$n/.mirror/r0/control.sock"
}

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

# await COMMAND...: until it succeeds, at most 20 s
await() {
	local n
	for ((n = 0; n < 200; n++)); do
		if "$@"; then return 0; fi
		sleep 0.1
	done
	echo "waited in vain for: $*" >&2
	return 1
}

# status NODE KEY: of its status
status() { mirror "$1" status r0 --json | jq -r ".\"$2\""; }

# is NODE KEY VALUE: whether that is its status
is() { [[ $(status "$1" "$2") == "$3" ]]; }

in_sync() { is "$1" connection Connected && is "$1" disk UpToDate && is "$1" peer-disk UpToDate; }
synced() { await in_sync a && await in_sync b; }

# nbd NODE: the export's URI
nbd() { echo "nbd+unix:///?socket=$PAIR/$1/.mirror/r0/nbd.sock"; }

# same: both disks, where the volume's data is; the daemons may run if nothing is written
same() {
	local bytes
	bytes=$(status a size 2>/dev/null || status b size)
	cmp -n "$bytes" "$PAIR/a.img" "$PAIR/b.img"
}

# same_generations: of both, while they run
same_generations() {
	[[ $(status a generations | jq -c 'map(.[0:15])') == "$(status b generations | jq -c 'map(.[0:15])')" ]]
}
