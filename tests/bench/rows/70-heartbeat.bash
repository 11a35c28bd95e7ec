# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # bench sets O, guest, work
#
# What heartbeat costs, and how soon it notices.  HEARTBEAT_ROUNDS (100) faults of each kind.

heartbeat_rounds=${HEARTBEAT_ROUNDS:-100}

bench_heartbeat_cpu() {
	local i from to pid beaters busy=''
	taiki-heartbeatd 2>"$work/heartbeatd.log" &
	pid=$!
	beaters 80 200 >"$work/beaters" &
	beaters=$!
	sleep 5
	for ((i = 0; i < ROUNDS; i++)); do
		from=$(cut -d ' ' -f 1 "/proc/$pid/schedstat")
		sleep 20
		to=$(cut -d ' ' -f 1 "/proc/$pid/schedstat")
		busy+=" $(awk -v n="$((to - from))" 'BEGIN { printf "%.3f", n / 20e9 * 100 }')"
	done
	[[ $(taiki-heartbeat status --json | jq '[.domains[] | select(.verdict == "alive")] | length') -eq 80 ]] ||
		busy=''
	kill "$beaters" "$pid"
	wait "$pid" "$beaters" 2>/dev/null
	limit heartbeat-cpu "% of a core" 1 "$busy"
}

# heartbeat_lab: a cluster of one host with the resource web, a guest of one page
# that panics when its power button is pressed; monitored every 600 s
heartbeat_lab() {
	export TAIKI_LAB=bench
	tests/lab/lab down
	tests/lab/lab up -n 2 >"$work/lab.log" 2>&1 || return 1
	local shared
	shared=$(tests/lab/lab path)/shared
	as --32 --defsym MODE=4 -o "$work/guest.o" tests/unit/agent/guest.S
	objcopy -O binary -j .text "$work/guest.o" "$shared/guest.rom"
	cat >"$shared/web.xml" <<END
<domain type='kvm'><name>web</name><memory unit='MiB'>16</memory><vcpu>1</vcpu>
<os><type arch='x86_64'>hvm</type><loader type='rom'>/shared/guest.rom</loader></os><features><acpi/></features>
<devices><serial type='pty'/><panic model='pvpanic'/></devices></domain>
END
	tests/lab/lab exec node1 pcs resource create web ocf:taiki:domain config=/shared/web.xml \
		op start timeout=60s stop timeout=15s monitor interval=600s timeout=8s \
		meta migration-threshold=INFINITY >>"$work/lab.log" 2>&1
	tests/lab/lab exec node1 pcs constraint location web prefers node1 >>"$work/lab.log" 2>&1
	cat >"$shared/rounds" <<'END'
#!/bin/bash
# rounds KIND N: N times: wait until web lives, fault, and say when (ms since the epoch)
for ((i = 0; i < $2; i++)); do
	for ((j = 0; j < 600; j++)); do
		now=$(cat /run/taiki/web/incarnation 2>/dev/null)
		[[ -n $now && $now != "$last" ]] && grep -q "^alive.*$now" /run/taiki/web/verdict 2>/dev/null && break
		sleep 0.05
	done
	last=$now
	pid=$(cat /run/taiki/web/pid)
	if [[ $1 == kill ]]; then
		at=$EPOCHREALTIME
		kill -KILL "$pid"
	else
		at=$EPOCHREALTIME
		echo '{"execute":"qmp_capabilities"}{"execute":"system_powerdown"}' |
			timeout 5 socat -t 1 - UNIX-CONNECT:/run/taiki/web/qmp.sock >/dev/null
	fi
	echo "$at"
done
sleep 2
END
}

# heartbeat_rounds_of KIND ROW: the controller's own log says when it had the failure
heartbeat_rounds_of() {
	local log took
	log=$(tests/lab/lab path)/nodes/node1/disk/var/log/pacemaker/pacemaker.log
	: >"$work/asyncmon"
	tail -n 0 -F "$log" 2>/dev/null | grep --line-buffered 'controld.*Result of asyncmon operation for web' \
		>"$work/asyncmon" &
	tests/lab/lab exec node1 bash /shared/rounds "$1" "$heartbeat_rounds" >"$work/faults"
	pkill -P $$ -x tail
	wait
	took=$(paste -d ' ' "$work/faults" <(
		while read -r month day time _; do date -d "$month $day $time" +%s.%N; done <"$work/asyncmon"
	) | awk 'NF == 2 { ms = ($2 - $1) * 1000; printf " %.3f", (ms > 0 ? ms : 0) }')
	limit "$2" ms 20 "$took"
	limit "$2-worst" ms 100 "$(stat most $took)"
}

bench_heartbeat_told() {
	if heartbeat_lab; then
		any heartbeat-killed heartbeat-killed-worst && heartbeat_rounds_of kill heartbeat-killed
		any heartbeat-panic heartbeat-panic-worst && heartbeat_rounds_of panic heartbeat-panic
	else
		say "no cluster: $(tail -n 1 "$work/lab.log")"
	fi
	tests/lab/lab down
	unset TAIKI_LAB
}

# hang_definition: a Linux guest whose beats come every 200 ms; a hang is only noted
hang_definition() {
	domain hang soft 96 "$guest/vmlinuz" "$guest/initrd.gz" \
		"console=ttyS0 quiet cryptomgr.notests taiki.name=hang taiki.beat" |
		sed 's|</taiki:domain>|<taiki:heartbeat timeout="1s" interval="200ms" io-window="0" action="notify"/></taiki:domain>|'
}

hang_is() { taiki-heartbeat status hang --json 2>/dev/null | jq -e ".domains[0].verdict == \"$1\"" >/dev/null; }
hang_becomes() {
	local i
	for ((i = 0; i < 600; i++)); do
		hang_is "$1" && return
		sleep 0.05
	done
	return 1
}

bench_heartbeat_hang() {
	local i from at took='' pid
	O=$O tests/tools/guest-image "$guest" >/dev/null 2>&1
	taiki-heartbeatd 2>"$work/heartbeatd.log" &
	pid=$!
	hang_definition >"$work/hang.xml"
	hv start "$work/hang.xml" >/dev/null || return
	hang_becomes alive || say "the guest does not beat"
	for ((i = 0; i < heartbeat_rounds; i++)); do
		hang_becomes alive || break
		sleep "0.$((RANDOM % 400 + 400))"
		from=$EPOCHREALTIME
		printf '\n/guest-hang 0 4000\n' |
			timeout 5 socat -t 1 - UNIX-CONNECT:"$TAIKI_RUN_DIR/hang/console.sock" >/dev/null
		hang_becomes failed || continue
		at=$(taiki-heartbeat log hang --json |
			jq -r 'select(.event == "verdict" and .to == "failed") | .time' | tail -n 1)
		took+=" $(awk -v a="$from" -v b="$(date -d "$at" +%s.%N)" 'BEGIN { printf "%.0f", (b - a) * 1000 }')"
	done
	hv destroy hang >/dev/null
	kill "$pid"
	wait "$pid" 2>/dev/null
	limit heartbeat-hang ms 1300 "$took"
	limit heartbeat-hang-worst ms 1300 "$(stat most $took)"
}

explain <<'END'
`heartbeat-cpu`: CPU time of taiki-heartbeatd for 80 domains with 5 beats a second. Their guests are played by one process
(run directories, QMP servers, channels, progress pages are real): 80 guests would not fit beside them.
`heartbeat-killed`, `heartbeat-panic`: from SIGKILL to hv-domain, or from the power button that makes the guest
panic being pressed, until Pacemaker's controller logs the failure (its log counts in steps of the kernel's tick), over real
recoveries of a resource that is polled every 10 minutes. `heartbeat-hang`: from the command that makes the guest's
kernel loop with interrupts off being typed on its console, until the verdict; beats every 200 ms, timeout 1 s.
END

any heartbeat-cpu && bench_heartbeat_cpu
any heartbeat-killed heartbeat-killed-worst heartbeat-panic heartbeat-panic-worst && bench_heartbeat_told
any heartbeat-hang heartbeat-hang-worst && bench_heartbeat_hang
