#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ocf:taiki:pool and taiki-poold killed at each step of what they do, and ledgers that cannot be
# believed under a pool that lives.  Guests of one page, no cluster.

# bats sets $stderr; pool.bash sets $dir.
# shellcheck disable=SC2154
bats_require_minimum_version 1.5.0
load domain.bash
load pool.bash

setup_file() {
	find_build
	export AGENT=$O/resource-agents/pool TAIKI_POOLD=$O/taiki-poold
	export TAIKI_HEARTBEAT_REPORTER=$O/taiki-heartbeat-reporter
	make_roms
}
setup() {
	pool_setup
	export OCF_RESKEY_ready_after=50ms
}
teardown() { pool_teardown; }

# dies_at CALLS N COMMAND...: killed before its N-th of these system calls
dies_at() {
	timeout 60 strace -qq -o /dev/null -e trace="$1" -e inject="$1:signal=KILL:when=$2" "${@:3}"
}
# mortal CALLS N: the next daemon dies before its N-th of these system calls
mortal() {
	cat >"$dir/mortal" <<-END
		#!/bin/sh
		exec strace -D -qq -o /dev/null -e trace=$1 -e inject=$1:signal=KILL:when=$2 "$O/taiki-poold"
	END
	chmod 755 "$dir/mortal"
}
# mortal_jobs CALLS N: the same of whatever the next daemon starts, and not of itself
mortal_jobs() {
	cat >"$dir/mortal" <<-END
		#!/bin/sh
		exec strace -D -f -qq -o /dev/null -e trace=$1 -e inject=$1:signal=KILL:when=$2 "$O/taiki-poold"
	END
	chmod 755 "$dir/mortal"
}
poold_lives() { local pid; pid=$(poold) && [[ -n $pid ]] && lives "$pid"; }
poold_dead() { ! poold_lives; }
dead_or_ready() { poold_dead || ready "$@"; }

# taken_over NAME...: the next daemon has exactly these, and the stop ends them
taken_over() {
	until_true 60 takes_over "$@"
	run -0 agent stop
	nothing_runs
	local name
	for name; do gone "$name"; done
}
takes_over() {
	agent monitor 2>/dev/null || true
	ready "$@"
}

@test "the daemon killed at each of its steps: its successor has every guest once" {
	export OCF_RESKEY_domains='a b' OCF_RESKEY_boots=2
	local calls n killed=0
	domain a
	domain b
	for calls in clone rename sendto pidfd_open inotify_add_watch; do
		for n in 1 2 4; do
			mortal $calls $n
			TAIKI_POOLD=$dir/mortal agent start 2>/dev/null || true
			until_true 30 dead_or_ready a@twin b@twin
			# it may die while it is looked at
			if poold_dead || ! kill -KILL "$(poold)"; then killed=$((killed + 1)); fi
			until_true 10 poold_dead
			[[ $(running) -le 2 ]]
			taken_over a@twin b@twin
		done
	done
	echo "killed $killed times"
	[[ $killed -ge 8 ]]
}

@test "what makes a standby killed at each of its steps: made again, once, and nothing is left" {
	export OCF_RESKEY_domains=a
	local calls n
	domain a
	for calls in mkdir execve rename; do
		for n in 1 2 3; do
			mortal_jobs $calls $n
			TAIKI_POOLD=$dir/mortal agent start 2>/dev/null || true
			sleep 0.5
			! poold_lives || kill -KILL "$(poold)" || true # it may die by itself
			until_true 10 poold_dead
			[[ $(running) -le 1 ]]
			taken_over a@twin
		done
	done
}

@test "the agent killed at each step of its start: started again, everything is there once" {
	export OCF_RESKEY_domains='a b' OCF_RESKEY_boots=2
	local calls n rc killed=0
	domain a
	domain b
	for calls in rename clone connect,sendto unlink; do
		for ((n = 1; n < 30; n++)); do
			rc=0
			dies_at $calls $n "$AGENT" start || rc=$?
			[[ $rc -eq 137 ]] || break
			killed=$((killed + 1))
			run -0 agent start
			until_true 30 ready a@twin b@twin
			run -0 agent stop
			nothing_runs
		done
		[[ $rc -eq 0 ]]
		run -0 agent stop
	done
	echo "killed $killed times"
	[[ $killed -ge 3 ]]
}

@test "the agent killed at each step of its stop: the next stop proves it, and nothing is left" {
	export OCF_RESKEY_domains='a b' OCF_RESKEY_boots=2
	local calls n rc killed=0
	domain a
	domain b
	for calls in pidfd_send_signal unlink clone wait4 rename; do
		for ((n = 1; n < 30; n++)); do
			agent start
			until_true 30 ready a@twin b@twin
			rc=0
			dies_at $calls $n "$AGENT" stop || rc=$?
			[[ $rc -eq 137 ]] || break
			killed=$((killed + 1))
			run -0 agent stop
			nothing_runs
			gone a@twin
			gone b@twin
			OCF_RESKEY_CRM_meta_interval=0 run -7 agent monitor
		done
		[[ $rc -eq 0 ]]
		nothing_runs
	done
	echo "killed $killed times"
	[[ $killed -ge 5 ]]
}

@test "the agent killed at each step of its reload: the next one takes it over" {
	export OCF_RESKEY_domains=a
	local calls n rc killed=0 a pid
	domain a
	domain b
	agent start
	until_true 30 ready a@twin
	a=$(pid_of a@twin) pid=$(poold)
	for calls in rename connect,sendto; do
		for ((n = 1; n < 30; n++)); do
			rc=0
			OCF_RESKEY_domains='a b' dies_at $calls $n "$AGENT" reload-agent || rc=$?
			[[ $rc -eq 137 ]] || break
			killed=$((killed + 1))
			OCF_RESKEY_domains='a b' run -0 agent reload-agent
			until_true 30 ready a@twin b@twin
			run -0 agent reload-agent
			until_true 30 ready a@twin
			until_true 10 gone b@twin
		done
		[[ $rc -eq 0 ]]
	done
	[[ $(pid_of a@twin) -eq $a && $(poold) -eq $pid ]]
	echo "killed $killed times"
	[[ $killed -ge 2 ]]
}

@test "a twin that heartbeat found failed is ended with proof and made anew" {
	export OCF_RESKEY_domains=web
	local pid
	domain web
	agent start
	until_true 30 ready web@twin
	pid=$(pid_of web@twin)
	(
		cd "$TAIKI_RUN_DIR/web@twin"
		echo "failed since now: silent, incarnation $(cat incarnation)" >.v
		mv .v verdict
	)
	until_true 30 grep -q 'web@twin is ended: its guest is lost' "$dir/log"
	until_true 30 grep -q 'web@twin: ended: heartbeat found it failed' "$dir/log"
	until_true 30 ready web@twin
	run ! lives "$pid"
}

# --- the ledger under a pool that lives ---

with_ledger() {
	export TAIKI_HOST_CONF=$dir/host.conf OCF_RESKEY_domains='web db'
	echo 'memory = 64MiB' >"$TAIKI_HOST_CONF"
	local name
	for name in web db; do
		domain $name 1 "<taiki:standby memory='8' unit='MiB'/>" "<memballoon model='virtio'/>"
	done
	agent start
	until_true 30 ready web@twin db@twin
	web=$(pid_of web@twin) db=$(pid_of db@twin)
	until_true 10 all_booked
}
entry() { "$O/hv" ledger --json | jq -r ".domains[] | select(.name == \"$1\") | .$2"; }
all_booked() { [[ $(entry web@twin state) == running && $(entry db@twin state) == running ]]; }
looked() {
	agent monitor 2>/dev/null || true
	all_booked && undisturbed
}
# undisturbed: the same guests, and what they will be once they are adopted
undisturbed() {
	ready web@twin db@twin && [[ $(pid_of web@twin) -eq $web && $(pid_of db@twin) -eq $db ]] &&
		[[ $(entry web@twin full.memory) -eq $((16 << 20)) && $(entry db@twin full.memory) -eq $((16 << 20)) ]]
}

@test "entries cut short, emptied, of an earlier start, or removed: counted in full, and put right by the pool" {
	with_ledger
	local how
	cp "$TAIKI_RUN_DIR/web@twin/ledger" "$dir/earlier"
	kill -KILL "$web"
	another() { ready web@twin db@twin && [[ $(pid_of web@twin) -ne $web ]]; }
	until_true 30 another
	web=$(pid_of web@twin)
	until_true 30 looked
	# A look that was begun before may put it right at once; then it is damaged again.
	counted_in_full() {
		$how "$TAIKI_RUN_DIR/web@twin/ledger"
		"$O/hv" ledger --json | jq -e --argjson full $((16 << 20)) \
			'.domains[] | select(.name == "web@twin") | .state == "unbooked" and .now.memory >= $full'
	}
	for how in 'truncate -s 20' 'truncate -s 0' "cp $dir/earlier" 'rm -f'; do
		echo "$how"
		until_true 30 counted_in_full
		until_true 30 looked
	done
}

@test "entries written by several at once, under the pool's own looks: each is whole, and none is lost" {
	with_ledger
	local i pids=()
	for i in 1 2 3; do
		(
			exec 3>&-
			for _ in {1..60}; do "$O/hv" ledger --relax >/dev/null || exit 1; done
		) &
		pids+=($!)
	done
	for i in {1..40}; do
		all_booked
		! ((i % 8)) || continue
		agent monitor >/dev/null
	done
	for i in "${pids[@]}"; do wait "$i"; done
	undisturbed
	run -0 agent stop
	[[ $("$O/hv" ledger --json | jq '.domains | length') -eq 0 ]]
}
