// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who is to be promoted, and what the parameters that say so mean.  Pure.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mirror.h"

#define BETWEEN " ,\t\n"

static bool is(const char *text, const char *word)
{
	return text && !strcmp(text, word);
}

bool mirror_connected(const struct mirror_state *s)
{
	static const char *const apart[] = {
		"StandAlone",     "Disconnecting", "Unconnected",  "Timeout",        "BrokenPipe",
		"NetworkFailure", "ProtocolError", "WFConnection", "WFReportParams", "TearDown",
	};

	for (size_t i = 0; i < sizeof(apart) / sizeof(apart[0]); i++)
		if (is(s->connection, apart[i]))
			return false;
	return s->connection;
}

int mirror_score(const struct mirror_state *s, const int score[MIRROR_SCORES])
{
	bool outdone = is(s->peer_disk, "Outdated") || is(s->peer_disk, "Inconsistent");

	/* What is Inconsistent or Outdated must not be used, and a disk that is none cannot be. */
	if (is(s->disk, "Consistent"))
		return score[MIRROR_CONSISTENT];
	if (!is(s->disk, "UpToDate"))
		return MIRROR_NO_SCORE;
	if (is(s->role, "Primary") || mirror_connected(s) || outdone)
		return score[MIRROR_GOOD];
	/* The peer may have gone on without us. */
	return score[MIRROR_LONE];
}

int mirror_scores(const char *text, int out[MIRROR_SCORES])
{
	for (int i = 0; i < MIRROR_SCORES; i++) {
		char *end;
		long n = strtol(text, &end, 10);

		if (end == text || n < 0 || n > MIRROR_SCORE_MAX || (*end && *end != ' '))
			return -EINVAL;
		out[i] = (int)n;
		text = end + strspn(end, " ");
	}
	return *text ? -EINVAL : 0;
}

/* The address of the entry @at, and where the next one begins; NULL: it is none. */
static const char *endpoint(const char *at, size_t *name, char out[MIRROR_ENDPOINT])
{
	size_t len;

	*name = strcspn(at, "=" BETWEEN);
	if (!*name || at[*name] != '=')
		return NULL;
	at += *name + 1;
	len = strcspn(at, BETWEEN);
	if (!len || len >= MIRROR_ENDPOINT || !memchr(at, ':', len) ||
	    !isdigit((unsigned char)at[len - 1]))
		return NULL;
	memcpy(out, at, len);
	out[len] = '\0';
	return at + len + strspn(at + len, BETWEEN);
}

int mirror_hosts(const char *text, const char *node, char local[MIRROR_ENDPOINT],
		 char peer[MIRROR_ENDPOINT])
{
	char end[2][MIRROR_ENDPOINT];
	size_t name[2];
	const char *at[2];
	int mine = -1;

	text += strspn(text, BETWEEN);
	for (int i = 0; i < 2; i++) {
		at[i] = text;
		text = endpoint(text, &name[i], end[i]);
		if (!text)
			return -EINVAL;
		if (name[i] == strlen(node) && !strncmp(at[i], node, name[i]))
			mine = i;
	}
	if (*text || (name[0] == name[1] && !strncmp(at[0], at[1], name[0])) ||
	    !strcmp(end[0], end[1]))
		return -EINVAL;
	if (mine < 0)
		return 1;
	strcpy(local, end[mine]);
	strcpy(peer, end[!mine]);
	return 0;
}
