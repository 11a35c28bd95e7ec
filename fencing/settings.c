// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /etc/taiki/fenced.conf: lines "KEY = VALUE", '#' begins a comment.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fencing/fenced.h"
#include "fencing/trim.h"

static int put_text(char *to, size_t size, const char *key, const char *value, char *err,
		    size_t err_size)
{
	if (!*value || strlen(value) >= size) {
		snprintf(err, err_size, "%s: \"%.64s\" is %s", key, value,
			 *value ? "too long" : "empty");
		return -EINVAL;
	}
	strcpy(to, value);
	return 0;
}

int settings_set(struct fenced_settings *s, const char *key, const char *value, char *err,
		 size_t size)
{
	if (!strcmp(key, "listen")) {
		if (s->nlisten == sizeof(s->listen) / sizeof(s->listen[0])) {
			snprintf(err, size, "listen: %u addresses are the most", s->nlisten);
			return -EINVAL;
		}
		return put_text(s->listen[s->nlisten++], sizeof(s->listen[0]), key, value, err,
				size);
	}
	if (!strcmp(key, "keys"))
		return put_text(s->keys, sizeof(s->keys), key, value, err, size);
	if (!strcmp(key, "audit"))
		return put_text(s->audit, sizeof(s->audit), key, value, err, size);
	if (!strcmp(key, "confirmations")) {
		s->confirmations = confirm_parse(value);
		if (s->confirmations)
			return 0;
		snprintf(err, size,
			 "confirmations: \"%.64s\" must be one or more of power, manual, watchdog, "
			 "fabric",
			 value);
		return -EINVAL;
	}
	snprintf(err, size, "\"%.64s\" is not known; there are: listen, keys, audit, confirmations",
		 key);
	return -EINVAL;
}

static int read_line(struct fenced_settings *s, char *line, char *err, size_t size)
{
	char *value;

	line[strcspn(line, "#\n")] = '\0';
	line = fence_trim(line);
	if (!*line)
		return 0;
	value = strchr(line, '=');
	if (!value) {
		snprintf(err, size, "\"%.64s\" is no KEY = VALUE", line);
		return -EINVAL;
	}
	*value++ = '\0';
	return settings_set(s, fence_trim(line), fence_trim(value), err, size);
}

int settings_read(struct fenced_settings *s, const char *path, bool must, char *err, size_t size)
{
	FILE *f = fopen(path, "re");
	char *line = NULL, why[300] = "";
	size_t room = 0;
	int rc = 0;

	if (!f && errno == ENOENT && !must)
		return 0;
	if (!f) {
		snprintf(err, size, "%s: cannot be read: %s", path, strerror(errno));
		return -EINVAL;
	}
	for (int n = 1; !rc && getline(&line, &room, f) > 0; n++) {
		rc = read_line(s, line, why, sizeof(why));
		if (rc)
			snprintf(err, size, "%s line %d: %s", path, n, why);
	}
	free(line);
	fclose(f);
	return rc;
}
