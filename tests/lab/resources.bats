#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # part_NAME is set by fight
#
# Domains that fight for the processors: a share holds, a cap is never passed, a
# dedicated CPU has nobody else.  The guests spin and do nothing else, so what they
# get is what their host gives them; it is compared within one run, by the kernel's
# own accounts.

bats_require_minimum_version 1.5.0

setup_file() {
	local root
	root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	O=${O:-build}
	[[ $O == /* ]] || O=$root/$O
	export O PATH=$O:$PATH
	export TAIKI_RUN_DIR=$BATS_FILE_TMPDIR/run TAIKI_ETC_DIR=$BATS_FILE_TMPDIR/etc
	export TAIKI_CGROUP=taiki-resources-bats.slice
	# cibadmin on an empty file: this machine's own cluster, if any, is not asked.
	export CIB_file=$BATS_FILE_TMPDIR/cib.xml
	cibadmin --empty >"$CIB_file"
	chmod 666 "$CIB_file"
	# The last two CPUs that there are.
	mapfile -t cpus < <(cpus_online)
	[[ ${#cpus[@]} -ge 2 ]]
	export FIRST=${cpus[-2]} LAST=${cpus[-1]} ALL
	ALL=$(</sys/devices/system/cpu/online)
}

cpus_online() {
	tr , '\n' </sys/devices/system/cpu/online | while IFS=- read -r a b; do seq "$a" "${b:-$a}"; done
}

teardown() {
	local name
	for name in one two three; do
		hv destroy "$name" 2>/dev/null || [[ $? -eq 3 ]]
	done
}

# spin NAME CPUTUNE [VCPUS]: start a guest that takes all it gets
spin() {
	cat >"$BATS_TEST_TMPDIR/$1.xml" <<END
<domain type='kvm'>
  <name>$1</name>
  <metadata><taiki:domain xmlns:taiki='urn:taiki:domain:1'>
    <taiki:engine>soft</taiki:engine>
  </taiki:domain></metadata>
  <memory unit='MiB'>32</memory>
  <vcpu>${3:-1}</vcpu>
  <cputune>$2</cputune>
  <os><type arch='x86_64'>hvm</type><kernel>$O/e2e/spin</kernel></os>
  <devices><serial type='pty'/><memballoon model='none'/></devices>
</domain>
END
	hv start "$BATS_TEST_TMPDIR/$1.xml"
}

pid() { cat "$TAIKI_RUN_DIR/$1/pid"; }

# group NAME FILE: FILE of its control group, in whichever hierarchy has it
group() {
	local f
	for f in /sys/fs/cgroup{,/*}/$TAIKI_CGROUP/$(<"$TAIKI_RUN_DIR/$1/cgroup")/$2; do
		[[ ! -e $f ]] || { echo "$f" && return; }
	done
	return 1
}

# used NAME: nanoseconds of CPU it has had, by the kernel's account
used() {
	local f
	if f=$(group "$1" cpuacct.usage); then
		cat "$f"
	else
		f=$(group "$1" cpu.stat)
		echo $(($(sed -n 's/^usage_usec //p' "$f") * 1000))
	fi
}

# together NAME...: those domains on one CPU, for all of their threads
together() {
	local name
	for name; do
		# A thread that ends meanwhile is an error to it.
		taskset -a -p -c "$FIRST" "$(pid "$name")" >/dev/null ||
			taskset -a -p -c "$FIRST" "$(pid "$name")" >/dev/null
	done
}

# fight SECONDS NAME...: what each had of all that they had together, in percent
fight() {
	local seconds=$1 name sum=0
	local -A from got
	shift
	for name; do from[$name]=$(used "$name"); done
	sleep "$seconds"
	for name; do
		got[$name]=$(($(used "$name") - from[$name]))
		sum=$((sum + got[$name]))
	done
	[[ $sum -gt 0 ]]
	for name; do
		printf -v "part_$name" %d $((got[$name] * 100 / sum))
		echo "$name: $((got[$name] * 100 / sum)) % of ${sum} ns"
	done
}

# allowed NAME [vcpuN]: the CPUs of its threads (of that name), as the kernel has them
allowed() {
	local t
	for t in /proc/"$(pid "$1")"/task/*; do
		[[ -z ${2:-} || $(<"$t/comm") == "$2" ]] || continue
		sed -n 's/^Cpus_allowed_list:\t//p' "$t/status"
	done | sort -u
}

@test "a guarantee: its shares hold against two that take what they get" {
	spin one '<shares>4096</shares>'
	spin two '<shares>512</shares>'
	spin three '<shares>512</shares>'
	together one two three
	fight 4 one two three
	# 80 : 10 : 10
	[[ $part_one -ge 65 && $part_two -ge 4 && $part_three -ge 4 ]]
	# Turned round while they run.
	hv set one shares=256
	hv set two shares=4096
	fight 4 one two three
	[[ $part_two -ge 65 && $part_one -le 20 ]]
}

@test "a cap is never passed, from the first instruction on, whatever is free" {
	local from began now most percent n
	began=$(date +%s%N)
	spin one '<period>100000</period><quota>10000</quota>'
	sleep 4
	most=$(used one)
	now=$(date +%s%N)
	# A tenth of one CPU, all its start included; the rest is room for a period.
	percent=$((most * 100 / (now - began)))
	echo "$percent % of a CPU"
	[[ $percent -le 20 ]]
	[[ $(sed -n 's/^nr_throttled //p' "$(group one cpu.stat)") -gt 3 ]]
	# Raised, it gets more than it could before, as soon as the machine has that to spare.
	hv set one quota=60000
	for ((n = 0; n < 60; n++)); do
		from=$(used one) began=$(date +%s%N)
		sleep 1
		percent=$((($(used one) - from) * 100 / ($(date +%s%N) - began)))
		[[ $percent -le 15 ]] || break
	done
	echo "$percent % of a CPU"
	[[ $percent -gt 15 ]]
}

@test "a cap is that of all processors: two do not get twice as much past it" {
	spin one '<period>100000</period><quota>20000</quota>' 2
	[[ $(cat "$(group one cpu.cfs_quota_us || group one cpu.max)") =~ ^40000 ]]
}

@test "a dedicated CPU has nobody else on it, whoever came first" {
	spin one ''
	spin two "<vcpupin vcpu='0' cpuset='$LAST'/>"
	[[ $(allowed two vcpu0) == "$LAST" ]]
	# Who ran there before has gone, with all threads; who starts stays away.
	run ! grep -E "(^|[,-])$LAST(\$|,)" <<<"$(allowed one)"
	spin three '' 2
	[[ $(allowed three) == "$(allowed one)" ]]
	# Its other threads are where everybody's are.
	allowed two | grep -qx "$(allowed one)"
	hv destroy two
	[[ $(allowed one) == "$ALL" && $(allowed three) == "$ALL" ]]
}

@test "one CPU is dedicated to one domain: the second is refused, by name" {
	spin one "<vcpupin vcpu='0' cpuset='$LAST'/>"
	run ! spin two "<vcpupin vcpu='0' cpuset='$LAST'/>"
	[[ $output == *"CPU $LAST is dedicated to domain one"* ]]
	run ! spin two "<emulatorpin cpuset='$LAST'/>"
	[[ $output == *"dedicated to domain one"* ]]
	# Dead without a word: its CPUs are free.
	kill -KILL "$(pid one)"
	tail --pid="$(pid one)" -f /dev/null
	spin two "<vcpupin vcpu='0' cpuset='$LAST'/>"
	[[ $(allowed two vcpu0) == "$LAST" ]]
}

@test "a CPU that is not there, and the last one that is free: refused" {
	run ! spin one "<vcpupin vcpu='0' cpuset='1023'/>"
	[[ $output == *"CPU 1023, which this host does not have"* ]]
	spin one ''
	run ! spin two "<vcpupin vcpu='0' cpuset='$ALL'/>"
	[[ $output == *"would have none"* ]]
	[[ $(allowed one) == "$ALL" ]]
}

@test "what spins on a dedicated CPU has all of it, beside others that take what they get" {
	spin one '' 2
	spin two "<vcpupin vcpu='0' cpuset='$LAST'/>"
	local vcpu=() t
	for t in /proc/"$(pid two)"/task/*; do
		[[ $(<"$t/comm") != vcpu0 ]] || vcpu+=("$t")
	done
	[[ ${#vcpu[@]} -eq 1 ]]
	sleep 2
	# psr is the CPU it was last on.
	[[ $(ps -L -o psr= -p "$(pid one)" | sort -u | tr -d ' ') != *"$LAST"* ]]
	[[ $(ps -L -o psr=,comm= -p "$(pid two)" | awk '$2 == "vcpu0" { print $1 }') == "$LAST" ]]
}

@test "a domain's group is the one its run directory names, and goes with it" {
	spin one ''
	local dir
	dir=$(dirname "$(group one cgroup.procs)")
	[[ $(<"$TAIKI_RUN_DIR/one/cgroup") == one && -d $dir ]]
	# As after an adoption: the directory has another name now, and the old name is used again.
	rm -rf "$TAIKI_RUN_DIR/two"
	mv "$TAIKI_RUN_DIR/one" "$TAIKI_RUN_DIR/two"
	sed -i 's/"name": "one"/"name": "two"/' "$TAIKI_RUN_DIR/two/config.json"
	spin one ''
	[[ $(<"$TAIKI_RUN_DIR/one/cgroup") == one+1 ]]
	grep -qx "$(pid two)" "$dir/cgroup.procs"
	run ! grep -qx "$(pid one)" "$dir/cgroup.procs"
	hv set two shares=256
	[[ $(cat "$(group two cpu.shares)") -eq 256 || $(cat "$(group two cpu.weight)") -eq 25 ]]
	hv destroy two
	[[ ! -e $dir && -e ${dir%/*}/one+1 ]]
	hv destroy one
	[[ ! -e ${dir%/*} ]]
}
