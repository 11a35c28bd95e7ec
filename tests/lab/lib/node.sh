# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A node: namespaces of its own, entered through tests/lab/node-setup, with
# node-init as PID 1.  Whoever changes a node's power holds its lock.

node_lock() {
	exec {POWER_LOCK}>"$LAB/nodes/$1/lock"
	flock -w 60 "$POWER_LOCK" || die "$1: somebody else has been changing its power for a minute"
}
node_unlock() { exec {POWER_LOCK}>&-; }

node_is_on() { process_of "$LAB/nodes/$1/init" >/dev/null; }

node_make() {
	local dir=$LAB/nodes/$1
	mkdir -p "$dir"/disk/{etc,var,usr,home} "$dir"/overlay/{etc,var,usr,home} "$dir/shared"
	touch "$dir/faults"
	echo 0 >"$dir/boot"
	cluster_node_files "$1" "$dir/disk"
}

# node_power_on NODE [node-init's OPTIONS]
node_power_on() {
	local node=$1 dir=$LAB/nodes/$1 boot
	shift
	node_lock "$node"
	if node_is_on "$node"; then
		node_unlock
		return 0
	fi
	node_sweep "$node"
	boot=$(($(cat "$dir/boot") + 1))
	echo "$boot" >"$dir/boot"
	cat /proc/sys/kernel/random/uuid >"$dir/boot_id"
	cgroup_node_up "$node"
	net_node_up "$node" || die "$node: cannot make its network"
	storage_up "$node" "$boot" || die "$node: its storage server did not start; see $dir/storaged.log"
	[[ $(config_get idle) != yes ]] || set -- --idle "$@"
	[[ $(config_get qdevice) != yes ]] || set -- --qdevice "$@"
	(
		exec {POWER_LOCK}>&-
		cgroup_enter "$node" "$BASHPID"
		cd / || exit
		exec setsid nsenter --net="/run/netns/$(ns "$node")" -- \
			env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=linux LANG=C.UTF-8 \
			LAB="$LAB" NODE="$node" O="$(config_get build)" \
			unshare --mount --pid --uts --ipc --cgroup --fork --kill-child \
			"$LAB_HOME/node-setup" "$@" </dev/null >>"$dir/console.log" 2>&1
	) &
	disown
	wait_for 20 node_is_on "$node" || die "$node: did not start; see $dir/console.log"
	cgroup_settle "$node"
	node_unlock
}

# node_sweep NODE: what is left of a node that has no processes any more
node_sweep() {
	net_node_down "$1"
	storage_down "$1"
	rm -f "$LAB/nodes/$1/init"
}

# node_power_off NODE: a power cut.  The links go first, so that no FIN or RST
# tells anyone, then the storage server with what it has not written yet, then
# everything else.  Succeeds only if PID 1 is gone (then, the kernel says, so is
# every process of its namespace) and nothing uses its network.
node_power_off() {
	local dir=$LAB/nodes/$1 pid
	node_lock "$1"
	pid=$(process_of "$dir/init") || pid=
	net_node_unplug "$1"
	storage_kill "$1" || return 1
	if [[ -n $pid ]]; then
		kill -KILL "$pid" 2>/dev/null
		if cgroup_frozen "$1"; then
			# What is frozen dies when it thaws, and must not run before.
			cgroup_members "$1" | xargs -r kill -KILL 2>/dev/null
			cgroup_thaw "$1"
		fi
		wait_for 20 gone "$dir/init" || return 1
	fi
	wait_for 10 netns_empty "$(ns "$1")" || return 1
	node_sweep "$1"
	node_unlock
}

# node_enter NODE COMMAND...: run it inside, with the node's environment
node_enter() {
	exec "$(config_get build)/tests/lab/lab-node" "$LAB" enter "$@"
}

# Every process in the node's process namespace, as the machine numbers them.
cmd_pids() {
	[[ $# -eq 1 || $# -eq 2 ]] || usage "pids needs a NODE, and may have a name"
	node_needed "$1"
	exec "$(config_get build)/tests/lab/lab-node" "$LAB" pids "$@"
}

cmd_exec() {
	[[ $# -ge 2 ]] || usage "exec needs a NODE and a COMMAND"
	node_needed "$1"
	node_enter "$@"
}

cmd_shell() {
	[[ $# -eq 1 ]] || usage "shell needs a NODE"
	node_needed "$1"
	node_enter "$1" bash -l
}

cmd_client() {
	lab_needed
	[[ $# -gt 0 ]] || usage "client needs a COMMAND"
	exec nsenter --net="/run/netns/$(ns client)" -- "$@"
}

cmd_power_off() {
	local node
	[[ $# -gt 0 ]] || usage "power-off needs a NODE"
	for node in "$@"; do node_needed "$node"; done
	for node in "$@"; do
		node_power_off "$node" || die "$node: still has processes 20 s after the power cut"
	done
}

cmd_power_on() {
	local idle=()
	if [[ ${1:-} == --idle ]]; then
		idle=(--idle)
		shift
	fi
	[[ $# -gt 0 ]] || usage "power-on needs a NODE"
	local node
	for node in "$@"; do node_needed "$node"; done
	for node in "$@"; do node_power_on "$node" "${idle[@]}"; done
}

# A hung host: its processes stop where they are, then its storage server, so
# that requests under way are answered first (a process in one cannot freeze).
cmd_pause_host() {
	[[ $# -eq 1 ]] || usage "pause-host needs a NODE"
	node_needed "$1"
	node_is_on "$1" || die "$1 is off"
	cgroup_freeze "$1" || die "$1: its processes did not freeze within 10 s"
	kill -STOP "$(process_of "$LAB/nodes/$1/storaged")"
}

cmd_resume_host() {
	[[ $# -eq 1 ]] || usage "resume-host needs a NODE"
	node_needed "$1"
	node_is_on "$1" || die "$1 is off"
	kill -CONT "$(process_of "$LAB/nodes/$1/storaged")"
	cgroup_thaw "$1"
}

cmd_log() {
	[[ $# -ge 1 ]] || usage "log needs a NODE"
	node_needed "$1"
	local dir=$LAB/nodes/$1 files=()
	shift
	for f in "$dir/console.log" "$dir"/disk/var/log/{corosync/corosync,pacemaker/pacemaker}.log; do
		[[ ! -e $f ]] || files+=("$f")
	done
	exec tail "$@" -v "${files[@]}"
}
