#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # common.bash sets and reads them
#
# Every guest of a host dies at once.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/faults/heartbeat.bash
load heartbeat.bash

setup_file() { cluster_up; }
teardown_file() {
	local n
	for n in 1 2 3 4 5 6; do
		lab exec node1 timeout 30 pcs resource delete "small$n" --force >/dev/null 2>&1 || true
	done
	cluster_down
}

# small_up: six guests that do nothing, on $host
small_up() {
	local n
	cp "$O/bench/flat" "$(state)/shared/flat"
	for n in 1 2 3 4 5 6; do
		cat >"$(state)/shared/small$n.xml" <<-END
			<domain type='kvm'>
			  <name>small$n</name>
			  <memory unit='MiB'>16</memory>
			  <os><type arch='x86_64'>hvm</type><kernel>/shared/flat</kernel></os>
			</domain>
		END
		cat <<-END
			primitive small$n ocf:taiki:domain params config=/shared/small$n.xml \\
			  op start timeout=60s interval=0 op stop timeout=20s interval=0 \\
			  op monitor interval=120s timeout=20s meta migration-threshold=INFINITY
			location small$n-here small$n 1000: $host
		END
	done >"$(state)/shared/small.crm"
	lab exec node1 timeout 60 crm -F configure load update /shared/small.crm >/dev/null 2>&1
}

# domains NODE: the processes of every domain there, sorted
domains() { lab pids "$1" hv-domain | sort; }
run_there() { [[ $(domains "$host" | wc -l) -ge $1 ]]; }
failures() {
	local n
	for n in 1 2 3 4 5 6; do
		lab exec "$(observer)" crm_failcount -G -r "small$n" -N "$host" 2>/dev/null
	done | grep -vc 'value=0$'
}
all_failed() { [[ $(failures) -eq 6 ]]; }

@test "every guest of a host killed at once: each failure is reported, each guest runs again" {
	guest_beats
	small_up 1 2 3 4 5 6
	eventually 60 run_there 7
	# Who is killed while it is being started has failed to start.
	eventually 60 settled
	run_there 7
	before=$(domains "$host")
	must "seven failures in one moment, and none is lost; no monitor is due for a minute"
	# shellcheck disable=SC2086 # a list
	inject "SIGKILL to seven hv-domain on $host" kill -KILL $before
	eventually 30 all_failed
	took "Pacemaker knew of the six small ones"
	eventually 50 run_there 6
	[[ -z $(comm -12 <(echo "$before") <(domains "$host")) ]]
	took "six run there again"
	recovered
	never_fenced
}
