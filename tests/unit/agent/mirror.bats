#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ocf:taiki:mirror with real taiki-mirrord on both ends: nodes a and b on this machine.

# bats sets $stderr.
# shellcheck disable=SC2154
bats_require_minimum_version 1.5.0
load domain.bash

setup_file() {
	find_build
	export AGENT=$O/resource-agents/mirror
	export TAIKI_MIRRORD=$O/taiki-mirrord TAIKI_CGROUP=taiki-mirror-bats.slice
}

setup() {
	T=$BATS_TEST_TMPDIR
	# Several pairs may run at once: one address has one listener.
	local net=127.$((RANDOM % 250 + 2)).$((RANDOM % 250 + 2)) host=$((RANDOM % 120 * 2 + 1)) n
	mkdir -p "$T/bin"
	# What Pacemaker would be told.
	cat >"$T/bin/crm_attribute" <<-'END'
		#!/bin/sh
		echo "$OCF_RESKEY_CRM_meta_on_node $*" >>"$SAID"
		[ ! -e "$SAID.fails" ]
	END
	chmod 755 "$T/bin/crm_attribute"
	export PATH=$T/bin:$PATH SAID=$T/said
	: >"$SAID"
	export OCF_RESOURCE_INSTANCE=r0:0 OCF_RESKEY_CRM_meta_timeout=20000 OCF_RESKEY_CRM_meta_interval=10000
	# There is no cluster here; with fencing: tests/unit/mirror/fence.bats and tests/lab/mirror.bats.
	export OCF_RESKEY_fencing=dont-care
	export OCF_RESKEY_hosts="a=$net.$host:7789 b=$net.$((host + 1)):7789"
	# A peer that a busy machine holds up for a second is not given up.
	export OCF_RESKEY_ping_timeout=5000
	for n in a b; do
		mkdir "$T/$n"
		truncate -s 24M "$T/$n.img"
		TAIKI_RUN_DIR=$T/$n "$O/taiki-mirror" create-md --disk "$T/$n.img"
	done
}

teardown() {
	local n
	for n in a b; do
		[[ -z $(daemon $n) ]] || kill -KILL "$(daemon $n)" 2>/dev/null || true
	done
	[[ -n ${BATS_TEST_COMPLETED:-} ]] || tail -n 30 "$T"/*.log >&2
}

# agent ACTION: as node a, without another; on NODE ACTION
on() {
	TAIKI_RUN_DIR=$T/$1 OCF_RESKEY_CRM_meta_on_node=$1 OCF_RESKEY_disk=$T/$1.img \
		OCF_RESKEY_logfile=$T/$1.log timeout 90 "$AGENT" "$2" 3>&-
}
agent() { on a "$@"; }
daemon() { cat "$T/$1/.mirror/r0/control.lock" 2>/dev/null || true; }
mirror() { TAIKI_RUN_DIR=$T/$1 "$O/taiki-mirror" "$2" r0 "${@:3}"; }
state() { mirror "$1" status --json | jq -r ".\"$2\""; }
is() { [[ $(state "$1" "$2") == "$3" ]]; }
synced() { is a disk UpToDate && is a peer-disk UpToDate && is a connection Connected; }
synced_at_b() { is b disk UpToDate && is b peer-disk UpToDate && is b connection Connected; }
# score NODE: what was said last
score() { sed -n "s/^$1 .* -v //p; s/^$1 .* -D\$/none/p" "$SAID" | tail -n 1; }
monitor_says() {
	local rc=0
	on "$1" monitor 2>/dev/null || rc=$?
	[[ $rc -eq $2 ]]
}

# pair: both started, in sync, a promoted
pair() {
	on a start &
	on b start
	wait $!
	mirror a primary --force
	until_true 30 synced
	until_true 30 synced_at_b
}

@test "its metadata fits the schemas of resource-agents and pcs, and the 1.0 DTD" {
	agent_metadata_fits
	grep -q 'role="Promoted"' "$BATS_TEST_TMPDIR/1.1.xml"
}

@test "Pacemaker's tools, pcs and crm read, validate and clone it" {
	# shellcheck disable=SC2016
	run -0 unshare -m sh -ec '
		mount -t tmpfs none /usr/lib/ocf/resource.d && mkdir /usr/lib/ocf/resource.d/taiki
		cp "$AGENT" /usr/lib/ocf/resource.d/taiki/
		crm_resource --show-metadata ocf:taiki:mirror | grep -q "<version>1.1</version>"
		pcs resource describe ocf:taiki:mirror | grep -q hosts
		crm_resource --validate --class ocf --provider taiki --agent mirror \
			disk=/d hosts=a=1.1.1.1:1,b=1.1.1.2:1 resource=x
		! crm_resource --validate --class ocf --provider taiki --agent mirror \
			disk=d hosts=a=1.1.1.1:1,b=1.1.1.2:1 resource=x
		cd "$BATS_TEST_TMPDIR"
		cibadmin --empty >cib.xml
		pcs -f cib.xml resource create d ocf:taiki:mirror disk=/d "hosts=a=1.1.1.1:1 b=1.1.1.2:1" \
			op monitor interval=10s role=Promoted monitor interval=11s role=Unpromoted \
			promotable promoted-max=1 notify=true
		CIB_file=$PWD/cib.xml crm -F configure primitive e ocf:taiki:mirror \
			params disk=/d hosts="a=1.1.1.1:1 b=1.1.1.2:1" \
			op monitor interval=10s role=Promoted op monitor interval=11s role=Unpromoted
		CIB_file=$PWD/cib.xml crm -F configure clone e-clone e meta promotable=true notify=true
		cat cib.xml'
	[[ $output == *'<clone id="d-clone"'* && $output == *'<clone id="e-clone"'* ]]
}

@test "ocf-tester finds nothing to complain about" {
	# data that counts, on a disk whose peer is known not to have it
	agent start
	mirror a primary --force
	agent stop
	export TAIKI_RUN_DIR=$T/a OCF_RESKEY_CRM_meta_on_node=a
	run -0 ocf-tester -n r0 -o disk="$T/a.img" -o "hosts=$OCF_RESKEY_hosts" -o fencing=dont-care \
		-o logfile="$T/a.log" "$AGENT"
	[[ $output == *"passed all tests"* ]]
}

@test "start, promote, demote and stop, each of them twice" {
	run -7 agent monitor
	run -0 agent stop
	run -7 agent promote
	pair
	pid=$(daemon a)
	run -8 agent monitor
	run -0 on b monitor
	run -0 agent start
	[[ $(daemon a) -eq $pid ]]
	run -0 agent promote
	run -0 agent demote
	run -0 agent demote
	run -0 agent monitor
	run -0 on b promote
	run -8 on b monitor
	run -0 agent stop
	run ! lives "$pid"
	run -7 agent monitor
	run -0 agent stop
	[[ $(score a) == none ]]
	run -0 on b demote
	run -0 on b stop
	# in order: nothing is to be recovered
	run -0 drbdmeta --force - v08 "$T/b.img" internal dump-md
	[[ $output != *unclean* ]]
}

@test "the scores are those of the disks, and said when they change" {
	agent start
	[[ $(score a) == none ]] # a new disk
	on b start
	mirror a primary --force
	until_true 30 synced
	until_true 30 synced_at_b
	agent monitor || true
	[[ $(score a) == 10000 ]]
	on b monitor
	[[ $(score b) == 10000 ]]
	: >"$SAID"
	agent monitor || true
	on b monitor
	[[ ! -s $SAID ]] # nothing new
	OCF_RESKEY_CRM_meta_interval=0 agent monitor || true
	OCF_RESKEY_CRM_meta_interval=10000 on b notify
	[[ $(wc -l <"$SAID") -eq 2 ]] # a probe and a notification say it again
	agent demote
	on b stop
	until_true 30 is a connection WFConnection
	agent monitor
	[[ $(score a) == 1000 ]]
	OCF_RESKEY_scores="1 2 3" agent monitor
	[[ $(score a) == 2 ]]
	# what Pacemaker did not hear is said again
	touch "$SAID.fails"
	agent monitor
	rm "$SAID.fails"
	: >"$SAID"
	agent monitor
	[[ $(score a) == 1000 ]]
}

@test "a disk that is not the newest is not promoted" {
	pair
	mirror b disconnect
	until_true 30 is b connection StandAlone
	mirror b invalidate
	run -1 --separate-stderr on b promote
	[[ $stderr == *"the disk here is Inconsistent: it is not promoted"* ]]
	[[ $(score b) == none ]]
	run -0 on b monitor
	run -0 agent demote
	run -0 agent promote
}

@test "a promotion waits while the peer is still Primary, and a demotion while the volume is open" {
	pair
	OCF_RESKEY_CRM_meta_timeout=3000 run -1 --separate-stderr on b promote
	[[ $stderr == *"r0 cannot become Primary"* ]]
	qemu-io -f raw -c 'sleep 60000' "nbd+unix:///?socket=$T/a/.mirror/r0/nbd.sock" 3>&- &
	client=$!
	until_true 20 is a nbd-clients 1
	OCF_RESKEY_CRM_meta_timeout=3000 run -1 --separate-stderr on a demote
	[[ $stderr == *"in use"* ]]
	on a demote &
	demote=$!
	sleep 1
	kill "$client"
	wait "$client" || true
	wait "$demote"
	run -0 on b promote
}

@test "a daemon that was killed is not running; one that hangs fails its monitor, and a stop ends it" {
	pair
	kill -KILL "$(daemon a)"
	until_true 10 monitor_says a 7
	run -0 on b promote # what nobody serves any more
	run -0 agent start
	run -0 agent monitor
	pid=$(daemon a)
	kill -STOP "$pid"
	export OCF_RESKEY_CRM_meta_timeout=3000
	run -1 --separate-stderr agent monitor
	[[ $stderr == *"ocf-exit-reason:taiki-mirrord (pid $pid) does not answer"* ]]
	run -1 agent start
	run -1 agent demote
	run -1 agent promote
	OCF_RESKEY_CRM_meta_timeout=20000 run -0 agent stop
	run ! lives "$pid"
	run -7 agent monitor
}

@test "demote and stop end though the peer is dead" {
	pair
	kill -STOP "$(daemon b)"
	run -0 agent demote
	run -0 agent stop
	kill -CONT "$(daemon b)"
	run -0 on b stop
}

@test "what cannot be started says why" {
	TAIKI_MIRRORD=/nowhere run -5 --separate-stderr agent start
	[[ $stderr == *'ocf-exit-reason:/nowhere: No such file or directory; is Taiki installed?'* ]]
	run -5 --separate-stderr on c start
	[[ $stderr == *"does not name this host"* ]]
	run -7 on c monitor
	OCF_RESKEY_hosts="a=1" run -6 --separate-stderr agent start
	[[ $stderr == *"NODE1=ADDRESS:PORT"* ]]
	OCF_RESKEY_protocol=D run -6 agent start
	OCF_RESKEY_fencing=maybe run -6 agent start
	OCF_RESKEY_fencing=resource-and-stonith OCF_RESKEY_protocol=A run -6 agent start
	OCF_RESKEY_resource=../x run -6 agent start
	OCF_RESKEY_scores="1 2" run -6 agent start
	OCF_RESKEY_CRM_meta_notify=false run -6 --separate-stderr agent start
	[[ $stderr == *"notify=true"* ]]
	OCF_RESKEY_CRM_meta_promoted_max=2 run -6 --separate-stderr agent start
	[[ $stderr == *"promoted_max is 2"* ]]
	truncate -s 0 "$T/a.img" && truncate -s 24M "$T/a.img"
	run -1 --separate-stderr agent start
	[[ $stderr == *"see $T/a.log"* ]]
	grep -q 'create-md' "$T/a.log"
	run -7 agent monitor
}

# confs: each node's drbd.conf; drbdadm wants the name and an address of the machine it runs on
confs() {
	# Below those that the kernel gives to whoever connects.
	declare -A port=([a]=$((20000 + RANDOM % 6000)) [b]=$((26000 + RANDOM % 6000)))
	declare -A minor=([a]=$((60 + RANDOM % 5)) [b]=$((65 + RANDOM % 5)))
	local n other=b
	for n in a b; do
		cat >"$T/$n.conf" <<-END
			global { usage-count no; }
			resource r0 {
				device minor ${minor[$n]}; disk $T/$n.img; meta-disk internal;
				net { protocol C; cram-hmac-alg sha1; shared-secret "open sesame"; timeout 20; ko-count 5; ping-timeout 50; }
				on $(uname -n) { address 127.0.0.1:${port[$n]}; }
				on elsewhere { address 127.0.0.1:${port[$other]}; }
			}
		END
		other=a
	done
}
# by_conf NODE ACTION: with config in place of disk and hosts
# shellcheck disable=SC2016 # sh's
by_conf() {
	TAIKI_RUN_DIR=$T/$1 OCF_RESKEY_CRM_meta_on_node=$1 OCF_RESKEY_config=$T/$1.conf OCF_RESKEY_logfile=$T/$1.log \
		TAIKI_DRBDSETUP=$O/taiki-drbdsetup timeout 90 env -u OCF_RESKEY_hosts -u OCF_RESKEY_disk -u OCF_RESKEY_fencing \
		-u OCF_RESKEY_ping_timeout \
		unshare -m sh -c 'mount -t tmpfs none /var/lib/drbd; exec "$AGENT" "$1"' sh "$2" 3>&-
}

@test "a volume that a drbd.conf describes: started by drbdadm, then like any other" {
	confs
	by_conf a start &
	run -0 by_conf b start
	wait $!
	tr '\0' ' ' <"/proc/$(daemon a)/cmdline" | grep -q -- '--timeout 2000 --ko-count 5 '
	mirror a primary --force
	until_true 30 synced
	run -8 by_conf a monitor
	run -0 by_conf a demote
	run -0 by_conf b promote
	run -0 by_conf a start # it is there
	run -0 by_conf a stop
	[[ ! -e $T/a/.mirror/r0/secret && ! -e $T/a/.mirror/r0/drbdsetup.json ]]
	run -7 by_conf a monitor
	run -0 by_conf a start
	until_true 30 synced
	OCF_CHECK_LEVEL=10 run -0 by_conf a validate-all
	OCF_RESKEY_protocol=A run -6 --separate-stderr by_conf a start
	[[ $stderr == *"protocol is given beside config"* ]]
	OCF_RESKEY_resource=r7 OCF_CHECK_LEVEL=10 run -5 by_conf a validate-all
	OCF_RESKEY_resource=r7 run -2 by_conf a start
}

@test "a peer whose writes are not answered is given up after ten seconds unless it is said otherwise" {
	pair
	tr '\0' ' ' <"/proc/$(daemon a)/cmdline" | grep -q -- '--timeout 2000 --ko-count 5 '
	OCF_RESKEY_ko_count=300 run -6 --separate-stderr agent start
	[[ $stderr == *"ko_count '300' is not a number from 0 to 200"* ]]
	OCF_RESKEY_timeout=2s run -6 agent start
}

@test "a second daemon of a volume says so, and leaves the first alone" {
	agent start
	pid=$(daemon a)
	TAIKI_RUN_DIR=$T/a run -3 "$TAIKI_MIRRORD" --name r0 --disk "$T/a.img" --local 127.0.0.1:7790 \
		--peer 127.0.0.2:7790
	[[ $output == *"another taiki-mirrord serves it already"* ]]
	lives "$pid"
	run -0 agent monitor
}

@test "a monitor forks nothing where nothing has changed" {
	agent start
	agent monitor
	export TAIKI_RUN_DIR=$T/a OCF_RESKEY_CRM_meta_on_node=a OCF_RESKEY_disk=$T/a.img
	export OCF_RESKEY_CRM_meta_interval=10000
	run -0 strace -f -qq -e trace=process -o "$T/trace" "$AGENT" monitor
	run ! grep -qE 'clone|fork' "$T/trace"
}
