// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A bond's options: what the parameter, the kernel's attribute and the words for its values are.
 * See Documentation/networking/bonding.rst of Linux.
 */
#include <errno.h>
#include <linux/if_link.h>
#include <stdlib.h>
#include <string.h>

#include "link.h"

static const char *const modes[] = {"balance-rr", "active-backup", "balance-xor", "broadcast",
				    "802.3ad",    "balance-tlb",   "balance-alb", NULL};
static const char *const validate[] = {"none", "active", "backup", "all", NULL};
static const char *const reselect[] = {"always", "better", "failure", NULL};
static const char *const mac[] = {"none", "active", "follow", NULL};
static const char *const hash[] = {"layer2",   "layer3+4",    "layer2+3", "encap2+3",
				   "encap3+4", "vlan+srcmac", NULL};
static const char *const rate[] = {"slow", "fast", NULL};
static const char *const ad_select[] = {"stable", "bandwidth", "count", NULL};

enum { MS_MAX = 3600000 };

const struct link_option_kind link_options[LINK_OPTIONS] = {
	[LINK_MODE] = {"mode", IFLA_BOND_MODE, 1, modes, 0},
	[LINK_MIIMON] = {"miimon", IFLA_BOND_MIIMON, 4, NULL, MS_MAX},
	[LINK_UPDELAY] = {"updelay", IFLA_BOND_UPDELAY, 4, NULL, MS_MAX},
	[LINK_DOWNDELAY] = {"downdelay", IFLA_BOND_DOWNDELAY, 4, NULL, MS_MAX},
	[LINK_ARP_INTERVAL] = {"arp_interval", IFLA_BOND_ARP_INTERVAL, 4, NULL, MS_MAX},
	[LINK_ARP_VALIDATE] = {"arp_validate", IFLA_BOND_ARP_VALIDATE, 4, validate, 0},
	[LINK_PRIMARY_RESELECT] = {"primary_reselect", IFLA_BOND_PRIMARY_RESELECT, 1, reselect, 0},
	[LINK_FAIL_OVER_MAC] = {"fail_over_mac", IFLA_BOND_FAIL_OVER_MAC, 1, mac, 0},
	[LINK_XMIT_HASH_POLICY] = {"xmit_hash_policy", IFLA_BOND_XMIT_HASH_POLICY, 1, hash, 0},
	[LINK_LACP_RATE] = {"lacp_rate", IFLA_BOND_AD_LACP_RATE, 1, rate, 0},
	[LINK_AD_SELECT] = {"ad_select", IFLA_BOND_AD_SELECT, 1, ad_select, 0},
	[LINK_MIN_LINKS] = {"min_links", IFLA_BOND_MIN_LINKS, 4, NULL, 64},
	[LINK_NUM_GRAT_ARP] = {"num_grat_arp", IFLA_BOND_NUM_PEER_NOTIF, 1, NULL, 255},
};

int link_option_parse(enum link_option o, const char *text, uint32_t *value)
{
	const struct link_option_kind *k = &link_options[o];
	unsigned long n;
	char *end;

	for (uint32_t i = 0; k->words && k->words[i]; i++)
		if (!strcmp(k->words[i], text)) {
			*value = i;
			return 0;
		}
	if (k->words || *text < '0' || *text > '9')
		return -EINVAL;
	n = strtoul(text, &end, 10);
	if (*end || n > k->max)
		return -EINVAL;
	*value = (uint32_t)n;
	return 0;
}
