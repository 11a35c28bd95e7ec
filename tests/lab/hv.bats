#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# hv with a real guest: a stock Debian kernel on this machine, no cluster.
# What hv says and refuses without a guest is in tests/unit/lib/test_cli.c.

bats_require_minimum_version 1.5.0

setup_file() {
	local root
	root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	O=${O:-build}
	[[ $O == /* ]] || O=$root/$O
	"$root/tests/tools/guest-image" "$O/guest" >&2
	export O PATH=$O:$PATH
	export TAIKI_RUN_DIR=$BATS_FILE_TMPDIR/run TAIKI_ETC_DIR=$BATS_FILE_TMPDIR/etc
	export TAIKI_CGROUP=taiki-hv-bats.slice
	# cibadmin on an empty file: this machine's own cluster, if any, is not asked.
	export CIB_file=$BATS_FILE_TMPDIR/cib.xml
	cibadmin --empty >"$CIB_file"
	chmod 666 "$CIB_file"
	truncate -s 16M "$BATS_FILE_TMPDIR/disk"
}

teardown() {
	local name
	[[ -z ${KEYS:-} ]] || exec {KEYS}>&-
	for name in one two; do
		hv destroy "$name" 2>/dev/null || [[ $? -eq 3 ]]
	done
}

# domain NAME [DEVICES]: its definition, stored
domain() {
	cat >"$BATS_TEST_TMPDIR/$1.xml" <<END
<domain type='kvm'>
  <name>$1</name>
  <metadata><taiki:domain xmlns:taiki='urn:taiki:domain:1'>
    <taiki:engine>soft</taiki:engine>
  </taiki:domain></metadata>
  <memory unit='MiB'>128</memory>
  <os>
    <type arch='x86_64'>hvm</type>
    <kernel>$O/guest/vmlinuz</kernel>
    <initrd>$O/guest/initrd.gz</initrd>
    <cmdline>console=ttyS0 quiet panic=0 cryptomgr.notests taiki.name=$1</cmdline>
  </os>
  <features><acpi/></features>
  <devices>
    <serial type='pty'/>
    <panic model='pvpanic'/>
    ${2:-}
  </devices>
</domain>
END
	hv define "$BATS_TEST_TMPDIR/$1.xml"
}

disk="<disk type='file'><source file='%s'/><target dev='vda' bus='virtio'/></disk>"

# eventually SECONDS COMMAND...: within that on a machine at rest; one that is not gets four times as long
eventually() {
	local end=$((SECONDS + 4 * $1))
	shift
	until "$@"; do
		[[ $SECONDS -lt $end ]] || { echo "not within its deadline: $*" && return 1; }
		sleep 0.1
	done
}

# attach NAME: its console; type TEXT and seen TEXT use it
attach() {
	local keys=$BATS_TEST_TMPDIR/keys
	# The one before reads the same keys.
	[[ -z ${CONSOLE:-} ]] || { exec {KEYS}>&- && wait "$CONSOLE" || true; }
	: >"$BATS_TEST_TMPDIR/screen"
	[[ -p $keys ]] || mkfifo "$keys"
	hv console "$1" <"$keys" >>"$BATS_TEST_TMPDIR/screen" 3>&- &
	CONSOLE=$!
	exec {KEYS}>"$keys"
}
type_() { printf '%s\n' "$1" >&"$KEYS"; }
seen() { grep -q -- "$1" "$BATS_TEST_TMPDIR/screen"; }
count() { [[ $(grep -c -- "$2" "$BATS_TEST_TMPDIR/screen") -ge $1 ]]; }
state() { hv list --json | jq -r ".[] | select(.name == \"$1\").state"; }
is() { [[ $(state "$1") == "$2" ]]; }

# up NAME: started, and its shell answers
up() {
	hv start --paused "$1"
	attach "$1"
	hv resume "$1"
	eventually 120 seen 'init: ready'
	# The echo of what is typed must not be taken for its answer.
	eventually 60 answers
}
answers() {
	# shellcheck disable=SC2016 # the guest's shell counts
	type_ 'echo answer-$((40 + 2))'
	sleep 0.5
	seen 'answer-42'
}

@test "start, list, info, console: a guest is there, and what is said of it is true" {
	domain one "<watchdog model='wdat' action='pause'/>"
	is one off
	up one
	eventually 20 is one running
	run -0 hv info one
	[[ $output == *"watchdog:       wdat, action pause, not started"* ]]
	[[ $output == *"engine:         soft, "*"no capabilities"* ]]
	run -0 hv info --json one
	[[ $(jq -r .live.incarnation <<<"$output") == "$(cat "$TAIKI_RUN_DIR/one/incarnation")" ]]
	[[ $(jq -r .live.pid <<<"$output") == "$(cat "$TAIKI_RUN_DIR/one/pid")" ]]
	run -4 hv start one
	[[ $output == *"runs already"* ]]
}

@test "pause stops it, resume lets it go on" {
	domain one
	up one
	hv pause one
	eventually 20 is one paused
	type_ 'echo paused-$((1 + 1))'
	sleep 1
	run ! seen paused-2
	hv resume one
	eventually 20 is one running
	eventually 30 seen paused-2
}

@test "shutdown is the power button: the guest obeys, and its end is proven" {
	domain one
	up one
	hv shutdown one
	is one off
	[[ ! -e $TAIKI_RUN_DIR/one/config.json ]]
	hv log one | grep -q guest-shutdown
	run -3 hv shutdown one
}

@test "a guest that does not obey stays as it is" {
	domain one
	up one
	type_ 'killall acpid; echo deaf-$((1 + 1))'
	eventually 20 seen deaf-2
	run -5 hv shutdown --timeout 2 one
	eventually 20 is one running
	type_ 'echo alive-$((1 + 1))'
	eventually 20 seen alive-2
}

@test "reset boots it again, as the same incarnation" {
	domain one
	up one
	before=$(cat "$TAIKI_RUN_DIR/one/incarnation")
	hv reset one
	eventually 120 count 2 'init: ready'
	[[ $(cat "$TAIKI_RUN_DIR/one/incarnation") == "$before" ]]
}

@test "destroy ends a running guest, and one whose process is stopped" {
	domain one
	up one
	hv destroy one
	is one off
	up one
	kill -STOP "$(cat "$TAIKI_RUN_DIR/one/pid")"
	eventually 20 is one silent
	run -5 hv pause --timeout 1 one
	run -5 hv info --timeout 1 one
	hv destroy one
	is one off
}

@test "what a crash leaves does not stand in the next start's way" {
	domain one "$(printf "$disk" "$BATS_FILE_TMPDIR/disk")"
	up one
	kill -KILL "$(cat "$TAIKI_RUN_DIR/one/pid")"
	eventually 10 is one off
	[[ -e $TAIKI_RUN_DIR/one/qmp.sock ]]
	up one
	eventually 20 is one running
}

# total: what the guest believes its memory is, in KiB
total() {
	# shellcheck disable=SC2016
	type_ 'echo total-$(sed -n "s/MemTotal: *\([0-9]*\) .*/\1/p" /proc/meminfo).'
	sleep 0.5
	sed -n 's/^total-\([0-9]*\)\..*/\1/p' "$BATS_TEST_TMPDIR/screen" | tail -n 1
}
total_known() {
	before=$(total)
	[[ -n $before && $before -gt 0 ]]
}
actual() { [[ $(hv info --json one | jq .balloon.actual) -eq $(($1 << 20)) ]]; }
smaller() {
	local now
	now=$(total)
	[[ -n $now && $now -lt $1 ]]
}
as_before() { [[ $(total) -eq $1 ]]; }

@test "memory: the balloon takes what is set, and gives it back; the guest sees both" {
	domain one
	up one
	eventually 30 total_known
	hv set one memory=96MiB
	eventually 30 actual 96
	eventually 30 smaller $((before - 30 * 1024))
	hv set one memory=128MiB
	eventually 30 actual 128
	eventually 30 as_before "$before"
	run -4 hv set one memory=129MiB
	[[ $output == *"up to 128 MiB"* ]]
}

@test "shares and quota reach the control group" {
	domain one
	up one
	hv set one shares=512 quota=50000 period=200000
	local group v1=/sys/fs/cgroup/cpu
	if [[ -d $v1 ]]; then
		group=$v1/taiki-hv-bats.slice/one
		[[ $(<$group/cpu.shares) -eq 512 && $(<$group/cpu.cfs_quota_us) -eq 50000 ]]
		[[ $(<$group/cpu.cfs_period_us) -eq 200000 ]]
	else
		group=/sys/fs/cgroup/taiki-hv-bats.slice/one
		[[ $(<$group/cpu.weight) -eq 20 && $(<$group/cpu.max) == "50000 200000" ]]
	fi
	grep -qx "$(cat "$TAIKI_RUN_DIR/one/pid")" "$group/cgroup.procs"
	hv destroy one
	[[ ! -e ${group%/one} ]]
}

@test "two domains with one writable disk, by whatever name: the second is refused, by name" {
	domain one "$(printf "$disk" "$BATS_FILE_TMPDIR/disk")"
	ln -sf disk "$BATS_FILE_TMPDIR/other-name"
	domain two "$(printf "$disk" "$BATS_FILE_TMPDIR/other-name")"
	hv start one
	run -4 hv start two
	[[ $output == *"disk vda of domain one"* ]]
	is two off
	hv destroy one
	hv start two
	run -4 hv start one
}

@test "events: in order, and they end with the domain" {
	domain one
	up one
	hv events --json one >"$BATS_TEST_TMPDIR/events" 3>&- &
	watcher=$!
	eventually 10 grep -q x-taiki-present "$BATS_TEST_TMPDIR/events"
	hv pause one
	hv resume one
	hv shutdown one
	wait $watcher
	run jq -r 'select(.event | test("DEVICE|BALLOON") | not).event' "$BATS_TEST_TMPDIR/events"
	[[ $output == $'x-taiki-present\nSTOP\nRESUME\nPOWERDOWN\nSHUTDOWN\nx-taiki-gone' ]]
}

@test "a panicking guest is reported, and ends as on_crash says" {
	domain one
	up one
	hv events --json one >"$BATS_TEST_TMPDIR/events" 3>&- &
	watcher=$!
	eventually 10 grep -q x-taiki-present "$BATS_TEST_TMPDIR/events"
	type_ 'echo c > /proc/sysrq-trigger'
	wait $watcher
	grep -q GUEST_PANICKED "$BATS_TEST_TMPDIR/events"
	is one off
}

@test "run: the first byte is seen, and it ends with the guest" {
	domain one
	sed -i 's/ quiet / taiki.once taiki.exec=ZWNobyByYW4tJCgoMSArIDEpKQ== /' "$BATS_TEST_TMPDIR/one.xml"
	run -0 timeout 480 hv run "$BATS_TEST_TMPDIR/one.xml" </dev/null
	[[ $output == *"Linux version"*"ran-2"*"closed its console"* ]]
	eventually 10 is one off
}

@test "a kernel that is none is refused, and nothing is left running" {
	domain one
	sed -i "s|<kernel>.*</kernel>|<kernel>$BATS_FILE_TMPDIR/disk</kernel>|" "$BATS_TEST_TMPDIR/one.xml"
	run -1 hv start "$BATS_TEST_TMPDIR/one.xml"
	[[ $output == *"$BATS_FILE_TMPDIR/disk"* ]]
	is one off
}

@test "a full disk under the run directory: one message, nothing left running" {
	domain one
	run -1 unshare -m bash -c '
		mkdir -p "$TAIKI_RUN_DIR"
		mount -t tmpfs -o size=16k tmpfs "$TAIKI_RUN_DIR"
		dd if=/dev/zero of="$TAIKI_RUN_DIR/full" bs=4k 2>/dev/null
		hv start one'
	[[ $output == *"$TAIKI_RUN_DIR"*"No space left"* ]]
	is one off
}

@test "events of all domains: those that come later too, and a silent one hides no other" {
	domain one
	domain two
	up one
	hv events >"$BATS_TEST_TMPDIR/events" 3>&- &
	watcher=$!
	eventually 10 grep -q 'one x-taiki-present' "$BATS_TEST_TMPDIR/events"
	hv start two
	eventually 20 grep -q 'two x-taiki-present' "$BATS_TEST_TMPDIR/events"
	kill -STOP "$(cat "$TAIKI_RUN_DIR/two/pid")"
	hv pause one
	eventually 20 grep -q 'one STOP' "$BATS_TEST_TMPDIR/events"
	hv destroy two
	eventually 20 grep -q 'two x-taiki-gone' "$BATS_TEST_TMPDIR/events"
	kill $watcher
}

# completes WORD...: what bash would offer after `hv WORD...`
completes() {
	bash -c 'source "$1"; shift
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); compopt() { :; }; _hv
		printf "%s " "${COMPREPLY[@]}"' - "$BATS_TEST_DIRNAME/../../hvcore/cli/hv.bash-completion" hv "$@"
}

@test "completion: commands, options and names are those there are" {
	domain one
	[[ $(completes sh) == "shutdown " ]]
	[[ $(completes destroy on) == "one " ]]
	[[ $(completes cluster "") == "define update show " ]]
	local command option
	# Every option that completion offers is one that the command takes.
	for command in $(completes "" | tr ' ' '\n' | grep -v -- --); do
		for option in $(completes "$command" --); do
			hv "$command" --help | grep -q -- "$option" || {
				echo "hv $command does not take $option"
				return 1
			}
		done
	done
	[[ $(hv --help | grep -c '^  [a-z]') -eq $(completes "" | tr ' ' '\n' | grep -vc -- '--\|^$') ]]
}

@test "destroy with a damaged run directory is still a proof" {
	domain one "$(printf "$disk" "$BATS_FILE_TMPDIR/disk")"
	up one
	echo garbage >"$TAIKI_RUN_DIR/one/config.json"
	echo 1 >"$TAIKI_RUN_DIR/one/pid"
	rm "$TAIKI_RUN_DIR/one/qmp.sock" "$TAIKI_RUN_DIR/one/definition.xml"
	hv destroy one
	is one off
	up one
	rm "$TAIKI_RUN_DIR/one/config.json"
	hv destroy one
	is one off
}
