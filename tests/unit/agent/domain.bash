# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Domains of one page (guest.S) for bats files: roms, make_roms, define, and
# what one asks about a process.

# find_build: $O, and the programs in it
find_build() {
	local here
	here=$(cd "$BATS_TEST_DIRNAME/../../.." && pwd)
	O=${O:-$here/build}
	[[ $O == /* ]] || O=$here/$O
	export O AGENT=$O/resource-agents/domain
	export TAIKI_HV=$O/hv TAIKI_HV_DOMAIN=$O/hv-domain
}

# make_roms: guest0.rom to guest4.rom, one for each MODE of guest.S
make_roms() {
	local mode source
	source=$(dirname "${BASH_SOURCE[0]}")/guest.S
	for mode in 0 1 2 3 4; do
		as --32 --defsym MODE=$mode -o "$BATS_FILE_TMPDIR/guest.o" "$source"
		objcopy -O binary -j .text "$BATS_FILE_TMPDIR/guest.o" "$BATS_FILE_TMPDIR/guest$mode.rom"
	done
}

# kill_domains: whatever a test left running
kill_domains() {
	local dir
	for dir in "$TAIKI_RUN_DIR"/*/; do
		[[ -e $dir/pid ]] || continue
		kill -KILL "$(cat "$dir/pid")" 2>/dev/null || true
	done
}

# define NAME MODE [DEVICES [LIFE]]: writes NAME.xml and makes it the resource's definition
define() {
	export OCF_RESKEY_config=$BATS_TEST_TMPDIR/$1.xml
	cat >"$OCF_RESKEY_config" <<-XML
		<domain type='kvm'>
		  <name>$1</name>
		  <memory unit='MiB'>16</memory>
		  <vcpu>1</vcpu>
		  <os>
		    <type arch='x86_64'>hvm</type>
		    <loader type='rom'>$BATS_FILE_TMPDIR/guest$2.rom</loader>
		  </os>
		  <features><acpi/></features>
		  ${4:-}
		  <devices>
		    ${3:-}
		    <serial type='pty'/>
		  </devices>
		</domain>
	XML
}

pid_of() { cat "$TAIKI_RUN_DIR/$1/pid"; }
# lives PID: it may be gone at any moment; one that only waits to be reaped is dead, one of whose
# threads not all have ended has its files and locks still
lives() {
	local state threads
	kill -0 "$1" 2>/dev/null || return 1
	state=$(grep '^State:' "/proc/$1/status" 2>/dev/null) || return 1
	threads=("/proc/$1/task/"*)
	[[ $state != *Z* || ${#threads[@]} -gt 1 ]]
}

# until_true SECONDS COMMAND...: waits until it holds
until_true() {
	local end=$((SECONDS + 4 * $1)) # a machine is not always at rest
	shift
	until "$@"; do
		((SECONDS < end)) || return 1
		sleep 0.05
	done
}

schema() { xmllint --noout --nonet --relaxng "$1" "$2"; }

# agent_metadata_fits: of OCF 1.0 and 1.1, which are left as 1.0.xml and 1.1.xml
agent_metadata_fits() {
	agent meta-data >"$BATS_TEST_TMPDIR/1.0.xml"
	OCF_RA_VERSION_MAJOR=1 OCF_RA_VERSION_MINOR=1 agent meta-data >"$BATS_TEST_TMPDIR/1.1.xml"
	schema /usr/share/resource-agents/metadata.rng "$BATS_TEST_TMPDIR/1.0.xml"
	schema /usr/share/pcs/data/ocf-1.0.rng "$BATS_TEST_TMPDIR/1.0.xml"
	schema /usr/share/pcs/data/ocf-1.1.rng "$BATS_TEST_TMPDIR/1.1.xml"
	xmllint --noout --nonet --dtdvalid /usr/share/resource-agents/ra-api-1.dtd \
		"$BATS_TEST_TMPDIR/1.0.xml"
}
