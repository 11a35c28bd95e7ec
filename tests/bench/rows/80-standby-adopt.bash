# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # bench sets O, work
#
# Adoption by itself: the agent's start where a twin waits, without a cluster around it.

# adopting WHAT N: adopt.py in a network of its own
adopting() { O=$O timeout 900 unshare -n python3 tests/bench/adopt.py "$@"; }

bench_standby_adopt() {
	local told cpu all='' took=''
	while read -r told cpu; do
		all+=" $told" took+=" $cpu"
	done < <(adopting alone 100)
	limit standby-adopt ms 20 "$all"
	# shellcheck disable=SC2086 # a list
	limit standby-adopt-worst ms 50 "${all:+$(stat most $all)}"
	part standby-adopt-cpu ms "$took"
}

bench_standby_burst() {
	local i told ended cpu all='' last='' took=''
	for ((i = 0; i < ROUNDS; i++)); do
		read -r told ended cpu < <(adopting burst 80) || return
		all+=" $told" last+=" $ended" took+=" $cpu"
	done
	limit standby-burst ms 3000 "$all"
	part standby-burst-ended ms "$last"
	part standby-burst-cpu ms "$took"
}

explain <<'END'
`standby-adopt`: the agent's start called, until guard, disks, CPU and link are done and the role message is sent; a
flat guest's twin with one disk of its own, one active-only disk and one active-only interface. `standby-adopt-worst` is the
worst of the 100, `standby-adopt-cpu` what the agent took of processors. `standby-burst`: 80 of them at once, until the last one's role message, and until the last agent has
ended, and what each agent took of processors; none lost, none twice.
END

any standby-adopt standby-adopt-worst standby-adopt-cpu && bench_standby_adopt
any standby-burst standby-burst-ended standby-burst-cpu && bench_standby_burst
