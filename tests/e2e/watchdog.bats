#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Watchdogs with Linux's own drivers: i6300esb in Debian's generic kernel, WDAT in
# its cloud kernel, on the software engine.  A guest feeds it, stops, and the
# definition's action follows.

setup_file() {
	# shellcheck source=tests/e2e/e2e.bash
	source "$BATS_TEST_DIRNAME/e2e.bash"
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	export O=${O:-$top/build}
	[[ $O == /* ]] || O=$top/$O
	export IMAGES=$top/build/e2e/watchdog GUEST=$top/build/guest
	"$BATS_TEST_DIRNAME/watchdog-image" "$IMAGES" >&2
}

setup() {
	# shellcheck source=tests/e2e/e2e.bash
	source "$BATS_TEST_DIRNAME/e2e.bash"
	RUN=$(mktemp -d /tmp/watchdog.XXXXXX)
	export TAIKI_RUN_DIR=$RUN TAIKI_ETC_DIR=$RUN/etc TAIKI_HV_DOMAIN=$O/hv-domain TAIKI_CGROUP=
	PATH=$O:$PATH
}

teardown() {
	hv destroy --force w >/dev/null 2>&1 || true
	[[ -n ${BATS_TEST_COMPLETED:-} ]] || tail -n 30 "$RUN/w/console.log" "$RUN/w/log"
	rm -rf "$RUN"
}

console() { tr -d '\r' <"$RUN/w/console.log"; }
says() { console | grep -q "$1"; }
logs() { grep -q "$1" "$RUN/w/log"; }
again() { [[ $(console | grep -c 'guest: driver') -eq 2 ]]; }
silent() { [ -z "$(grep WATCHDOG "$RUN/w/log")" ]; }
gone() { ! hv list --json | grep -q '"running"'; }

# start MODEL ACTION TIMEOUT: a guest that arms the watchdog, feeds it for three
# times its timeout, and then dies without closing it
start() {
	local model=$1 action=$2 kernel=$IMAGES/generic.vmlinuz initrd=$IMAGES/generic.initrd
	if [[ $model == wdat ]]; then kernel=$GUEST/vmlinuz initrd=$IMAGES/cloud.initrd; fi
	cat >"$RUN/exec" <<-END
	echo "guest: driver \$(cat /sys/class/watchdog/watchdog0/identity)"
	watchdog -F -t 1 -T $3 /dev/watchdog0 &
	feeder=\$!
	sleep 1
	echo "guest: timeout \$(cat /sys/class/watchdog/watchdog0/timeout)"
	sleep $(($3 * 3))
	kill -9 \$feeder
	echo "guest: not fed from now on"
	sleep 1000
	END
	cat >"$RUN/w.xml" <<-END
	<domain type='kvm'>
	  <metadata>
	    <taiki:domain xmlns:taiki="urn:taiki:domain:1"><taiki:engine>soft</taiki:engine></taiki:domain>
	  </metadata>
	  <name>w</name>
	  <memory unit='MiB'>256</memory>
	  <vcpu>1</vcpu>
	  <os><type arch='x86_64'>hvm</type><kernel>$kernel</kernel><initrd>$initrd</initrd>
	  <cmdline>console=ttyS0 quiet cryptomgr.notests panic=-1 taiki.exec=$(base64 -w0 <"$RUN/exec")</cmdline></os>
	  <features><acpi/></features>
	  <on_reboot>restart</on_reboot>
	  <devices>
	    <serial type='pty'/>
	    <console type='pty'/>
	    <watchdog model='$model' action='$action'/>
	    <memballoon model='none'/>
	  </devices>
	</domain>
	END
	hv start "$RUN/w.xml"
}

# bitten MODEL IDENTITY: not as long as it is fed; then reset, and armed again in the next life
bitten() {
	start "$1" reset 4
	await 120 says 'guest: not fed'
	says "guest: driver $2"
	says 'guest: timeout 4'
	# Three timeouts have passed, fed.
	silent
	await 120 logs 'WATCHDOG.*reset'
	await 120 again
}

@test "i6300esb, Debian's generic kernel: fed it is silent, not fed it resets the guest" {
	bitten i6300esb 'i6300ESB timer'
}

@test "WDAT, Debian's cloud kernel: fed it is silent, not fed it resets the guest" {
	bitten wdat wdat_wdt
}

@test "i6300esb: action poweroff ends the domain, and says by what" {
	start i6300esb poweroff 2
	await 120 gone
	logs 'WATCHDOG.*poweroff'
	logs 'SHUTDOWN'
}

@test "i6300esb: time stands still while the domain is paused" {
	start i6300esb reset 8
	await 120 says 'guest: timeout 8'
	hv pause w
	sleep 12
	silent
	hv resume w
	await 120 says 'guest: not fed'
	silent
	await 120 logs 'WATCHDOG.*reset'
}
