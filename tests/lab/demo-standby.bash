# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # demo sets, and reads, what is used here
#
# The demo's third act: three actives on two hosts share one standby host, and the
# same loss twice: started cold, then adopted by what waits.
#
#   STANDBY=twin|spare   what waits (twin)
#   SLOW="SECONDS..."    how long fencing takes, each for its own (0)
#   ROUNDS=N             how often, cold and adopted in turns (1)

# shellcheck source=tests/lab/standby-guests.bash
source "$here/standby-guests.bash"

STANDBY=${STANDBY:-twin}
SLOW=${SLOW:-0}
ROUNDS=${ROUNDS:-1}
actives=(web db app)
lost_ones=(web db) # what runs on the host that is lost
ip+=([web]=10.71.2.1 [db]=10.71.2.2 [app]=10.71.2.3)
declare -A home=([web]=node1 [db]=node1 [app]=node2) label=([twin]=hot [spare]=warm)

events_standby=(
	"${events_power[@]:0:4}"
	"deciding=Initiating start operation web_start_0"
	"started=Result of start operation for web on .*: ok"
	"answer=^HTTP web "
	"db=^HTTP db "
)
text[db]="db answers, too"

all_answer() {
	local name
	for name in "${actives[@]}"; do answers "$name" || return 1; done
}
at_home() {
	local name
	for name in "${actives[@]}"; do [[ $(host_of node3 "$name") == "${home[$name]}" ]] || return 1; done
}
all_wait() {
	local name
	if [[ $STANDBY == spare ]]; then
		spares_ready node3 node3 ${#lost_ones[@]}
	else
		for name in "${actives[@]}"; do twin_ready node3 node3 "$name" || return 1; done
	fi
}

# standby_cluster: three hosts anew, and three actives on two of them
standby_cluster() {
	local name
	step "a cluster of three nodes: three actives on node1 and node2, node3 stands by"
	lab down >/dev/null 2>&1
	lab up -n 3 2>&1 | sed 's/^/         /'
	[[ ${PIPESTATUS[0]} -eq 0 ]] || fail "the cluster did not come up"
	shared=$(lab path)/shared
	cp "$O/guest/vmlinuz" "$O/guest/initrd.gz" "$shared/" || fail "no room for the guest"
	standby_template >"$shared/template.xml"
	for name in "${actives[@]}"; do
		truncate -s 16M "$shared/$name.raw"
		standby_domain "$name" "${ip[$name]}" taiki.data=/dev/vda >"$shared/$name.xml"
		lab exec node1 pcs resource create "$name" ocf:taiki:domain config="/shared/$name.xml" \
			op start timeout=90s stop timeout=90s monitor interval=10s timeout=20s \
			meta migration-threshold=1 resource-stickiness=1000 --disabled >/dev/null &&
			lab exec node1 pcs constraint location "$name" prefers "${home[$name]}=10" &&
			standby_rule node1 "$name" &&
			lab exec node1 pcs resource enable "$name" || fail "$name could not be configured"
	done
	until_true 180 all_answer || fail "not all of ${actives[*]} answer"
	until_true 20 at_home || fail "not all of ${actives[*]} are where they are to be"
	for name in "${actives[@]}"; do step "$name answers on ${ip[$name]}, runs on $(host_of node3 "$name")"; done
}

# promises_known: the ledger of node3 knows whose loss each twin is for, which the pool looks up now and then
promises_known() { ! lab exec node3 hv ledger 2>/dev/null | grep -q '(not known)'; }

# pool: what waits on node3; configured once, then switched on
pool() {
	local what=(domains="${actives[*]}")
	if lab exec node2 crm_resource -q -r pool >/dev/null 2>&1; then
		lab exec node2 pcs resource enable pool >/dev/null || fail "the pool could not be enabled"
	else
		[[ $STANDBY != spare ]] || what=(spares=${#lost_ones[@]} template=/shared/template.xml)
		step "${bold}pcs${off} resource create pool ocf:taiki:pool ${what[*]} clone"
		lab exec node1 pcs resource create pool ocf:taiki:pool "${what[@]}" clone >/dev/null &&
			lab exec node1 pcs constraint location pool-clone avoids node1 node2 ||
			fail "the pool could not be configured"
	fi
	until_true 240 all_wait || fail "not everything waits on node3; see: lab --name $TAIKI_LAB status"
	until_true 30 promises_known || fail "node3's ledger does not know whose loss its twins are for"
	step "what waits on node3:"
	lab exec node3 hv list 2>/dev/null | sed 's/^/         /'
	lab exec node3 hv ledger 2>/dev/null | sed 's/^/         /'
}
pool_off() {
	lab exec node2 pcs resource disable pool --wait=60 >/dev/null 2>&1 || fail "the pool did not stop"
}

# loss: node1's power is cut; the times of what follows, as at[]
loss() {
	local name
	for name in "${lost_ones[@]}"; do
		old[$name]=$(boot_of "$name")
		[[ -n ${old[$name]} ]] || fail "$name does not answer before its host is lost"
	done
	at=()
	watch "${lost_ones[*]}" "node2 node3" "${events_standby[@]}"
	echo
	step "${bold}${red}the power of node1 is cut${off} ($1)"
	at[fault]=$(now)
	lab power-off node1 || fail "the lab could not cut the power"
	until="answer db" follow web
	for name in "${lost_ones[@]}"; do step "$name runs on $(host_of node3 "$name") now"; done
	[[ $(host_of node3 app) == node2 ]] || fail "app did not stay where it was"
}

# home_again: node1 is back, and everything where it was
home_again() {
	local name
	step "node1 is switched on again, and its guests go back: by hand, nothing does that by itself"
	lab power-on node1 || fail "node1 cannot be switched on"
	until_true 60 all_hosts_on || fail "the three hosts did not form a cluster again"
	for name in "${lost_ones[@]}"; do
		lab exec node2 crm_resource --move -r "$name" --node node1 >/dev/null 2>&1
	done
	until_true 120 at_home || fail "the guests did not go back"
	for name in "${lost_ones[@]}"; do
		lab exec node2 crm_resource --clear -r "$name" >/dev/null 2>&1
	done
	until_true 120 all_answer || fail "not all of ${actives[*]} answer"
}

# keep NAME SLOW: the parts of this loss as NAME-PART in times[]
declare -A times=()
keep() {
	local part from to
	while read -r part from to; do
		[[ -n ${at[$from]:-} && -n ${at[$to]:-} ]] || fail "the logs did not show '$from' or '$to'"
		times[$1-$part]=$((at[$to] - at[$from]))
		[[ -z ${TIMES:-} ]] || echo "$1-$2-$part ${times[$1-$part]}" >>"$TIMES"
	done <<-END
		detection fault member
		fencing member fenced
		decision fenced deciding
		start deciding started
		answer started answer
		rest deciding answer
		total fault answer
		total-db fault db
	END
}

# compare NAME: both losses side by side
compare() {
	local part what
	printf '\n  %s%-10s %9s %9s      %s%s\n' "$bold" part cold "$1" what "$off"
	while read -r part what; do
		printf '  %-10s %6d ms %6d ms   %s\n' "$part" "${times[cold-$part]}" "${times[$1-$part]}" "$what"
	done <<-END
		detection until the survivors' membership changed
		fencing until the host was proven off
		decision until the start was ordered
		start started cold, or what waited adopted
		answer until the service answers: a boot, or a role
		rest both of these: what is Taiki's
		total power cut to web's answer
		total-db power cut to db's answer
	END
	printf '\n  %sWhat is left beside membership, fencing and decision took %s.%s times as long cold.%s\n' "$green" \
		$((times[cold-rest] / times[$1-rest])) $((times[cold-rest] * 10 / times[$1-rest] % 10)) "$off"
}

# adopted: the guest that answers now had booted before the power was cut
adopted() {
	local up
	up=$(lab client curl -fs -m 2 "http://${ip[$1]}/cgi-bin/status" 2>/dev/null | cut -d ' ' -f 3)
	[[ -n $up && ${up%.*} -gt $((($(now) - at[fault]) / 1000)) ]]
}

# in_turns SLOW: the same loss cold, and adopted
in_turns() {
	local name how=${label[$STANDBY]}
	if [[ $1 -eq 0 ]]; then lab fence all ok; else lab fence all slow "$1"; fi
	loss cold
	for name in "${lost_ones[@]}"; do ! adopted "$name" || fail "$name was not booted but adopted"; done
	keep cold "$1"
	home_again
	pool
	loss "$how"
	for name in "${lost_ones[@]}"; do adopted "$name" || fail "$name was not adopted but booted"; done
	keep "$how" "$1"
	compare "$how"
}

standby() {
	local i slow first=yes
	shown=(web node3)
	echo
	standby_cluster
	for slow in $SLOW; do
		for ((i = 0; i < ROUNDS; i++)); do
			if [[ -z $first ]]; then
				home_again
				pool_off
			fi
			first=
			in_turns "$slow"
		done
	done
	history "${actives[@]/%/.raw}"
	printf '%sthree actives, one standby host: the lost ones answered again, and nothing ran twice.%s\n' "$green" "$off"
}
