// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A configuration's text without what nine tenths of a big one are: resources of which a host
 * knows nothing but that a probe has not found them there.  plan_parse.c leaves them out
 * of its tree anyway; a parser that need not read them is done in a fraction of the time.
 *
 * Only what is certain is cut.  In a text without "<!", and "<?" but at its beginning, no '<'
 * stands anywhere but at the beginning of a tag.
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

static bool in_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

/* NAME="VALUE" and what comes before it; false: there is none more, or it is not so simple. */
static bool next_pair(struct span *t, struct span *name, struct span *value)
{
	const char *is, *end;

	while (t->at < t->end && *t->at == ' ')
		t->at++;
	for (is = t->at; is < t->end && in_name(*is); is++)
		;
	if (t->end - is < 2 || is[0] != '=' || is[1] != '"')
		return false;
	end = memchr(is + 2, '"', (size_t)(t->end - is - 2));
	if (!end)
		return false;
	*name = (struct span){t->at, is};
	*value = (struct span){is + 2, end};
	t->at = end + 1;
	return true;
}

static bool is(const struct span *s, const char *text)
{
	return (size_t)(s->end - s->at) == strlen(text) &&
	       !memcmp(s->at, text, (size_t)(s->end - s->at));
}

/* How a tag ends, or that it is not understood. */
enum tag { TAG_ODD, TAG_OPEN, TAG_CLOSED };

/* Behind the end of a tag, and to the next one. */
static enum tag tag_end(struct span *t)
{
	enum tag tag = goes_on(t, "/>") ? TAG_CLOSED : goes_on(t, ">") ? TAG_OPEN : TAG_ODD;
	const char *next = memchr(t->at, '<', (size_t)(t->end - t->at));

	t->at = next ? next : t->end;
	return tag;
}

/* <lrm_rsc_op ...>, behind its name: a probe that was done and found nothing; else TAG_ODD. */
static enum tag found_nothing(struct span *t)
{
	static const struct {
		const char *name, *value;
	} wanted[] = {
		{"operation", "monitor"}, {"interval", "0"}, {"rc-code", "7"}, {"op-status", "0"}};
	enum { WANTED = sizeof(wanted) / sizeof(wanted[0]) };
	struct span name, value;
	unsigned found = 0;

	while (next_pair(t, &name, &value))
		for (unsigned n = 0; n < WANTED; n++)
			if (is(&name, wanted[n].name))
				found |= is(&value, wanted[n].value) ? 1U << n : 1U << WANTED;
	return found == (1U << WANTED) - 1 ? tag_end(t) : TAG_ODD;
}

/* Whether the <lrm_resource>, behind whose name @t is, can go; *@t is behind it then. */
static bool can_go(struct span *t)
{
	struct span rest = *t, name, value;
	size_t len;

	while (next_pair(&rest, &name, &value))
		;
	if (tag_end(&rest) != TAG_OPEN)
		return false;
	while ((len = goes_on(&rest, "<lrm_rsc_op "))) {
		enum tag tag;

		rest.at += len;
		tag = found_nothing(&rest);
		len = tag == TAG_OPEN ? goes_on(&rest, "</lrm_rsc_op>") : 0;
		if (tag == TAG_ODD || (tag == TAG_OPEN && !len))
			return false;
		rest.at += len;
		tag_end(&rest);
	}
	len = goes_on(&rest, "</lrm_resource>");
	t->at = len ? rest.at + len : t->at;
	return len;
}

/* Whether @text has a '<' with @second behind it, which is rare in any configuration. */
static bool has_tag(const char *text, size_t len, char second)
{
	const char *at = text, *end = text + len;

	while ((at = memchr(at, second, (size_t)(end - at)))) {
		if (at > text && at[-1] == '<')
			return true;
		at++;
	}
	return false;
}

char *plan_cut(const char *text, size_t *len)
{
	static const char begin[] = "<lrm_resource ";
	struct span t = {text, text + *len};
	const char *kept = text, *found;
	char *out = NULL, *to;

	if (*len > 1 && !has_tag(text, *len, '!') && !has_tag(text + 1, *len - 1, '?'))
		out = malloc(*len + 1);
	if (!out)
		return NULL;
	to = out;
	while ((found = memmem(t.at, (size_t)(t.end - t.at), begin, sizeof(begin) - 1))) {
		t.at = found + sizeof(begin) - 1;
		if (can_go(&t)) {
			memcpy(to, kept, (size_t)(found - kept));
			to += found - kept;
			kept = t.at;
		}
	}
	memcpy(to, kept, (size_t)(t.end - kept));
	to += t.end - kept;
	*len = (size_t)(to - out);
	return out;
}
