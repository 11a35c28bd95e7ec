# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the tests of disks share on a Debian host (after run.sh): domains whose guest writes numbered
# records (tests/unit/board/guests/writer.c), and pulling their disks.
run=/run/taiki

# definition NAME block DEVICE | file PATH | nbd SOCKET: NAME.xml in /run/xml
definition()
{
	local source guard=
	case $2 in
	block) source="type='block'><source dev='$3'/" ;;
	file) source="type='file'><source file='$3'/" ;;
	nbd)
		source="type='network'><source protocol='nbd'><host transport='unix' socket='$3'/></source"
		guard="<taiki:guard disk='vda'>mirror</taiki:guard>"
		;;
	esac
	mkdir -p /run/xml
	sed "s|@NAME@|$1|; s|@TYPE@|$source|; s|@GUARD@|$guard|" /taiki/writer.xml >"/run/xml/$1.xml"
}

up() { cut -d' ' -f1 /proc/uptime; }
# since UPTIME: seconds, now
since() { awk -v a="$1" -v b="$(up)" 'BEGIN { printf "%.1f", b - a }'; }
not() { ! "$@"; }

# hear NAME: what its guest has said and says goes out by the second serial port; mark TEXT: so does this
hear()
{
	tail -n +1 -F "$run/$1/console.log" 2>/dev/null | sed -u "s/^/$1 /" >/dev/ttyS1 &
}
mark() { echo "mark $*" >/dev/ttyS1; }

# acked NAME: the last record that the guest was told is on disk; 0: none
acked() { tail -n 5 "$run/$1/console.log" 2>/dev/null | sed -n 's/^ack \([0-9]*\) .*/\1/p' | tail -n 1 | grep . || echo 0; }
writes() { [ "$(acked "$1")" -gt "${2:-0}" ]; }
state() { hv list 2>/dev/null | awk -v n="$1" '$1 == n { print $3 }'; }
is() { [ "$(state "$1")" = "$2" ]; }
incarnation() { cat "$run/$1/incarnation"; }

# pull DEVICE...: the cable of each; plug DEVICE...
pull() { for d; do echo offline >"/sys/block/$d/device/state"; done; }
plug() { for d; do echo running >"/sys/block/$d/device/state"; done; }

# domain ACTION NAME: ocf:taiki:domain by hand, as the host whose run directory is $run
domain()
{
	TAIKI_RUN_DIR=$run TAIKI_CGROUP=$(basename "$run").slice OCF_RESOURCE_INSTANCE=$2 \
		OCF_RESKEY_config=/run/xml/$2.xml OCF_RESKEY_assume_fencing=true OCF_RESKEY_force_stop=true \
		OCF_RESKEY_CRM_meta_interval="${interval:-2000}" OCF_RESKEY_CRM_meta_timeout=60000 \
		/usr/lib/ocf/resource.d/taiki/domain "$1" 2>>/run/agent.err
}
