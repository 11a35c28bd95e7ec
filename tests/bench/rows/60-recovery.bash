# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # bench sets work
#
# A guest's hypervisor is killed: whole recovery, against VirtualDomain.

bench_recovery() {
	local kind part value p
	declare -A s=()
	libvirt_installed
	# Samples of rounds that went well count, also when another did not.
	tests/bench/recovery "$ROUNDS" >"$work/recovery" || say "not every round of recovery went well"
	while read -r kind part value; do s[$kind-$part]+=" $value"; done <"$work/recovery"
	row heartbeat-recovery-10s ms less 5 "${s[ours-total]:-}" "${s[vd10-total]:-}"
	row heartbeat-recovery-1s ms less 1 "${s[ours-total]:-}" "${s[vd1-total]:-}"
	for p in detect stop start boot; do
		pair heartbeat-$p-10s ms "${s[ours-$p]:-}" "${s[vd10-$p]:-}"
		pair heartbeat-$p-1s ms "${s[ours-$p]:-}" "${s[vd1-$p]:-}"
	done
}

explain <<'END'
`heartbeat-recovery-10s`, `-1s`: SIGKILL to a guest's hypervisor until the guest answers HTTP again, on another
host: `ocf:taiki:domain` (polled every 10 s in both rows) on the soft engine against `ocf:heartbeat:VirtualDomain`
with libvirt and QEMU's TCG, polled every 10 s and every second; one lab, the same kernel, initrd, disk and
address, `migration-threshold=1`, in turns. The kill falls at random into equal parts of the time between two
polls, one part a round. The rows `heartbeat-detect-*` (kill until the cluster orders something because of it),
`-stop-*` (until it orders the start), `-start-*` (until it has the start's result) and `-boot-*` (the rest: most
of the guest's own boot, on either engine) are its parts.
END

any heartbeat-{recovery,detect,stop,start,boot}-{10s,1s} && bench_recovery
