#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # run sets stderr
#
# hv check cluster: what it says of domains whose resources are not set as they should be, and
# that the command it names puts it right.  (Its sums: tests/unit/lib/test_check_sums.c.)

bats_require_minimum_version 1.5.0

setup_file() {
	here=$(cd "$BATS_TEST_DIRNAME/../../.." && pwd)
	O=${O:-$here/build}
	[[ $O == /* ]] || O=$here/$O
	export O HV=$O/hv
	# No Corosync runs here; what it would say of its times is not what this is about.
	mkdir "$BATS_FILE_TMPDIR/bin"
	printf '#!/bin/sh\necho "runtime.config.totem.%s (u32) = 1000"\necho "runtime.config.totem.%s (u32) = 1200"\n' \
		token consensus >"$BATS_FILE_TMPDIR/bin/corosync-cmapctl"
	chmod +x "$BATS_FILE_TMPDIR/bin/corosync-cmapctl"
	export PATH=$BATS_FILE_TMPDIR/bin:$PATH
}

setup() {
	export CIB_file=$BATS_TEST_TMPDIR/cib.xml
}

cluster() { "$BATS_TEST_DIRNAME/small-cib" "$@" >"$CIB_file"; }
check() {
	local code=$1
	shift
	run -"$code" --separate-stderr "$HV" check cluster "$@"
}
# meta DOMAIN NAME VALUE: as somebody else would set it
meta() { crm_resource --resource "$1" --meta --set-parameter "$2" --parameter-value "$3" >/dev/null; }
# put_right: run each command that was named
put_right() {
	local -a words
	while read -r -a words; do "${words[@]}" >/dev/null; done < <(sed -n 's/^ *run: //p' <<<"$output")
}

@test "nothing is set: said for what has twins, and hv plan --apply does it all" {
	cluster unbooked pool spare
	sed -i 's/<nvpair id="[a-z]*-ma-resource-stickiness"[^>]*>//g' "$CIB_file"
	check 1
	[[ $output == *"wrong     web: migration-threshold"*"not set"*"needs 1: after a failure it is started anew where it failed"* ]]
	[[ $output == *"wrong     db: resource-stickiness"*"needs 1000: it leaves its host for its twin"* ]]
	[[ $output == *"wrong     web: rule"*"nothing prefers the host where its twin waits"* ]]
	[[ $output == *"run: hv plan --apply"* && $output != *"crm_resource"* && $output != *"mail:"* ]]
	"$HV" plan --apply
	check 0
	[[ $output != *"wrong"* ]]
}

@test "what somebody has set wrongly is named with the command, and that puts it right" {
	cluster unbooked pool spare
	"$HV" plan --apply
	meta web migration-threshold 3
	meta mail migration-threshold 2
	meta db resource-stickiness 150
	meta mail resource-stickiness INFINITY
	check 1
	[[ $output == *"web: migration-threshold"*" 3 "*"needs 1: "*"--resource web --meta --set-parameter migration-threshold --parameter-value 1"* ]]
	[[ $output == *"mail: migration-threshold"*" 2 "*"needs 1, or INFINITY: Pacemaker counts"* ]]
	[[ $output == *"db: resource-stickiness"*" 150 "*"needs 1000: it leaves"* ]]
	[[ $output == *"mail: resource-stickiness"*" INFINITY "*"cannot move it"* ]]
	check 1 --json
	jq -e '.domains | length == 4 and all(.run | startswith("crm_resource --resource "))' <<<"$output"
	check 1
	put_right
	check 0
	check 0 --json
	jq -e '.domains == [] and (.sums | length > 0)' <<<"$output"
}

@test "without a pool a domain may fail where it is as often as it likes, or never" {
	cluster unbooked
	"$HV" plan --apply
	check 0
	meta web migration-threshold INFINITY
	meta db migration-threshold 1
	check 0
	meta db migration-threshold 5
	check 1
	[[ $output == *"db: migration-threshold"* ]]
}
