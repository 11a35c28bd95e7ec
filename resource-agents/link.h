/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network interfaces as rtnetlink tells them, and the few changes that a bond is built with.
 *
 * libnl-3 carries the messages.  libnl-route's cache of links knows neither the state of a
 * bond's ports nor most of a bond's options, so that the attributes are read and written here, from the
 * kernel's own header, each with its length checked by a policy.
 */
#ifndef LINK_H
#define LINK_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/config.h"

enum {
	LINK_KIND = 16,
	LINK_ALIAS = 256,
	LINKS_MAX = 4096, /* more on one host are not read */
	LINK_ARP_TARGETS = 16,
};

/* A bond's options, by the names of the kernel's documentation; the table is in link_options.c. */
enum link_option {
	LINK_MODE,
	LINK_MIIMON,
	LINK_UPDELAY,
	LINK_DOWNDELAY,
	LINK_ARP_INTERVAL,
	LINK_ARP_VALIDATE,
	LINK_PRIMARY_RESELECT,
	LINK_FAIL_OVER_MAC,
	LINK_XMIT_HASH_POLICY,
	LINK_LACP_RATE,
	LINK_AD_SELECT,
	LINK_MIN_LINKS,
	LINK_NUM_GRAT_ARP,
	LINK_OPTIONS
};

/* Values of LINK_MODE that decisions are made of. */
enum { LINK_MODE_ACTIVE_BACKUP = 1, LINK_MODE_8023AD = 4 };

struct link_option_kind {
	const char *name;
	unsigned short attribute; /* IFLA_BOND_... */
	unsigned char bytes;      /* of its value: 1 or 4 */
	const char *const *words; /* what the values are called, ended by NULL; NULL: a number */
	uint32_t max;
};

extern const struct link_option_kind link_options[LINK_OPTIONS];

/* link_option_parse() - A word or a number; 0 or -EINVAL.  Pure. */
int link_option_parse(enum link_option o, const char *text, uint32_t *value);

/* A bond's options, or those that are wanted of it. */
struct link_bond {
	uint32_t value[LINK_OPTIONS];
	bool given[LINK_OPTIONS];
	uint32_t arp_target[LINK_ARP_TARGETS]; /* network byte order */
	unsigned arp_targets;
	int primary; /* index of an interface, 0: none */
	/* of 802.3ad: the aggregator in use, and who answers on it (zeroes: nobody) */
	uint16_t aggregator;
	uint8_t partner[6];
};

/* What a port's bond knows of it. */
struct link_port {
	bool up;           /* its monitor, MII or ARP, is content */
	bool active;       /* frames are sent on it */
	uint32_t failures; /* that its monitor has counted */
	uint16_t aggregator;
	uint8_t actor, partner; /* 802.3ad port states, of both ends */
};

enum { LINK_SPEED_UNKNOWN = 0 };
enum link_duplex { LINK_DUPLEX_UNKNOWN, LINK_DUPLEX_HALF, LINK_DUPLEX_FULL };

struct link {
	int index, master, lower; /* of interfaces; 0: none */
	char name[IFNAMSIZ];
	char kind[LINK_KIND];      /* "bond", "bridge", "vlan"; "": hardware, mostly */
	char port_kind[LINK_KIND]; /* of its master: "bond" */
	char alias[LINK_ALIAS];
	bool up, carrier; /* wanted up; has a cable */
	uint32_t mtu;
	uint32_t carrier_downs; /* how often the cable has been lost */
	uint16_t vlan;          /* of a VLAN */
	struct link_bond bond;  /* of a bond */
	struct link_port port;  /* of a bond's port */
	/* link_speed()'s */
	uint32_t speed; /* Mb/s */
	enum link_duplex duplex;
};

struct link_list {
	struct link *link;
	unsigned n;
};

struct nlmsghdr;

/* link_parse() - One RTM_NEWLINK message, of any origin: 0, or -EINVAL and nothing of it is to be used. */
int link_parse(struct link *l, struct nlmsghdr *h);

/* link_named(), link_indexed() - One of @all, or NULL. */
const struct link *link_named(const struct link_list *all, const char *name);
const struct link *link_indexed(const struct link_list *all, int index);

/* ---- the kernel; each answers within seconds, or with -ETIMEDOUT ---- */

/* link_dump() - Every interface of this network namespace; link_list_free() it.  0 or -errno. */
int link_dump(struct link_list *all, struct hv_error *err);
void link_list_free(struct link_list *all);

/* link_speed() - Fill in speed and duplex, as far as the driver knows them. */
void link_speed(struct link *l);

/*
 * Changes.  0, or -errno with what the kernel has against it.
 *
 * The three that make something put @alias on it, and take it away again where that fails.
 */
int link_make_bond(const char *name, const char *alias, const struct link_bond *b,
		   struct hv_error *err);
int link_make_vlan(const char *name, const char *alias, int lower, uint16_t id,
		   struct hv_error *err);
int link_make_bridge(const char *name, const char *alias, struct hv_error *err);
int link_remove(const struct link *l, struct hv_error *err);
int link_set_up(const struct link *l, bool up, struct hv_error *err);
int link_set_master(const struct link *l, int master, struct hv_error *err);
int link_set_mtu(const struct link *l, uint32_t mtu, struct hv_error *err);
int link_set_primary(const struct link *bond, int primary, struct hv_error *err);

#endif
