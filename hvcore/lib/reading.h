/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a definition: tables of rules, one row an element or attribute, and
 * a walker (definition_walk.c) that gives each node of the document the
 * verdict of its row.  What no row names is refused, because it might change
 * what the guest sees.
 *
 * A row's path is spelled without indices: "domain/devices/disk/source/@file".
 * A star as the last part stands for any element there that has no row of its
 * own, "@" and a star for any attribute, and a star for the device's name for
 * what every device may have.
 */
#ifndef HV_LIB_READING_H
#define HV_LIB_READING_H

#include <libxml/tree.h>
#include <stdbool.h>
#include <stdint.h>

#include "hv/definition.h"

#define TAIKI_NS "urn:taiki:domain:1"

enum { READ_LEASES_MAX = HV_DISKS_MAX, READ_GATES_MAX = HV_DISKS_MAX + HV_NICS_MAX };

/* A <lease>, until a disk's guard names it by its key. */
struct read_lease {
	char *lockspace, *key, *path;
	uint64_t offset;
	int line;
	bool used;
};

/* A <taiki:guard>, until all disks are known. */
struct read_guard {
	char *disk, *lease;
	enum hv_guard guard;
	int line;
};

/* A <taiki:active-only>, until all disks and interfaces are known; one of both is NULL. */
struct read_gate {
	char *disk, *interface;
	int line;
};

struct reading {
	struct hv_definition *d;
	struct hv_config *c; /* &d->config */
	const char *file;
	int line;      /* of the node in hand */
	char why[256]; /* the reason of the verdict in hand, "" for the row's own */
	bool skip;     /* set by a taker: its element's contents are not looked at */
	bool nomem;
	struct hv_disk *disk; /* the device in hand; NULL while it is skipped */
	struct hv_nic *nic;
	struct hv_channel *channel;
	struct read_lease *lease;
	struct read_lease leases[READ_LEASES_MAX];
	unsigned nleases;
	struct read_guard guards[HV_DISKS_MAX];
	unsigned nguards;
	struct read_gate gates[READ_GATES_MAX], *gate; /* the one in hand */
	unsigned ngates;
	int standby_line;
	unsigned mac_given;    /* bit mask of interfaces */
	unsigned disk_node;    /* bit mask of disks whose path names the node */
	unsigned policy_given; /* bit mask of disks that say themselves what an error does */
	bool pause_on_error;   /* taiki:on_io_error: what it does to the others */
	bool is_domain, boot_refused, has_memballoon, has_serial, has_console, has_vcpu_current,
		quota_given;
};

/*
 * What a row does with its node.  @node is the element (also for an
 * attribute, whose owner it is), @value the attribute's value or the element's
 * own text without surrounding blanks.
 */
typedef enum hv_verdict_kind read_taker(struct reading *r, xmlNodePtr node, const char *value);

enum { RULE_ONCE = 1, RULE_TREE = 2 }; /* at most one such sibling; nothing below is looked at */

struct rule {
	const char *path;
	enum hv_verdict_kind kind;
	const char *values; /* "a|b": other values are refused */
	const char *why;
	read_taker *take; /* its verdict counts instead of .kind */
	read_taker *done; /* called after the element's contents */
	unsigned flags;
};

#define TAKE(p, fn)                                          \
	{                                                    \
		.path = p, .kind = HV_UNDERSTOOD, .take = fn \
	}
#define TAKE_ONCE(p, fn)                                                         \
	{                                                                        \
		.path = p, .kind = HV_UNDERSTOOD, .take = fn, .flags = RULE_ONCE \
	}
#define UNDERSTOOD(p)                            \
	{                                        \
		.path = p, .kind = HV_UNDERSTOOD \
	}
#define ONE_OF(p, v, no)                                                 \
	{                                                                \
		.path = p, .kind = HV_UNDERSTOOD, .values = v, .why = no \
	}
#define PASS(p, w)                                          \
	{                                                   \
		.path = p, .kind = HV_PASSED_OVER, .why = w \
	}
#define PASS_IF(p, v, no)                                                 \
	{                                                                 \
		.path = p, .kind = HV_PASSED_OVER, .values = v, .why = no \
	}
#define PASS_TREE(p, w)                                                         \
	{                                                                       \
		.path = p, .kind = HV_PASSED_OVER, .why = w, .flags = RULE_TREE \
	}
#define REFUSE(p, w)                                                        \
	{                                                                   \
		.path = p, .kind = HV_REFUSED, .why = w, .flags = RULE_TREE \
	}

/* Each table ends with an empty row. */
extern const struct rule hv_rules_domain[], hv_rules_os[], hv_rules_taiki[], hv_rules_disk[],
	hv_rules_interface[], hv_rules_char[], hv_rules_device[], hv_rules_heartbeat[],
	hv_rules_limits[], hv_rules_standby[], hv_rules_io_error[];

/* definition_walk.c */
void hv_read_walk(struct reading *r, xmlNodePtr root);
void hv_read_verdict(struct reading *r, enum hv_verdict_kind kind, int line, const char *path,
		     const char *why);
bool hv_one_of(const char *values, const char *value);

/* definition_finish.c: what only the whole document tells. */
void hv_read_finish(struct reading *r);

/* definition_heartbeat.c: the channels that heartbeat and fencing bring with them. */
void hv_read_finish_heartbeat(struct reading *r);
/* hv_read_add_channel() - The channel @name, where it is not there already; false: none is free. */
bool hv_read_add_channel(struct reading *r, const char *name);

/* definition_io_error.c: disks that do not say themselves what an error does. */
void hv_read_finish_io_error(struct reading *r);

/* definition_gates.c: what a standby brings with it, and what it may not share; after the MACs. */
void hv_read_finish_gates(struct reading *r);

/* definition_standby.c: a string in which {node} stands for this node; *@named: it does. */
enum hv_verdict_kind hv_read_node_string(struct reading *r, char **to, const char *value,
					 bool *named);

/* definition_value.c: what takers are made of. */
enum hv_verdict_kind hv_read_refuse(struct reading *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
enum hv_verdict_kind hv_read_pass(struct reading *r, const char *why);
enum hv_verdict_kind hv_read_string(struct reading *r, char **to, const char *value);
enum hv_verdict_kind hv_read_u64(struct reading *r, uint64_t *to, const char *value);
enum hv_verdict_kind hv_read_uint(struct reading *r, unsigned *to, const char *value);
/* hv_read_memory() - @value in <memory>'s units ("KiB" where @unit is NULL), in bytes. */
enum hv_verdict_kind hv_read_memory(struct reading *r, uint64_t *bytes, const char *value,
				    const char *unit);
/* hv_read_duration() - "200ms", "10s", "2min", "1h" or "0" into @ms; without a unit refused. */
enum hv_verdict_kind hv_read_duration(struct reading *r, unsigned *ms, const char *value);
/* hv_read_attr() - Attribute @name of @node, the caller's to xmlFree(), or NULL. */
char *hv_read_attr(xmlNodePtr node, const char *name);
bool hv_read_attr_is(xmlNodePtr node, const char *name, const char *value);
/* hv_read_child() - The first element @name below @node, or NULL. */
xmlNodePtr hv_read_child(xmlNodePtr node, const char *name);

#endif
