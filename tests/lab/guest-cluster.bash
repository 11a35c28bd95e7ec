# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # tree, and lab, state: of who loads this
#
# A cluster inside guests: Corosync and Pacemaker of Debian's packages in three
# domains on the three hosts of a lab, which fence one another with fence_taiki.
# What the guests say is on their consoles; what is proven is said by the hosts.

# guests: three domains, each with a place of its own
guests() {
	local shared n image
	image=$("$tree/tests/tools/cluster-guest-image")
	shared=$(state)/shared
	cp "$O/guest/vmlinuz" "$image/initrd" "$image/root.ext4" "$shared/"
	for n in 1 2 3; do
		guest_definition "$n" >"$shared/guest$n.xml"
		cat <<-END
			primitive guest$n ocf:taiki:domain params config=/shared/guest$n.xml \
				force_stop=yes op start timeout=120s interval=0 op stop timeout=90s interval=0 \
				op monitor interval=20s timeout=60s meta migration-threshold=INFINITY
			location guest$n-here guest$n rule -inf: #uname ne node$n
		END
	done >"$shared/configuration"
	lab exec node1 crm -F configure load update /shared/configuration
}

# The hosts only note a guest that hangs: here it is the guests' cluster that acts.
guest_definition() {
	cat <<-END
		<domain type='kvm'>
		  <name>guest$1</name>
		  <metadata><taiki:domain xmlns:taiki='urn:taiki:domain:1'>
		    <taiki:engine>soft</taiki:engine>
		    <taiki:fencing group='guests'/>
		    <taiki:heartbeat action='notify' boot-grace='10min'/>
		  </taiki:domain></metadata>
		  <memory unit='MiB'>512</memory>
		  <vcpu>1</vcpu>
		  <os>
		    <type arch='x86_64'>hvm</type>
		    <kernel>/shared/vmlinuz</kernel>
		    <initrd>/shared/initrd</initrd>
		    <cmdline>console=ttyS0 quiet cryptomgr.notests mitigations=off taiki.node=$1 taiki.net=10.71.2 taiki.nodes=3 taiki.fence</cmdline>
		  </os>
		  <features><acpi/></features>
		  <devices>
		    <disk type='file' device='disk'>
		      <source file='/shared/root.ext4'/><target dev='vda' bus='virtio'/><readonly/>
		    </disk>
		    <interface type='bridge'><source bridge='br0'/><model type='virtio'/></interface>
		    <serial type='pty'/>
		    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
		  </devices>
		</domain>
	END
}

# all_console N: of guest N; console N: of its present start
all_console() { lab exec "node$1" cat "/run/taiki/guest$1/console.log" 2>/dev/null || true; }
console() {
	all_console "$1" |
		awk '/init: guest[0-9] starts its cluster/ { text = "" } { text = text $0 "\n" } END { printf "%s", text }'
}
boots() { all_console "$1" | grep -c 'init: guest[0-9] starts its cluster' || true; }
booted() { [[ $(boots "$1") -gt $2 ]]; }
# said N PATTERN: on guest N's console, in this start of it
said() { console "$1" | grep -qE -- "$2"; }
type_() {
	{
		printf '%s\n' "$2"
		sleep 1
	} | lab exec "node$1" socat -u STDIN "UNIX-CONNECT:/run/taiki/guest$1/console.sock"
}

# state_in TEXT: of the controller whose log it is
state_in() { grep -oE 'State transition [A-Z_]* -> [A-Z_]*' <<<"$1" | tail -n 1 | sed 's/.* //'; }
state_of() { state_in "$(console "$1")"; }
# dc: the number of the guest that decides for its cluster
dc() {
	local n
	for n in 1 2 3; do
		case $(runs "$n" && state_of "$n") in
		S_IDLE | S_TRANSITION_ENGINE | S_POLICY_ENGINE | S_INTEGRATION | S_FINALIZE_JOIN)
			echo "$n"
			return
			;;
		esac
	done
	return 1
}
# formed: all see all, with a fence device, and one of them decides.  To be asked again and
# again, so it costs little where it does not hold.
formed() {
	local n of text states=
	for n in 1 2 3; do
		text=$(console "$n")
		for of in 1 2 3; do
			grep -q "controld.*Node guest$of state is now member" <<<"$text" || break 2
		done
		grep -q "Added 'fence' to device list" <<<"$text" || break
		states+=" $(state_in "$text")"
	done
	[[ $(tr ' ' '\n' <<<"$states" | sort | tr '\n' ' ') == ' S_IDLE S_NOT_DC S_NOT_DC ' ]] && return
	sleep 2
	return 1
}
runs() { lab exec "node$1" hv list --json | jq -e ".[] | select(.name == \"guest$1\" and .state == \"running\")" >/dev/null; }
# audited PATTERN: some host's audit log says so
audited() {
	local n
	for n in 1 2 3; do lab exec "node$n" cat /var/log/taiki/fence.log; done | grep -E -- "$1"
}

# offs N: how often the guests have fenced guest N, as they say
offs() {
	local n all=0
	for n in 1 2 3; do
		[[ $n -eq $1 ]] ||
			all=$((all + $(all_console "$n" | grep -cE "finalize_op.*'off' targeting guest$1 .*: OK" || true)))
	done
	echo "$all"
}
fenced() { [[ $(offs "$1") -gt $2 ]] || { sleep 1 && return 1; }; }

# proven N: and the host has the proof
proven() {
	! runs "$1" &&
		[[ $(lab exec node1 crm_resource -r "guest$1" --meta -g target-role) == Stopped ]] &&
		audited "\"outcome\".*\"op\": \"off\", \"target\": \"guest$1\".*\"result\": \"done\"" >/dev/null
}
