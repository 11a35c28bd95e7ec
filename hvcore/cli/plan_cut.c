// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A configuration's text without what nine tenths of a big one are: resources of which a host
 * knows nothing but that a probe has not found them there.  plan_parse.c leaves them out
 * of its tree anyway; a parser that need not read them is done in a fraction of the time.
 *
 * Only what is certain is cut.  In a text without "<!", and "<?" but at its beginning, no '<'
 * stands anywhere but at the beginning of a tag, and in a tag without apostrophes no quotation mark stands in a value.
 */
#include <stdlib.h>
#include <string.h>

#include "plan.h"

struct span {
	const char *at, *end;
};

/* The length of @s if the text goes on with it, or 0. */
static size_t goes_on(const struct span *t, const char *s)
{
	size_t len = strlen(s);

	return (size_t)(t->end - t->at) >= len && !memcmp(t->at, s, len) ? len : 0;
}

/* From one '<' to the next, which *@t is at then; false: there is none. */
static bool next_tag(struct span *t, struct span *tag)
{
	const char *next = memchr(t->at + 1, '<', (size_t)(t->end - t->at - 1));

	*tag = (struct span){t->at, next};
	t->at = next ? next : t->end;
	return next;
}

static bool has(const struct span *tag, const char *pair)
{
	return memmem(tag->at, (size_t)(tag->end - tag->at), pair, strlen(pair));
}

/* <lrm_rsc_op ...>: a probe that was done and found nothing. */
static bool found_nothing(const struct span *op)
{
	return has(op, " operation=\"monitor\"") && has(op, " interval=\"0\"") &&
	       has(op, " rc-code=\"7\"") && has(op, " op-status=\"0\"") && !has(op, "'");
}

/* Whether the <lrm_resource> that @t is at can go; *@t is behind it then. */
static bool can_go(struct span *t)
{
	struct span rest = *t, tag;
	size_t len;

	if (!next_tag(&rest, &tag) || has(&tag, "'") || has(&tag, "/>") || !has(&tag, " id=\""))
		return false;
	for (;;) {
		if (goes_on(&rest, "<lrm_rsc_op ")) {
			if (!next_tag(&rest, &tag) || !found_nothing(&tag))
				return false;
			if (!has(&tag, "/>") &&
			    (!goes_on(&rest, "</lrm_rsc_op>") || !next_tag(&rest, &tag)))
				return false;
			continue;
		}
		len = goes_on(&rest, "</lrm_resource>");
		t->at = len ? rest.at + len : t->at;
		return len;
	}
}

char *plan_cut(const char *text, size_t *len)
{
	static const char begin[] = "<lrm_resource ";
	struct span t = {text, text + *len};
	const char *kept = text, *found;
	char *out = NULL, *to;

	if (*len > 1 && !memmem(text, *len, "<!", 2) && !memmem(text + 1, *len - 1, "<?", 2))
		out = malloc(*len + 1);
	if (!out)
		return NULL;
	to = out;
	while ((found = memmem(t.at, (size_t)(t.end - t.at), begin, sizeof(begin) - 1))) {
		t.at = found;
		if (can_go(&t)) {
			memcpy(to, kept, (size_t)(found - kept));
			to += found - kept;
			kept = t.at;
		} else {
			t.at = found + 1;
		}
	}
	memcpy(to, kept, (size_t)(t.end - kept));
	to += t.end - kept;
	*len = (size_t)(to - out);
	return out;
}
