// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * monitor: one process, nothing forked, nothing written.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "domain.h"

enum { TAIL = 2048 }; /* bytes of a log's end that are looked at */

/* read_tail() - The end of the domain's log, "" if there is none. */
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

/* last_line() - Cuts the last line off @tail; what it says, without time, name and level. */
static const char *last_line(char *tail)
{
	size_t n = strlen(tail);
	char *line, *text;

	while (n && tail[n - 1] == '\n')
		tail[--n] = '\0';
	line = strrchr(tail, '\n');
	if (line)
		*line++ = '\0';
	else
		line = tail;
	text = strstr(line, "]: ");
	text = text ? strstr(text + 3, ": ") : NULL;
	return text ? text + 2 : line;
}

/* gone() - Not running; of one that should be, why, as far as its log knows. */
static enum ocf_rc gone(const struct domain_list *l)
{
	static const char orderly[] = "ended with status ", reason[] = "ending: ";
	char tail[TAIL];
	const char *text;

	if (ocf_is_probe() || !l->n)
		return OCF_NOT_RUNNING;
	read_tail(l->name[0], tail);
	text = last_line(tail);
	if (strncmp(text, orderly, strlen(orderly)) != 0)
		return ocf_exit_reason(OCF_NOT_RUNNING,
				       "domain %s is gone: its process was killed or crashed; the "
				       "last it logged: %.256s",
				       l->name[0], *text ? text : "nothing");
	text = last_line(tail);
	if (!strncmp(text, reason, strlen(reason)))
		text += strlen(reason);
	return ocf_exit_reason(OCF_NOT_RUNNING, "domain %s ended: %.256s", l->name[0], text);
}

static enum ocf_rc look_at(const char *name, const struct domain_list *l)
{
	struct domain_view v;
	struct domain_verdict verdict;

	domain_look(name, ocf_left_ms() / 4 * 3, &v);
	verdict = domain_judge(&v);
	if (verdict.rc == OCF_NOT_RUNNING)
		return gone(l);
	if (verdict.rc != OCF_SUCCESS)
		ocf_exit_reason(verdict.rc, "domain %s %s%s%s", name, verdict.what,
				v.err.text[0] ? ": " : "", v.err.text);
	return verdict.rc;
}

enum ocf_rc domain_monitor(void)
{
	struct domain_list l;
	enum ocf_rc rc;

	if (ocf_is_clone())
		return ocf_exit_reason(OCF_ERR_CONFIGURED,
				       "%s is a clone; a domain runs once: take the clone away",
				       ocf_instance());
	if (domain_find(&l))
		rc = ocf_exit_reason(OCF_ERR_GENERIC, "cannot tell which domains run here: %s",
				     l.err.text);
	else if (l.running > 1)
		rc = ocf_exit_reason(OCF_ERR_GENERIC, "two domains run for it: %s and %s",
				     l.name[0], l.name[1]);
	else if (l.running)
		rc = look_at(l.name[0], &l);
	else
		rc = gone(&l);
	domain_list_free(&l);
	return rc;
}
