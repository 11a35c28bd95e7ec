// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is remembered of a resource's maps, "map NAME SHORT-SINCE NONE-SINCE UNQUEUED" a line, in a run
 * directory that a boot empties.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hv/replace.h"
#include "hv/rundir.h"

#include "multipath.h"

enum { LINE = MULTIPATH_NAME + 64, TEXT = MULTIPATH_MAPS * LINE, DIRECTORY = PATH_MAX / 2 };

void multipath_memory_parse(struct multipath_memory *m, const char *text)
{
	m->n = 0;
	while (*text && m->n < MULTIPATH_MAPS) {
		size_t len = strcspn(text, "\n");
		struct multipath_past p = {0};
		char line[LINE], name[MULTIPATH_NAME];
		int unqueued, end = 0;

		/* A line without its end was not written to its end. */
		if (len < sizeof(line) && text[len]) {
			memcpy(line, text, len);
			line[len] = '\0';
			if (sscanf(line, "map %127s %" SCNd64 " %" SCNd64 " %d%n", name,
				   &p.short_since, &p.none_since, &unqueued, &end) == 4 &&
			    !line[end] && multipath_name_ok(name) && p.short_since >= 0 &&
			    p.none_since >= 0) {
				p.unqueued = unqueued != 0;
				strcpy(m->name[m->n], name);
				m->past[m->n++] = p;
			}
		}
		text += len + (text[len] == '\n');
	}
}

size_t multipath_memory_print(const struct multipath_memory *m, char *out, size_t size)
{
	size_t n = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < m->n && size - n > LINE; i++)
		n += (size_t)snprintf(out + n, size - n, "map %s %" PRId64 " %" PRId64 " %d\n",
				      m->name[i], m->past[i].short_since, m->past[i].none_since,
				      m->past[i].unqueued);
	return n;
}

static void place(char dir[DIRECTORY], char path[PATH_MAX], const char *resource)
{
	snprintf(dir, DIRECTORY, "%s/.paths", hv_run_root());
	snprintf(path, PATH_MAX, "%s/multipath@%.200s", dir, resource);
}

bool multipath_recall(struct multipath_memory *m, const char *resource)
{
	char dir[DIRECTORY], path[PATH_MAX], text[TEXT];
	ssize_t n;
	int fd;

	m->n = 0;
	place(dir, path, resource);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno != ENOENT; /* it is there, whatever it says */
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	multipath_memory_parse(m, text);
	return true;
}

int multipath_remember(const struct multipath_memory *m, const char *resource)
{
	char dir[DIRECTORY], path[PATH_MAX], text[TEXT + LINE];
	size_t n = multipath_memory_print(m, text, sizeof(text));

	place(dir, path, resource);
	if (mkdir(hv_run_root(), 0755) && errno != EEXIST)
		return -errno;
	if (mkdir(dir, 0755) && errno != EEXIST)
		return -errno;
	return hv_replace(path, text, n, 0644, false);
}

int multipath_forget(const char *resource)
{
	char dir[DIRECTORY], path[PATH_MAX];

	place(dir, path, resource);
	return unlink(path) && errno != ENOENT ? -errno : 0;
}
