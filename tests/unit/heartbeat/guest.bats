#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# taiki-guest where it belongs: in a stock Debian kernel on hv-domain's board,
# with this file as the host at the other end of its channel.  One guest for all.

PORT=org.taiki.heartbeat.0

setup_file() {
	cd "$BATS_TEST_DIRNAME/../../.." || return 1
	export HV_DOMAIN=$PWD/${O:-build}/hv-domain
	[[ ${O:-} != /* ]] || HV_DOMAIN=$O/hv-domain
	export GUEST=$PWD/build/guest
	tests/tools/guest-image "$GUEST" >&2
	# Short: a socket's path has 107 bytes.
	RUN=$(mktemp -d /tmp/beats.XXXXXX)
	export RUN TAIKI_RUN_DIR=$RUN DOM=$RUN/g
	mkfifo "$RUN/to-guest" "$RUN/keys"
	boot
}

teardown_file() {
	local f
	for f in domain host console; do
		[[ ! -s $RUN/$f.pid ]] || kill -9 "$(cat "$RUN/$f.pid")" 2>/dev/null || true
	done
	rm -rf "$RUN"
}

setup() { cd "$BATS_TEST_DIRNAME/../../.." || return 1; }

boot() {
	local cmdline="console=ttyS0 quiet cryptomgr.notests panic=-1 taiki.name=g taiki.beat"
	cmdline+=" taiki.health=$(base64 -w0 <<<'. /health') taiki.guest=$(base64 -w0 <<-END
		interval = 300ms
		health-interval = 500ms
		health-timeout = 2s
		health-failures = 3
		role-timeout = 20s
	END
	) taiki.exec=$(base64 -w0 <<<'echo exit 0 >/health')"
	cat >"$RUN/config" <<-END
	{"version": 1, "name": "g", "uuid": "12345678-1234-4234-8234-1234567890ab",
	 "memory": 134217728, "current_memory": 134217728, "vcpus": 1, "vcpus_current": 1,
	 "engine": "soft", "kernel": "$GUEST/vmlinuz", "initrd": "$GUEST/initrd.gz",
	 "cmdline": "$cmdline", "acpi": true, "on_reboot": "restart", "panic": true,
	 "serial": true, "console": true, "console_is_serial": true,
	 "channel": [{"name": "$PORT"}]}
	END
	"$HV_DOMAIN" --config-fd 9 --status-fd 8 g 9<"$RUN/config" 8>"$RUN/status" \
		2>"$RUN/stderr" 3>&- &
	echo $! >"$RUN/domain.pid"
	await grep -qx ok "$RUN/status"
	socat -u STDIN "UNIX-CONNECT:$DOM/console.sock" 3>&- <>"$RUN/keys" &
	echo $! >"$RUN/console.pid"
}

# await COMMAND...: until it succeeds, at most ${PATIENCE:-90} s
await() {
	local n
	for ((n = 0; n < ${PATIENCE:-90} * 5; n++)); do
		if "$@"; then return 0; fi
		sleep 0.2
	done
	echo "waited in vain for: $*"
	tail -n 3 "$RUN/beats"
	cat "$RUN/stderr" "$DOM/log"
	tail -n 20 "$DOM/console.log"
	return 1
}

# listen: be the host; what the guest says is in $RUN/beats from now on
listen() {
	: >"$RUN/beats"
	socat "UNIX-CONNECT:$DOM/channel/$PORT.sock" STDIO 3>&- <>"$RUN/to-guest" >>"$RUN/beats" &
	echo $! >"$RUN/host.pid"
}
hang_up() {
	kill "$(cat "$RUN/host.pid")"
	await eval '! kill -0 "$(cat "$RUN/host.pid")" 2>/dev/null'
}

# tell LINE: to the guest, with its CRC
tell() {
	python3 -c 'import sys, zlib
print("%s crc=%08x" % (sys.argv[1], zlib.crc32(sys.argv[1].encode())))' "$1" >"$RUN/to-guest"
}
# type_ TEXT: at the guest's shell
type_() { printf '%s\n' "$1" >"$RUN/keys"; }

said() { grep -q -- "$1" "$DOM/console.log"; }
beats() { [[ $(grep -c '^TB1 beat' "$RUN/beats") -ge $1 ]]; }
# last KEY [VALUE]: of the newest whole beat; or whether it is VALUE
last() {
	local value
	value=$(grep 'crc=........$' "$RUN/beats" | tail -n 1 | sed -n "s/.* $1=\([^ ]*\) .*/\1/p")
	if [[ $# -eq 1 ]]; then echo "$value"; else [[ $value == "$2" ]]; fi
}
# more N: N more beats than now
more() {
	local now
	now=$(grep -c '^TB1 beat' "$RUN/beats")
	await beats $((now + $1))
}

@test "it waits for its port in a guest without udev, and for a host that listens" {
	await said "taiki-guest: port $PORT is open"
	await said 'init: exec ended with 0'
	listen
	await beats 1
	# It began long before the host listened; those beats are lost, and their numbers say so.
	[[ $(head -n 1 "$RUN/beats") == '' || $(head -n 1 "$RUN/beats") == TB1* ]]
}

@test "every beat is what beat.h says, with a CRC that another implementation finds right" {
	more 5
	python3 - "$RUN/beats" <<-'PY'
		import re, sys, zlib
		lines = [l for l in open(sys.argv[1], newline="\n").read().split("\n")[:-1] if l]
		assert len(lines) >= 5
		last = clock = 0
		for line in lines:
		    body, crc = line.rsplit(" crc=", 1)
		    assert "%08x" % zlib.crc32(body.encode()) == crc, line
		    m = re.fullmatch(r"TB1 beat seq=(\d+) clock=(\d+) load=(\d+) role=none "
		                     r"health=(none|ok|failed|timeout) failures=(\d+)", body)
		    assert m, line
		    assert int(m[1]) > last and int(m[2]) >= clock, line
		    last, clock = int(m[1]), int(m[2])
	PY
	await last health ok
}

@test "the host says how often" {
	tell 'TB1 set interval=60000'
	await said 'the host wants a beat every 60000 ms'
	local before
	before=$(last seq)
	sleep 2
	# What was under way, and changes of health that are told at once; not one each 300 ms.
	[[ $(($(last seq) - before)) -le 2 ]]
	tell 'TB1 set interval=50'
	await said 'the host wants a beat every 50 ms'
	more 10
	tell 'TB1 set interval=300'
	await said 'the host wants a beat every 300 ms'
}

@test "what is no message for it changes nothing" {
	local garbage
	garbage=$(printf 'x%.0s' {1..3000})
	printf 'TB1 role value=evil crc=00000000\n\n\377\376 %s\nTB1 set interval=7' "$garbage" \
		>"$RUN/to-guest"
	printf '\n' >"$RUN/to-guest"
	tell 'TB1 set interval=7'
	tell 'TB1 role value=../../bin/evil'
	tell 'TB1 beat seq=1 clock=1 load=1 role=evil health=ok'
	tell 'TB1 set interval=301 later=maybe'
	await said 'every 301 ms'
	more 2
	last role none
	! said evil
}

@test "a failing health command is reported after three failures in a row" {
	type_ 'echo exit 3 >/health'
	await last health failed
	# Below the limit it was still well, but counted.
	grep -q 'health=ok failures=[0-9]*[1-9]' "$RUN/beats"
	said 'the health command ended with 3'
	type_ 'echo exit 0 >/health'
	await last health ok
}

@test "a hanging one is killed with all its children, and beats go on meanwhile" {
	local before
	type_ 'echo "sleep 4321 | sleep 4321" >/health'
	before=$(last seq)
	await last health timeout
	[[ $(($(last seq) - before)) -ge 6 ]]
	# Not one of them is left over, but those of the run that is on.
	type_ 'n=$(ps | grep -c "[s]leep 4321"); echo "sleepers: $n."'
	await said 'sleepers: [0-4]\.'
	type_ 'echo exit 0 >/health'
	await last health ok
}

@test "one that flaps stays well, but its failures are counted" {
	local before
	type_ 'echo '\''[ -e /odd ] && rm /odd && exit 0; touch /odd; exit 1'\'' >/health'
	more 3
	before=$(last failures)
	await eval '[[ $(last failures) -gt $((before + 2)) ]]'
	type_ 'echo exit 0 >/health'
	: >"$RUN/flaps"
	grep -A 1000 "failures=$before " "$RUN/beats" >"$RUN/flaps"
	! grep -q 'health=failed' "$RUN/flaps"
}

@test "a role: its scripts run in order, beats go on, and carry it once all are done" {
	type_ 'cd /etc/taiki/role.d; for n in 20 60; do printf "#!/bin/sh\nsleep 2; echo script $n: \$1 \$#\n" >$n-x; chmod 755 $n-x; done; cp 60-x 70-x.old; cd /; echo prepared scripts'
	await said '^prepared scripts'
	tell 'TB1 role value=active'
	await said 'script 20: active 1'
	last role none
	await last role active
	[[ $(grep -o 'script [26]0: active 1\|init: role active\|script 70' "$DOM/console.log" | tr '\n' ,) == \
		'script 20: active 1,init: role active,script 60: active 1,' ]]
	# Beats of the old role between: the scripts slept four seconds.
	[[ $(grep -c 'role=none' "$RUN/beats") -ge 10 ]]
	# Once more: nothing to do, but an answer.
	tell 'TB1 role value=active'
	more 2
	[[ $(grep -c 'script 20: active' "$DOM/console.log") -eq 1 ]]
}

@test "a script that fails leaves the role as it was; asked again it runs again" {
	type_ 'echo "#!/bin/sh
	exit 7" >/etc/taiki/role.d/60-x'
	tell 'TB1 role value=standby'
	await said 'role.d/60-x ended with 7; the role stays active'
	more 2
	last role active
	type_ 'echo "#!/bin/sh
	exit 0" >/etc/taiki/role.d/60-x; echo prepared again'
	await said '^prepared again'
	tell 'TB1 role value=standby'
	await last role standby
}

@test "one that others can change is not run" {
	type_ 'chmod 777 /etc/taiki/role.d/60-x; echo prepared open'
	await said '^prepared open'
	tell 'TB1 role value=active'
	await said '60-x can be changed by others than root and is not run; the role stays standby'
	type_ 'chmod 755 /etc/taiki/role.d/60-x; echo prepared shut'
	await said '^prepared shut'
}

@test "a role that is asked for while another one's scripts run comes after it" {
	tell 'TB1 role value=active'
	tell 'TB1 role value=maintenance'
	await last role maintenance
	grep -q 'role=active.*' "$RUN/beats"
}

@test "the host's daemon goes and comes back: the next beat is there at once" {
	local before
	before=$(last seq)
	hang_up
	sleep 2
	listen
	await beats 3
	[[ $(last seq) -gt $((before + 3)) ]]
	last role maintenance
}

@test "its port goes and comes back: driver unbound and bound, twice" {
	local n
	type_ 'd=$(ls -d /sys/bus/virtio/drivers/virtio_console/virtio*); d=${d##*/}'
	for n in 1 2; do
		type_ 'echo $d >/sys/bus/virtio/drivers/virtio_console/unbind'
		await eval "[[ \$(grep -c 'port $PORT has gone' '$DOM/console.log') -eq $n ]]"
		: >"$RUN/beats"
		type_ 'echo $d >/sys/bus/virtio/drivers/virtio_console/bind'
		await beats 3
		last role maintenance
	done
}

@test "started anew it counts from 1 and still has its role; it said goodbye before" {
	type_ 'killall taiki-guest'
	await grep -q '^TB1 bye seq=[0-9]* clock=[0-9]* crc=' "$RUN/beats"
	await said 'init: taiki-guest ended with 0'
	await grep -q '^TB1 beat seq=1 .* role=maintenance' "$RUN/beats"
}

@test "its memory is locked, and of root's capabilities it keeps two" {
	type_ 'grep -E "VmLck|CapEff|CapPrm" /proc/$(pidof taiki-guest)/status'
	# CAP_KILL (5) and CAP_IPC_LOCK (14).
	await said 'CapEff:.0000000000004020'
	said 'CapPrm:.0000000000004020'
	! said 'VmLck:.* 0 kB'
}

@test "killed without warning it is started again by init, and the host hears of it" {
	: >"$RUN/beats"
	type_ 'killall -9 taiki-guest'
	await said 'init: taiki-guest ended with 137'
	await grep -q '^TB1 beat seq=1 ' "$RUN/beats"
	! grep -q bye "$RUN/beats"
}
