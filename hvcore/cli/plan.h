/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hv plan and hv failback: what is read of a cluster's configuration, and what
 * is written to it.
 */
#ifndef CLI_PLAN_H
#define CLI_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>
#include <libxml/tree.h>
#include <libxml/dict.h>

#include "cli.h"
#include "hv/plan.h"

struct plan_attr {
	const char *name, *value;
};

/* A host, as the planner does not need it. */
struct plan_host {
	xmlNodePtr node;        /* <node> */
	xmlNodePtr state;       /* <node_state>, or NULL */
	struct plan_attr *attr; /* by name; transient ones win */
	size_t nattrs;
	bool online;                /* and a member of the cluster */
	bool booked[HV_PLAN_OURS];  /* its capacity is in the configuration */
	int64_t said[HV_PLAN_OURS]; /* what it published itself, or HV_PLAN_UNKNOWN */
	int64_t waiting;            /* MiB that its pool's guests hold as they wait */
};

/* An item, as the planner does not need it. */
struct plan_item {
	xmlNodePtr primitive;
	xmlNodePtr parent;           /* its group or clone, or NULL */
	bool booked[HV_PLAN_OURS];   /* its utilization is in the configuration */
	bool pool;                   /* a twin is kept for it by some pool */
	bool failed;                 /* its definition cannot be read */
	int64_t needs[HV_PLAN_OURS]; /* what it should book */
	int64_t standby;             /* MiB its twin waits with */
	unsigned keeper;             /* the item of that pool */
};

/* A cluster, read.  Everything in .plan points into it, and its strings into .doc. */
struct plan_cluster {
	xmlDocPtr doc;
	xmlNodePtr configuration, crm_config, nodes, resources, constraints, rsc_defaults, status;
	struct hv_plan plan;
	struct hv_plan_host *host;
	struct plan_host *hosts;
	struct hv_plan_item *item;
	struct plan_item *items;
	struct hv_plan_colocation *colocation;
	unsigned room_items, room_colocations;
	unsigned *by_resource;           /* items, by their resource's id */
	const char *kind[HV_PLAN_KINDS]; /* utilization attributes */
	int *scores;                     /* nitems * nhosts */
	bool *twins, *named;             /* the same; named: by a location constraint */
	int64_t *waits;                  /* the same */
	bool symmetric, maintenance, quorate;
	enum hv_plan_strategy strategy; /* as it is; .plan has what is planned with */
	const char *skip; /* the id of a pair that plan_pair() and plan_meta() pass over */
	xmlDictPtr names; /* of domains */
	char **note;      /* what was not understood, or should be known; a clause each */
	size_t nnotes;
	bool failed; /* out of memory on the way */
};

/* plan_load() - The cluster's configuration, or that of --cib, and plan_read(). */
int plan_load(struct plan_cluster *c, const struct options *o, struct hv_error *err);
/* plan_ask() - The cluster's configuration as it is now, within 10 s, and plan_read(). */
int plan_ask(struct plan_cluster *c, struct hv_error *err);
/* plan_parse() - A configuration's tree, as far as a plan needs it; NULL: it is not XML. */
xmlDocPtr plan_parse(const char *text, size_t len);
/*
 * plan_cut() - @text (of *@len bytes) without resources that a host's probe has not found and that
 * are nothing else there; the caller's to free, and *@len its length.  NULL: it is to be read as it is.
 */
char *plan_cut(const char *text, size_t *len);
/*
 * plan_read() - Read @c->doc (set by the caller) into the rest of @c.  0, -EINVAL, -ENOMEM.
 * Free with plan_free(), also where it failed.
 */
int plan_read(struct plan_cluster *c, struct hv_error *err);
void plan_free(struct plan_cluster *c);

/* plan_note() - Keep a note, once. */
void plan_note(struct plan_cluster *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* plan_host() - The index of host @name, or -1. */
int plan_host(const struct plan_cluster *c, const char *name);
/* plan_item() - The index of the item of resource @id, or -1. */
int plan_item(const struct plan_cluster *c, const char *id);
/* plan_domain() - The index of domain, or resource, @name, or -1. */
int plan_domain(const struct plan_cluster *c, const char *name);
/* plan_node_attr() - A host's attribute, or NULL. */
const char *plan_node_attr(const struct plan_cluster *c, unsigned host, const char *name);

enum plan_state { PLAN_STOPPED, PLAN_STARTING, PLAN_STARTED };
/* plan_state() - Of a resource on one host, by its recorded operations. */
enum plan_state plan_state(const struct plan_cluster *c, unsigned host, const char *resource);

/* plan_values.c: attributes and name-value pairs, without copies */

/* plan_attr() - An element's attribute, or NULL. */
const char *plan_attr(xmlNodePtr node, const char *name);
bool plan_is(xmlNodePtr node, const char *element);
/* plan_child() - The first child @element of @node (NULL: none), or NULL. */
xmlNodePtr plan_child(xmlNodePtr node, const char *element);
/* plan_pair() - The nvpair @name in a @set of @node, its template or what its sets refer to. */
xmlNodePtr plan_pair(struct plan_cluster *c, xmlNodePtr node, const char *set, const char *name);
/* plan_meta() - A meta attribute's value: own, parent's, or the default; or NULL. */
const char *plan_meta(struct plan_cluster *c, const struct plan_item *it, const char *name);
/* plan_property() - A cluster property's value, or NULL. */
const char *plan_property(struct plan_cluster *c, const char *name);
/* plan_true() - As Pacemaker reads a boolean; @otherwise where it is NULL. */
bool plan_true(const char *value, bool otherwise);
/* plan_score() - As Pacemaker reads a score, INFINITY being HV_PLAN_INFINITY; 0 if it is none. */
int plan_score(const char *value);
/* plan_amount() - As Pacemaker reads a utilization; 0 if it is none. */
int64_t plan_amount(const char *value);
/* plan_is_agent() - Whether item @i is of ocf:taiki:@type, by itself or by its template. */
bool plan_is_agent(struct plan_cluster *c, unsigned i, const char *type);
/* plan_bind() - One more colocation. */
void plan_bind(struct plan_cluster *c, unsigned dependent, unsigned primary, int score);

/* The steps of plan_read(). */
void plan_read_hosts(struct plan_cluster *c);              /* plan_hosts.c */
void plan_read_items(struct plan_cluster *c);              /* plan_items.c */
void plan_read_history(struct plan_cluster *c);            /* plan_history.c */
void plan_read_constraints(struct plan_cluster *c);        /* plan_constraints.c */
void plan_read_domain(struct plan_cluster *c, unsigned i); /* plan_needs.c */
void plan_read_pools(struct plan_cluster *c);              /* plan_needs.c */
/* plan_rule() - Whether @rule holds on @host; what it cannot tell is noted, and false. */
bool plan_rule(struct plan_cluster *c, xmlNodePtr rule, unsigned host); /* plan_rule.c */

/*
 * plan_notes() - What is worth knowing beside the losses of up to @most hosts: quorum, what is not
 * booked, promises that would not be kept.  @place has room for every item.
 */
void plan_notes(struct plan_cluster *c, struct hv_plan_work *w, struct hv_plan_place *place,
		unsigned most);

/* What `hv plan` has found out. */
struct plan_answer {
	const struct plan_cluster *c;
	struct hv_plan_work *work;
	struct hv_plan_place *place;     /* for one loss at a time */
	const struct hv_plan_loss *loss; /* the worst first */
	size_t n;
	bool every; /* of each domain, not only of those in trouble */
};

/* plan_print.c, plan_json.c: how it says it */
void plan_print(const struct plan_answer *a);
json_t *plan_json(const struct plan_answer *a);
/* plan_code() - The exit code: HV_EXIT_OK, _SQUEEZED, _UNCOVERED, or _UNKNOWN. */
int plan_code(const struct plan_answer *a);
/* plan_lost() - "node1, node2" of a loss, or "nothing"; into @out, which is returned. */
const char *plan_lost(const struct plan_cluster *c, const struct hv_plan_loss *l, char *out,
		      size_t size);
/* plan_why() - Why item @i is where @at says, as a clause for a person; "" if there is no more to say. */
const char *plan_why(const struct plan_cluster *c, unsigned i, const struct hv_plan_place *at,
		     char *out, size_t size);

#endif
