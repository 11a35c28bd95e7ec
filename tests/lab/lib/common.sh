# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034 # read by the files that source this one
#
# Names, paths, messages and waiting; every other file of the lab uses these.
#
# A lab's state, $LAB:
#   config               n=, qdevice=, ... as given to `up`
#   shared/              what the storage servers serve: the shared disks
#   history/             what the storage servers and the client host recorded
#   bmc/                 socket of the power controller, and its faults
#   nodes/NODE/          disk/{etc,var,usr,home}  what outlives a power cut
#                        shared         mount point of its storage server
#                        init storaged  process id and start time of each
#                        faults         told to its storage server
#                        boot           how often it was powered on

LAB_ROOT=${TAIKI_LAB_DIR:-/run/taiki-lab}
RINGS=(ring0 ring1)
GUEST_NET=10.71  # guests, and on .255 the hosts (.255.N) and the client (.255.254)
RING_NET=10.70   # ring R of node N: 10.70.R.N

say() { printf 'lab %s: %s\n' "$NAME" "$*" >&2; }
die() {
	say "$*"
	exit 1
}
usage() {
	printf 'lab: %s; see lab --help\n' "$*" >&2
	exit 2
}

lab_paths() {
	[[ $NAME =~ ^[a-z][a-z0-9]{0,11}$ ]] ||
		usage "'$NAME' cannot name a lab: a letter, then up to 11 letters or digits"
	LAB=$LAB_ROOT/$NAME
}

# config_get KEY: a value of the lab's config
config_get() {
	local line
	while read -r line; do [[ $line != "$1="* ]] || echo "${line#*=}"; done <"$LAB/config"
}

lab_exists() { [[ -e $LAB/config ]]; }
lab_needed() { lab_exists || die "it is not up; start it with: lab --name $NAME up"; }

all_nodes() {
	local i n
	n=$(config_get n)
	for ((i = 1; i <= n; i++)); do echo "node$i"; done
}
node_number() { echo "${1#node}"; }
node_needed() {
	lab_needed
	[[ -d $LAB/nodes/$1 && $1 == node* ]] ||
		die "no node is called '$1'; there are: $(all_nodes | xargs)"
}

# ns THING: the network namespace of a node, or of switch, client, witness
ns() { echo "taiki.$NAME.$1"; }
in_ns() {
	local n=$1
	shift
	nsenter --net="/run/netns/$(ns "$n")" -- "$@"
}

# A process is known by its id and its start time, so that an id used again is
# never mistaken for it.
start_time() {
	local stat
	{ read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
	stat=${stat##*) }
	# shellcheck disable=SC2086 # fields, counted from the third
	set -- $stat
	[[ $1 != Z && $1 != X ]] || return 1
	echo "${20}"
}
remember() { echo "$2 $(start_time "$2")" >"$1"; }
# process_of FILE: the id of the process FILE remembers, if it lives
process_of() {
	local pid start
	[[ -e $1 ]] && read -r pid start <"$1" || return 1
	[[ -n $start && $(start_time "$pid") == "$start" ]] || return 1
	echo "$pid"
}

# now_ms: milliseconds of one clock for the whole lab (CLOCK_BOOTTIME, from /proc/uptime)
now_ms() {
	local up
	read -r up _ </proc/uptime
	echo $((10#${up/./} * 10))
}

# wait_for SECONDS COMMAND...: until COMMAND succeeds; fails at the deadline
wait_for() {
	local deadline=$(($(now_ms) + $1 * 1000))
	shift
	until "$@"; do
		[[ $(now_ms) -lt $deadline ]] || return 1
		sleep 0.05
	done
}

netns_empty() { [[ -z $(ip netns pids "$1" 2>/dev/null) ]]; }
gone() { ! process_of "$1" >/dev/null; }

# kill_remembered FILE: SIGKILL to the process, and wait until it is gone
kill_remembered() {
	local pid
	pid=$(process_of "$1") || return 0
	kill -KILL "$pid" 2>/dev/null
	wait_for 10 gone "$1"
}
