# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # bench sets O, work
#
# A standby that grows by 1 GiB: a flat guest with a balloon driver, against QEMU. Where the
# machine has KVM both use it, else both are in software.

GROW_MIB=1152 # 64 MiB that stay, 64 MiB to spare, and the balloon's

# balloon_domain NAME ENGINE: its definition on stdout
balloon_domain() {
	domain "$1" "$2" "$GROW_MIB" "$O/bench/balloon" | sed "s/<memballoon model='none'/<memballoon model='virtio'/"
}

# grow SOCKET CONSOLE ROUNDS: both columns of grow.py
grow() {
	timeout 900 python3 tests/bench/grow.py "$1" "$2" $((GROW_MIB << 20)) $(((GROW_MIB - 1024) << 20)) "$3"
}

bench_standby_grow() {
	local engine=soft accel=(-accel tcg -cpu max) pid
	[[ -w /dev/kvm ]] && engine=kvm accel=(-accel kvm -cpu qemu64)
	balloon_domain grow $engine >"$work/grow.xml"
	hv start "$work/grow.xml" >/dev/null || return
	grow "$TAIKI_RUN_DIR/grow/qmp.sock" "$TAIKI_RUN_DIR/grow/console.log" $((ROUNDS * 2)) >"$work/grow.ours"
	hv destroy grow >/dev/null
	qemu-system-x86_64 -M pc "${accel[@]}" -m "$GROW_MIB" -nodefaults -no-user-config -display none \
		-object "memory-backend-memfd,id=m,size=${GROW_MIB}M" -machine memory-backend=m \
		-kernel "$O/bench/balloon" -device virtio-balloon-pci,disable-legacy=on -serial "file:$work/grow.console" \
		-qmp "unix:$work/grow.sock,server,nowait" 2>/dev/null &
	pid=$!
	grow "$work/grow.sock" "$work/grow.console" $((ROUNDS * 2)) >"$work/grow.theirs"
	kill "$pid"
	wait "$pid" 2>/dev/null
	row standby-grow ms less 1 "$(cut -d' ' -f1 "$work/grow.ours" | xargs)" "$(cut -d' ' -f1 "$work/grow.theirs" | xargs)"
	pair standby-grow-used ms "$(cut -d' ' -f2 "$work/grow.ours" | xargs)" "$(cut -d' ' -f2 "$work/grow.theirs" | xargs)"
}

explain <<'END'
`standby-grow`: QMP `balloon` to the target being reached, 1 GiB more, flat guest with a balloon driver (the kvm
engine where the machine has it, else software on both sides); `standby-grow-used`: until the guest has written to
each page that came back.
END

any standby-grow standby-grow-used && bench_standby_grow
