// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hv/rundir.h"

enum { TAIL = 2048 }; /* bytes of a log's end that are looked at */

static void read_tail(const char *name, char tail[TAIL])
{
	char path[PATH_MAX];
	ssize_t n = -1;
	off_t size;
	int fd;

	tail[0] = '\0';
	if (hv_run_path(path, sizeof(path), name, "log"))
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return;
	size = lseek(fd, 0, SEEK_END);
	if (size >= 0)
		n = pread(fd, tail, TAIL - 1, size > TAIL - 1 ? size - (TAIL - 1) : 0);
	close(fd);
	tail[n > 0 ? n : 0] = '\0';
}

/* cut_line() - The last line of @tail, cut off it. */
static char *cut_line(char *tail)
{
	size_t n = strlen(tail);
	char *line;

	while (n && tail[n - 1] == '\n')
		tail[--n] = '\0';
	line = strrchr(tail, '\n');
	if (!line)
		return tail;
	*line = '\0';
	return line + 1;
}

/* of_ledger() - Whether @line is the host's, which writes in the same log, also of one that is gone. */
static bool of_ledger(const char *line)
{
	const char *who = strchr(line, ' ');

	return who && !strncmp(who, " ledger[", 8);
}

/* last_line() - Cuts the domain's last line off @tail; what it says, without time, name and level. */
static const char *last_line(char *tail)
{
	char *line, *text;

	do
		line = cut_line(tail);
	while (line != tail && of_ledger(line));
	text = strstr(line, "]: ");
	text = text ? strstr(text + 3, ": ") : NULL;
	return text ? text + 2 : line;
}

bool hv_last_words(const char *name, char *out, size_t size)
{
	static const char orderly[] = "ended with status ", reason[] = "ending: ";
	char tail[TAIL];
	const char *text;
	bool ended;

	read_tail(name, tail);
	text = last_line(tail);
	ended = !strncmp(text, orderly, strlen(orderly));
	if (ended)
		text = last_line(tail);
	if (ended && !strncmp(text, reason, strlen(reason)))
		text += strlen(reason);
	snprintf(out, size, "%s", text);
	return ended;
}
