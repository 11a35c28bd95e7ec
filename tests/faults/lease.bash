# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # common.bash sets and reads them
#
# For faults of fencing itself: a lease on the guest's disk, and a fence device that lies.

lease_guard="<taiki:guard disk='vda' lease='web'>lease</taiki:guard>"
lease_device="<lease><lockspace>LAB</lockspace><key>web</key><target path='/shared/leases' offset='1048576'/></lease>"

# lie: the guest's host drops out of the cluster, and its fencing says "off" and does nothing
lie() {
	lab fence "$host" lie
	inject "corosync killed on $host, whose fencing lies" \
		kill -KILL "$(process "$host" corosync)"
}

# joined NODE: it has joined the lockspace, now or before
joined() {
	lab exec "$1" sanlock client add_lockspace -s "LAB:${1#node}:/shared/leases:0" -o 1 >/dev/null ||
		lab exec "$1" sanlock client status | grep -q '^s LAB:'
}

# sanlock_up: the lease daemon on every host, and a lockspace on the shared disk.
# There is no watchdog in a lab (-w 0): here the daemon's own kill must do.
sanlock_up() {
	local node joining=()
	truncate -s 4M "$(state)/shared/leases"
	lab exec node1 sanlock direct init -s LAB:0:/shared/leases:0
	lab exec node1 sanlock direct init -r LAB:web:/shared/leases:1048576
	for node in node1 node2 node3; do
		lab exec $node mkdir -p /run/sanlock
		lab exec $node env LD_PRELOAD="$O/tests/lab/limits.so" sanlock daemon -w 0 -U root -G root -e $node
	done
	# Joining takes a while (ten seconds and more), so all join at once.  With I/O times of one second a busy
	# machine may have one try again.
	for node in node1 node2 node3; do
		eventually 30 joined $node >&2 3>&- &
		joining+=($!)
	done
	for node in "${joining[@]}"; do wait "$node" || return 1; done
}

# refused_twice: both other hosts have been refused, by the lease
refused_twice() {
	[[ $(lab exec "$(observer)" crm_mon -1 -f | grep -c 'web start on .*lease') -eq 2 ]]
}
