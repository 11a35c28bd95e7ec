#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The agent's whole contract (FenceAgentAPI.md), against the real doors over a table of
# domains (door_server.c): by standard input and by command line, over a port and over TLS.

bats_require_minimum_version 1.5.0

KEY1=000102030405060708090a0b0c0d0e0f
KEY2=f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff

setup_file() {
	here=$(cd "$BATS_TEST_DIRNAME/../../.." && pwd)
	O=${O:-$here/build}
	[[ $O == /* ]] || O=$here/$O
	export O AGENT=$O/fence_taiki TAIKI_FENCE_TLS=$O/fence_taiki_tls
}

setup() {
	export TAIKI_RUN_DIR=$BATS_TEST_TMPDIR TAIKI_FENCE_LOG=$BATS_TEST_TMPDIR/fence.log
	PORT=$TAIKI_RUN_DIR/db1/port
	SERVER=
}

teardown() {
	[[ -z $SERVER ]] || kill "$SERVER" 2>/dev/null || true
}

# serve [OPTION...] [DOMAIN=STATE:GROUP...]: the doors, ready to be knocked at
serve() {
	: >"$BATS_TEST_TMPDIR/asked" # of the server before
	"$O/tests/unit/fencing/door_server" "$@" >"$BATS_TEST_TMPDIR/asked" 2>"$BATS_TEST_TMPDIR/server.err" 3>&- &
	SERVER=$!
	within 20 ready_or_gone
	grep -q ready "$BATS_TEST_TMPDIR/asked"
}
ready_or_gone() { grep -q ready "$BATS_TEST_TMPDIR/asked" || ! kill -0 "$SERVER" 2>/dev/null; }

# within SECONDS COMMAND...: until it is true
within() {
	local end=$((SECONDS + 4 * $1)) # a machine is not always at rest
	shift
	until "$@"; do
		[[ $SECONDS -lt $end ]] || return 1
		sleep 0.05
	done
}

# serve_tls [OPTION...]: the same over TLS, on a port that is free; $TLS are the agent's options
serve_tls() {
	local n
	printf 'db1 %s\nboss %s group=board\n' $KEY1 $KEY2 >"$BATS_TEST_TMPDIR/keys"
	chmod 600 "$BATS_TEST_TMPDIR/keys"
	for n in 1 2 3 4 5 6 7 8; do
		TLS_PORT=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
		if serve --listen "127.0.0.1:$TLS_PORT" --keys "$BATS_TEST_TMPDIR/keys" "$@"; then break; fi
	done
	printf 'db1 %s\n' $KEY1 >"$BATS_TEST_TMPDIR/my.key"
	chmod 600 "$BATS_TEST_TMPDIR/my.key"
	TLS=(--transport tls --ip 127.0.0.1 --ipport "$TLS_PORT")
}

# agent OPTION...: by command line, through db1's port
agent() { "$AGENT" --device "$PORT" "$@"; }

# stdin LINE...: by standard input, through db1's port
stdin() { printf '%s\n' "device=$PORT" "$@" | "$AGENT"; }

asked() { grep -cx "$1" "$BATS_TEST_TMPDIR/asked" || true; }

@test "metadata is what it was (golden), and of the schema of fence-agents" {
	"$AGENT" -o metadata >"$BATS_TEST_TMPDIR/metadata.xml"
	diff -u "$BATS_TEST_DIRNAME/golden/fence_taiki.xml" "$BATS_TEST_TMPDIR/metadata.xml"
	xmllint --noout --relaxng /usr/share/cluster/relaxng/metadata.rng "$BATS_TEST_TMPDIR/metadata.xml"
	echo action=metadata | "$AGENT" | cmp - "$BATS_TEST_TMPDIR/metadata.xml"
}

@test "every parameter of the metadata is taken, on standard input and on the command line" {
	local name
	serve db1=on:s
	for name in $(xmllint --xpath '//parameter/@name' "$BATS_TEST_DIRNAME/golden/fence_taiki.xml" |
		sed 's/.*="\(.*\)"/\1/'); do
		grep -q "^$name$" <<<"$(sed 's/-/_/g' <<<"$name")"
		"$AGENT" --help | grep -q -- "--${name//_/-}" ||
			[[ $name == port || $name == ipaddr || $name == debug ]]
	done
	stdin action=status plug=db1 transport=channel ip= ipaddr= ipport=1 identity=x key_file= psk= \
		delay=0 login_timeout=5 power_timeout=5 power_wait=0 shell_timeout=5 separator=x \
		verbose=1 quiet=0 debug= debug_file= version=0 help=0
}

@test "the manual it prints is well-formed" {
	"$AGENT" -o manpage >"$BATS_TEST_TMPDIR/page.8"
	mandoc -T lint -W error "$BATS_TEST_TMPDIR/page.8"
	grep -q '^\.TH FENCE_TAIKI 8' "$BATS_TEST_TMPDIR/page.8"
}

@test "delay is honoured before fencing, and not before anything else" {
	local began off
	serve db1=on:s db2=on:s
	began=$(date +%s%N)
	agent -o off -n db2 --delay 10 &
	sleep 5
	# Whoever looks too late sees nothing.
	off=$(asked "off db2 done")
	[[ $(($(date +%s%N) - began)) -ge 10000000000 || $off -eq 0 ]]
	wait $!
	[[ $(($(date +%s%N) - began)) -ge 10000000000 ]]
	[[ $(asked "off db2 done") -eq 1 ]]
	timeout 60 "$AGENT" --device "$PORT" -o status -n db1 --delay 600
	timeout 60 "$AGENT" --device "$PORT" -o list --delay 600
	timeout 60 "$AGENT" --device "$PORT" -o on -n db2 --delay 600
}

@test "delay=10 takes ten seconds even where nobody answers (the rule of fence-agents)" {
	local began
	began=$(date +%s%N)
	run "$AGENT" --device /nowhere -n db2 --delay 10 --login-timeout 0
	[[ $status -eq 1 ]]
	[[ $(($(date +%s%N) - began)) -ge 10000000000 ]]
}

@test "off, status 2, on, status 0, reboot: on the command line" {
	serve db1=on:s db2=on:s
	run agent --action status --plug db2
	[[ $status -eq 0 && $output == "Status: ON" ]]
	run agent -o off -n db2
	[[ $status -eq 0 && $output == "Success: Powered OFF" ]]
	run agent -o status -n db2
	[[ $status -eq 2 && $output == "Status: OFF" ]]
	run agent -o off -n db2 # it is off: success
	[[ $status -eq 0 ]]
	run agent -o on -n db2
	[[ $status -eq 0 && $output == "Success: Powered ON" ]]
	run agent -o status -n db2
	[[ $status -eq 0 ]]
	run agent -n db2 # reboot is what is done by default
	[[ $status -eq 0 && $output == "Success: Rebooted" ]]
	[[ $(asked "reboot db2 done") -eq 1 && $(asked "off db2 done") -eq 2 ]]
}

@test "the same on standard input, as Pacemaker writes it" {
	serve db1=on:s db2=on:s
	run stdin "action=off" "plug=db2" "nodename=guest-two" "pcmk_host_map=guest-two:db2" "# nothing"
	[[ $status -eq 0 ]]
	run stdin "action=status" "port=db2"
	[[ $status -eq 2 ]]
	run stdin "option=on" "  plug = db2  "
	[[ $status -eq 0 ]]
	run stdin "action=monitor"
	[[ $status -eq 0 && -z $output ]]
	run stdin "plug=db2"
	[[ $status -eq 0 && $output == "Success: Rebooted" ]]
}

@test "the last value wins; unknown keys, comments and empty lines are passed over" {
	serve db1=on:s db2=on:s
	run stdin "action=off" "plug=db1" "" "# plug=db1" "#action=on" "nonsense" "unknown=value" \
		"=" "action=status" "port=db9" "plug=db2"
	[[ $status -eq 0 && $output == "Status: ON" ]]
	[[ $(asked "status db2 done") -eq 1 && $(asked "off db1 done") -eq 0 ]]
}

@test "list and list-status name what may be fenced, and nothing else" {
	serve db1=on:s db2=off:s other=on:t odd=unknown:s
	run agent -o list
	[[ $status -eq 0 && $output == $'db1,\ndb2,\nodd,' ]]
	run agent -o list-status --separator '|'
	[[ $status -eq 0 && $output == $'db1||ON\ndb2||OFF\nodd||UNKNOWN' ]]
}

@test "what is not known, not allowed or not known to be on is no success" {
	serve db1=on:s other=on:t odd=unknown:s
	run agent -o off -n nobody
	[[ $status -eq 1 && $output == *"no-target"* ]]
	run agent -o off -n other
	[[ $status -eq 1 && $output == *"denied"* ]]
	run agent -o status -n other
	[[ $status -eq 1 ]]
	run agent -o status -n odd
	[[ $status -eq 1 && $output == *"not known"* ]]
}

@test "a timeout is a failure, and comes when it was said" {
	serve db1=on:s lost=stuck:s
	for action in off on reboot; do
		run timeout 30 "$AGENT" --device "$PORT" -o $action -n lost --power-timeout 1
		[[ $status -eq 1 && $output == *"no answer from the hypervisor in time"* ]]
	done
	run timeout 30 "$AGENT" --device "$PORT" -o status -n lost --shell-timeout 0.5
	[[ $status -eq 1 ]]
}

@test "nobody there: failed after login_timeout, with what to do" {
	run timeout 30 "$AGENT" -o off -n db2 --login-timeout 1 --device /nowhere/port
	[[ $status -eq 1 && $output == *"/nowhere/port: No such file"* ]]
	TAIKI_FENCE_ROOT=$BATS_TEST_TMPDIR run timeout 30 "$AGENT" -o monitor --login-timeout 1
	[[ $status -eq 1 && $output == *"no port org.taiki.fence.0"*"fencing group"* ]]
}

@test "the port is found by its name, with udev and without" {
	local root=$BATS_TEST_TMPDIR/root n
	serve db1=on:s
	mkdir -p "$root/dev/virtio-ports"
	ln -s "$PORT" "$root/dev/virtio-ports/org.taiki.fence.0"
	TAIKI_FENCE_ROOT=$root "$AGENT" -o monitor
	rm -r "$root/dev/virtio-ports"
	for n in vport0p1 vport2p3 vport1p1; do
		mkdir -p "$root/sys/class/virtio-ports/$n"
		echo org.qemu.guest_agent.0 >"$root/sys/class/virtio-ports/$n/name"
	done
	echo org.taiki.fence.0 >"$root/sys/class/virtio-ports/vport2p3/name"
	ln -s "$PORT" "$root/dev/vport2p3"
	TAIKI_FENCE_ROOT=$root "$AGENT" -o monitor
	echo org.taiki.fence.01 >"$root/sys/class/virtio-ports/vport2p3/name"
	TAIKI_FENCE_ROOT=$root run "$AGENT" -o monitor --login-timeout 0
	[[ $status -eq 1 ]]
}

@test "another agent has the port: it is waited for" {
	serve --delay 1500 db1=on:s db2=on:s
	agent -o status -n db1 3>&- &
	within 10 grep -q status "$TAIKI_FENCE_LOG"
	run agent -o status -n db2
	[[ $status -eq 0 ]]
	wait $!
}

@test "the daemon dies in the middle and comes back: asked again with the same id, done" {
	local ids
	serve --delay 60000 db1=on:s db2=on:s
	agent -o off -n db2 >"$BATS_TEST_TMPDIR/out" 3>&- &
	agent=$!
	within 10 grep -q '"event": "request"' "$TAIKI_FENCE_LOG"
	kill -KILL $SERVER
	serve db1=on:s db2=on:s
	wait $agent
	grep -qx "Success: Powered OFF" "$BATS_TEST_TMPDIR/out"
	ids=$(jq -r 'select(.op == "off" and .event == "request").id' "$TAIKI_FENCE_LOG")
	[[ $(wc -l <<<"$ids") -ge 2 && $(sort -u <<<"$ids" | wc -l) -eq 1 ]]
}

@test "every request and outcome is in the audit log" {
	serve db1=on:s db2=on:s
	agent -o off -n db2
	jq -se 'map(select(.op == "off")) | length == 2 and .[0].event == "request" and
		.[1].event == "outcome" and .[1].result == "done" and .[1].target == "db2" and
		.[1].who == "domain db1 (channel)" and .[1].us >= 0 and .[0].id == .[1].id and
		(.[1].time | test("^20[0-9-]+T[0-9:]+[.][0-9]{6}Z$"))' "$TAIKI_FENCE_LOG"
}

@test "TLS: all of it with a key file, and with a key as parameter" {
	serve_tls db1=on:s db2=on:s
	run "$AGENT" "${TLS[@]}" --key-file "$BATS_TEST_TMPDIR/my.key" -o off -n db2
	[[ $status -eq 0 && $output == "Success: Powered OFF" ]]
	run "$AGENT" "${TLS[@]}" --identity db1 --psk $KEY1 -o status -n db2
	[[ $status -eq 2 ]]
	echo $KEY1 >"$BATS_TEST_TMPDIR/my.key"
	run "$AGENT" "${TLS[@]}" --identity db1 -k "$BATS_TEST_TMPDIR/my.key" -o list
	[[ $status -eq 0 && $output == $'db1,\ndb2,' ]]
	run "$AGENT" <<-END
		action=on
		plug=db2
		transport=tls
		ipaddr=127.0.0.1
		ipport=$TLS_PORT
		identity=db1
		key_file=$BATS_TEST_TMPDIR/my.key
	END
	[[ $status -eq 0 ]]
}

@test "TLS: a stranger has the group of its key" {
	serve_tls db1=on:s mail=on:board
	run "$AGENT" "${TLS[@]}" --identity boss --psk $KEY2 -o list
	[[ $status -eq 0 && $output == "mail," ]]
	run "$AGENT" "${TLS[@]}" --identity boss --psk $KEY2 -o off -n db1
	[[ $status -eq 1 && $output == *denied* ]]
}

@test "TLS: a wrong key, an unknown name, nobody there: failed, with the reason" {
	serve_tls db1=on:s
	run "$AGENT" "${TLS[@]}" --identity db1 --psk $KEY2 -o monitor --login-timeout 3
	[[ $status -eq 1 && $output == *"does not know db1, or not by this key"* ]]
	run "$AGENT" "${TLS[@]}" --identity nobody --psk $KEY2 -o monitor --login-timeout 3
	[[ $status -eq 1 && $output == *"does not know nobody"* ]]
	kill $SERVER
	wait $SERVER || true
	run "$AGENT" "${TLS[@]}" --identity db1 --psk $KEY1 -o monitor --login-timeout 3
	[[ $status -eq 1 && $output == *"Connection refused"* ]]
	TAIKI_FENCE_TLS=/nowhere run "$AGENT" "${TLS[@]}" --identity db1 --psk $KEY1 -o monitor --login-timeout 0
	[[ $status -eq 1 && $output == *"/nowhere: No such file"* ]]
	TAIKI_FENCE_TLS=/bin/false run "$AGENT" "${TLS[@]}" --identity db1 --psk $KEY1 -o monitor --login-timeout 3
	[[ $status -eq 1 && $output == *"libgnutls30"* ]]
}

@test "TLS: the key is in no list of processes, and the helper ends with the agent" {
	serve_tls --delay 60000 db1=on:s
	"$AGENT" "${TLS[@]}" -k "$BATS_TEST_TMPDIR/my.key" -o status -n db1 --shell-timeout 60 3>&- &
	agent=$!
	within 10 grep -q '"event": "request"' "$TAIKI_FENCE_LOG"
	helper=$(pgrep -P $agent)
	[[ $(tr '\0' ' ' <"/proc/$helper/cmdline") == "fence_taiki_tls " ]]
	run ! grep -qa $KEY1 "/proc/$helper/cmdline" "/proc/$helper/environ"
	[[ $(id -u) -ne 0 || $(awk '/^Uid:/ { print $2, $3, $4 }' "/proc/$helper/status") == "65534 65534 65534" ]]
	kill -KILL $agent
	wait $agent || true
	within 10 bash -c "! kill -0 $helper 2>/dev/null"
}

@test "parameters that make no sense are refused before anybody is asked" {
	local why
	printf '%s\n' $KEY1 >"$BATS_TEST_TMPDIR/open.key"
	chmod 644 "$BATS_TEST_TMPDIR/open.key"
	while IFS='|' read -r options why; do
		# shellcheck disable=SC2086 # they are words
		run "$AGENT" $options
		[[ $status -eq 1 && $output == *"$why"* ]] || {
			echo "$options: $status: $output"
			false
		}
	done <<-END
		-o off|needs plug
		-o status|needs plug
		-o off -n ../db|not the name of a domain
		-o fly -n db1|there is no such action
		-o off -n db1 --delay soon|not a number of seconds
		-o off -n db1 --power-timeout -1|not a number of seconds
		-o validate-all --power-wait 1e9|not a number of seconds
		-o validate-all -t pigeon|channel or tls
		-o validate-all -t tls|needs ip
		-o validate-all -t tls -a h|needs key_file or psk
		-o validate-all -t tls -a h --psk 00|psk needs identity
		-o validate-all -t tls -a h -l db1 --psk 00 -u 0|not a TCP port
		-o validate-all -t tls -a h -l db1 --psk 00 -u 1x|not a TCP port
		-o validate-all -t tls -a h -k /nowhere|No such file
		-o validate-all -t tls -a h -k $BATS_TEST_TMPDIR/open.key|chmod 0600
		-o status -n db1 --nonsense|unrecognized option
		status|Options begin with -
	END
}

@test "parameters that make sense are valid, without asking anybody" {
	"$AGENT" -o validate-all
	"$AGENT" -o validate-all -n db2 --delay 5s --power-timeout 60
	"$AGENT" -o validate-all -t tls -a host.example -l db1 --psk $KEY1
	echo "action=validate-all" | "$AGENT"
}

@test "verbose tells, quiet is silent, and the debug file has it all" {
	serve db1=on:s
	run agent -o status -n db1 --verbose
	[[ $output == *"status db1: done"* ]]
	run agent -o off -n nobody --quiet
	[[ $status -eq 1 && -z $output ]]
	run agent -o status -n db1 -D "$BATS_TEST_TMPDIR/debug"
	[[ $output == "Status: ON" ]]
	grep -q "status db1: done" "$BATS_TEST_TMPDIR/debug"
	run agent -o status -n db1 -D /nowhere/debug
	[[ $status -eq 0 && $output == *"going on without it"* ]]
}

@test "--help and --version" {
	run "$AGENT" --help
	[[ $status -eq 0 && $output == *"Usage: fence_taiki"*"--power-timeout"*"list-status"* ]]
	run "$AGENT" -V
	[[ $status -eq 0 && $output == "fence_taiki "* ]]
}

@test "output that cannot be written is a failure" {
	"$AGENT" -o metadata >/dev/null
	run bash -c '"$AGENT" -o metadata >/dev/full'
	[[ $status -eq 1 ]]
}
