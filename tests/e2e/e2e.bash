# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the tests on emulated hosts share.
#
# shellcheck source=tests/e2e/ask.bash
source "$(dirname "${BASH_SOURCE[0]}")/ask.bash"

# host_cmdline [MORE]: a host's kernel command line.  The clocks of a host whose
# machine is busy while it boots are right, too.
host_cmdline() {
	echo "console=ttyS0 cryptomgr.notests mitigations=off quiet panic=1" \
		"tsc=reliable tsc_early_khz=$("$O/e2e/tsc") no_timer_check $*"
}

# qemu_host SECONDS CONSOLE QEMU-OPTIONS...: a host in software emulation, whose
# first serial port goes to the file CONSOLE; ends when the host powers off, or
# after SECONDS.  Resets, and triple faults, are told in CONSOLE.qemu.  It is in the network namespace
# $NETNS, if there is one.
#
# One processor, for two faults of QEMU 7.2 (both were found in its memory):
#
# With several, each on a thread of its own (thread=multi): while one patches
# code (Linux's static keys; one of them, in the scheduler, is switched by the
# first virtual machine that starts and the last that ends), another translates
# the old bytes after QEMU has looked for translations to drop and before the new
# bytes are stored.  The stale translation stays for good.  Seen as a breakpoint
# that is executed for ever where memory holds a NOP, with interrupts off on both
# processors; once in 60 and once in 2 starts of a domain.
#
# With several in turns on one thread (thread=single): VMRUN that injects an
# interrupt leaves its vector behind as a pending exception (svm_helper.c: exception_index
# is set, and not cleared once it is delivered), and when the turn
# ends before the next #VMEXIT the guest gets the interrupt once more, even
# with interrupts off.  Seen as a nested guest of one processor that spins on
# the lock its own interrupted handler holds; twice in some twenty boots.
#
# With one there is neither another translator nor a turn that ends.  What is
# left is rare: under nested virtualization the emulated processor now and then
# halts for good, with no timer running.  Nothing that runs on a host can do that
# to it; living_host() tells it from a test that fails.
qemu_host() {
	local seconds=$1 console=$2
	shift 2
	timeout -k 10 "$seconds" ${NETNS:+ip netns exec "$NETNS"} qemu-system-x86_64 -accel tcg -smp 1 -nodefaults -display none \
		-serial "file:$console" -d cpu_reset -D "$console.qemu" "$@" </dev/null
}

# living_host SECONDS CONSOLE QEMU-OPTIONS...: the same for a host that writes to
# its second serial port all the time.  One that has stood still for two
# minutes is booted again, three times in all, and that is said.
living_host() {
	local seconds=$1 console=$2 pid size was still try
	shift 2
	for try in 1 2 3; do
		: >"$console.alive"
		qemu_host "$seconds" "$console" -serial "file:$console.alive" \
			-monitor "unix:$console.monitor,server=on,wait=off" "$@" &
		pid=$! still=0 was=-1
		while kill -0 "$pid" 2>/dev/null && [[ $still -lt 120 ]]; do
			sleep 1
			size=$(stat -c %s "$console.alive")
			still=$((size == was ? still + 1 : 0)) was=$size
		done
		[[ $still -ge 120 ]] || break
		{ echo 'info registers -a'; echo 'info lapic'; echo 'info pic'; sleep 2; } |
			socat - "UNIX-CONNECT:$console.monitor" >"$console.still" || true
		pkill -P "$pid" || true
		echo "# QEMU's processor stands still for ever (see e2e.bash), attempt $try" >&3
	done
	wait "$pid"
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
		-append "$(host_cmdline systemd.mask=serial-getty@ttyS0.service systemd.show_status=no \
			systemd.default_device_timeout_sec=600 systemd.default_timeout_start_sec=600 \
			"e2e.node=${node:-host}")" \
		-drive "file=$top/build/e2e/host.ext4,format=raw,if=none,id=root,snapshot=on" \
		-device virtio-blk-pci,drive=root \
		-drive "file=$payload,format=raw,if=none,id=payload,readonly=on" \
		-device virtio-blk-pci,drive=payload "$@"
}
