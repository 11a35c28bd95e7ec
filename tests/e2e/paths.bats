#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A bond and a mirror under a real Pacemaker: two Debian hosts with a link to each of two switches, Corosync and
# the mirror's traffic over a bond of both, ocf:taiki:bond as a clone that watches it and as one that makes another with
# a bridge, and a guest on a mirror that writes numbered records.  Cables are pulled and switches lost; who is cut off is fenced by a power
# controller on a network of its own.  What a fault has cost is shown: pings lost, and how long the
# guest did not write.  What is judged is that no record is lost, and that nobody wrote twice.

load paths.bash

setup_file() {
	debian_setup paths
	cd "$BATS_FILE_TMPDIR" || return 1
	export NETNS=taiki-paths-$$
	"$BATS_TEST_DIRNAME/payload" "$PWD/payload.ext4" "$BATS_TEST_DIRNAME/paths-run" \
		"$BATS_TEST_DIRNAME"/{fence_e2e,disks.sh,cluster.sh,writer.xml} "$O/e2e/writer" >&2
	storage_up
	network_up
	truncate -s 64M backing/a.img backing/b.img
	local h
	echo "# booting two Debian hosts" >&3
	for h in a b; do host_boot $h; done
	for h in a b; do
		await 900 host_ready $h || return
		echo "# host $h is there" >&3
		at $h 'taiki-mirror create-md --disk /dev/vdc' >&2 || return
	done
	await 600 online b || return
	echo "# Corosync and Pacemaker have met, over the bond" >&3
	configure >&2
}

teardown_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	local h
	for h in a b; do
		at $h 'crm_mon -1 -f; journalctl --no-pager -n 400 -o short-monotonic -t pacemaker-controld -t pacemaker-schedulerd \
			-t pacemaker-fenced -t corosync; cat /var/log/taiki-mirrord-r0.log' >"$LOG.$h.journal" 2>/dev/null || true
		[[ ! -s $h.pid ]] || kill -KILL "$(<$h.pid)" || true
	done
	cp acks "$LOG.acks" || true
	end_jobs
	storage_down
	ip netns del "$NETNS" || true
}

HOLD=10

# configure: by crm, of which the hosts have what it makes
configure() {
	local section
	cat >cib.xml <<-END
		<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="1" num_updates="0" admin_epoch="0"><configuration>
		<crm_config/><nodes><node id="1" uname="a"/><node id="2" uname="b"/></nodes><resources/><constraints/>
		</configuration><status/></cib>
	END
	CIB_file=$PWD/cib.xml crm -F configure <<-END
		property stonith-enabled=true stonith-action=off stonith-timeout=120s no-quorum-policy=stop
		rsc_defaults resource-stickiness=1000
		primitive power stonith:fence_e2e params pcmk_host_list="a b" op monitor interval=120s timeout=60s
		primitive bond0 ocf:taiki:bond params links="la lb" minimum=0 hold=${HOLD}s dampen=1s \
			op start interval=0 timeout=120s op stop interval=0 timeout=120s op monitor interval=3s timeout=60s
		clone net bond0 meta interleave=true
		primitive bond1 ocf:taiki:bond params links="lc ld" bridge=br0 minimum=0 hold=${HOLD}s dampen=1s \
			op start interval=0 timeout=120s op stop interval=0 timeout=120s op monitor interval=7s timeout=60s
		clone guests-net bond1 meta interleave=true
		primitive disk ocf:taiki:mirror params resource=r0 disk=/dev/vdc hosts="a=10.8.0.1:7789 b=10.8.0.2:7789" \
			ping_timeout=5000 timeout=10000 \
			op start interval=0 timeout=120s op stop interval=0 timeout=120s \
			op promote interval=0 timeout=240s op demote interval=0 timeout=120s op notify interval=0 timeout=120s \
			op monitor interval=10s role=Promoted timeout=60s op monitor interval=11s role=Unpromoted timeout=60s
		clone disk-clone disk meta promotable=true promoted-max=1 clone-max=2 notify=true interleave=true
		primitive w1 ocf:taiki:domain params config=/run/xml/w1.xml force_stop=true \
			op start interval=0 timeout=180s op stop interval=0 timeout=120s op monitor interval=5s timeout=60s
		order net-before-w1 Mandatory: net w1
		order guests-net-before-w1 Mandatory: guests-net w1
		colocation w1-on-disk inf: w1 disk-clone:Promoted
		order disk-before-w1 Mandatory: disk-clone:promote w1:start
		location first w1 100: a
		commit
	END
	for section in crm_config rsc_defaults resources constraints; do
		put_section cib.xml $section || return
	done
}
put_section() {
	at b "base64 -d >/run/section.xml <<<$(xmllint --xpath "//configuration/$2" "$1" | base64 -w0)
		cibadmin --modify --allow-create --scope $2 --xml-file /run/section.xml"
}
# by_links: the guest prefers hosts with more links, as docs/guide-paths.md has it
by_links() {
	CIB_file=$PWD/cib.xml crm -F configure <<-END
		location w1-on-links w1 \
			rule 10000: taiki-bond-bond0 gte 1 \
			rule 10000: taiki-bond-bond0 gte 2
		commit
	END
	put_section cib.xml constraints
}

setup() {
	cd "$BATS_FILE_TMPDIR" || return 1
}
teardown() {
	local f
	for f in *.[ab].pid; do
		[[ ! -e $f ]] || kill -INT "$(<"$f")" || true
	done
	[[ -n ${BATS_TEST_COMPLETED:-} ]] || at b 'crm_mon -1 -f -A; tail -n 20 /var/log/taiki-mirrord-r0.log; hv list'
	cables
}

# well: both hosts have all links, both sides of the mirror are the same, and the guest writes
well() {
	await 120 links a 2 && await 60 links b 2 && await 180 in_sync b && writes 120
}
settled() { await 240 at b 'crm_resource --wait --timeout 60'; }
never_fenced() { [[ ! -s power.log ]]; }

@test "Pacemaker watches the bond under Corosync, and makes the guests' one, starts mirror and guest: two links of two" {
	local h
	await 240 mirror_is b connection Connected
	at a 'taiki-mirror primary r0 --force && taiki-mirror secondary r0' || true
	await 300 on a
	writes 120
	well
	[[ $(bond_monitor a) == '0 ' && $(bond_monitor b) == '0 ' ]]
	for h in a b; do
		[[ $(at $h 'cat /sys/class/net/bond1/bonding/slaves; basename $(readlink /sys/class/net/bond1/master)' | xargs) == 'lc ld br0' ]]
		links $h 2 bond1
	done
	[[ $(starts) == 1 ]]
	never_fenced
}

@test "one link of the guest's host: degraded, one link counts; guest, mirror and cluster go on; back after the hold" {
	harm one-link
	cable a sw1 off
	await 60 links a 1
	links b 2
	[[ $(bond_monitor a) == *'bond0: 1 of 2 wanted links work (la: no carrier)'*' 190 ' ]]
	await 60 at b "says 'bond0: 1 of 2 wanted links work'"
	writes 60
	mirror_is a connection Connected
	cable a sw1 on
	await 90 links a 2
	harm_over
	[[ $(starts) == 1 && $(guest_host) == a ]]
	never_fenced
}

@test "a switch: both hosts are degraded; guest, mirror and cluster go on over the other one" {
	harm switch
	switch_is sw1 down
	await 60 links a 1
	await 60 links b 1
	await 60 links a 1 bond1
	await 60 links b 1 bond1
	writes 60
	mirror_is a connection Connected
	switch_is sw1 up
	await 90 links a 2
	await 90 links b 2
	harm_over
	[[ $(starts) == 1 && $(guest_host) == a ]]
	never_fenced
}

@test "placement: a host with one link less gives the guest up, and it stays where no host is better" {
	by_links
	await 60 in_sync b
	harm placement
	cable a sw2 off
	await 240 on b
	writes 120
	echo "# placement: moved, and writes on b" >&3
	[[ $(starts) == 2 ]]
	cable b sw2 off
	await 60 links b 1
	settled
	writes 60
	# The other way round, a would be the better one for a while.
	cable b sw2 on
	await 90 links b 2
	cable a sw2 on
	await 90 links a 2
	settled
	harm_over
	[[ $(starts) == 2 && $(guest_host) == b ]]
	never_fenced
}

@test "a link that flaps: the guest moves once at most" {
	local was
	well
	was=$(starts)
	harm flaps
	for _ in {1..8}; do
		cable b sw1 off
		sleep 2
		cable b sw1 on
		sleep 3
	done
	await 120 links b 2
	settled
	writes 120
	harm_over
	echo "# flaps: moved $(($(starts) - was)) times" >&3
	[[ $(starts) -le $((was + 1)) ]]
	never_fenced
}

@test "all links of the guest's host: cut off, it is fenced, then the guest goes on on the other" {
	local was s
	well
	# Where the host that is cut off has no quorum.
	if ! on a; then
		at b 'crm_resource --move -r w1 -N a --lifetime PT10M >/dev/null'
		await 240 on a
		at b 'crm_resource --clear -r w1'
		well
	fi
	was=$(starts)
	harm all-links
	for s in sw1 sw2 sw1-guests sw2-guests; do cable a $s off; done
	await 240 test -s power.log
	[[ $(cut -d' ' -f1 power.log) == a ]]
	echo "# all-links: fenced" >&3
	await 300 on b
	writes 180
	harm_over
	[[ $(starts) == $((was + 1)) ]]
	mirror_is b role Primary
}

@test "the host is back with its links: it joins, gets what it lacks, and the guest is left where it is" {
	local was
	was=$(starts)
	harm back
	host_boot a
	await 900 host_ready a
	await 600 online b
	await 300 in_sync b
	await 120 links a 2
	settled
	writes 60
	harm_over
	[[ $(starts) == "$was" && $(guest_host) == b ]]
	[[ $(wc -l <power.log) == 1 ]]
}

@test "no record is lost, none was written twice, and the guest saw no error" {
	local h
	at b 'crm_resource --meta -r w1 -p target-role -v Stopped'
	await 120 at b 'not is w1 running'
	await 60 in_sync b
	for h in a b; do at $h 'sync /dev/vdc'; done
	one_writer
	goes_on w1 "$(starts)"
	[[ $(errors w1) == 0 ]]
	judge w1 b.img 0 a.img
	judge w1 a.img 0 b.img
}
