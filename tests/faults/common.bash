# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034 # used by the tests that load this
#
# What the fault scripts share: a cluster of three hosts, a guest `web` on it
# that serves HTTP and writes numbered records to its disk, a listener on the
# client host for what the guest says is on disk, and the judgement at the end.
#
# With $TAIKI_FAULTS_SHARED a cluster that lost no host is left up for the next
# file, and whoever set it takes it down; $TAIKI_FAULTS_KEEP leaves it for a look.

# shellcheck source=tests/lab/lab.bash
source "$(dirname "${BASH_SOURCE[0]}")/../lab/lab.bash"

TAIKI_LAB=${TAIKI_LAB:-$(lab_name faults)}
export TAIKI_LAB
address=10.71.1.1
boot_args=  # more of the guest's kernel command line
host=       # where the guest ran when guest_up returned
first_boot= # and its boot id
injected=   # when the fault was

# hosts_up N: new ones, with a kernel for guests
hosts_up() {
	"$tree/tests/tools/guest-image" "$O/guest" >/dev/null 2>&1
	lab down
	lab up -n "$1"
	cp "$O/guest/vmlinuz" "$O/guest/initrd.gz" "$(state)/shared/"
}

# listener_up, listener_down: who is told what is on disk
listener_up() {
	"$LAB_COMMAND" client "$O/tests/history/ack-listen" 7000 "$(state)/history/acks" \
		>"$(state)/listener" 2>&1 3>&- &
	echo $! >"$(state)/listener.pid"
	eventually 10 grep -q ready "$(state)/listener"
}
listener_down() {
	local pid
	pid=$(cat "$(state)/listener.pid" 2>/dev/null) || return 0
	kill "$pid" 2>/dev/null || return 0
	eventually 5 dead "$pid" # the next one has the same port
}

# cluster_up: three hosts, nothing on them, and the listener
cluster_up() {
	{ [[ -n ${TAIKI_FAULTS_SHARED:-} ]] && lab wait 20 2>/dev/null && all_on; } || hosts_up 3
	listener_up
}

cluster_down() {
	[[ -z ${TAIKI_FAULTS_KEEP:-} ]] || return 0
	listener_down
	if [[ -z ${TAIKI_FAULTS_SHARED:-} ]] || ! tidy; then lab down; fi
}

all_on() { [[ $(lab power | grep -c ' on$') -eq 3 ]]; }

# tidy: make a cluster that lost no host as good as new for the next file.  The
# image stays under another name: its inode number stands in the record.
tidy() {
	local node name known
	all_on || return 1
	lab heal
	lab fence all ok
	for node in node1 node2 node3; do lab fault $node none; done
	for name in pool web; do
		known=0
		lab exec node1 timeout 20 crm_resource -q -r $name >/dev/null 2>&1 || known=$?
		case $known in
		0) lab exec node1 timeout 40 pcs resource delete $name --force >/dev/null 2>&1 || return 1 ;;
		105) ;; # there is none: CRM_EX_NOSUCH
		*) return 1 ;;
		esac
	done
	for node in node1 node2 node3; do [[ -z $(started_as $node) ]] || return 1; done
	mv "$(state)/shared/web.raw" "$(state)/shared/used.$(now_ms)"
	mv "$(state)/history/acks" "$(state)/history/acks.$(now_ms)"
	rm -f "$(state)"/shared/{web.xml,kept,leases} "$(state)/listener"
	: >"$(state)/bmc.log"
}

# definition [GUARD...]: the guest's domain XML, with text for its metadata and devices
definition() {
	cat <<-END
		<domain type='kvm'>
		  <name>web</name>
		  <metadata><taiki:domain xmlns:taiki='urn:taiki:domain:1'>${1:-}</taiki:domain></metadata>
		  <memory unit='MiB'>96</memory>
		  <vcpu>1</vcpu>
		  <os>
		    <type arch='x86_64'>hvm</type>
		    <kernel>/shared/vmlinuz</kernel>
		    <initrd>/shared/initrd.gz</initrd>
		    <cmdline>console=ttyS0 quiet cryptomgr.notests taiki.name=web taiki.ip=$address/16 taiki.http taiki.writer=10.71.255.254:7000 $boot_args</cmdline>
		  </os>
		  <features><acpi/></features>
		  <devices>
		    <disk type='file' device='disk'><source file='/shared/web.raw'/><target dev='vda' bus='virtio'/></disk>
		    ${2:-}
		    <interface type='bridge'><source bridge='br0'/><model type='virtio'/></interface>
		    <serial type='pty'/>
		    <panic model='pvpanic'/>
		  </devices>
		</domain>
	END
}

# guest_up [GUARD [DEVICES]]: the resource `web`, waited for until it serves and writes
guest_up() {
	truncate -s 64M "$(state)/shared/web.raw"
	definition "$@" >"$(state)/shared/web.xml"
	lab exec node1 pcs resource create web ocf:taiki:domain config=/shared/web.xml \
		op start timeout=60s stop timeout=15s monitor interval="${monitor_interval:-2s}" timeout=8s \
		meta migration-threshold=1 resource-stickiness=1000
	eventually 120 answers
	eventually 20 acked 20
	eventually 20 known
	note "the guest runs on $host and has $(acks) records on disk"
}

# boot: the boot id of the guest that answers HTTP; answers: whether one does
boot() { lab client curl -fs -m 2 "http://$address/cgi-bin/status" 2>/dev/null | cut -d ' ' -f 2; }
answers() { [[ -n $(boot) ]]; }
answers_anew() {
	local now
	now=$(boot)
	[[ -n $now && $now != "$first_boot" ]]
}
# answers_unchanged: the same boot answers; a busy machine is asked for a while
answers_unchanged() {
	local now until=$(($(now_ms) + 20000))
	until now=$(boot) && [[ -n $now || $(now_ms) -ge $until ]]; do sleep 0.3; done
	[[ $now == "$first_boot" ]] || {
		echo "boot ${now:-(none)} answers, it was $first_boot"
		return 1
	}
}
# known: where the guest runs now, as $host, and which boot of it answers, as $first_boot
known() {
	local on now
	on=$(host_of)
	now=$(boot)
	[[ $on == node[0-9] && -n $now ]] || return 1
	host=$on first_boot=$now
}

acks() { wc -l <"$(state)/history/acks" 2>/dev/null || echo 0; }
acked() { [[ $(acks) -ge $1 ]]; }
# acked_anew: the guest that runs now has records of its own on disk
acked_anew() {
	local now
	now=$(boot)
	[[ -n $now && $(tail -n 1 "$(state)/history/acks") == *"$now"* ]]
}

# observer: a host that is on, and is not $host
observer() {
	local node
	for node in node1 node2 node3; do
		[[ $node == "${host:-}" ]] || ! [[ -e $(state)/nodes/$node/init ]] || {
			echo "$node"
			return
		}
	done
}

# placed_on RESOURCE: where Pacemaker says it runs; host_of: the guest
placed_on() {
	local said
	for _ in 1 2 3; do
		! said=$(lab exec "$(observer)" timeout 10 crm_resource -W -r "$1" 2>/dev/null) || break
	done
	sed -n 's/.*running on: \(node[0-9]*\).*/\1/p' <<<"$said"
}
host_of() { placed_on web; }

# asked COMMAND...: of the cluster; where nobody decides for it at the moment, again
asked() { eventually 30 taken "$@"; }
taken() { lab exec "$(observer)" timeout 30 "$@"; }
# settled: nothing is left to do for the cluster
settled() { lab exec "$(observer)" timeout 90 crm_resource --wait --timeout 60; }

# process NODE COMM: a process there, as this machine numbers it
process() {
	local pid
	read -r pid < <(lab pids "$1" "$2") && echo "$pid"
}
# started_as NODE: its hv-domain processes, "PID NAME" a line: the name each was started with
started_as() {
	local pid words
	for pid in $(lab pids "$1" hv-domain); do
		{ mapfile -d '' words <"/proc/$pid/cmdline"; } 2>/dev/null || continue
		[[ ${#words[@]} -eq 0 ]] || echo "$pid ${words[-1]}"
	done
}
# adopted_as NODE NAME: by which number the node itself knows the process of that domain
adopted_as() { lab exec "$1" cat "/run/taiki/$2/pid" 2>/dev/null; }
inner_pid() { sed -n 's/^NSpid:.*[[:space:]]//p' "/proc/$1/status" 2>/dev/null; }

# domain_process NODE NAME: the process of that domain there; pid_of NODE: of the guest.
# Who was adopted keeps the name that it waited under, and is the domain by its run directory.
domain_process() {
	local pid name
	while read -r pid name; do
		if [[ $name == "$2" || ($name == *@* && $(inner_pid "$pid") == $(adopted_as "$1" "$2")) ]]; then
			echo "$pid"
			return
		fi
	done < <(started_as "$1")
	return 1
}
# waiting_process NODE NAME: of what waits there under this name
waiting_process() {
	local pid name
	while read -r pid name; do
		if [[ $name == "$2" && $(inner_pid "$pid") == $(adopted_as "$1" "$2") ]]; then
			echo "$pid"
			return
		fi
	done < <(started_as "$1")
	return 1
}
pid_of() { domain_process "$1" web; }
runs_on() { pid_of "$1" >/dev/null; }
runs_nowhere() { ! { runs_on node1 || runs_on node2 || runs_on node3; }; }
# copies: how many hosts run it
copies() {
	local node n=0
	for node in node1 node2 node3; do
		[[ -e $(state)/nodes/$node/init ]] && runs_on "$node" && n=$((n + 1))
	done
	echo "$n"
}

# in_guest TEXT: type it on the guest's console
in_guest() {
	printf '\n%s\n' "$1" | lab exec "$host" timeout 5 socat -t 1 - \
		UNIX-CONNECT:/run/taiki/web/console.sock >/dev/null || true
}

# inject TEXT COMMAND...: the fault, and the moment it happened
inject() {
	note "injected: $1"
	shift
	injected=$(now_ms)
	"$@"
}
must() { note "must hold: $*"; }
took() { note "$1 after $(($(now_ms) - injected)) ms"; }

# fenced NODE: it was switched off by the power controller, not by us
fenced() { grep -q "off $1\$" "$(state)/bmc.log" && node_off "$1"; }
never_fenced() { ! grep -q ' off ' "$(state)/bmc.log"; }

# judge: what the storage servers and the listener recorded
judge() {
	"$O/tests/history/history-check" --image "$(state)/shared/web.raw" \
		--shared /leases --acks "$(state)/history/acks" --at-least 20 "$(state)"/history/*.jsonl
}
history_is_clean() {
	local out
	out=$(judge) || {
		echo "$out"
		return 1
	}
	note "$out"
}

# recovered: it serves and writes again, once, and nothing was lost
recovered() {
	eventually 120 answers_anew
	took "answered again, on $(host_of),"
	eventually 20 acked_anew
	one_copy
	history_is_clean
}
one_copy() {
	local n
	n=$(copies)
	[[ $n -eq 1 ]] || {
		echo "$n copies run:"
		for n in node1 node2 node3; do started_as "$n" | sed "s/^/$n: /"; done
		return 1
	}
}
