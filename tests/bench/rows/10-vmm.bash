# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # bench sets O, guest, work
#
# hv-domain's start and memory against QEMU's microvm.

qemu_flat() {
	exec qemu-system-x86_64 -M microvm -accel kvm -cpu qemu64 -m 64 -nodefaults -no-user-config \
		-display none -object memory-backend-memfd,id=m,size=64M -machine memory-backend=m \
		-kernel "$O/bench/flat" "$@"
}

bench_vmm_start() {
	local i ours='' theirs='' out=$work/console n=$((ROUNDS * 5))
	flat_config flat
	for ((i = 0; i < n; i++)); do
		rm -f "$TAIKI_RUN_DIR/flat/console.log" "$out"
		mkdir -p "$TAIKI_RUN_DIR/flat"
		ours+=" $(milli "$(stamp -t 20 -f "$TAIKI_RUN_DIR/flat/console.log" -e 'x=!' -- \
			hv-domain --config-fd 8 --status-fd 9 flat 8<"$work/flat.json" 9>/dev/null 2>/dev/null |
			cut -d' ' -f2)")"
		theirs+=" $(milli "$(stamp -t 20 -f "$out" -e 'x=!' -- \
			qemu-system-x86_64 -M microvm -accel kvm -cpu qemu64 -m 64 -nodefaults \
			-no-user-config -display none -kernel "$O/bench/flat" -serial "file:$out" 2>/dev/null |
			cut -d' ' -f2)")"
	done
	row vmm-start ms less 10 "$ours" "$theirs"
}

bench_vmm_memory() {
	local i ours='' theirs='' pid
	flat_config flatm
	for ((i = 0; i < ROUNDS; i++)); do
		hv start "$work/flatm.xml" >/dev/null || return
		sleep 1
		ours+=" $(pss "$(<"$TAIKI_RUN_DIR/flatm/pid")")"
		hv destroy flatm >/dev/null
		qemu_flat -serial null 2>/dev/null &
		pid=$!
		sleep 1
		theirs+=" $(pss "$pid")"
		kill "$pid"
		wait "$pid" 2>/dev/null
	done
	row vmm-memory KiB less 10 "$ours" "$theirs"
	limit vmm-memory-kvm KiB 3072 "$ours"
}

explain <<'END'
`vmm-start`: process start to the effect of the guest's first instruction, flat guest, kvm engine, against
QEMU's microvm. `vmm-memory`: Pss without the guest's memory.
END

any vmm-start && bench_vmm_start
any vmm-memory vmm-memory-kvm && bench_vmm_memory
