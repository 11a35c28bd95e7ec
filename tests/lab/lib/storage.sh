# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A storage server a node (storaged.c), outside the node's namespaces but on
# its power: what it has not written yet is lost with it.

storage_up() {
	local node=$1 boot=$2 dir=$LAB/nodes/$1
	(
		[[ -z ${POWER_LOCK:-} ]] || exec {POWER_LOCK}>&-
		exec setsid nsenter --net="/run/netns/$(ns "$node")" -- \
			"$(config_get build)/tests/lab/storaged" --node "$node" \
			--boot "$(cat "$dir/boot_id")" --backing "$LAB/shared" --mount "$dir/shared" \
			--faults "$dir/faults" --pid-file "$dir/storaged.pid" \
			--log "$LAB/history/$node.$boot.jsonl" </dev/null >>"$dir/storaged.log" 2>&1
	) || return 1
	remember "$dir/storaged" "$(cat "$dir/storaged.pid")"
}

storage_kill() { kill_remembered "$LAB/nodes/$1/storaged"; }

storage_down() {
	storage_kill "$1"
	umount -l "$LAB/nodes/$1/shared" 2>/dev/null
	rm -f "$LAB/nodes/$1/storaged"
}

cmd_fault() {
	[[ $# -ge 2 ]] || usage "fault needs a NODE and what happens, or 'none'"
	node_needed "$1"
	local file=$LAB/nodes/$1/faults
	shift
	case $1 in
	none) : >"$file.new" ;;
	*)
		[[ ${2:-} =~ ^(eio|enospc|hang|delay|lose-flush|no-holes)$ ]] ||
			usage "a fault is: FILE eio | enospc | hang | delay MILLISECONDS | lose-flush | no-holes"
		[[ $2 != delay || ${3:-} =~ ^[0-9]+$ ]] || usage "delay needs MILLISECONDS"
		{
			grep -v "^$1 " "$file"
			echo "$*"
		} >"$file.new"
		;;
	esac
	mv "$file.new" "$file"
}
