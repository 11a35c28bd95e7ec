// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the parameters say.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bond.h"

#define BETWEEN " ,\t\n"

enum { VLAN_MAX = 4094, MTU_MIN = 68, MTU_MAX = 65535, MS_MAX = 24 * 3600 * 1000 };

/* As the kernel's dev_valid_name(), and nothing that a rule or a file name would trip over. */
static bool name_ok(const char *name, size_t len)
{
	if (!len || len >= IFNAMSIZ || *name == '.' || *name == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@",
			    name[i]))
			return false;
	return true;
}

int bond_words(const char *text, char (*out)[IFNAMSIZ], unsigned max)
{
	unsigned n = 0;

	for (text += strspn(text, BETWEEN); *text; text += strspn(text, BETWEEN)) {
		size_t len = strcspn(text, BETWEEN);

		if (n == max || !name_ok(text, len))
			return -EINVAL;
		memcpy(out[n], text, len);
		out[n][len] = '\0';
		for (unsigned i = 0; i < n; i++)
			if (!strcmp(out[i], out[n]))
				return -EINVAL;
		n++;
		text += len;
	}
	return (int)n;
}

/* One "10=br10" or "20" of @len bytes. */
static int vlan(struct bond_settings *s, const char *text, size_t len)
{
	struct bond_bridge b = {0};
	const char *is = memchr(text, '=', len);
	char *end;
	unsigned long id = *text >= '0' && *text <= '9' ? strtoul(text, &end, 10) : 0;
	size_t bridge = is ? len - (size_t)(is + 1 - text) : 0;

	if (s->bridges == BOND_BRIDGES_MAX || !id || id > VLAN_MAX ||
	    end != (is ? is : text + len) || (is && !name_ok(is + 1, bridge)))
		return -EINVAL;
	b.vlan = (uint16_t)id;
	if (is)
		memcpy(b.bridge, is + 1, bridge);
	if (snprintf(b.port, sizeof(b.port), "%s.%lu", s->name, id) >= (int)sizeof(b.port))
		return -EINVAL;
	for (unsigned i = 0; i < s->bridges; i++)
		if (s->bridge[i].vlan == b.vlan || (is && !strcmp(s->bridge[i].bridge, b.bridge)))
			return -EINVAL;
	s->bridge[s->bridges++] = b;
	return 0;
}

int bond_vlans(struct bond_settings *s, const char *text)
{
	for (text += strspn(text, BETWEEN); *text; text += strspn(text, BETWEEN)) {
		size_t len = strcspn(text, BETWEEN);

		if (vlan(s, text, len))
			return -EINVAL;
		text += len;
	}
	return 0;
}

static enum ocf_rc wrong(const char *parameter, const char *what)
{
	return ocf_exit_reason(OCF_ERR_CONFIGURED, "parameter %s: \"%s\" is not %s", parameter,
			       ocf_param(parameter), what);
}

static enum ocf_rc names(struct bond_settings *s)
{
	const char *name = ocf_param("bond"), *links = ocf_param("links");
	const char *primary = ocf_param("primary"), *bridge = ocf_param("bridge");
	int n = links ? bond_words(links, s->link, BOND_LINKS_MAX) : 0;

	if (!name)
		name = ocf_instance();
	/* Also where the rest is wrong: a stop needs it. */
	snprintf(s->mark, sizeof(s->mark), "taiki:%s", ocf_instance());
	if (!*ocf_instance())
		return ocf_exit_reason(OCF_ERR_ARGS,
				       "OCF_RESOURCE_INSTANCE is not set: an agent is run by "
				       "Pacemaker, or by ocf-tester");
	if (!name_ok(name, strlen(name)))
		return ocf_exit_reason(
			OCF_ERR_CONFIGURED,
			"parameter bond: \"%s\" is no name of an interface: up to 15 "
			"letters, digits and -_.",
			name);
	strcpy(s->name, name);
	if (n < 0)
		return wrong("links", "a list of interfaces, each named once");
	s->links = (unsigned)n;
	if (primary && (!name_ok(primary, strlen(primary))))
		return wrong("primary", "the name of an interface");
	snprintf(s->primary, sizeof(s->primary), "%s", primary ? primary : "");
	if (bridge && !name_ok(bridge, strlen(bridge)))
		return wrong("bridge", "the name of an interface");
	if (bridge) {
		snprintf(s->bridge[0].bridge, IFNAMSIZ, "%s", bridge);
		snprintf(s->bridge[0].port, IFNAMSIZ, "%s", s->name);
		s->bridges = 1;
	}
	if (ocf_param("vlans") && bond_vlans(s, ocf_param("vlans")))
		return wrong("vlans", "a list of \"ID=BRIDGE\" or \"ID\", ID from 1 to 4094, each "
				      "ID and bridge once, BOND.ID no longer than 15 characters");
	return OCF_SUCCESS;
}

static enum ocf_rc targets(struct bond_settings *s)
{
	const char *text = ocf_param("arp_ip_target");
	char address[INET_ADDRSTRLEN];

	for (text = text ? text + strspn(text, BETWEEN) : ""; *text;
	     text += strspn(text, BETWEEN)) {
		size_t len = strcspn(text, BETWEEN);

		snprintf(address, sizeof(address), "%.*s", (int)len, text);
		if (len >= sizeof(address) || s->bond.arp_targets == LINK_ARP_TARGETS ||
		    inet_pton(AF_INET, address, &s->bond.arp_target[s->bond.arp_targets]) != 1)
			return wrong("arp_ip_target", "a list of at most 16 IPv4 addresses");
		s->bond.arp_targets++;
		text += len;
	}
	return OCF_SUCCESS;
}

static enum ocf_rc options(struct bond_settings *s)
{
	struct link_bond *b = &s->bond;

	for (int o = 0; o < LINK_OPTIONS; o++) {
		const char *name = link_options[o].name, *text = ocf_param(name);

		if (!text)
			continue;
		if (link_option_parse(o, text, &b->value[o]))
			return wrong(name, link_options[o].words
						   ? "one of the driver's words for it"
						   : "a number in its range");
		b->given[o] = true;
	}
	if (b->given[LINK_ARP_INTERVAL] && b->value[LINK_ARP_INTERVAL]) {
		if (b->given[LINK_MIIMON] && b->value[LINK_MIIMON])
			return ocf_exit_reason(OCF_ERR_CONFIGURED,
					       "parameter arp_interval: the driver watches links "
					       "by miimon or by ARP; give one of them");
		if (!ocf_param("arp_ip_target"))
			return ocf_exit_reason(OCF_ERR_CONFIGURED,
					       "parameter arp_ip_target: missing; arp_interval "
					       "needs somebody who answers");
	} else if (!b->given[LINK_MIIMON]) {
		b->given[LINK_MIIMON] = true;
		b->value[LINK_MIIMON] = 100;
	}
	return targets(s);
}

/* A number of @name in [@min, @max], or @otherwise where it is not given. */
static enum ocf_rc number(const char *name, unsigned min, unsigned max, unsigned *out)
{
	const char *text = ocf_param(name);
	unsigned long n;
	char *end, range[64];

	*out = 0;
	if (!text)
		return OCF_SUCCESS;
	n = strtoul(text, &end, 10);
	snprintf(range, sizeof(range), "a number from %u to %u", min, max);
	if (*text < '0' || *text > '9' || *end || n < min || n > max)
		return wrong(name, range);
	*out = (unsigned)n;
	return OCF_SUCCESS;
}

static enum ocf_rc milliseconds(const char *name, int *out)
{
	*out = ocf_param_ms(name);
	return *out < 0 || *out > MS_MAX ? wrong(name, "a time of at most a day, as \"60s\"")
					 : OCF_SUCCESS;
}

enum ocf_rc bond_settings(struct bond_settings *s)
{
	enum ocf_rc rc;

	*s = (struct bond_settings){0};
	rc = names(s);
	if (!rc)
		rc = options(s);
	if (!rc)
		rc = number("mtu", MTU_MIN, MTU_MAX, &s->mtu);
	if (!rc)
		rc = number("speed", 1, 1000000, &s->speed);
	if (!rc)
		rc = number("wanted", 1, BOND_LINKS_MAX, &s->wanted);
	if (!rc)
		rc = number("minimum", 0, BOND_LINKS_MAX, &s->minimum);
	if (!rc)
		rc = milliseconds("hold", &s->hold_ms);
	if (!rc)
		rc = milliseconds("dampen", &s->dampen_ms);
	if (!rc && s->wanted && s->minimum > s->wanted)
		rc = wrong("minimum", "at most what is wanted");
	return rc;
}
