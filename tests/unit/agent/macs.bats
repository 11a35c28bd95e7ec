#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# One MAC address, one domain of the cluster: what `hv cluster define`, `update` and `hv start` say to a second one.
# The cluster is a configuration in a file.

# bats sets $stderr.
# shellcheck disable=SC2154
bats_require_minimum_version 1.5.0
load domain.bash

setup_file() {
	find_build
	make_roms
}

setup() {
	export TAIKI_RUN_DIR=$BATS_TEST_TMPDIR/run TAIKI_ETC_DIR=$BATS_TEST_TMPDIR/etc TAIKI_CGROUP=
	export CIB_file=$BATS_TEST_TMPDIR/cib.xml
	cibadmin --empty >"$CIB_file"
	domain one 52:54:00:00:00:01 52:54:00:00:00:02
	hv cluster define "$BATS_TEST_TMPDIR/one.xml"
}

hv() { timeout 60 "$O/hv" "$@" 3>&-; }
# domain NAME MAC...: NAME.xml with an interface for each
domain() {
	local name=$1 nics=
	shift
	for mac; do nics+="<interface type='bridge'><source bridge='br0'/><mac address='$mac'/></interface>"; done
	define "$name" 0 "$nics"
}

@test "a domain with an address of its own is defined" {
	domain two 52:54:00:00:00:03
	hv cluster define "$BATS_TEST_TMPDIR/two.xml"
	cibadmin --query --xpath "//primitive[@id='two']" >/dev/null
}

@test "one with another's is not, and the other is named; nothing is in the cluster" {
	domain two 52:54:00:00:00:04 52:54:00:00:00:02
	run --separate-stderr -1 hv cluster define "$BATS_TEST_TMPDIR/two.xml"
	[[ $stderr == *'52:54:00:00:00:02 of its interface 1 is that of domain one'* ]]
	run ! cibadmin --query --xpath "//primitive[@id='two']"
}

@test "an update is asked the same; the domain's own address is no other's" {
	hv cluster update "$BATS_TEST_TMPDIR/one.xml"
	domain two 52:54:00:00:00:03
	hv cluster define "$BATS_TEST_TMPDIR/two.xml"
	domain two 52:54:00:00:00:01
	run --separate-stderr -1 hv cluster update "$BATS_TEST_TMPDIR/two.xml"
	[[ $stderr == *'that of domain one'* ]]
}

@test "one started by hand beside the cluster is refused, too" {
	domain two 52:54:00:00:00:01
	run --separate-stderr -1 hv start "$BATS_TEST_TMPDIR/two.xml"
	[[ $stderr == *'that of domain one'* ]]
}

@test "a definition in a file counts where this host has it" {
	domain file 52:54:00:00:00:09
	hv cluster define --config "$BATS_TEST_TMPDIR/file.xml" "$BATS_TEST_TMPDIR/file.xml"
	domain two 52:54:00:00:00:09
	run --separate-stderr -1 hv cluster define "$BATS_TEST_TMPDIR/two.xml"
	[[ $stderr == *'that of domain file'* ]]
	rm "$BATS_TEST_TMPDIR/file.xml"
	hv cluster define "$BATS_TEST_TMPDIR/two.xml"
}

@test "addresses made from names differ, for 16 domains of 8 interfaces" {
	local i
	for i in $(seq 0 15); do
		define "d$i" 0 "$(printf "<interface type='bridge'><source bridge='br0'/></interface>%.0s" 1 2 3 4 5 6 7 8)"
		hv define --check "$BATS_TEST_TMPDIR/d$i.xml"
	done | sed -n 's/.*has the MAC address \(.*\)\./\1/p' >"$BATS_TEST_TMPDIR/macs"
	[[ $(wc -l <"$BATS_TEST_TMPDIR/macs") -eq 128 ]]
	[[ -z $(sort "$BATS_TEST_TMPDIR/macs" | uniq -d) ]]
}
