#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # common.bash sets and reads them
#
# What waits fails before it is needed, in guests that are Linux: the pool replaces it while
# the active writes on.  One cluster: each fault finds the guest where the last one left it.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/faults/standby.bash
load standby.bash

setup_file() { cluster_up; }
# A pool is nothing for the next file.
teardown_file() { TAIKI_FAULTS_SHARED="" cluster_down; }
setup() { [[ $BATS_TEST_NUMBER -eq 1 ]] || again; }

# pool_of NODE SIGNAL: to all that its pool is
pool_of() { lab pids "$1" taiki-poold | xargs -r kill "-$2"; }
# out_of_the_choice NODE: no twin is ready there, and none becomes ready: its pool stands still.  Where another was made
# meanwhile, that stands still, too, and is waited for.
out_of_the_choice() {
	unready_on "$1" || return 1
	pool_of "$1" STOP
	! unready_on "$1" || return 0
	pool_of "$1" CONT
	kill -STOP "$(twin_of "$1")"
	return 1
}

unready_on() { ! twin_ready "$(observer)" "$1" web; }
# renewed NODE PID: another twin than that one is ready there
renewed() { twin_ready "$(observer)" "$1" web && [[ $(twin_of "$1") != "$2" ]]; }

@test "a twin stands still, and then the active is lost: the twin that waits is preferred, the other replaced" {
	standby_up
	local there before other
	there=$(others | head -n 1)
	other=$(others | tail -n 1)
	before=$(twin_of "$there")
	must "what cannot be adopted is not preferred"
	inject "SIGSTOP to the twin on $there" kill -STOP "$before"
	eventually 120 out_of_the_choice "$there"
	took "no preference for $there"
	inject "SIGKILL to the active" kill -KILL "$(pid_of "$host")"
	recovered
	adopted
	[[ $(host_of) == "$other" ]]
	pool_of "$there" CONT
	eventually 240 renewed "$there" "$before"
	eventually 5 dead "$before"
	never_fenced
}

@test "the active is lost where its twin is missing and a spare waits: the spare is adopted" {
	local there
	there=$(others | head -n 1)
	standby_template "taiki.writer=10.71.255.254:7000" >"$(state)/shared/template.xml"
	lab exec node1 pcs constraint location pool-clone avoids "$(others | tail -n 1)"
	lab exec node1 pcs resource update pool domains= spares=1 template=/shared/template.xml
	waits() { spares_ready "$(observer)" "$there" 1 && unready_on "$there"; }
	eventually 240 waits
	must "the spare, which has said hello like any guest, becomes web; another one is made"
	inject "SIGKILL to the active" kill -KILL "$(pid_of "$host")"
	recovered
	adopted
	[[ $(host_of) == "$there" ]]
	eventually 240 spares_ready "$(observer)" "$there" 1
	took "another spare is ready there"
	never_fenced
}
