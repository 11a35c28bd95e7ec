# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The lab's wires: a switch (a network namespace with one bridge a network),
# and a veth pair from it to each node and network.  Nothing is attached to
# the machine's own network.  Ports of the switch are named NETWORK.NODE.

net_up() {
	ip netns add "$(ns switch)"
	ip netns add "$(ns client)"
	{
		echo "link set lo up"
		for net in "${RINGS[@]}" guest; do
			echo "link add $net type bridge mcast_snooping 0 forward_delay 0"
			echo "link set $net up"
		done
		echo "link add guest.client type veth peer name eth0 netns $(ns client)"
		echo "link set guest.client master guest up"
	} | ip -n "$(ns switch)" -batch -
	ip -n "$(ns client)" -batch - <<-END
		link set lo up
		address add $GUEST_NET.255.254/16 dev eth0
		link set eth0 up
	END
	in_ns switch nft -f - <<-END
		table bridge lab {
			chain links {
				type filter hook forward priority 0; policy accept;
			}
		}
	END
}

net_witness_up() {
	ip netns add "$(ns witness)"
	ip -n "$(ns switch)" link add ring0.witness type veth peer name eth0 netns "$(ns witness)"
	ip -n "$(ns switch)" link set ring0.witness master ring0 up
	ip -n "$(ns witness)" -batch - <<-END
		link set lo up
		address add $RING_NET.0.250/24 dev eth0
		link set eth0 up
	END
}

net_node_up() {
	local node=$1 i net mac=0
	i=$(node_number "$node")
	ip netns add "$(ns "$node")"
	{
		for net in "${RINGS[@]}" guest; do
			# A network card keeps its address when its host reboots.
			mac=$((mac + 1))
			printf 'link add %s type veth peer name %s address 02:70:00:00:%02x:%02x netns %s\n' \
				"$net.$node" "$net" "$mac" "$i" "$(ns "$node")"
			echo "link set $net.$node master $net up"
		done
	} | ip -n "$(ns switch)" -batch -
	ip -n "$(ns "$node")" -batch - <<-END
		link set lo up
		address add $RING_NET.0.$i/24 dev ring0
		address add $RING_NET.1.$i/24 dev ring1
		link set ring0 up
		link set ring1 up
		link add br0 address $(printf '02:70:00:01:00:%02x' "$i") type bridge mcast_snooping 0 forward_delay 0
		link set guest master br0 up
		address add $GUEST_NET.255.$i/16 dev br0
		link set br0 up
	END
}

# net_node_unplug NODE: its ports of the switch go down, all at once
net_node_unplug() {
	local net
	for net in "${RINGS[@]}" guest; do echo "link set $net.$1 down"; done |
		ip -n "$(ns switch)" -batch - 2>/dev/null
}

net_node_down() {
	local net
	for net in "${RINGS[@]}" guest; do echo "link delete $net.$1"; done |
		ip -n "$(ns switch)" -force -batch - 2>/dev/null
	ip netns delete "$(ns "$1")" 2>/dev/null
}

# The rules of `cut LINK`, one a line, for the chain `links`.
net_cut_rules() {
	local link=$1 a b net
	case $link in
	ring0 | ring1 | guest)
		echo "iifname \"$link.*\""
		;;
	*/*)
		echo "iifname \"${link#*/}.${link%/*}\""
		echo "oifname \"${link#*/}.${link%/*}\""
		;;
	*'>'*)
		for net in "${RINGS[@]}"; do
			echo "iifname \"$net.${link%>*}\" oifname \"$net.${link#*>}\""
		done
		;;
	*-*)
		a=${link%-*} b=${link#*-}
		net_cut_rules "$a>$b"
		net_cut_rules "$b>$a"
		;;
	*)
		for net in "${RINGS[@]}"; do net_cut_rules "$link/$net"; done
		;;
	esac
}

# Every name in LINK is one of the lab's.
net_link_ok() {
	local part
	case $1 in
	ring0 | ring1 | guest) return ;;
	esac
	for part in ${1//[->\/]/ }; do
		case $part in
		ring0 | ring1 | guest | witness) [[ $1 == */* || $part == witness ]] || return 1 ;;
		*) [[ -d $LAB/nodes/$part ]] || return 1 ;;
		esac
	done
}

cmd_cut() {
	local link
	lab_needed
	[[ $# -gt 0 ]] || usage "cut needs a LINK"
	for link in "$@"; do
		net_link_ok "$link" || die "'$link' is no link of this lab; lab --help says how they are named"
	done
	for link in "$@"; do
		net_cut_rules "$link" | sed 's/.*/add rule bridge lab links & drop/'
	done | in_ns switch nft -f - || die "cannot cut '$*': nft refused the rules"
}

cmd_heal() {
	lab_needed
	in_ns switch nft flush chain bridge lab links || die "cannot heal the links: nft refused"
}
