# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the rows share.  Both sides of a row are measured in turns in one run.
#
# row NAME UNIT DIRECTION GOAL OURS THEIRS: OURS and THEIRS are lists of
# samples.  DIRECTION is "less" (a time, a size) or "more" (a rate); the ratio
# says how many times better our median is than theirs, and the row holds if
# that is at least GOAL.

rows=()

# stat median|worst|best SAMPLE...
stat() {
	local what=$1
	shift
	printf '%s\n' "$@" | sort -g | awk -v what="$what" '
		{ v[NR] = $1 }
		END {
			if (what == "median") print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2
			else if (what == "most") print v[NR]
			else print v[1]
		}'
}

row() {
	local name=$1 unit=$2 direction=$3 goal=$4 o t ow tw ratio holds
	local -a mine peer
	read -ra mine <<<"$5"
	read -ra peer <<<"$6"
	if [[ ${#mine[@]} -eq 0 || ${#peer[@]} -eq 0 ]]; then
		say "$name: not measured (${#mine[@]} samples of ours, ${#peer[@]} of theirs)"
		rows+=("$name|||$unit||$goal|no|not measured")
		return
	fi
	o=$(stat median "${mine[@]}")
	t=$(stat median "${peer[@]}")
	if [[ $direction == less ]]; then
		ow=$(stat most "${mine[@]}") tw=$(stat most "${peer[@]}")
		ratio=$(awk -v o="$o" -v t="$t" 'BEGIN { printf "%.2f", t / o }')
	else
		ow=$(stat least "${mine[@]}") tw=$(stat least "${peer[@]}")
		ratio=$(awk -v o="$o" -v t="$t" 'BEGIN { printf "%.2f", o / t }')
	fi
	holds=$(awk -v r="$ratio" -v g="$goal" 'BEGIN { print r >= g ? "yes" : "no" }')
	rows+=("$name|$o|$t|$unit|$ratio|$goal|$holds|worst $ow / $tw of ${#mine[@]} / ${#peer[@]}")
	say "$name: ours $o $unit, theirs $t $unit, ratio $ratio (goal $goal): $holds"
}

# limit NAME UNIT LIMIT SAMPLES: a row against a fixed limit instead of a peer
limit() {
	local o holds
	local -a mine
	read -ra mine <<<"$4"
	if [[ ${#mine[@]} -eq 0 ]]; then
		rows+=("$1|||$2||$3|no|not measured")
		return
	fi
	o=$(stat median "${mine[@]}")
	holds=$(awk -v o="$o" -v l="$3" 'BEGIN { print o <= l ? "yes" : "no" }')
	rows+=("$1|$o||$2||at most $3|$holds|worst $(stat most "${mine[@]}") of ${#mine[@]}")
	say "$1: $o $2 (at most $3): $holds"
}

# pair NAME UNIT OURS THEIRS: a part of a row that has no goal of its own
pair() {
	local -a mine peer
	read -ra mine <<<"$3"
	read -ra peer <<<"$4"
	[[ ${#mine[@]} -gt 0 && ${#peer[@]} -gt 0 ]] || return 0
	rows+=("$1|$(stat median "${mine[@]}")|$(stat median "${peer[@]}")|$2|||-|worst $(
		stat most "${mine[@]}") / $(stat most "${peer[@]}") of ${#mine[@]} / ${#peer[@]}")
	say "$1: ours $(stat median "${mine[@]}") $2, theirs $(stat median "${peer[@]}") $2"
}

# part NAME UNIT SAMPLES: a figure that has no peer and no goal
part() {
	local -a mine
	read -ra mine <<<"$3"
	[[ ${#mine[@]} -gt 0 ]] || return 0
	rows+=("$1|$(stat median "${mine[@]}")||$2|||-|worst $(stat most "${mine[@]}") of ${#mine[@]}")
	say "$1: $(stat median "${mine[@]}") $2"
}

# explain: text on stdin that docs/benchmarks.md prints below the table; each file of rows has its own
explanations=()
explain() { explanations+=("$(cat)"); }

# libvirt_installed: what the rows need that measure against libvirt
libvirt_installed() {
	local command
	for command in virsh libvirtd virtlogd fence_virt fence_virtd; do
		command -v $command >/dev/null && continue
		say "installing libvirt and fence-virt, the peers"
		DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
			libvirt-daemon libvirt-daemon-system libvirt-clients libvirt-daemon-driver-qemu \
			fence-virt fence-virtd >/dev/null 2>&1
		return
	done
}

say() { printf '  BENCH   %s\n' "$*" >&2; }

table() {
	local IFS='|' r
	echo "| row | ours | theirs | unit | ratio | goal | holds | spread |"
	echo "| --- | ---: | ---: | --- | ---: | ---: | --- | --- |"
	for r in "${rows[@]}"; do
		# shellcheck disable=SC2086
		set -- $r
		echo "| \`$1\` | $2 | $3 | $4 | $5 | $6 | $7 | $8 |"
	done
}

json() {
	local IFS='|' r sep='' q
	num() { if [[ $1 =~ ^-?[0-9.e+]+$ ]]; then echo "$1"; else echo null; fi; }
	echo '['
	for r in "${rows[@]}"; do
		# shellcheck disable=SC2086
		set -- $r
		q=$6
		printf '%s{"name":"%s","ours":%s,"theirs":%s,"unit":"%s","ratio":%s,"goal":%s,"holds":%s}' \
			"$sep" "$1" "$(num "$2")" "$(num "$3")" "$4" "$(num "$5")" "$(num "${q#at most }")" \
			"$(case $7 in yes) echo true ;; no) echo false ;; *) echo null ;; esac)"
		sep=$',\n'
	done
	echo
	echo ']'
}
