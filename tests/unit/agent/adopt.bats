#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ocf:taiki:domain's start where something waits for the domain: real standbys,
# made as the pool makes them (standby.c), and an adopter that dies wherever it
# can (adopter.c).

# bats sets $stderr.
# shellcheck disable=SC2154
bats_require_minimum_version 1.5.0
load domain.bash

setup_file() {
	find_build
	make_roms
}

setup() {
	export TAIKI_RUN_DIR=$BATS_TEST_TMPDIR/run TAIKI_NODE=n1
	mkdir -p "$TAIKI_RUN_DIR"
	export OCF_RESOURCE_INSTANCE=vm OCF_RESKEY_CRM_meta_timeout=20000
	export OCF_RESKEY_CRM_meta_interval=10000 OCF_RESKEY_assume_fencing=true
	unset OCF_RESKEY_definition OCF_RESKEY_digest OCF_RESKEY_standby
	export TAIKI_HOST_CONF=$BATS_TEST_TMPDIR/host.conf
	: >"$TAIKI_HOST_CONF"
	truncate -s 1M "$BATS_TEST_TMPDIR/"{own-n1,data,spare}.raw
	domain
}

teardown() {
	local TAIKI_RUN_DIR
	for TAIKI_RUN_DIR in "$BATS_TEST_TMPDIR"/{,*/}run; do kill_domains; done
	[[ -z ${loop:-} ]] || losetup --detach "$loop"
}

agent() { timeout 60 "$AGENT" "$@"; }
reason() { sed -n 's/^ocf-exit-reason://p' <<<"$stderr"; }
waits() { "$O/tests/unit/agent/standby" "$@"; }
run_of() { echo "$TAIKI_RUN_DIR/$1"; }

disk() {
	echo "<disk type='file'><source file='$BATS_TEST_TMPDIR/$2'/><target dev='$1'/></disk>"
}

# domain [STANDBY [NAME [DISKS]]]: NAME has a disk of each node's own and one that only the active side may write
domain() {
	define "${2:-web}" "${MODE:-0}" "${3:-$(disk vda 'own-{node}.raw')$(disk vdb data.raw)}" \
		"<metadata><taiki:domain xmlns:taiki='urn:taiki:domain:1'>
		<taiki:standby memory='8' unit='MiB' ${1:-}>
		  <taiki:active-only disk='vdb'/>
		  <taiki:role key='address' value='10.0.0.5/24'/>
		</taiki:standby></taiki:domain></metadata>"
}

# locked FILE: somebody has the image's lock
locked() { "$O/tests/unit/agent/image_lock" "$1"; }

# hold FILE: holds its lock until let_go, or for a minute
hold() {
	"$O/tests/unit/agent/image_lock" "$1" "$BATS_TEST_TMPDIR/held" 3>&- &
	holder=$!
	until_true 30 test -e "$BATS_TEST_TMPDIR/held"
}
let_go() {
	kill -KILL "$holder"
	wait "$holder" || true
}

# one_runs NAME: it is well, it alone has a process, and it has both disks
one_runs() {
	local dir n=0

	run -0 agent monitor
	for dir in "$TAIKI_RUN_DIR"/*/; do
		[[ -e $dir/pid ]] && lives "$(cat "$dir/pid")" && n=$((n + 1))
	done
	[[ $n == 1 ]]
	lives "$(pid_of "$1")"
	locked "$BATS_TEST_TMPDIR/data.raw"
	[[ $(cat "$(run_of "$1")/resource") == vm && ! -e $(run_of "$1")/adopting ]]
}

# nothing_left: no process of the domain's, and its data is nobody's
nothing_left() {
	run -7 agent monitor
	run ! locked "$BATS_TEST_TMPDIR/data.raw"
}

@test "a start adopts the twin: the same guest, with the domain's name, disks and incarnation" {
	waits web@twin "$OCF_RESKEY_config"
	local pid incarnation
	pid=$(pid_of web@twin)
	incarnation=$(cat "$(run_of web@twin)/incarnation")
	run -7 agent monitor
	run ! locked "$BATS_TEST_TMPDIR/data.raw"
	run -0 --separate-stderr agent start
	[[ $stderr == *"found"*"booked"*"claimed"*"guard"*"disks"*"cpu"*"link"*"role"*"memory"*"done"* ]]
	[[ $(pid_of web) == "$pid" && ! -e $(run_of web@twin) ]]
	[[ $(cat "$(run_of web)/incarnation") != "$incarnation" ]]
	grep -q '"state":"open"' "$(run_of web)/log"
	cmp "$OCF_RESKEY_config" "$(run_of web)/definition.xml"
	one_runs web
	run -0 agent start
	[[ $(pid_of web) == "$pid" ]]
	OCF_RESKEY_CRM_meta_timeout=60000 run -0 agent stop
	run ! lives "$pid"
	grep -q 'ending: guest-shutdown' "$(run_of web)/log"
	nothing_left
	run ! locked "$BATS_TEST_TMPDIR/own-n1.raw"
}

@test "what the last start left in the domain's run directory is no obstacle" {
	run -0 agent start
	kill -KILL "$(pid_of web)"
	until_true 10 ended
	waits web@twin "$OCF_RESKEY_config"
	run -0 agent start
	one_runs web
	[[ ! -e $(run_of web@twin) ]]
}

# ended: the domain has, and its last request's lock is gone
ended() {
	[[ $(agent monitor >/dev/null 2>&1; echo $?) == 7 ]] && ! locked "$BATS_TEST_TMPDIR/own-n1.raw" &&
		! locked "$BATS_TEST_TMPDIR/data.raw"
}

@test "without a standby, or with standby=none, a start is cold, and no twin is in its way" {
	run -0 --separate-stderr agent start
	[[ $stderr != *adopts* ]]
	one_runs web
	run -0 agent stop
	waits web@twin "$OCF_RESKEY_config"
	local twin
	twin=$(pid_of web@twin)
	OCF_RESKEY_standby=none run -0 --separate-stderr agent start
	[[ $stderr != *adopts* ]]
	run ! lives "$twin"
	one_runs web
	OCF_RESKEY_standby=both run -6 agent validate-all
}

@test "a twin of another definition is not adopted, but ended" {
	waits web@twin "$OCF_RESKEY_config"
	local twin
	twin=$(pid_of web@twin)
	sed -i 's/<vcpu>1/<vcpu>2/' "$OCF_RESKEY_config"
	run -0 --separate-stderr agent start
	[[ $stderr == *"started cold"*"before the definition of web was changed"* ]]
	run ! lives "$twin"
	one_runs web
}

@test "a twin's reading of the definition serves for the same bytes, release and node, and for nothing else" {
	waits web@twin "$OCF_RESKEY_config"
	local twin resolved
	twin=$(pid_of web@twin)
	resolved=$(run_of web@twin)/resolved
	cp "$resolved" "$BATS_TEST_TMPDIR/as-made"
	export TAIKI_HV=/bin/false
	TAIKI_NODE=n2 run ! agent start
	echo ' ' >>"$OCF_RESKEY_config"
	run ! agent start
	truncate -s -2 "$OCF_RESKEY_config"
	sed -i '1s/^taiki [^,]*/taiki 0.0/' "$resolved"
	run ! agent start
	# Cut short it is nothing, and no error either.
	head -c 300 "$BATS_TEST_TMPDIR/as-made" >"$resolved"
	run ! agent start
	lives "$twin"
	cp "$BATS_TEST_TMPDIR/as-made" "$resolved"
	# Whatever the resource is called.
	OCF_RESOURCE_INSTANCE=web run -0 agent validate-all
	run -0 agent start
	[[ $(pid_of web) == "$twin" ]]
	one_runs web
	run -0 agent stop
	# It has become the domain's, which is not asked: only what waits is.
	run ! agent start
	export TAIKI_HV=$O/hv
	run -0 agent start
	[[ ! -e $(run_of web)/resolved ]]
}

@test "a twin that hangs, has panicked or is paused is ended, and the start is cold" {
	waits web@twin "$OCF_RESKEY_config"
	kill -STOP "$(pid_of web@twin)"
	run -0 --separate-stderr agent start
	[[ $stderr == *"started cold"* ]]
	one_runs web
	run -0 agent stop
	waits web@twin "$OCF_RESKEY_config"
	python3 - "$(run_of web@twin)/qmp.sock" <<-'PY'
		import json, socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.connect(sys.argv[1])
		f = s.makefile("rw")
		f.readline()
		for command in ("qmp_capabilities", "stop"):
		    f.write(json.dumps({"execute": command}) + "\n")
		    f.flush()
		    while "return" not in json.loads(f.readline()):
		        pass
	PY
	run -0 --separate-stderr agent start
	[[ $stderr == *"started cold"*"paused"* ]]
	one_runs web
}

# apart WHAT AT...: `WHAT AT` for each, four at a time, each with a run directory, images and a log of its own
apart() {
	local what=$1 at base=$BATS_TEST_TMPDIR
	shift
	for at; do
		while (($(jobs -pr | wc -l) >= 4)); do wait -n || true; done
		(
			BATS_TEST_TMPDIR=$base/$at
			# One control group a name, and they all have the same.
			export TAIKI_RUN_DIR=$BATS_TEST_TMPDIR/run TAIKI_CGROUP=
			mkdir -p "$TAIKI_RUN_DIR"
			truncate -s 1M "$BATS_TEST_TMPDIR/"{own-n1,data}.raw
			domain
			trap kill_domains EXIT
			trap 'echo "$BASH_COMMAND: ${output:-} ${stderr:-}"' ERR
			"$what" "$at"
			echo as promised
		) >"$base/$at.log" 2>&1 3>&- &
	done
	wait
	for at; do
		[[ $(tail -n 1 "$base/$at.log") == "as promised" ]] && continue
		printf '%s\n' "$at:" && tail -n 20 "$base/$at.log"
		return 1
	done
}

# twin_ends STEP [FAULT]: it is killed there, or whatever FAULT is
twin_ends() {
	waits web@twin "$OCF_RESKEY_config"
	run -1 "$O/tests/unit/agent/adopter" "$OCF_RESKEY_config" "${2:-domain}:$1"
	[[ $output == E* && $output != ENOTRECOVERABLE* && $output != "nobody to kill"* ]]
	run ! locked "$BATS_TEST_TMPDIR/data.raw"
	run ! locked "$BATS_TEST_TMPDIR/own-n1.raw"
	run -0 agent start
	one_runs web
	OCF_RESKEY_force_stop=yes run -0 agent stop
}

@test "a twin that ends during its adoption, at each step: undone, and started cold" {
	apart twin_ends found booked claimed guard disks cpu link role
}

twin_hangs() { twin_ends "$1" hang; }

@test "a twin that hangs during its adoption, at each step: killed in time, undone, and started cold" {
	apart twin_hangs found booked claimed guard disks cpu link role
}

nothing_taken() {
	waits web@twin "$OCF_RESKEY_config"
	run -137 "$O/tests/unit/agent/adopter" "$OCF_RESKEY_config" "$1"
	run -7 agent monitor
	run -0 agent stop
	[[ $(cat "$(run_of web@twin)/resource") == pool ]]
	run ! locked "$BATS_TEST_TMPDIR/data.raw"
	run -0 agent start
	one_runs web
	OCF_RESKEY_force_stop=yes run -0 agent stop
	nothing_left
}

@test "an adopter killed before the domain has anything of the twin: the twin is still the pool's" {
	apart nothing_taken step:found call:1 call:2 call:3 call:4
}

# half_done AT: what monitor and stop say after an adopter's death, and that a start follows
half_done() {
	waits web@twin "$OCF_RESKEY_config"
	run -137 "$O/tests/unit/agent/adopter" "$OCF_RESKEY_config" "$1"
	run -1 --separate-stderr agent monitor
	[[ $(reason) == *"adoption was not completed"* ]]
	OCF_RESKEY_CRM_meta_interval=0 run -1 agent monitor
	run -1 agent start
	run -0 --separate-stderr agent stop
	[[ $stderr == *"no ordered shutdown"* ]]
	nothing_left
	run -0 agent start
	one_runs web
	OCF_RESKEY_force_stop=yes run -0 agent stop
	nothing_left
}

@test "an adopter killed at the commit point and at each step after it: failed, and stopped with proof" {
	apart half_done call:5 call:6 call:7 call:8 call:9 call:10 step:claimed step:guard step:disks step:cpu step:link step:role step:memory
}

@test "an adopter killed when all is done has done it" {
	waits web@twin "$OCF_RESKEY_config"
	run -137 "$O/tests/unit/agent/adopter" "$OCF_RESKEY_config" step:done
	one_runs web
}

@test "its data held by somebody else: the start fails, and nothing is left" {
	waits web@twin "$OCF_RESKEY_config"
	local twin
	twin=$(pid_of web@twin)
	hold "$BATS_TEST_TMPDIR/data.raw"
	run -1 --separate-stderr agent start
	[[ $stderr == *"data.raw is locked by process $holder"* ]]
	run ! lives "$twin"
	run -7 agent monitor
	# What it never had it need not give back.
	OCF_RESKEY_CRM_meta_timeout=4000 run -0 agent stop
	let_go
	run -0 agent start
	one_runs web
}

@test "its data held by somebody else: not every spare is spent on it" {
	domain "template='yes'" minimal "$(disk vda template.raw)$(disk vdb slot)"
	local template=$OCF_RESKEY_config k
	for k in 1 2; do
		truncate -s 1M "$BATS_TEST_TMPDIR/spare$k.raw"
		waits "$k@spare" "$template" "$BATS_TEST_TMPDIR/spare$k.raw"
	done
	domain "spare='yes'"
	hold "$BATS_TEST_TMPDIR/data.raw"
	run -1 agent start
	run ! test -e "$(run_of 1@spare)"
	lives "$(pid_of 2@spare)"
	let_go
	run -0 --separate-stderr agent start
	[[ $stderr == *"adopts 2@spare: done"* ]]
	one_runs web
}

@test "two starts at once: one guest, and both say that it runs" {
	waits web@twin "$OCF_RESKEY_config"
	local pid first second
	pid=$(pid_of web@twin)
	agent start 2>/dev/null 3>&- &
	first=$!
	agent start 2>/dev/null 3>&- &
	second=$!
	wait "$first"
	wait "$second"
	[[ $(pid_of web) == "$pid" ]]
	one_runs web
}

@test "a spare becomes the domain, where it may, and the next best takes its place" {
	domain "template='yes'" minimal "$(disk vda template.raw)$(disk vdb slot)"
	local template=$OCF_RESKEY_config
	waits 2@spare "$template" "$BATS_TEST_TMPDIR/spare.raw"
	local spare
	spare=$(pid_of 2@spare)
	domain
	run -0 --separate-stderr agent start
	[[ $stderr != *adopts* ]]
	run -0 agent stop
	lives "$spare"
	domain "spare='yes'"
	run -0 --separate-stderr agent start
	[[ $stderr == *"adopts 2@spare: done"* && ! -e $(run_of 2@spare) ]]
	[[ $(pid_of web) == "$spare" ]]
	one_runs web
	locked "$BATS_TEST_TMPDIR/spare.raw"
	run ! locked "$BATS_TEST_TMPDIR/own-n1.raw"
	run -0 agent stop
	nothing_left
	# A twin that is of no use comes before it, and ends.
	waits 1@spare "$template" "$BATS_TEST_TMPDIR/spare.raw"
	waits web@twin "$OCF_RESKEY_config"
	kill -STOP "$(pid_of web@twin)"
	run -0 --separate-stderr agent start
	[[ $stderr == *"adopts 1@spare: done"* ]]
	local twin
	twin=$(pid_of web@twin)
	kill -KILL "$twin"
	dead() { ! lives "$twin"; }
	until_true 10 dead
	one_runs web
}

# first_choice READY STANDBY: of a twin and a spare, of which READY has booted, this one is adopted, and the other waits on
first_choice() {
	local template=$BATS_TEST_TMPDIR/minimal.xml other=web@twin
	[[ $2 == 1@spare ]] || other=1@spare
	waits 1@spare "$template" "$BATS_TEST_TMPDIR/spare.raw"
	waits web@twin "$OCF_RESKEY_config"
	other=$(pid_of $other)
	READY=$1 run -0 "$O/tests/unit/agent/adopter" "$OCF_RESKEY_config" never
	[[ ! -e $(run_of "$2") && $(pid_of web) != "$other" ]]
	lives "$other"
	kill -KILL "$other"
	one_runs web
	OCF_RESKEY_force_stop=yes run -0 agent stop
	rm -rf "$(run_of 1@spare)" "$(run_of web@twin)"
}

@test "of a twin and a spare the twin is adopted, but for one that still boots where the spare is booted" {
	domain "template='yes'" minimal "$(disk vda template.raw)$(disk vdb slot)"
	domain "spare='yes'"
	first_choice web@twin web@twin
	first_choice neither web@twin
	first_choice 1@spare 1@spare
}

@test "no room in the ledger: refused with the numbers, and the twin is not wasted for others" {
	echo 'memory = 4 MiB' >"$TAIKI_HOST_CONF"
	waits web@twin "$OCF_RESKEY_config"
	run -1 --separate-stderr agent start
	[[ $(reason) == *MiB* ]]
	run -7 agent monitor
	lives "$(pid_of web@twin)"
	: >"$TAIKI_HOST_CONF"
	run -0 agent start
	one_runs web
}

@test "hv shows what waits, adopts it, and starts cold where nothing does" {
	export CIB_file=$BATS_TEST_TMPDIR/none
	waits web@twin "$OCF_RESKEY_config"
	local pid
	pid=$(pid_of web@twin)
	"$O/hv" list | grep -q '^web@twin *twin *running .* pool$'
	"$O/hv" info web@twin | grep -q '^standby: *the twin of web'
	run -0 "$O/hv" start --adopt "$OCF_RESKEY_config"
	[[ $output == *found*claimed*done* && $(pid_of web) == "$pid" ]]
	"$O/hv" list --json | grep -q '"kind": "domain"'
	run -4 "$O/hv" start --adopt "$OCF_RESKEY_config"
	[[ $output == *"runs already"* ]]
	run -0 "$O/hv" destroy web
	run -0 --separate-stderr "$O/hv" start --adopt "$OCF_RESKEY_config"
	[[ $stderr == *"started cold"* ]]
	lives "$(pid_of web)"
}

@test "hv events shows an adoption once: from there on it is the domain's" {
	local log=$BATS_TEST_TMPDIR/events pid
	waits web@twin "$OCF_RESKEY_config"
	"$O/hv" events >"$log" 3>&- &
	pid=$!
	until_true 20 grep -q 'web@twin x-taiki-present' "$log"
	run -0 agent start
	until_true 20 grep -q 'web X_TAIKI_GATE .*"open"' "$log"
	run -0 agent stop
	until_true 20 grep -q 'web x-taiki-gone' "$log"
	kill "$pid"
	[[ $(grep -c X_TAIKI_ADOPTED "$log") == 1 && $(grep -c '"open"' "$log") == 1 ]]
	run ! grep 'web x-taiki-present' "$log"
}

# heartbeatd: watches this run root; its log is $hb_log
heartbeatd() {
	hb_log=$BATS_TEST_TMPDIR/heartbeatd.log
	"$O/taiki-heartbeatd" >"$hb_log" 2>&1 3>&- &
	until_true 10 test -s "$TAIKI_RUN_DIR/.heartbeatd.lock"
}

took_up() { grep -q "domain $1: incarnation $2, process" "$hb_log"; }

@test "heartbeat watches the twin, and then the domain that has adopted it" {
	run -0 agent start
	run -0 agent stop
	heartbeatd
	waits web@twin "$OCF_RESKEY_config"
	until_true 10 took_up web@twin "$(cat "$(run_of web@twin)/incarnation")"
	run -0 agent start
	until_true 10 took_up web "$(cat "$(run_of web)/incarnation")"
	kill -KILL "$(pid_of web)"
	until_true 10 grep -q 'domain web: .*failed' "$hb_log"
	run ! grep 'web@twin: .*failed' "$hb_log"
	kill "$(cat "$TAIKI_RUN_DIR/.heartbeatd.lock")"
}

@test "data on storage of 4096-byte blocks: adopted where the definition says so, else refused by what to say" {
	local storage=$BATS_TEST_TMPDIR/large.raw why blocks
	truncate -s 1M "$storage"
	loop=$(losetup --sector-size 4096 --find --show "$storage" 2>"$BATS_TEST_TMPDIR/why") ||
		skip "no loop device is to be had here: $(cat "$BATS_TEST_TMPDIR/why")"
	for blocks in "" "<blockio logical_block_size='4096'/>"; do
		domain "" web "$(disk vda 'own-{node}.raw')<disk type='block'><source dev='$loop'/>
			<target dev='vdb'/>$blocks</disk>"
		waits web@twin "$OCF_RESKEY_config"
		run -0 --separate-stderr agent start
		run -0 agent monitor
		lives "$(pid_of web)"
		locked "$loop"
		if [[ -n $blocks ]]; then
			[[ $stderr == *"adopts web@twin: done"* ]]
		else
			why="disk vdb: image $loop wants requests larger than the 512 bytes"
			[[ $stderr == *"started cold: $why"*"<blockio logical_block_size='4096'/>"* ]]
		fi
		run -0 agent stop
	done
	# And a guest that would be told less than its storage can is not started.
	domain "" web "$(disk vda 'own-{node}.raw')<disk type='block'><source dev='$loop'/>
		<target dev='vdb'/><blockio logical_block_size='512'/></disk>"
	run -1 --separate-stderr agent start
	[[ $(reason) == *"disk vdb: image $loop wants requests of 4096 bytes, and the definition says 512"* ]]
}

@test "started by hand beside its twin: refused by what both have; with disks of its own it runs, and the twin waits on" {
	export CIB_file=$BATS_TEST_TMPDIR/none
	local definition=$OCF_RESKEY_config twin
	waits web@twin "$definition"
	twin=$(pid_of web@twin)
	run ! "$O/hv" start "$definition"
	[[ $output == *"own-n1.raw) is the disk vda of domain web@twin, which runs"* ]]
	run -7 agent monitor
	truncate -s 1M "$BATS_TEST_TMPDIR/hand.raw"
	define web 0 "$(disk vda hand.raw)$(disk vdb data.raw)"
	mv "$OCF_RESKEY_config" "$BATS_TEST_TMPDIR/by-hand.xml"
	domain
	run -0 "$O/hv" start "$BATS_TEST_TMPDIR/by-hand.xml"
	# The cluster takes it for what it is: the domain runs, and nobody is adopted.
	run -0 --separate-stderr agent start
	[[ $stderr != *adopts* ]]
	lives "$twin"
	[[ $(pid_of web) != "$twin" ]]
	locked "$BATS_TEST_TMPDIR/data.raw"
	run -0 agent stop
	lives "$twin"
	run -0 agent start
	[[ $(pid_of web) == "$twin" ]]
	one_runs web
}
