# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034 # used by the scripts that load this
#
# A lab whose nodes also run libvirt, so that VirtualDomain and fence_virtd
# meet the same cluster, kernel, disk and network as ours.  The script that
# loads this sets TAIKI_LAB.

# shellcheck source=tests/lab/lab.bash
source "$(dirname "${BASH_SOURCE[0]}")/../lab/lab.bash"

URI=qemu:///system
guests=$O/guest # kernel and initrd: the nodes see the build as it is

say() { printf '  BENCH   %s\n' "$*" >&2; }

# shellcheck disable=SC2016 # expanded in the node
peers_libvirt='
	mkdir -p /var/log/libvirt/qemu
	grep -q ^dynamic_ownership /etc/libvirt/qemu.conf || printf "%s\n" "user = \"root\"" \
		"group = \"root\"" "dynamic_ownership = 0" "remember_owner = 0" \
		"security_driver = \"none\"" "namespaces = []" "cgroup_controllers = []" \
		>>/etc/libvirt/qemu.conf
	virtlogd -d && libvirtd -d
	for ((i = 0; i < 100; i++)); do virsh -q -c "$0" list && exit; sleep 0.1; done
	exit 1'

# peers_up: three nodes with libvirtd running on each
peers_up() {
	local node
	"$tree/tests/tools/guest-image" "$guests" >/dev/null 2>&1 || return 1
	lab down 2>/dev/null
	lab up -n 3 || return 1
	for node in node1 node2 node3; do
		lab exec $node bash -c "$peers_libvirt" "$URI" </dev/null >/dev/null 2>&1 || {
			say "libvirtd does not answer on $node"
			return 1
		}
	done
}

# number_of NAME: a guest's address is 10.71.1.NUMBER, the last digits of its name (1 without any)
number_of() {
	local n=${1##*[!0-9]}
	echo "${n:-1}"
}
address_of() { echo "10.71.1.$(number_of "$1")"; }
mac_of() { printf '52:54:00:71:01:%02x\n' "$(number_of "$1")"; }

# peers_definition ours|theirs NAME [SERIAL [METADATA]]: the same guest for each, on stdout
peers_definition() {
	local type=kvm machine='' kernel=$guests/vmlinuz driver='' extra=''
	if [[ $1 == theirs ]]; then
		# What is fastest for QEMU: the kernel unpacked, its own processor, the same I/O.
		type=qemu machine=" machine='pc'" kernel=$guests/vmlinux
		driver="<driver name='qemu' type='raw' cache='none' io='io_uring'/>"
		extra="<emulator>/usr/bin/qemu-system-x86_64</emulator><controller type='usb' model='none'/>
		    <memballoon model='none'/>"
	fi
	cat <<-XML
		<domain type='$type'>
		  <name>$2</name>
		  <metadata><taiki:domain xmlns:taiki='urn:taiki:domain:1'>$(
			[[ $1 == theirs ]] || echo "<taiki:engine>soft</taiki:engine>${4:-}"
		)</taiki:domain></metadata>
		  <memory unit='MiB'>96</memory>
		  <vcpu>1</vcpu>
		  <os>
		    <type arch='x86_64'$machine>hvm</type>
		    <kernel>$kernel</kernel>
		    <initrd>${peers_initrd:-$guests/initrd.gz}</initrd>
		    <cmdline>console=ttyS0 quiet cryptomgr.notests taiki.name=$2 taiki.ip=$(address_of "$2")/16 taiki.http ${peers_cmdline:-}</cmdline>
		  </os>
		  <features><acpi/></features>
		  $([[ $1 == ours ]] || echo "<cpu mode='maximum'/>")
		  <devices>
		    $extra
		    <disk type='file' device='disk'>$driver<source file='/shared/$2.raw'/><target dev='vda' bus='virtio'/></disk>
		    <interface type='bridge'><mac address='$(mac_of "$2")'/><source bridge='br0'/><model type='virtio'/></interface>
		    ${3:-<serial type='pty'/>}
		  </devices>
		</domain>
	XML
}

# peers_process ours|theirs NODE: its guest's process there, as this machine numbers it
peers_process() {
	local pid comm=hv-domain
	[[ $1 == ours ]] || comm=qemu-system-x86
	read -r pid < <(lab pids "$2" "$comm") && echo "$pid"
}

# boot_of NAME: the boot id of the guest that answers HTTP
boot_of() { lab client curl -fs -m 2 "http://$(address_of "$1")/" 2>/dev/null | cut -d ' ' -f 2; }
answers() { [[ -n $(boot_of "$1") ]]; }

# log_time: nanoseconds since the epoch of a line of Pacemaker's log on stdin
log_time() {
	local month day time _
	read -r month day time _ && date -d "$month $day $time" +%s%N
}
now_ns() { echo "${EPOCHREALTIME/./}000"; }
