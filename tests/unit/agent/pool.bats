#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ocf:taiki:pool and taiki-poold with real guests of one page, and no cluster.

# bats sets $stderr; pool.bash sets $dir.
# shellcheck disable=SC2154
bats_require_minimum_version 1.5.0
load domain.bash
load pool.bash

setup_file() {
	find_build
	export AGENT=$O/resource-agents/pool TAIKI_POOLD=$O/taiki-poold
	export TAIKI_HEARTBEAT_REPORTER=$O/taiki-heartbeat-reporter
	make_roms
}
setup() { pool_setup; }
teardown() {
	! mountpoint -q "$dir/spares" || umount -l "$dir/spares"
	pool_teardown
}

turn() { "$O/tests/unit/agent/turn" "$@"; }

@test "its metadata fits the schemas of resource-agents and pcs, and the 1.0 DTD" {
	agent_metadata_fits
}

# ocf-tester takes "degraded" for a failure: its monitor waits until all is ready.
@test "ocf-tester finds nothing to complain about" {
	domain web
	unset OCF_RESKEY_CRM_meta_clone
	cat >"$dir/pool" <<-END
		#!/bin/sh
		"$AGENT" "\$@"
		rc=\$?
		while [ \$rc -eq 190 ]; do "$AGENT" "\$@"; rc=\$?; done
		exit \$rc
	END
	chmod 755 "$dir/pool"
	run ocf-tester -n pool -o domains=web -o ready_after=100ms -o logfile="$dir/log" "$dir/pool"
	echo "$output"
	[[ $status -eq 0 ]]
}

@test "Pacemaker's tools, pcs and crm read, validate and clone it" {
	# shellcheck disable=SC2016
	run -0 unshare -m sh -ec '
		mount -t tmpfs none /usr/lib/ocf/resource.d && mkdir /usr/lib/ocf/resource.d/taiki
		cp "$AGENT" /usr/lib/ocf/resource.d/taiki/
		crm_resource --show-metadata ocf:taiki:pool | grep -q "<version>1.1</version>"
		pcs resource describe ocf:taiki:pool | grep -q ready_after
		crm_resource --validate --class ocf --provider taiki --agent pool domains="a b"
		! crm_resource --validate --class ocf --provider taiki --agent pool spares=1
		pcs -f "$CIB_file" resource create pool ocf:taiki:pool domains="web db" clone
		crm -F configure primitive pool2 ocf:taiki:pool params domains="web db"
		crm -F configure clone c-pool2 pool2
		cat "$CIB_file"'
	[[ $output == *'<clone id="pool-clone"'* && $output == *'<clone id="c-pool2"'* ]]
}

@test "what makes no sense is refused on every host, with what to write" {
	local -a cases=(
		'domains=' 'neither domains nor spares'
		'domains=web web' 'web twice'
		'spares=x' 'must be 0 to 999'
		'spares=2' 'template does not say'
		'boots=0' 'boots: must be 1'
		'ready_after=soon' 'not a time'
		'ready_after=90' 'not less than boot_timeout'
		'logfile=x' 'not an absolute path'
		'CRM_meta_globally_unique=true' 'is a globally unique clone'
		'CRM_meta_promotable=true' 'is a promotable clone'
		'CRM_meta_clone_node_max=2' 'one pool a host'
	)
	local at
	for ((at = 0; at < ${#cases[@]}; at += 2)); do
		run -6 --separate-stderr env OCF_RESKEY_domains="web" "OCF_RESKEY_${cases[at]}" "$AGENT" start
		echo "${cases[at]}: $stderr"
		[[ $stderr == *"${cases[at + 1]}"* ]]
	done
	run -7 agent monitor
}

@test "start, monitor and stop, each of them twice" {
	export OCF_RESKEY_domains='web db'
	domain web
	domain db
	OCF_RESKEY_CRM_meta_interval=0 run -7 agent monitor
	run -0 agent stop
	run -0 agent start
	pid=$(poold)
	until_true 30 ready web@twin db@twin
	run -0 agent monitor
	run -0 agent start
	[[ $(poold) -eq $pid ]]
	[[ $(cat "$TAIKI_RUN_DIR/web@twin/resource") == pool ]]
	run -0 agent stop
	run ! lives "$pid"
	nothing_runs
	gone web@twin
	gone db@twin
	OCF_RESKEY_CRM_meta_interval=0 run -7 agent monitor
	run -0 agent stop
}

@test "to boot is no trouble; what cannot be made is: degraded, and it says so" {
	export OCF_RESKEY_domains='web gone' OCF_RESKEY_ready_after=0 OCF_RESKEY_boot_timeout=600
	domain web
	domain gone
	agent start
	one_boots() { is web@twin booting || is gone@twin booting; } # whose definition was read first
	until_true 30 one_boots
	run -0 agent monitor
	cibadmin --delete --scope resources --xml-text '<primitive id="gone"/>'
	agent monitor || true # it may know already
	until_true 30 is web@twin booting
	until_true 30 grep -q 'gone: no standby can be made from it' "$dir/log"
	degraded
	[[ $stderr == *'0 of 1 are ready; gone: the cluster has no such resource; web@twin: booting'* ]]
	run -0 "$O/hv" pool
	[[ $output == *'web@twin'*booting* && $output == *'gone: the cluster has no such resource'* ]]
}

@test "standbys boot one after the other" {
	export OCF_RESKEY_domains='a b c' OCF_RESKEY_ready_after=1
	local name
	for name in a b c; do domain $name; done
	agent start
	until [[ $(field .ready) -eq 3 ]]; do
		[[ $(field '[.standbys[] | select(.state == "booting" or .state == "being made")] | length') -le 1 ]]
		sleep 0.02
	done
}

@test "a standby that dies is made anew, and is not ready meanwhile" {
	export OCF_RESKEY_domains=web
	domain web
	agent start
	until_true 30 ready web@twin
	pid=$(pid_of web@twin)
	kill -KILL "$pid"
	until_true 30 grep -q 'web@twin: it has ended: it was killed, or crashed; tried again in 1 s' "$dir/log"
	# Whoever looks late sees the next one.
	said() { saying=$(status) && [[ -n $saying ]]; }
	until_true 10 said
	jq -e ".ready == 0 or .standbys[0].pid != $pid" <<<"$saying"
	until_true 30 ready web@twin
	[[ $(pid_of web@twin) -ne $pid ]]
}

@test "one that panics or powers off is made anew ever more seldom" {
	export OCF_RESKEY_domains='panics leaves' OCF_RESKEY_ready_after=20
	domain panics 2
	domain leaves 3
	agent start
	failed_often() { [[ $(field '[.standbys[].failures // 0] | min') -ge 2 ]]; }
	until_true 60 failed_often
	# Seen by QMP, or told by its log; neither of them is just being made.
	both_missing() {
		degraded || return 1
		[[ $stderr =~ 'panics@twin: missing, '[^\;]*panic && $stderr =~ 'leaves@twin: missing, '[^\;]*(shutdown|powered) ]]
	}
	until_true 60 both_missing || { echo "$stderr" && false; }
	grep -q 'panic.*; tried again in 2 s' "$dir/log"
	[[ $(field .ready) -eq 0 ]]
}

@test "one whose hypervisor hangs is lost, and made anew" {
	export OCF_RESKEY_domains=web
	domain web
	agent start
	until_true 30 ready web@twin
	pid=$(pid_of web@twin)
	kill -STOP "$pid"
	until_true 60 grep -q 'web@twin: its hv-domain does not answer' "$dir/log"
	until_true 30 ready web@twin
	run ! lives "$pid"
}

@test "one that boots for too long is made anew" {
	export OCF_RESKEY_domains=web OCF_RESKEY_ready_after=0 OCF_RESKEY_boot_timeout=1
	domain web
	agent start
	until_true 30 grep -q 'it was not ready in time; tried again in' "$dir/log"
}

@test "a daemon that is killed is replaced by the next monitor, and takes over what runs" {
	export OCF_RESKEY_domains='web db'
	domain web
	domain db
	agent start
	until_true 30 ready web@twin db@twin
	web=$(pid_of web@twin) db=$(pid_of db@twin)
	# At once, and as a clean-up of the cluster may ask just now: neither is a reason to end what waits.
	kill -KILL "$(poold)"
	OCF_RESKEY_CRM_meta_interval=0 degraded
	[[ $stderr == *'taiki-poold is gone; the 2 standbys that it has left wait for another one'* ]]
	degraded
	[[ $stderr == *'taiki-poold was gone; another one was started and takes over'* ]]
	until_true 30 ready web@twin db@twin
	[[ $(pid_of web@twin) -eq $web && $(pid_of db@twin) -eq $db ]]
	run -0 agent monitor
}

@test "a daemon that dies while its monitor asks is gone, not silent: what waits is not ended" {
	export OCF_RESKEY_domains=web
	domain web
	agent start
	until_true 30 ready web@twin
	web=$(pid_of web@twin)
	for _ in 1 2 3 4 5 6; do
		# It is asked, and does not answer any more.
		kill -STOP "$(poold)"
		{ sleep 0.3 && kill -KILL "$(poold)"; } &
		degraded
		wait "$!"
		[[ $stderr == *'taiki-poold was gone; another one was started and takes over'* ]]
	done
	until_true 30 ready web@twin
	[[ $(pid_of web@twin) -eq $web ]]
}

@test "killed at whatever it was doing, it loses no guest and makes none twice" {
	export OCF_RESKEY_domains='a b c d' OCF_RESKEY_boots=4 OCF_RESKEY_ready_after=100ms
	local name delay
	for name in a b c d; do domain $name; done
	agent start
	for delay in 0 .04 .08 .13 .2 .3 .5; do
		sleep $delay
		pid=$(poold)
		kill -KILL "$pid"
		[[ $(running) -le 4 ]]
		# Something to do for the next one.
		name=$(printf 'a\nb\nc\nd\n' | shuf -n 1)
		! runs $name@twin || kill -KILL "$(pid_of $name@twin)" || true
		until_true 10 poold_gone
		degraded
	done
	until_true 60 ready a@twin b@twin c@twin d@twin
	run -0 agent stop
	nothing_runs
}

@test "a daemon that hangs fails its monitor within the timeout, and a stop ends it and its standbys" {
	export OCF_RESKEY_domains=web
	domain web
	agent start
	until_true 30 ready web@twin
	pid=$(poold)
	kill -STOP "$pid"
	OCF_RESKEY_CRM_meta_timeout=3000 run -1 --separate-stderr agent monitor
	[[ $stderr == *"ocf-exit-reason:taiki-poold (pid $pid) does not answer"* ]]
	OCF_RESKEY_CRM_meta_timeout=20000 run -0 agent stop
	run ! lives "$pid"
	nothing_runs
}

@test "what a pool that is no more has left is found by a probe and ended by a stop" {
	export OCF_RESKEY_domains=web
	domain web
	OCF_RESOURCE_INSTANCE=former agent start
	until_true 30 ready web@twin
	kill -KILL "$(poold)"
	until_true 10 poold_gone
	OCF_RESKEY_CRM_meta_interval=0 run -1 --separate-stderr agent monitor
	[[ $stderr == *'1 standbys are left on this host, and nobody keeps them'* ]]
	run -0 agent stop
	nothing_runs
	OCF_RESKEY_CRM_meta_interval=0 run -7 agent monitor
}

@test "a second pool on the host is refused, and neither stops nor watches the first" {
	export OCF_RESKEY_domains=web
	domain web
	agent start
	until_true 30 ready web@twin
	export OCF_RESOURCE_INSTANCE=other
	run -6 --separate-stderr agent start
	[[ $stderr == *'the pool pool keeps the standbys of this host already'* ]]
	run -7 agent monitor
	run -0 agent stop
	export OCF_RESOURCE_INSTANCE=pool
	run -0 agent monitor
	ready web@twin
}

@test "when a definition changes its standby is made from the new one, and the others stay" {
	export OCF_RESKEY_domains='web db'
	domain web
	domain db
	agent start
	until_true 30 ready web@twin db@twin
	web=$(pid_of web@twin) db=$(pid_of db@twin)
	sed -i 's|<memory unit=.MiB.>16|<memory unit="MiB">17|' "$dir/web.xml"
	redefine web
	agent monitor || true # it may know already
	until_true 30 grep -q 'web@twin is ended: its definition has changed' "$dir/log"
	until_true 30 ready web@twin db@twin
	[[ $(pid_of web@twin) -ne $web && $(pid_of db@twin) -eq $db ]]
	[[ $(jq .memory "$TAIKI_RUN_DIR/web@twin/config.json") -eq $((17 << 20)) ]]
}

@test "a definition in a file is read again when the file has changed" {
	export OCF_RESKEY_domains=web
	definition web 1
	in_cib "<primitive id='web' class='ocf' provider='taiki' type='domain'>
		<instance_attributes id='w'><nvpair id='w-c' name='config' value='$dir/web.xml'/>
		</instance_attributes></primitive>"
	agent start
	until_true 30 ready web@twin
	sed -i 's|<memory unit=.MiB.>16|<memory unit="MiB">17|' "$dir/web.xml"
	bigger() { [[ $(jq .memory "$TAIKI_RUN_DIR/web@twin/config.json") -eq $((17 << 20)) ]]; }
	agent monitor || true
	until_true 30 bigger
	until_true 30 ready web@twin
}

@test "a definition that is broken leaves the standby it had" {
	export OCF_RESKEY_domains=web
	domain web
	agent start
	until_true 30 ready web@twin
	pid=$(pid_of web@twin)
	sed -i 's|<vcpu>1|<vcpu>none|' "$dir/web.xml"
	redefine web
	agent monitor || true # it may know already
	broken() { [[ $(field '.definitions[0].definition') == broken ]]; }
	until_true 30 broken
	degraded
	[[ $stderr == *'1 of 1 are ready; web: '*vcpu* ]]
	[[ $(pid_of web@twin) -eq $pid ]]
}

@test "reloaded, it keeps what is still wanted, ends what is not, makes what is new" {
	export OCF_RESKEY_domains='a b'
	domain a
	domain b
	domain c
	agent start
	until_true 30 ready a@twin b@twin
	a=$(pid_of a@twin) pid=$(poold)
	OCF_RESKEY_domains='a c' run -0 agent reload-agent
	until_true 30 ready a@twin c@twin
	until_true 10 gone b@twin
	[[ $(pid_of a@twin) -eq $a && $(poold) -eq $pid ]]
}

@test "beside its domain there is no twin; when the domain has ended there is" {
	export OCF_RESKEY_domains=web
	domain web
	agent start
	until_true 30 ready web@twin
	"$O/hv" start --force "$dir/web.xml"
	until_true 30 gone web@twin
	until_true 10 is web@twin 'active here'
	run -0 agent monitor
	[[ $(running) -eq 1 ]]
	"$O/hv" destroy web
	until_true 30 ready web@twin
}

@test "what is being adopted is let alone, whatever becomes of it" {
	export OCF_RESKEY_domains='web db'
	domain web
	domain db
	agent start
	until_true 30 ready web@twin db@twin
	pid=$(pid_of web@twin)
	mkfifo "$dir/go"
	turn web@twin cat "$dir/go" 3>&- &
	until_true 10 is web@twin 'being adopted'
	# Unwanted, and even so.
	OCF_RESKEY_domains=db agent reload-agent
	sleep 1
	runs web@twin
	[[ $(pid_of web@twin) -eq $pid ]]
	echo >"$dir/go"
	until_true 30 gone web@twin
	run ! lives "$pid"
	ready db@twin
}

@test "an adopter that dies half way leaves nothing: the standby is ended and made anew" {
	export OCF_RESKEY_domains=web
	domain web
	agent start
	until_true 30 ready web@twin
	pid=$(pid_of web@twin)
	turn web@twin sh -c 'cd "$TAIKI_RUN_DIR/web@twin" && echo web >new && mv new resource'
	until_true 30 grep -q 'web@twin is ended: it is half adopted, and who adopted it is gone' "$dir/log"
	until_true 30 ready web@twin
	run ! lives "$pid"
	[[ $(cat "$TAIKI_RUN_DIR/web@twin/resource") == pool ]]
}

@test "an adopted twin is a domain; no other is made beside it, and one is when it has ended" {
	export OCF_RESKEY_domains=web
	domain web
	agent start
	until_true 30 ready web@twin
	pid=$(pid_of web@twin)
	rm -rf "$TAIKI_RUN_DIR/web"
	turn web@twin sh -c 'cd "$TAIKI_RUN_DIR" && echo web >web@twin/resource && mv web@twin web'
	until_true 10 is web@twin 'active here'
	sleep 1
	lives "$pid"
	[[ $(running) -eq 1 ]]
	# A stop of the pool is none of the domain's business.
	run -0 agent stop
	lives "$pid"
	agent start
	kill -KILL "$pid"
	until_true 30 ready web@twin
}

@test "the start of a domain adopts its twin; when the domain has been stopped there is another" {
	export OCF_RESKEY_domains=web
	domain web
	agent start
	until_true 30 ready web@twin
	pid=$(pid_of web@twin)
	env -u OCF_RESKEY_CRM_meta_clone OCF_RESOURCE_INSTANCE=web OCF_RESKEY_config="$dir/web.xml" \
		"$O/resource-agents/domain" start
	[[ $(pid_of web) -eq $pid ]]
	lives "$pid"
	until_true 10 is web@twin 'active here'
	run -0 agent monitor
	[[ $(running) -eq 1 ]]
	# What the domain had here before is not left under the twin's name.
	until_true 10 gone web@twin
	env -u OCF_RESKEY_CRM_meta_clone OCF_RESOURCE_INSTANCE=web OCF_RESKEY_force_stop=true \
		"$O/resource-agents/domain" stop
	until_true 30 ready web@twin
	[[ $(field '.standbys[0].failures') == null ]]
}

@test "an adoption that was only begun leaves nothing: the standby is ended and made anew" {
	export OCF_RESKEY_domains=web
	domain web
	agent start
	until_true 30 ready web@twin
	pid=$(pid_of web@twin)
	turn web@twin sh -c 'cd "$TAIKI_RUN_DIR/web@twin" && echo begun >new && mv new adopting'
	until_true 30 grep -q 'web@twin is ended: it is half adopted, and who adopted it is gone' "$dir/log"
	until_true 30 ready web@twin
	run ! lives "$pid"
}

@test "a twin is not made while somebody starts its domain" {
	export OCF_RESKEY_domains=web
	domain web
	mkfifo "$dir/go"
	turn web cat "$dir/go" 3>&- &
	until_true 10 [ -e "$TAIKI_RUN_DIR/web/starter" ]
	agent start
	starting() { [[ $(field '.standbys[0].because') == *'being started here'* ]]; }
	until_true 10 starting
	sleep 1
	missing web@twin
	echo >"$dir/go"
	until_true 30 ready web@twin
}

# template: one disk of its own, with something in it, and a slot for a domain's
template() {
	if [[ ! -e $dir/golden.raw ]]; then
		head -c 300000 /dev/urandom >"$dir/golden.raw"
		truncate -s 1M "$dir/golden.raw" # and a hole
	fi
	definition spare 1 '<taiki:standby template="yes"><taiki:active-only disk="vdb"/></taiki:standby>' \
		"<disk type='file'><driver name='qemu' type='raw'/><source file='$dir/golden.raw'/>
			<target dev='vda' bus='virtio'/></disk>
		<disk type='file'><driver name='qemu' type='raw'/><source file='/nowhere'/>
			<target dev='vdb' bus='virtio'/></disk>"
	export OCF_RESKEY_template=$dir/spare.xml
}
images() { (cd "$dir/spares" && echo *); }
images_are() { [[ $(images) == "$1" ]]; }

@test "spares have disks of their own, copies of the template's, and go with them" {
	export OCF_RESKEY_spares=2
	template
	agent start
	until_true 60 ready 1@spare 2@spare
	run -0 agent monitor
	images_are 'here.1@spare.vda.img here.2@spare.vda.img'
	cmp "$dir/golden.raw" "$dir/spares/here.1@spare.vda.img"
	cmp "$dir/golden.raw" "$dir/spares/here.2@spare.vda.img"
	jq -r '.disk[].path' "$TAIKI_RUN_DIR/1@spare/config.json" | grep -qx "$dir/spares/here.1@spare.vda.img"
	[[ $(jq -r .uuid "$TAIKI_RUN_DIR/1@spare/config.json") != $(jq -r .uuid "$TAIKI_RUN_DIR/2@spare/config.json") ]]
	OCF_RESKEY_spares=1 agent reload-agent
	until_true 30 ready 1@spare
	until_true 10 images_are here.1@spare.vda.img
	run -0 agent stop
	nothing_runs
	images_are '*'
}

# cloning_at DIR: a file system there that can share blocks, of 128 MiB; skips where there is none
cloning_at() {
	local why
	if ! why=$(truncate -s 128M "$dir/fs" && mkfs.btrfs -q --mixed --metadata single --data single "$dir/fs" 2>&1 &&
		mount -o loop "$dir/fs" "$1" 2>&1); then
		skip "this machine mounts no btrfs from a file: $why"
	fi
}

@test "where the file system can, a spare's disk is a clone, and takes no room" {
	export OCF_RESKEY_spares=2
	cloning_at "$dir/spares"
	# Two copies would not fit.
	head -c 48M /dev/urandom >"$dir/spares/golden.raw"
	ln -s "$dir/spares/golden.raw" "$dir/golden.raw"
	template
	agent start
	until_true 60 ready 1@spare 2@spare
	cmp "$dir/spares/golden.raw" "$dir/spares/here.1@spare.vda.img"
	cmp "$dir/spares/golden.raw" "$dir/spares/here.2@spare.vda.img"
	sync -f "$dir/spares"
	filefrag -v "$dir/spares/here.2@spare.vda.img" | grep -q shared
	run -0 agent stop
	images_are golden.raw
}

@test "an adopted spare keeps its disks and its number as long as its domain runs" {
	export OCF_RESKEY_spares=1
	template
	agent start
	until_true 60 ready 1@spare
	pid=$(pid_of 1@spare)
	turn 1@spare sh -c 'cd "$TAIKI_RUN_DIR" && echo web >1@spare/resource && mv 1@spare web'
	until_true 30 is 2@spare ready
	lives "$pid"
	agent monitor
	images_are 'here.1@spare.vda.img here.2@spare.vda.img'
	run -0 agent stop
	lives "$pid"
	images_are here.1@spare.vda.img
	agent start
	until_true 30 is 2@spare ready
	kill -KILL "$pid"
	# Whoever looks while it is still ending leaves its disk to the next look.
	swept() {
		agent monitor 2>/dev/null || true
		images_are here.2@spare.vda.img
	}
	until_true 30 swept
}

@test "a template that cannot be copied says why, and leaves no half of it" {
	export OCF_RESKEY_spares=1
	template
	rm "$dir/golden.raw"
	agent start
	until_true 30 grep -q '1@spare: cannot be made: .*golden.raw: cannot be read: No such file or directory; tried again' "$dir/log"
	degraded
	[[ $stderr == *'1@spare: missing, '*golden.raw* ]]
	images_are '*'
}

@test "a monitor forks nothing" {
	export OCF_RESKEY_domains=web
	domain web
	agent start
	until_true 30 ready web@twin
	run -0 strace -f -qq -e trace=process -o "$dir/trace" "$AGENT" monitor
	run ! grep -qE 'clone|fork' "$dir/trace"
}

@test "hv pool --watch shows what changes when it does, and asks nothing while nothing happens" {
	export OCF_RESKEY_domains=web
	local asked pid
	domain web
	timeout 200 strace -f -qq -e trace=connect -o "$dir/asked" \
		"$O/hv" pool --watch --json --timeout 150 >"$dir/watch" 3>&- &
	until_true 30 grep -q 'no pool keeps standbys' "$dir/watch"
	agent start
	last_is() { [[ $(tail -n 1 "$dir/watch" | jq -r '"\(.ready) \(.standbys[0].state)"') == "$1" ]]; }
	until_true 30 last_is '1 ready'
	pid=$(pid_of web@twin)
	kill -KILL "$pid"
	until_true 30 grep -q 'it was killed, or crashed' "$dir/watch"
	renewed() { last_is '1 ready' && [[ $(tail -n 1 "$dir/watch" | jq '.standbys[0].pid') -ne $pid ]]; }
	until_true 30 renewed
	jq -e . "$dir/watch" >/dev/null
	# What it has seen last is so soon; then it waits.
	quiet() {
		asked=$(wc -l <"$dir/asked")
		sleep 3
		[[ $(wc -l <"$dir/asked") -eq $asked ]]
	}
	until_true 10 quiet
	kill -KILL "$(poold)"
	none_again() { [[ $(tail -n 1 "$dir/watch") == *'no pool keeps standbys'* ]]; }
	until_true 30 none_again
	degraded
	until_true 30 last_is '1 ready'
	kill %1
}
