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
