// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ocf:taiki:bond, as Pacemaker and its tools see it; see ocf_taiki_bond(7).
 */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>

#include "hvcore/lib/probe.h"

#include "bond.h"

enum {
	SPARE_MS = 1000,   /* of an action's timeout, for saying how it went */
	TURN_MS = 200,     /* between looks at links that come up */
	COMING_MS = 15000, /* at most, that a start waits for its links: LACP takes seconds */
};

static int64_t deadline(void)
{
	int left = ocf_left_ms();

	return ocf_now_ms() + (left > 2 * SPARE_MS ? left - SPARE_MS : left / 2);
}

static struct path_subject subject(const struct bond_settings *s)
{
	return (struct path_subject){"bond", s->name, s->dampen_ms};
}

/* ---- a look ---- */

struct view {
	struct link_list all;
	const struct link *bond;
	struct path_record record;
	bool started; /* by this resource: what is there is its own, made or adopted */
	struct bond_health health;
};

static enum ocf_rc look(const struct bond_settings *s, struct view *v)
{
	struct path_subject p = subject(s);
	struct hv_error err = {""};

	*v = (struct view){0};
	if (bond_see(s, &v->all, &err))
		return ocf_exit_reason(OCF_ERR_GENERIC, "%s", err.text);
	path_recall(&v->record, &p);
	v->bond = link_named(&v->all, s->name);
	v->started = v->record.told.up != PATH_NOT_TOLD || v->record.n ||
		     (v->bond && bond_is_ours(s, v->bond));
	bond_look(s, &v->all, &v->health);
	return OCF_SUCCESS;
}

/* hold() - Which of the links that work count. */
static void hold(const struct bond_settings *s, struct view *v)
{
	struct path_seen seen[BOND_LINKS_MAX];
	bool counts[BOND_LINKS_MAX];
	struct bond_health *h = &v->health;

	for (unsigned i = 0; i < h->n; i++)
		seen[i] = (struct path_seen){h->link[i].name, h->link[i].works,
					     h->link[i].failures};
	h->counts = path_hold(&v->record, seen, h->n, ocf_now_ms(), s->hold_ms, counts);
	for (unsigned i = 0; i < h->n; i++)
		h->link[i].counts = counts[i];
}

static void publish(const struct bond_settings *s, struct view *v, bool always)
{
	struct path_subject p = subject(s);

	path_publish(&v->record, &p, v->health.counts, v->health.wanted, always, deadline());
	path_remember(&v->record, &p);
}

/* ---- monitor ---- */

/* whole() - Nothing of what stands on the bond is missing. */
static enum ocf_rc whole(const struct bond_settings *s, const struct view *v)
{
	static const char *const what[] = {
		[BOND_MAKE_VLAN] = "a VLAN of it has gone",
		[BOND_MAKE_BRIDGE] = "a bridge of it has gone",
		[BOND_ENSLAVE] = "it is no port of its bridge any more",
		[BOND_UP] = "it, or what stands on it, was taken down",
	};
	struct bond_step o;

	bond_next(s, &v->all, &o);
	if (o.repair)
		bond_next_above(s, &v->all, v->bond, &o);
	if (o.what == BOND_DONE)
		return OCF_SUCCESS;
	return ocf_exit_reason(OCF_ERR_GENERIC, "%s: %s", s->name,
			       o.what == BOND_REFUSE ? o.why
			       : o.what < sizeof(what) / sizeof(what[0]) && what[o.what]
				       ? what[o.what]
				       : "it is not what it was made as");
}

static enum ocf_rc watch(const struct bond_settings *s, struct view *v)
{
	char text[BOND_TEXT];
	enum ocf_rc rc, broken;

	hold(s, v);
	rc = bond_judge(s, &v->health, text);
	publish(s, v, ocf_is_probe());
	broken = whole(s, v);
	if (broken)
		return broken;
	if (rc)
		ocf_exit_reason(rc, "%s", text);
	return rc;
}

static enum ocf_rc monitor(void)
{
	struct bond_settings s;
	struct view v;
	enum ocf_rc rc = bond_settings(&s);

	if (rc)
		return rc;
	if (!ocf_is_probe())
		bond_repair(&s, deadline());
	rc = look(&s, &v);
	if (rc)
		return rc;
	if (!v.started) {
		rc = OCF_NOT_RUNNING;
	} else if (!v.bond) {
		rc = ocf_exit_reason(OCF_NOT_RUNNING, "%s has gone: it was removed, or its driver",
				     s.name);
	} else {
		rc = watch(&s, &v);
	}
	link_list_free(&v.all);
	return rc;
}

/* ---- start ---- */

/* come() - Wait a while for as many links as are wanted. */
static enum ocf_rc come(const struct bond_settings *s, struct view *v)
{
	int64_t until = deadline(), soon = ocf_now_ms() + COMING_MS;

	if (soon > ocf_now_ms() + (until - ocf_now_ms()) / 2)
		soon = ocf_now_ms() + (until - ocf_now_ms()) / 2;
	for (;;) {
		enum ocf_rc rc = look(s, v);

		if (rc || v->health.works >= v->health.wanted || ocf_now_ms() >= soon)
			return rc;
		link_list_free(&v->all);
		poll(NULL, 0, TURN_MS);
	}
}

static enum ocf_rc start(void)
{
	struct bond_settings s;
	struct view v;
	char text[BOND_TEXT];
	enum ocf_rc rc = bond_settings(&s);

	if (!rc)
		rc = bond_build(&s, deadline());
	if (!rc)
		rc = come(&s, &v);
	if (rc)
		return rc;
	if (!v.started)
		ocf_log("NOTICE", "%s was made by somebody else; it is watched, and never changed",
			s.name);
	hold(&s, &v);
	rc = bond_judge(&s, &v.health, text);
	if (rc == OCF_DEGRADED) {
		ocf_log("WARNING", "%s", text);
		rc = OCF_SUCCESS;
	}
	publish(&s, &v, true);
	link_list_free(&v.all);
	return rc ? ocf_exit_reason(rc, "%s; with minimum=0 it may start all the same", text) : rc;
}

/* ---- stop ---- */

static enum ocf_rc stop(void)
{
	struct bond_settings s;
	struct path_subject p;
	enum ocf_rc rc;

	/* What is wrong with a parameter keeps nothing from being removed: the mark says what is ours. */
	bool named = !bond_settings(&s) || s.name[0];

	rc = bond_end(&s, deadline());
	p = subject(&s);
	if (!rc && named)
		path_withdraw(&p, deadline());
	return rc;
}

/* ---- validate-all ---- */

static enum ocf_rc validate(void)
{
	struct bond_settings s;
	enum ocf_rc rc = bond_settings(&s);
	struct link_list all;
	struct hv_error err;

	if (rc || ocf_check_level() < 10)
		return rc;
	if (link_dump(&all, &err))
		return ocf_exit_reason(OCF_ERR_GENERIC, "%s", err.text);
	for (unsigned i = 0; i < s.links && !rc; i++)
		if (!link_named(&all, s.link[i]))
			rc = ocf_exit_reason(
				OCF_ERR_INSTALLED,
				"parameter links: there is no interface %s on this host",
				s.link[i]);
	link_list_free(&all);
	return rc;
}

static const struct ocf_parameter parameters[] = {
	{.name = "bond",
	 .unique = true,
	 .shortdesc = "The bond's name",
	 .longdesc =
		 "The bond's interface, for example bond0; the resource's name where it is not given. One "
		 "that is there already and was not made by this resource is adopted: watched, but neither "
		 "changed nor removed."},
	{.name = "links",
	 .shortdesc = "The interfaces it is made of",
	 .longdesc =
		 "The interfaces it is made of, with blanks between. Needed unless the bond is adopted; of "
		 "an adopted one they say which links there should be."},
	{.name = "mode",
	 .fallback = "active-backup",
	 .shortdesc = "The bond's mode",
	 .longdesc =
		 "balance-rr, active-backup, balance-xor, broadcast, 802.3ad, balance-tlb or balance-alb. "
		 "Two switches that know nothing of each other take active-backup, balance-tlb or "
		 "balance-alb; 802.3ad needs one switch, or two that act as one."},
	{.name = "primary",
	 .shortdesc = "The link that is preferred",
	 .longdesc = "Of active-backup, balance-tlb and balance-alb."},
	{.name = "miimon",
	 .type = OCF_INTEGER,
	 .shortdesc = "Milliseconds between looks at the carrier",
	 .longdesc = "100 where neither it nor arp_interval is given."},
	{.name = "updelay",
	 .type = OCF_INTEGER,
	 .shortdesc = "Milliseconds before a link is used again",
	 .longdesc =
		 "A multiple of miimon. A switch's port often has a carrier before it forwards."},
	{.name = "downdelay",
	 .type = OCF_INTEGER,
	 .shortdesc = "Milliseconds before a lost link is given up",
	 .longdesc = "A multiple of miimon."},
	{.name = "arp_interval",
	 .type = OCF_INTEGER,
	 .shortdesc = "Milliseconds between ARP requests",
	 .longdesc = "Watches links by ARP instead of by their carrier; see arp_ip_target."},
	{.name = "arp_ip_target",
	 .shortdesc = "Who is asked by ARP",
	 .longdesc = "Up to 16 IPv4 addresses, with blanks between."},
	{.name = "arp_validate",
	 .shortdesc = "Which answers are believed",
	 .longdesc = "none, active, backup or all."},
	{.name = "primary_reselect",
	 .shortdesc = "When the primary link is used again",
	 .longdesc = "always, better or failure."},
	{.name = "fail_over_mac",
	 .shortdesc = "Whose address the bond has",
	 .longdesc = "none, active or follow; guests behind a bridge need none."},
	{.name = "xmit_hash_policy",
	 .shortdesc = "How flows are spread",
	 .longdesc = "layer2, layer2+3, layer3+4, encap2+3, encap3+4 or vlan+srcmac."},
	{.name = "lacp_rate",
	 .shortdesc = "How often LACP asks",
	 .longdesc = "slow (30 s) or fast (1 s): in three times that a silent partner is noticed."},
	{.name = "ad_select",
	 .shortdesc = "Which aggregator is used",
	 .longdesc = "stable, bandwidth or count."},
	{.name = "min_links",
	 .type = OCF_INTEGER,
	 .shortdesc = "Links below which the driver takes the carrier away",
	 .longdesc = "Of 802.3ad."},
	{.name = "num_grat_arp",
	 .type = OCF_INTEGER,
	 .shortdesc = "Announcements after a failover",
	 .longdesc =
		 "Of the host's own addresses. Guests announce themselves, as hv-domain sees to."},
	{.name = "mtu",
	 .type = OCF_INTEGER,
	 .shortdesc = "Its MTU",
	 .longdesc = "Of the bond, and so of its links."},
	{.name = "bridge",
	 .shortdesc = "The bridge on it",
	 .longdesc =
		 "A bridge of which the bond is a port. Made, and removed by a stop, where there is none."},
	{.name = "vlans",
	 .shortdesc = "VLANs on it, and their bridges",
	 .longdesc =
		 "\"10=br10 20=br20 30\": VLAN 10, whose interface is BOND.10, as a port of the bridge "
		 "br10, and so on; 30 without a bridge. Made, and removed, as the bridge is."},
	{.name = "wanted",
	 .type = OCF_INTEGER,
	 .shortdesc = "Links that should work",
	 .longdesc = "With fewer it is degraded. All of its links where it is not given."},
	{.name = "minimum",
	 .type = OCF_INTEGER,
	 .fallback = "1",
	 .shortdesc = "Links without which it has failed",
	 .longdesc =
		 "With fewer, the resource has failed, and what depends on it is stopped and started "
		 "elsewhere. 0: it never fails for that; then placement rules on the node's attribute "
		 "move guests, live where they can, and leave them where no host is better."},
	{.name = "speed",
	 .type = OCF_INTEGER,
	 .shortdesc = "Mb/s that a link has to have",
	 .longdesc = "A link that has negotiated less does not count."},
	{.name = "hold",
	 .fallback = "60s",
	 .shortdesc = "How long a link has to work before it counts again",
	 .longdesc =
		 "A link that was down counts when it has worked for so long without a break, so "
		 "that one that flaps moves no guests to and fro."},
	{.name = "dampen",
	 .fallback = "5s",
	 .shortdesc = "How long attributes wait for more changes",
	 .longdesc = "Before the cluster is told, so that hosts which lose a switch at once are "
		     "looked at together."},
	{.name = NULL},
};

static const struct ocf_action actions[] = {
	{.name = "start", .run = start, .timeout = 60},
	{.name = "stop", .run = stop, .timeout = 60},
	{.name = "monitor", .run = monitor, .timeout = 20, .interval = 5},
	{.name = "validate-all", .run = validate, .timeout = 5},
	{.name = "meta-data", .timeout = 5},
	{.name = NULL},
};

static const struct ocf_agent agent = {
	.name = "bond",
	.version = TAIKI_VERSION,
	.shortdesc = "A bond of network links, and how many of them work",
	.longdesc =
		"Makes a bond of the kernel's bonding driver, with bridges and VLANs on it, or adopts one that "
		"the distribution has made; watches its links. Degraded (190) while fewer of them "
		"work than are wanted, failed with fewer than the minimum. The node's attributes "
		"taiki-bond-NAME (links that count) and taiki-bond-NAME-wanted are for location "
		"rules. To be cloned, one on each host.",
	.parameters = parameters,
	.actions = actions,
};

int main(int argc, char **argv)
{
	return ocf_main(&agent, argc, argv);
}
