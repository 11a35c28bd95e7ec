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

/*
 * last_words() - The last line of the domain's log without its time stamp, or
 * "" if there is none: why something is gone that should be there.
 */
static void last_words(const char *name, char out[256])
{
	char path[PATH_MAX], tail[2048], *line, *text;
	ssize_t n = -1;
	int fd;

	out[0] = '\0';
	if (hv_run_path(path, sizeof(path), name, "log"))
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return;
	off_t size = lseek(fd, 0, SEEK_END);
	off_t from = size > (off_t)sizeof(tail) - 1 ? size - (off_t)sizeof(tail) + 1 : 0;
	if (size >= 0)
		n = pread(fd, tail, sizeof(tail) - 1, from);
	close(fd);
	while (n > 0 && tail[n - 1] == '\n')
		n--;
	if (n <= 0)
		return;
	tail[n] = '\0';
	line = strrchr(tail, '\n');
	line = line ? line + 1 : tail;
	text = strstr(line, "]: ");
	text = text ? text + 3 : line;
	snprintf(out, 256, "%.255s", text);
}

static enum ocf_rc gone(const struct domain_list *l)
{
	char why[256];

	if (ocf_is_probe() || !l->n)
		return OCF_NOT_RUNNING;
	last_words(l->name[0], why);
	return ocf_exit_reason(OCF_NOT_RUNNING, "domain %s ended%s%s", l->name[0],
			       why[0] ? ": " : "", why);
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
