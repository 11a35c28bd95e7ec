#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # common.bash sets and reads them
#
# The host's path to the guest's disk fails every request, for less and for more than the
# definition's grace (on_io_error).

bats_require_minimum_version 1.5.0
# shellcheck source=tests/faults/common.bash
load common.bash

setup_file() { cluster_up; }
teardown_file() { cluster_down; }

grace=30
# status: the domain's, as hv on its host has it
status() { lab exec "$host" hv list 2>/dev/null | awk '$1 == "web" { print $3 }'; }
waits() { [[ $(status) == io-error ]]; }
degraded() { lab exec "$(observer)" crm_mon -1 -f 2>/dev/null | grep -q 'its storage failed; it goes on'; }

@test "disk failing for less than the grace: the guest stands still, then goes on where it was" {
	guest_up "<taiki:on_io_error grace='${grace}s'>resume</taiki:on_io_error>"
	must "the guest sees no error: paused, resumed by itself, not restarted, nothing lost"
	inject "every request to web.raw fails on $host" lab fault "$host" web.raw eio
	eventually 10 waits
	took "paused"
	eventually 25 degraded
	took "shown as degraded"
	lab fault "$host" none
	injected=$(now_ms)
	eventually 10 answers_unchanged
	eventually 20 acked $(($(acks) + 5))
	took "wrote on, after the disk was back,"
	runs() { [[ $(status) == running ]]; }
	eventually 10 runs
	answers_unchanged
	never_fenced
	history_is_clean
}

@test "disk failing for more than the grace: failed, stopped with proof, and run elsewhere; no host is fenced" {
	eventually 20 known
	must "no fencing: what has failed is not in flight, so the stop is proven"
	inject "every request to web.raw fails on $host" lab fault "$host" web.raw eio
	eventually 10 waits
	recovered
	never_fenced
	[[ $(host_of) != "$host" ]]
}
