// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One domain: taking up a new incarnation, and noticing that one has ended.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "hv/rundir.h"

#include "heartbeatd.h"
#include "log.h"

struct domain *domain_find(struct hbd *d, const char *name)
{
	struct domain *dom = d->domains;

	while (dom && strcmp(dom->name, name))
		dom = dom->next;
	return dom;
}

struct domain *domain_add(struct hbd *d, const char *name)
{
	struct domain *dom;

	if (d->ndomains >= DOMAINS_MAX)
		return NULL;
	dom = calloc(1, sizeof(*dom));
	if (!dom)
		return NULL;
	snprintf(dom->name, sizeof(dom->name), "%s", name);
	dom->d = d;
	dom->pidfd = -1;
	dom->watch = -1;
	dom->next = d->domains;
	d->domains = dom;
	d->ndomains++;
	return dom;
}

static void let_go(struct domain *dom)
{
	if (dom->pidfd < 0)
		return;
	qb_loop_poll_del(dom->d->loop, dom->pidfd);
	close(dom->pidfd);
	dom->pidfd = -1;
}

void domain_remove(struct domain *dom)
{
	struct domain **at = &dom->d->domains;

	while (*at != dom)
		at = &(*at)->next;
	*at = dom->next;
	dom->d->ndomains--;
	tell_forget(dom);
	let_go(dom);
	free(dom);
}

static int32_t process_ended(int32_t fd, int32_t events, void *data)
{
	struct domain *dom = data;

	let_go(dom);
	log_line(LOG_WARNING, "domain %s: its process %d is gone", dom->name, (int)dom->pid);
	tell_failed(dom);
	return 0;
}

static void read_settings(struct domain *dom)
{
	char path[4096];
	struct hv_config c;
	char *text = NULL;
	size_t size = 0;
	FILE *f;
	ssize_t n;

	hv_config_init(&c);
	dom->settings = c.heartbeat;
	hv_config_free(&c);
	if (hv_run_path(path, sizeof(path), dom->name, "config.json"))
		return;
	f = fopen(path, "re");
	n = f ? getdelim(&text, &size, '\0', f) : -1;
	if (n > 0 && !hv_config_from_json(&c, text, (size_t)n, NULL)) {
		dom->settings = c.heartbeat;
		hv_config_free(&c);
	}
	free(text);
	if (f)
		fclose(f);
}

/* take_up() - The incarnation @uuid of process @pid, 0: which is not there any more. */
static void take_up(struct domain *dom, const char *uuid, pid_t pid)
{
	char *resource = hv_run_read(dom->name, "resource");

	let_go(dom);
	tell_forget(dom);
	snprintf(dom->incarnation, sizeof(dom->incarnation), "%s", uuid);
	snprintf(dom->resource, sizeof(dom->resource), "%s", resource ? resource : "");
	free(resource);
	read_settings(dom);
	dom->pid = pid;
	dom->pidfd = pid > 0 ? pidfd_open(pid, 0) : -1;
	if (dom->pidfd < 0) {
		log_line(LOG_WARNING, "domain %s: incarnation %s was found dead", dom->name, uuid);
		tell_failed(dom);
		return;
	}
	qb_loop_poll_add(dom->d->loop, QB_LOOP_HIGH, dom->pidfd, POLLIN, dom, process_ended);
	log_line(LOG_INFO, "domain %s: incarnation %s, process %d, resource %s", dom->name, uuid,
		 (int)pid, dom->resource[0] ? dom->resource : "none");
}

void domain_look(struct domain *dom)
{
	char *uuid = hv_run_read(dom->name, "incarnation");
	enum hv_presence p;
	pid_t pid;

	if (!uuid || !uuid[0] || (dom->pidfd >= 0 && !strcmp(uuid, dom->incarnation)))
		goto out;
	p = hv_presence(dom->name, &pid, NULL);
	/* Present without a process: it is on its way, and `pid` comes last. */
	if (p == HV_UNKNOWN || (p == HV_PRESENT && !pid))
		goto out;
	if (p == HV_ABSENT && !strcmp(uuid, dom->incarnation))
		goto out;
	take_up(dom, uuid, p == HV_PRESENT ? pid : 0);
out:
	free(uuid);
}
