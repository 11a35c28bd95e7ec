# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # demo sets, and reads, what is used here
#
# The demo's second act: guests that fail, and guests that fence guests.

events_hang=(
	"verdict=taiki-heartbeatd.*web2.*failed"
	"told=web2_asyncmon_0|Simulated failure"
	"deciding=Initiating start operation web2_start_0"
	"started=Result of start operation for web2 on .*: ok"
	"answer=^HTTP "
)

# hang: web2 loops with interrupts off; its process lives on and its disk is well
hang() {
	local on node live=()
	on=$(host_of "$watcher" web2)
	old[web2]=$(boot_of web2)
	[[ -n $on && -n ${old[web2]} ]] || fail "web2 does not answer before it is hung"
	for node in node1 node2 node3; do
		[[ $node == "$victim" ]] || live+=("$node")
	done
	at=()
	watch web2 "${live[*]}" "${events_hang[@]}"
	echo
	step "${bold}${red}web2 is hung from inside, on $on: it loops with interrupts off${off}"
	at[fault]=$(now)
	printf '\n/guest-hang &\n' | lab exec "$on" timeout 5 socat -t 1 - \
		UNIX-CONNECT:/run/taiki/web2/console.sock >/dev/null
	follow web2
	step "web2 runs on $(host_of "$watcher" web2) now; what heartbeat saw on $on:"
	lab exec "$on" taiki-heartbeat log web2 -n 20 2>/dev/null | grep -- '[evt] -> failed' | tail -n 1 | sed 's/^/         /'
	table_head
	part hang fault verdict "silent for its timeout of 2 s, though it ran"
	part report verdict told "until Pacemaker's controller had the failure"
	part recovery told started "kill with proof, start elsewhere"
	part boot started answer "the guest's own boot"
	part total fault answer "hang to HTTP answer"
	history web1.raw web2.raw
	printf '%sweb2 answered again, and nothing ran twice.%s\n' "$green" "$off"
}

# What guest-cluster.bash needs of who loads it.
tree=$root
state() { lab path; }
# shellcheck source=tests/lab/guest-cluster.bash
source "$here/guest-cluster.bash"

all_hosts_on() { lab wait 10 2>/dev/null; }
dc_known() { dc >/dev/null; }
fenced_once() { [[ $(offs "$1") -gt 0 ]]; }

# guests_fence: a cluster inside three guests loses a member and fences it through the hypervisor
guests_fence() {
	local member name
	echo
	step "$victim is switched on again"
	lab power-on "$victim" || fail "$victim cannot be switched on"
	until_true 60 all_hosts_on || fail "the three hosts did not form a cluster again"
	step "three guests on three hosts form a cluster of their own: Debian's Corosync and Pacemaker"
	guests >/dev/null 2>&1 || fail "the guests' cluster could not be configured"
	for member in 1 2 3; do
		until_true 120 said "$member" 'starts its cluster' || fail "guest$member does not boot"
		step "guest$member has booted on node$member"
	done
	until_true 300 formed || fail "the guests' cluster did not form within 300 s; see: lab --name $TAIKI_LAB exec node1 hv console guest1"
	step "it has formed, is quorate, and can fence: stonith:fence_taiki over org.taiki.fence.0"
	member=$((($(dc) % 3) + 1))
	name=guest$member
	echo
	step "${bold}${red}corosync is killed in $name${off}"
	at=([fault]=$(now))
	type_ "$member" 'killall -9 corosync'
	until_true 240 fenced_once "$member" || fail "$name was not fenced within 240 s"
	at[fenced]=$(now)
	step "the guests' cluster has fenced $name; what the hosts say:"
	audited "\"outcome\".*\"op\": \"off\", \"target\": \"$name\".*\"done\"" | tail -n 1 | cut -c 1-200 | sed 's/^/         /'
	until_true 20 proven "$member" || fail "$name is not proven off on its host"
	table_head
	part guest-fence fault fenced "until its own cluster had it fenced, with the host's proof"
	printf '%s%s is off, and stays off until its cluster turns it on.%s\n' "$green" "$name" "$off"
}
