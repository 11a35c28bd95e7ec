#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# hv set NAME vcpus=N, answered by Debian's own qemu-guest-agent in a stock Debian kernel on the
# software engine.  tests/unit/heartbeat/vcpus.bats has taiki-guest in its place.

bats_require_minimum_version 1.5.0

setup_file() {
	cd "$BATS_TEST_DIRNAME/../.." || return 1
	O=${O:-build}
	[[ $O == /* ]] || O=$PWD/$O
	export O GUEST=$PWD/build/guest
	tests/tools/guest-image "$GUEST" >&2
	# Short: a socket's path has 107 bytes.
	RUN=$(mktemp -d /tmp/qga.XXXXXX)
	export RUN TAIKI_RUN_DIR=$RUN/run TAIKI_CGROUP='' CIB_file=$RUN/cib.xml
	mkdir "$TAIKI_RUN_DIR"
	# No cluster of this machine's is asked.
	cibadmin --empty >"$CIB_file"
	chmod 666 "$CIB_file"
	agent_initrd
	cat >"$RUN/g.xml" <<-XML
		<domain type='kvm'>
		  <name>g</name>
		  <metadata><taiki:domain xmlns:taiki='urn:taiki:domain:1'>
		    <taiki:engine>soft</taiki:engine>
		  </taiki:domain></metadata>
		  <memory unit='MiB'>256</memory>
		  <vcpu>2</vcpu>
		  <os><type arch='x86_64'>hvm</type><kernel>$GUEST/vmlinuz</kernel><initrd>$RUN/initrd.gz</initrd>
		    <cmdline>console=ttyS0 quiet cryptomgr.notests panic=-1 taiki.exec=$(base64 -w0 <<-'END'
				for d in /sys/class/virtio-ports/*; do
					[ "$(cat $d/name)" = org.qemu.guest_agent.0 ] && port=/dev/${d##*/}
				done
				/qga/ld --library-path /qga /qga/qemu-ga -m virtio-serial -p $port -t /run -f /run/qga.pid >/dev/console 2>&1 &
				echo "agent: $port."
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
		    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
		    <memballoon model='none'/>
		  </devices>
		</domain>
	XML
	hv start "$RUN/g.xml"
}

# agent_initrd: the guest's initrd, and behind it one with the package's program and what it links
agent_initrd() {
	mkdir "$RUN/package" "$RUN/root" "$RUN/root/qga"
	(cd "$RUN/package" && apt-get -qq -o APT::Sandbox::User=root download qemu-guest-agent libnuma1)
	for deb in "$RUN"/package/*.deb; do dpkg -x "$deb" "$RUN/package/x"; done
	cp "$RUN/package/x/usr/sbin/qemu-ga" "$RUN/root/qga/"
	LD_LIBRARY_PATH=$(echo "$RUN"/package/x/usr/lib/*-linux-gnu) ldd "$RUN/root/qga/qemu-ga" |
		sed -n 's/.* => \(\/[^ ]*\) .*/\1/p' | xargs -I{} cp -L {} "$RUN/root/qga/"
	cp -L /lib64/ld-linux-x86-64.so.2 "$RUN/root/qga/ld"
	(cd "$RUN/root" && find . | cpio -o -H newc -R 0:0 --quiet) | gzip -n >"$RUN/agent.gz"
	cat "$GUEST/initrd.gz" "$RUN/agent.gz" >"$RUN/initrd.gz"
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
	local end=$((SECONDS + 300))
	until "$@" 2>/dev/null; do
		if ((SECONDS >= end)); then
			echo "waited in vain for: $*"
			"$@" || true
			console | tail -n 30
			return 1
		fi
		sleep 0.5
	done
}
set_vcpus() { hv set g "vcpus=$1"; }

@test "a processor is put off, and comes back" {
	await uses 0-1 1
	await set_vcpus 1
	await uses 0 1
	hv set g vcpus=2
	await uses 0-1 2
}

@test "what it cannot do is refused by name, and the guest runs on" {
	run ! hv set g vcpus=3
	[[ $output == *3* ]]
	hv set g vcpus=1
	await uses 0 2
}
