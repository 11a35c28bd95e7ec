#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The kvm engine on hardware virtualization, as far as software can tell: QEMU
# emulates a processor with nested SVM, on it runs Debian's kernel with its KVM, on
# that hv-domain with a stock Debian guest of two vCPUs.  The host boots once;
# each test reads what it, or the guest, has told.

setup_file() {
	# shellcheck source=tests/e2e/e2e.bash
	source "$BATS_TEST_DIRNAME/e2e.bash"
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	export O=${O:-$top/build}
	[[ $O == /* ]] || O=$top/$O
	export LOG=$O/test-logs/e2e-kvm-console.log
	mkdir -p "${LOG%/*}"
	"$BATS_TEST_DIRNAME/host-image" "$BATS_FILE_TMPDIR/host.cpio"
	truncate -s 64M "$BATS_FILE_TMPDIR/disk.img"
	echo "# booting Debian in Debian in QEMU" >&3
	living_host 1400 "$LOG" -cpu max,svm=on -m 1792 -no-reboot \
		-kernel "$top/build/guest/vmlinuz" -initrd "$BATS_FILE_TMPDIR/host.cpio" \
		-append "$(host_cmdline)" \
		-drive "file=$BATS_FILE_TMPDIR/disk.img,format=raw,if=none,id=d,cache=writeback" \
		-device virtio-blk-pci,drive=d >&2
	tr -d '\r' <"$LOG" >"$BATS_FILE_TMPDIR/log"
	[[ -n $(fact end) ]] || echo "# the host did not come to its end; see $LOG and $LOG.qemu" >&3
	echo "# from start to \"booted\": $(fact starting) to $(fact booted) s of the host's time" >&3
}

# fact KEY: what the host says; said KEY: what the guest says
fact() { sed -n "s/^E2E $1 //p" "$BATS_FILE_TMPDIR/log"; }
said() { sed -n "s/^GUEST .*guest: $1 //p; s/^GUEST guest: $1 //p" "$BATS_FILE_TMPDIR/log" | head -n 1; }
show() { grep -e '^E2E' -e '^LOG' "$BATS_FILE_TMPDIR/log" || tail -n 50 "$BATS_FILE_TMPDIR/log"; }

@test "the host has a KVM on nested SVM with nested paging" {
	show
	[ "$(fact svm)" = 1 ]
	[[ "$(fact npt)" == [Y1] ]]
	[ -z "$(fact module-failed)" ]
}

@test "auto measures it and takes kvm" {
	show
	[ "$(fact start)" = ok ]
	[[ "$(fact engine)" == kvm,*million\ instructions* ]]
}

@test "a stock Debian guest boots to user space on it" {
	show
	[ -n "$(fact booted)" ]
	[ "$(said hypervisor)" = KVM ]
	[ "$(said clock)" = kvm-clock ]
}

@test "two vCPUs are online, both work and take timer interrupts" {
	[ "$(said cpus)" = 2 ]
	grep -q 'guest: worked 0' "$BATS_FILE_TMPDIR/log"
	grep -q 'guest: worked 1' "$BATS_FILE_TMPDIR/log"
	[ "$(said timers)" = 2 ]
}

@test "it sees taiki-base and nothing else of its host" {
	[ "$(said beyond-base)" = 0 ]
}

@test "its processor asks for no mitigations" {
	[ "$(said vulnerable)" = 0 ]
}

@test "what it writes to its disk it reads back, and the host finds on its own" {
	[ -n "$(said written)" ]
	[ "$(said read)" = "$(said written)" ]
	[ "$(fact disk)" = "$(said written)" ]
	[ "$(said size)" = 131072 ]
}

@test "its devices interrupt by MSI-X" {
	[ "$(said msix)" -ge 4 ]
}

@test "the network works both ways" {
	[ "$(said ping)" = ok ]
	[ "$(fact ping)" = ok ]
	[[ "$(fact http)" == e2e\ * ]]
}

@test "pause and resume: it stands still, and goes on" {
	[ "$(fact state)" = paused ]
	[ "$(fact silent)" = yes ]
	[ "$(fact ping-after)" = ok ]
}

@test "a reset starts both processors anew" {
	[ "$(fact reset)" = ok ]
	[ "$(grep -c '^GUEST guest: cpus 2' "$BATS_FILE_TMPDIR/log")" = 2 ]
}

@test "with the host's own processor a guest boots, works and powers off, too" {
	[ "$(fact own-start)" = ok ]
	grep -q '^OWN guest: cpus 2' "$BATS_FILE_TMPDIR/log"
	[ "$(sed -n 's/^OWN guest: beyond-base //p' "$BATS_FILE_TMPDIR/log")" != 0 ]
	[ "$(sed -n 's/^OWN guest: read //p' "$BATS_FILE_TMPDIR/log")" = \
		"$(sed -n 's/^OWN guest: written //p' "$BATS_FILE_TMPDIR/log")" ]
	grep -q '^OWNLOG .*guest-shutdown' "$BATS_FILE_TMPDIR/log"
}

@test "the power button ends it in order" {
	[ "$(fact shutdown)" = ok ]
	[ "$(fact gone)" = yes ]
}

pic() { sed -n "s/^PIC .*guest: $1 //p; s/^PIC guest: $1 //p" "$BATS_FILE_TMPDIR/log"; }

@test "without ACPI: the 8259 alone and INTx, with disk and network" {
	grep -e '^E2E pic' -e '^PIC' "$BATS_FILE_TMPDIR/log" || true
	[ "$(fact pic-start)" = ok ]
	[ "$(pic controllers | sort -u)" = 'XT-PIC ' ]
	[ "$(pic virtio-on-pic | head -n 1)" -ge 2 ]
	[ "$(pic ping)" = $'ok\nok' ]
}

@test "without ACPI: the keyboard controller resets it, a power-off halts it" {
	[ "$(pic boot)" = $'first\nsecond' ]
	grep -q '^PICLOG .*RESET.*guest-reset' "$BATS_FILE_TMPDIR/log"
	grep -q '^PIC .*reboot: System halted' "$BATS_FILE_TMPDIR/log"
	# Nothing told the machine: it runs, with its processor halted, until it is destroyed.
	[ "$(fact pic-state)" = running ]
	[ "$(fact pic-ticks)" -le 50 ]
	[ "$(fact pic-destroyed)" = ok ]
}

median() { fact "$1" | sort -n | awk '{ v[NR] = $1 } END { if (NR) printf "%.1f", v[int((NR + 1) / 2)] / 1e6 }'; }

@test "the time to the first instruction is taken, beside that of QEMU's microvm" {
	grep '^STARTLOG' "$BATS_FILE_TMPDIR/log" || true
	local ours theirs
	ours=$(median start-ours) theirs=$(median start-theirs)
	[ "$(fact start-ours | grep -c '[0-9]')" = 7 ]
	[ "$(fact start-theirs | grep -c '[0-9]')" = 7 ]
	echo "# vmm-start under nested SVM, medians of 7: ours $ours ms, QEMU microvm $theirs ms," \
		"ratio $(awk -v o="$ours" -v t="$theirs" 'BEGIN { printf "%.1f", t / o }')" >&3
}

@test "hv-domain ran it as a user of its own, without capabilities, all threads under seccomp" {
	[ "$(fact uid)" -ge $((0x7a000000)) ]
	[ "$(fact capabilities)" = 0000000000000000 ]
	[ "$(fact threads)" -ge 3 ]
	[ "$(fact seccomp)" = "$(fact threads)" ]
}

@test "neither kernel complained" {
	[ -n "$(fact booted)" ]
	[ -n "$(fact end)" ]
	[ "$(fact dmesg)" = 0 ]
	[ "$(grep -cE '^(GUEST|OWN|PIC) .*(soft lockup|rcu_sched|BUG:|Oops|clocksource.*unstable)' \
		"$BATS_FILE_TMPDIR/log")" = 0 ]
}
