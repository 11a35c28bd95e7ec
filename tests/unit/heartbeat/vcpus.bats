#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# hv set NAME vcpus=N, answered by taiki-guest in a stock Debian kernel with two processors on the
# software engine: the kernel itself says how many it uses.

bats_require_minimum_version 1.5.0

setup_file() {
	cd "$BATS_TEST_DIRNAME/../../.." || return 1
	O=${O:-build}
	[[ $O == /* ]] || O=$PWD/$O
	export O GUEST=$PWD/build/guest
	tests/tools/guest-image "$GUEST" >&2
	# Short: a socket's path has 107 bytes.
	RUN=$(mktemp -d /tmp/vcpus.XXXXXX)
	export RUN TAIKI_RUN_DIR=$RUN/run TAIKI_CGROUP='' CIB_file=$RUN/cib.xml
	mkdir "$TAIKI_RUN_DIR"
	# No cluster of this machine's is asked.
	cibadmin --empty >"$CIB_file"
	chmod 666 "$CIB_file"
	cat >"$RUN/g.xml" <<-XML
		<domain type='kvm'>
		  <name>g</name>
		  <metadata><taiki:domain xmlns:taiki='urn:taiki:domain:1'>
		    <taiki:engine>soft</taiki:engine>
		  </taiki:domain></metadata>
		  <memory unit='MiB'>192</memory>
		  <vcpu>2</vcpu>
		  <os><type arch='x86_64'>hvm</type><kernel>$GUEST/vmlinuz</kernel><initrd>$GUEST/initrd.gz</initrd>
		    <cmdline>console=ttyS0 quiet cryptomgr.notests panic=-1 taiki.beat taiki.guest=$(base64 -w0 <<<'agent = yes') taiki.exec=$(base64 -w0 <<-'END'
				last=
				while :; do
					now=$(cat /sys/devices/system/cpu/online)
					[ "$now" = "$last" ] || echo "uses: $now."
					last=$now
					sleep 1
				done &
			END
			)</cmdline></os>
		  <features><acpi/></features>
		  <devices>
		    <serial type='pty'/><console type='pty'/>
		    <channel type='unix'><target type='virtio' name='org.taiki.heartbeat.0'/></channel>
		    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
		    <memballoon model='none'/>
		  </devices>
		</domain>
	XML
	hv start "$RUN/g.xml"
}

teardown_file() {
	hv destroy g || true
	rm -rf "$RUN"
}

hv() { timeout 120 "$O/hv" "$@"; }
console() { cat "$TAIKI_RUN_DIR/g/console.log"; }
# uses CPUS TIMES: the guest has said that it uses these, so many times
uses() { [[ $(console | grep -c "uses: $1\.") -ge $2 ]]; }

await() {
	local end=$((SECONDS + 180))
	until "$@"; do
		if ((SECONDS >= end)); then
			echo "waited in vain for: $*"
			console | tail -n 30
			return 1
		fi
		sleep 0.5
	done
}

@test "it begins with both, and taiki-guest serves the agent's port" {
	await uses 0-1 1
	await eval 'console | grep -q "port org.qemu.guest_agent.0 is open"'
}

@test "one is put off, and comes back" {
	hv set --timeout 100 g vcpus=1
	await uses 0 1
	hv set --timeout 100 g vcpus=2
	await uses 0-1 2
	hv set --timeout 100 g vcpus=1
	await uses 0 2
}

@test "what it cannot do is refused by name, and the guest runs on" {
	run ! hv set --timeout 100 g vcpus=3
	[[ $output == *3* ]]
	hv set --timeout 100 g vcpus=2
	await uses 0-1 3
}
