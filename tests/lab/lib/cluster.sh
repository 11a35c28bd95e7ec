# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The cluster's configuration on each node, and waiting for the cluster.

corosync_conf() {
	local i n
	n=$(config_get n)
	cat <<-END
		totem {
			version: 2
			cluster_name: $NAME
			transport: knet
			crypto_cipher: none
			crypto_hash: none
			token: 1000
			interface {
				linknumber: 0
				knet_ping_interval: 200
				knet_ping_timeout: 500
				knet_pong_count: 1
			}
			interface {
				linknumber: 1
				knet_ping_interval: 200
				knet_ping_timeout: 500
				knet_pong_count: 1
			}
		}
		logging {
			to_syslog: no
			to_stderr: no
			to_logfile: yes
			logfile: /var/log/corosync/corosync.log
			timestamp: hires
		}
		nodelist {
	END
	for ((i = 1; i <= n; i++)); do
		cat <<-END
			node {
				name: node$i
				nodeid: $i
				ring0_addr: $RING_NET.0.$i
				ring1_addr: $RING_NET.1.$i
			}
		END
	done
	cat <<-END
		}
		quorum {
			provider: corosync_votequorum
	END
	if [[ $(config_get qdevice) == yes ]]; then
		cat <<-END
			device {
				model: net
				votes: 1
				timeout: 4000
				sync_timeout: 8000
				net {
					host: $RING_NET.0.250
					algorithm: ffsplit
					tls: off
				}
			}
		END
	elif [[ $n -eq 2 ]]; then
		echo "two_node: 1"
	fi
	echo "}"
}

# A seeded CIB: with the default dc-deadtime the first election takes 20 s.
cib_xml() {
	local delay=
	# Of two halves of a cluster that fence each other, the first node's is faster.
	[[ $(config_get n) -ne 2 ]] ||
		delay='<nvpair id="fence-delay" name="pcmk_delay_base" value="node1:2;node2:0"/>'
	cat <<-END
		<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="1" num_updates="0" admin_epoch="0">
		  <configuration>
		    <crm_config>
		      <cluster_property_set id="cib-bootstrap-options">
		        <nvpair id="opt-dc-deadtime" name="dc-deadtime" value="2s"/>
		        <nvpair id="opt-stonith-enabled" name="stonith-enabled" value="true"/>
		        <nvpair id="opt-stonith-action" name="stonith-action" value="$(config_get stonith_action)"/>
		        <nvpair id="opt-stonith-timeout" name="stonith-timeout" value="30s"/>
		        <nvpair id="opt-transition-delay" name="transition-delay" value="0s"/>
		      </cluster_property_set>
		    </crm_config>
		    <nodes/>
		    <resources>
		      <primitive id="fence-lab" class="stonith" type="fence_lab">
		        <instance_attributes id="fence-lab-params">
		          <nvpair id="fence-check" name="pcmk_host_check" value="dynamic-list"/>
		          $delay
		        </instance_attributes>
		      </primitive>
		    </resources>
		    <constraints/>
		  </configuration>
		  <status/>
		</cib>
	END
}

# cluster_node_files NODE DISK: what is on the node's disk before its first boot
cluster_node_files() {
	local disk=$2 i n
	n=$(config_get n)
	mkdir -p "$disk"/etc/{corosync/uidgid.d,taiki} "$disk"/var/lib/{corosync,taiki} \
		"$disk"/var/lib/pacemaker/{cib,pengine,blackbox,cores} \
		"$disk"/var/log/{corosync,pacemaker,crmsh,pcsd}
	corosync_conf >"$disk/etc/corosync/corosync.conf"
	echo "$1" >"$disk/etc/hostname"
	{
		echo "127.0.0.1 localhost"
		for ((i = 1; i <= n; i++)); do echo "$RING_NET.0.$i node$i"; done
	} >"$disk/etc/hosts"
	cib_xml >"$disk/var/lib/pacemaker/cib/cib.xml"
	chown -R hacluster:haclient "$disk/var/lib/pacemaker" "$disk/var/log/pacemaker"
	chmod 750 "$disk/var/lib/pacemaker" "$disk"/var/lib/pacemaker/*
	chmod 770 "$disk/var/log/pacemaker"
	chmod 600 "$disk/var/lib/pacemaker/cib/cib.xml"
}

witness_up() {
	net_witness_up || die "cannot make the witness's network"
	mkdir -p "$LAB/witness/etc/nssdb" "$LAB/witness/run"
	chown -R coroqnetd:coroqnetd "$LAB/witness"
	# shellcheck disable=SC2016 # expanded inside
	setsid nsenter --net="/run/netns/$(ns witness)" -- unshare --mount --fork --kill-child \
		bash -c 'mount -t tmpfs run /run && mkdir /run/corosync-qnetd &&
			chown coroqnetd:coroqnetd /run/corosync-qnetd && exec corosync-qnetd -f -s off' \
		</dev/null >>"$LAB/witness/log" 2>&1 &
	remember "$LAB/witness/pid" $!
	disown
}

# cluster_live: a node that is on and not paused
cluster_live() {
	local node
	for node in $(all_nodes); do
		if node_is_on "$node" && ! cgroup_frozen "$node"; then
			echo "$node"
			return
		fi
	done
	return 1
}

# cluster_formed COUNT: one partition with quorum and a DC, COUNT nodes online,
# and the fence device started
cluster_formed() {
	local xml
	xml=$(node_enter "$(cluster_live)" timeout 5 crm_mon -1 --output-as xml 2>/dev/null) || return 1
	[[ $xml == *'with_quorum="true"'* && $xml == *'<current_dc present="true"'* ]] || return 1
	[[ $(grep -c '<node name="[^"]*" id="[^"]*" online="true"' <<<"$xml") -eq $1 ]] || return 1
	grep -q '<resource id="fence-lab".* active="true" .* failed="false"' <<<"$xml" || return 1
	[[ $xml != *'pending="true"'* ]]
}

cmd_power() {
	local node state
	lab_needed
	for node in $(all_nodes); do
		state=off
		if node_is_on "$node"; then
			state=on
			cgroup_frozen "$node" && state=paused
		fi
		printf '%-10s %s\n' "$node" "$state"
	done
}

cmd_status() {
	local live
	cmd_power
	live=$(cluster_live) || return 0
	(node_enter "$live" timeout 10 crm_mon -1)
}
