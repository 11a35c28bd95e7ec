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
	local -a ours theirs
	read -ra ours <<<"$5"
	read -ra theirs <<<"$6"
	if [[ ${#ours[@]} -eq 0 || ${#theirs[@]} -eq 0 ]]; then
		say "$name: not measured (${#ours[@]} samples of ours, ${#theirs[@]} of theirs)"
		rows+=("$name|||$unit||$goal|no|not measured")
		return
	fi
	o=$(stat median "${ours[@]}")
	t=$(stat median "${theirs[@]}")
	if [[ $direction == less ]]; then
		ow=$(stat most "${ours[@]}") tw=$(stat most "${theirs[@]}")
		ratio=$(awk -v o="$o" -v t="$t" 'BEGIN { printf "%.2f", t / o }')
	else
		ow=$(stat least "${ours[@]}") tw=$(stat least "${theirs[@]}")
		ratio=$(awk -v o="$o" -v t="$t" 'BEGIN { printf "%.2f", o / t }')
	fi
	holds=$(awk -v r="$ratio" -v g="$goal" 'BEGIN { print r >= g ? "yes" : "no" }')
	rows+=("$name|$o|$t|$unit|$ratio|$goal|$holds|worst $ow / $tw of ${#ours[@]} / ${#theirs[@]}")
	say "$name: ours $o $unit, theirs $t $unit, ratio $ratio (goal $goal): $holds"
}

# limit NAME UNIT LIMIT SAMPLES: a row against a fixed limit instead of a peer
limit() {
	local o holds
	local -a ours
	read -ra ours <<<"$4"
	if [[ ${#ours[@]} -eq 0 ]]; then
		rows+=("$1|||$2||$3|no|not measured")
		return
	fi
	o=$(stat median "${ours[@]}")
	holds=$(awk -v o="$o" -v l="$3" 'BEGIN { print o <= l ? "yes" : "no" }')
	rows+=("$1|$o||$2||at most $3|$holds|worst $(stat most "${ours[@]}") of ${#ours[@]}")
	say "$1: $o $2 (at most $3): $holds"
}

# part NAME UNIT SAMPLES: a figure that has no peer and no goal
part() {
	local -a ours
	read -ra ours <<<"$3"
	[[ ${#ours[@]} -gt 0 ]] || return 0
	rows+=("$1|$(stat median "${ours[@]}")||$2|||-|worst $(stat most "${ours[@]}") of ${#ours[@]}")
	say "$1: $(stat median "${ours[@]}") $2"
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
