// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rtnetlink: the dump of all interfaces, and changes.
 */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "link.h"

enum { ANSWER_SECONDS = 5 };

/* ---- the socket ---- */

/* Kept for the process, which is one action of an agent. */
static struct nl_sock *the_socket;

static int opened(struct hv_error *err)
{
	struct timeval t = {.tv_sec = ANSWER_SECONDS};
	int rc;

	if (the_socket)
		return 0;
	the_socket = nl_socket_alloc();
	if (!the_socket)
		return -ENOMEM;
	rc = nl_connect(the_socket, NETLINK_ROUTE);
	if (!rc && setsockopt(nl_socket_get_fd(the_socket), SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)))
		rc = -NLE_FAILURE;
	if (!rc)
		return 0;
	nl_socket_free(the_socket);
	the_socket = NULL;
	return hv_err(err, -EIO, "rtnetlink cannot be reached: %s", nl_geterror(rc));
}

/* An answer that comes too late must not be taken for that to the next question. */
static void closed(void)
{
	nl_socket_free(the_socket);
	the_socket = NULL;
}

/* libnl's errors as the kernel's: it folds several of these into one. */
static int kernels(int nle)
{
	static const struct {
		int nle, rc;
	} row[] = {
		{NLE_EXIST, -EEXIST},        {NLE_NODEV, -ENODEV},    {NLE_OPNOTSUPP, -EOPNOTSUPP},
		{NLE_PERM, -EPERM},          {NLE_BUSY, -EBUSY},      {NLE_NOMEM, -ENOMEM},
		{NLE_AGAIN, -ETIMEDOUT},     {NLE_INVAL, -EINVAL},    {NLE_RANGE, -ERANGE},
		{NLE_OBJ_NOTFOUND, -ENOENT}, {NLE_NOACCESS, -EACCES},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (row[i].nle == (nle < 0 ? -nle : nle))
			return row[i].rc;
	return -EIO;
}

/* ---- reading ---- */

static int take(struct nl_msg *msg, void *arg)
{
	struct link_list *all = arg;
	struct link *more;

	if (all->n == LINKS_MAX)
		return NL_STOP;
	if (!(all->n & (all->n - 1))) {
		more = realloc(all->link, (all->n ? 2 * all->n : 1) * sizeof(*more));
		if (!more)
			return NL_STOP;
		all->link = more;
	}
	if (!link_parse(&all->link[all->n], nlmsg_hdr(msg)))
		all->n++;
	return NL_OK;
}

void link_list_free(struct link_list *all)
{
	free(all->link);
	*all = (struct link_list){0};
}

static int dump(struct link_list *all)
{
	struct ifinfomsg i = {.ifi_family = AF_UNSPEC};
	int rc;

	nl_socket_modify_cb(the_socket, NL_CB_VALID, NL_CB_CUSTOM, take, all);
	rc = nl_send_simple(the_socket, RTM_GETLINK, NLM_F_DUMP, &i, sizeof(i));
	return rc < 0 ? rc : nl_recvmsgs_default(the_socket);
}

int link_dump(struct link_list *all, struct hv_error *err)
{
	int rc = opened(err);

	*all = (struct link_list){0};
	/* Interrupted by a change: once more, what was read may be half old and half new. */
	for (int i = 0; !rc && i < 8; i++) {
		link_list_free(all);
		rc = dump(all);
		if (rc != -NLE_DUMP_INTR)
			break;
		rc = 0;
	}
	if (!rc)
		return 0;
	link_list_free(all);
	if (!the_socket)
		return rc;
	closed();
	return hv_err(err, kernels(rc), "the kernel does not list its interfaces: %s",
		      nl_geterror(rc));
}

/* ---- changes ---- */

/* A message about interface @index, or about one by name where it is 0. */
static struct nl_msg *about(int type, int flags, int index, unsigned ifi_flags, unsigned change)
{
	struct ifinfomsg i = {.ifi_index = index, .ifi_flags = ifi_flags, .ifi_change = change};
	struct nl_msg *m = nlmsg_alloc_simple(type, flags);

	if (m && nlmsg_append(m, &i, sizeof(i), NLMSG_ALIGNTO)) {
		nlmsg_free(m);
		m = NULL;
	}
	return m;
}

/* ask() - Send @m, which is given up, and wait for the kernel's answer. */
static int ask(struct nl_msg *m, struct hv_error *err, const char *what, const char *name)
{
	int rc = opened(err);

	if (rc) {
		nlmsg_free(m);
		return rc;
	}
	rc = nl_send_sync(the_socket, m); /* frees it */
	if (rc >= 0)
		return 0;
	if (rc == -NLE_AGAIN)
		closed();
	return hv_err(err, kernels(rc), "%s %s: %s", what, name, nl_geterror(rc));
}

static int no_memory(struct nl_msg *m, struct hv_error *err)
{
	nlmsg_free(m);
	return hv_err(err, -ENOMEM, "no memory for a message to the kernel");
}

static int put_option(struct nl_msg *m, enum link_option o, uint32_t value)
{
	const struct link_option_kind *k = &link_options[o];

	return k->bytes == 1 ? nla_put_u8(m, k->attribute, (uint8_t)value)
			     : nla_put_u32(m, k->attribute, value);
}

static int put_bond(struct nl_msg *m, const struct link_bond *b)
{
	struct nlattr *nest;
	int rc = 0;

	for (int o = 0; o < LINK_OPTIONS; o++)
		if (b->given[o])
			rc |= put_option(m, o, b->value[o]);
	if (!b->arp_targets)
		return rc;
	nest = nla_nest_start(m, IFLA_BOND_ARP_IP_TARGET);
	for (unsigned i = 0; nest && i < b->arp_targets; i++)
		rc |= nla_put_u32(m, (int)i, b->arp_target[i]);
	return nest ? rc | nla_nest_end(m, nest) : -1;
}

/* What is made of each kind. */
struct make {
	const char *kind, *name, *alias;
	int lower;
	uint16_t vlan;
	const struct link_bond *bond;
};

static int put_data(struct nl_msg *m, const struct make *k)
{
	if (k->bond)
		return put_bond(m, k->bond);
	if (k->vlan)
		return nla_put_u16(m, IFLA_VLAN_ID, k->vlan);
	/* A bridge of hosts and guests: no spanning tree, nothing to listen for before it forwards. */
	return nla_put_u32(m, IFLA_BR_STP_STATE, 0) | nla_put_u32(m, IFLA_BR_FORWARD_DELAY, 0);
}

static int set_alias(const struct make *k, struct hv_error *err)
{
	struct nl_msg *m = about(RTM_SETLINK, 0, 0, 0, 0);

	if (!m || nla_put_string(m, IFLA_IFNAME, k->name) ||
	    nla_put(m, IFLA_IFALIAS, (int)strlen(k->alias), k->alias))
		return no_memory(m, err);
	return ask(m, err, "cannot mark", k->name);
}

static void remove_named(const char *name)
{
	struct nl_msg *m = about(RTM_DELLINK, 0, 0, 0, 0);

	if (!m || nla_put_string(m, IFLA_IFNAME, name))
		nlmsg_free(m);
	else
		ask(m, NULL, "cannot remove", name);
}

static int make(const struct make *k, struct hv_error *err)
{
	struct nl_msg *m = about(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, 0, 0);
	struct nlattr *info, *data;
	int rc;

	if (!m || nla_put_string(m, IFLA_IFNAME, k->name) ||
	    (k->lower && nla_put_u32(m, IFLA_LINK, (uint32_t)k->lower)))
		return no_memory(m, err);
	info = nla_nest_start(m, IFLA_LINKINFO);
	rc = !info || nla_put_string(m, IFLA_INFO_KIND, k->kind);
	data = rc ? NULL : nla_nest_start(m, IFLA_INFO_DATA);
	if (!data || put_data(m, k) || nla_nest_end(m, data) || nla_nest_end(m, info))
		return no_memory(m, err);
	rc = ask(m, err, "cannot make", k->name);
	if (rc)
		return rc;
	rc = set_alias(k, err);
	if (rc)
		remove_named(k->name);
	return rc;
}

/* missing() - The kernel knows no such kind: say what would bring it. */
static int missing(int rc, const char *name, const char *what, const char *module,
		   struct hv_error *err)
{
	if (rc != -EOPNOTSUPP)
		return rc;
	return hv_err(err, rc, "cannot make %s: the kernel has no %s; load it: modprobe %s", name,
		      what, module);
}

int link_make_bond(const char *name, const char *alias, const struct link_bond *b,
		   struct hv_error *err)
{
	struct make k = {.kind = "bond", .name = name, .alias = alias, .bond = b};

	return missing(make(&k, err), name, "bonding driver", "bonding", err);
}

int link_make_vlan(const char *name, const char *alias, int lower, uint16_t id,
		   struct hv_error *err)
{
	struct make k = {.kind = "vlan", .name = name, .alias = alias, .lower = lower, .vlan = id};

	return missing(make(&k, err), name, "VLAN driver", "8021q", err);
}

int link_make_bridge(const char *name, const char *alias, struct hv_error *err)
{
	struct make k = {.kind = "bridge", .name = name, .alias = alias};

	return missing(make(&k, err), name, "bridges", "bridge", err);
}

int link_remove(const struct link *l, struct hv_error *err)
{
	struct nl_msg *m = about(RTM_DELLINK, 0, l->index, 0, 0);

	return m ? ask(m, err, "cannot remove", l->name) : no_memory(m, err);
}

int link_set_up(const struct link *l, bool up, struct hv_error *err)
{
	struct nl_msg *m = about(RTM_SETLINK, 0, l->index, up ? IFF_UP : 0, IFF_UP);

	if (!m)
		return no_memory(m, err);
	return ask(m, err, up ? "cannot bring up" : "cannot take down", l->name);
}

/* A change of one number of @l. */
static int set_number(const struct link *l, int attribute, uint32_t value, const char *what,
		      struct hv_error *err)
{
	struct nl_msg *m = about(RTM_SETLINK, 0, l->index, 0, 0);

	if (!m || nla_put_u32(m, attribute, value))
		return no_memory(m, err);
	return ask(m, err, what, l->name);
}

int link_set_master(const struct link *l, int master, struct hv_error *err)
{
	return set_number(l, IFLA_MASTER, (uint32_t)master,
			  master ? "cannot make a port of" : "cannot set free", err);
}

int link_set_mtu(const struct link *l, uint32_t mtu, struct hv_error *err)
{
	return set_number(l, IFLA_MTU, mtu, "cannot set the MTU of", err);
}

int link_set_primary(const struct link *bond, int primary, struct hv_error *err)
{
	struct nl_msg *m = about(RTM_NEWLINK, 0, bond->index, 0, 0);
	struct nlattr *info, *data;

	info = m ? nla_nest_start(m, IFLA_LINKINFO) : NULL;
	if (!info || nla_put_string(m, IFLA_INFO_KIND, "bond"))
		return no_memory(m, err);
	data = nla_nest_start(m, IFLA_INFO_DATA);
	if (!data || nla_put_u32(m, IFLA_BOND_PRIMARY, (uint32_t)primary) ||
	    nla_nest_end(m, data) || nla_nest_end(m, info))
		return no_memory(m, err);
	return ask(m, err, "cannot set the primary link of", bond->name);
}
