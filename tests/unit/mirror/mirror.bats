#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Two taiki-mirrord, a client of the export, and what goes wrong between them.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/unit/mirror/pair.bash
load pair.bash

teardown() { pair_end; }

# io NODE QEMU-IO-COMMAND...: on its export
io() {
	local n=$1 c args=()
	shift
	for c; do args+=(-c "$c"); done
	qemu-io -f raw "${args[@]}" "$(nbd "$n")" >/dev/null
}

@test "what is written to the Primary is on both disks, byte for byte" {
	pair_new 48M
	both
	head -c 20000000 /dev/urandom >"$PAIR/data"
	truncate -s 20M "$PAIR/data"
	nbdcopy --flush "$PAIR/data" "$(nbd a)"
	io a 'write -P 1 4096 512' 'write -f -P 2 1048064 1M' 'write -z 8M 3M' 'discard 12M 5M' \
		'write -P 3 9000k 128k' flush
	same
	same_generations
	cmp -n 4096 "$PAIR/data" "$PAIR/b.img"
	is a out-of-sync 0 && is b out-of-sync 0
	# the other reads it when it is its turn
	run ! mirror b primary r0
	mirror a secondary r0
	mirror b primary r0
	io b 'read -P 1 4096 512' 'read -P 2 1048064 1M' 'read -P 0 12M 5M' 'read -P 3 9000k 128k'
	down a
	down b
	# and DRBD's own tool finds both disks good, clean and equal
	drbdmeta --force - v08 "$PAIR/a.img" internal get-gi 2>/dev/null >"$PAIR/gi.a"
	drbdmeta --force - v08 "$PAIR/b.img" internal get-gi 2>/dev/null >"$PAIR/gi.b"
	grep ':1:1:0:[01]:0:0:0$' "$PAIR/gi.a"
	cut -c 1-15 "$PAIR/gi.a" >"$PAIR/cur.a"
	run -0 drbdmeta --force - v08 "$PAIR/a.img" internal dump-md
	[[ $output != *unclean* && $output == *"bits-set 0;"* ]]
}

@test "after a break only what differs is copied, while the client goes on writing" {
	pair_new 64M
	both
	io a 'write -P 7 0 32M' flush
	mirror a disconnect r0
	await is a connection StandAlone
	io a 'write -P 8 1M 64k' 'write -P 9 40M 4k' flush
	is a out-of-sync $((68 * 1024))
	run ! same
	mirror a connect r0
	io a 'write -P 10 2M 1M' 'write -P 11 1M 16k' flush
	synced
	same
	same_generations
	# what was written meanwhile, and what the client wrote before they had met, if it was so fast
	sed -n 's/.*resync of \([0-9]*\) KiB to the peer.*/\1/p' "$PAIR/a.log" | tee "$PAIR/resyncs"
	awk '$1 >= 68 && $1 <= 68 + 1024 { found = 1 } END { exit !found }' "$PAIR/resyncs"
}

@test "a Primary that is killed: the other has all that was acknowledged, and brings it back" {
	pair_new 64M
	both
	( # a writer that says what it was told is written
		/usr/bin/python3 - "$(nbd a)" "$PAIR/acked" <<-'END'
			import nbd, sys, struct
			h = nbd.NBD()
			h.connect_uri(sys.argv[1])
			out = open(sys.argv[2], "w")
			for i in range(1, 100000):
			    h.pwrite(struct.pack("<Q", i) * 512, i % 4096 * 4096)
			    print(i, file=out, flush=True)
		END
	) >/dev/null 2>&1 3>&- &
	many() { [[ $(wc -l <"$PAIR/acked") -gt 100 ]]; }
	await test -s "$PAIR/acked"
	await many
	die a
	await is b connection WFConnection
	mirror b primary r0
	/usr/bin/python3 - "$(nbd b)" "$PAIR/acked" <<-'END'
		import nbd, sys, struct
		h = nbd.NBD()
		h.connect_uri(sys.argv[1])
		last = {}
		for line in open(sys.argv[2]):
		    if line.endswith("\n"):
		        last[int(line) % 4096] = int(line)
		assert len(last) > 20, len(last)
		for at, i in last.items():
		    got = struct.unpack("<Q", h.pread(512, at * 4096)[:8])[0]
		    assert got >= i, (at, i, got)
	END
	io b 'write -P 5 30M 1M' flush
	up a
	synced
	is a role Secondary
	same
	same_generations
	grep 'a Primary was stopped here' "$PAIR/a.log"
	grep 'brought up to date from here (rule 70' "$PAIR/b.log"
}

@test "a Secondary that is killed and comes back gets what it missed" {
	pair_new 48M
	both
	io a 'write -P 1 0 8M'
	die b
	io a 'write -P 2 4M 1M' flush
	up b
	synced
	same
	same_generations
}

@test "split brain: both stop, until an administrator gives one side up" {
	pair_new 48M
	both
	io a 'write -P 1 0 8M' flush
	mirror a disconnect r0
	mirror b disconnect r0
	io a 'write -P 2 1M 64k' flush
	mirror b primary r0
	io b 'write -P 3 2M 64k' flush
	mirror a secondary r0
	mirror b secondary r0
	mirror a connect r0
	mirror b connect r0
	await grep -q 'split brain' "$PAIR/a.log"
	await grep -q 'split brain' "$PAIR/b.log"
	await is a connection StandAlone
	await is b connection StandAlone
	run ! same
	# who decides sees both histories, and what each side would lose
	run -0 mirror a status r0
	[[ $output == *"split brain"*"here:"*"64 KiB written on it"*"peer:"*"64 KiB written on it"*"connect r0 --discard-my-data"* ]]
	[[ $(status a split-brain | jq -c '[.exact, .mine.written, .peer.written]') == '[true,65536,65536]' ]]
	[[ $(status a split-brain | jq .mine) == "$(status b split-brain | jq .peer)" ]]
	mirror a connect r0
	mirror b connect r0 --discard-my-data
	synced
	[[ $(status a split-brain) == null ]]
	same
	same_generations
	mirror b primary r0
	io b 'read -P 2 1M 64k' 'read -P 1 2M 64k'
}

@test "up starts it in the background, by options or a drbd.conf; what is refused says what to do" {
	pair_new 16M
	export TAIKI_MIRRORD=$BUILD/taiki-mirrord TAIKI_CGROUP=taiki-mirror-bats.slice TAIKI_MIRROR_LOG=$PAIR/a.log
	mirror a up r0 --disk "$PAIR/a.img" --local "${ADDR[a]}" --peer "${ADDR[b]}" 3>&-
	PID[a]=$(cat "$PAIR/a/.mirror/r0/control.lock")
	run -1 mirror a up r0 --disk "$PAIR/a.img" --local "${ADDR[a]}" --peer "${ADDR[b]}"
	[[ $output == *"it is up already"* ]]
	run -1 mirror a primary r0
	[[ $output == *"no UpToDate data; connect the side that has the newest data; with --force"* ]]
	run -1 mirror a connect r0
	[[ $output == *"taiki-mirror disconnect ends that"* ]]
	mirror a down r0
	run -2 mirror a up
	run -1 mirror a up r0 --disk /nowhere --local "${ADDR[a]}" --peer "${ADDR[b]}" 3>&-
	[[ $output == *"$PAIR/a.log"* ]]
	cat >"$PAIR/conf" <<-END
		global { usage-count no; }
		resource r0 {
			device minor 63; disk $PAIR/a.img; meta-disk internal;
			on $(uname -n) { address 127.0.0.1:$((20000 + RANDOM % 6000)); }
			on elsewhere { address 127.0.0.1:$((26000 + RANDOM % 6000)); }
		}
	END
	export TAIKI_DRBDSETUP=$BUILD/taiki-drbdsetup PAIR BUILD
	# drbdadm keeps things in /var
	# shellcheck disable=SC2016 # sh's
	TAIKI_RUN_DIR=$PAIR/a unshare -m sh -c 'mount -t tmpfs none /var/lib/drbd
		exec "$BUILD/taiki-mirror" up r0 --config "$PAIR/conf"' 3>&-
	PID[a]=$(cat "$PAIR/a/.mirror/r0/control.lock")
	await is a connection WFConnection
	mirror a down r0
}

@test "who has not the shared secret is not let in" {
	pair_new 16M
	echo "open sesame" >"$PAIR/secret"
	echo "open barley" >"$PAIR/other"
	both --shared-secret-file "$PAIR/secret"
	down b
	up b --shared-secret-file "$PAIR/other" --cram-hmac-alg sha256
	await grep -q 'does not have our shared secret' "$PAIR/a.log"
	await is a connection StandAlone
	down b
	up b
	mirror a connect r0
	await grep -q 'wants a shared secret' "$PAIR/b.log"
	down b
	up b --shared-secret-file "$PAIR/secret"
	synced
}

@test "protocols A and B; and two that are configured differently do not talk" {
	local p
	for p in A B; do
		pair_new 24M
		both --protocol $p
		io a 'write -P 1 0 12M' 'write -P 2 5M 64k' flush
		mirror a secondary r0
		same
		down a
		up a --protocol C
		await grep -q 'configured for protocol' "$PAIR/a.log"
		await is a connection StandAlone
		BATS_TEST_COMPLETED=1 pair_end
	done
	pair_new 16M
}

@test "a Secondary exports nothing, and who uses a Primary keeps it so" {
	pair_new 16M
	both
	run ! qemu-img info "$(nbd b)"
	[[ $output == *"not Primary"* ]]
	qemu-io -f raw -c 'sleep 60000' "$(nbd a)" 3>&- &
	await is a nbd-clients 1
	run ! mirror a secondary r0
	[[ $output == *"in use"* ]]
	run ! mirror a down r0
	kill $!
	wait $! || true
	await is a nbd-clients 0
	mirror a secondary r0
	run ! qemu-img info "$(nbd a)"
}

@test "invalidated, a disk is copied again as a whole" {
	pair_new 24M
	both
	io a 'write -P 4 0 20M' flush
	mirror b invalidate r0
	synced
	same
	same_generations
	grep 'resync of 24536 KiB from the peer' "$PAIR/b.log"
}

@test "the peer's disk is invalidated: it is copied there as a whole, while the client goes on" {
	pair_new 24M
	both
	io a 'write -P 4 0 20M' flush
	# what nobody knows of: another byte under the peer
	mirror b down r0
	wait "${PID[b]}"
	printf x | dd of="$PAIR/b.img" bs=1 seek=5000000 conv=notrunc status=none
	up b
	synced
	run ! same
	run -1 mirror b invalidate-remote r0
	[[ $output == *"in use"* ]]
	mirror a invalidate-remote r0
	io a 'write -P 6 1M 64k' flush
	await grep -q 'resync of 24536 KiB to the peer' "$PAIR/a.log"
	synced
	same
	same_generations
	mirror a disconnect r0
	run -1 mirror a invalidate-remote r0
	[[ $output == *"taiki-mirror connect"* ]]
}

@test "status --watch shows each change, a resync's progress and its end; history and metrics tell of it" {
	pair_new 64M
	both
	mirror b disconnect r0
	await is a connection WFConnection
	io a 'write -P 1 0 48M' flush
	TAIKI_RUN_DIR=$PAIR/a "$BUILD/taiki-mirror" status r0 --watch >"$PAIR/watched" 3>&- &
	local watcher=$!
	TAIKI_RUN_DIR=$PAIR/a "$BUILD/taiki-mirror" status r0 --watch --json >"$PAIR/watched.json" 3>&- &
	await grep -q 'WFConnection' "$PAIR/watched"
	await test -s "$PAIR/watched.json"
	mirror b connect r0
	synced
	await grep -q 'Connected  UpToDate/UpToDate$' "$PAIR/watched"
	grep -qE ' (WFBitMapS|SyncSource) ' "$PAIR/watched"
	jq -se 'any(.[]; ."out-of-sync" == 48*1024*1024)' "$PAIR/watched.json" >/dev/null
	run -0 mirror a history r0
	[[ $output == *"connection ended"*"brought up to date from here"*"resync of 49152 KiB to the peer"*"the peer is up to date"* ]]
	run -0 jq -e 'length > 5 and .[0].time <= .[-1].time' <(mirror a history r0 --json)
	run -0 mirror a metrics
	[[ $output == *'taiki_mirror_primary{volume="r0"} 1'* && $output == *'taiki_mirror_size_bytes{volume="r0"} 67'* ]]
	run -0 mirror a status
	[[ $output == "r0  Primary/Secondary  Connected  UpToDate/UpToDate" ]]
	# it ends with the daemon
	down a
	local code=0
	wait "$watcher" || code=$?
	[[ $code -eq 1 ]]
	run -0 mirror a status
	[[ -z $output ]]
	run -1 mirror a status r0 --watch
}

@test "outdated by hand: not promoted, after a restart neither, before the peer has been met; refused where it makes no sense" {
	pair_new 32M
	both
	run ! mirror b outdate r0
	[[ $output == *"onnected"* ]]
	mirror b disconnect r0
	await is a connection WFConnection
	run ! mirror a outdate r0
	mirror b outdate r0
	is b disk Outdated
	run ! mirror b primary r0
	die b
	up b --no-connect
	is b disk Outdated
	run ! mirror b primary r0
	mirror b connect r0
	synced
	same_generations
	mirror a secondary r0
	mirror b primary r0
}

@test "the control socket: lines that come together are answered one by one, what is no command is refused, too long a line ends it" {
	pair_new 24M
	both
	local from line to
	coproc SOCKET { exec socat - "UNIX-CONNECT:$PAIR/a/.mirror/r0/control.sock" 2>/dev/null 3>&-; }
	exec {from}<&"${SOCKET[0]}" {to}>&"${SOCKET[1]}"
	# shellcheck disable=SC2053 # a pattern
	answer() { read -r -t 60 line <&"$from" && [[ $line == $1 ]]; }
	# the first is answered when the peer knows, and until then the others wait
	printf '{"execute":"%s"}\n' secondary outdate-all history primary status >&"$to"
	printf 'rubbish\n{"execute":7}\n{"execute":"resume-sync"}\n' >&"$to"
	answer '{"return":{}}'
	answer '{"error":"no such command"}'
	answer '{"return":\[*\]}'
	answer '{"return":{}}'
	answer '{"return":{*"role":"Primary"*}}'
	answer '{"error":"not a command"}'
	answer '{"error":"not a command"}'
	answer '{"error":"resyncs are not paused*"}'
	head -c 5000 /dev/zero | tr '\0' x >&"$to" || true # cut off in the middle, perhaps
	local code=0
	read -r -t 60 line <&"$from" || code=$?
	[[ $code -eq 1 && -z $line ]] # its end, not 60 seconds
	exec {from}<&- {to}>&-
	is a role Primary
}
