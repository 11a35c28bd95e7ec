/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changing a configuration's tree, and keeping account of what was changed, for
 * people.  What is as it should be is not touched.
 */
#ifndef CLI_PLAN_EDIT_H
#define CLI_PLAN_EDIT_H

#include <stdbool.h>
#include <stddef.h>

#include <libxml/tree.h>

struct plan_edit {
	char **line; /* "+ host node1: taiki-memory=3500" */
	size_t n;
	bool failed; /* out of memory on the way */
};

void plan_edit_free(struct plan_edit *e);
/* plan_edit_say() - One more line. */
void plan_edit_say(struct plan_edit *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* plan_edit_new() - A new element with that id as @parent's last child; NULL when out of memory. */
xmlNodePtr plan_edit_new(struct plan_edit *e, xmlNodePtr parent, const char *element,
			 const char *id);
void plan_edit_attr(xmlNodePtr node, const char *name, const char *value);

/*
 * A name-value pair's place: in the first @set of @owner (where there is none, in one with the
 * id @base), so that every tool shows it.  Ours are those with the id BASE-NAME.
 */
struct plan_place_of {
	xmlNodePtr owner;
	const char *set, *base;
	const char *whose; /* "host node1" */
};

/* plan_edit_id() - The id that @name has there when it is ours; into @out, which is returned. */
const char *plan_edit_id(const struct plan_place_of *at, const char *name, char *out, size_t size);
/* plan_edit_pair() - Make our @name @value there; NULL: make it gone, with a set of ours that is empty then. */
void plan_edit_pair(struct plan_edit *e, const struct plan_place_of *at, const char *name,
		    const char *value);

/* plan_edit_drop() - Take @node out of the tree. */
void plan_edit_drop(xmlNodePtr node);
/* plan_edit_same() - Whether two elements are the same, attributes in any order. */
bool plan_edit_same(xmlNodePtr a, xmlNodePtr b);

#endif
