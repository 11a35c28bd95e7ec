# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # bench sets O, guest, work
#
# A host's power cut, taken apart: from the demo.

bench_failover() {
	local i p out
	declare -A s=()
	for ((i = 0; i < ROUNDS; i++)); do
		out=$work/failover.$i
		ACTS=1 TIMES=$out tests/lab/demo >"$out.log" 2>&1 || {
			say "the demo failed: $(tail -n 3 "$out.log")"
			continue
		}
		while read -r p v; do s[$p]+=" $v"; done <"$out"
	done
	for p in detection fencing decision start boot total; do
		part "failover-cold-$p" ms "${s[$p]:-}"
	done
}

explain <<'END'
`failover-cold-*`: the parts of a host's failover, from the demo; they add up to the total.
END

any failover-cold-{detection,fencing,decision,start,boot,total} && bench_failover
