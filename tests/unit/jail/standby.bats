#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A standby of one page in its jail, and everything that makes it the domain.

bats_require_minimum_version 1.5.0

setup_file() {
	cd "$BATS_TEST_DIRNAME/../../.." || return 1
	O=${O:-build}
	[[ $O == /* ]] || O=$PWD/$O
	export O HV_DOMAIN=$O/hv-domain GUEST=$O/flat/count.elf
	# A network of its own: the bridge is nobody else's.
	export NS=taiki.standby.$$
	ip netns add "$NS"
	ip -n "$NS" link add br0 type bridge
	ip -n "$NS" link set br0 up
}

teardown_file() { ip netns del "$NS"; }

setup() {
	# Not /tmp, which may be a tmpfs: O_DIRECT is part of it.
	RUN=$(mktemp -d /var/tmp/standby.XXXXXX)
	chmod 755 "$RUN"
	export TAIKI_RUN_DIR=$RUN
	truncate -s 16M "$RUN/image"
	PIDS=() STARTS=0 ENTER=(ip netns exec "$NS")
}

teardown() {
	local pid
	for pid in "${PIDS[@]}"; do kill -9 "$pid" 2>/dev/null || true; done
	rm -rf "$RUN"
}

# start NAME [GUARD]: a standby whose vdb and net0 are gated; its process in $PID
start() {
	local n
	: $((STARTS += 1))
	truncate -s 8M "$RUN/own$STARTS"
	cat >"$RUN/config" <<-END
	{"version": 1, "name": "$1", "uuid": "12345678-1234-4234-8234-1234567890ab",
	 "memory": 33554432, "current_memory": 33554432, "vcpus": 1, "vcpus_current": 1,
	 "engine": "soft", "kernel": "$GUEST", "cmdline": "", "acpi": true, "on_reboot": "restart",
	 "on_crash": "destroy", "panic": true, "serial": true, "console": true,
	 "console_is_serial": true, "rng": true, "balloon": true,
	 "standby": {"wanted": true, "waiting": true},
	 "channel": [{"name": "org.qemu.guest_agent.0"}, {"name": "org.taiki.role.0"}],
	 "disk": [{"path": "$RUN/own$STARTS", "target": "vda", "guard": "fencing"},
		  {"path": "$RUN/image", "target": "vdb", "gated": true,
		   ${2:-\"guard\": \"fencing\"}}],
	 "nic": [{"bridge": "br0", "mac": "52:54:00:01:02:03", "queues": 1, "gated": true}]}
	END
	rm -f "$RUN/status"
	"${ENTER[@]}" "$HV_DOMAIN" --config-fd 9 --status-fd 8 "$1" \
		9<"$RUN/config" 8>"$RUN/status" 2>"$RUN/stderr" 3>&- &
	PID=$!
	PIDS+=("$PID")
	for ((n = 0; n < 800; n++)); do
		[[ -s $RUN/status ]] && break
		sleep 0.1
	done
	cat "$RUN/status" "$RUN/stderr"
	grep -qx ok "$RUN/status"
}

qmp() { timeout 60 python3 "$BATS_TEST_DIRNAME/standby.py" "$RUN/${DOMAIN:-g@twin}/qmp.sock" "$@"; }

@test "a gate opens with what is handed over, and its lock is the domain's" {
	start g@twin
	# Nobody holds the image while the gate is closed.
	[[ ! $(find "/proc/$PID/fd" -lname "$RUN/image") ]]
	qmp gate "$RUN/image"
	[[ $(find "/proc/$PID/fd" -lname "$RUN/image" | wc -l) -eq 1 ]]
	kill -9 "$PID"
	wait "$PID" || true
	start g@twin
	qmp gate "$RUN/image"
}

# eventually COMMAND...: within a minute
eventually() {
	local n
	for ((n = 0; n < 600; n++)); do
		"$@" && return
		sleep 0.1
	done
	return 1
}

no_carrier() { ip -n "$NS" -o link show master br0 | grep -q NO-CARRIER; }
fdb_has() { bridge -n "$NS" fdb show br br0 | grep -q "^$1 dev tk.* master br0"; }

@test "a gated interface is down, and the bridge learns its address when it comes up" {
	start g@twin
	eventually no_carrier
	run ! fdb_has 52:54:00:01:02:03
	qmp link 52:54:00:01:02:03
	eventually fdb_has 52:54:00:01:02:03
}

@test "the role's port needs nobody at a socket" {
	start g@twin
	qmp role
	[[ $(ls "$RUN/g@twin/channel") == org.qemu.guest_agent.0.sock ]]
}

@test "adopted, it answers under its new name and writes on where it wrote" {
	local id=22222222-2222-4222-8222-222222222222
	start g@twin
	qmp adopt "$RUN" "$id"
	grep -q 'hv-domain\[g@twin\]: notice: adopted: becomes g, ' "$RUN/g/log"
	grep -q 'hv-domain\[g\]: notice: event X_TAIKI_ADOPTED' "$RUN/g/log"
	[[ $("$O/tests/unit/board/look" g) == *$id* || $(strings "$RUN/g/progress") == *$id* ]]
	# A new twin takes the name, and each is reached by its own.
	start g@twin
	DOMAIN=g qmp role
	qmp role
	DOMAIN=g qmp gate "$RUN/image"
}

# In a mount namespace of its own: sanlock's socket has one place.
@test "guard lease: registered before the jail, taken by an agent, lost with the process" {
	export -f start
	export RUN NS O HV_DOMAIN GUEST
	run timeout 250 unshare -mn bash -c '
		set -eux
		mount -t tmpfs none /run/sanlock 2>/dev/null || { mount -t tmpfs none /run; mkdir -p /run/sanlock /run/netns; }
		take() { "$O/tests/unit/jail/take_guard" "$1" LAB web "$RUN/leases" 1048576; }
		truncate -s 4M "$RUN/leases"
		sanlock direct init -s "LAB:0:$RUN/leases:0"
		sanlock direct init -r "LAB:web:$RUN/leases:1048576"
		LD_PRELOAD="$O/tests/lab/limits.so" sanlock daemon -w 0 -l 0 -h 0 -U root -G root -e here
		PIDS=()
		trap "kill -9 \${PIDS[@]} 2>/dev/null; kill -9 \$(cat /run/sanlock/sanlock.pid)" EXIT
		for ((n = 0; n < 400; n++)); do [[ -S /run/sanlock/sanlock.sock ]] && break; sleep 0.1; done
		sanlock client add_lockspace -s "LAB:1:$RUN/leases:0" -o 1
		ip link add br0 type bridge
		ip link set br0 up
		PIDS=() STARTS=0 ENTER=()
		guard="\"guard\": \"lease\", \"lease_lockspace\": \"LAB\", \"lease_key\": \"web\",
			\"lease_path\": \"$RUN/leases\", \"lease_offset\": 1048576"
		start g@twin "$guard"
		one=$PID
		start h@twin "$guard"
		two=$PID
		! sanlock client status | grep -q "LAB:web"
		take "$one"
		sanlock client status | grep "^p $one"
		sanlock client status | grep -A9 "^p $one" | grep "r LAB:web:"
		# One holder, and nobody who did not ask beforehand.
		! take "$two"
		! take $$ 2>"$RUN/why"
		grep "not registered" "$RUN/why"
		kill -9 "$one"
		for ((n = 0; n < 400; n++)); do take "$two" && break; sleep 0.1; done
		sanlock client status | grep -A9 "^p $two" | grep "r LAB:web:"
		kill -9 "$two"
	'
	echo "$output"
	[[ $status -eq 0 ]]
}
