#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The lab keeps its own promises: isolation, power, storage, and no traces.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/lab/lab.bash
load lab.bash

setup_file() {
	TAIKI_LAB=$(lab_name tlab)
	export TAIKI_LAB
	lab down
	lab up -n 2 --idle
}

teardown_file() { lab down; }

setup() {
	other=$(lab_name tother) gone=$(lab_name tgone)
	crash=$(lab_name tcrash) half=$(lab_name thalf)
}

# traces NAME: what is left of a lab, as far as anybody could look
traces() {
	local dir=/run/taiki-lab/$1
	[[ ! -e $dir ]] || echo "$dir"
	ip netns list | grep "^taiki\.$1\."
	grep "$dir/" /proc/mounts
	find /sys/fs/cgroup -name "taiki-lab.$1" 2>/dev/null
	pgrep -af "[t]aiki-lab/$1/"
	true
}

@test "several labs are up at once, and one going down leaves the other alone" {
	lab --name "$other" up -n 1 --idle
	run lab list
	[[ $output == *"$TAIKI_LAB"* && $output == *"$other"* ]]
	lab --name "$other" exec node1 true
	lab --name "$other" down
	[[ -z $(traces "$other") ]]
	lab exec node1 true
}

@test "nothing of a lab is left on the machine, before it goes down and after" {
	[[ ! -e /shared && ! -e /etc/taiki/lab && ! -e /usr/sbin/fence_lab ]]
	run ip -o link
	[[ $output != *node1* && $output != *ring0* ]]
	lab --name "$gone" up -n 2 --idle
	lab --name "$gone" exec node1 touch /etc/taiki/lab /usr/sbin/lab-was-here /var/lib/taiki/x
	[[ ! -e /etc/taiki/lab && ! -e /usr/sbin/lab-was-here && ! -e /var/lib/taiki/x ]]
	[[ -n $(traces "$gone") ]]
	lab --name "$gone" down
	[[ -z $(traces "$gone") ]]
}

@test "after a crash of anything, down still leaves nothing behind" {
	lab --name "$crash" up -n 2 --idle
	dir=$(lab --name "$crash" path)
	# The power controller, a storage server, one node's PID 1, all with -9; files lost.
	for file in bmc.pid nodes/node1/storaged nodes/node2/init; do
		kill -KILL "$(cut -d ' ' -f 1 "$dir/$file")"
	done
	rm "$dir"/nodes/node1/{init,storaged}
	lab --name "$crash" down
	[[ -z $(traces "$crash") ]]
}

@test "an up that was killed half way is swept by down, or by the next up" {
	setsid "$LAB_COMMAND" --name "$half" up -n 3 --idle 3>&- &
	up=$!
	eventually 20 test -s /run/taiki-lab/$half/nodes/node1/init
	kill -KILL -- "-$up"
	lab --name "$half" down
	[[ -z $(traces "$half") ]]
}

@test "a node has its own boot id, another one after each boot, and its memory limit" {
	first=$(lab exec node1 cat /proc/sys/kernel/random/boot_id)
	other=$(lab exec node2 cat /proc/sys/kernel/random/boot_id)
	[[ $first != "$other" && $first != "$(cat /proc/sys/kernel/random/boot_id)" ]]
	limit=$(lab exec node1 cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null ||
		lab exec node1 cat /sys/fs/cgroup/memory.max)
	[[ $limit -eq 4294967296 ]]
	lab exec node1 sh -c 'echo kept >/var/lib/taiki/kept; echo lost >/run/lost'
	lab power-off node1
	lab power-on node1
	[[ $(lab exec node1 cat /proc/sys/kernel/random/boot_id) != "$first" ]]
	[[ $(lab exec node1 cat /var/lib/taiki/kept) == kept ]]
	run lab exec node1 cat /run/lost
	[[ $status -ne 0 ]]
}

@test "a power cut ends every process, and tells nobody" {
	lab exec node1 socat TCP-LISTEN:7,fork EXEC:cat 3>&- &
	established() { lab client ss -Htn state established dst 10.71.255.1:7 | grep -q .; }
	listens() { lab client socat -u OPEN:/dev/null TCP:10.71.255.1:7,connect-timeout=1; }
	eventually 10 listens
	lab client socat TCP:10.71.255.1:7 EXEC:'sleep 60' 3>&- &
	client=$!
	eventually 10 established
	pids=$(ip netns pids taiki.$TAIKI_LAB.node1)
	lab power-off node1
	sleep 1
	established # neither FIN nor RST came
	# shellcheck disable=SC2086 # words
	dead $pids
	kill $client
	lab power-on node1
}

@test "a paused host stands still until it is resumed; a power cut ends it too" {
	lab exec node1 sh -c 'while :; do echo x >>/shared/ticks; sleep 0.05; done' 3>&- &
	ticks() { wc -c <"$(state)/shared/ticks"; }
	eventually 10 test -s "$(state)/shared/ticks"
	lab pause-host node1
	node_is node1 paused
	before=$(ticks)
	sleep 1
	[[ $(ticks) -eq $before ]]
	lab resume-host node1
	more() { [[ $(ticks) -gt $before ]]; }
	eventually 10 more
	lab pause-host node1
	lab power-off node1
	node_is node1 off
	lab power-on node1
}

pings() { lab exec "$1" ping -c 1 -W 1 -I "${3:-ring0}" "$2" >/dev/null; }

@test "links can be cut one by one, one way, and healed" {
	eventually 5 pings node1 10.70.0.2
	lab cut node1/ring0
	run ! pings node1 10.70.0.2
	eventually 5 pings node1 10.70.1.2 ring1
	lab heal
	eventually 5 pings node1 10.70.0.2
	lab cut node1-node2
	run ! pings node1 10.70.0.2
	run ! pings node2 10.70.1.1 ring1
	eventually 5 lab client ping -c 1 -W 1 10.71.255.1
	lab heal
	lab cut guest
	run ! lab client ping -c 1 -W 1 10.71.255.1
	lab heal
	run lab cut node9
	[[ $status -eq 1 && $output == *node9* ]]
}

@test "a cut one way lets the other way through" {
	lab cut 'node1>node2'
	lab exec node1 socat -u UDP-RECV:99 OPEN:/run/got,creat,append 3>&- &
	lab exec node2 socat -u UDP-RECV:99 OPEN:/run/got,creat,append 3>&- &
	for node in node1 node2; do eventually 5 lab exec $node sh -c 'ss -Hlun sport = :99 | grep -q .'; done
	# Static neighbours: ARP would need both ways.
	for pair in "node1 node2 2" "node2 node1 1"; do
		read -r from to n <<<"$pair"
		mac=$(lab exec "$to" cat /sys/class/net/ring0/address)
		lab exec "$from" ip neigh replace 10.70.0.$n lladdr "$mac" dev ring0
		lab exec "$from" sh -c "echo ping | socat -u - UDP-SENDTO:10.70.0.$n:99"
	done
	eventually 5 lab exec node1 grep -q ping /run/got
	run lab exec node2 grep ping /run/got
	[[ $status -ne 0 ]]
	lab heal
}

@test "wrong use is refused with the next step" {
	for args in "up -n 99" "exec node1" "frobnicate" "--name Lab status" "fence node1 explode"; do
		# shellcheck disable=SC2086 # words
		run "$LAB_COMMAND" $args
		[[ $status -eq 2 && $output == lab:* ]]
	done
	run "$LAB_COMMAND" exec node7 true
	[[ $status -eq 1 && $output == *"node1 node2"* ]]
	run "$LAB_COMMAND" up
	[[ $status -eq 1 && $output == *down* ]]
	run "$LAB_COMMAND" exec node1 sh -c 'exit 42'
	[[ $status -eq 42 ]]
}
