#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034 # pair.bash reads PID
#
# The distribution's drbdadm with an ordinary drbd.conf drives taiki-mirrord.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/unit/mirror/pair.bash
load pair.bash

setup() {
	export TAIKI_MIRRORD=$BUILD/taiki-mirrord TAIKI_CGROUP=taiki-drbdadm-bats.slice
	export DRBD_DRIVER_VERSION_OVERRIDE=8.4.11
	PAIR=$(mktemp -d /tmp/pair.XXXXXX)
	# below those that the kernel gives to whoever connects
	declare -gA PORT=([a]=$((20000 + RANDOM % 6000)) [b]=$((26000 + RANDOM % 6000))) PID=([a]='' [b]='')
	local n
	for n in a b; do
		mkdir "$PAIR/$n"
		truncate -s 32M "$PAIR/$n.img"
	done
	# drbdmeta wants to be told that a file will do as well.
	printf '#!/bin/sh\nexec drbdmeta --force "$@"\n' >"$PAIR/drbdmeta"
	chmod 755 "$PAIR/drbdmeta"
	conf
}

teardown() {
	local n
	for n in a b; do PID[$n]=$(cat "$PAIR/$n/.mirror/r0/control.lock" 2>/dev/null || true); done
	pair_end
}

# conf [NET [DISK]]: both sides' drbd.conf, with more for its sections
conf() {
	local n other minor=61
	for n in a b; do
		other=b
		[[ $n == a ]] || other=a minor=62
		cat >"$PAIR/$n.conf" <<-END
			global { usage-count no; }
			common { net { protocol C; } }
			resource r0 {
				device minor $minor; disk $PAIR/$n.img; meta-disk internal;
				net {
					cram-hmac-alg sha256; shared-secret "open sesame"; csums-alg sha1;
					ping-timeout 50; max-buffers 8000; ${1:-}
				}
				disk { al-extents 997; c-max-rate 700M; c-fill-target 2M; rs-discard-granularity 64k; ${2:-} }
				on $(uname -n) { address 127.0.0.1:${PORT[$n]}; }
				on elsewhere { address 127.0.0.1:${PORT[$other]}; }
			}
		END
	done
}

# adm NODE ARGUMENTS...: drbdadm there, in a mount namespace, since it keeps things in /var
adm() {
	local n=$1
	shift
	# shellcheck disable=SC2016
	mkdir -p "$PAIR/$n.var"
	# shellcheck disable=SC2016 # sh's
	TAIKI_RUN_DIR=$PAIR/$n TAIKI_MIRROR_LOG=$PAIR/$n.log timeout 100 unshare -m sh -c '
		mount --bind "$1" /var/lib/drbd || exit 99
		shift
		exec drbdadm "$@"' sh "$PAIR/$n.var" -c "$PAIR/$n.conf" \
		--drbdsetup="$BUILD/taiki-drbdsetup" --drbdmeta="$PAIR/drbdmeta" "$@" 3>&-
}

created() {
	local n
	for n in a b; do mirror $n create-md --disk "$PAIR/$n.img"; done
}

@test "create-md, up, primary, role, cstate, dstate, status, secondary, disconnect, connect, down" {
	created
	adm a up r0
	adm b up r0
	await is a connection Connected
	adm a primary --force r0
	synced
	[[ $(adm a role r0) == Primary/Secondary ]]
	[[ $(adm a cstate r0) == Connected ]]
	[[ $(adm b dstate r0) == UpToDate/UpToDate ]]
	run -0 adm a status r0
	[[ $output == *"r0 role:Primary"*"disk:UpToDate"*"peer-disk:UpToDate"* ]]
	qemu-io -f raw -c 'write -P 5 0 8M' -c flush "$(nbd a)" >/dev/null
	same
	run ! adm b primary r0
	adm a invalidate-remote r0
	await grep -q 'to begin a resync of everything to the peer' "$PAIR/a.log"
	synced
	adm a secondary r0
	adm b primary r0
	adm b secondary r0
	adm a disconnect r0
	await is a connection StandAlone
	adm a connect r0
	synced
	run ! adm a up r0
	[[ $output == *"it is up already"* && $output != *apply-al* && $output != *BLKSSZGET* ]]
	adm a down r0
	adm b down r0
	[[ ! -e $PAIR/a/.mirror/r0/drbdsetup.json && ! -e $PAIR/a/.mirror/r0/secret ]]
	# the kernel's tool finds it in order
	run -0 drbdmeta --force - v08 "$PAIR/a.img" internal dump-md
	[[ $output != *unclean* ]]
}

@test "the secret and the options come to the daemon; the secret is nobody else's to read" {
	created
	adm a up r0
	local pid
	pid=$(cat "$PAIR/a/.mirror/r0/control.lock")
	tr '\0' ' ' <"/proc/$pid/cmdline" >"$PAIR/cmdline"
	grep -q -- '--al-extents 997 ' "$PAIR/cmdline"
	grep -q -- '--ping-timeout 5000 ' "$PAIR/cmdline"
	grep -q -- '--protocol C ' "$PAIR/cmdline"
	grep -q -- '--csums-alg sha1 ' "$PAIR/cmdline"
	grep -q -- '--c-max-rate 716800 ' "$PAIR/cmdline"
	grep -q -- '--c-fill-target 4096 ' "$PAIR/cmdline"
	grep -q -- '--rs-discard-granularity 65536 ' "$PAIR/cmdline"
	run ! grep -q sesame "$PAIR/cmdline"
	[[ $(stat -c %a "$PAIR/a/.mirror/r0/secret") == 600 ]]
	[[ $(cat "$PAIR/a/.mirror/r0/secret") == "open sesame" ]]
}

option() { tr '\0' ' ' <"/proc/$(cat "$PAIR/$1/.mirror/r0/control.lock")/cmdline" | grep -q -- "$2"; }

@test "adjust brings up what is not up, changes what is other, and nothing where nothing is" {
	created
	adm a adjust r0
	adm b adjust r0
	await is a connection Connected
	adm a primary --force r0
	synced
	local pid said
	pid=$(cat "$PAIR/a/.mirror/r0/control.lock")
	said=$(adm a -d adjust r0)
	[[ -z $said ]]
	conf "ko-count 3; timeout 25;" "fencing dont-care;"
	said=$(adm a -d adjust r0)
	[[ $said == *net-options* ]]
	adm a adjust r0
	mirror a history r0 | grep -q 'other options$'
	said=$(adm a -d adjust r0)
	[[ -z $said ]]
	[[ $(cat "$PAIR/a/.mirror/r0/control.lock") == "$pid" ]]
	is a connection Connected
	# what both sides agree on waits for the next connection
	run -0 adm a net-options --protocol=B r0
	[[ $output == *"protocol is another from the next connection on"* ]]
	adm a disconnect r0
	mirror a connect r0
	await grep -q 'is configured for protocol' "$PAIR/a.log"
	await is a connection StandAlone
	adm a net-options --protocol=C r0
	adm a connect r0
	adm b disconnect r0 || true
	adm b adjust r0
	synced
	qemu-io -f raw -c 'write -P 5 0 8M' -c flush "$(nbd a)" >/dev/null
	same
}

@test "a hung peer is given up by the options that were changed while it was there" {
	created
	adm a up r0
	adm b up r0
	await is a connection Connected
	adm a primary --force r0
	synced
	adm a net-options --ko-count=1 --timeout=5 --ping-timeout=300 r0
	mirror a history r0 | grep -q 'other options$'
	kill -STOP "$(cat "$PAIR/b/.mirror/r0/control.lock")"
	qemu-io -f raw -c 'write -P 5 0 64k' -c flush "$(nbd a)" >/dev/null
	mirror a history r0 | grep -q 'no answer to a write within 1 times 500 ms'
	kill -CONT "$(cat "$PAIR/b/.mirror/r0/control.lock")"
	synced
	same
}

@test "wait-connect, get-gi, show-gi; what the daemon refuses is not done to the disk behind it" {
	created
	adm a up r0
	(
		sleep 1
		adm b up r0
	) 3>&- &
	adm a wait-connect r0
	wait
	adm a primary --force r0
	synced
	adm a show-gi r0 | grep -q '^1 .*was up to date'
	adm b disconnect r0
	await is a connection WFConnection
	run ! adm b wait-connect r0
	[[ $output == *StandAlone* ]]
	run ! adm a invalidate r0 # nobody would have its data then
	[[ $output != *drbdmeta* ]]
	is a disk UpToDate
	adm a secondary r0
	local gi
	gi=$(adm a get-gi r0)
	[[ $gi == *:1:1:0:0:0:0:0 ]]
	# as drbdmeta says it of the disk when nobody has it
	adm a down r0
	[[ $(drbdmeta --force - v08 "$PAIR/a.img" internal get-gi 2>/dev/null) == "${gi:0:15}"* ]]
}

@test "resize: the volume follows its disks" {
	created
	adm a up r0
	adm b up r0
	await is a connection Connected
	adm a primary --force r0
	synced
	truncate -s 64M "$PAIR/a.img" "$PAIR/b.img"
	adm a resize r0
	await is a size $(((64 * 1024 - 40) * 1024))
	synced
	same
	run ! adm a resize r0
	[[ $output == *"no room"* ]]
	adm b resize --size=48M r0 || true
	is b size $(((64 * 1024 - 40) * 1024))
	adm a down r0
	adm b down r0
	adm a up r0
	is a size $(((64 * 1024 - 40) * 1024))
}

@test "two volumes in a resource are refused, and what to do instead is said" {
	created
	sed -i "s|device minor 61; disk \(.*\.img\); meta-disk internal;|volume 0 { device minor 61; disk \1; meta-disk internal; }\n\
volume 1 { device minor 64; disk $PAIR/b.img; meta-disk internal; }|" "$PAIR/a.conf"
	run ! adm a up r0
	[[ $output == *"a resource has one volume here"*"of their own"* ]]
	[[ ! -e $PAIR/a/.mirror/r0/control.sock ]]
}

@test "what is not there is refused by its name, and nothing runs" {
	created
	conf "allow-two-primaries yes;"
	run ! adm a up r0
	[[ $output == *"allow-two-primaries yes is not there with taiki-mirrord"* ]]
	[[ ! -e $PAIR/a/.mirror/r0/control.sock ]]
	conf
	run ! adm a new-current-uuid r0
	run ! adm a primary r0
}

@test "with fencing comes the handler, and quorum" {
	created
	conf "" "fencing resource-and-stonith;"
	adm a up r0
	[[ $(status a suspended-by | tr -d ' \n"') == "[quorum]" ]]
	tr '\0' ' ' <"/proc/$(cat "$PAIR/a/.mirror/r0/control.lock")/cmdline" >"$PAIR/cmdline"
	grep -q -- '--fencing resource-and-stonith .*--fence-peer .*taiki-fence-peer' "$PAIR/cmdline"
}
