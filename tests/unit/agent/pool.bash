# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A pool of guests of one page, on this host and without a cluster: its definitions are in
# a CIB that is a file.

# pool_setup: an empty run root, a CIB, and the agent's environment
pool_setup() {
	# Short, for sockets are in it; readable, for the reporter is hacluster.
	dir=$(mktemp -d /tmp/taiki-pool-XXXX)
	chmod 755 "$dir"
	export dir TAIKI_RUN_DIR=$dir/run CIB_file=$dir/cib.xml
	mkdir "$TAIKI_RUN_DIR"
	export TAIKI_NODE=here TAIKI_CGROUP=taiki-pool-bats.slice
	export OCF_RESOURCE_INSTANCE=pool:0 OCF_RESKEY_CRM_meta_timeout=40000
	export OCF_RESKEY_CRM_meta_interval=10000 OCF_RESKEY_CRM_meta_clone=0
	export OCF_RESKEY_logfile=$dir/log OCF_RESKEY_ready_after=300ms OCF_RESKEY_boot_timeout=60
	export OCF_RESKEY_directory=$dir/spares
	mkdir "$dir/spares"
	rm -f "$CIB_file"
	cibadmin --empty >"$CIB_file"
	chown hacluster "$CIB_file"
}

pool_teardown() {
	# First: whatever it is waiting for, it makes nothing any more.
	[[ ! -s $TAIKI_RUN_DIR/.poold.lock ]] || kill -KILL "$(poold)" 2>/dev/null || true
	kill_domains
	if [[ -z ${BATS_TEST_COMPLETED:-} && -e $dir/log ]]; then sed 's/^/# /' "$dir/log" >&2; fi
	# What it was making may die a moment later.
	until_true 10 rm -rf "$dir"
}

agent() { timeout 60 "$O/resource-agents/pool" "$@"; }
poold() { cat "$TAIKI_RUN_DIR/.poold.lock" 2>/dev/null; }
# poold_gone: with all of its processes, the last of which lets the lock go
poold_gone() { ! "$O/tests/unit/agent/image_lock" "$TAIKI_RUN_DIR/.poold.lock"; }

# in_cib ELEMENT: one more in the CIB's resources
in_cib() { cibadmin --create --scope resources --xml-text "$1"; }

# definition NAME MODE [STANDBY [DEVICES]]: a file
definition() {
	cat >"$dir/$1.xml" <<-XML
		<domain type='kvm'>
		  <name>$1</name>
		  <metadata><taiki:domain xmlns:taiki='urn:taiki:domain:1'>
		    ${3:-<taiki:standby/>}
		  </taiki:domain></metadata>
		  <memory unit='MiB'>16</memory>
		  <vcpu>1</vcpu>
		  <os>
		    <type arch='x86_64'>hvm</type>
		    <loader type='rom'>$BATS_FILE_TMPDIR/guest$2.rom</loader>
		  </os>
		  <features><acpi/></features>
		  <devices>
		    ${4:-}
		    <serial type='pty'/>
		    <panic model='pvpanic'/>
		  </devices>
		</domain>
	XML
}

# domain NAME [MODE [STANDBY [DEVICES]]]: a resource with its definition in the cluster
domain() {
	definition "$1" "${2:-1}" "${@:3}"
	in_cib "<primitive id='$1' class='ocf' provider='taiki' type='domain'>
		<instance_attributes id='$1-a'><nvpair id='$1-d' name='definition' value='$(packed "$1")'/>
		</instance_attributes></primitive>"
}
packed() { python3 -c 'import base64, sys, zlib; print(base64.b64encode(zlib.compress(open(sys.argv[1], "rb").read())).decode())' "$dir/$1.xml"; }

# redefine NAME: what its file says now, into the cluster
redefine() {
	cibadmin --modify --scope resources --xml-text \
		"<nvpair id='$1-d' name='definition' value='$(packed "$1")'/>"
}

status() { "$O/hv" pool --json; }
field() { status | jq -r "$1"; }
state() { field ".standbys[] | select(.name == \"$1\") | .state"; }
is() { [[ $(state "$1") == "$2" ]]; }
complete() { agent monitor >/dev/null 2>&1; }
degraded() { run -190 --separate-stderr agent monitor; }
runs() { [[ -e $TAIKI_RUN_DIR/$1/pid ]] && lives "$(pid_of "$1")"; }

# ready NAME...: all of them are, and nothing else runs
ready() {
	local name
	for name; do is "$name" ready || return 1; done
	[[ $(running) -eq $# ]]
}
# running: how many hv-domain processes of this run root there are
running() {
	local pid n=0
	for pid in $(pgrep -x hv-domain); do
		! grep -qz "^TAIKI_RUN_DIR=$TAIKI_RUN_DIR\$" "/proc/$pid/environ" || n=$((n + 1))
	done
	echo "$n"
}
nothing_runs() { [[ $(running) -eq 0 ]]; }
gone() { [[ ! -e $TAIKI_RUN_DIR/$1 ]]; }
# missing NAME: it is not there and not being made
missing() { ! runs "$1"; }
