# SPDX-License-Identifier: GPL-2.0-or-later
#
# fence_taiki as Pacemaker's device: found by its dynamic list and by a map of names, in
# topology levels; off that lasts, on, and reboot.  It asks taiki-fenced over TLS, as
# a cluster of machines that are no guests would.

# shellcheck source=tests/lab/lab.bash
load lab.bash

KEY=000102030405060708090a0b0c0d0e0f

# shellcheck disable=SC2154 # tree is set by lab.bash
setup_file() {
	load lab.bash
	TAIKI_LAB=$(lab_name fagent)
	export TAIKI_LAB
	"$tree/tests/tools/guest-image" "$O/guest" >&2
	lab down
	lab up -n 2 >&2
	local n
	for n in 1 2; do
		# A daemon that is killed is started again by the node.
		lab exec node$n bash -c "
			printf 'client $KEY group=sales\n' >/etc/taiki/fence.keys
			chmod 600 /etc/taiki/fence.keys
			printf 'listen = 10.71.255.$n:1230\nkeys = /etc/taiki/fence.keys\n' >/etc/taiki/fenced.conf
			pkill -KILL -x -o taiki-fenced"
	done
	cat >"$(state)/shared/web.xml" <<-XML
		<domain type='kvm'>
		  <name>web</name>
		  <metadata><taiki:domain xmlns:taiki='urn:taiki:domain:1'><taiki:engine>soft</taiki:engine>
		    <taiki:fencing group='sales'/></taiki:domain></metadata>
		  <memory unit='MiB'>96</memory>
		  <vcpu>1</vcpu>
		  <os>
		    <type arch='x86_64'>hvm</type>
		    <kernel>$O/guest/vmlinuz</kernel>
		    <initrd>$O/guest/initrd.gz</initrd>
		    <cmdline>console=ttyS0 quiet</cmdline>
		  </os>
		  <features><acpi/></features>
		  <devices><serial type='pty'/></devices>
		</domain>
	XML
	lab exec node1 pcs resource create web ocf:taiki:domain config=/shared/web.xml \
		op start timeout=60s stop timeout=30s monitor interval=10s timeout=20s >&2
	lab exec node1 pcs constraint location web prefers node2=INFINITY >&2
	device vm pcmk_host_check=dynamic-list ip=10.71.255.1
	eventually 90 runs
}

teardown_file() {
	load lab.bash
	lab down
}

# device NAME PARAMETER...: a fence device of Pacemaker's
device() {
	local name=$1
	shift
	lab exec node1 pcs stonith create "$name" fence_taiki transport=tls identity=client psk=$KEY \
		login_timeout=2 "$@" >&2
}

runs() { lab exec node2 bash -c 'read -r pid </run/taiki/web/pid && kill -0 $pid' 2>/dev/null; }
# started: and nothing of the cluster is under way: killed in the middle of its start, it would
# be a start that failed
started() { runs && lab exec node1 crm_resource --wait --timeout 60; }
runs_not() { ! runs; }
knows() { lab exec node1 stonith_admin --list "$2" 2>/dev/null | grep -qx "$1"; }
admin() { lab exec node1 stonith_admin "$@" -t 40; }

@test "the dynamic list: the device fences the guest, and not the hosts" {
	eventually 30 knows vm web
	run knows vm node2
	[ "$status" -ne 0 ]
	admin --query vm
}

@test "off is proven and lasts; on lifts it" {
	eventually 60 started
	admin --fence web
	runs_not
	during 5 runs_not
	lab exec node1 fence_taiki -t tls -a 10.71.255.2 -l client --psk $KEY -o status -n web || [ $? -eq 2 ]
	admin --unfence web
	runs
}

@test "reboot: killed, and started again by its own cluster" {
	eventually 60 started
	before=$(lab exec node2 cat /run/taiki/web/incarnation)
	admin --reboot web
	another() { runs && [ "$(lab exec node2 cat /run/taiki/web/incarnation)" != "$before" ]; }
	eventually 60 another
}

@test "by a map of names, and in topology levels: the second device when the first is not there" {
	device far pcmk_host_map=guest-one:web ip=10.71.255.77
	device near pcmk_host_map=guest-one:web ip=10.71.255.2
	lab exec node1 pcs stonith level add 1 guest-one far --force >&2
	lab exec node1 pcs stonith level add 2 guest-one near --force >&2
	eventually 60 started
	eventually 30 knows near guest-one
	admin --fence guest-one
	runs_not
	lab exec node1 stonith_admin --history guest-one >&3
	admin --unfence guest-one
	eventually 30 runs
}

@test "no host was fenced for any of it" {
	[ "$(lab power | grep -c ' on$')" -eq 2 ]
}
