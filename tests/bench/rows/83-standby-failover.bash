# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # bench sets O, guest, work
#
# The same loss of a host with something waiting and without, taken apart: from the demo's
# third act.  $FENCINGS: how slow fencing is, in seconds, each for its own.

FENCINGS=${FENCINGS:-0 5 15}

# bench_standby WHAT LABEL GOAL: one cluster, all rounds, cold and adopted in turns
bench_standby() {
	local p v slow out=$work/$2.times
	declare -A s=()
	ACTS=3 STANDBY=$1 SLOW=$FENCINGS ROUNDS=$ROUNDS TIMES=$out tests/lab/demo >"$out.log" 2>&1 || {
		cp "$out.log" "$O/demo.log"
		say "the demo failed: $(tail -n 1 "$out.log"); what it printed is in $O/demo.log"
	}
	while read -r p v; do s[$p]+=" $v"; done < <(cat "$out" 2>/dev/null)
	for slow in $FENCINGS; do
		limit "standby-$2-$slow-rest" ms 1000 "${s[$2-$slow-rest]:-}"
		row "standby-$2-$slow" ms less "$3" "${s[$2-$slow-rest]:-}" "${s[cold-$slow-rest]:-}"
		for p in detection fencing decision start answer total; do
			pair "standby-$2-$slow-$p" ms "${s[$2-$slow-$p]:-}" "${s[cold-$slow-$p]:-}"
		done
	done
}

bench_standby_hot() {
	bench_standby twin hot 5
}
bench_standby_warm() {
	bench_standby spare warm 3
}

explain <<'END'
`standby-hot-N`, `standby-warm-N`: a host's power cut with N s slow fencing, from the order to start to the first HTTP answer,
adopting a twin or a spare, against a cold start of the same guest in the same cluster. Below each its parts, ours and cold:
membership, fencing and Pacemaker's decision are the same for both and not Taiki's; `start` and `answer` are what remains.
END

any standby-hot && bench_standby_hot
any standby-warm && bench_standby_warm
