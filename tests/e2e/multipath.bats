#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ocf:taiki:multipath with the real multipathd and device mapper, under Pacemaker on a Debian host: two
# disks, each by two controllers, and guests that write to them while paths fail, one of them to a
# logical volume on its map.  The host boots once; each test reads what it has told, and the history
# checker what the array outside has seen.

load storage.bash

setup_file() {
	# shellcheck source=tests/e2e/e2e.bash
	source "$BATS_TEST_DIRNAME/e2e.bash"
	debian_setup multipath
	cd "$BATS_FILE_TMPDIR" || return 1
	"$BATS_TEST_DIRNAME/payload" "$PWD/payload.ext4" "$BATS_TEST_DIRNAME/multipath-run" \
		"$BATS_TEST_DIRNAME"/{disks.sh,cluster.sh,writer.xml} "$O/e2e/writer" >&2
	storage_up
	truncate -s 256M backing/disk1.img backing/disk2.img
	heard a
	echo "# booting a Debian host" >&3
	rm -f "$LOG"
	local disks=() path c
	for c in 0 1 2; do disks+=(-device "virtio-scsi-pci,id=c$c"); done
	for c in 0 1; do
		path_to disk1 $c 1
		disks+=("${path[@]}")
		path_to disk2 $c 2
		disks+=("${path[@]}")
	done
	debian_host 1500 "$LOG" "$PWD/payload.ext4" -m 768 -no-reboot -serial "file:$PWD/a.said" \
		-monitor "unix:$PWD/a.monitor,server=on,wait=off" "${disks[@]}" >&2 3>&- &
	local host=$!
	until grep -q 'E2E stopped' "$LOG" 2>/dev/null || ! kill -0 $host; do sleep 1; done
	! kill -0 $host || other_host
	wait $host || true
	tr -d '\r' <"$LOG" >log
	[[ -n $(fact end) ]] || echo "# the host did not come to its end; see $LOG and $LOG.qemu" >&3
}

teardown_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	[[ ! -s nbd.pid ]] || kill "$(cat nbd.pid)" || true
	end_jobs
	storage_down
}

# path_to IMAGE CONTROLLER NUMBER: that image as the disk with that number, in $path.  A path is a device
# of its own on the same image: QEMU must not lock it.
path_to() {
	path=(-drive "file=$PWD/disks/$1.img,format=raw,if=none,id=$1-$2,file.locking=off,cache=writeback"
		-device "$(disk "$2" "$1-$2" "$3")")
}
disk() { echo "scsi-hd,bus=c$1.0,drive=$2,scsi-id=$3,lun=0,serial=taiki-$3,wwn=0x5000c5000000a00$3"; }

# other_host: disk1 as another host has it, opened by a process of its own, after the stop was proven
other_host() {
	qemu-nbd --fork --persistent --pid-file="$PWD/nbd.pid" -k "$PWD/nbd" -f raw --cache=writeback disks/disk1.img 3>&- >&2
	monitor a "drive_add 0 if=none,id=other,file=nbd+unix:///?socket=$PWD/nbd,format=raw,cache=writeback"
	monitor a "device_add $(disk 2 other 3)"
}

# fact KEY: what the host says
fact() { sed -n "s/^.*E2E $1 //p" "$BATS_FILE_TMPDIR/log"; }
ok() { [[ $(fact "$1") == ok ]]; }
setup() {
	cd "$BATS_FILE_TMPDIR" || return 1
	grep E2E log || tail -n 50 log
	grep -e '^LOG' -e '^MON' log | tail -n 60
}

@test "Pacemaker starts the maps' clones, then the domains on them; the attributes say two paths of two" {
	ok maps
	[[ -n $(fact volume) ]]
	ok cluster
	ok domains
	ok attributes
	[[ $(fact wanted) == '2 2' ]]
	wrote_on w1 well
	wrote_on w2 well
}

@test "one path: the guest writes on, degraded, one path counts; back after it has held" {
	wrote_on w1 one-path
	ok one-path-counts
	ok one-path-degraded
	ok one-path-back
}

@test "one controller: both guests write on; both maps have lost a path, and get it back" {
	wrote_on w1 controller
	wrote_on w2 controller
	ok controller-counts
	ok controller-back
}

@test "all paths for less than the grace: paused, degraded, and resumed by itself" {
	[[ -n $(fact all-paused) ]]
	ok all-degraded
	ok all-counts
	[[ -n $(fact all-resumed) ]]
	echo "# paused after $(fact all-paused) s, wrote again $(fact all-resumed) s after the paths were back" >&3
	wrote_on w1 all-paths
	ok all-back
}

@test "multipathd killed: degraded, the guest writes on, the kernel's view is published" {
	ok killed-degraded
	wrote_on w1 killed
	ok killed-counts
	ok killed-back
}

@test "multipathd hangs: degraded, the guest writes on" {
	ok hung-degraded
	wrote_on w1 hung
	ok hung-back
}

@test "queue_if_no_path: I/O waits for queue_timeout, then fails, so that the guest is paused; then it is as it was" {
	ok queue-waits
	[[ -n $(fact queue-paused) ]]
	echo "# paused $(fact queue-paused) s after the last path was lost" >&3
	ok queue-resumed
	ok queue-restored
	wrote_on w2 queue
}

@test "until then no guest was restarted, and nothing has failed" {
	ok same-guests
	[[ $(fact failures) == 0 ]]
}

@test "all paths for more than the grace: stopped with proof, and run where there is a path" {
	[[ -n $(fact stopped) ]]
	echo "# its process was gone $(fact stopped) s after the last path" >&3
	ok other-guest
	ok appeared
	ok moved
	ok moved-writes
	goes_on w1 2
}

@test "no guest was ever told of an error" {
	goes_on w2 1
	[[ $(errors w1 w2) == 0 ]]
}

@test "the history checker: no record is lost, and nothing was written behind the other host's back" {
	judge w1 disk1.img
	judge w2 disk2.img "$(fact volume)"
}
