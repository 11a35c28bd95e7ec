# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034 # used by the tests that load this
#
# What tests on a lab share.  A test file sets TAIKI_LAB (lab_name makes it) in
# setup_file, and ends the lab in teardown_file.

tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
O=${O:-build}
[[ $O == /* ]] || O=$tree/$O
export O

export LAB_COMMAND=$tree/tests/lab/lab
# lab ARGUMENTS...: what tests do all the time goes without the script
lab() {
	case $1 in
	exec) shift && "$O/tests/lab/lab-node" "$(state)" enter "$@" ;;
	pids) shift && "$O/tests/lab/lab-node" "$(state)" pids "$@" ;;
	client) shift && nsenter --net="/run/netns/taiki.$TAIKI_LAB.client" -- "$@" ;;
	*) "$LAB_COMMAND" "$@" ;;
	esac
}
state() { echo "${TAIKI_LAB_DIR:-/run/taiki-lab}/$TAIKI_LAB"; }

# lab_name WORD: a lab's name that is this build's own, so that two checks of
# two trees on one machine do not meet
lab_name() { echo "$1$(cksum <<<"$O" | cut -c 1-4)"; }

# note TEXT...: a line in the test's output, shown by tests/tools/run
note() { echo "# $*" >&3; }

now_ms() {
	local up
	read -r up _ </proc/uptime
	echo $((10#${up/./} * 10))
}

# What the cluster says, on $observed: a file that cuts this host off names another.
observed=node1
# settled: nothing is left for it to do
settled() { lab exec $observed timeout 90 crm_resource --wait --timeout 60; }
# where [RESOURCE]: the host that runs it (web)
where() {
	lab exec $observed crm_resource -W -r "${1:-web}" 2>/dev/null | sed -n 's/.*is running on: *\([^ ]*\).*/\1/p'
}
# incarnation [DOMAIN]: of the one that runs (web)
incarnation() { lab exec "$(where "$@")" cat "/run/taiki/${1:-web}/incarnation"; }

# eventually SECONDS COMMAND...: until COMMAND succeeds, which takes at most SECONDS on a machine
# at rest; one that is not gets four times as long, then it fails
eventually() {
	local deadline=$(($(now_ms) + $1 * 4000))
	shift
	until "$@"; do
		if [[ $(now_ms) -ge $deadline ]]; then
			echo "not within its deadline: $*"
			return 1
		fi
		sleep 0.3 # asking costs the processors that what is waited for needs
	done
}

# during SECONDS COMMAND...: COMMAND succeeds all that time
during() {
	local deadline=$(($(now_ms) + $1 * 1000))
	shift
	while [[ $(now_ms) -lt $deadline ]]; do
		if ! "$@"; then
			echo "did not hold: $*"
			return 1
		fi
		sleep 0.3
	done
}

node_is() { lab power | grep -q "^$1 *$2\$"; }
node_off() { node_is "$1" off; }

# dead PID...: none of them lives (one that waits for its parent to notice does not)
dead() {
	local pid
	for pid; do
		[[ ! -e /proc/$pid ]] || grep -q '^State:.Z' "/proc/$pid/status" || return 1
	done
}
