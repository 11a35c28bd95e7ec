# SPDX-License-Identifier: GPL-2.0-or-later
#
# The agent in a guest, a stock Debian kernel on hv-domain, through a real virtio port: found
# without udev, opened by one at a time, and lost when the host's end goes away.

bats_require_minimum_version 1.5.0

setup_file() {
	cd "$BATS_TEST_DIRNAME/../../.." || return 1
	O=${O:-build}
	[[ $O == /* ]] || O=$PWD/$O
	export O GUEST=$PWD/build/guest
	tests/tools/guest-image "$GUEST" >&2
}

setup() {
	RUN=$(mktemp -d /tmp/port.XXXXXX)
	export TAIKI_RUN_DIR=$RUN TAIKI_FENCE_LOG=$RUN/fence.log
	PID='' SERVER=''
}

teardown() {
	[[ -z $PID ]] || kill -9 "$PID" 2>/dev/null || true
	[[ -z $SERVER ]] || kill -9 "$SERVER" 2>/dev/null || true
	rm -rf "$RUN"
}

# await COMMAND...: until it succeeds, at most 240 s
await() {
	local end=$((SECONDS + 240))
	while ((SECONDS < end)); do
		if "$@"; then return 0; fi
		sleep 0.2
	done
	echo "waited in vain for: $*"
	tail -n 40 "$RUN/g/console.log"
	cat "$RUN/server.err"
	return 1
}

said() { grep -q -- "$1" "$RUN/g/console.log"; }
logged() { grep -q -- "$1" "$TAIKI_FENCE_LOG"; }

serve() {
	"$O/tests/unit/fencing/door_server" --real "$@" g=on:s db2=on:s lost=stuck:s \
		>"$RUN/asked" 2>>"$RUN/server.err" 3>&- &
	SERVER=$!
}

# start SHELL TEXT: the guest, which runs it
start() {
	local cmdline="console=ttyS0 cryptomgr.notests panic=-1 taiki.name=g"
	cmdline+=" taiki.exec=$(base64 -w0 <<<"$1")"
	cat >"$RUN/config" <<-END
	{"version": 1, "name": "g", "uuid": "12345678-1234-4234-8234-1234567890ac",
	 "memory": $((192 << 20)), "current_memory": $((192 << 20)),
	 "vcpus": 1, "vcpus_current": 1, "engine": "soft",
	 "kernel": "$GUEST/vmlinuz", "initrd": "$GUEST/initrd.gz", "cmdline": "$cmdline",
	 "acpi": true, "on_crash": "destroy", "serial": true, "console": true,
	 "console_is_serial": true, "rng": true,
	 "channel": [{"name": "org.qemu.guest_agent.0"}, {"name": "org.taiki.fence.0"}]}
	END
	: >"$RUN/status" # of the start before
	"$O/hv-domain" --config-fd 9 --status-fd 8 g 9<"$RUN/config" 8>"$RUN/status" \
		2>"$RUN/stderr" 3>&- &
	PID=$!
	await grep -q . "$RUN/status"
	grep -qx ok "$RUN/status"
}

@test "in a guest: list, status, off and on, two at a time, by the port of that name" {
	serve
	# shellcheck disable=SC2016 # for the guest to expand
	start 'ls /dev/virtio-ports 2>&1
		fence_taiki -o list
		fence_taiki -o status -n db2; echo "before: $?"
		fence_taiki -o off -n db2; echo "off: $?"
		echo "action=status
		plug=db2" | fence_taiki; echo "after: $?"
		fence_taiki -o status -n lost --shell-timeout 8 >/dev/null 2>&1 &
		while kill -0 $! && ! ls -l /proc/$!/fd | grep -q vport; do sleep 0.1; done
		fence_taiki -o on -n db2 -v; echo "on: $?"
		wait; echo "that is all"'
	await said '^that is all'
	said '^db2,'
	said '^before: 0'
	said '^Success: Powered OFF'
	said '^off: 0'
	said '^after: 2'
	said 'Device or resource busy'
	said '^on: 0'
	# The host knows whose port it is.
	[ "$(jq -r .who "$TAIKI_FENCE_LOG" | sort -u)" = "domain g (channel)" ]
}

@test "in a guest: the daemon is away, comes, dies in the middle and comes back" {
	# shellcheck disable=SC2016
	start 'fence_taiki -o monitor --login-timeout 0.5; echo "nobody: $?"
		fence_taiki -o off -n db2 --login-timeout 60 --power-timeout 110; echo "off: $?"'
	await said '^nobody: 1'
	serve --delay 100000
	await logged '"op": "off"'
	kill -KILL "$SERVER"
	serve
	await said '^off: 0'
	# Asked again as the same request.
	[ "$(jq -r 'select(.op == "off").id' "$TAIKI_FENCE_LOG" | sort -u | wc -l)" -eq 1 ]
}
