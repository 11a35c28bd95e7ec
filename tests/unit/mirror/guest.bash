# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A guest whose disk is a mirrored volume, and what it says on the console that it writes to the file $CONSOLE.

says() { tr -d '\r' <"$CONSOLE" | grep -q "$1"; }

# says_in SECONDS TEXT
says_in() {
	local n
	for ((n = 0; n < $1 * 5; n++)); do
		! says "$2" || return 0
		sleep 0.2
	done
	echo "the guest never said: $2" >&2
	return 1
}

# Sixty acknowledged records, each of which has to be read again in the end.
# shellcheck disable=SC2016,SC2034 # the guest's; whoever sources this
WRITER='set -e
	echo "size $(cat /sys/block/vda/size)"
	i=0
	while [ $i -lt 60 ]; do
		i=$((i + 1))
		yes "record $i" | head -c 65536 >/r
		dd if=/r of=/dev/vda bs=64k seek=$i oflag=direct conv=fsync,notrunc 2>/dev/null
		echo "ACK $i"
	done
	while [ $i -gt 0 ]; do
		yes "record $i" | head -c 65536 >/r
		dd if=/dev/vda bs=64k skip=$i count=1 iflag=direct 2>/dev/null | cmp - /r
		i=$((i - 1))
	done
	echo "VERIFIED"'

# A disk that grows while it is used: what is new can be written, and what was there is.
# shellcheck disable=SC2016,SC2034 # the guest's; whoever sources this
GROWER='set -e
	was=$(cat /sys/block/vda/size)
	yes before | head -c 1048576 >/r
	dd if=/r of=/dev/vda bs=64k oflag=direct conv=fsync,notrunc 2>/dev/null
	echo "size $was"
	while [ $(cat /sys/block/vda/size) -eq $was ]; do sleep 1; done
	now=$(cat /sys/block/vda/size)
	echo "size $now"
	yes after | head -c 4096 >/n
	dd if=/n of=/dev/vda bs=4096 seek=$((now / 8 - 1)) oflag=direct conv=fsync,notrunc 2>/dev/null
	dd if=/dev/vda bs=4096 skip=$((now / 8 - 1)) iflag=direct 2>/dev/null | cmp - /n
	dd if=/dev/vda bs=64k count=16 iflag=direct 2>/dev/null | cmp - /r
	echo "VERIFIED"'

# grows_for SECONDS: the mirror's disks, and the volume, below the guest that runs GROWER; each step at most so long
grows_for() {
	local was
	says_in "$1" "size $(($(status a size) / 512))"
	was=$(status a size)
	truncate -s 64M "$PAIR/a.img" "$PAIR/b.img"
	mirror a resize r0
	(($(status a size) >= was + (31 << 20)))
	says_in "$1" "size $(($(status a size) / 512))"
	says_in "$1" VERIFIED
	run ! says 'I/O error'
}
