/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The owner's mark: how the host cluster is told that a domain is to stay off.
 *
 * It is a set of meta attributes of its own in the domain's resource, so that what an
 * administrator set stays as it was, with a score that puts it before all others:
 *
 *   <primitive id="web" ...>
 *     <meta_attributes id="web-taiki-fenced" score="INFINITY">
 *       <nvpair id="web-taiki-fenced-target-role" name="target-role" value="Stopped"/>
 *       <nvpair id="web-taiki-fenced-by" name="taiki-fenced-by" value="domain db1 (channel)"/>
 *
 * `on` removes that set and nothing else.  The decisions are pure; cib.c carries them out.
 */
#ifndef TAIKI_FENCE_MARK_H
#define TAIKI_FENCE_MARK_H

#include <libxml/tree.h>
#include <stdbool.h>

enum mark_act {
	MARK_NOTHING = 0, /* it is as it should be */
	MARK_WRITE,
	MARK_LIFT,
	MARK_REFUSE, /* told: why */
};

struct mark_facts {
	bool exists;  /* the cluster has the resource */
	bool ours;    /* our set is there */
	bool stopped; /* and says Stopped (an administrator may have changed it) */
	bool admin;   /* another target-role, of it or of what it is part of, says Stopped */
};

/* mark_read() - What @resources (the CIB's section) says of primitive @id. */
struct mark_facts mark_read(xmlNodePtr resources, const char *id);

/* mark_decide() - What to do for off (@off) or on; @why for MARK_REFUSE. */
enum mark_act mark_decide(const struct mark_facts *f, bool off, const char **why);

/* mark_id_ok() - Whether @id can stand in an XPath and in our ids. */
bool mark_id_ok(const char *id);

/* mark_xml() - A document <primitive id=...> with our set in it; the caller's to free, or NULL. */
xmlDocPtr mark_xml(const char *id, const char *by);

/* mark_has_type() - Whether a fence device of @type is configured in the tree @n. */
bool mark_has_type(xmlNodePtr n, const char *type);

#define MARK_SET_XPATH       "//primitive[@id='%s']/meta_attributes[@id='%s-taiki-fenced']"
#define MARK_PRIMITIVE_XPATH "//primitive[@id='%s']"

#endif
