#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A guest on a disk, on a partition and on an image file: started, pulled for less and for more than the grace,
# run on another host.  Two hosts, each with its own way to the storage (storaged.h) and its own loop
# devices; no cluster, and a guest without a Linux (tests/unit/board/guests/writer.c).  Volumes,
# maps and mirrors need more kernel than this: tests/e2e/disks.bats, multipath.bats.

# shellcheck source=tests/lab/lab.bash
load lab.bash

grace=30 # the second test has to be done with its disks within this
kinds="whole part image"

setup_file() {
	export TAIKI_HV=$O/hv TAIKI_HV_DOMAIN=$O/hv-domain TAIKI_CGROUP='' PATH=$O:$PATH
	cd "$BATS_FILE_TMPDIR" || return 1
	mkdir shared
	truncate -s 32M shared/whole.raw shared/part.raw shared/image.raw
	printf 'label: gpt\nsize=4M\nsize=16M\n' | sfdisk -q shared/part.raw
	host_up a
}

teardown_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	local pid
	for pid in */run/*/pid; do [[ ! -e $pid ]] || kill -KILL "$(cat "$pid")" || true; done
	host_down a
	host_down b
}

setup() { cd "$BATS_FILE_TMPDIR" || return 1; }

# host_up HOST: its way to the storage; HOST/whole and HOST/part are its devices
host_up() {
	local loop part major minor
	mkdir -p "$1/shared" "$1/run"
	: >"$1/faults"
	"$O/tests/lab/storaged" --node "$1" --boot "boot-$1" --backing "$PWD/shared" --mount "$PWD/$1/shared" \
		--faults "$PWD/$1/faults" --pid-file "$PWD/$1/storaged.pid" --log "$PWD/$1.jsonl" \
		</dev/null >"$1/storaged.log" 2>&1 3>&-
	for loop in whole part; do
		losetup --show -f "$1/shared/$loop.raw" >"$1/$loop.loop"
		ln -s "$(cat "$1/$loop.loop")" "$1/$loop"
	done
	# A kernel may know no partition tables, a machine have no udev.
	part=$(cat "$1/part.loop")p2
	[[ -e /sys/class/block/${part##*/} ]] || partx -a "${part%p2}"
	[[ -b $part ]] || {
		IFS=: read -r major minor <"/sys/class/block/${part##*/}/dev"
		mknod "$part" b "$major" "$minor"
		touch "$1/made"
	}
	ln -sfn "$part" "$1/part"
	ln -s shared/image.raw "$1/image"
}

host_down() {
	local loop
	# What its cache holds is lost with it.
	[[ ! -s $1/storaged.pid ]] || kill -KILL "$(cat "$1/storaged.pid")" || true
	[[ ! -e $1/made ]] || rm -f "$(readlink "$1/part")"
	for loop in "$1"/*.loop; do [[ ! -s $loop ]] || losetup -d "$(cat "$loop")" || true; done
	umount -l "$1/shared" || true
	rm -f "$1"/*.loop "$1"/storaged.pid
}

# agent HOST ACTION KIND: ocf:taiki:domain there
agent() {
	local source="type='block'><source dev='$PWD/$1/$3'/>"
	[[ $3 != image ]] || source="type='file'><source file='$PWD/$1/image'/>"
	cat >"$1/$3.xml" <<-END
		<domain type='kvm'>
		  <name>$3</name>
		  <metadata><taiki:domain xmlns:taiki='urn:taiki:domain:1'>
		    <taiki:engine>soft</taiki:engine>
		    <taiki:on_io_error grace='${grace}s'>resume</taiki:on_io_error>
		  </taiki:domain></metadata>
		  <memory unit='MiB'>16</memory>
		  <os><type arch='x86_64'>hvm</type><kernel>$O/e2e/writer</kernel><cmdline>every=1</cmdline></os>
		  <features><acpi/></features>
		  <devices>
		    <disk $source<target dev='vda' bus='virtio'/></disk>
		    <serial type='pty'/>
		    <memballoon model='none'/>
		  </devices>
		</domain>
	END
	TAIKI_RUN_DIR=$PWD/$1/run OCF_RESOURCE_INSTANCE=$3 OCF_RESKEY_config=$PWD/$1/$3.xml \
		OCF_RESKEY_assume_fencing=true OCF_RESKEY_force_stop=true OCF_RESKEY_CRM_meta_interval=2000 \
		OCF_RESKEY_CRM_meta_timeout=60000 timeout 60 "$O/resource-agents/domain" "$2" 3>&-
}
monitor_is() {
	local rc=0
	agent "$1" monitor "$2" 2>/dev/null || rc=$?
	[[ $rc -eq $3 ]]
}

# fault HOST [RULE]: in one step, since it may be read at any moment
fault() {
	printf '%s\n' "${2:-}" >"$1/faults.new"
	mv "$1/faults.new" "$1/faults"
}

console() { cat "$1/run/$2/console.log" 2>/dev/null; }
# acked HOST KIND: the last record that it was told is on disk
acked() { console "$1" "$2" | sed -n 's/^ack \([0-9]*\) .*/\1/p' | tail -n 1 | grep . || echo 0; }
writes() { [[ $(acked "$1" "$2") -gt $3 ]]; }
is() { [[ $(TAIKI_RUN_DIR=$PWD/$1/run hv list | awk -v n="$2" '$1 == n { print $3 }') == "$3" ]]; }

# start HOST: all of them; what they say is stamped as it comes
start() {
	local k
	for k in $kinds; do
		agent "$1" start "$k"
		tail -n +1 -F --pid="$(cat "$1/run/$k/pid")" "$1/run/$k/console.log" 2>/dev/null 3>&- |
			"$O/tests/history/ack-listen" - "$PWD/acks.$k" 3>&- &
	done
	for k in $kinds; do eventually 10 writes "$1" "$k" "${last[$k]:-0}"; done
}
declare -gA last=()

@test "started: the guest writes on a disk, on a partition, on an image file" {
	start a
	for k in $kinds; do
		agent a monitor "$k"
		eventually 20 writes a "$k" 20
	done
}

@test "pulled for less than the grace: paused, degraded, resumed; the guest sees no error" {
	local k
	fault a '* eio'
	for k in $kinds; do
		eventually 10 is a "$k" io-error
		monitor_is a "$k" 190
		last[$k]=$(acked a "$k")
	done
	fault a
	for k in $kinds; do
		eventually 10 writes a "$k" "${last[$k]}"
		agent a monitor "$k"
		[[ -z $(console a "$k" | grep '^error') ]]
	done
}

@test "pulled for more than the grace: failed, and stopped with proof though the disk is gone" {
	local k
	fault a '* eio'
	for k in $kinds; do
		eventually 40 monitor_is a "$k" 1
		agent a stop "$k"
		monitor_is a "$k" 7
	done
}

@test "run on the other host: it goes on behind the last record that was acknowledged" {
	local k begins
	for k in $kinds; do last[$k]=$(acked a "$k"); done
	host_up b
	start b
	for k in $kinds; do
		begins=$(console b "$k" | sed -n 's/^begins \([0-9]*\) .*/\1/p')
		note "$k: ${last[$k]} acknowledged, goes on at $begins"
		[[ $begins -gt ${last[$k]} && $begins -le $((last[$k] + 2)) ]]
		agent b stop "$k"
	done
}

@test "the history checker: no record is lost, and the first host wrote nothing behind the other's back" {
	local k at
	host_down a
	host_down b
	for k in $kinds; do
		at=0
		[[ $k != part ]] || at=$(($(sfdisk -d shared/part.raw | sed -n 's/.*2 : start= *\([0-9]*\),.*/\1/p') * 512))
		run "$O/tests/history/history-check" --image "shared/$k.raw" --at "$at" --acks "acks.$k" --at-least 20 a.jsonl b.jsonl
		note "$k: ${output##*$'\n'}"
		echo "$output"
		[[ $status -eq 0 ]]
	done
}
