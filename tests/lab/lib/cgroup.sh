# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A control group a node and hierarchy: it freezes a node like a host that
# hangs, limits its memory, and is the root that the node itself sees.  With
# version 1 they stand below the caller's own groups, with version 2 at the
# root, since a group with processes cannot hand controllers down.

# cgroup_parents: "CONTROLLERS DIRECTORY" of every hierarchy; version 2 has "-"
cgroup_parents() {
	local _ controllers path mnt
	while IFS=: read -r _ controllers path; do
		if [[ -z $controllers ]]; then
			mnt=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
			[[ -n $mnt ]] && echo "- $mnt"
		else
			mnt=$(awk -v c="$controllers" '$3 == "cgroup" {
				n = split(c, want, ","); split("," $4 ",", x, ""); ok = 1
				for (i = 1; i <= n; i++)
					if (index("," $4 ",", "," want[i] ",") == 0) ok = 0
				if (ok) { print $2; exit } }' /proc/mounts)
			[[ -n $mnt ]] && echo "$controllers ${mnt%/}${path%/}"
		fi
	done </proc/self/cgroup
}

# cgroup_dirs: the same, of this lab, as they were when it went up
cgroup_dirs() {
	if [[ -e $LAB/cgroups ]]; then cat "$LAB/cgroups"; else cgroup_parents; fi |
		sed "s,\$,/taiki-lab.$NAME,"
}

cgroup_up() { cgroup_parents >"$LAB/cgroups"; }

cgroup_node_up() {
	local controllers dir memory
	memory=$(config_get memory)
	while read -r controllers dir; do
		# What an earlier life has left: with it, no process could enter (version 2).
		[[ ! -d $dir/$1 ]] || find "$dir/$1" -mindepth 1 -depth -type d -exec rmdir {} + 2>/dev/null
		mkdir -p "$dir/$1" 2>/dev/null || continue
		case $controllers in
		*cpuset*)
			cat "$dir/../cpuset.cpus" >"$dir/cpuset.cpus"
			cat "$dir/../cpuset.mems" >"$dir/cpuset.mems"
			cat "$dir/cpuset.cpus" >"$dir/$1/cpuset.cpus"
			cat "$dir/cpuset.mems" >"$dir/$1/cpuset.mems"
			;;
		*memory*) echo "$memory" >"$dir/$1/memory.limit_in_bytes" ;;
		-)
			for c in memory cpu; do
				echo "+$c" >"$dir/../cgroup.subtree_control"
				echo "+$c" >"$dir/cgroup.subtree_control"
				echo "-$c" >"$dir/$1/cgroup.subtree_control"
			done
			[[ ! -e $dir/$1/memory.max ]] || echo "$memory" >"$dir/$1/memory.max"
			;;
		esac 2>/dev/null
	done < <(cgroup_dirs)
}

# cgroup_settle NODE: the node has taken its group for its root.  With version 2
# that can hand controllers down to a domain's group only when no process is in
# it: they move on, to a group "init".
cgroup_settle() {
	local controllers dir pid c
	while read -r controllers dir; do
		[[ $controllers == - && -d $dir/$1 ]] || continue
		mkdir -p "$dir/$1/init"
		# Its list changes while it is read: the first, until there is none.
		while read -r pid <"$dir/$1/cgroup.procs"; do
			echo "$pid" >"$dir/$1/init/cgroup.procs" || break
		done
		for c in memory cpu; do
			echo "+$c" >"$dir/$1/cgroup.subtree_control"
		done
	done 2>/dev/null < <(cgroup_dirs)
	return 0
}

# cgroup_enter NODE PID: move PID into the node's groups
cgroup_enter() {
	local _ dir
	while read -r _ dir; do
		dir=$dir/$1
		[[ ! -d $dir/init ]] || dir=$dir/init
		[[ ! -d $dir ]] || echo "$2" >"$dir/cgroup.procs"
	done 2>/dev/null < <(cgroup_dirs)
}

# cgroup_freezer NODE: "FILE FROZEN THAWED STATE-FILE STATE-WHEN-FROZEN"
cgroup_freezer() {
	local controllers dir
	while read -r controllers dir; do
		case $controllers in
		*freezer*) echo "$dir/$1/freezer.state FROZEN THAWED $dir/$1/freezer.state FROZEN" ;;
		-) [[ ! -e $dir/$1/cgroup.freeze ]] ||
			echo "$dir/$1/cgroup.freeze 1 0 $dir/$1/cgroup.events frozen 1" ;;
		esac
	done < <(cgroup_dirs) | head -n 1
}

cgroup_is_frozen() { grep -q "^$2\$" "$1"; }

cgroup_freeze() {
	local file frozen _ state text
	read -r file frozen _ state text < <(cgroup_freezer "$1") || return 1
	echo "$frozen" >"$file" && wait_for 10 cgroup_is_frozen "$state" "$text"
}

cgroup_thaw() {
	local file _ thawed
	read -r file _ thawed _ < <(cgroup_freezer "$1") || return 0
	echo "$thawed" >"$file" 2>/dev/null
}

cgroup_frozen() {
	local _ state text
	read -r _ _ _ state text < <(cgroup_freezer "$1") && cgroup_is_frozen "$state" "$text"
}

# cgroup_members NODE: every process of the node
cgroup_members() {
	local _ dir
	read -r _ dir < <(cgroup_dirs) || return 0
	find "$dir/$1" -name cgroup.procs -exec cat {} + 2>/dev/null | sort -un
}

# What has just been killed may still be on its way out of its group.
cgroup_down() {
	local _ dir
	while read -r _ dir; do
		wait_for 5 cgroup_removed "$dir"
	done < <(cgroup_dirs)
}
cgroup_removed() {
	[[ ! -d $1 ]] || find "$1" -depth -type d -exec rmdir {} + 2>/dev/null
	[[ ! -d $1 ]]
}
