#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A domain whose disk is a mirrored volume over vhost-user: stock Linux on the software engine, in hv-domain's jail.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/unit/mirror/pair.bash
load pair.bash
# shellcheck source=tests/unit/mirror/guest.bash
load guest.bash

setup() {
	DOMAIN=''
	tests/tools/guest-image "$PWD/build/guest" >&2
	pair_new 32M
	mkdir "$PAIR/run"
	CONSOLE=$PAIR/run/g/console.log
	up a
	up b
	await is a connection Connected
	mirror a primary r0 --force
	synced
}

teardown() {
	[[ -z $DOMAIN ]] || kill -9 "$DOMAIN" 2>/dev/null || true
	[[ -n ${BATS_TEST_COMPLETED:-} ]] || tail -n 40 "$CONSOLE" "$PAIR/run/g/log" >&2 || true
	pair_end
}

# domain RECONNECT SCRIPT: a guest that runs it and ends; its disk reconnects after so many seconds (0: never)
domain() {
	local cmdline
	cmdline="console=ttyS0 cryptomgr.notests panic=-1 quiet taiki.once taiki.exec=$(base64 -w0 <<<"$2")"
	cat >"$PAIR/config" <<-END
	{"version": 1, "name": "g", "uuid": "12345678-1234-4234-8234-1234567890ab", "memory": 201326592,
	 "current_memory": 201326592, "vcpus": 1, "vcpus_current": 1, "engine": "soft", "acpi": true,
	 "kernel": "$PWD/build/guest/vmlinuz", "initrd": "$PWD/build/guest/initrd.gz", "cmdline": "$cmdline",
	 "serial": true, "console": true, "console_is_serial": true, "panic": true,
	 "disk": [{"path": "$PAIR/a/.mirror/r0/vhost-user.sock", "target": "vda", "vhost": true, "reconnect": $1,
	           "guard": "mirror", "discard": true}]}
	END
	: >"$PAIR/status" # of the start before
	TAIKI_RUN_DIR=$PAIR/run "$BUILD/hv-domain" --config-fd 9 --status-fd 8 g 9<"$PAIR/config" 8>"$PAIR/status" \
		>"$PAIR/domain.log" 2>&1 3>&- &
	DOMAIN=$!
	await grep -q . "$PAIR/status"
}

logged() { grep -q -- "$1" "$PAIR/run/g/log"; }
gone() { ! kill -0 "$1" 2>/dev/null; }
redialler() { pgrep -P "$DOMAIN" -x hv-vhost-redial; }

@test "the guest waits while its mirrord is killed and started anew, sees no error, and both copies have all of it" {
	local process
	domain 1 "$WRITER"
	cat "$PAIR/status"
	grep -qx ok "$PAIR/status"
	says_in 240 'ACK 5$'
	says "size $(($(status a size) / 512))"
	await is a vhost-user-clients 1
	# who has connected keeps the volume Primary
	run ! mirror a secondary r0
	[[ $output == *"in use"* ]]
	# beside it stands a process that keeps nothing but the way to the server
	await redialler
	process=$(redialler)
	[[ $(find "/proc/$process/fd" -mindepth 1 | wc -l) -eq 4 ]]
	run ! grep -q guest-memory "/proc/$process/maps"
	# may reach its socket whoever owns it, and has the system calls for that
	grep -qE '^CapEff:\s+0000000000000002$' "/proc/$process/status"
	grep -qE '^CapBnd:\s+0000000000000000$' "/proc/$process/status"
	grep -qE '^Seccomp:\s+2$' "/proc/$process/status"
	die a
	await logged 'its requests wait until it is back'
	up a
	await is a connection Connected
	await mirror a primary r0
	says_in 240 VERIFIED
	await logged 'is back'
	wait "$DOMAIN"
	DOMAIN=''
	await gone "$process"
	says 'ACK 60$'
	run ! says 'I/O error'
	await is a vhost-user-clients 0
	synced
	cmp -n $((30 << 20)) "$PAIR/a.img" "$PAIR/b.img"
}

@test "without reconnect its requests wait for good; a kill takes the process that reconnects along" {
	local process
	domain 0 "$WRITER"
	says_in 240 'ACK 3$'
	run ! redialler
	die a
	await logged 'its requests wait until the domain is ended'
	up a
	await is a connection Connected
	await mirror a primary r0
	is a vhost-user-clients 0
	kill -9 "$DOMAIN"
	wait "$DOMAIN" 2>/dev/null || true
	DOMAIN=''
	run ! says 'I/O error'
	domain 1 true
	await redialler # it takes its name when it runs first
	process=$(redialler)
	kill -9 "$DOMAIN"
	wait "$DOMAIN" 2>/dev/null || true
	DOMAIN=''
	await gone "$process"
}

@test "who is not Primary lets no domain in, and it is said why" {
	down a
	up a
	domain 1 true
	grep -q 'error:.*vhost-user server at .*promoted' "$PAIR/status"
	DOMAIN=''
}

@test "the volume grows: the guest sees the new size while it runs, writes to what is new, and both copies have it" {
	domain 1 "$GROWER"
	grows_for 240
	wait "$DOMAIN"
	DOMAIN=''
	synced
	await is a out-of-sync 0
	same
	qemu-io -f raw -r -c "read -P 0 40M 64k" "$(nbd a)" >/dev/null
}
