#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ocf:taiki:domain with real hv-domain processes and guests of one page
# (guest.S).  What only a cluster can show is in tests/lab and tests/faults.

# bats sets $stderr.
# shellcheck disable=SC2154
bats_require_minimum_version 1.5.0
load domain.bash

setup_file() {
	find_build
	make_roms
}

setup() {
	export TAIKI_RUN_DIR=$BATS_TEST_TMPDIR/run
	mkdir -p "$TAIKI_RUN_DIR"
	# An hv-domain that a busy machine holds up has some seconds to answer a stop, not two.
	export OCF_RESOURCE_INSTANCE=vm OCF_RESKEY_CRM_meta_timeout=60000
	export OCF_RESKEY_CRM_meta_interval=10000
	unset OCF_RESKEY_definition OCF_RESKEY_digest
	define web 0
}

teardown() { kill_domains; }

agent() { timeout 120 "$AGENT" "$@"; }

# qmp NAME COMMAND: tells the domain directly, as an administrator could
qmp() {
	python3 - "$TAIKI_RUN_DIR/$1/qmp.sock" "$2" <<-'PY'
		import json, socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.settimeout(60)
		s.connect(sys.argv[1])
		f = s.makefile("rw")
		json.loads(f.readline())
		for command in ("qmp_capabilities", sys.argv[2]):
		    f.write(json.dumps({"execute": command}))
		    f.flush()
		    while True:
		        reply = json.loads(f.readline())
		        if "event" not in reply:
		            break
		print(json.dumps(reply))
	PY
}

reason() { sed -n 's/^ocf-exit-reason://p' <<<"$stderr"; }

@test "its metadata fits the schemas of resource-agents and pcs, and the 1.0 DTD" {
	agent_metadata_fits
	grep -q 'name="force_stop".*reloadable="1"' "$BATS_TEST_TMPDIR/1.1.xml"
	grep -q 'action name="reload-agent"' "$BATS_TEST_TMPDIR/1.1.xml"
	grep -q 'action name="asyncmon"' "$BATS_TEST_TMPDIR/1.1.xml"
	run ! grep -q 'asyncmon' "$BATS_TEST_TMPDIR/1.0.xml"
}

@test "it says what it is to anybody, and refuses what it does not know" {
	install -m 755 "$AGENT" /tmp/taiki-agent-$$
	run -0 setpriv --reuid=65534 --clear-groups "/tmp/taiki-agent-$$" meta-data
	rm -f /tmp/taiki-agent-$$
	run -3 agent promote
	run -3 agent migrate_to
	run -0 agent reload-agent
}

@test "ocf-tester finds nothing to complain about" {
	run -0 ocf-tester -n vm -o config="$OCF_RESKEY_config" "$AGENT"
}

@test "Pacemaker's tools read and validate it" {
	# shellcheck disable=SC2016
	run -0 unshare -m sh -c '
		mount -t tmpfs none /usr/lib/ocf/resource.d && mkdir /usr/lib/ocf/resource.d/taiki &&
		cp "$AGENT" /usr/lib/ocf/resource.d/taiki/ &&
		crm_resource --show-metadata ocf:taiki:domain | grep -q "<version>1.1</version>" &&
		pcs resource describe ocf:taiki:domain | grep -q "shutdown_timeout" &&
		crm_resource --validate --class ocf --provider taiki --agent domain \
			config="$OCF_RESKEY_config" &&
		! crm_resource --validate --class ocf --provider taiki --agent domain config=/nowhere'
}

@test "pcs and crm take the operation that heartbeat's reports are filed under" {
	# shellcheck disable=SC2016
	run -0 unshare -m sh -ec '
		mount -t tmpfs none /usr/lib/ocf/resource.d && mkdir /usr/lib/ocf/resource.d/taiki
		cp "$AGENT" /usr/lib/ocf/resource.d/taiki/
		cd "$BATS_TEST_TMPDIR"
		cibadmin --empty >cib.xml
		pcs -f cib.xml resource create a ocf:taiki:domain config="$OCF_RESKEY_config" \
			op asyncmon on-fail=fence meta migration-threshold=1
		! CIB_file=$PWD/cib.xml crm -F configure primitive b ocf:taiki:domain \
			params config="$OCF_RESKEY_config" op asyncmon interval=0 on-fail=block \
			op monitor interval=10s timeout=20s \
			meta migration-threshold=1 2>&1 | grep asyncmon
		cat cib.xml'
	[[ $output =~ \<op[^\>]*asyncmon[^\>]*fence || $output =~ \<op[^\>]*fence[^\>]*asyncmon ]]
	[[ $output =~ \<op[^\>]*asyncmon[^\>]*block ]]
}

@test "a stop says so before it does anything, and the next start knows nothing of it" {
	define web 1
	run -0 agent start
	[[ ! -e $TAIKI_RUN_DIR/web/intent ]]
	OCF_RESKEY_shutdown_timeout=3s agent stop &
	until_true 10 test -e "$TAIKI_RUN_DIR/web/intent"
	read -r what until <"$TAIKI_RUN_DIR/web/intent"
	[[ $what == stop ]]
	# Milliseconds of CLOCK_BOOTTIME: within the operation's timeout from now.
	now=$(awk '{ printf "%d", $1 * 1000 }' /proc/uptime)
	((until > now && until <= now + 60000))
	wait $!
	run -0 agent start
	[[ ! -e $TAIKI_RUN_DIR/web/intent ]]
	OCF_RESKEY_force_stop=yes run -0 agent stop
}

@test "start, monitor and stop, each of them twice" {
	run -7 agent monitor
	run -0 agent start
	local pid
	pid=$(pid_of web)
	run -0 agent monitor
	run -0 agent start
	[[ $(pid_of web) == "$pid" ]]
	[[ $(cat "$TAIKI_RUN_DIR/web/resource") == vm ]]
	run -0 agent stop
	run ! lives "$pid"
	run -7 agent monitor
	run -0 agent stop
	run -7 agent monitor
}

@test "monitor starts no other process" {
	run -0 agent start
	# The monitor is process 2 of a new namespace; the last number given out tells.
	# shellcheck disable=SC2016
	run -0 unshare -p -f --mount-proc sh -c '
		"$AGENT" monitor && test "$(cat /proc/sys/kernel/ns_last_pid)" -le 3'
	run -0 agent stop
}

@test "an ordered stop lets the guest power itself off" {
	run -0 agent start
	run -0 agent stop
	grep -q 'ending: guest-shutdown' "$TAIKI_RUN_DIR/web/log"
}

@test "a guest that does not listen is killed within the timeout" {
	define web 1
	run -0 agent start
	local pid
	pid=$(pid_of web)
	OCF_RESKEY_shutdown_timeout=1s run -0 --separate-stderr agent stop
	[[ $stderr == *"did not shut down in time"* ]]
	run ! lives "$pid"
}

@test "force_stop does not ask the guest" {
	run -0 agent start
	OCF_RESKEY_force_stop=yes run -0 agent stop
	run ! grep -q 'POWERDOWN' "$TAIKI_RUN_DIR/web/log"
}

@test "stop works when the definition is gone" {
	run -0 agent start
	local pid
	pid=$(pid_of web)
	rm "$OCF_RESKEY_config"
	run -0 agent monitor
	run -0 agent stop
	run ! lives "$pid"
	OCF_RESKEY_CRM_meta_interval=0 run -7 agent monitor
	run -0 agent stop
	run -5 --separate-stderr agent start
	[[ $(reason) == *"$OCF_RESKEY_config"* ]]
}

@test "a process that does not answer: monitor cannot tell, stop proves" {
	run -0 agent start
	local pid
	pid=$(pid_of web)
	kill -STOP "$pid"
	OCF_RESKEY_CRM_meta_timeout=2000 run -1 --separate-stderr agent monitor
	[[ $(reason) == *"cannot tell"* ]]
	run -0 agent stop
	run ! lives "$pid"
	run -7 agent monitor
}

@test "paused is degraded, and stop resumes it to shut it down" {
	run -0 agent start
	qmp web stop
	run -190 --separate-stderr agent monitor
	[[ $(reason) == *"paused by an administrator"* ]]
	OCF_RESKEY_CRM_meta_interval=0 run -190 agent monitor
	qmp web cont
	run -0 agent monitor
	qmp web stop
	run -0 agent stop
	grep -q 'ending: guest-shutdown' "$TAIKI_RUN_DIR/web/log"
}

@test "a guest that panicked and was preserved is failed, and is killed without asking" {
	define web 2 "<panic model='isa'/>" "<on_crash>preserve</on_crash>"
	agent start || true
	until_true 10 grep -q GUEST_PANICKED "$TAIKI_RUN_DIR/web/log"
	run -1 --separate-stderr agent monitor
	[[ $(reason) == *"panicked"* ]]
	run -0 --separate-stderr agent stop
	[[ $stderr == *"no ordered shutdown"* ]]
	run -7 agent monitor
}

@test "a guest that ended by itself does not run, and the log's reason is told" {
	define web 3
	agent start || true
	until_true 10 grep -q 'ending: guest-shutdown' "$TAIKI_RUN_DIR/web/log"
	until_true 10 ended
	echo "2026-01-02T03:04:05.678Z ledger[web]: notice: what the host adds later is no reason" >>"$TAIKI_RUN_DIR/web/log"
	run -7 --separate-stderr agent monitor
	[[ $(reason) == "domain web ended: guest-shutdown" ]]
	OCF_RESKEY_CRM_meta_interval=0 run -7 --separate-stderr agent monitor
	[[ -z $(reason) ]]
}
ended() { [[ $(agent monitor >/dev/null 2>&1; echo $?) == 7 ]]; }

@test "killed: it does not run, and starts again over what was left behind" {
	run -0 agent start
	local pid
	pid=$(pid_of web)
	kill -KILL "$pid"
	until_true 10 ended
	run -7 --separate-stderr agent monitor
	[[ $(reason) == *"was killed or crashed"* ]]
	run -0 agent start
	[[ $(pid_of web) != "$pid" ]]
	run -0 agent monitor
	kill -KILL "$(pid_of web)"
	run -0 agent stop
	run -7 agent monitor
}

@test "a run directory that is half there stops nothing" {
	mkdir "$TAIKI_RUN_DIR/web"
	run -7 agent monitor
	run -0 agent stop
	echo vm >"$TAIKI_RUN_DIR/web/resource"
	head -c 100 /dev/urandom >"$TAIKI_RUN_DIR/web/config.json"
	: >"$TAIKI_RUN_DIR/web/lock"
	echo 4194305 >"$TAIKI_RUN_DIR/web/pid"
	run -7 agent monitor
	run -0 agent start
	run -0 agent monitor
	run -0 agent stop
}

# with_disk: web has a writable disk that relies on the cluster's fencing
with_disk() {
	truncate -s 1M "$BATS_TEST_TMPDIR/disk"
	define web 0 "<disk type='file'><driver name='qemu' type='raw'/><source \
file='$BATS_TEST_TMPDIR/disk'/><target dev='vda' bus='virtio'/></disk>"
}

@test "a stop that cannot be proven fails" {
	with_disk
	export OCF_RESKEY_assume_fencing=true
	run -0 agent start
	kill -KILL "$(pid_of web)"
	until_true 10 ended
	# As if requests of the dead process were still in flight: they hold the image's lock.
	python3 - "$BATS_TEST_TMPDIR/disk" "$BATS_TEST_TMPDIR/held" <<-'PY' &
		import fcntl, os, struct, sys, time
		fd = os.open(sys.argv[1], os.O_RDWR)
		F_OFD_SETLKW = 38 # the process may be dying still
		fcntl.fcntl(fd, F_OFD_SETLKW, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
		open(sys.argv[2], "w").close()
		time.sleep(60)
	PY
	local holder=$!
	until_true 10 test -e "$BATS_TEST_TMPDIR/held"
	OCF_RESKEY_CRM_meta_timeout=4000 run -1 --separate-stderr agent stop
	[[ $(reason) == *"not proven"*"$BATS_TEST_TMPDIR/disk"* ]]
	OCF_RESKEY_CRM_meta_timeout=4000 run -1 agent stop
	kill -KILL "$holder"
	wait "$holder" || true
	run -0 agent stop
}

@test "the holder of the lock is the domain, whatever the pid file says" {
	run -0 agent start
	local pid
	pid=$(pid_of web)
	kill -STOP "$pid"
	sleep 60 &
	local other=$!
	echo "$other" >"$TAIKI_RUN_DIR/web/pid"
	run -0 agent stop
	run ! lives "$pid"
	lives "$other"
	kill "$other"
}

@test "clones are refused" {
	OCF_RESOURCE_INSTANCE=vm:0 run -6 --separate-stderr agent start
	[[ $(reason) == *"clone"* ]]
	OCF_RESKEY_CRM_meta_clone=0 OCF_RESKEY_CRM_meta_clone_max=2 run -6 agent monitor
	OCF_RESKEY_CRM_meta_clone_max=2 run -6 agent validate-all
	OCF_RESOURCE_INSTANCE=vm:0 run -0 agent stop
}

@test "parameters that say nothing, too much, or something else" {
	local config=$OCF_RESKEY_config
	unset OCF_RESKEY_config
	run -6 --separate-stderr agent start
	[[ $(reason) == *"neither parameter"* ]]
	OCF_RESKEY_config=$config OCF_RESKEY_definition=x run -6 agent validate-all
	OCF_RESKEY_definition='not base64!' run -6 agent validate-all
	OCF_RESKEY_config=web.xml run -6 agent validate-all
	OCF_RESKEY_config=/nowhere/web.xml run -5 agent validate-all
	export OCF_RESKEY_config=$config
	OCF_RESKEY_shutdown_timeout=soon run -6 agent validate-all
	OCF_RESKEY_digest=$(sha256sum <"$config" | cut -d' ' -f1) run -0 agent validate-all
	OCF_RESKEY_digest=$(sha256sum </dev/null | cut -d' ' -f1) run -5 --separate-stderr agent start
	[[ $(reason) == *"digest"* ]]
	sed -i 's/<vcpu>1/<vcpu>many/' "$config"
	run -5 --separate-stderr agent validate-all
	[[ $(reason) == *"vcpu"* ]]
	run ! test -e "$TAIKI_RUN_DIR/web/lock"
}

# encoded FILE: the form a definition has in the cluster (hv/definition.h)
encoded() {
	python3 -c 'import base64, sys, zlib
print(base64.b64encode(zlib.compress(open(sys.argv[1], "rb").read())).decode())' "$1"
}

@test "a definition in the cluster: whole it starts, damaged it is refused everywhere, and stops" {
	local whole
	whole=$(encoded "$OCF_RESKEY_config")
	OCF_RESKEY_digest=$(sha256sum <"$OCF_RESKEY_config" | cut -d' ' -f1)
	export OCF_RESKEY_digest
	rm "$OCF_RESKEY_config"
	unset OCF_RESKEY_config
	export OCF_RESKEY_definition=$whole
	run -0 agent validate-all
	run -0 agent start
	export OCF_RESKEY_definition=${whole:0:100}
	run -0 agent monitor
	run -0 agent stop
	run -6 --separate-stderr agent start
	[[ $(reason) == *"parameter definition"*"hv cluster update"* ]]
	export OCF_RESKEY_definition=${whole/A/B}
	run -6 agent start
	OCF_RESKEY_definition=$whole OCF_RESKEY_digest=$(sha256sum </dev/null | cut -d' ' -f1) \
		run -6 agent validate-all
	OCF_RESKEY_definition=$(python3 -c 'import base64, zlib
print(base64.b64encode(zlib.compress(b"<domain>" * 2000000)).decode())') run -6 agent validate-all
	run -7 agent monitor
}

@test "validate-all looks at this host's files when asked to" {
	run -0 agent validate-all
	sed -i 's/guest0.rom/guest9.rom/' "$OCF_RESKEY_config"
	run -0 agent validate-all
	OCF_CHECK_LEVEL=10 run -5 --separate-stderr agent validate-all
	[[ $(reason) == *"guest9.rom"* ]]
	run --separate-stderr agent start
	[[ $status -ne 0 ]]
	[[ $(reason) == *"guest9.rom"* ]]
}

# fake_crm_attribute COMMAND: what the cluster answers
fake_crm_attribute() {
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\n%s\n' "$1" >"$BATS_TEST_TMPDIR/bin/crm_attribute"
	chmod 755 "$BATS_TEST_TMPDIR/bin/crm_attribute"
	export PATH=$BATS_TEST_TMPDIR/bin:$PATH
}

@test "a disk that relies on fencing is not started where nothing fences" {
	with_disk
	fake_crm_attribute 'echo false'
	run -6 --separate-stderr agent start
	[[ $(reason) == *"stonith-enabled"* ]]
	fake_crm_attribute 'exit 102'
	run -1 --separate-stderr agent start
	[[ $(reason) == *"assume_fencing"* ]]
	fake_crm_attribute 'sleep 60'
	OCF_RESKEY_CRM_meta_timeout=4000 run -1 agent start
	run -7 agent monitor
	fake_crm_attribute 'echo true'
	run -0 agent start
	run -0 agent stop
	fake_crm_attribute 'exit 102'
	OCF_RESKEY_assume_fencing=true run -0 agent start
	run -0 agent stop
}

@test "a domain started by hand is found by its name, and stopped" {
	run -0 agent start
	rm "$TAIKI_RUN_DIR/web/resource"
	OCF_RESKEY_CRM_meta_interval=0 run -0 agent monitor
	run -0 agent stop
	run -7 agent monitor
	define other 0
	run -0 agent start
	rm "$TAIKI_RUN_DIR/other/resource"
	define web 0
	run -7 agent monitor
	run -0 agent stop
	lives "$(pid_of other)"
}

@test "another resource's domain is left alone" {
	run -0 agent start
	OCF_RESOURCE_INSTANCE=vm2 run -7 agent monitor
	OCF_RESOURCE_INSTANCE=vm2 run -0 agent stop
	OCF_RESOURCE_INSTANCE=vm2 run --separate-stderr agent start
	[[ $status -ne 0 ]]
	[[ $(reason) == *"web"* ]]
	run -0 agent monitor
	run -0 agent stop
}

@test "the domain outlives whoever started it" {
	setsid "$AGENT" start &
	wait $!
	local pid
	pid=$(pid_of web)
	[[ $(ps -o sid= -p "$pid" | tr -d ' ') != $(ps -o sid= -p $$ | tr -d ' ') ]]
	[[ $(ps -o ppid= -p "$pid" | tr -d ' ') != "$$" ]]
	run -0 agent monitor
	run -0 agent stop
}
