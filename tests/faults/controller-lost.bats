#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # common.bash sets and reads them
#
# A guest fails while the one who has to be told is away.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/faults/heartbeat.bash
load heartbeat.bash

setup_file() { cluster_up; }
teardown_file() { cluster_down; }

dc() { lab exec "$1" crmadmin -D 2>/dev/null | sed -n 's/.*: \(node[0-9]*\).*/\1/p'; }

@test "the controller is killed, then the guest: the report is repeated until somebody takes it" {
	guest_beats
	must "the guest runs again, though the first report found nobody"
	inject "SIGKILL to pacemaker-controld, then to hv-domain on $host" \
		kill -KILL "$(process "$host" pacemaker-contro)" "$(pid_of "$host")"
	recovered
}

@test "agent, heartbeat and administrator report the same failure: it is recovered, and runs once" {
	again
	# A report by hand may come after the move, and then Pacemaker makes sure that only one runs.
	must "the guest runs once"
	inject "SIGKILL to hv-domain on $host" kill -KILL "$(pid_of "$host")"
	lab exec "$host" timeout 10 crm_resource --fail -r web -N "$host" >/dev/null 2>&1 &
	lab exec "$host" timeout 20 crm_resource --force-check -r web >/dev/null 2>&1 || true
	wait $! || true
	# The report by hand may be taken up after the other's recovery: then what is settled is unsettled once more.
	eventually 60 settled
	eventually 60 answers_anew
	eventually 60 settled
	recovered
	never_fenced
}

@test "the DC is the victim: the guest's failure on it and its own end are both survived" {
	again
	local now
	dc_is_known() { now=$(dc "$host") && [[ $now == node* ]]; }
	eventually 30 dc_is_known
	if [[ $now != "$host" ]]; then
		moved() { [[ $(host_of) == "$now" ]] && answers; }
		ordered() { moved || lab exec "$host" timeout 30 crm_resource --move -r web -N "$now"; }
		eventually 30 ordered
		eventually 60 moved
		asked crm_resource --clear -r web
		again
	fi
	must "the guest runs on another host, after the DC was fenced"
	kill -KILL "$(pid_of "$host")"
	inject "SIGKILL to hv-domain on $host, which is the DC, and its power is cut" lab power-off "$host"
	recovered
}
