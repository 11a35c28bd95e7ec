#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # common.bash sets and reads them
#
# The image of the guest's disk is removed while it runs.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/faults/common.bash
load common.bash

setup_file() { cluster_up; }
teardown_file() { cluster_down; }

@test "disk image gone: a start elsewhere is refused with the reason; once it is back, the guest starts" {
	guest_up
	must "no start without its disk; nothing is fenced; with the disk back, no record is lost"
	ln "$(state)/shared/web.raw" "$(state)/shared/kept"
	inject "web.raw removed, and the domain killed" rm "$(state)/shared/web.raw"
	kill -KILL "$(pid_of "$host")"
	refused() { lab exec "$(observer)" crm_mon -1 -f | grep -q 'web start on .*web.raw: No such file'; }
	eventually 40 refused
	took "refused by name"
	runs_nowhere
	never_fenced
	mv "$(state)/shared/kept" "$(state)/shared/web.raw"
	asked crm_resource --cleanup -r web
	recovered
}
