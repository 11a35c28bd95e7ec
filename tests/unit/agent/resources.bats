#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The resource's parameters for memory, processors and rates: from the start on,
# and by reload-agent on the running domain, with real hv-domain processes.

# bats sets $stderr.
# shellcheck disable=SC2154
bats_require_minimum_version 1.5.0
load domain.bash

setup_file() {
	find_build
	make_roms
	export PATH=$O:$PATH TAIKI_CGROUP=taiki-agent-resources.slice
	export CIB_file=$BATS_FILE_TMPDIR/cib.xml
	cibadmin --empty >"$CIB_file"
}

setup() {
	export TAIKI_RUN_DIR=$BATS_TEST_TMPDIR/run
	mkdir -p "$TAIKI_RUN_DIR"
	export OCF_RESOURCE_INSTANCE=vm OCF_RESKEY_CRM_meta_timeout=20000
	export OCF_RESKEY_CRM_meta_interval=10000 OCF_RESKEY_assume_fencing=true
	truncate -s 1M "$BATS_TEST_TMPDIR/disk"
	define web 0 "<disk type='file'><source file='$BATS_TEST_TMPDIR/disk'/><target dev='vda' bus='virtio'/>
		<iotune><total_iops_sec>77</total_iops_sec></iotune></disk>"
	sed -i "s|<vcpu>1</vcpu>|&<cputune><quota>50000</quota></cputune>|" "$OCF_RESKEY_config"
}

teardown() {
	OCF_RESKEY_force_stop=true agent stop || kill_domains
}

agent() { timeout 60 "$AGENT" "$@"; }

# shown FILTER: what `hv info --json` has of the domain's resources
shown() { hv info --json web | jq -r ".resources$1"; }

pid() { cat "$TAIKI_RUN_DIR/web/pid"; }

@test "start: the parameters count in place of the definition's, and the rest stays the definition's" {
	export OCF_RESKEY_shares=300 OCF_RESKEY_memory=12MiB OCF_RESKEY_limits='vda.bps=1M'
	run -0 agent start
	[[ $(shown .cpu.shares) -eq 300 && $(shown .cpu.quota) -eq 50000 ]]
	[[ $(shown .memory.asked) -eq $((12 << 20)) ]]
	[[ $(shown .disks.vda.bps) -eq 1048576 && $(shown .disks.vda.iops) -eq 77 ]]
	[[ $(shown '."not-applied"') == null ]]
}

@test "reload-agent: what was changed is changed on the running domain, what was taken away is the definition's again" {
	run -0 agent start
	local before
	before=$(pid)
	export OCF_RESKEY_quota=20000 OCF_RESKEY_memory=8MiB OCF_RESKEY_limits='vda.iops=0 vda.bps_rd=2M'
	run -0 --separate-stderr agent reload-agent
	[[ $stderr == *"CPU as the parameters say"* ]]
	[[ $(shown .cpu.quota) -eq 20000 && $(shown .memory.asked) -eq $((8 << 20)) ]]
	[[ $(shown .disks.vda.iops) -eq 0 && $(shown .disks.vda.bps_rd) -eq $((2 << 20)) ]]
	unset OCF_RESKEY_quota OCF_RESKEY_limits
	run -0 agent reload-agent
	[[ $(shown .cpu.quota) -eq 50000 && $(shown .memory.asked) -eq $((8 << 20)) ]]
	[[ $(shown .disks.vda.iops) -eq 77 && $(shown .disks.vda.bps_rd) -eq 0 ]]
	[[ $(pid) == "$before" ]]
}

@test "reload-agent touches nothing that was not changed: an administrator's setting stays" {
	export OCF_RESKEY_quota=20000
	run -0 agent start
	OCF_RESKEY_CRM_meta_interval=0 run -0 hv set --force web quota=30000 memory=10MiB
	OCF_RESKEY_shutdown_timeout=5s run -0 agent reload-agent
	[[ $(shown .cpu.quota) -eq 30000 && $(shown .memory.asked) -eq $((10 << 20)) ]]
	OCF_RESKEY_shares=200 run -0 agent reload-agent
	[[ $(shown .cpu.shares) -eq 200 && $(shown .cpu.quota) -eq 20000 ]]
	[[ $(shown .memory.asked) -eq $((10 << 20)) ]]
}

@test "what cannot be applied is shown and logged, the rest is applied, and it is tried again" {
	run -0 agent start
	export OCF_RESKEY_shares=400 OCF_RESKEY_cpus=1023 OCF_RESKEY_memory=99GiB
	run -0 --separate-stderr agent reload-agent
	[[ $stderr == *"WARNING: memory: not applied"* && $stderr == *"WARNING: pins: not applied"* ]]
	[[ $(shown .cpu.shares) -eq 400 ]]
	[[ $(shown '."not-applied"') == *"up to 16 MiB"*"CPU 1023"* ]]
	hv info web | grep -q '^not applied: .*CPU 1023'
	export OCF_RESKEY_memory=9MiB
	unset OCF_RESKEY_cpus
	run -0 agent reload-agent
	[[ $(shown '."not-applied"') == null && $(shown .memory.asked) -eq $((9 << 20)) ]]
}

@test "a start is not refused for a parameter that makes no sense; validate-all says it" {
	export OCF_RESKEY_limits='vdz.bps=1' OCF_RESKEY_shares=500
	run -0 agent start
	[[ $(shown .cpu.shares) -eq 500 && $(shown '."not-applied"') == *"no interface vdz"* ]]
	run -6 --separate-stderr agent validate-all
	[[ $stderr == *"parameter limits: vdz.bps"* ]]
	OCF_RESKEY_limits='memory=1' run -6 agent validate-all
	OCF_RESKEY_limits='vda.bps=1' run -0 agent validate-all
}

@test "reload-agent succeeds whatever there is: nothing runs, the definition is gone, the domain hangs" {
	export OCF_RESKEY_memory=8MiB
	run -0 agent reload-agent
	run -0 agent start
	kill -STOP "$(pid)"
	OCF_RESKEY_memory=9MiB OCF_RESKEY_CRM_meta_timeout=3000 run -0 agent reload-agent
	grep -q memory "$TAIKI_RUN_DIR/web/not-applied"
	kill -CONT "$(pid)"
	OCF_RESKEY_config=/nowhere OCF_RESKEY_shares=9 run -0 agent reload-agent
	OCF_RESKEY_memory=9MiB run -0 agent reload-agent
	[[ $(shown .memory.asked) -eq $((9 << 20)) && $(shown '."not-applied"') == null ]]
}

@test "the parameters are reloadable in the metadata" {
	local p
	OCF_RA_VERSION_MINOR=1 agent meta-data >"$BATS_TEST_TMPDIR/meta.xml"
	for p in memory shares period quota cpus limits; do
		grep -q "name=\"$p\".*reloadable=\"1\"" "$BATS_TEST_TMPDIR/meta.xml"
	done
}
