// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * RTM_NEWLINK, read.  Attributes that are not known are passed over, those with less bytes than
 * they need make the message none.
 */
#include <errno.h>
#include <net/if.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>

#include "link.h"

/* Each table goes up to what is used here; what is beyond is not known. */
static const struct nla_policy link_policy[IFLA_CARRIER_DOWN_COUNT + 1] = {
	[IFLA_IFNAME] = {.type = NLA_STRING, .maxlen = IFNAMSIZ},
	[IFLA_MTU] = {.type = NLA_U32},
	[IFLA_LINK] = {.type = NLA_U32},
	[IFLA_MASTER] = {.type = NLA_U32},
	[IFLA_LINKINFO] = {.type = NLA_NESTED},
	[IFLA_CARRIER_DOWN_COUNT] = {.type = NLA_U32},
};

static const struct nla_policy info_policy[IFLA_INFO_SLAVE_DATA + 1] = {
	[IFLA_INFO_KIND] = {.type = NLA_STRING},
	[IFLA_INFO_SLAVE_KIND] = {.type = NLA_STRING},
	[IFLA_INFO_DATA] = {.type = NLA_NESTED},
	[IFLA_INFO_SLAVE_DATA] = {.type = NLA_NESTED},
};

static const struct nla_policy port_policy[IFLA_BOND_SLAVE_AD_PARTNER_OPER_PORT_STATE + 1] = {
	[IFLA_BOND_SLAVE_STATE] = {.type = NLA_U8},
	[IFLA_BOND_SLAVE_MII_STATUS] = {.type = NLA_U8},
	[IFLA_BOND_SLAVE_LINK_FAILURE_COUNT] = {.type = NLA_U32},
	[IFLA_BOND_SLAVE_AD_AGGREGATOR_ID] = {.type = NLA_U16},
	[IFLA_BOND_SLAVE_AD_ACTOR_OPER_PORT_STATE] = {.type = NLA_U8},
	[IFLA_BOND_SLAVE_AD_PARTNER_OPER_PORT_STATE] = {.type = NLA_U16},
};

static const struct nla_policy ad_policy[IFLA_BOND_AD_INFO_PARTNER_MAC + 1] = {
	[IFLA_BOND_AD_INFO_AGGREGATOR] = {.type = NLA_U16},
	[IFLA_BOND_AD_INFO_PARTNER_MAC] = {.type = NLA_UNSPEC, .minlen = 6},
};

/* The value of @a, 0 where there is none. */
static uint32_t u8(struct nlattr *a)
{
	return a ? nla_get_u8(a) : 0;
}

static uint32_t u32(struct nlattr *a)
{
	return a ? nla_get_u32(a) : 0;
}

static int index_of(struct nlattr *a)
{
	uint32_t n = u32(a);

	return n > INT32_MAX ? 0 : (int)n;
}

static void text(char *out, size_t size, struct nlattr *a)
{
	size_t len;

	out[0] = '\0';
	if (!a)
		return;
	len = strnlen(nla_data(a), (size_t)nla_len(a));
	if (len >= size)
		len = size - 1;
	memcpy(out, nla_data(a), len);
	out[len] = '\0';
}

static int parse_targets(struct link_bond *b, struct nlattr *nest)
{
	struct nlattr *a;
	int left;

	nla_for_each_nested(a, nest, left)
	{
		if (nla_len(a) < 4)
			return -EINVAL;
		if (b->arp_targets < LINK_ARP_TARGETS)
			b->arp_target[b->arp_targets++] = nla_get_u32(a);
	}
	return 0;
}

static int parse_bond(struct link_bond *b, struct nlattr *data)
{
	struct nlattr *a[IFLA_BOND_AD_INFO + 1], *ad[IFLA_BOND_AD_INFO_PARTNER_MAC + 1];

	if (nla_parse_nested(a, IFLA_BOND_AD_INFO, data, NULL))
		return -EINVAL;
	for (int o = 0; o < LINK_OPTIONS; o++) {
		struct nlattr *at = a[link_options[o].attribute];

		if (!at)
			continue;
		if (nla_len(at) < link_options[o].bytes)
			return -EINVAL;
		b->value[o] = link_options[o].bytes == 1 ? u8(at) : u32(at);
		b->given[o] = true;
	}
	if (a[IFLA_BOND_PRIMARY] && nla_len(a[IFLA_BOND_PRIMARY]) < 4)
		return -EINVAL;
	b->primary = index_of(a[IFLA_BOND_PRIMARY]);
	if (a[IFLA_BOND_ARP_IP_TARGET] && parse_targets(b, a[IFLA_BOND_ARP_IP_TARGET]))
		return -EINVAL;
	if (!a[IFLA_BOND_AD_INFO])
		return 0;
	if (nla_parse_nested(ad, IFLA_BOND_AD_INFO_PARTNER_MAC, a[IFLA_BOND_AD_INFO], ad_policy))
		return -EINVAL;
	if (ad[IFLA_BOND_AD_INFO_AGGREGATOR])
		b->aggregator = nla_get_u16(ad[IFLA_BOND_AD_INFO_AGGREGATOR]);
	if (ad[IFLA_BOND_AD_INFO_PARTNER_MAC])
		memcpy(b->partner, nla_data(ad[IFLA_BOND_AD_INFO_PARTNER_MAC]), sizeof(b->partner));
	return 0;
}

static int parse_vlan(struct link *l, struct nlattr *data)
{
	struct nlattr *a[IFLA_VLAN_ID + 1];
	static const struct nla_policy policy[IFLA_VLAN_ID + 1] = {
		[IFLA_VLAN_ID] = {.type = NLA_U16}};

	if (nla_parse_nested(a, IFLA_VLAN_ID, data, policy))
		return -EINVAL;
	l->vlan = a[IFLA_VLAN_ID] ? nla_get_u16(a[IFLA_VLAN_ID]) : 0;
	return 0;
}

static int parse_port(struct link_port *p, struct nlattr *data)
{
	struct nlattr *a[IFLA_BOND_SLAVE_AD_PARTNER_OPER_PORT_STATE + 1];

	if (nla_parse_nested(a, IFLA_BOND_SLAVE_AD_PARTNER_OPER_PORT_STATE, data, port_policy))
		return -EINVAL;
	/* BOND_LINK_UP and BOND_STATE_ACTIVE are 0: what is not said must not be taken for them. */
	p->up = a[IFLA_BOND_SLAVE_MII_STATUS] && !u8(a[IFLA_BOND_SLAVE_MII_STATUS]);
	p->active = a[IFLA_BOND_SLAVE_STATE] && !u8(a[IFLA_BOND_SLAVE_STATE]);
	p->failures = u32(a[IFLA_BOND_SLAVE_LINK_FAILURE_COUNT]);
	if (a[IFLA_BOND_SLAVE_AD_AGGREGATOR_ID])
		p->aggregator = nla_get_u16(a[IFLA_BOND_SLAVE_AD_AGGREGATOR_ID]);
	p->actor = (uint8_t)u8(a[IFLA_BOND_SLAVE_AD_ACTOR_OPER_PORT_STATE]);
	if (a[IFLA_BOND_SLAVE_AD_PARTNER_OPER_PORT_STATE])
		p->partner = (uint8_t)nla_get_u16(a[IFLA_BOND_SLAVE_AD_PARTNER_OPER_PORT_STATE]);
	return 0;
}

static int parse_info(struct link *l, struct nlattr *nest)
{
	struct nlattr *a[IFLA_INFO_SLAVE_DATA + 1];

	if (nla_parse_nested(a, IFLA_INFO_SLAVE_DATA, nest, info_policy))
		return -EINVAL;
	text(l->kind, sizeof(l->kind), a[IFLA_INFO_KIND]);
	text(l->port_kind, sizeof(l->port_kind), a[IFLA_INFO_SLAVE_KIND]);
	if (a[IFLA_INFO_DATA] && !strcmp(l->kind, "bond") &&
	    parse_bond(&l->bond, a[IFLA_INFO_DATA]))
		return -EINVAL;
	if (a[IFLA_INFO_DATA] && !strcmp(l->kind, "vlan") && parse_vlan(l, a[IFLA_INFO_DATA]))
		return -EINVAL;
	if (a[IFLA_INFO_SLAVE_DATA] && !strcmp(l->port_kind, "bond"))
		return parse_port(&l->port, a[IFLA_INFO_SLAVE_DATA]);
	return 0;
}

int link_parse(struct link *l, struct nlmsghdr *h)
{
	struct nlattr *a[IFLA_CARRIER_DOWN_COUNT + 1];
	struct ifinfomsg *i;

	*l = (struct link){0};
	if (h->nlmsg_type != RTM_NEWLINK || !nlmsg_valid_hdr(h, sizeof(*i)))
		return -EINVAL;
	if (nlmsg_parse(h, sizeof(*i), a, IFLA_CARRIER_DOWN_COUNT, link_policy))
		return -EINVAL;
	i = nlmsg_data(h);
	text(l->name, sizeof(l->name), a[IFLA_IFNAME]);
	if (i->ifi_index <= 0 || !l->name[0])
		return -EINVAL;
	l->index = i->ifi_index;
	l->up = i->ifi_flags & IFF_UP;
	l->carrier = i->ifi_flags & IFF_LOWER_UP;
	l->master = index_of(a[IFLA_MASTER]);
	l->lower = index_of(a[IFLA_LINK]);
	l->mtu = u32(a[IFLA_MTU]);
	l->carrier_downs = u32(a[IFLA_CARRIER_DOWN_COUNT]);
	text(l->alias, sizeof(l->alias), a[IFLA_IFALIAS]);
	return a[IFLA_LINKINFO] ? parse_info(l, a[IFLA_LINKINFO]) : 0;
}

const struct link *link_named(const struct link_list *all, const char *name)
{
	for (unsigned i = 0; i < all->n; i++)
		if (!strcmp(all->link[i].name, name))
			return &all->link[i];
	return NULL;
}

const struct link *link_indexed(const struct link_list *all, int index)
{
	for (unsigned i = 0; i < all->n; i++)
		if (all->link[i].index == index)
			return &all->link[i];
	return NULL;
}
