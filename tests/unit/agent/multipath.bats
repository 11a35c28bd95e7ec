#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ocf:taiki:multipath and who answers it: this machine has no device mapper, so that is a stand-in
# (tests/unit/agent/multipathd), which answers as multipath-tools 0.9.4 does.

# bats sets $stderr.
# shellcheck disable=SC2154
bats_require_minimum_version 1.5.0
load domain.bash

setup() {
	find_build
	T=$BATS_TEST_TMPDIR
	AGENT=$O/resource-agents/multipath
	mkdir -p "$T/bin" "$T/run" "$T/d"
	# What the cluster would be told.
	cat >"$T/bin/attrd_updater" <<-'END'
		#!/bin/sh
		echo "$*" >>"$SAID"
	END
	chmod 755 "$T/bin/attrd_updater"
	export PATH=$T/bin:$PATH SAID=$T/said TAIKI_RUN_DIR=$T/run
	: >"$SAID"
	export OCF_RESOURCE_INSTANCE=paths:0 OCF_RESKEY_CRM_meta_timeout=20000 OCF_RESKEY_CRM_meta_interval=10000
	export OCF_RESKEY_maps=disk1 OCF_RESKEY_socket=$T/socket OCF_RESKEY_hold=0 OCF_RESKEY_dampen=0
	echo ok >"$T/d/mood"
	serve "$T/socket"
}

teardown() { kill -KILL "$SERVER" 2>/dev/null || true; }

serve() {
	"$BATS_TEST_DIRNAME/multipathd" "$1" "$T/d" 3>&- &
	SERVER=$!
	until_true 10 test -e "$T/d/ready"
}
agent() { timeout 60 "$AGENT" "$@" 3>&-; }
# map NAME QUEUEING PATH...: a path is DEV or DEV! (failed)
map() {
	local name=$1 queueing=$2 p state paths=
	shift 2
	for p; do
		state='"dm_st":"active","chk_st":"ready"'
		[[ $p != *! ]] || state='"dm_st":"failed","chk_st":"faulty"'
		paths+=${paths:+,}"{\"dev\":\"${p%!}\",\"dev_st\":\"running\",$state}"
	done
	printf '{"map":{"name":"%s","queueing":"%s","path_groups":[{"paths":[%s]}]}}\n' \
		"$name" "$queueing" "$paths" >"$T/d/$name"
}
# says ACTION STATUS [WORDS]: the agent ends so, and says so
says() {
	run --separate-stderr agent "$1"
	[[ $status -eq $2 ]] || { echo "$1 ended with $status, not $2: $stderr"; return 1; }
	[[ -z ${3:-} || $stderr == *"$3"* ]] || { echo "said: $stderr"; return 1; }
}
# attribute NAME: what was told last
attribute() { sed -n "s/^-n $1 -B \([0-9]*\) .*/\1/p; s/^-n $1 -D\$/gone/p" "$SAID" | tail -n 1; }

@test "its metadata fits the schemas of resource-agents and pcs, and the 1.0 DTD" {
	agent_metadata_fits
}

@test "parameters that make no sense are refused by name" {
	local bad
	for bad in 'maps=' 'maps=a;b' 'maps=a a' paths=0 paths=x minimum=3 grace=soon queue_timeout=-1 \
		hold=1y dampen=x socket=relative; do
		run --separate-stderr env "OCF_RESKEY_${bad%%=*}=${bad#*=}" "$AGENT" validate-all
		[[ $status -eq 6 && $stderr == *"${bad%%=*} '${bad#*=}'"* || $stderr == *"minimum 3"* ]] ||
			{ echo "$bad: $status $stderr"; return 1; }
	done
	says validate-all 0
}

@test "start waits for the map and its paths, and says what is missing" {
	says monitor 7
	OCF_RESKEY_CRM_meta_timeout=4000 says start 1 'has no such map'
	map disk1 off sda! sdb!
	OCF_RESKEY_CRM_meta_timeout=4000 says start 1 '0 of its 2 paths work, and 1 is the minimum'
	says monitor 7
	[[ ! -s $SAID ]]
	(sleep 1; map disk1 off sda sdb) 3>&- &
	says start 0
	[[ $(attribute taiki-paths-disk1) == 2 && $(attribute taiki-paths-disk1-wanted) == 2 ]]
	says start 0
	says monitor 0
}

@test "a path lost is degraded, all lost degraded for the grace and then failed; what is back counts again" {
	export OCF_RESKEY_grace=2s
	map disk1 off sda sdb
	says start 0
	map disk1 off sda sdb!
	says monitor 190 'fewer paths than wanted (1 of 2 work)'
	[[ $(attribute taiki-paths-disk1) == 1 ]]
	map disk1 off sda! sdb!
	says monitor 190 'has no path, and its I/O fails (0 of 2'
	[[ $(attribute taiki-paths-disk1) == 0 ]]
	sleep 2.1
	says monitor 1 'has no path'
	map disk1 off sda sdb
	says monitor 0
	[[ $(attribute taiki-paths-disk1) == 2 ]]
}

@test "a path that is back counts when it has worked for a while" {
	export OCF_RESKEY_hold=2s
	map disk1 off sda sdb
	says start 0
	map disk1 off sda sdb!
	says monitor 190
	map disk1 off sda sdb
	says monitor 190 'only just back'
	[[ $(attribute taiki-paths-disk1) == 1 ]]
	sleep 2.1
	says monitor 0
	[[ $(attribute taiki-paths-disk1) == 2 ]]
}

@test "where nothing has changed, monitor runs no program" {
	map disk1 off sda sdb
	says start 0
	: >"$SAID"
	says monitor 0
	says monitor 0
	[[ ! -s $SAID ]]
	strace -f -o "$T/trace" -e trace=execve,fork,vfork,clone,clone3 "$AGENT" monitor
	[[ $(grep -c -e exec -e fork -e clone "$T/trace") -eq 1 ]]
}

@test "I/O that waits for ever without a path is made to fail at its time, and to wait again" {
	export OCF_RESKEY_queue_timeout=1s
	map disk1 on sda! sdb!
	export OCF_RESKEY_minimum=1
	map disk1 on sda sdb
	says start 0
	map disk1 on sda! sdb!
	says monitor 190 'its I/O waits (queue_if_no_path)'
	[[ -z $(grep queueing "$T/d/log") ]]
	sleep 1.1
	says monitor 190
	grep -qx 'disablequeueing map disk1' "$T/d/log"
	map disk1 off sda! sdb!
	says monitor 190
	[[ $(grep -c queueing "$T/d/log") -eq 1 ]]
	map disk1 off sda sdb!
	says monitor 190
	grep -qx 'restorequeueing map disk1' "$T/d/log"
	[[ $(grep -c queueing "$T/d/log") -eq 2 ]]
}

@test "a stop takes back what was told, and what was made to fail" {
	export OCF_RESKEY_queue_timeout=100ms
	map disk1 on sda
	OCF_RESKEY_paths=1 says start 0
	map disk1 on sda!
	says monitor 190
	sleep 0.2
	says monitor 190
	# Neither parameters nor multipathd's answer are needed.
	OCF_RESKEY_maps='' says stop 0
	grep -qx 'restorequeueing map disk1' "$T/d/log"
	[[ $(attribute taiki-paths-disk1) == gone && $(attribute taiki-paths-disk1-wanted) == gone ]]
	says monitor 7
	says stop 0
}

@test "several maps: the worst counts, each has its own attributes" {
	export OCF_RESKEY_maps="disk1 disk2"
	map disk1 off sda sdb
	map disk2 off sdc sdd
	says start 0
	map disk2 off sdc sdd!
	says monitor 190 'map disk2 has fewer'
	[[ $(attribute taiki-paths-disk1) == 2 && $(attribute taiki-paths-disk2) == 1 ]]
	rm "$T/d/disk1"
	says monitor 1 'map disk1'
}

@test "multipathd hangs, ends, or says what makes no sense: never well, never hanging, never believed" {
	map disk1 off sda sdb
	says start 0
	: >"$SAID"
	export OCF_RESKEY_CRM_meta_timeout=4000
	local mood began
	for mood in hang close huge short none junk timeout; do
		echo $mood >"$T/d/mood"
		began=$SECONDS
		# The kernel here has no such map either: then it is failed, for its own reason.
		says monitor 1 'the kernel has no such map'
		[[ $((SECONDS - began)) -le 16 ]]
		[[ ! -s $SAID ]]
		if [[ $mood == hang ]]; then
			kill -KILL "$SERVER"
			rm "$T/socket" "$T/d/ready"
			says monitor 1 'does not run'
			serve "$T/socket"
		fi
	done
	echo ok >"$T/d/mood"
	OCF_RESKEY_CRM_meta_timeout=20000 says monitor 0
}

@test "an abstract address; a socket of somebody else than root is not believed" {
	map disk1 off sda sdb
	kill -KILL "$SERVER"
	rm "$T/d/ready"
	export OCF_RESKEY_socket=@taiki-test-$$
	serve "@taiki-test-$$"
	says start 0
	says monitor 0
	kill -KILL "$SERVER"
	rm -f "$T/d/ready" "$T/d/log"
	chmod 755 "$BATS_RUN_TMPDIR" "$T"
	chmod 777 "$T/d"
	export OCF_RESKEY_socket=@taiki-test-$$-other
	setpriv --reuid=nobody --clear-groups "$BATS_TEST_DIRNAME/multipathd" "@taiki-test-$$-other" "$T/d" 3>&- &
	SERVER=$!
	until_true 10 test -e "$T/d/ready"
	says monitor 1 'is not who listens there'
	[[ ! -e $T/d/log ]]
}
