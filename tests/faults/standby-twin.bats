#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # common.bash sets and reads them
#
# Faults around adoption on hosts that live: of the active, of what waits, of the agent that
# adopts, of the pool.  One cluster: each fault finds the guest where the last one left it.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/faults/standby.bash
load standby.bash

setup_file() { cluster_up; }
teardown_file() { cluster_down; }
setup() { [[ $BATS_TEST_NUMBER -eq 1 ]] || again; }

# Its beats are how anybody knows of a guest whose user space has died.
beats="<taiki:heartbeat timeout='15s' interval='1s' boot-grace='120s'/>"

@test "the active is killed on a living host: the twin elsewhere takes over" {
	standby_up "$beats"
	must "the twin on another host is adopted; nobody is fenced"
	inject "SIGKILL to hv-domain on $host" kill -KILL "$(pid_of "$host")"
	recovered
	adopted
	[[ $(host_of) != "$host" ]]
	never_fenced
}

# withdrawals NODE: how often its preference was, as is logged there
withdrawals() { lab exec "$1" grep -c "Setting taiki-twin-web\[$1\]: .* -> (unset)" /var/log/pacemaker/pacemaker.log || true; }

@test "a twin is killed while it waits: its host is no preference, and has a new one soon" {
	local there before withdrawn
	there=$(others | head -n 1)
	before=$(twin_of "$there")
	withdrawn=$(withdrawals "$there")
	must "the attribute ends with it; the active is not disturbed"
	inject "SIGKILL to the twin on $there" kill -KILL "$before"
	unready() { [[ $(withdrawals "$there") -gt $withdrawn ]]; } # the next twin may be ready before somebody looks
	eventually 10 unready
	took "no preference for $there"
	eventually 120 twin_ready "$(observer)" "$there" web
	took "a new twin is ready"
	[[ $(twin_of "$there") != "$before" ]]
	answers_unchanged
	never_fenced
}

@test "active and twins killed at once: started cold, once" {
	local twins
	mapfile -t twins < <(for n in $(others); do twin_of "$n"; done)
	must "no twin, no adoption: a boot"
	inject "SIGKILL to the active and to both twins" \
		kill -KILL "$(pid_of "$host")" "${twins[@]}"
	recovered
	never_fenced
}

# same_twins PROCESSES; twins_changed: what their pools say of that
same_twins() { [[ $(for n in $(others); do twin_of "$n"; done) == "$1" ]]; }
twins_changed() {
	local n
	for n in $(others); do
		echo "$n: now $(twin_of "$n")"
		lab exec "$n" sh -c 'tail -n 20 /var/log/taiki-poold.log; tail -n 5 /run/taiki/web@twin/log
			grep -h "pool.*reason\|pool_stop\|pool.*Result of" /var/log/pacemaker/pacemaker.log | tail -n 6'
	done
	return 1
}

@test "the pool is killed: it comes back, loses nothing and doubles nothing" {
	local before
	before=$(for n in $(others); do twin_of "$n"; done)
	[[ $(wc -l <<<"$before") -eq 2 ]]
	must "the twins that waited wait on, the same ones"
	inject "SIGKILL to every pool" pools_killed_and true
	eventually 60 pools_run
	took "the pools run again"
	eventually 60 twins_wait
	eventually 10 same_twins "$before" || twins_changed
	one_twin_each
	answers_unchanged
	never_fenced
}

@test "started by hand where its twin waits: refused, and neither of them is disturbed" {
	local there before
	there=$(others | head -n 1)
	before=$(twin_of "$there")
	must "hv refuses by name, adopting or not; the twin waits on"
	injected=$(now_ms)
	note "injected: hv start, and hv start --adopt, on $there"
	run lab exec "$there" timeout 30 hv start /shared/web.xml
	echo "$output"
	[[ $status -ne 0 && $output == *web* ]]
	run lab exec "$there" timeout 30 hv start --adopt /shared/web.xml
	echo "$output"
	[[ $status -ne 0 && $output == *web* ]]
	took "refused ($output)"
	during 3 answers_unchanged
	[[ $(copies) -eq 1 && $(twin_of "$there") == "$before" ]]
	eventually 10 twin_ready "$(observer)" "$there" web
	never_fenced
	history_is_clean
}

# stayed: it runs where it ran; else what the cluster knows of that
stayed() {
	[[ $(host_of) != "$host" ]] || return 0
	lab exec "$(observer)" crm_mon -1 -rfA --exclude=summary,nodes
	lab exec "$host" grep -hE 'domain\(web\)|Result of .* for web' /var/log/pacemaker/pacemaker.log | tail -n 20
	return 1
}

@test "the active is killed where a spare waits, and may be restarted there: it becomes the spare" {
	standby_template "taiki.writer=10.71.255.254:7000 $boot_args" "$beats" >"$(state)/shared/template.xml"
	lab exec "$host" pcs resource update pool spares=1 template=/shared/template.xml
	lab exec "$host" pcs resource meta web migration-threshold=INFINITY
	# Its stickiness ends with its stop; Pacemaker may choose anew before the start (docs/guide-standby.md).
	lab exec "$host" pcs constraint location web prefers "$host=200"
	eventually 120 spares_ready "$(observer)" "$host" 1
	settled
	must "its own host has it again, without a boot; nobody is fenced"
	inject "SIGKILL to hv-domain on $host" kill -KILL "$(pid_of "$host")"
	recovered
	adopted
	stayed
	eventually 120 spares_ready "$(observer)" "$host" 1
	lab exec "$host" pcs constraint delete "location-web-$host-200"
	never_fenced
}

# shrunk_too_far NODE...: its twin is asked for more than a guest can give (docs/guide-standby.md,
# "Limits"): it stops giving, or dies of it
too_little=24MiB
shrunk_too_far() {
	local node said
	for node; do
		said=$(lab exec "$node" timeout 30 hv set --force --timeout 5 web@twin memory=$too_little 2>&1) || true
		note "$node: ${said:-given}"
		lab exec "$node" hv info --json web@twin | jq -c '{asked: .memory.asked, reached: .memory.reached}' || true
	done
}

@test "a twin is shrunk too far: it waits on with what it needs, or is made anew" {
	local there
	there=$(others | head -n 1)
	must "its host is a preference in the end; the active is not disturbed"
	inject "the twin on $there is to live with $too_little" shrunk_too_far "$there"
	during 5 answers_unchanged
	eventually 120 twin_ready "$(observer)" "$there" web
	took "a twin is ready"
	one_twin_each
	answers_unchanged
	never_fenced
}

@test "twins are shrunk too far, and the active is killed at once: one copy answers in the end" {
	must "adopted or booted, once; nobody is fenced"
	# shellcheck disable=SC2046 # a list
	shrunk_too_far $(others)
	inject "SIGKILL to the active" kill -KILL "$(pid_of "$host")"
	recovered
	one_twin_at_most
	never_fenced
}
