# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # bench sets O, work
#
# hv plan: 16 hosts, 1,280 domains, every loss of one and of two.

bench_standby_plan() {
	local i ours='' cib=$work/plan.xml began
	tests/unit/plan/random-cib 1 hosts=16 domains=1280 placed capacity=25000 twins >"$cib"
	for ((i = 0; i < ROUNDS; i++)); do
		began=$(date +%s%N)
		"$O/hv" plan --cib "$cib" --losses 2 >"$work/plan.out"
		[[ $(grep -c '^node' "$work/plan.out") -eq 136 ]] || return
		ours+=" $(milli $(($(date +%s%N) - began)))"
	done
	limit standby-plan ms 1000 "$ours"
	rm -f "$cib" "$work/plan.out"
}

explain <<'END'
`standby-plan`: `hv plan --losses 2` for 16 hosts and 1,280 domains, all of it: reading 13 MB of configuration and
status, unpacking 1,280 definitions, and 136 losses placed as Pacemaker places them.
END

any standby-plan && bench_standby_plan
