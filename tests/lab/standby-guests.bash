# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The guests of a standby pool, for tests, the demo and benchmarks: what waits is booted and
# serves nobody; the disk, the link, the address and the service come with the role.

# standby_domain NAME ADDRESS [WORDS [METADATA [DEVICES]]]: the domain XML; WORDS of its kernel's
# command line
standby_domain() {
	cat <<-END
		<domain type='kvm'>
		  <name>$1</name>
		  <metadata>
		    <taiki:domain xmlns:taiki='urn:taiki:domain:1'>
		      <taiki:standby memory='96' unit='MiB' shares='64' spare='yes'>
		        <taiki:active-only disk='vda'/>
		        <taiki:active-only interface='net0'/>
		        <taiki:role key='address' value='$2/16'/>
		        <taiki:role key='hostname' value='$1'/>
		      </taiki:standby>
		      ${4:-}
		    </taiki:domain>
		  </metadata>
		  <memory unit='MiB'>128</memory>
		  <vcpu>1</vcpu>
		  <os>
		    <type arch='x86_64'>hvm</type>
		    <kernel>/shared/vmlinuz</kernel>
		    <initrd>/shared/initrd.gz</initrd>
		    <cmdline>console=ttyS0 quiet cryptomgr.notests taiki.name=$1 taiki.standby taiki.http ${3:-}</cmdline>
		  </os>
		  <features><acpi/></features>
		  <devices>
		    <disk type='file' device='disk'><source file='/shared/$1.raw'/><target dev='vda' bus='virtio'/></disk>
		    ${5:-}
		    <interface type='bridge'><source bridge='br0'/><model type='virtio'/></interface>
		    <serial type='pty'/>
		    <memballoon model='virtio'/>
		    <panic model='pvpanic'/>
		  </devices>
		</domain>
	END
}

# standby_template [WORDS [METADATA]]: what spares are made from: the same machine, and nobody's identity
standby_template() {
	standby_domain spare 0.0.0.0 "${1:-}" "${2:-}" |
		sed -e "s/spare='yes'/template='yes'/" -e '/taiki:role/d'
}

# twin_ready OBSERVER NODE NAME, spares_ready OBSERVER NODE COUNT: what the pool there says
attribute_is() {
	lab exec "$1" timeout 5 crm_attribute -q -t status -N "$2" -n "$3" -G 2>/dev/null | grep -qx "$4"
}
twin_ready() { attribute_is "$1" "$2" "taiki-twin-$3" 1; }
spares_ready() { attribute_is "$1" "$2" taiki-spares "$3"; }

# standby_rule OBSERVER NAME: the domain prefers the host where something waits for it
standby_rule() {
	lab exec "$1" pcs constraint location "$2" rule score=100 "taiki-twin-$2" eq 1 &&
		lab exec "$1" pcs constraint location "$2" rule score=50 taiki-spares gte integer 1
}
