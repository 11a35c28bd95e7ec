#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# hv plan and hv failback on a cluster that runs: what is booked, that nothing is restarted for it, that a
# lost host's domains go where the plan said, and the way back.  Guests are of one page.
# What they say and refuse on configurations in files is in tests/unit/plan.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/lab/lab.bash
load lab.bash
# shellcheck source=tests/unit/agent/domain.bash
load ../unit/agent/domain.bash
# shellcheck disable=SC2034 # lab.bash
observed=node2 # node1 is to lose its power

setup_file() {
	TAIKI_LAB=$(lab_name plab)
	export TAIKI_LAB
	lab down
	lab up -n 3
	make_roms
	cp "$BATS_FILE_TMPDIR"/guest0.rom "$(state)/shared/"
	local name
	for name in web db mail; do
		definition $name >"$(state)/shared/$name.xml"
	done
	# web and db on node1, mail on node2: at first by a preference that is then taken away
	lab exec node1 crm configure rsc_defaults resource-stickiness=1000
	for name in web db mail; do
		lab exec node1 hv cluster define /shared/$name.xml
	done
	# refused where it is there already; placed() has the last word
	lab exec node1 crm_resource --move -r web --node node1 || true
	lab exec node1 crm_resource --move -r db --node node1 || true
	lab exec node1 crm_resource --move -r mail --node node2 || true
	eventually 120 placed
	for name in web db mail; do lab exec node1 crm_resource --clear -r $name; done
	eventually 30 settled
}

teardown_file() { lab down; }

definition() {
	cat <<-XML
		<domain type='kvm'>
		  <name>$1</name>
		  <metadata><taiki:domain xmlns:taiki='urn:taiki:domain:1'>
		    <taiki:standby memory='8' unit='MiB' quota='20000'/>
		  </taiki:domain></metadata>
		  <memory unit='MiB'>16</memory>
		  <vcpu>1</vcpu>
		  <cputune><quota>20000</quota></cputune>
		  <os><type arch='x86_64'>hvm</type><loader type='rom'>/shared/guest0.rom</loader></os>
		  <features><acpi/></features>
		  <devices><serial type='pty'/><memballoon model='virtio'/></devices>
		</domain>
	XML
}

runs_but_not_on() {
	local now
	now=$(where "$1")
	[[ -n $now && $now != "$2" ]]
}
runs_on() { [[ $(where "$1") == "$2" ]]; }
placed() { settled && runs_on web node1 && runs_on db node1 && runs_on mail node2; }
incarnations() { for name in web db mail; do incarnation $name; done; }
cib() { lab exec node2 cibadmin --query; }
constraints() { cib | xmllint --xpath 'count(//rsc_location)' -; }
plan() { lab exec node2 hv plan "$@"; }
# said NODE ATTRIBUTE: its permanent value
said() { lab exec node2 crm_attribute --node "$1" --lifetime forever --name "$2" --query --quiet; }
has_said() { [[ -n $(said "$1" taiki-capacity-memory 2>/dev/null) && -n $(said "$1" taiki-capacity-cpu 2>/dev/null) ]]; }
says() { [[ $(said "$1" "$2") == "$3" ]]; }
# gives_again MIB: node3, without what was kept back; heartbeatd may have said the other just then
gives_again() { lab exec node3 hv plan --publish && says node3 taiki-capacity-memory "$1"; }
back() { lab exec node2 crm_mon -1 2>/dev/null | grep -q 'Online: \[ node1 node2 node3 \]'; }

@test "every host says what it can give, and a plan knows it" {
	local n all
	runs_on web node1 && runs_on db node1 && runs_on mail node2
	# Nobody had to run anything: taiki-heartbeatd is there.
	for n in node1 node2 node3; do eventually 120 has_said $n; done
	eventually 120 plan
	run -0 plan
	[[ $output == *"Covered, every domain in full."* ]]
	all=$(said node1 taiki-capacity-memory)
	for n in node2 node3; do
		[[ $(said $n taiki-capacity-memory) == "$all" && -n $(said $n taiki-capacity-cpu) ]]
	done
	# By hand, after a change.
	lab exec node3 bash -c 'mkdir -p /etc/taiki; echo "keep-memory = 64MiB" >/etc/taiki/host.conf'
	run -0 lab exec node3 hv plan --publish
	[[ $output == "This host gives $((all - 64)) MiB of memory"* ]]
	eventually 10 says node3 taiki-capacity-memory $((all - 64))
	lab exec node3 rm /etc/taiki/host.conf
	eventually 10 gives_again "$all"
	plan --json | jq -e '.hosts | length == 3 and all(.capacity["taiki-memory"] > 0)'
}

@test "applied: booked and at home, nothing is restarted, and once more changes nothing" {
	local before
	before=$(incarnations)
	run -0 plan --apply
	[[ $output == *"+ host node3: taiki-memory="*"+ domain web: taiki-memory=16"*"+ domain web: taiki-home=node1"* ]]
	eventually 60 settled
	[[ $(incarnations) == "$before" ]]
	lab exec node2 crm_verify --live-check
	run -0 plan --apply
	[[ $output == "Nothing to change." ]]
	lab exec node2 crm configure show | grep -q 'taiki-home=node2'
	lab exec node2 pcs resource config web | grep -q 'taiki-memory=16'
}

@test "a lost host's domains go where the plan said they would" {
	local name to
	plan --json --loss node1 >"$BATS_TEST_TMPDIR/plan.json"
	lab power-off node1
	for name in web db; do
		to=$(jq -r --arg n $name '.losses[0].domains[] | select(.domain == $n).to' "$BATS_TEST_TMPDIR/plan.json")
		[[ $to == node[23] ]]
		eventually 60 runs_on $name "$to"
	done
	runs_on mail node2
}

@test "back home with one command, in view, and nothing of it stays" {
	local from mail
	lab power-on node1
	eventually 90 back
	eventually 30 settled
	# Never by itself.
	during 5 eval '! runs_on web node1'
	mail=$(incarnation mail)
	from=$(where web)
	run -0 lab exec node2 hv failback web
	[[ $output == *"web: $from -> node1, where it boots"*"web is on node1."* ]]
	runs_on web node1
	[[ $(constraints) -eq 0 ]]
	during 5 runs_on web node1
	run -0 lab exec node2 hv failback --all
	[[ $output == *"db: "*" -> node1"*"db is on node1."* && $output != *"mail:"* ]]
	runs_on db node1
	run -0 lab exec node2 hv failback --all
	[[ $output == "Every domain that runs is at home." ]]
	[[ $(constraints) -eq 0 && $(incarnation mail) == "$mail" ]]
}

@test "elsewhere by name; where there is no room it is refused, and it stays" {
	local first
	first=$(incarnation web)
	lab exec node2 crm_attribute --node node3 --utilization --name taiki-memory --update 8
	run -4 lab exec node2 hv failback --to node3 web
	[[ $output == *"node3 has no room for web (it books 16 MiB of memory"* ]]
	[[ $(incarnation web) == "$first" ]]
	lab exec node2 crm_attribute --node node3 --utilization --name taiki-memory --update 100
	lab exec node2 hv failback --to node3 web
	runs_on web node3
	lab exec node2 hv failback web
	runs_on web node1
}

@test "a start that fails there: said, it runs where it was, and nothing of the move stays" {
	# The guest's own code is missing on node3 alone.
	lab exec node3 mount --bind /dev/null /shared/guest0.rom
	run -1 lab exec node2 hv failback --to node3 web
	lab exec node3 umount /shared/guest0.rom
	[[ $output == *"web could not be started on node3"* ]]
	eventually 30 runs_but_not_on web node3
	eventually 60 settled
	runs_but_not_on web node3
	[[ $(constraints) -eq 0 ]]
	# Until that is cleaned up it is not tried again.
	run -4 lab exec node2 hv failback --to node3 web
	[[ $output == *"crm_resource --cleanup"* ]]
	lab exec node2 crm_resource --cleanup -r web --node node3
	lab exec node2 hv failback web
	runs_on web node1
}

@test "interrupted in the middle: the constraint is gone, and the domain runs once" {
	local code=0
	lab exec node2 timeout --signal=INT 0.6 hv failback --to node3 web || code=$?
	[[ $code -eq 124 || $code -eq 130 ]]
	[[ $(constraints) -eq 0 ]]
	eventually 60 settled
	[[ $(where web) == node[13] ]]
	lab exec node2 hv failback web
	runs_on web node1
}

twin_waits() { [[ $(plan --json | jq -r --arg n "$1" '.domains[] | select(.domain == $n).twins[]') == *"$2"* ]]; }

withdrawn() { ! lab exec node2 attrd_updater -n "taiki-twin-$1" -N "$2" -Q 2>&1 | grep -q 'value="1"'; }

@test "with a pool: preferred, planned as a twin, adopted, and adopted on the way back" {
	local to
	lab exec node2 pcs resource create pool ocf:taiki:pool domains=web ready_after=300ms \
		op monitor interval=2s timeout=20s clone
	eventually 90 twin_waits web node2
	eventually 90 twin_waits web node3
	run -0 plan --apply
	[[ $output == *"+ domain web: prefers hosts where its twin waits"* ]]
	[[ $output == *"~ host node1: taiki-memory="*"~ host node2: taiki-memory="* ]] # less what waits there
	eventually 60 settled
	runs_on web node1
	run -0 plan --apply
	[[ $output == "Nothing to change." ]]
	plan --json --loss node1 >"$BATS_TEST_TMPDIR/plan.json"
	to=$(jq -r '.losses[0].domains[] | select(.domain == "web" and .how == "twin").to' "$BATS_TEST_TMPDIR/plan.json")
	[[ $to == node[23] ]]
	lab power-off node1
	eventually 60 runs_on web "$to"
	eventually 60 settled
	eventually 30 withdrawn web "$to"
	lab power-on node1
	eventually 90 back
	eventually 90 twin_waits web node1
	eventually 60 settled
	runs_on web "$to" # the rule does not push it back to where a twin waits now
	run -0 lab exec node2 hv failback web
	[[ $output == *"web: $to -> node1, where its twin waits"*"web is on node1."* ]]
	eventually 90 twin_waits web "$to"
	[[ $(cib | xmllint --xpath 'count(//rsc_location[starts-with(@id, "taiki-failback")])' -) -eq 0 ]]
}
