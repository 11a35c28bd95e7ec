# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # bench sets O, guest, work
#
# One monitor of the agent against VirtualDomain's, libvirt running.

# cpu COMMAND...: CPU milliseconds of one of 40 runs, children included
cpu() {
	local TIMEFORMAT='%3U %3S'
	{ time for _ in {1..40}; do "$@" >/dev/null 2>&1; done; } 2>&1 |
		awk '{ printf "%.3f\n", ($1 + $2) * 1000 / 40 }'
}

bench_agent() {
	local i ours='' theirs='' uri=qemu:///system
	libvirt_installed
	mkdir -p "$work/vd"
	pgrep -x virtlogd >/dev/null || virtlogd -d -p "$work/vd/virtlogd.pid" 2>/dev/null
	pgrep -x libvirtd >/dev/null || {
		libvirtd -d -p "$work/vd/libvirtd.pid" 2>/dev/null
		sleep 3
	}
	cat >"$work/vd/peer.xml" <<END
<domain type='qemu'>
<name>peer</name>
<memory unit='MiB'>64</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='pc'>hvm</type><kernel>$guest/vmlinux</kernel></os>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator></devices></domain>
END
	virsh -q -c $uri create "$work/vd/peer.xml" --paused >/dev/null || say "libvirt did not start its domain"
	flat_config flata
	virtual=(env OCF_ROOT=/usr/lib/ocf OCF_RESKEY_config="$work/vd/peer.xml" OCF_RESKEY_hypervisor="$uri"
		OCF_RESKEY_autoset_utilization_cpu=false OCF_RESKEY_autoset_utilization_hv_memory=false
		OCF_RESKEY_autoset_utilization_host_memory=false OCF_RESOURCE_INSTANCE=peer
		OCF_RESKEY_CRM_meta_timeout=30000 OCF_RESKEY_CRM_meta_interval=10000
		/usr/lib/ocf/resource.d/heartbeat/VirtualDomain monitor)
	own=(env OCF_ROOT=/usr/lib/ocf OCF_RESKEY_config="$work/flata.xml" OCF_RESOURCE_INSTANCE=flata
		OCF_RESKEY_CRM_meta_timeout=30000 OCF_RESKEY_CRM_meta_interval=10000 "$O/resource-agents/domain" monitor)
	"${own[@]/monitor/start}" 2>/dev/null || say "the agent did not start its domain"
	if "${virtual[@]}" >/dev/null 2>&1 && "${own[@]}" >/dev/null 2>&1; then
		for ((i = 0; i < ROUNDS; i++)); do
			ours+=" $(cpu "${own[@]}")"
			theirs+=" $(cpu "${virtual[@]}")"
		done
	else
		say "a monitor fails: ours $("${own[@]}" 2>&1 | tail -n 1); VirtualDomain's $("${virtual[@]}" 2>&1 | tail -n 3)"
	fi
	row agent-monitor "CPU ms" less 20 "$ours" "$theirs"
	virsh -q -c $uri destroy peer >/dev/null 2>&1
	for i in "$work"/vd/*.pid; do
		[[ -s $i ]] && kill "$(<"$i")" 2>/dev/null
	done
	hv destroy --force flata >/dev/null
}

explain <<'END'
`agent-monitor`: CPU time of one monitor of the agent, its children's included, against VirtualDomain's.
END

any agent-monitor && bench_agent
