/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What waits for a domain: its twin, and nameless spares.
 *
 * A twin of the domain "web" runs as "web@twin", the k-th spare of a host as
 * "k@spare".  No definition can name a domain so, and each has a run directory
 * of its own under that name, until the domain adopts it (hv/adopt.h).
 *
 * All of this is pure: names and configurations in, names and configurations
 * out.
 */
#ifndef HV_STANDBY_H
#define HV_STANDBY_H

#include <stdbool.h>
#include <stddef.h>

#include "hv/config.h"
#include "hv/role.h"

enum hv_kind {
	HV_KIND_NONE,   /* no name at all */
	HV_KIND_DOMAIN, /* "web" */
	HV_KIND_TWIN,   /* "web@twin" */
	HV_KIND_SPARE,  /* "3@spare" */
};

enum {
	HV_TWIN_OF_MAX = HV_NAME_MAX - 5, /* bytes of the name of a domain that has a twin */
	HV_SPARES_MAX = 999,              /* spares are numbered from 1 */
	HV_NODE_MAX = 255,                /* bytes of a node's name: [A-Za-z0-9][A-Za-z0-9._-]* */
};

/* hv_name_kind() - What @name may name. */
enum hv_kind hv_name_kind(const char *name);

/* hv_twin_name() - "NAME@twin" into @out; 0, or -EINVAL where @domain is no domain's name or too long for it. */
int hv_twin_name(char out[HV_NAME_MAX + 1], const char *domain);

/* hv_spare_name() - "K@spare" into @out; 0, or -EINVAL where @k is not 1..HV_SPARES_MAX. */
int hv_spare_name(char out[HV_NAME_MAX + 1], unsigned k);

/* hv_twin_of() - The domain that @twin is the twin of, into @out; 0, or -EINVAL: it is no twin's name. */
int hv_twin_of(char out[HV_NAME_MAX + 1], const char *twin);

/* hv_spare_number() - k of "k@spare", or 0. */
unsigned hv_spare_number(const char *name);

/*
 * hv_node_name() - The name of this node, which "{node}" in a definition stands for:
 * $OCF_RESKEY_CRM_meta_on_node, else $TAIKI_NODE, else the host's name.  Static until the
 * next call; NULL where it cannot be part of a path.
 */
const char *hv_node_name(void);

/*
 * hv_standby_config() - What a standby called @name of the domain or template @c is
 * started with.  Gates are closed and gated interfaces down (standby.waiting); the paths
 * of gated disks stay for messages, and are nobody's.  Memory, quota and shares are the
 * waiting ones; it has no processors of its own; heartbeat only notifies; nobody can fence it.  A spare gets a UUID, MAC
 * addresses (from @node), taps and sockets of its own; the paths of its own disks are
 * the template's, and the caller replaces them.
 *
 * 0 with @out the caller's to hv_config_free(); -EINVAL: @c wants no standby, or @name
 * is not a standby's, or another domain's; -ENOMEM.
 */
int hv_standby_config(const struct hv_config *c, const char *name, const char *node,
		      struct hv_config *out, struct hv_error *err);

/* hv_disk_is_closed() - Whether @d, of a standby that @c starts, is a gate: its path is nobody's. */
static inline bool hv_disk_is_closed(const struct hv_config *c, const struct hv_disk *d)
{
	return c->standby.waiting && d->gated;
}

/*
 * hv_standby_fits() - Whether the standby with the configuration @s can become the domain
 * @c: a twin when the guest would find the very same machine; a spare when it may have
 * one, and the spare has slots for its disks and interfaces and is large enough.  0, or
 * -EINVAL with @err saying what differs.
 */
int hv_standby_fits(const struct hv_config *c, const struct hv_config *s, struct hv_error *err);

/*
 * hv_adopted_config() - What the domain @c runs with once it has adopted the standby @s that
 * fits it: @c itself for a twin; for a spare, @s with the identity, gated disks,
 * heartbeat, life cycle and tuning of @c.  0 with @out the caller's; -EINVAL, -ENOMEM.
 */
int hv_adopted_config(const struct hv_config *c, const struct hv_config *s, struct hv_config *out,
		      struct hv_error *err);

/*
 * hv_role_message() - What the guest is told when it becomes the domain @c: the role active,
 * the domain's name, the MAC addresses of its gated interfaces ("mac", then "mac2"...),
 * and what the definition says.  0, -ENOSPC: too much of it.
 */
int hv_role_message(const struct hv_config *c, uint64_t seq, struct hv_role *r);

#endif
