# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # bench sets work
#
# A fence request for a guest on another host, against fence_virt.

bench_fence() {
	local kind value
	declare -A s=()
	libvirt_installed
	tests/bench/fence "$((ROUNDS * 2))" >"$work/fence" || say "not every fence request went well"
	while read -r kind value; do s[$kind]+=" $value"; done <"$work/fence"
	row fence-request ms less 1 "${s[ours-guest]:-}" "${s[theirs-guest]:-}"
	limit fence-request-limit ms 100 "${s[ours-guest]:-}"
	row fence-request-tls ms less 1 "${s[ours-client]:-}" "${s[theirs-client]:-}"
	limit fence-request-tls-limit ms 100 "${s[ours-client]:-}"
}

explain <<'END'
`fence-request`: from the start of the fence agent in a guest to its exit with success, the target on another host and
its process gone by then: `fence_taiki` through the guest's channel to `taiki-fenced`, in a guest on the soft engine,
against `fence_virt` through the guest's serial port to `fence_virtd` with its cpg backend, in a guest on QEMU's TCG; one
lab, in turns, stamped by the reader of the guest's console. Both agents are programs of the guest and run at its speed.
`fence-request-tls`: the same from the client host, which is no guest: TLS 1.3 with a pre-shared key against
`fence_virtd`'s TCP with a shared key, each asked of a third host. Ours has also written `target-role=Stopped` to the host
cluster before it answers, and asks for the status once more, as the fence agent API wants; the limits are the goal.
END

any fence-request{,-limit,-tls,-tls-limit} && bench_fence
