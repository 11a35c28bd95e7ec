# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Corosync and Pacemaker on Debian hosts (after run.sh), and what goes into the CIB.

# cluster_begin NAME=ADDRESS[=VOTES]...: of all hosts; this one is called $node
node=a
cluster_begin()
{
	local host name address votes n=0
	hostname "$node"
	printf '127.0.0.1 localhost\n' >/etc/hosts
	{
		printf 'totem {\n version: 2\n cluster_name: e2e\n transport: udpu\n token: 10000\n}\nnodelist {\n'
		for host; do
			n=$((n + 1))
			IFS='=' read -r name address votes <<<"$host"
			echo "$address $name" >>/etc/hosts
			printf ' node {\n  name: %s\n  nodeid: %d\n  ring0_addr: %s\n  quorum_votes: %d\n }\n' \
				"$name" $n "$address" "${votes:-1}"
		done
		printf '}\nquorum {\n provider: corosync_votequorum\n}\nlogging {\n to_syslog: yes\n to_stderr: no\n}\n'
	} >/etc/corosync/corosync.conf
	systemctl start corosync pacemaker
}
# cluster_up, as cluster_begin: and wait until they are there
cluster_up()
{
	cluster_begin "$@"
	await 400 online "$@" && fact cluster ok
}
online()
{
	local host names
	names=$(crm_mon -1 2>/dev/null | sed -n 's/.*Online: \[\(.*\)\].*/\1/p')
	for host; do [[ $names == *" ${host%%=*} "* ]] || return 1; done
}

nvpair() { printf '<nvpair id="%s-%s" name="%s" value="%s"/>' "$1" "$2" "$2" "$3"; }
# attributes ID NAME=VALUE...
attributes()
{
	local id=$1 p
	shift
	printf '<instance_attributes id="%s-i">' "$id"
	for p; do nvpair "$id" "${p%%=*}" "${p#*=}"; done
	echo "</instance_attributes>"
}
# properties NAME=VALUE...
properties()
{
	local p
	for p; do crm_attribute --name "${p%%=*}" --update "${p#*=}"; done
}
resources() { cibadmin --modify --allow-create --scope resources --xml-text "<resources>$1</resources>"; }
constraints() { cibadmin --modify --allow-create --scope constraints --xml-text "<constraints>$1</constraints>"; }

# value NODE-ATTRIBUTE [NODE]; counts ATTRIBUTE NUMBER [NODE]
value() { attrd_updater -Q -n "$1" -N "${2:-$node}" 2>/dev/null | sed -n 's/.*value="\([0-9]*\)".*/\1/p'; }
counts() { [ "$(value "$1" "${3:-$node}")" = "$2" ]; }
# says TEXT: the cluster's status does
says() { crm_mon -1 -f 2>/dev/null | grep -q -- "$1"; }
failures() { crm_mon -1 -f 2>/dev/null | grep -c 'fail-count='; }
