# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What a test that runs on a Debian host (payload) begins with: Taiki is
# installed, and facts go to the console, one a line: "E2E KEY VALUE".
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C

fact() { echo "E2E $*"; }

# await SECONDS COMMAND...: until it succeeds
await()
{
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.5
	done
}

# The host ends here, whatever happened.
finish()
{
	fact end "$(cut -d' ' -f1 /proc/uptime)"
	sync
	systemctl poweroff --force --force
	sleep 60
}

dmesg --console-level alert
cp -a --no-preserve=ownership /taiki/root/. /
