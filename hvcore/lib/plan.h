/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the planner's files share: placing (plan_place.c) in an order
 * (plan_order.c), and sharing what room there is (plan_room.c).
 */
#ifndef HV_LIB_PLAN_H
#define HV_LIB_PLAN_H

#include "hv/plan.h"

enum { PLAN_OPEN = -2, PLAN_NOWHERE = -1, PLAN_MERGES_MAX = 1000000 };

/* @dependent or @primary, from the other side: a list for each item. */
struct plan_link {
	unsigned other;
	int score;
	bool depends; /* the item depends on @other; else @other on it */
};

struct hv_plan_work {
	bool up[HV_PLAN_HOSTS_MAX];          /* and not lost */
	unsigned by_room[HV_PLAN_HOSTS_MAX]; /* hosts, the roomiest first */
	int64_t room[HV_PLAN_HOSTS_MAX][HV_PLAN_KINDS];
	unsigned count[HV_PLAN_HOSTS_MAX]; /* resources placed there */
	bool in_circle; /* by_room is one of several orders: hosts beat one another in a circle */
	bool circle;    /* and something hung on that, or on such a circle when it was placed */
	unsigned spares[HV_PLAN_HOSTS_MAX];
	unsigned *order; /* items */
	int *key;        /* what they are ordered by (plan_order.c) */
	int *at;         /* an item's host, PLAN_NOWHERE, or PLAN_OPEN */
	unsigned merges; /* steps over colocations; a knot of them has more ways than time */
	int *score;      /* a row an item: its own, and what colocations make of it on the way */
	int *sorting;    /* the same, as they are when the order is made */
	uint64_t *on;    /* a clone's hosts, a bit each */
	bool *settled;   /* bound to nothing, and best where it runs (plan_find_settled()) */
	bool *busy;      /* being placed: a circle of colocations ends here */
	bool *seen;      /* the same, for walks over colocations */
	struct hv_plan_place *place;
	unsigned *here;                  /* domains host by host, in the order they were placed */
	bool *granted;                   /* by its host's ledger */
	int64_t (*before)[HV_PLAN_OURS]; /* what each had before a start was tried; as .here */
	unsigned first_here[HV_PLAN_HOSTS_MAX + 1];
	unsigned *first_link; /* nitems + 1; into link */
	struct plan_link *link;
};

/* plan_host_before() - Whether Pacemaker prefers host @a to @b by room, count and name alone. */
bool plan_host_before(const struct hv_plan *p, const struct hv_plan_work *w, unsigned a, unsigned b,
		      int runs_on);

/* plan_own_scores() - w->score and w->sorting: an item's own scores, before anything is placed. */
void plan_own_scores(const struct hv_plan *p, struct hv_plan_work *w);
/* plan_scores() - An item's row of w->score. */
int *plan_scores(const struct hv_plan *p, const struct hv_plan_work *w, unsigned i);
/* plan_available() - Whether host @h is there and has no negative score in @row. */
bool plan_available(const struct hv_plan_work *w, const int *row, unsigned h);
bool plan_any_available(const struct hv_plan *p, const struct hv_plan_work *w, const int *row);

/* plan_lead_by_primaries() - w->sorting of @i: the preferences of what it depends on. */
void plan_lead_by_primaries(const struct hv_plan *p, struct hv_plan_work *w, unsigned i);
/* plan_lead_by() - Preferences of what depends on @i by @l, as far as it is bound, into its row. */
void plan_lead_by(const struct hv_plan *p, struct hv_plan_work *w, unsigned i,
		  const struct plan_link *l);
/* plan_follow() - Where what @i depends on by @l has been placed, into its row. */
void plan_follow(const struct hv_plan *p, struct hv_plan_work *w, unsigned i,
		 const struct plan_link *l);
/* plan_bound() - All that INFINITY binds to @i and is not placed yet, itself with it, as one booking. */
void plan_bound(const struct hv_plan *p, struct hv_plan_work *w, unsigned i, int64_t *sum);

/* plan_roomier() - How many bookings @a has more room for than @b, less those it has less for. */
int plan_roomier(const struct hv_plan *p, const int64_t *a, const int64_t *b);
/* plan_order() - w->order: who is placed first; w->room is still what every host has. */
void plan_order(const struct hv_plan *p, struct hv_plan_work *w);

/* plan_find_settled() - w->settled, which no loss changes; w->link is there already. */
void plan_find_settled(const struct hv_plan *p, struct hv_plan_work *w);
/* plan_place_all() - w->at and w->place[].host, .why. */
void plan_place_all(const struct hv_plan *p, struct hv_plan_work *w);

/* plan_share() - Fates and what each is given, on every host. */
void plan_share(const struct hv_plan *p, struct hv_plan_work *w);

/* plan_runs() - Whether Pacemaker knows of @item as running somewhere, also on a lost host. */
bool plan_runs(const struct hv_plan *p, const struct hv_plan_work *w,
	       const struct hv_plan_item *item);

#endif
