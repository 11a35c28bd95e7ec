#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # common.bash sets and reads them
#
# An adoption is interrupted at each of its steps: the agent is killed, hv-domain is, or the
# power of their host is cut.  Each step has one of the three here, TAIKI_EVERY=1 gives each step all
# of them; tests/unit/agent/adopt.bats has every call in between.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/faults/standby.bash
load standby.bash

setup_file() { cluster_up; }
teardown_file() { cluster_down; }
setup() { [[ $BATS_TEST_NUMBER -eq 1 ]] || again; }

agent=/usr/lib/ocf/resource.d/taiki/domain

# badly NODE: its agent's next start, where $(state)/bmc/adopter says how, is an adoption that
# goes wrong there: once, on the host that comes first
badly() {
	# In one step: somebody may be asking it.
	lab exec "$1" sh -c "cat >$agent.new && chmod 755 $agent.new && mv $agent.new $agent" <<-END
		#!/bin/sh
		there=/run/taiki-lab/adopter
		if [ "\$1" = start ] && mv \$there \$there.\$(hostname) 2>/dev/null; then
			read -r how <\$there.\$(hostname)
			# Killed, it is the agent that was killed; undone, the agent goes on as it would.
			$O/tests/unit/agent/adopter "\$OCF_RESKEY_config" "\$how"
			[ \$? -ge 128 ] && exit 1
		fi
		exec $O/resource-agents/domain "\$@"
	END
}
began() { adopter=$(cd "$(state)/bmc" && echo adopter.node*) && [[ $adopter != *\* ]]; }
stands() { grep -q '^State:.T' "/proc/$(process "$1" adopter)/status" 2>/dev/null; }

# interrupted AT COMMAND...: the active is killed, and its adoption goes so
interrupted() {
	local node at=$1
	shift
	for node in $(others); do badly "$node"; done
	rm -f "$(state)"/bmc/adopter.node*
	echo "$at" >"$(state)/bmc/adopter"
	inject "SIGKILL to the active; its adoption: $at" kill -KILL "$(pid_of "$host")"
	eventually 60 began
	adopter=${adopter#adopter.}
	"$@"
	recovered
	one_twin_at_most
}

agent_killed() {
	interrupted "step:$1" true
	[[ $(host_of) != "$adopter" ]]
	adopted
	never_fenced
}
domain_killed() {
	interrupted "domain:$1" true
	# With its memory asked for an adoption is over: then an active was killed, whose next twin's turn it is.
	if [[ $1 == memory && $(host_of) != "$adopter" ]]; then
		adopted
	else
		[[ $(host_of) == "$adopter" ]]
		booted
	fi
	never_fenced
}
host_cut() {
	host_is_cut() {
		eventually 60 stands "$adopter"
		inject "power cut of $adopter, in the middle of it" lab power-off "$adopter"
	}
	interrupted "stop:$1" host_is_cut
	[[ $(host_of) != "$adopter" ]]
	adopted
	fenced "$adopter"
}

# each STEP FAULT: this fault, or all three in turns
each() {
	local fault
	must "one copy runs in the end; what is half adopted is ended with proof"
	[[ -n ${TAIKI_EVERY:-} ]] || {
		"$2" "$1"
		return
	}
	for fault in agent_killed domain_killed host_cut; do
		[[ $fault == agent_killed ]] || again
		"$fault" "$1"
	done
}

@test "found: the agent is killed" {
	standby_up
	each found agent_killed
}

@test "booked: hv-domain is killed" { each booked domain_killed; }

@test "claimed: the host is cut" { each claimed host_cut; }

@test "guard taken: the agent is killed" { each guard agent_killed; }

@test "disks open: the agent is killed" { each disks agent_killed; }

@test "CPU given: hv-domain is killed" { each cpu domain_killed; }

@test "link up: the host is cut" { each link host_cut; }

@test "role told: hv-domain is killed" { each role domain_killed; }

@test "memory asked for: the agent is killed" { each memory agent_killed; }
