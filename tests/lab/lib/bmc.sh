# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The power controller: reached from inside the nodes on a Unix socket, which
# needs neither the cluster's network nor the target.  One request a
# connection, one line: "on|off|status NODE" or "list"; the answer begins with
# "ok " or "error ".  $LAB/bmc/faults makes it misbehave, a line a node:
#
#   NODE|all  slow SECONDS | fail | hang | lie | hang-status
#
# Slow is switching; what the state is it says at once.

bmc_up() {
	mkdir -p "$LAB/bmc"
	touch "$LAB/bmc/faults"
	TAIKI_LAB_DIR=$LAB_ROOT setsid socat -t 600 \
		"UNIX-LISTEN:$LAB/bmc/sock,fork,mode=600,unlink-early" \
		"EXEC:$LAB_HOME/lab --name $NAME bmc-request" </dev/null >>"$LAB/bmc.log" 2>&1 &
	remember "$LAB/bmc.pid" $!
	disown
	wait_for 30 test -S "$LAB/bmc/sock" || die "its power controller did not start; see $LAB/bmc.log"
}

bmc_fault_of() {
	awk -v node="$1" '$1 == node || $1 == "all" { print $2, $3 }' "$LAB/bmc/faults" | tail -n 1
}

cmd_bmc_request() {
	local action node fault seconds
	read -r -t 10 action node || exit 1
	if [[ $action == list ]]; then
		echo "ok $(all_nodes | xargs)"
		return
	fi
	if ! [[ $node =~ ^node[0-9]+$ && -d $LAB/nodes/$node ]]; then
		echo "error no node is called '$node'"
		return
	fi
	read -r fault seconds < <(bmc_fault_of "$node")
	printf '%s %s %s%s\n' "$(now_ms)" "$action" "$node" "${fault:+ ($fault)}" >&2
	case $fault:$action in
	slow:on | slow:off) sleep "$seconds" ;;
	hang:*)
		# Until it is told otherwise, or the lab goes down; it never answers.
		while [[ $(bmc_fault_of "$node" 2>/dev/null) == hang* ]]; do sleep 0.5; done
		return
		;;
	fail:o*)
		echo "error $node: the power controller refused"
		return
		;;
	lie:on | lie:off)
		echo "$action" >"$LAB/bmc/lie-$node"
		echo "ok $action"
		return
		;;
	lie:status)
		if [[ -e $LAB/bmc/lie-$node ]]; then
			echo "ok $(cat "$LAB/bmc/lie-$node")"
			return
		fi
		;;
	esac
	case $action in
	status) node_is_on "$node" && echo "ok on" || echo "ok off" ;;
	off) node_power_off "$node" && echo "ok off" || echo "error $node: its processes are still there" ;;
	on) (node_power_on "$node") >/dev/null && echo "ok on" || echo "error $node: did not start" ;;
	*) echo "error unknown action '$action'" ;;
	esac
}

cmd_fence() {
	[[ $# -ge 2 ]] || usage "fence needs a NODE or 'all', and how it works from now on"
	[[ $1 == all ]] || node_needed "$1"
	lab_needed
	[[ $2 =~ ^(ok|slow|fail|hang|lie)$ ]] || usage "fencing can be: ok | slow SECONDS | fail | hang | lie"
	[[ $2 != slow || ${3:-} =~ ^[0-9]+$ ]] || usage "slow needs SECONDS"
	local file=$LAB/bmc/faults
	{
		[[ $1 == all ]] || grep -v "^$1 " "$file"
		[[ $2 == ok ]] || echo "$*"
	} >"$LAB/bmc.faults"
	mv "$LAB/bmc.faults" "$file"
	[[ $2 == lie ]] || rm -f "$LAB"/bmc/lie-*
}
