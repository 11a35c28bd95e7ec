# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # bench sets O, guest, work
#
# The same loss of a host with something waiting and without, taken apart: from the demo's
# third act.  $FENCINGS: how slow fencing is, in seconds, each for its own.

FENCINGS=${FENCINGS:-0 5 15}

# bench_standby WHAT LABEL GOAL
bench_standby() {
	local i p v out slow
	for slow in $FENCINGS; do
		declare -A s=()
		for ((i = 0; i < ROUNDS; i++)); do
			out=$work/$2.$slow.$i
			ACTS=3 STANDBY=$1 SLOW=$slow TIMES=$out tests/lab/demo >"$out.log" 2>&1 || {
				say "the demo failed: $(tail -n 3 "$out.log")"
				continue
			}
			while read -r p v; do s[$p]+=" $v"; done <"$out"
		done
		limit "standby-$2-$slow-rest" ms 1000 "${s[$2-rest]:-}"
		row "standby-$2-$slow" ms less "$3" "${s[$2-rest]:-}" "${s[cold-rest]:-}"
		for p in detection fencing decision start answer total; do
			pair "standby-$2-$slow-$p" ms "${s[$2-$p]:-}" "${s[cold-$p]:-}"
		done
		unset s
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
