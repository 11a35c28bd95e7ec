# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A mirror of which one side is a stock Debian kernel's DRBD, in QEMU's software emulation, and the other is
# taiki-mirrord on this machine; a tap is the link between them, in a network namespace of its own.
#
#   $WORK/kernel.img   the kernel's disk, /dev/vda in there     10.99.0.2
#   $WORK/ours.img     ours                                     10.99.0.1
#   $WORK/disk         the kernel's, by the same name in there and here

# shellcheck source=tests/e2e/ask.bash
source "$(dirname "${BASH_SOURCE[0]}")/ask.bash"

# To be loaded at the top of a file, which may have its own of these four.
setup_file() { drbd_setup; }
teardown_file() { drbd_end; }
setup() { drbd_test; }
teardown() { drbd_test_end; }

# drbd_setup: disks, the namespace and its link, the kernel's machine; $WORK, $O
drbd_setup() {
	top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
	export O=${O:-$top/build}
	[[ $O == /* ]] || O=$top/$O
	export WORK INITRD=$O/e2e/kernel-drbd-initrd LOG=$O/test-logs/e2e-kernel-drbd-console.log
	mkdir -p "${LOG%/*}"
	: >"$LOG"
	WORK=$(mktemp -d /tmp/kernel-drbd.XXXXXX)
	export NETNS=taiki-${WORK##*.}
	"$top/tests/e2e/kernel-drbd-image" "$INITRD"
	ip netns add "$NETNS"
	ip -n "$NETNS" link set lo up
	inside ip tuntap add tap0 mode tap
	ip -n "$NETNS" addr add 10.99.0.1/24 dev tap0
	ip -n "$NETNS" link set tap0 up
	disks 48M
	kernel_boot
	echo "# $(sed -n 's/^kernel-drbd: //p' "$WORK/console" | tr -d '\r')" >&3
}

drbd_end() {
	ours_cut
	kernel_cut
	ip netns del "$NETNS" 2>/dev/null || true
	rm -rf "$WORK"
}

# drbd_test, drbd_test_end: before and after each test
drbd_test() {
	top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
	NBD=$WORK/run/.mirror/r0/nbd.sock
	PATH=$O/bench:$PATH
	: >"$WORK/ours.log"
	if ! kernel true; then # a test has failed while it was off
		kernel_cut
		kernel_boot
	fi
}
drbd_test_end() {
	if [[ -z ${BATS_TEST_COMPLETED:-} ]]; then
		tail -n 40 "$WORK/ours.log"
		kernel 'dmesg | tail -n 40; cat /proc/drbd'
	fi
	link_mend
	ours_cut
	kernel 'pkill blockload; drbdadm secondary r0; drbdadm down r0' >/dev/null 2>&1 || true
}

# inside COMMAND...: in the namespace, if there is one
inside() { ${NETNS:+ip netns exec "$NETNS"} "$@"; }

# disks BYTES: new ones for both, with no metadata; nothing may run on them
disks() {
	local n
	for n in kernel ours; do
		rm -f "$WORK/$n.img"
		truncate -s "$1" "$WORK/$n.img"
	done
	ln -sf kernel.img "$WORK/disk"
}

# ---- the kernel's side ----

# machine NAME ADDRESS NETDEV [QEMU-OPTIONS...]: one whose disk is $WORK/kernel.img; and wait until it listens to kernel()
machine() {
	rm -f "$WORK"/kernel.{pid,sock}
	: >"$WORK/acks"
	: >"$WORK/console"
	inside timeout -k 10 3600 qemu-system-x86_64 -accel tcg -cpu max -smp 1 -m 384 -nodefaults -display none \
		-no-reboot -pidfile "$WORK/kernel.pid" \
		-kernel "$top/build/guest/vmlinuz" -initrd "$INITRD" \
		-append "console=ttyS0 cryptomgr.notests mitigations=off quiet panic=1 tsc=reliable log_buf_len=1M \
tsc_early_khz=$("$O/e2e/tsc") no_timer_check drbd.name=$1 drbd.ip=$2/24" \
		-serial "file:$WORK/console" -serial "unix:$WORK/kernel.sock,server=on,wait=off" \
		-chardev "file,id=acks,path=$WORK/acks,append=on" -serial chardev:acks -monitor "unix:$WORK/monitor,server=on,wait=off" \
		-drive "file=$WORK/kernel.img,format=raw,if=none,id=disk,cache=none,discard=unmap" \
		-device virtio-blk-pci,drive=disk -netdev "$3,id=net" -device virtio-net-pci,netdev=net,mac=52:54:00:d8:bd:0"${2##*.}" "${@:4}" \
		</dev/null >>"$LOG" 2>&1 3>&- &
	await 120 grep -q '^kernel-drbd: ' "$WORK/console"
}
kernel_boot() { machine kernel 10.99.0.2 tap,ifname=tap0,script=no,downscript=no && kernel_conf; }

# kernel SCRIPT...: what it prints there; ends with its status, or with 99 when there is no answer
kernel() { ask "$WORK/kernel.sock" "$@"; }

# kernel_reads_at BYTES: a second from its disk at most; 0: as fast as it can
kernel_reads_at() { socat -t 1 - "UNIX-CONNECT:$WORK/monitor" <<<"block_set_io_throttle disk 0 $1 0 0 0 0" >/dev/null; }

# kernel_cut: its power
kernel_cut() {
	[[ -s $WORK/kernel.pid ]] || return 0
	kill -9 "$(<"$WORK/kernel.pid")" 2>/dev/null || true
	rm -f "$WORK/kernel.pid"
	tr -d '\r' <"$WORK/console" >>"$LOG"
}

# conf: the resource's file, for either side, with $PROTOCOL and what $NET, $DISK and $HANDLERS have for its sections
conf() {
	cat >"$WORK/drbd.conf" <<-END
		global { usage-count no; }
		resource r0 {
			device /dev/drbd0; meta-disk internal;
			net {
				protocol ${PROTOCOL:-C}; connect-int 2; ping-int 2; ping-timeout ${PING_TIMEOUT:-40}; timeout 19;
				${NET:-}
			}
			disk { ${DISK:-} }
			handlers { ${HANDLERS:-} }
			on kernel { disk $WORK/disk; address 10.99.0.2:7789; }
			on ours { disk $WORK/ours.img; address 10.99.0.1:7789; }
		}
	END
}
# kernel_conf: it becomes the kernel's
kernel_conf() {
	[[ -s $WORK/drbd.conf ]] || conf
	kernel "echo $(base64 -w0 "$WORK/drbd.conf") | base64 -d >/etc/drbd.conf; mkdir -p $WORK; ln -sf /dev/vda $WORK/disk"
}

# kernel_new: new metadata, and up
kernel_new() { kernel_conf && kernel 'drbdadm -- --force create-md r0 && drbdadm up r0'; }

# kernel_is KEY VALUE: cs, ro, ds or oos, as /proc/drbd has them
kernel_state() { kernel "sed -n 's/.*\\b$1:\\([^ ]*\\).*/\\1/p' /proc/drbd" | head -n 1; }
kernel_is() { [[ $(kernel_state "$1") == "$2" ]]; }
# kernel_gi: its identifiers, without what says who was Primary
kernel_gi() { kernel 'drbdadm get-gi r0' | grep '^[0-9A-F]\{16\}:' | cut -d: -f 1-4 | tr : '\n' | cut -c 1-15; }

# ---- our side ----

# ours_new: new metadata
ours_new() { mirror create-md --force --disk "$WORK/ours.img" >/dev/null; }

# ours_up OPTIONS...
ours_up() {
	TAIKI_RUN_DIR=$WORK/run ip netns exec "$NETNS" "$O/taiki-mirrord" --name r0 --disk "$WORK/ours.img" --local 10.99.0.1:7789 \
		--peer 10.99.0.2:7789 --connect-int 1 --protocol "${PROTOCOL:-C}" --ping-timeout 4000 \
		"$@" >>"$WORK/ours.log" 2>&1 3>&- &
	echo $! >"$WORK/ours.pid"
	await 20 test -S "$WORK/run/.mirror/r0/control.sock"
}

# mirror ARGUMENTS...: taiki-mirror
mirror() { TAIKI_RUN_DIR=$WORK/run "$O/taiki-mirror" "$@"; }

# ours_down: in order.  ours_cut: as if it had lost power, but for what this machine's kernel has taken.
ours_down() {
	mirror down r0
	await 20 ours_gone
}
ours_gone() { ! kill -0 "$(<"$WORK/ours.pid")" 2>/dev/null; }
ours_cut() {
	[[ -s $WORK/ours.pid ]] || return 0
	kill -9 "$(<"$WORK/ours.pid")" 2>/dev/null || true
	await 20 ours_gone
	rm -rf "$WORK/ours.pid" "$WORK/run/.mirror"
}

ours_state() { mirror status r0 --json 2>/dev/null | jq -r ".\"$1\""; }
ours_is() { [[ $(ours_state "$1") == "$2" ]]; }
ours_gi() { ours_state generations | jq -r '.[]' | cut -c 1-15; }

# ---- both ----

in_sync() {
	kernel_is cs Connected && kernel_is ds UpToDate/UpToDate && kernel_is oos 0 &&
		ours_is connection Connected && ours_is disk UpToDate && ours_is peer-disk UpToDate &&
		ours_is out-of-sync 0
}
# same: soon both are in sync, their disks are equal, and so is what both know of them
same() { await 120 equal; }
equal() {
	in_sync && cmp -n "$(ours_state size)" "$WORK/kernel.img" "$WORK/ours.img" &&
		[[ $(kernel_gi) == "$(ours_gi)" ]]
}

# ---- what tests do ----

# fresh OPTIONS...: new metadata on both sides, connected; nobody has data yet
fresh() {
	conf
	ours_new
	ours_up "$@"
	kernel_new >/dev/null
	await 60 ours_is connection Connected
}

# What becomes Primary so has the truth on its disk.
kernel_primary() { kernel 'drbdadm -- --overwrite-data-of-peer primary r0'; }
ours_primary() { mirror primary r0 --force; }
# paired SIDE OPTIONS...: fresh, SIDE is Primary, both have everything
paired() {
	local side=$1
	shift
	fresh "$@"
	"${side}_primary"
	await 120 in_sync
}

# kernel_writes SECONDS, ours_writes SECONDS: at random, several at once, up to 64 KiB, with flushes
kernel_writes() { kernel "blockload -m -d 8 -t $1 -s $RANDOM write /dev/drbd0" | jq -e '.requests > 0' >/dev/null; }
ours_writes() { blockload -m -d 8 -t "$1" -s $RANDOM write "$NBD" | jq -e '.requests > 0' >/dev/null; }

# swapped: whoever is Secondary becomes Primary
swapped() {
	if ours_is role Primary; then
		mirror secondary r0
		kernel 'drbdadm primary r0'
	else
		kernel 'drbdadm secondary r0'
		mirror primary r0
	fi
}

resyncs() { grep -c ': resync of ' "$WORK/ours.log" || true; }
full_resyncs() { grep -c ', all of it' "$WORK/ours.log" || true; }

# acked COUNT: so many writes were acknowledged at least
acked() { [[ $(wc -l <"$WORK/acks") -ge $1 ]]; }

# ---- the link ----

# link_cut to-us|to-kernel|both: what is sent there is lost, and nobody is told
link_cut() {
	local hook
	inside nft add table inet cut
	for hook in input output; do
		[[ $1/$hook == to-us/output || $1/$hook == to-kernel/input ]] ||
			inside nft add chain inet cut $hook "{ type filter hook $hook priority 0; policy accept; iifname != lo oifname != lo drop; }"
	done
}
link_mend() { inside nft delete table inet cut 2>/dev/null || true; }
