/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ocf:taiki:bond: a bond of the kernel's bonding driver, what stands on it, and how many of its links work.
 *
 * What the agent makes carries the alias "taiki:RESOURCE" and is removed by stop; whatever stands there
 * without it was made by somebody else, is adopted, and is neither changed nor removed.
 */
#ifndef BOND_AGENT_H
#define BOND_AGENT_H

#include "link.h"
#include "ocf.h"
#include "path_publish.h"

enum {
	BOND_LINKS_MAX = 32,
	BOND_BRIDGES_MAX = 64, /* one on the bond itself, the others on its VLANs */
	BOND_TEXT = 384,
};

/* A bridge that has the bond, or a VLAN of it, for a port. */
struct bond_bridge {
	uint16_t vlan;                         /* 0: the bond itself */
	char port[IFNAMSIZ], bridge[IFNAMSIZ]; /* no bridge: only the VLAN */
};

/* The parameters of this call. */
struct bond_settings {
	char name[IFNAMSIZ], mark[LINK_ALIAS];
	char link[BOND_LINKS_MAX][IFNAMSIZ];
	unsigned links; /* 0: those that the bond has */
	char primary[IFNAMSIZ];
	struct link_bond bond; /* what is given of its options */
	struct bond_bridge bridge[BOND_BRIDGES_MAX];
	unsigned bridges;
	uint32_t mtu;     /* 0: as it is */
	uint32_t speed;   /* Mb/s that a link has to have, 0: any */
	unsigned wanted;  /* 0: all of its links */
	unsigned minimum; /* fewer: failed */
	int hold_ms;      /* that a link has to work before it counts again */
	int dampen_ms;    /* attrd's */
};

/* ---- bond_settings.c ---- */

/* bond_settings() - Read and check them.  OCF_SUCCESS, or why not, which names the parameter. */
enum ocf_rc bond_settings(struct bond_settings *s);

/* bond_words() - Names of interfaces, with blanks or commas between.  How many, or -EINVAL; pure. */
int bond_words(const char *text, char (*out)[IFNAMSIZ], unsigned max);

/*
 * bond_vlans() - "10=br10 20" into @s: VLAN 10 is a port of the bridge br10, 20 of none.  0 or -EINVAL;
 * pure.
 */
int bond_vlans(struct bond_settings *s, const char *text);

/* ---- bond_plan.c: pure ---- */

enum bond_step_what {
	BOND_DONE, /* it is as it should be */
	BOND_REFUSE,
	BOND_MAKE,
	BOND_MAKE_VLAN,
	BOND_MAKE_BRIDGE,
	BOND_REMOVE,
	BOND_DOWN,
	BOND_UP,
	BOND_ENSLAVE,
	BOND_PRIMARY,
	BOND_MTU,
};

struct bond_step {
	enum bond_step_what what;
	const struct link *link;          /* that it is done to */
	const struct link *to;            /* its new master, or primary link */
	const struct bond_bridge *bridge; /* of which a piece is made */
	bool repair;                      /* nobody loses anything by it: a monitor may do it */
	char why[BOND_TEXT];              /* BOND_REFUSE */
};

/* bond_is_ours() - Whether @l was made by this resource. */
bool bond_is_ours(const struct bond_settings *s, const struct link *l);

/*
 * bond_next() - The first step from what there is to what should be.  Done one after the other, each with
 * a new look, they end.
 */
void bond_next(const struct bond_settings *s, const struct link_list *all, struct bond_step *step);

/* bond_next_above() - The same of what stands on the bond @b alone: its VLANs and bridges. */
void bond_next_above(const struct bond_settings *s, const struct link_list *all,
		     const struct link *b, struct bond_step *step);

/* bond_next_end() - The same towards nothing: only what is ours is removed. */
void bond_next_end(const struct bond_settings *s, const struct link_list *all,
		   struct bond_step *step);

/* ---- bond_health.c: pure ---- */

struct bond_link {
	char name[IFNAMSIZ];
	bool works, counts;
	uint64_t failures;
	char why[64]; /* it does not work */
};

struct bond_health {
	struct bond_link link[BOND_LINKS_MAX];
	unsigned n;      /* links there should be, or are */
	unsigned works;  /* of them now */
	unsigned counts; /* ... and long enough to be relied on */
	unsigned wanted;
};

/* bond_look() - What its links are, of @all; only those with speeds that are asked about are right. */
void bond_look(const struct bond_settings *s, const struct link_list *all, struct bond_health *h);

/* bond_judge() - OCF_SUCCESS, OCF_DEGRADED or OCF_ERR_GENERIC, and in @text why. */
enum ocf_rc bond_judge(const struct bond_settings *s, const struct bond_health *h,
		       char text[BOND_TEXT]);

/* ---- bond_build.c ---- */

/* bond_build(), bond_end() - Until it is as it should be, or gone, or @deadline.  Exit code, reason said. */
enum ocf_rc bond_build(const struct bond_settings *s, int64_t deadline);
enum ocf_rc bond_end(const struct bond_settings *s, int64_t deadline);

/* bond_see() - The list of interfaces, with the speeds of this bond's links.  0 or -errno. */
int bond_see(const struct bond_settings *s, struct link_list *all, struct hv_error *err);

/* bond_repair() - What can be put right beside what runs, is: a link whose driver was loaded anew. */
void bond_repair(const struct bond_settings *s, int64_t deadline);

#endif
