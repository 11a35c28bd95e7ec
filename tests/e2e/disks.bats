#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a guest's disk may be: a disk, a partition, a logical volume, an image file, a mirror (and a multipath
# map: multipath.bats).  Each is started, pulled and plugged in again, pulled for good, and run on another
# host.  That other host is another run directory of the same one: what is shown is that the stop is
# proven and that all data is there, not the cluster's part in it (multipath.bats).

load storage.bash

setup_file() {
	# shellcheck source=tests/e2e/e2e.bash
	source "$BATS_TEST_DIRNAME/e2e.bash"
	debian_setup disks
	cd "$BATS_FILE_TMPDIR" || return 1
	"$BATS_TEST_DIRNAME/payload" "$PWD/payload.ext4" "$BATS_TEST_DIRNAME/disks-run" \
		"$BATS_TEST_DIRNAME"/{disks.sh,writer.xml} "$O/e2e/writer" >&2
	storage_up
	heard a
	echo "# booting a Debian host" >&3
	local disks=(-device "virtio-scsi-pci,id=c") i
	for i in 1 2 3 4 5 6; do
		truncate -s 128M backing/disk$i.img
		disks+=(-drive "file=$PWD/disks/disk$i.img,format=raw,if=none,id=d$i,cache=writeback"
			-device "scsi-hd,bus=c.0,drive=d$i,scsi-id=$i,lun=0,serial=taiki-$i,wwn=0x5000c5000000a00$i")
	done
	debian_host 1500 "$LOG" "$PWD/payload.ext4" -m 768 -no-reboot -serial "file:$PWD/a.said" "${disks[@]}" >&2 3>&-
	tr -d '\r' <"$LOG" >log
	[[ -n $(fact end) ]] || echo "# the host did not come to its end; see $LOG and $LOG.qemu" >&3
}

teardown_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	end_jobs
	storage_down
}

# fact KEY: what the host says
fact() { sed -n "s/^.*E2E $1 //p" "$BATS_FILE_TMPDIR/log"; }
ok() { [[ $(fact "$1") == ok ]]; }
setup() {
	cd "$BATS_FILE_TMPDIR" || return 1
	grep E2E log || tail -n 50 log
	grep -e '^LOG' -e '^MON' log | tail -n 60
}

@test "a guest starts and writes on each of them" {
	local k
	ok mirror-synced
	for k in whole part volume image mirror; do ok $k-started; done
}

@test "disk, partition, volume, pulled for less than the grace: paused, degraded, resumed" {
	local k
	for k in whole part volume; do
		[[ -n $(fact $k-paused) && $(fact $k-monitor) == 190 && -n $(fact $k-resumed) ]]
		echo "# $k: paused after $(fact $k-paused) s, wrote $(fact $k-resumed) s after it was back" >&3
		wrote_on $k short-$k
	done
}

@test "image file, its file system's disk pulled: paused, degraded; whether it goes on is the file system's to say" {
	[[ -n $(fact image-paused) && $(fact image-monitor) == 190 ]]
	echo "# image: $([[ -n $(fact image-resumed) ]] && echo resumed || echo "stays paused: the file system has given up")" >&3
}

@test "pulled for more than the grace: failed, and stopped with proof though the disk is gone" {
	local k
	for k in whole part volume image; do
		ok $k-failed
		[[ -n $(fact $k-stopped) ]]
		echo "# $k: stopped in $(fact $k-stopped) s" >&3
	done
}

@test "a mirror's disk pulled: the guest goes on at the other side, and the disk gets what it lacks when it is back" {
	ok mirror-diskless
	[[ $(fact mirror-pulled) == 'running 0' ]]
	ok mirror-goes-on
	wrote_on mirror mirror-pulled
	ok mirror-attached
	ok mirror-same
}

@test "the same for good: the guest goes on; stopped, with proof, it runs where the other side is promoted" {
	[[ $(fact mirror-then) == 'running 0' ]]
	ok mirror-writes-on
	ok mirror-same-then
	echo "# stopped in $(fact mirror-stopped) s" >&3
	[[ -n $(fact mirror-stopped) ]]
	ok mirror-down
	ok mirror-promoted
	ok mirror-moved
}

@test "the other host goes on behind the last record that was acknowledged" {
	local k
	ok volume-activated
	ok image-mounted
	for k in whole part volume image mirror; do
		ok $k-moved
		goes_on $k 2
	done
}

@test "no guest was ever told of an error; the kernel did not complain" {
	[[ $(errors whole part volume image mirror) == 0 ]]
	[[ $(fact oopses) == 0 ]]
}

@test "the history checker: no record is lost on any of them" {
	judge whole disk1.img
	judge part disk2.img "$(fact part-at)"
	judge volume disk3.img "$(fact volume-at)"
	judge image disk4.img "$(fact image-at)"
	# All of it, from before and after; what is behind the data is the mirror's own.
	judge mirror disk6.img
}
