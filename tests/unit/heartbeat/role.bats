#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A stock kernel that waits: its disk is gated, its link down.  Then this file does what an
# adopter does: opens the gate, the link, and tells the role; twice, since a guest that
# reboots by itself has to be told again.  One guest for all, whose tests build on each other.

bats_require_minimum_version 1.5.0

setup_file() {
	cd "$BATS_TEST_DIRNAME/../../.." || return 1
	export HV_DOMAIN=$PWD/${O:-build}/hv-domain
	[[ ${O:-} != /* ]] || HV_DOMAIN=$O/hv-domain
	export GUEST=$PWD/build/guest
	tests/tools/guest-image "$GUEST" >&2
	RUN=$(mktemp -d /tmp/role.XXXXXX)
	export RUN TAIKI_RUN_DIR=$RUN NS=taiki.role.$$
	ip netns add "$NS"
	ip -n "$NS" link set lo up
	ip -n "$NS" link add br0 type bridge
	ip -n "$NS" addr add 10.98.0.1/24 dev br0
	ip -n "$NS" link set br0 up
	# One partition of type 83 from sector 2048 on, of 8 MiB, with an ext4 in it.
	truncate -s 16M "$RUN/disk"
	printf '\0\0\0\0\203\0\0\0\0\010\0\0\0\100\0\0' |
		dd of="$RUN/disk" bs=1 seek=446 conv=notrunc status=none
	printf '\125\252' | dd of="$RUN/disk" bs=1 seek=510 conv=notrunc status=none
	mke2fs -q -t ext4 -E offset=1048576 "$RUN/disk" 8192k
	boot g@twin '"wanted": true, "waiting": true'
}

teardown_file() {
	[[ ! -s $RUN/domain.pid ]] || kill -9 "$(cat "$RUN/domain.pid")" 2>/dev/null || true
	ip netns del "$NS"
	rm -rf "$RUN"
}

setup() { cd "$BATS_TEST_DIRNAME/../../.." || return 1; }

# boot NAME STANDBY: with this as its configuration's "standby"
boot() {
	export DOM=$RUN/$1
	cat >"$RUN/config" <<-END
	{"version": 1, "name": "$1", "uuid": "12345678-1234-4234-8234-1234567890ab",
	 "memory": 134217728, "current_memory": 134217728, "vcpus": 1, "vcpus_current": 1,
	 "engine": "soft", "kernel": "$GUEST/vmlinuz", "initrd": "$GUEST/initrd.gz",
	 "cmdline": "console=ttyS0 quiet cryptomgr.notests panic=-1 taiki.name=g taiki.standby taiki.http",
	 "acpi": true, "on_reboot": "restart", "panic": true,
	 "serial": true, "console": true, "console_is_serial": true,
	 "standby": {$2},
	 "role": [{"key": "address", "value": "10.98.0.2/24"}, {"key": "hostname", "value": "web"}],
	 "disk": [{"target": "vda", "path": "$RUN/disk", "guard": "fencing", "gated": true}],
	 "nic": [{"bridge": "br0", "mac": "52:54:00:01:02:03", "queues": 1, "gated": true}],
	 "channel": [{"name": "org.taiki.role.0"}]}
	END
	: >"$RUN/status" # of the start before
	ip netns exec "$NS" "$HV_DOMAIN" --config-fd 9 --status-fd 8 "$1" 9<"$RUN/config" 8>"$RUN/status" \
		2>"$RUN/stderr" 3>&- &
	echo $! >"$RUN/domain.pid"
	await grep -qx ok "$RUN/status"
}

# await COMMAND...: until it succeeds, at most 240 s
await() {
	local end=$((SECONDS + 240))
	while ((SECONDS < end)); do
		if "$@"; then return 0; fi
		sleep 0.2
	done
	echo "waited in vain for: $*"
	cat "$RUN/status" "$RUN/stderr" "$DOM/log"
	tail -n 30 "$DOM/console.log"
	return 1
}

# qmp COMMAND [ARGUMENTS [FILE]]: its answer; FILE is opened and handed over first, as "f"
qmp() {
	python3 - "$DOM/qmp.sock" "$@" <<-'PY'
		import array, json, os, socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.settimeout(20)
		s.connect(sys.argv[1])
		lines = s.makefile("r")
		lines.readline()
		def ask(command, arguments, fds=()):
		    text = json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n"
		    s.sendmsg([text], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else [])
		    while True:
		        answer = json.loads(lines.readline())
		        if "return" in answer or "error" in answer:
		            return answer
		ask("qmp_capabilities", {})
		if len(sys.argv) > 4:
		    fd = os.open(sys.argv[4], os.O_RDWR | os.O_DIRECT)
		    ask("getfd", {"fdname": "f"}, [fd])
		print(json.dumps(ask(sys.argv[2], json.loads(sys.argv[3]) if len(sys.argv) > 3 else {})))
	PY
}
# type_ TEXT COMMAND...: at the guest's shell; the client stays until the command succeeds: what the guest
# has not read by then goes with it
type_() {
	{
		printf '%s\n' "$1"
		await "${@:2}" >&2
	} | timeout 300 socat -t 1 - "UNIX-CONNECT:$DOM/console.sock" >/dev/null
	await "${@:2}"
}
# role_says BODY: the last that the guest has said on its role's port
role_says() { [[ $(qmp x-taiki-query-role | jq -r '.return.last // ""') == "$(line "$1")" ]]; }
# line BODY: with its CRC
line() {
	python3 -c 'import sys, zlib
print("%s crc=%08x" % (sys.argv[1], zlib.crc32(sys.argv[1].encode())))' "$1"
}
answers() { ip netns exec "$NS" curl -fs -m 10 http://10.98.0.2/ >"$RUN/answer"; }

@test "it waits: booted, it has said hello; its disk has no capacity, and it serves nobody" {
	await role_says 'TR1 hello role=none seq=0'
	[[ $(grep -c 'init: http' "$DOM/console.log") -eq 0 ]]
	run answers
	[[ $status -ne 0 ]]
}

@test "it takes the role: partitions are read and mounted, its address answers" {
	qmp x-taiki-open-gate '{"device": "vda", "fdname": "f"}' "$RUN/disk" | tee /dev/stderr | jq -e .return
	qmp set_link '{"name": "net0", "up": true}' | jq -e .return
	qmp x-taiki-role "$(jq -n --arg text "$(line 'TR1 role seq=1 value=active name=web hostname=web mac=52:54:00:01:02:03 address=10.98.0.2%2F24 mount=%2Fdev%2Fvda1:%2Fsrv:ext4')" \
		'{text: $text, keep: true}')" | jq -e .return
	await role_says 'TR1 done role=active seq=1 status=0'
	await answers
}

@test "what it does with its disk is on the image" {
	on_image() { [[ $(debugfs -R 'cat /boot' "$RUN/disk?offset=1048576" 2>/dev/null) == $(cut -d ' ' -f 2 "$RUN/answer") ]]; }
	type_ 'cp /www/boot_id /srv/boot; umount /srv' on_image
}

@test "it reboots by itself: told again, it takes the role again" {
	cp "$RUN/answer" "$RUN/before"
	again() { answers && ! cmp -s "$RUN/answer" "$RUN/before"; }
	type_ 'reboot -f' again
	await role_says 'TR1 done role=active seq=1 status=0'
}

@test "a domain that is started as itself, not adopted, is told its role as well" {
	kill -9 "$(cat "$RUN/domain.pid")"
	# Its requests in flight hold the image's lock a little longer than it lives.
	unlocked() { ! grep -q ":$(stat -c %i "$RUN/disk") " /proc/locks; }
	await unlocked
	cp "$RUN/answer" "$RUN/before"
	boot g '"wanted": true'
	await role_says 'TR1 done role=active seq=1 status=0'
	again() { answers && ! cmp -s "$RUN/answer" "$RUN/before"; }
	await again
	[[ $(qmp x-taiki-query-role | jq -r .return.kept) == 'TR1 role seq=1 value=active name=g mac=52:54:00:01:02:03 address=10.98.0.2%2F24 hostname=web crc='* ]]
}

# monitor [SETTING...]: of the domain as the cluster's resource g
monitor() {
	env OCF_RESOURCE_INSTANCE=g OCF_RESKEY_config="$RUN/none.xml" "$@" \
		timeout 60 "${HV_DOMAIN%/hv-domain}/resource-agents/domain" monitor
}
# told SEQ DATA: the role again, as another one
told() {
	qmp x-taiki-role "$(jq -n --arg text "$(line "TR1 role seq=$1 value=active $2")" '{text: $text, keep: true}')" |
		jq -e .return
}

@test "the agent shows a role that fails in the guest, and one that it does not take, as degraded" {
	DOM=$RUN/g
	run -0 monitor
	told 2 'mount=%2Fdev%2Fnone:%2Fmnt:ext4'
	failed() { [[ $(qmp x-taiki-query-role | jq -r .return.last) =~ ^TR1\ done\ role=active\ seq=2\ status=[1-9] ]]; }
	await failed
	run -190 monitor
	[[ $output == *"domain g runs, but a script of its role failed in the guest"* ]]
	told 3 'hostname=web'
	await role_says 'TR1 done role=active seq=3 status=0'
	run -0 monitor
	# shellcheck disable=SC2016 # in the guest
	type_ 'kill -STOP $(pidof taiki-guest) && echo it stands "still"' grep -q '^it stands still' "$DOM/console.log"
	told 4 'hostname=web'
	run -0 monitor
	late() { [[ $(qmp x-taiki-query-role | jq -r '.return["told-ms"]') -ge 1000 ]]; }
	await late
	run -190 monitor OCF_RESKEY_role_timeout=1s
	[[ $output == *"domain g runs, but its guest has not taken the role that it was told"* ]]
	run -0 monitor OCF_RESKEY_role_timeout=0
	run -0 monitor
}
