#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# taiki-guest where it belongs: in a stock Debian kernel on hv-domain's board,
# with this file as the host at the other end of its channel.  One guest for all.

PORT=org.taiki.heartbeat.0
# hv-domain itself is at the other end of org.taiki.role.0: these stand in for it.
ROLE=test.role.0 SHELL_ROLE=test.shell.0

setup_file() {
	cd "$BATS_TEST_DIRNAME/../../.." || return 1
	export HV_DOMAIN=$PWD/${O:-build}/hv-domain
	[[ ${O:-} != /* ]] || HV_DOMAIN=$O/hv-domain
	export GUEST=$PWD/build/guest
	tests/tools/guest-image "$GUEST" >&2
	# Short: a socket's path has 107 bytes.
	RUN=$(mktemp -d /tmp/beats.XXXXXX)
	export RUN TAIKI_RUN_DIR=$RUN DOM=$RUN/g
	mkfifo "$RUN"/to-{guest,role,shell} "$RUN/keys"
	# A network of its own: the bridge is nobody else's.
	export NS=taiki.beats.$$
	ip netns add "$NS"
	ip -n "$NS" link add br0 type bridge
	ip -n "$NS" link set br0 up
	boot
}

teardown_file() {
	ip netns del "$NS"
	local f
	for f in domain host console role shell; do
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
		role-port = /dev/role
	END
	) taiki.exec=$(base64 -w0 <<-END
		echo exit 0 >/health
		cd /sys/class/virtio-ports
		ln -s \$(grep -l $ROLE */name | cut -d / -f 1) /dev/role
		ln -s \$(grep -l $SHELL_ROLE */name | cut -d / -f 1) /dev/shell
		cd /
	END
	)"
	truncate -s 8M "$RUN/disk"
	cat >"$RUN/config" <<-END
	{"version": 1, "name": "g", "uuid": "12345678-1234-4234-8234-1234567890ab",
	 "memory": 134217728, "current_memory": 134217728, "vcpus": 1, "vcpus_current": 1,
	 "engine": "soft", "kernel": "$GUEST/vmlinuz", "initrd": "$GUEST/initrd.gz",
	 "cmdline": "$cmdline", "acpi": true, "on_reboot": "restart", "panic": true,
	 "serial": true, "console": true, "console_is_serial": true,
	 "disk": [{"target": "vda", "path": "$RUN/disk", "guard": "fencing"}],
	 "nic": [{"bridge": "br0", "mac": "52:54:00:01:02:03", "queues": 1}],
	 "channel": [{"name": "$PORT"}, {"name": "$ROLE"}, {"name": "$SHELL_ROLE"}]}
	END
	: >"$RUN/status" # of the start before
	ip netns exec "$NS" "$HV_DOMAIN" --config-fd 9 --status-fd 8 g 9<"$RUN/config" 8>"$RUN/status" \
		2>"$RUN/stderr" 3>&- &
	echo $! >"$RUN/domain.pid"
	await grep -qx ok "$RUN/status"
	socat -u STDIN "UNIX-CONNECT:$DOM/console.sock" 3>&- <>"$RUN/keys" &
	echo $! >"$RUN/console.pid"
}

# await COMMAND...: until it succeeds, at most 240 s
await() {
	local end=$((SECONDS + 240))
	while ((SECONDS < end)); do
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

# tell LINE [PIPE]: to the guest, with its CRC
tell() {
	python3 -c 'import sys, zlib
print("%s crc=%08x" % (sys.argv[1], zlib.crc32(sys.argv[1].encode())))' "$1" >"$RUN/to-${2:-guest}"
}
# listen_role role|shell CHANNEL: the same for a role channel; what the guest says is in $RUN/NAME
listen_role() {
	: >"$RUN/$1"
	socat "UNIX-CONNECT:$DOM/channel/$2.sock" STDIO 3>&- <>"$RUN/to-$1" >>"$RUN/$1" &
	echo $! >"$RUN/$1.pid"
}
# told role|shell LINE: the guest has said it, with a CRC that is right
told() {
	grep -qx "$2 crc=$(python3 -c 'import sys, zlib
print("%08x" % zlib.crc32(sys.argv[1].encode()))' "$2")" "$RUN/$1"
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
	# What was under way, and changes of health that are told at once; not one each 300 ms.
	seldom() {
		local before
		before=$(last seq)
		sleep 2
		[[ $(($(last seq) - before)) -le 2 ]]
	}
	await seldom
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
	type_ 'cd /etc/taiki/role.d; for n in 20 60; do printf "#!/bin/sh\nsleep 2; until [ $n = 20 -o -e /go ]; do sleep 1; done; echo script $n: \$1 \$#\n" >$n-x; chmod 755 $n-x; done; cp 60-x 70-x.old; cd /; echo prepared scripts'
	await said '^prepared scripts'
	tell 'TB1 role value=active'
	await said 'script 20: active 1'
	more 2
	last role none
	type_ 'touch /go'
	await last role active
	[[ $(grep -o 'script [26]0: active 1\|init: role active\|script 70' "$DOM/console.log" | tr '\n' ,) == \
		'script 20: active 1,init: role active,script 60: active 1,' ]]
	# Beats of the old role between: the scripts took four seconds.
	[[ $(grep -c 'role=none' "$RUN/beats") -ge 10 ]]
	# Once more: nothing to do, but an answer.
	tell 'TB1 role value=active'
	more 2
	[[ $(grep -c 'script 20: active' "$DOM/console.log") -eq 1 ]]
}

@test "a script that fails leaves the role as it was; asked again it runs again" {
	type_ 'echo "#!/bin/sh
	exit 7" >/etc/taiki/role.d/60-x; echo prepared seven'
	await said '^prepared seven'
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

@test "the role channel: it says hello when the host listens, and whenever asked" {
	listen_role role $ROLE
	await told role 'TR1 hello role=maintenance seq=0'
	: >"$RUN/role"
	tell 'TR1 ask' role
	await told role 'TR1 hello role=maintenance seq=0'
}

@test "a role with data: scripts have it in their environment, and the host is told of the end" {
	type_ 'cd /etc/taiki/role.d; rm 60-x 70-x.old; printf "#!/bin/sh\nenv | grep ^TAIKI_ROLE | sort | tr \"\\\\n\" , | sed s/^/data:/\necho\nexit \$(cat /result)\n" >60-x; chmod 755 60-x; cd /; echo 0 >/result; echo prepared data'
	await said '^prepared data'
	tell 'TR1 role seq=5 value=active name=web address-2=10.0.0.5%2F24 text=a%20%22b%22%24x' role
	await told role 'TR1 done role=active seq=5 status=0'
	# The console is slower than the channel.
	await said 'data:TAIKI_ROLE=active,TAIKI_ROLE_ADDRESS_2=10.0.0.5/24,TAIKI_ROLE_NAME=web,TAIKI_ROLE_SEQ=5,TAIKI_ROLE_TEXT=a "b"$x,'
	await last role active
}

@test "the same again: nothing runs twice, but there is an answer; other data is another order" {
	: >"$RUN/role"
	tell 'TR1 role seq=5 value=active name=web address-2=10.0.0.5%2F24 text=a%20%22b%22%24x' role
	await told role 'TR1 done role=active seq=5 status=0'
	[[ $(grep -c 'data:TAIKI_ROLE=active' "$DOM/console.log") -eq 1 ]]
	: >"$RUN/role"
	tell 'TR1 role seq=5 value=active name=db' role
	await told role 'TR1 done role=active seq=5 status=0'
	await said 'data:TAIKI_ROLE=active,TAIKI_ROLE_NAME=db,TAIKI_ROLE_SEQ=5,'
}

@test "a script that fails: the host has its status and the role that stayed; asked again it runs again" {
	type_ 'echo 7 >/result; echo prepared failure'
	await said '^prepared failure'
	tell 'TR1 role seq=6 value=standby' role
	await told role 'TR1 done role=active seq=6 status=7'
	type_ 'echo 0 >/result; echo prepared success'
	await said '^prepared success'
	tell 'TR1 role seq=6 value=standby' role
	await told role 'TR1 done role=standby seq=6 status=0'
	await last role standby
}

@test "what is no order for it changes nothing" {
	: >"$RUN/role"
	printf 'TR1 role seq=9 value=evil crc=00000000\n\377\n%s\nTR1 role seq=9' \
		"$(printf 'x%.0s' {1..3000})" >"$RUN/to-role"
	printf '\n' >"$RUN/to-role"
	tell 'TR1 role seq=0 value=evil' role
	tell 'TR1 role seq=9 value=evil k=%00' role
	tell 'TR1 role seq=9 value=evil seq=9' role
	tell 'TR1 hello role=evil seq=9' role
	tell 'TR1 ask later=maybe' role
	await told role 'TR1 hello role=standby seq=6'
	! said evil
}

@test "the partitions of a disk are read before the scripts run" {
	# One of type 83 from sector 2048 on, written behind the kernel's back.
	type_ 'printf "\0\0\0\0\203\0\0\0\0\010\0\0\0\010\0\0" | dd of=/dev/vda bs=1 seek=446 conv=notrunc 2>/dev/null; printf "\125\252" | dd of=/dev/vda bs=1 seek=510 conv=notrunc 2>/dev/null; sync; ls -l /dev/vda?; echo prepared partition'
	await said '^prepared partition'
	[[ $(grep -c '^b.*/dev/vda1' "$DOM/console.log") -eq 0 ]]
	type_ 'sed -i "2i ls -l /dev/vda1" /etc/taiki/role.d/10-identity; echo prepared script'
	await said '^prepared script'
	tell 'TR1 role seq=7 value=active' role
	await told role 'TR1 done role=active seq=7 status=0'
	await said '^b.*/dev/vda1'
}

@test "who it is by the role: name, MAC and address, and in another role the address is gone" {
	tell 'TR1 role seq=8 value=active hostname=web mac=52:54:00:00:00:77 address=10.9.8.7%2F24 address-2=fd00::7%2F64' role
	await told role 'TR1 done role=active seq=8 status=0'
	type_ 'hostname; ip addr show dev eth0; echo shown one'
	await said '^shown one'
	said '^web'
	said 'link/ether 52:54:00:00:00:77'
	said 'inet 10.9.8.7/24'
	said 'inet6 fd00::7/64'
	tell 'TR1 role seq=9 value=standby address=10.9.8.7%2F24' role
	await told role 'TR1 done role=standby seq=9 status=0'
	type_ 'ip addr show dev eth0 | grep -c 10.9.8.7; echo shown two'
	await said '^shown two'
	said '^0'
}

@test "started anew it still has its role, and knows which order it has done" {
	: >"$RUN/role"
	type_ 'killall -9 taiki-guest'
	await told role 'TR1 hello role=standby seq=9'
	: >"$RUN/role"
	tell 'TR1 role seq=9 value=standby address=10.9.8.7%2F24' role
	await told role 'TR1 done role=standby seq=9 status=0'
	[[ $(grep -c 'data:TAIKI_ROLE=standby,TAIKI_ROLE_ADDRESS=' "$DOM/console.log") -eq 1 ]]
}

@test "the host goes and comes back: hello again" {
	kill "$(cat "$RUN/role.pid")"
	await eval '! kill -0 "$(cat "$RUN/role.pid")" 2>/dev/null'
	listen_role role $ROLE
	await told role 'TR1 hello role=standby seq=9'
}

@test "a shell script speaks the protocol" {
	type_ 'printf "#!/bin/sh\necho shell: \$1 \$TAIKI_ROLE_NAME \$TAIKI_ROLE_ADDRESS_2\nexit \$(cat /result)\n" >/obey; chmod 755 /obey; (/role-port.sh /obey /dev/shell >/dev/console 2>&1 &); echo prepared shell'
	await said '^prepared shell'
	listen_role shell $SHELL_ROLE
	tell 'TR1 ask' shell
	await told shell 'TR1 hello role=none seq=0'
	tell 'TR1 role seq=2 value=active name=web address-2=10.0.0.5%2F24' shell
	await told shell 'TR1 done role=active seq=2 status=0'
	await said 'shell: active web 10.0.0.5/24'
	: >"$RUN/shell"
	tell 'TR1 role seq=2 value=active name=web address-2=10.0.0.5%2F24' shell
	await told shell 'TR1 done role=active seq=2 status=0'
	[[ $(grep -c 'shell: active web' "$DOM/console.log") -eq 1 ]]
	type_ 'echo 3 >/result; echo prepared shell failure'
	await said '^prepared shell failure'
	tell 'TR1 role seq=4 value=standby' shell
	await told shell 'TR1 done role=active seq=4 status=3'
	tell 'TR1 ask' shell
	await told shell 'TR1 hello role=active seq=2'
}
