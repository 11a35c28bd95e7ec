# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # bench sets O, work
#
# What a standby costs its host: all of its memory against what its guest was left with. The guest of
# 81-standby-grow.bash has written to every page it has before it gives 1 GiB back.

# pss_all PID: KiB, the guest's memory as well
pss_all() { awk '/^Pss:/ { sum += $2 } END { print sum }' "/proc/$1/smaps_rollup"; }

bench_standby_memory() {
	local engine=soft i above='' pid
	[[ -w /dev/kvm ]] && engine=kvm
	balloon_domain standing $engine |
		sed "s|</taiki:engine>|&<taiki:standby memory='$((GROW_MIB - 1024))' unit='MiB'/>|" >"$work/standing.xml"
	for ((i = 0; i < ROUNDS; i++)); do
		hv start "$work/standing.xml" >/dev/null || return
		pid=$(<"$TAIKI_RUN_DIR/standing/pid")
		grow "$TAIKI_RUN_DIR/standing/qmp.sock" "$TAIKI_RUN_DIR/standing/console.log" 0 || return
		sleep 15
		above+=" $(($(pss_all "$pid") - ((GROW_MIB - 1024) << 10)))"
		hv destroy standing >/dev/null
	done
	limit standby-memory KiB 4096 "$above"
}

explain <<'END'
`standby-memory`: Pss of a standby, all of it, above the memory that the balloon has left its guest; the guest had written
to each of its pages before.
END

any standby-memory && bench_standby_memory
