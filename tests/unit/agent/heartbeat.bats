#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ocf:taiki:heartbeat with the real taiki-heartbeatd.

# bats sets $stderr.
# shellcheck disable=SC2154
bats_require_minimum_version 1.5.0
load domain.bash

setup_file() {
	find_build
	export AGENT=$O/resource-agents/heartbeat
	export TAIKI_HEARTBEATD=$O/taiki-heartbeatd TAIKI_CGROUP=taiki-agent-bats.slice
}

setup() {
	export TAIKI_RUN_DIR=$BATS_TEST_TMPDIR/run
	mkdir -p "$TAIKI_RUN_DIR"
	export OCF_RESOURCE_INSTANCE=hb:0 OCF_RESKEY_CRM_meta_timeout=20000
	export OCF_RESKEY_CRM_meta_interval=10000 OCF_RESKEY_logfile=$BATS_TEST_TMPDIR/log
}

teardown() {
	local pid
	pid=$(daemon)
	[[ -z $pid ]] || kill -KILL "$pid" 2>/dev/null || true
}

agent() { timeout 60 "$AGENT" "$@"; }
monitor_says() {
	local rc=0
	agent monitor 2>/dev/null || rc=$?
	[[ $rc -eq $1 ]]
}
daemon() { cat "$TAIKI_RUN_DIR/.heartbeatd.lock" 2>/dev/null || true; }
@test "its metadata fits the schemas of resource-agents and pcs, and the 1.0 DTD" {
	agent_metadata_fits
}

@test "ocf-tester finds nothing to complain about" {
	run -0 ocf-tester -n hb -o logfile="$OCF_RESKEY_logfile" "$AGENT"
}

@test "Pacemaker's tools, pcs and crm read, validate and clone it" {
	# shellcheck disable=SC2016
	run -0 unshare -m sh -ec '
		mount -t tmpfs none /usr/lib/ocf/resource.d && mkdir /usr/lib/ocf/resource.d/taiki
		cp "$AGENT" /usr/lib/ocf/resource.d/taiki/
		crm_resource --show-metadata ocf:taiki:heartbeat | grep -q "<version>1.1</version>"
		pcs resource describe ocf:taiki:heartbeat | grep -q logfile
		crm_resource --validate --class ocf --provider taiki --agent heartbeat logfile=/tmp/x
		! crm_resource --validate --class ocf --provider taiki --agent heartbeat logfile=x
		cd "$BATS_TEST_TMPDIR"
		cibadmin --empty >cib.xml
		pcs -f cib.xml resource create hb ocf:taiki:heartbeat clone
		CIB_file=$PWD/cib.xml crm -F configure primitive hb2 ocf:taiki:heartbeat \
			op monitor interval=10s timeout=20s
		CIB_file=$PWD/cib.xml crm -F configure clone c-hb2 hb2
		cat cib.xml'
	[[ $output == *'<clone id="hb-clone"'* && $output == *'<clone id="c-hb2"'* ]]
}

@test "start, monitor and stop, each of them twice" {
	run -7 agent monitor
	run -0 agent stop
	run -0 agent start
	pid=$(daemon)
	lives "$pid"
	run -0 agent monitor
	run -0 agent start
	[[ $(daemon) -eq $pid ]]
	run -0 agent stop
	run ! lives "$pid"
	run -7 agent monitor
	run -0 agent stop
	grep -q "watching $TAIKI_RUN_DIR" "$OCF_RESKEY_logfile"
}

@test "the daemon has a session and a control group of its own, and nothing of the agent's" {
	SECRET=1 agent start
	pid=$(daemon)
	[[ $(ps -o sid= -p "$pid") -eq $pid ]]
	grep -q 'taiki-agent-bats.slice/.heartbeatd$' "/proc/$pid/cgroup"
	run ! grep -qzE "^(SECRET|OCF_)" "/proc/$pid/environ"
	agent stop
	run ! grep -rqs . /sys/fs/cgroup/*/taiki-agent-bats.slice/.heartbeatd/cgroup.procs
}

@test "a daemon that was killed is not running; the next start makes another one" {
	agent start
	kill -KILL "$(daemon)"
	# Its lock is free once its last process is gone.
	until_true 10 monitor_says 7
	run -7 agent monitor
	run -0 agent start
	run -0 agent monitor
	run -0 agent stop
}

@test "a daemon that hangs fails its monitor within the timeout, and a stop ends it" {
	agent start
	pid=$(daemon)
	kill -STOP "$pid"
	export OCF_RESKEY_CRM_meta_timeout=3000
	run -1 --separate-stderr agent monitor
	[[ $stderr == *"ocf-exit-reason:taiki-heartbeatd (pid $pid) does not answer"* ]]
	# A start does not take it for well, and does not make a second one.
	run -1 --separate-stderr agent start
	[[ $(daemon) -eq $pid ]]
	OCF_RESKEY_CRM_meta_timeout=20000 run -0 agent stop
	run ! lives "$pid"
	run -7 agent monitor
}

@test "one that was started by hand is watched and ended as well" {
	"$TAIKI_HEARTBEATD" 2>"$BATS_TEST_TMPDIR/by-hand" 3>&- &
	pid=$!
	until_true 20 grep -q watching "$BATS_TEST_TMPDIR/by-hand"
	run -0 agent monitor
	run -0 agent start
	[[ $(daemon) -eq $pid ]]
	run -0 agent stop
	run ! lives "$pid"
}

# What tells that systemd runs it is the control group of its unit, made here.
@test "one that systemd runs is adopted by start, let go by stop, and never ended" {
	group=$(sed -n 's/.* \(\/[^ ]*\) [^ ]* - cgroup2 .*/\1/p' /proc/self/mountinfo | head -n 1)
	[[ -n $group ]]
	group+=/taiki-agent-bats-$$/taiki-heartbeatd.service
	mkdir -p "$group"
	# shellcheck disable=SC2016
	sh -c 'echo 0 >"$1/cgroup.procs" && exec "$TAIKI_HEARTBEATD"' - "$group" \
		2>"$BATS_TEST_TMPDIR/unit" 3>&- &
	pid=$!
	until_true 20 grep -q watching "$BATS_TEST_TMPDIR/unit"
	run -7 agent monitor # nobody has adopted it
	run -0 --separate-stderr agent start
	[[ $stderr == *"systemd runs taiki-heartbeatd already (pid $pid); adopted"* ]]
	run -0 agent monitor
	run -0 --separate-stderr agent stop
	[[ $stderr == *"is systemd's and runs on"* ]]
	run -7 agent monitor
	lives "$pid"
	kill "$pid"
	wait "$pid" || true
	until_true 10 rmdir "$group" "${group%/*}"
}

@test "what cannot be started says why" {
	TAIKI_HEARTBEATD=/nowhere run -5 --separate-stderr agent start
	[[ $stderr == *'ocf-exit-reason:/nowhere: No such file or directory; is Taiki installed?'* ]]
	OCF_RESKEY_logfile=relative run -6 --separate-stderr agent start
	[[ $stderr == *"logfile 'relative' is not an absolute path"* ]]
	OCF_RESKEY_logfile=/nowhere/log run -2 agent start
	printf '#!/bin/sh\necho because >&2\nexit 1\n' >"$BATS_TEST_TMPDIR/fails"
	chmod 755 "$BATS_TEST_TMPDIR/fails"
	TAIKI_HEARTBEATD=$BATS_TEST_TMPDIR/fails run -1 --separate-stderr agent start
	[[ $stderr == *"ended with status 1 at its start; see $OCF_RESKEY_logfile"* ]]
	grep -q because "$OCF_RESKEY_logfile"
	printf '#!/bin/sh\nexec sleep 60\n' >"$BATS_TEST_TMPDIR/fails"
	OCF_RESKEY_CRM_meta_timeout=3000 TAIKI_HEARTBEATD=$BATS_TEST_TMPDIR/fails \
		run -1 --separate-stderr agent start
	[[ $stderr == *'was not ready in time'* ]]
	run -7 agent monitor
}

@test "a monitor forks nothing" {
	agent start
	run -0 strace -f -qq -e trace=process -o "$BATS_TEST_TMPDIR/trace" "$AGENT" monitor
	run ! grep -qE 'clone|fork' "$BATS_TEST_TMPDIR/trace"
	agent stop
}
