#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Resources by the clock: rules on the resource's parameters, as the guide has
# them, change what a running guest gets, and the guest runs on.

# domain.bash sets $OCF_RESKEY_config.
# shellcheck disable=SC2154
bats_require_minimum_version 1.5.0
# shellcheck source=tests/lab/lab.bash
load lab.bash
# shellcheck source=tests/unit/agent/domain.bash
load ../unit/agent/domain.bash

setup_file() {
	TAIKI_LAB=$(lab_name tclock)
	export TAIKI_LAB
	lab down
	lab up -n 2
	make_roms
	cp "$BATS_FILE_TMPDIR"/guest?.rom "$(state)/shared/"
	# Rules on parts of a date are looked at when the cluster looks.
	lab exec node1 crm configure property cluster-recheck-interval=5s
}

teardown_file() { lab down; }

setup() {
	define web 0
	sed -i -e "s|$BATS_FILE_TMPDIR|/shared|" \
		-e "s|<vcpu>1</vcpu>|&<cputune><quota>90000</quota><shares>700</shares></cputune>|" \
		"$OCF_RESKEY_config"
	cp "$OCF_RESKEY_config" "$(state)/shared/web.xml"
}

teardown() {
	lab exec node1 crm_resource -r web --meta -p target-role -v Stopped
	eventually 60 settled
	lab exec node1 cibadmin --delete-all --force --xpath '//resources/primitive[@id="web"]'
	eventually 30 settled
}

runs() { [[ -n $(where) ]]; }
# started: what is being started is shown as running, so it is waited for twice
started() {
	lab exec node1 hv cluster define /shared/web.xml
	eventually 60 runs
	eventually 60 settled
}
# cpu KEY: what is in force in its control group
cpu() { lab exec "$(where)" hv info --json web | jq ".resources.cpu.$1"; }
memory() { lab exec "$(where)" hv info --json web | jq .resources.memory.asked; }
quota_is() { [[ $(cpu quota) -eq $1 ]]; }
memory_is() { [[ $(memory) -eq $(($1 << 20)) ]]; }

# rule ID SCORE DATE-EXPRESSION PARAMETERS: an attribute set of the resource, as cibadmin takes it
rule() {
	local id=$1 score=$2 date=$3 p
	shift 3
	lab exec node1 cibadmin --modify --allow-create --scope resources --xml-text "
		<primitive id='web'><instance_attributes id='web-$id' score='$score'>
		  <rule id='web-$id-rule' score='0'>$date</rule>
		  $(for p; do printf "<nvpair id='web-%s-%s' name='%s' value='%s'/>" "$id" "${p%%=*}" "${p%%=*}" "${p#*=}"; done)
		</instance_attributes></primitive>"
}

in_seconds() { date -u -d "@$(($(date -u +%s) + $1))" '+%Y-%m-%d %H:%M:%SZ'; }
# day FROM UNTIL: a rule for that time
day() {
	rule day 10 "<date_expression id='web-day-date' operation='in_range' start='$1' end='$2'/>" \
		quota=30000 memory=8MiB
}

@test "a rule that comes true, and one that ends: the guest has other resources, and is the same" {
	started
	local first
	first=$(incarnation)
	quota_is 90000
	day "$(in_seconds 15)" "$(in_seconds 3600)"
	quota_is 90000
	eventually 60 quota_is 30000
	eventually 10 memory_is 8
	[[ $(cpu shares) -eq 700 ]]
	# It ends, which is set only now, so that nothing of the above can be missed: what the definition says, again.
	day "$(in_seconds -60)" "$(in_seconds 8)"
	eventually 90 quota_is 90000
	eventually 10 memory_is 16
	[[ $(incarnation) == "$first" ]]
	run -0 lab exec node1 crm_mon -1f
	[[ $output != *fail-count* ]]
}

@test "day and night, as crm writes it: a rule on a part of the date, and a set without one below it" {
	started
	local first hour
	first=$(incarnation)
	# The hour that is, and the next, in the hosts' own time.
	hour=$((10#$(lab exec node1 date +%H)))
	[[ $hour -lt 23 ]] || hour=22
	lab exec node1 sh -c "crm configure show xml >/dev/null; crm configure show web |
		sed 's/^primitive web ocf:taiki:domain/& params 2: rule date spec hours=$hour-$((hour + 1)) quota=40000 params 1: quota=20000/;1!b' \
		>/tmp/web.crm; crm -F configure load update /tmp/web.crm"
	eventually 60 quota_is 40000
	# The other half of the day.
	lab exec node1 cibadmin --modify --xml-text \
		"$(lab exec node1 cibadmin -Q --xpath '//date_spec' | sed "s/hours=\"[^\"]*\"/hours=\"$(((hour + 12) % 24))\"/")"
	eventually 60 quota_is 20000
	[[ $(incarnation) == "$first" ]]
	run -0 lab exec node1 crm_mon -1f
	[[ $output != *fail-count* ]]
}
