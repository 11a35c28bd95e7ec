// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What multipathd says of a map.  It is root's, but another program of another release: what it
 * says is read as if it came from anywhere.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "multipath.h"

bool multipath_name_ok(const char *name)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:+";
	size_t len = strlen(name);

	return len && len < MULTIPATH_NAME && name[0] != '.' && name[0] != '-' &&
	       strspn(name, allowed) == len;
}

int multipath_names(const char *text, char name[MULTIPATH_MAPS][MULTIPATH_NAME])
{
	static const char between[] = " ,\t\n";
	int n = 0;

	for (text += strspn(text, between); *text; text += strspn(text, between)) {
		size_t len = strcspn(text, between);

		if (n == MULTIPATH_MAPS || len >= MULTIPATH_NAME)
			return -EINVAL;
		memcpy(name[n], text, len);
		name[n][len] = '\0';
		if (!multipath_name_ok(name[n]))
			return -EINVAL;
		for (int i = 0; i < n; i++)
			if (!strcmp(name[i], name[n]))
				return -EINVAL;
		n++;
		text += len;
	}
	return n ? n : -EINVAL;
}

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static bool is(const json_t *o, const char *key, const char *value)
{
	return !strcmp(text_of(o, key), value);
}

/* The kernel has not failed it, and its checker does not know better.  "ghost": a passive controller. */
static bool works(const json_t *path)
{
	static const char *const bad[] = {
		"faulty",       "shaky",   "delayed", "i/o timeout",
		"disconnected", "removed", "down",    "undef",
	};

	if (!is(path, "dm_st", "active") || is(path, "dev_st", "offline"))
		return false;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (is(path, "chk_st", bad[i]))
			return false;
	return true;
}

/* No two paths are one device; a name that cannot be one is none. */
static int take_path(struct multipath_map *m, const json_t *path)
{
	const char *dev = text_of(path, "dev");
	struct multipath_path *p = &m->path[m->n];

	if (!*dev || strlen(dev) >= sizeof(p->dev) || strpbrk(dev, " \t\n/"))
		return -EPROTO;
	if (m->n == PATHS_MAX)
		return -EPROTO;
	for (unsigned i = 0; i < m->n; i++)
		if (!strcmp(m->path[i].dev, dev))
			return -EPROTO;
	strcpy(p->dev, dev);
	p->works = works(path);
	m->working += p->works;
	m->n++;
	return 0;
}

static int take_groups(struct multipath_map *m, const json_t *groups)
{
	size_t i, j;
	json_t *group, *path;

	json_array_foreach (groups, i, group) {
		json_t *paths = json_object_get(group, "paths");

		if (!json_is_array(paths))
			return -EPROTO;
		json_array_foreach (paths, j, path)
			if (take_path(m, path))
				return -EPROTO;
	}
	return 0;
}

static enum multipath_queueing queueing_of(const json_t *map)
{
	const char *q = text_of(map, "queueing");

	if (!strcmp(q, "off"))
		return MULTIPATH_FAILS;
	if (!strcmp(q, "on"))
		return MULTIPATH_WAITS;
	if (*q >= '0' && *q <= '9')
		return MULTIPATH_WAITS_BOUNDED;
	/* It does not say; then the table's own word counts. */
	return strstr(text_of(map, "features"), "queue_if_no_path") ? MULTIPATH_WAITS
								    : MULTIPATH_FAILS;
}

static int take_map(struct multipath_map *m, const json_t *root, const char *name)
{
	const json_t *map = json_object_get(root, "map");
	const json_t *groups = json_object_get(map, "path_groups");

	if (!json_is_object(map))
		return -EPROTO;
	/* That of another map would be believed of this one. */
	if (!is(map, "name", name) && !is(map, "uuid", name))
		return -EPROTO;
	m->queueing = queueing_of(map);
	m->suspended = is(map, "dm_st", "suspend");
	/* Without a path it has no groups. */
	return groups && !json_is_array(groups) ? -EPROTO : take_groups(m, groups);
}

int multipath_read(const char *text, size_t len, const char *name, struct multipath_map *m)
{
	static const struct {
		const char *word;
		int rc;
	} words[] = {{"fail", -ENOENT}, {"timeout", -EAGAIN}, {"permission", -EPERM}};
	json_t *root;
	int rc;

	memset(m, 0, sizeof(*m));
	while (len && (text[len - 1] == '\0' || text[len - 1] == '\n'))
		len--;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (len >= strlen(words[i].word) &&
		    !memcmp(text, words[i].word, strlen(words[i].word)))
			return words[i].rc;
	root = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	rc = json_is_object(root) ? take_map(m, root, name) : -EPROTO;
	json_decref(root);
	if (rc)
		memset(m, 0, sizeof(*m));
	return rc;
}
