#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The jail around a running domain with every device, on each engine: what its
# process is from outside, and that nothing control can ask of it is forbidden
# to it (a call that is not in the jail's table would end it).

setup_file() {
	cd "$BATS_TEST_DIRNAME/../../.." || return 1
	O=${O:-build}
	[[ $O == /* ]] || O=$PWD/$O
	export HV_DOMAIN=$O/hv-domain GUEST=$O/flat/count.elf
	# A network of its own: the bridge is nobody else's.
	export NS=taiki.jail.$$
	ip netns add "$NS"
	ip -n "$NS" link add br0 type bridge
	ip -n "$NS" link set br0 up
}

teardown_file() { ip netns del "$NS"; }

setup() {
	RUN=$(mktemp -d /tmp/jail.XXXXXX)
	chmod 755 "$RUN"
	export TAIKI_RUN_DIR=$RUN
	truncate -s 8M "$RUN/disk"
}

teardown() {
	[[ -z ${PID:-} ]] || kill -9 "$PID" 2>/dev/null || true
	rm -rf "$RUN"
}

# start ENGINE: a guest that counts for ever, with one of each device
start() {
	cat >"$RUN/config" <<-END
	{"version": 1, "name": "g", "uuid": "12345678-1234-4234-8234-1234567890ab",
	 "memory": 33554432, "current_memory": 33554432, "vcpus": 2, "vcpus_current": 2,
	 "engine": "$1", "kernel": "$GUEST", "cmdline": "", "acpi": true, "on_reboot": "restart",
	 "on_crash": "destroy", "panic": true, "serial": true, "console": true,
	 "console_is_serial": true, "rng": true, "balloon": true,
	 "channel": [{"name": "org.qemu.guest_agent.0"}],
	 "disk": [{"path": "$RUN/disk", "target": "vda", "guard": "fencing"}],
	 "nic": [{"bridge": "br0", "mac": "52:54:00:01:02:03", "queues": 1}]}
	END
	rm -f "$RUN/status" # an earlier start's answer
	ip netns exec "$NS" "$HV_DOMAIN" --config-fd 9 --status-fd 8 g \
		9<"$RUN/config" 8>"$RUN/status" 2>"$RUN/stderr" 3>&- &
	PID=$!
	for ((n = 0; n < 800; n++)); do
		[[ -s $RUN/status ]] && break
		sleep 0.1
	done
	cat "$RUN/status" "$RUN/stderr"
	grep -qx ok "$RUN/status"
	# Of what ip(8) started, the domain itself.
	[[ $(cat "$RUN/g/pid") == "$PID" ]]
}

# qmp COMMAND...: all in one connection; the replies
qmp() {
	{
		echo '{"execute": "qmp_capabilities"}'
		printf '%s\n' "$@"
	} | timeout 60 socat -t 50 - "UNIX-CONNECT:$RUN/g/qmp.sock" | tr -d ' '
}

looks_jailed() {
	local status task
	for status in /proc/"$PID"/task/*/status; do
		# The kernel's own workers come and go.
		cat "$status" >"$RUN/task" 2>"$RUN/gone" || continue
		task=$RUN/task
		grep -q '^Seccomp:.2' "$task"
		grep -q '^NoNewPrivs:.1' "$task"
		[[ $(grep -c '^Cap.*:.0000000000000000$' "$task") -eq 5 ]]
		[[ $(awk '/^[UG]id:/ && $2 >= 0x7a000000 && $2 == $3 && $3 == $4 && $4 == $5' \
			"$task" | wc -l) -eq 2 ]]
		[[ $(sed -n 's/^Groups:[[:space:]]*//p' "$task") == "" ]]
	done
	for ns in mnt net ipc uts; do
		[[ $(readlink "/proc/$PID/ns/$ns") != $(readlink "/proc/self/ns/$ns") ]]
	done
	[[ $(wc -l <"/proc/$PID/mountinfo") -eq 1 ]]
	grep -q '^Max core file size  *0  *0 ' "/proc/$PID/limits"
	[[ $(ls -A "/proc/$PID/root/") == "" ]]
}

does_everything() {
	start "$1"
	looks_jailed
	truncate -s 16M "$RUN/disk"
	qmp '{"execute": "stop"}' '{"execute": "cont"}' '{"execute": "query-cpus-fast"}' \
		'{"execute": "balloon", "arguments": {"value": 16777216}}' \
		'{"execute": "query-balloon"}' '{"execute": "query-block"}' \
		'{"execute": "query-blockstats"}' \
		'{"execute": "block_resize", "arguments": {"device": "vda", "size": 16777216}}' \
		'{"execute": "set_link", "arguments": {"name": "net0", "up": false}}' \
		'{"execute": "set_link", "arguments": {"name": "net0", "up": true}}' \
		'{"execute": "x-taiki-balloon-stats"}' '{"execute": "x-taiki-query-net"}' \
		'{"execute": "x-taiki-balloon-stats-period", "arguments": {"seconds": 1}}' \
		'{"execute": "x-taiki-query-channels"}' '{"execute": "x-taiki-info"}' \
		'{"execute": "system_reset"}' '{"execute": "query-status"}' >"$RUN/replies"
	cat "$RUN/replies"
	[[ $(grep -c '"return"' "$RUN/replies") -ge 15 ]]
	# Clients come and go on every socket.
	for socket in "$RUN"/g/console.sock "$RUN"/g/channel/*.sock; do
		echo hello | timeout 60 socat -t 1 - "UNIX-CONNECT:$socket"
	done
	qmp '{"execute": "stop"}' '{"execute": "system_reset"}' '{"execute": "cont"}' >/dev/null
	qmp '{"execute": "query-status"}' | grep '"status":"running"'
	looks_jailed
	qmp '{"execute": "quit"}' >/dev/null
	rc=0
	wait "$PID" || rc=$?
	PID=
	cat "$RUN/g/log"
	[[ $rc -eq 0 ]]
}

@test "kvm: jailed from outside, and control has all it needs" {
	[[ -e /dev/kvm ]] || skip "there is no /dev/kvm on this machine"
	does_everything kvm
}

@test "soft: jailed from outside, and control has all it needs" {
	does_everything soft
}

@test "it can be killed by root, and leaves its lock free" {
	start soft
	kill -9 "$PID"
	wait "$PID" || true
	PID=
	start soft
}
