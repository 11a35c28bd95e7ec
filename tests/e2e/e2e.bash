# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the tests on emulated hosts share.
#
# qemu_host SECONDS CONSOLE QEMU-OPTIONS...: a host in software emulation, whose
# first serial port goes to the file CONSOLE; ends when the host powers off, or
# after SECONDS.  Resets, and triple faults, are told in CONSOLE.qemu.
#
# One thread for all of its processors.  With one thread each (thread=multi)
# QEMU 7.2 loses a race: while one processor patches code (Linux's static keys;
# one of them, in the scheduler, is switched by the first virtual machine that
# starts and the last that ends), another translates the old bytes after QEMU
# has looked for translations to drop and before the new bytes are stored.  The
# stale translation stays for good.  Seen here as a breakpoint that is executed
# for ever where memory holds a NOP, with interrupts off on both processors,
# once in 60 and once in 2 starts of a domain, and in none of a hundred with one
# thread.
qemu_host() {
	local seconds=$1 console=$2
	shift 2
	timeout -k 10 "$seconds" qemu-system-x86_64 -accel tcg,thread=single -nodefaults -display none \
		-serial "file:$console" -d cpu_reset -D "$console.qemu" "$@" </dev/null
}

# debian_setup NAME: $O, $LOG and the images of a Debian host
debian_setup() {
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	export O=${O:-$top/build}
	[[ $O == /* ]] || O=$top/$O
	export LOG=$O/test-logs/e2e-$1-console.log
	mkdir -p "${LOG%/*}"
	"$top/tests/e2e/debian-image" "$top/build/e2e"
}

# debian_host SECONDS CONSOLE PAYLOAD QEMU-OPTIONS...: that host, on a fresh copy
# of its disk, with the second disk PAYLOAD
debian_host() {
	local seconds=$1 console=$2 payload=$3
	shift 3
	qemu_host "$seconds" "$console" -cpu max \
		-kernel "$top/build/guest/vmlinuz" -initrd "$top/build/e2e/host-initrd" \
		-append "console=ttyS0 cryptomgr.notests mitigations=off quiet panic=1 tsc=reliable \
systemd.mask=serial-getty@ttyS0.service systemd.show_status=no e2e.node=${node:-host}" \
		-drive "file=$top/build/e2e/host.ext4,format=raw,if=none,id=root,snapshot=on" \
		-device virtio-blk-pci,drive=root \
		-drive "file=$payload,format=raw,if=none,id=payload,readonly=on" \
		-device virtio-blk-pci,drive=payload "$@"
}

# await SECONDS COMMAND...: until it succeeds
await() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[[ $SECONDS -lt $end ]] || return 1
		sleep 0.3
	done
}
