#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The stock Debian kernel on hv-domain's board, with the software engine: disk,
# network and console at once, several ways to deliver interrupts, and all the
# ways in which a guest ends.

bats_require_minimum_version 1.5.0

setup_file() {
	cd "$BATS_TEST_DIRNAME/../../.." || return 1
	export HV_DOMAIN=$PWD/${O:-build}/hv-domain
	[[ ${O:-} != /* ]] || HV_DOMAIN=$O/hv-domain
	export GUEST=$PWD/build/guest
	tests/tools/guest-image "$GUEST" >&2
	# A network of its own: the bridge is nobody else's.
	export NS=taiki.board.$$
	ip netns add "$NS"
	ip -n "$NS" link set lo up
	ip -n "$NS" link add br0 type bridge
	ip -n "$NS" addr add 10.98.0.1/24 dev br0
	ip -n "$NS" link set br0 up
}

teardown_file() {
	ip netns del "$NS"
}

setup() {
	RUN=$(mktemp -d /tmp/linux.XXXXXX)
	export TAIKI_RUN_DIR=$RUN
	DOM=$RUN/g
	truncate -s 32M "$RUN/disk"
	DISKS="{\"path\": \"$RUN/disk\", \"target\": \"vda\", \"guard\": \"fencing\"}"
	NICS='{"bridge": "br0", "mac": "52:54:00:01:02:03", "queues": 1}'
	VCPUS=1 MEMORY=$((192 << 20)) ACPI=true KERNEL=$GUEST/vmlinuz REBOOT=restart
}

teardown() {
	[[ -z ${PID:-} ]] || kill -9 "$PID" 2>/dev/null || true
	rm -rf "$RUN"
}

# start CMDLINE [SHELL TEXT THE GUEST RUNS]
start() {
	local cmdline="console=ttyS0 cryptomgr.notests panic=-1 taiki.name=g $1"
	[[ -z ${2:-} ]] || cmdline+=" taiki.exec=$(base64 -w0 <<<"$2")"
	cat >"$RUN/config" <<-END
	{"version": 1, "name": "g", "uuid": "12345678-1234-4234-8234-1234567890ab",
	 "memory": $MEMORY, "current_memory": $MEMORY,
	 "vcpus": $VCPUS, "vcpus_current": $VCPUS, "engine": "soft",
	 "kernel": "$KERNEL", "initrd": "$GUEST/initrd.gz", "cmdline": "$cmdline",
	 "acpi": $ACPI, "on_reboot": "$REBOOT", "on_crash": "destroy", "panic": true,
	 ${EXTRA:-} "serial": true, "console": true, "console_is_serial": true, "rng": true, "balloon": true,
	 "disk": [$DISKS], "nic": [$NICS]}
	END
	: >"$RUN/status" # of the start before
	ip netns exec "$NS" "$HV_DOMAIN" --config-fd 9 --status-fd 8 g \
		9<"$RUN/config" 8>"$RUN/status" 2>"$RUN/stderr" 3>&- &
	PID=$!
	await grep -q . "$RUN/status"
	cat "$RUN/status"
	grep -qx ok "$RUN/status"
}

# await COMMAND...: until it succeeds, at most 240 s
await() {
	local end=$((SECONDS + 240))
	while ((SECONDS < end)); do
		if "$@"; then return 0; fi
		sleep 0.2
	done
	echo "waited in vain for: $*"
	cat "$DOM/log"
	tail -n 40 "$DOM/console.log"
	return 1
}

said() { grep -q -- "$1" "$DOM/console.log"; }
said_twice() { [[ $(grep -c -- "$1" "$DOM/console.log") -eq 2 ]]; }
gone() { ! kill -0 "$PID" 2>/dev/null; }

ended() {
	local rc=0
	await gone
	wait "$PID" || rc=$?
	PID=
	[[ $rc -eq $1 ]] || { echo "ended with $rc"; cat "$DOM/log"; tail "$DOM/console.log"; return 1; }
}

qmp() {
	{
		echo '{"execute": "qmp_capabilities"}'
		printf '%s\n' "$@"
	} | timeout 60 socat -t 50 - "UNIX-CONNECT:$DOM/qmp.sock" | tr -d ' '
}

http() { ip netns exec "$NS" curl -s -m 20 http://10.98.0.2/; }

@test "disk, network and console work, and the power button ends it" {
	start 'taiki.ip=10.98.0.2/24 taiki.http taiki.disk' 'echo kept >/mnt/file; sync'
	await said 'exec ended with 0'
	said '/dev/vda on /mnt'
	serves() { [[ $(http) == g\ * ]]; }
	await serves
	qmp '{"execute": "system_powerdown"}'
	ended 0
	said 'Power down'
	# Another start finds on the disk what the first one wrote.
	start 'taiki.disk taiki.once' 'cat /mnt/file'
	ended 0
	[ "$(grep -c '^kept' "$DOM/console.log")" -eq 1 ]
}

@test "two vCPUs run, and a reboot from inside is a boot" {
	VCPUS=2
	# shellcheck disable=SC2016 # for the guest to expand
	start 'taiki.disk' 'nproc; n=$(cat /mnt/boots 2>/dev/null); echo x >>/mnt/boots
		sync; if [ -z "$n" ]; then reboot -f; else poweroff -f; fi'
	ended 0
	[ "$(grep -c '^2' "$DOM/console.log")" -eq 2 ]
	[ "$(grep -c 'init: first line' "$DOM/console.log")" -eq 2 ]
	grep -q 'RESET.*guest-reset' "$DOM/log"
}

@test "without ACPI it runs on the 8259 alone, and reboots by the keyboard controller" {
	ACPI=false REBOOT=destroy
	start 'reboot=k taiki.ip=10.98.0.2/24 taiki.http taiki.disk' 'cat /proc/interrupts'
	await said 'exec ended with 0'
	said 'XT-PIC'
	await http
	qmp '{"execute": "system_reset"}' | grep -q RESET
	await said_twice 'exec ended with 0'
	qmp '{"execute": "quit"}'
	ended 0
	start 'reboot=k' 'reboot -f'
	ended 0
	grep -q 'SHUTDOWN.*guest-reset' "$DOM/log"
}

@test "interrupts arrive by INTx through the IOAPIC and through the 8259 too" {
	start 'pci=nomsi taiki.ip=10.98.0.2/24 taiki.disk taiki.once' \
		'ping -c 3 10.98.0.1; cat /proc/interrupts'
	ended 0
	said '3 packets received'
	said 'IO-APIC .*virtio'
	said '/dev/vda on /mnt'
	start 'noapic pci=nomsi taiki.ip=10.98.0.2/24 taiki.disk taiki.once' \
		'ping -c 3 10.98.0.1; cat /proc/interrupts'
	ended 0
	said_twice '3 packets received'
	said 'XT-PIC .*virtio'
}

@test "a kernel panic is told, and ends the domain with 3" {
	start '' 'echo c >/proc/sysrq-trigger'
	ended 3
	grep -q GUEST_PANICKED "$DOM/log"
}

@test "a stock kernel starts the watchdog, feeds it, is reset when it does not, and knows why" {
	EXTRA='"watchdog": "wdat", "watchdog_action": "reset",'
	# shellcheck disable=SC2016
	start '' 'W=/sys/class/watchdog/watchdog0
		echo "dog: $(cat $W/identity), $(cat $W/bootstatus)"
		[ "$(cat $W/bootstatus)" = 0 ] || poweroff -f
		watchdog -t 1 -T 6 /dev/watchdog0
		sleep 15
		echo "fed: $(cat $W/state) $(cat $W/timeout)"
		killall -9 watchdog
		while :; do sleep 1; done'
	await said '^fed: active 6'
	run ! grep -q 'event WATCHDOG' "$DOM/log"
	qmp '{"execute": "x-taiki-info"}' | grep -q '"model":"wdat","action":"reset","running":true,"timeout-ms":6000'
	ended 0
	said '^dog: wdat_wdt, 0'
	said '^dog: wdat_wdt, 32' # WDIOF_CARDRESET
	[ "$(grep -c 'event WATCHDOG {"action":"reset"}' "$DOM/log")" -eq 1 ]
	grep -q 'RESET.*guest-reset' "$DOM/log"
}

@test "an NMI from outside makes a stock kernel panic, if it was told to" {
	start 'unknown_nmi_panic' 'echo waiting'
	await said '^waiting'
	qmp '{"execute": "inject-nmi"}'
	ended 3
	grep -q GUEST_PANICKED "$DOM/log"
}

@test "an ELF vmlinux boots; memory above 4 GiB is found" {
	KERNEL=$GUEST/vmlinux MEMORY=$((5 << 30))
	# shellcheck disable=SC2016
	start 'taiki.once' 'echo total $(sed -n "s/MemTotal: *\([0-9]*\) kB/\1/p" /proc/meminfo) kB'
	ended 0
	total=$(sed -n 's/^total \([0-9]*\) kB.*/\1/p' "$DOM/console.log")
	[ "$total" -gt $((4 << 20)) ]
}

# small_image: the guest without the programs that other tests want in it
small_image() {
	mkdir "$RUN/small"
	ln -s "$GUEST"/{vmlinuz,vmlinux,modules,config} "$RUN/small/"
	O=/nonexistent tests/tools/guest-image "$RUN/small"
}

@test "72 MiB are enough" {
	MEMORY=$((72 << 20))
	GUEST=$(small_image)
	start 'taiki.once' 'echo small'
	ended 0
	said '^small'
}

@test "stop and cont in the middle of work lose nothing" {
	# It stays until all of them have been, which it may be too fast for.
	# shellcheck disable=SC2016
	start 'taiki.disk' \
		'for i in 1 2 3 4 5 6 7 8; do dd if=/dev/urandom of=/mnt/$i bs=64k count=8 2>/dev/null
		md5sum /mnt/$i >>/mnt/sums; sync; done; echo 3 >/proc/sys/vm/drop_caches
		md5sum -c /mnt/sums && echo all right'
	await said 'on /mnt'
	for _ in 1 2 3 4 5; do
		qmp '{"execute": "stop"}' '{"execute": "cont"}' | grep -q RESUME
		sleep 0.5
	done
	await said 'exec ended with 0'
	said '^all right'
	qmp '{"execute": "system_powerdown"}'
	ended 0
}

# full: as many disks and cards as a domain may have
full() {
	local i
	DISKS='' NICS=''
	for i in {a..x}; do
		truncate -s 1M "$RUN/disk$i"
		DISKS+="${DISKS:+, }{\"path\": \"$RUN/disk$i\", \"target\": \"vd$i\", \"guard\": \"fencing\"}"
	done
	for i in {1..8}; do
		NICS+="${NICS:+, }{\"bridge\": \"br0\", \"mac\": \"52:54:00:01:02:0$i\", \"queues\": 1}"
	done
}

@test "24 disks and 8 network cards work beside everything else, by MSI-X and by INTx" {
	local i how
	full
	for how in '' pci=nomsi; do
		start "$how" 'for i in a b c d e f g h i j k l m n o p q r s t u v w x; do
			echo "mark $i" | dd of=/dev/vd$i bs=512 count=1 conv=sync oflag=direct 2>/dev/null; done
			set -- /sys/class/net/eth*; echo "cards $#"; echo "all done"; poweroff -f'
		await said 'all done'
		said 'cards 8'
		ended 0
		for i in {a..x}; do
			[[ $(head -n 1 "$RUN/disk$i") == "mark $i" ]]
			truncate -s 0 "$RUN/disk$i"
			truncate -s 1M "$RUN/disk$i"
		done
		rm "$DOM/console.log"
	done
}
