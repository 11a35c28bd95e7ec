#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # common.bash sets and reads them
#
# More failovers at once than were promised: five domains run on node1, and the twins of all of them
# wait on node3, which has room for fewer.  Guests are of one page, each with a disk that only the active may open.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/faults/standby.bash
load standby.bash
# shellcheck source=tests/unit/agent/domain.bash
load ../unit/agent/domain.bash
# shellcheck disable=SC2034 # lab.bash
observed=node3 # the others are to lose theirs

domains=(d1 d2 d3 d4 d5)
host=node1

setup_file() {
	TAIKI_LAB=$(lab_name beyond)
	export TAIKI_LAB TAIKI_FAULTS_SHARED=""
	local name n=5
	lab down
	lab up -n 3
	make_roms
	cp "$BATS_FILE_TMPDIR/guest1.rom" "$(state)/shared/"
	lab exec node1 pcs property set placement-strategy=utilization
	lab exec node1 pcs resource defaults update resource-stickiness=1000 migration-threshold=1
	for name in "${domains[@]}"; do
		truncate -s 1M "$(state)/shared/$name.raw"
		one_page $name $((n * 10)) >"$(state)/shared/$name.xml"
		lab exec node1 pcs resource create $name ocf:taiki:domain config=/shared/$name.xml \
			op start timeout=60s stop timeout=15s monitor interval=2s timeout=8s \
			meta priority=$((n * 10))
		lab exec node1 pcs constraint location $name prefers node1=10
		lab exec node1 pcs constraint location $name avoids node2
		standby_rule node1 $name
		n=$((n - 1))
	done
	lab exec node1 pcs resource create pool ocf:taiki:pool domains="${domains[*]}" ready_after=300ms \
		op start timeout=30s stop timeout=30s clone
	lab exec node1 pcs constraint location pool-clone avoids node1 node2
}

teardown_file() { [[ -n ${TAIKI_FAULTS_KEEP:-} ]] || lab down; }

# one_page NAME PRIORITY
one_page() {
	cat <<-XML
		<domain type='kvm'>
		  <name>$1</name>
		  <metadata><taiki:domain xmlns:taiki='urn:taiki:domain:1'>
		    <taiki:standby memory='8' unit='MiB'><taiki:active-only disk='vda'/></taiki:standby>
		    <taiki:priority>$2</taiki:priority>
		  </taiki:domain></metadata>
		  <memory unit='MiB'>16</memory>
		  <vcpu>1</vcpu>
		  <os><type arch='x86_64'>hvm</type><loader type='rom'>/shared/guest1.rom</loader></os>
		  <features><acpi/></features>
		  <devices>
		    <disk type='file' device='disk'><source file='/shared/$1.raw'/><target dev='vda' bus='virtio'/></disk>
		    <serial type='pty'/><memballoon model='virtio'/>
		  </devices>
		</domain>
	XML
}

# on NODE: the domains that run there
on() {
	local name
	for name in "${domains[@]}"; do [[ $(where $name) != "$1" ]] || echo $name; done
}
all_home() {
	local name
	[[ $(on node1) == "$(printf '%s\n' "${domains[@]}")" ]] || return 1
	for name in "${domains[@]}"; do twin_ready node3 node3 $name || return 1; done
}

applied() { lab exec node3 hv plan --apply; }
# room N: node3 has room for what waits there and for N domains in full, and everybody knows
room() {
	lab exec node3 sh -c "mkdir -p /etc/taiki && printf 'memory = %s MiB\n' $((5 * 8 + $1 * 16)) >/etc/taiki/host.conf"
	lab exec node3 hv plan --publish
	eventually 90 applied # what a host that was just joining has said may be lost; it says it again after a minute
	eventually 60 settled
}
# planned: who is to run on node3 when node1 is lost
planned() { jq -r '.losses[0].domains[] | select(.to == "node3").domain' <<<"$plan" | sort; }
processes() { local name; for name; do waiting_process node3 "$name@twin" || domain_process node3 "$name"; done; }
# promised N: so many of them, and the others not, as $plan
promised() {
	run lab exec node3 hv plan --json --loss node1
	plan=$output
	[[ $status -ne 0 && $(planned | wc -w) -eq $1 ]]
}
lost_and_fenced() { node_off node1 && grep -q 'off node1$' "$(state)/bmc.log"; }

# kept N: node1's power is cut; N promises are kept, and what was refused beforehand runs nowhere
kept() {
	local before name runs
	eventually 20 promised "$1"
	note "promised on node3: $(planned | tr '\n' ' ')"
	must "who was promised is adopted in full; who was not runs nowhere, and waits on"
	# shellcheck disable=SC2046 # a list
	before=$(processes $(planned))
	: >"$(state)/bmc.log"
	inject "power cut of node1, with ${domains[*]} on it" lab power-off node1
	eventually 60 lost_and_fenced
	took "fenced"
	promised_run() { [[ $(on node3) == "$(planned)" ]]; }
	eventually 60 promised_run
	took "what was promised runs"
	eventually 60 settled
	eventually 10 promised_run
	# shellcheck disable=SC2046 # a list
	[[ $(processes $(planned)) == "$before" ]]
	for name in "${domains[@]}"; do
		runs=$(on node3 | grep -cx $name) || true
		[[ $runs -eq 1 || -n $(waiting_process node3 $name@twin) ]]
	done
	in_full() {
		lab exec node3 hv ledger --json | jq -e --argjson n "$1" \
			'[.domains[] | select(.kind == "active") | .now.memory == 16777216] | length == $n and all'
	}
	eventually 20 in_full "$1"
	for name in "${domains[@]}"; do
		"$O/tests/history/history-check" --image "$(state)/shared/$name.raw" "$(state)"/history/*.jsonl
	done
}

@test "three more than were promised: two of five are adopted, the others wait for their host" {
	eventually 180 all_home
	room 2
	kept 2
}
