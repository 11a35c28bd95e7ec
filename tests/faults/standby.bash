# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # common.bash sets and reads them
#
# For faults around a standby pool: the guest `web` of common.bash has a twin that waits on
# every other host; who takes over has booted before the fault.

# shellcheck source=tests/faults/common.bash
source "$(dirname "${BASH_SOURCE[0]}")/common.bash"
# shellcheck source=tests/lab/standby-guests.bash
source "$(dirname "${BASH_SOURCE[0]}")/../lab/standby-guests.bash"

# definition [METADATA [DEVICES]]: instead of common.bash's; its disk, link and address come with the role
definition() {
	standby_domain web "$address" "taiki.writer=10.71.255.254:7000 $boot_args" "${1:-}" "${2:-}"
}

# pool_up [NODE...]: the pool, kept off these hosts, and the rule that prefers what waits
# shellcheck disable=SC2120 # some files do
pool_up() {
	lab exec node1 pcs resource create pool ocf:taiki:pool domains=web \
		op start timeout=30s stop timeout=30s clone
	[[ $# -eq 0 ]] || lab exec node1 pcs constraint location pool-clone avoids "$@"
	standby_rule node1 web
}

# standby_up [METADATA [DEVICES]]: web runs, and a twin waits for it on each other host
standby_up() {
	guest_up "$@"
	pool_up
	eventually 120 twins_wait
	note "a twin waits on each of: $(waiting_hosts)"
}

others() {
	local node
	for node in node1 node2 node3; do
		[[ $node == "$host" ]] || echo "$node"
	done
}
waiting_hosts() {
	local node
	for node in $(others); do
		! twin_ready "$(observer)" "$node" web || printf '%s ' "$node"
	done
}
twins_wait() { [[ $(waiting_hosts | wc -w) -eq 2 ]]; }

# again: the cluster as the last fault left it is the next one's
again() {
	local node
	for node in node1 node2 node3; do
		node_is "$node" on || lab power-on "$node"
		lab fault "$node" none
	done
	lab wait 240
	lab fence all ok
	host=
	asked crm_resource --cleanup
	eventually 60 settled # what is forgotten is looked for anew
	eventually 60 known
	: >"$(state)/bmc.log"
	eventually 120 twins_wait || nobody_waits
	note "the guest runs on $host, a twin waits on each of: $(waiting_hosts)"
}

# nobody_waits: what the cluster and the pools know of that
nobody_waits() {
	local node
	echo "the guest runs on $(host_of) now"
	lab exec "$(observer)" timeout 20 crm_mon -1 -rfA
	for node in $(others); do lab exec "$node" sh -c 'hv list --all; tail -n 20 /var/log/taiki-poold.log'; done
	return 1
}

# twin_of NODE: the process of web's twin there
twin_of() { waiting_process "$1" web@twin; }

# waited: what answers now had booted before the fault.  An answer says an age that is past when it is here: of one who
# had just booted then it may fall short, and a quicker one does not; who has booted since never gets that old.
waited() {
	local up
	up=$(lab client curl -fs -m 2 "http://$address/cgi-bin/status" 2>/dev/null | cut -d ' ' -f 3)
	[[ $up == *.?? && $((10#${up/./} * 10)) -gt $(($(now_ms) - injected)) ]] || {
		echo "the fault was $(($(now_ms) - injected)) ms ago, the guest says that it has been up for $up s"
		return 1
	}
	note "the guest that answers has been up for $up s"
}
adopted() {
	! eventually 5 waited || return 0
	echo "booted, not adopted; its agent and the pool there say:"
	sleep 10 # what an action has said is logged when it has ended
	lab exec "$(host_of)" sh -c "grep -h 'domain(web)' /var/log/pacemaker/pacemaker.log | tail -n 20
		tail -n 20 /var/log/taiki-poold.log; hv list --all"
	return 1
}
booted() { run ! waited; }

# pools_killed_and COMMAND...: the daemons of every host, and at once what is said
pools_killed_and() {
	local node pids=()
	for node in node1 node2 node3; do
		pids+=("$(process "$node" taiki-poold)")
	done
	kill -KILL "${pids[@]}"
	"$@"
}
pools_run() {
	local node
	for node in node1 node2 node3; do
		! node_is "$node" on || process "$node" taiki-poold >/dev/null || return 1
	done
}

# twins_stopped: SIGSTOP to what waits; its number is kept in $BATS_FILE_TMPDIR/twin.NODE
twins_stopped() {
	local node
	for node in $(others); do
		twin_of "$node" >"$BATS_FILE_TMPDIR/twin.$node"
		kill -STOP "$(cat "$BATS_FILE_TMPDIR/twin.$node")"
	done
}

# twins_on NODE: how many processes wait there for web
twins_on() {
	local pid name n=0
	while read -r pid name; do
		if [[ $name == web@twin && $(inner_pid "$pid") != $(adopted_as "$1" web) ]]; then n=$((n + 1)); fi
	done < <(started_as "$1")
	echo "$n"
}
one_twin_at_most() {
	local node
	for node in node1 node2 node3; do
		! node_is "$node" on || [[ $(twins_on "$node") -le 1 ]] || return 1
	done
}
# one_twin_each: as many as there shall be, and none on the active's host
one_twin_each() { one_twin_at_most && eventually 20 none_beside; }
none_beside() {
	local on
	on=$(host_of)
	[[ -n $on && $(twins_on "$on") -eq 0 ]]
}
