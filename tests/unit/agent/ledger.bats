#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Starts and the host's ledger, with real hv-domain processes: who has no room is
# refused with the numbers, and what was booked holds whatever becomes of who booked it.

# bats sets $stderr.
# shellcheck disable=SC2154
bats_require_minimum_version 1.5.0
load domain.bash

setup_file() {
	find_build
	make_roms
}

setup() {
	export TAIKI_RUN_DIR=$BATS_TEST_TMPDIR/run TAIKI_HOST_CONF=$BATS_TEST_TMPDIR/host.conf
	export TAIKI_CGROUP=
	mkdir -p "$TAIKI_RUN_DIR"
	# No cluster of this machine's is asked.
	export CIB_file=$BATS_TEST_TMPDIR/cib.xml
	cibadmin --empty >"$CIB_file"
	chmod 666 "$CIB_file"
	export OCF_RESOURCE_INSTANCE=vm OCF_RESKEY_CRM_meta_timeout=20000
	unset OCF_RESKEY_definition OCF_RESKEY_digest OCF_RESKEY_ledger
	define web 0
}

teardown() { kill_domains; }

agent() { timeout 60 "$AGENT" "$@"; }
hv() { timeout 60 "$O/hv" "$@"; }
reason() { sed -n 's/^ocf-exit-reason://p' <<<"$stderr"; }
# of NAME KEY: what the ledger has of a domain
of() { hv ledger --json | jq -r ".domains[] | select(.name == \"$1\") | .$2"; }
is() { [[ $(of "$1" "$2") == "$3" ]]; }

@test "a start without room is refused with the numbers, and leaves nothing" {
	echo 'memory = 15MiB' >"$TAIKI_HOST_CONF"
	run -1 --separate-stderr agent start
	[[ $(reason) == "domain web: no room: it takes 16 MiB, and of 15 MiB 0 others hold 0; 1 MiB of memory are missing"* ]]
	run -7 agent monitor
	[[ $(hv ledger --json | jq '.domains | length') -eq 0 ]]
	echo 'memory = 16MiB' >"$TAIKI_HOST_CONF"
	agent start
	is web state running
	is web now.memory $((16 << 20))
	is web kind active
	[[ $(of web '"in-use"') -gt 0 ]]
	agent stop
	[[ $(hv ledger --json | jq '.held.memory') -eq 0 ]]
}

@test "ledger=ignore starts it all the same; another word is a mistake" {
	echo 'memory = 15MiB' >"$TAIKI_HOST_CONF"
	OCF_RESKEY_ledger=ignore agent start
	is web state running
	run -0 hv ledger
	[[ $output == *"16 held, 0 free (OVERCOMMITTED)"* ]]
	agent stop
	OCF_RESKEY_ledger=perhaps run -6 --separate-stderr agent start
	[[ $(reason) == 'parameter ledger: "perhaps" is not "refuse" or "ignore"' ]]
}

@test "with nothing configured what there is is measured, and the start goes on" {
	run -0 hv ledger --json
	[[ $(jq -r '."memory-from"' <<<"$output") != host.conf ]]
	[[ $(jq .room.memory <<<"$output") -gt $((64 << 20)) ]]
	[[ $(jq .room.cpu <<<"$output") == null ]]
	agent start
	is web state running
}

@test "a bad host.conf is named, by file and line" {
	printf '#\nkeep-memory = lots\n' >"$TAIKI_HOST_CONF"
	run -1 --separate-stderr agent start
	[[ $(reason) == "$TAIKI_HOST_CONF:2: keep-memory is \"lots\", must be an amount of memory"* ]]
	run -4 hv ledger
	[[ $output == *"$TAIKI_HOST_CONF:2"* ]]
}

@test "hv start is refused too, and --force is not" {
	echo 'memory = 16MiB' >"$TAIKI_HOST_CONF"
	hv start "$OCF_RESKEY_config"
	define db 0
	run -4 hv start "$OCF_RESKEY_config"
	[[ $output == *"of 16 MiB 1 others hold 16"*"; --force starts it all the same" ]]
	hv start --force "$OCF_RESKEY_config"
	is db now.memory $((16 << 20))
	run -0 hv ledger
	[[ $output == *"32 held, 0 free (OVERCOMMITTED)"* ]]
}

@test "room that was promised is kept from new work, and not from what has to run" {
	echo 'memory = 40MiB' >"$TAIKI_HOST_CONF"
	define web 0 "<memballoon model='virtio'/>" "<metadata><taiki:domain xmlns:taiki='urn:taiki:domain:1'>
		<taiki:standby memory='8' unit='MiB'/></taiki:domain></metadata>"
	"$O/tests/unit/agent/standby" web@twin "$OCF_RESKEY_config"
	define db 0
	hv start "$OCF_RESKEY_config"
	define mail 0
	run -4 hv start "$OCF_RESKEY_config"
	[[ $output == *"domain mail: the room is promised: if its host is lost, web@twin takes up to 16 MiB here, and would not get it"* ]]
	[[ $(hv ledger --json | jq '.domains | length') -eq 2 ]]
	# What the cluster starts here may have lost its host already: that comes before what might be.
	export OCF_RESOURCE_INSTANCE=mail
	run -0 agent start
	[[ $output == *"starts all the same, but the room is promised"* ]]
	run -0 hv ledger
	[[ $output == *"40 held, 0 free"* ]]
}

@test "the starter dies before hv-domain runs: what it booked is held until that has ended" {
	echo 'memory = 16MiB' >"$TAIKI_HOST_CONF"
	cat >"$BATS_TEST_TMPDIR/slow" <<-END
		#!/bin/bash
		touch $BATS_TEST_TMPDIR/begun
		while [[ ! -e $BATS_TEST_TMPDIR/go ]]; do sleep 0.05; done
		exec $O/hv-domain "\$@"
	END
	chmod +x "$BATS_TEST_TMPDIR/slow"
	TAIKI_HV_DOMAIN=$BATS_TEST_TMPDIR/slow "$O/hv" start "$OCF_RESKEY_config" 3>&- &
	until_true 20 test -e "$BATS_TEST_TMPDIR/begun"
	kill -KILL $!
	wait $! || true
	is web state booked
	define db 0
	run -4 hv start "$OCF_RESKEY_config"
	[[ $output == *"no room"* ]]
	touch "$BATS_TEST_TMPDIR/go"
	# It does not run without its starter, and leaves nothing that is held.
	starts() { hv start "$OCF_RESKEY_config"; }
	until_true 20 starts
	[[ $(hv ledger --json | jq '.domains | length') -eq 1 ]]
	is db state running
}

@test "a damaged entry is counted in full and said so; the next start writes another" {
	agent start
	truncate -s 30 "$TAIKI_RUN_DIR/web/ledger"
	is web state unbooked
	is web now.memory $((16 << 20))
	run -0 hv ledger
	[[ $output == *"counted in full"* ]]
	agent stop
	agent start
	is web state running
}

@test "somebody stands still with the ledger's lock: the start goes on, and counts in full" {
	agent start
	python3 - "$TAIKI_RUN_DIR/.ledger.lock" >"$BATS_TEST_TMPDIR/held" <<-'PY' 3>&- &
		import fcntl, struct, sys, time
		f = open(sys.argv[1], "r+")
		fcntl.fcntl(f, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0)) # F_OFD_SETLK
		print("held", flush=True)
		time.sleep(120)
	PY
	local holder=$!
	define db 0
	export OCF_RESOURCE_INSTANCE=db OCF_RESKEY_CRM_meta_timeout=16000
	until_true 20 grep -q held "$BATS_TEST_TMPDIR/held"
	run -0 agent start
	[[ $output == *"starts without the ledger"* ]]
	is db state unbooked
	kill $holder
}

@test "hv ledger --watch shows what changes when it does, and reads nothing while nothing happens" {
	local reads
	timeout 200 strace -f -qq -e trace=openat -o "$BATS_TEST_TMPDIR/reads" \
		"$O/hv" ledger --watch --json --timeout 150 >"$BATS_TEST_TMPDIR/watch" 3>&- &
	holds() { [[ $(tail -n 1 "$BATS_TEST_TMPDIR/watch" | jq -c '[.domains[] | .name, .state]') == "$1" ]]; }
	until_true 30 holds '[]'
	agent start
	until_true 30 holds '["web","running"]'
	quiet() {
		reads=$(wc -l <"$BATS_TEST_TMPDIR/reads")
		sleep 3
		[[ $(wc -l <"$BATS_TEST_TMPDIR/reads") -eq $reads ]]
	}
	until_true 10 quiet
	kill -KILL "$(pid_of web)"
	until_true 30 holds '[]'
	jq -e . "$BATS_TEST_TMPDIR/watch" >/dev/null
	kill %1
}
