#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# hv-domain from its start to its end, as a process: a small guest does what
# its command line says, and what follows is what the manual promises.

setup_file() {
	cd "$BATS_TEST_DIRNAME/../../.." || return 1
	export HV_DOMAIN=$PWD/${O:-build}/hv-domain
	[[ ${O:-} != /* ]] || HV_DOMAIN=$O/hv-domain
	export LOOK=${HV_DOMAIN%/*}/tests/unit/board/look
	gcc -m32 -nostdlib -static -no-pie -Wl,--build-id=none -Wl,--no-warn-rwx-segments \
		-Wl,-T,tests/unit/board/guests/life.ld -o "$BATS_FILE_TMPDIR/life" \
		tests/unit/board/guests/life.S
}

setup() {
	# Short: a socket's path has 107 bytes.
	RUN=$(mktemp -d /tmp/domain.XXXXXX)
	export TAIKI_RUN_DIR=$RUN
	DOM=$RUN/g
}

teardown() {
	[[ -z ${PID:-} ]] || kill -9 "$PID" 2>/dev/null || true
	umount -q "$RUN/small" 2>/dev/null || true
	rm -rf "$RUN"
}

# config CMDLINE [KEY JSON]...: $RUN/config
config() {
	local cmdline=$1 extra=''
	shift
	while [[ $# -gt 1 ]]; do
		extra+=", \"$1\": $2"
		shift 2
	done
	cat >"$RUN/config" <<-END
	{"version": 1, "name": "g", "uuid": "12345678-1234-4234-8234-1234567890ab",
	 "memory": ${MEMORY:-16777216}, "current_memory": ${MEMORY:-16777216}, "vcpus": 1, "vcpus_current": 1,
	 "engine": "${ENGINE:-soft}", "kernel": "${KERNEL:-$BATS_FILE_TMPDIR/life}", "cmdline": "$cmdline",
	 "serial": true, "console": false, "console_is_serial": true, "panic": true $extra}
	END
}

# start [OPTION]...: in the background; returns once it says that it is ready
start() {
	: >"$RUN/status" # of the start before
	"$HV_DOMAIN" --config-fd 9 --status-fd 8 "$@" g 9<"$RUN/config" 8>"$RUN/status" \
		2>"$RUN/stderr" 3>&- &
	PID=$!
	await grep -q . "$RUN/status"
}

# await COMMAND...: until it succeeds, at most 80 s
await() {
	local end=$((SECONDS + 80))
	while ((SECONDS < end)); do
		if "$@"; then return 0; fi
		sleep 0.05
	done
	echo "waited in vain for: $*"
	cat "$DOM/log" "$DOM/console.log"
	return 1
}

gone() { ! kill -0 "$PID" 2>/dev/null; }
status_is() { qmp '{"execute": "query-status"}' | grep -q "\"status\":\"$1\""; }
type_in() { printf '%s' "$1" | timeout 60 socat -t 0.5 - "UNIX-CONNECT:$DOM/console.sock"; }

# ended STATUS: the process ends by itself with this status
ended() {
	local rc=0
	await gone
	wait "$PID" || rc=$?
	PID=
	[[ $rc -eq $1 ]] || { echo "ended with $rc"; cat "$DOM/log"; return 1; }
}

console() { [[ $(cat "$DOM/console.log") == "$1" ]]; }

# qmp COMMAND...: the replies, one a line, without blanks; the domain hangs up when it has answered all
qmp() {
	{
		echo '{"execute": "qmp_capabilities"}'
		printf '%s\n' "$@"
	} | timeout 60 socat -t 50 - "UNIX-CONNECT:$DOM/qmp.sock" | tr -d ' '
}

@test "a guest prints, powers off, and the process ends with 0" {
	config hello
	start
	[ "$(cat "$RUN/status")" = ok ]
	ended 0
	console hello
	grep -q 'SHUTDOWN.*guest-shutdown' "$DOM/log"
}

@test "a reset builds the machine anew without another process" {
	config reboot on_reboot '"restart"'
	start
	ended 0
	console $'first\nsecond'
	grep -q 'RESET.*guest-reset' "$DOM/log"
}

@test "on_reboot destroy ends the domain at a reset" {
	config reboot on_reboot '"destroy"'
	start
	ended 0
	console first
}

@test "a triple fault is a reset" {
	config triple on_reboot '"destroy"'
	start
	ended 0
	grep -q 'SHUTDOWN.*guest-reset' "$DOM/log"
}

@test "a panic ends the domain with 3, or keeps it to be looked at" {
	config panic on_crash '"destroy"'
	start
	ended 3
	grep -q 'GUEST_PANICKED' "$DOM/log"
	config panic on_crash '"preserve"'
	start
	await status_is guest-panicked
	qmp '{"execute": "cont"}' | grep -q 'resetitfirst'
	kill -TERM "$PID"
	ended 0
}

@test "the power button reaches the guest" {
	config button
	start
	await console ready
	qmp '{"execute": "system_powerdown"}' | grep -q '"return":{}'
	ended 0
	console $'ready\nhello'
}

@test "without ACPI the power button is refused with the reason" {
	config echo acpi false
	start
	await console ready
	qmp '{"execute": "system_powerdown"}' | grep -q 'noACPI'
}

@test "stop stands still, cont goes on, and both are told" {
	config echo
	start
	await console ready
	# One at a time: what its UART has no room for goes with the client.
	type_in a
	await console $'ready\nA'
	type_in b
	await console $'ready\nAB'
	qmp '{"execute": "stop"}' '{"execute": "query-status"}' >"$RUN/out"
	grep -q '"STOP"' "$RUN/out"
	grep -q '"status":"paused"' "$RUN/out"
	type_in c
	console $'ready\nAB'
	qmp '{"execute": "x-taiki-info"}' '{"execute": "x-taiki-info"}' |
		grep -o '"clock-ns":[0-9]*' | sort -u | wc -l >"$RUN/clocks"
	[ "$(cat "$RUN/clocks")" = 1 ]
	qmp '{"execute": "cont"}' | grep -q RESUME
	await console $'ready\nABC'
	type_in q
	ended 0
}

@test "prelaunch waits for cont" {
	config hello
	start --paused
	qmp '{"execute": "query-status"}' | grep -q prelaunch
	[ ! -s "$DOM/console.log" ]
	qmp '{"execute": "cont"}'
	ended 0
	console hello
}

@test "system_reset from outside; a stopped guest stays stopped" {
	config echo
	start
	await console ready
	qmp '{"execute": "system_reset"}' | grep -q '"RESET"'
	await console $'ready\nready'
	qmp '{"execute": "stop"}' '{"execute": "system_reset"}' '{"execute": "query-status"}' |
		grep -q '"status":"paused"'
	qmp '{"execute": "cont"}'
	await console $'ready\nready\nready'
	qmp '{"execute": "quit"}'
	ended 0
	grep -q 'host-qmp-quit' "$DOM/log"
}

@test "SIGTERM ends it in order" {
	config echo
	start
	await console ready
	kill -TERM "$PID"
	ended 0
	grep -q 'SHUTDOWN.*host-signal' "$DOM/log"
}

@test "a second start of the same name is refused and harms nothing" {
	config echo
	start
	await console ready
	run "$HV_DOMAIN" --config-fd 9 --status-fd 8 g 9<"$RUN/config" 8>"$RUN/status2"
	[ "$status" -eq 1 ]
	grep -q '^error: domain g: runs already' "$RUN/status2"
	qmp '{"execute": "query-status"}' | grep -q '"status":"running"'
	[ "$(cat "$DOM/pid")" = "$PID" ]
}

@test "whose starter was killed before it began does not run: who looked had seen no lock" {
	config echo
	mkfifo "$RUN/pipe"
	exec 7<>"$RUN/pipe" # so that somebody reads while it is opened
	exec 8>"$RUN/pipe"
	exec 7>&-
	run "$HV_DOMAIN" --config-fd 9 --status-fd 8 g 9<"$RUN/config" 7>&-
	exec 8>&-
	[ "$status" -eq 1 ]
	[[ $output == *"domain g: its starter has gone before it began"* ]]
	[ ! -e "$DOM/pid" ]
}

@test "what a killed domain left behind is taken over" {
	config echo
	start
	await console ready
	before=$(cat "$DOM/incarnation")
	kill -9 "$PID"
	await gone
	config hello
	start
	ended 0
	[ "$(cat "$DOM/incarnation")" != "$before" ]
}

@test "its progress page tells a guest that spins from one that waits or is paused" {
	config spin
	start
	looks() { "$LOOK" g >"$RUN/look" && grep -q "$1" "$RUN/look"; }
	await looks '^cpu+' # a busy host may give it no time in one look
	grep -q "^incarnation $(cat "$DOM/incarnation")$" "$RUN/look"
	grep -q '^vcpus 1 disks 0 nics 0$' "$RUN/look"
	grep -q '^state 1$' "$RUN/look"
	grep -q '^halted 0$' "$RUN/look"
	if [[ ${ENGINE:-soft} == soft ]]; then
		await looks '^work+'
		await looks '^clock+'
	fi
	qmp '{"execute": "stop"}' | grep -q STOP
	"$LOOK" g >"$RUN/look"
	grep -q '^state 2$' "$RUN/look"
	grep -q '^work=' "$RUN/look"
	grep -q '^clock=' "$RUN/look"
	grep -q '^cpu=' "$RUN/look"
	qmp '{"execute": "cont"}' '{"execute": "quit"}'
	ended 0

	config wait
	start
	sleep 0.5
	[[ ${ENGINE:-soft} != soft ]] || await looks '^halted 1$'
	# It may have come there in the middle of a look.
	waits() { looks '^state 1$' && grep -q '^work=' "$RUN/look" && grep -q '^cpu=' "$RUN/look"; }
	await waits
	[[ ${ENGINE:-soft} != soft ]] || grep -q '^halted 1$' "$RUN/look"
}

@test "the progress page counts, is anew for each start, and says how the guest ended" {
	config reboot on_poweroff '"preserve"'
	start
	await console $'first\nsecond'
	await status_is shutdown
	"$LOOK" g >"$RUN/look"
	grep -q '^state 3$' "$RUN/look"
	grep -q '^resets+ 1$' "$RUN/look"
	grep -q '^console+ 13$' "$RUN/look"
	[ "$(stat -c '%a %s' "$DOM/progress")" = "640 4096" ]
	before=$(stat -c %i "$DOM/progress")
	echo "stop 99999999999999" >"$DOM/intent"
	qmp '{"execute": "quit"}'
	ended 0
	config panic on_crash '"preserve"'
	start
	await status_is guest-panicked
	[ ! -e "$DOM/intent" ]
	[ "$(stat -c %i "$DOM/progress")" != "$before" ]
	"$LOOK" g >"$RUN/look"
	grep -q '^state 4$' "$RUN/look"
	grep -q '^resets= 0$' "$RUN/look"
	grep -q '^console= 0$' "$RUN/look"
}

# watched LETTER MODEL ACTION: a guest that starts its watchdog and does not feed it
watched() {
	rm -f "$DOM/console.log"
	config "$1" watchdog "\"$2\"" watchdog_action "\"$3\""
	start
	await grep -q ready "$DOM/console.log"
}

@test "a watchdog that is not fed resets the guest, which can tell why it boots" {
	for model in 'i i6300esb' 'a wdat'; do
		# shellcheck disable=SC2086
		watched $model reset
		ended 0
		console $'ready\nbitten'
		grep -q 'event WATCHDOG {"action":"reset"}' "$DOM/log"
		grep -q 'event RESET.*guest-reset' "$DOM/log"
	done
}

@test "what follows a watchdog's bite is what the definition says" {
	watched a wdat shutdown
	ended 0
	console $'ready\nhello'
	watched a wdat poweroff
	ended 3
	grep -q 'event WATCHDOG {"action":"poweroff"}' "$DOM/log"
	grep -q 'SHUTDOWN.*guest-panic' "$DOM/log"
	watched a wdat inject-nmi
	ended 0
	console $'ready\nnmi'
	watched i i6300esb pause
	await status_is watchdog
	"$LOOK" g >"$RUN/look"
	grep -q '^state 6$' "$RUN/look"
	grep -q '^work=' "$RUN/look"
	qmp '{"execute": "cont"}' | grep -q RESUME
	status_is running
	qmp '{"execute": "system_powerdown"}'
	ended 0
	watched i i6300esb none
	await grep -q 'event WATCHDOG {"action":"none"}' "$DOM/log"
	status_is running
	qmp '{"execute": "system_powerdown"}'
	ended 0
	console $'ready\nhello'
}

@test "a watchdog's time stands still while the domain is paused, and QMP tells of it" {
	watched al wdat reset
	qmp '{"execute": "stop"}' '{"execute": "x-taiki-info"}' |
		grep -o '"watchdog":{[^}]*}' >"$RUN/before"
	grep -q '{"model":"wdat","action":"reset","running":true,"timeout-ms":5000,"left-ms":[1-9]' "$RUN/before"
	sleep 5
	qmp '{"execute": "x-taiki-info"}' | grep -o '"watchdog":{[^}]*}' | cmp - "$RUN/before"
	qmp '{"execute": "watchdog-set-action", "arguments": {"action": "dump"}}' |
		grep -q "doesnotacceptvalue'dump'"
	qmp '{"execute": "watchdog-set-action", "arguments": {"action": "inject-nmi"}}' \
		'{"execute": "cont"}' | grep -q RESUME
	ended 0
	console $'ready\nnmi'
}

@test "inject-nmi from outside reaches the guest" {
	config a watchdog '"wdat"' watchdog_action '"none"'
	start
	await console ready
	qmp '{"execute": "inject-nmi"}' | grep -q '"return":{}'
	ended 0
	console $'ready\nnmi'
}

@test "a loader is run from the reset vector" {
	gcc -m32 -nostdlib -static -Wl,--oformat=binary,-Ttext=0,-N,--build-id=none,-e,start \
		-o "$RUN/rom" tests/unit/board/guests/rom.S
	config x on_reboot '"restart"'
	sed -i "s|\"kernel\": [^,]*,|\"loader\": \"$RUN/rom\",|" "$RUN/config"
	start
	ended 0
	[ "$(<"$DOM/console.log")" = "$(printf 'rom\nram\nrom\nram\np')" ]
	grep -q 'guest fault: rom: write at 0xffff0' "$DOM/log"
	head -c 100 "$RUN/rom" >"$RUN/odd"
	sed -i "s|$RUN/rom|$RUN/odd|" "$RUN/config"
	run "$HV_DOMAIN" --config-fd 9 g 9<"$RUN/config"
	[ "$status" -eq 1 ]
	[[ $output == *"a ROM has 16 bytes"* ]]
}

@test "the debug-exit port exists for tests only" {
	config debug
	export TAIKI_DEBUG_EXIT=1
	start
	ended 0
	grep -q 'debug exit: 42' "$DOM/log"
	unset TAIKI_DEBUG_EXIT
	start
	sleep 1
	kill -0 "$PID"
}

@test "a guest that writes garbage everywhere harms only itself" {
	truncate -s 1M "$RUN/disk"
	config garbage on_reboot '"restart"' panic false rng true balloon true console true \
		disk "[{\"path\": \"$RUN/disk\", \"target\": \"vda\", \"guard\": \"fencing\"}]"
	sed -i 's/"console": false, //; s/"panic": true ,//' "$RUN/config"
	start
	ended 0
	grep -qE 'first|second' "$DOM/console.log"
	grep -q 'SHUTDOWN.*guest-shutdown' "$DOM/log"
}

@test "a kernel that is none, is missing or does not fit is refused by name" {
	KERNEL=/nonexistent/vmlinuz config hello
	run "$HV_DOMAIN" --config-fd 9 --status-fd 8 g 9<"$RUN/config" 8>"$RUN/status"
	[ "$status" -eq 1 ]
	grep -q '^error: kernel /nonexistent/vmlinuz: cannot be opened' "$RUN/status"
	KERNEL=/bin/true config hello
	run "$HV_DOMAIN" --config-fd 9 --status-fd 8 g 9<"$RUN/config" 8>"$RUN/status"
	[ "$status" -eq 1 ]
	grep -q '^error: kernel /bin/true: .*PVH' "$RUN/status"
	head -c 300 "$BATS_FILE_TMPDIR/life" >"$RUN/cut"
	KERNEL=$RUN/cut config hello
	run "$HV_DOMAIN" --config-fd 9 --status-fd 8 g 9<"$RUN/config" 8>"$RUN/status"
	[ "$status" -eq 1 ]
	grep -q '^error: kernel .*cut off' "$RUN/status"
	MEMORY=1048576 config hello
	run "$HV_DOMAIN" --config-fd 9 --status-fd 8 g 9<"$RUN/config" 8>"$RUN/status"
	[ "$status" -eq 1 ]
	grep -q '^error: ' "$RUN/status"
	[ ! -e "$DOM/qmp.sock" ]
}

@test "a configuration for another name, cut, or with unknown keys is refused" {
	config hello
	run "$HV_DOMAIN" --config-fd 9 --status-fd 8 other 9<"$RUN/config" 8>"$RUN/status"
	[ "$status" -eq 1 ]
	grep -q '^error: domain other: its configuration is that of "g"' "$RUN/status"
	config hello nonsense 1
	run "$HV_DOMAIN" --config-fd 9 g 9<"$RUN/config"
	[ "$status" -eq 1 ]
	[[ $output == *nonsense* ]]
	run "$HV_DOMAIN" --config-fd 9 g 9</dev/null
	[ "$status" -eq 1 ]
	run "$HV_DOMAIN" --config-fd 77 g
	[ "$status" -eq 2 ]
	run "$HV_DOMAIN"
	[ "$status" -eq 2 ]
}

@test "more devices than the bus has slots are refused" {
	local disks='' n
	for n in {a..x}; do
		truncate -s 1M "$RUN/d$n"
		disks+="${disks:+, }{\"path\": \"$RUN/d$n\", \"target\": \"vd$n\", \"guard\": \"fencing\"}"
	done
	config hello rng true balloon true disk "[$disks]"
	start
	ended 0
	config hello rng true balloon true disk "[$disks]" channel '[{"name": "c"}]' \
		nic "[$(printf '{"bridge": "no-such-bridge", "mac": "52:54:00:00:00:%02x", "queues": 1}, ' 1 2)
		{\"bridge\": \"no-such-bridge\", \"mac\": \"52:54:00:00:00:03\", \"queues\": 1}]"
	run "$HV_DOMAIN" --config-fd 9 g 9<"$RUN/config"
	[ "$status" -eq 1 ]
	[[ $output == *no-such-bridge* ]]
}

@test "a full run directory stops a start, and does not stop a guest" {
	mkdir "$RUN/small"
	mount -t tmpfs -o size=256k tmpfs "$RUN/small"
	export TAIKI_RUN_DIR=$RUN/small
	DOM=$RUN/small/g
	config echo
	start
	await console ready
	dd if=/dev/zero of="$RUN/small/fill" bs=4k 2>/dev/null || true
	echoed() { [[ $(tr -dc A <"$RUN/echoed" | wc -c) -eq 20000 ]]; }
	: >"$RUN/echoed"
	# The client stays until it has all.
	{
		head -c 20000 /dev/zero | tr '\0' a
		await echoed
	} | timeout 120 socat -t 2 - "UNIX-CONNECT:$DOM/console.sock" >"$RUN/echoed"
	echoed
	type_in q
	ended 0
	rm -rf "$DOM"
	dd if=/dev/zero of="$RUN/small/fill" bs=1k oflag=append conv=notrunc 2>/dev/null || true
	run "$HV_DOMAIN" --config-fd 9 g 9<"$RUN/config"
	umount "$RUN/small"
	[ "$status" -eq 1 ]
	[[ $output == *"No space left on device"* ]]
}

@test "without permission it says what it could not do" {
	config hello
	chmod 755 "$RUN"
	chmod 644 "$RUN/config"
	run setpriv --reuid 65534 --clear-groups "$HV_DOMAIN" --config-fd 9 g 9<"$RUN/config"
	[ "$status" -eq 1 ]
	[[ $output == *"$DOM: cannot be made: Permission denied"* ]]
}
