#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Squeezing and growing back, with guests that have a balloon driver and nothing else
# (tests/unit/board/guests/balloon.c): what they give is free on the host, those
# that do not give are passed over, and whoever dies in between leaves nothing behind.

# bats sets $stderr.
# shellcheck disable=SC2154
bats_require_minimum_version 1.5.0
load domain.bash

setup_file() {
	find_build
	cd "$BATS_TEST_DIRNAME/../../.." || return 1
	gcc -m32 -O1 -ffreestanding -fno-pic -fno-stack-protector -nostdlib -static -no-pie \
		-Wl,--build-id=none -Wl,--no-warn-rwx-segments \
		-Wl,-T,tests/unit/board/guests/life.ld -o "$BATS_FILE_TMPDIR/guest" \
		tests/unit/board/guests/balloon.c
	export CIB_file=$BATS_FILE_TMPDIR/cib.xml
	cibadmin --empty >"$CIB_file"
	chmod 666 "$CIB_file"
}

setup() {
	export TAIKI_RUN_DIR=$BATS_TEST_TMPDIR/run TAIKI_HOST_CONF=$BATS_TEST_TMPDIR/host.conf
	export TAIKI_CGROUP=
	mkdir -p "$TAIKI_RUN_DIR"
}

teardown() {
	kill_domains
	[[ -z ${limit:-} ]] || until_true 30 no_group
}

hv() { timeout 60 "$O/hv" "$@"; }
of() { hv ledger --json | jq -r ".domains[] | select(.name == \"$1\") | .$2"; }
is() { [[ $(of "$1" "$2") == "$3" ]]; }
mib() { [[ $(of "$1" "$2") -eq $(($3 << 20)) ]]; }
room() { printf 'memory = %dMiB\nslack-memory = 0\n' "$1" >"$TAIKI_HOST_CONF"; }
# uses NAME LEAST MOST: what the host has given its process, MiB
uses() {
	local rss
	rss=$(($(of "$1" '"in-use"') >> 20))
	[[ $rss -ge $2 && $rss -le $3 ]]
}

# guest NAME PRIORITY MINIMUM [CMDLINE [QUOTA [STANDBY]]]: a definition, 64 MiB in full
guest() {
	cat >"$BATS_TEST_TMPDIR/$1.xml" <<-XML
		<domain type='kvm'>
		  <name>$1</name>
		  <metadata><taiki:domain xmlns:taiki='urn:taiki:domain:1'>
		    <taiki:engine>soft</taiki:engine>
		    ${6:-}<taiki:priority>$2</taiki:priority>
		    <taiki:minimum memory='$3' unit='MiB' ${5:-}/>
		  </taiki:domain></metadata>
		  <memory unit='MiB'>64</memory>
		  <os>
		    <type arch='x86_64'>hvm</type>
		    <kernel>$BATS_FILE_TMPDIR/guest</kernel>
		    <cmdline>size=64 ${4:-}</cmdline>
		  </os>
		  <features><acpi/></features>
		  <devices><serial type='pty'/><memballoon model='virtio'/></devices>
		</domain>
	XML
}

ready() { grep -qs ready <(timeout 1 socat -u "UNIX-CONNECT:$TAIKI_RUN_DIR/$1/console.sock" -); }

# up NAME PRIORITY MINIMUM [CMDLINE]: it runs, and has touched all its memory
up() {
	guest "$@"
	hv start "$BATS_TEST_TMPDIR/$1.xml"
	until_true 30 uses "$1" 50 80
}
start() { hv start "$BATS_TEST_TMPDIR/$1.xml"; }
log_says() { grep -q "ledger\[$1\]: notice: $2" "$TAIKI_RUN_DIR/$1/log"; }

@test "a start at a squeeze: the lowest priority shrinks, its memory is free, and comes back" {
	room 160
	up low 0 16
	up mid 1 16
	guest high 5 64
	start high
	mib high now.memory 64
	mib mid now.memory 64
	mib low now.memory 32
	mib low target.memory 32
	log_says low 'shrinks from 64 to 32 MiB, for high$'
	uses low 0 45
	[[ $(hv ledger --json | jq '.held.memory') -eq $((160 << 20)) ]]
	run -0 hv ledger
	[[ $output == *squeezed* ]]
	# Nothing is free: nobody grows.
	hv ledger --relax
	mib low now.memory 32
	hv destroy high
	until_true 30 grows low 64
	log_says low 'grows from 32 to 64 MiB'
	until_true 30 uses low 50 80
}
grows() {
	hv ledger --relax >/dev/null 2>&1
	mib "$1" now.memory "$2"
}

@test "one that does not shrink is passed over, and one that gives a part gives that" {
	room 192
	up deaf 0 16 deaf
	up stops 1 16 floor=48
	up gives 2 16
	guest high 5 64
	start high
	mib high now.memory 64
	mib deaf now.memory 64
	log_says deaf 'does not shrink below 64 MiB, and is passed over'
	# 16 of stops, which holds 48 now; all the rest is of gives.
	mib stops now.memory 48
	mib gives now.memory 16
	[[ $(hv ledger --json | jq '.held.memory <= .room.memory') == true ]]
}

@test "where none gives enough the start is refused, and what was given comes back" {
	room 128
	up deaf 0 16 deaf
	up stops 1 16 floor=48
	guest high 5 64
	run -4 start high
	[[ $output == *"domain high: no room: it takes 64 MiB, and of 128 MiB 2 others hold"* ]]
	[[ ! -e $TAIKI_RUN_DIR/high/pid ]]
	[[ $(hv ledger --json | jq '.domains | length') -eq 2 ]]
	until_true 30 grows stops 64
	mib deaf now.memory 64
}

@test "the starter is killed in the middle of a squeeze: what it asked for comes back" {
	room 128
	up deaf 0 16 deaf
	up gives 1 16
	guest high 5 64
	"$O/hv" start "$BATS_TEST_TMPDIR/high.xml" 3>&- &
	until_true 20 log_says deaf 'shrinks from 64'
	kill -KILL $!
	wait $! || true
	[[ $(hv ledger --json | jq '.domains | length') -eq 2 ]]
	until_true 30 settled
}
settled() {
	hv ledger --relax >/dev/null 2>&1
	[[ $(hv ledger --json | jq -c '[.domains[] | .now.memory, .target.memory] | unique') == "[$((64 << 20))]" ]]
}

@test "the least important one starts with less itself, and grows when it can" {
	room 160
	up one 5 64
	up two 5 64
	guest low 0 16
	start low
	mib low now.memory 32
	mib one now.memory 64
	until_true 30 uses low 0 45
	hv destroy two
	until_true 30 grows low 64
}

@test "two starts at once squeeze the same two domains: together never more than there is" {
	room 192
	up one 0 8
	up two 0 8
	guest high1 5 64
	guest high2 5 64
	start high1 3>&- &
	local first=$!
	start high2 3>&- &
	until_true 60 over
	wait $first
	wait $!
	mib high1 now.memory 64
	mib high2 now.memory 64
	[[ $(hv ledger --json | jq '.held.memory <= .room.memory') == true ]]
	[[ $(($(of one now.memory) + $(of two now.memory))) -eq $((64 << 20)) ]]
}
# over: both have come to an end; looks at the sum as often as it can
over() {
	[[ $(hv ledger --json | jq '.held.memory <= .room.memory') == true ]] || echo "over capacity" >>"$BATS_TEST_TMPDIR/over"
	[[ ! -e $BATS_TEST_TMPDIR/over ]] || return 1
	[[ -z $(jobs -r) ]]
}

@test "a twin is adopted at a squeeze: it goes ahead with what there is, and has all when others have given" {
	room 100
	export TAIKI_NODE=n1
	up low 0 16
	guest high 5 64 "" "" "<taiki:standby memory='24' unit='MiB'/>"
	"$O/tests/unit/agent/standby" high@twin "$BATS_TEST_TMPDIR/high.xml"
	mib high@twin now.memory 24
	mib high@twin full.memory 64
	is high@twin kind twin
	until_true 30 uses high@twin 0 40
	run -0 hv ledger
	[[ $output == *"(not known)"*"1"*"40 MiB"*"fits at a squeeze"* ]]
	hv start --adopt "$BATS_TEST_TMPDIR/high.xml"
	mib high now.memory 64
	is high kind active
	is high state running
	mib low now.memory 36
	log_says low 'shrinks from 64 to 36 MiB, for high$'
	until_true 30 uses high 50 80
	uses low 0 48
	[[ $(hv ledger --json | jq '.held.memory') -eq $((100 << 20)) ]]
}

# limited MIB: the group of all domains gets no more, whatever host.conf says; false: that cannot be had here
limited() {
	local bytes=$(($1 << 20)) file v1=/sys/fs/cgroup/memory files=(memory.swap.max memory.max)
	limit=/sys/fs/cgroup/$TAIKI_CGROUP
	if [[ -d $v1 ]]; then
		# Neither may be on the wrong side of the other.
		limit=$v1/$TAIKI_CGROUP files=(memory.{memsw.limit,limit,memsw.limit}_in_bytes)
	fi
	mkdir -p "$limit"
	for file in "${files[@]}"; do
		if [[ $file == *swap.max ]]; then echo 0; else echo "$bytes"; fi >"$limit/$file" || true
	done 2>/dev/null
	[[ $(cat "$limit/${files[1]}") == "$bytes" ]]
}
killed() { cat "$limit"/*/memory.{oom_control,events} 2>/dev/null | grep -q '^oom_kill [1-9]'; }
no_group() {
	local dir
	for dir in /sys/fs/cgroup/{,*/}"$TAIKI_CGROUP"; do
		[[ ! -d $dir ]] || rmdir "$dir"/*/ "$dir" 2>/dev/null || [[ ! -d $dir ]] || return 1
	done
}
waits_with() { [[ $(hv info --json "$1" | jq .balloon.actual) -eq $(($2 << 20)) ]]; }
ended() { ! lives "$1"; }

@test "the host has less than it said, and a twin takes its memory: the kernel ends that guest and no other, and it can start again" {
	export TAIKI_NODE=n1 TAIKI_CGROUP=taiki-squeeze-bats-$$.slice
	local low twin
	limited 200 || skip "no limit of memory can be set in $limit"
	room 160
	guest low 0 16
	sed -i 's/>64</>32</; s/size=64/size=32/' "$BATS_TEST_TMPDIR/low.xml"
	start low
	until_true 60 uses low 20 40
	guest high 5 64 "" "" "<taiki:standby memory='24' unit='MiB'/>"
	"$O/tests/unit/agent/standby" high@twin "$BATS_TEST_TMPDIR/high.xml"
	low=$(pid_of low) twin=$(pid_of high@twin)
	until_true 60 waits_with high@twin 24
	until_true 60 uses high@twin 0 40
	run ! killed
	limited 80
	# Its memory comes in the background: the adoption itself is done.
	hv start --adopt "$BATS_TEST_TMPDIR/high.xml"
	until_true 60 ended "$twin"
	killed
	lives "$low"
	is low state running
	[[ $(hv ledger --json | jq '.held.memory') -eq $((32 << 20)) ]]
	limited 200
	start high
	until_true 60 uses high 50 80
	lives "$low"
}

@test "CPU is squeezed by quota and shares, and given back" {
	local group=/sys/fs/cgroup/cpu quota
	export TAIKI_CGROUP=taiki-squeeze-bats.slice
	printf 'cpu = 1\novercommit-cpu = 150%%\nslack-memory = 0\n' >"$TAIKI_HOST_CONF"
	guest low 0 64 "" "quota='20000'"
	start low
	guest high 5 64
	start high
	[[ $(of low now.cpu) -eq 50 && $(of high now.cpu) -eq 100 ]]
	if [[ -d $group ]]; then
		quota=$(<"$group/$TAIKI_CGROUP/low/cpu.cfs_quota_us")
	else
		read -r quota _ <"/sys/fs/cgroup/$TAIKI_CGROUP/low/cpu.max"
	fi
	[[ $quota -eq 50000 ]]
	log_says low 'shrinks from 100 to 50% CPU, for high$'
	hv destroy high
	until_true 30 cpu_grows
	if [[ -d $group ]]; then
		[[ $(<"$group/$TAIKI_CGROUP/low/cpu.cfs_quota_us") -eq -1 ]]
	else
		[[ $(<"/sys/fs/cgroup/$TAIKI_CGROUP/low/cpu.max") == max* ]]
	fi
	hv destroy low
}
cpu_grows() {
	hv ledger --relax >/dev/null 2>&1
	is low now.cpu 100
}
