# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # common.bash sets and reads them
#
# For the faults that heartbeat has to see: a guest that beats, and what
# taiki-heartbeat says of it.  The agent's monitor runs every 60 s only, so that
# whatever is noticed sooner was not noticed by it.

# shellcheck source=tests/faults/common.bash
source "$(dirname "${BASH_SOURCE[0]}")/common.bash"

monitor_interval=60s

# beating [ATTRIBUTES]: the guest's metadata; what is given last counts
beating() {
	echo "<taiki:heartbeat timeout='2s' interval='200ms' boot-grace='60s' io-window='500ms' $*/>"
}

# guest_beats [ATTRIBUTES]: the resource `web`, waited for until heartbeat calls it alive
guest_beats() {
	boot_args="taiki.beat $boot_args"
	guest_up "$(beating "$@")"
	watching
}
# watching: from now on
watching() {
	eventually 60 heartbeat_says alive
	reports_before=$(reports)
	note "heartbeat calls it alive"
}

# again: the guest as the last fault left it is the next one's; its fail-count is forgotten
again() {
	asked crm_resource --cleanup -r web
	eventually 60 settled # what is forgotten is looked for anew
	eventually 60 known # it answers before Pacemaker knows
	: >"$(state)/bmc.log"
	watching
}

# heartbeat_says VERDICT: of the guest on its host
heartbeat_says() {
	[[ $(lab exec "$host" timeout 5 taiki-heartbeat status web --json 2>/dev/null |
		jq -r '.domains[0].verdict') == "$1" ]]
}

# reported: Pacemaker was told of a failure by this host's heartbeatd since `watching`
reports() {
	local said
	for _ in 1 2 3; do
		! said=$(lab exec "$host" timeout 20 taiki-heartbeat log web -n 1000 2>/dev/null) || break
	done
	grep -c 'Pacemaker was told' <<<"$said" || true
}
reported() { [[ $(reports) -gt $reports_before ]]; }
why() { note "because: $(lab exec "$host" timeout 5 taiki-heartbeat log web 2>/dev/null | grep -- '[evt] -> failed' | tail -n 1)"; }

# never_failed: nothing was reported of the guest, and it was not recovered
never_failed() {
	[[ $(reports) -eq $reports_before ]]
	# Who was recovered, or failed, stays so until somebody cleans up: a slow answer is waited for.
	eventually 10 still_there
	eventually 10 counted_none
}
still_there() { [[ $(host_of) == "$host" ]]; }
counted_none() { [[ $(lab exec "$(observer)" timeout 10 crm_failcount -G -r web -N "$host" 2>/dev/null) == *value=0* ]]; }
