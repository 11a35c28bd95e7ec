// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Telling a domain what it is to have: CPU by its control group, at once; memory
 * by its balloon, which the guest fills when it likes.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "hv/rundir.h"
#include "hv/tune.h"
#include "ledger_private.h"
#include "probe.h"

enum { PERIOD_DEFAULT = 100000 };

/* One line in the domain's log, where hv-domain appends as well. */
static void log_line(const char *name, const char *line)
{
	char path[4096], text[512];
	struct timespec now;
	struct tm tm;
	int fd, n;

	if (hv_run_path(path, sizeof(path), name, "log"))
		return;
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = (int)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	n += snprintf(text + n, sizeof(text) - (size_t)n, ".%03ldZ ledger[%s]: notice: %s\n",
		      now.tv_nsec / 1000000, name, line);
	/* A full disk takes the line, and nothing else. */
	if (write(fd, text, ledger_min((uint64_t)n, sizeof(text) - 1)) < 0)
		syslog(LOG_DAEMON | LOG_WARNING, "%s: cannot be written: %m", path);
	close(fd);
}

void ledger_steer_say(const char *name, hv_ledger_say *say, void *arg, const char *fmt, ...)
{
	char line[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	log_line(name, line);
	syslog(LOG_DAEMON | LOG_NOTICE, "domain %s: %s", name, line);
	if (say)
		say(arg, name, line);
}

void ledger_steer_step(const struct hv_room *from, const struct hv_room *to, char out[96])
{
	int n = 0;

	out[0] = '\0';
	if (from->memory != to->memory)
		n = snprintf(out, 96, "from %llu to %llu MiB",
			     (unsigned long long)(from->memory >> 20),
			     (unsigned long long)(to->memory >> 20));
	if (from->cpu != to->cpu)
		snprintf(out + n, 96 - (size_t)n, "%sfrom %llu to %llu%% CPU", n ? " and " : "",
			 (unsigned long long)from->cpu, (unsigned long long)to->cpu);
}

/* @e's shares at @cpu: from full to minimum as CPU goes. */
static uint64_t shares_at(const struct hv_ledger_entry *e, uint64_t cpu)
{
	uint64_t range = ledger_less(e->full.cpu, e->minimum.cpu);
	uint64_t above = ledger_min(ledger_less(cpu, e->minimum.cpu), range);

	if (!range)
		return e->shares;
	return e->shares_minimum + (e->shares - e->shares_minimum) * above / range;
}

void ledger_tune(const struct hv_ledger_entry *e, uint64_t cpu, struct hv_config *c)
{
	uint64_t period = c->cputune.period ? c->cputune.period : PERIOD_DEFAULT;

	c->cputune.period = period;
	c->cputune.shares = shares_at(e, cpu);
	/* What it has in full may be no quota at all. */
	if (cpu < e->full.cpu || c->cputune.quota > 0)
		c->cputune.quota =
			(int64_t)((cpu * period + c->vcpus * 100 - 1) / (c->vcpus * 100));
	else
		c->cputune.quota = -1;
}

static int left(int64_t deadline)
{
	return hv_left_ms(deadline);
}

static int call(const char *name, struct hv_qmp **q, const char *command, json_t *args,
		int timeout_ms, json_t **ret, struct hv_error *err)
{
	int64_t deadline = hv_clock_ms() + timeout_ms;
	int rc = *q ? 0 : hv_qmp_open_domain(name, timeout_ms, q, err);

	if (rc)
		json_decref(args);
	else
		rc = hv_qmp_call(*q, command, args, left(deadline), ret, err);
	if (rc && rc != -EREMOTEIO) {
		hv_qmp_close(*q);
		*q = NULL;
	}
	return rc;
}

int ledger_steer(const struct hv_ledger_entry *e, const struct hv_room *room, struct hv_qmp **q,
		 int timeout_ms, struct hv_error *err)
{
	struct hv_config c;
	int rc = ledger_config(e->name, &c);

	if (rc)
		return hv_err(err, rc, "domain %s: its configuration cannot be read", e->name);
	/* Where there are no control groups CPU is not held to anything, and was not before. */
	if (e->full.cpu != e->minimum.cpu || room->cpu < e->full.cpu) {
		ledger_tune(e, room->cpu, &c);
		(void)hv_tune(&c, NULL);
	}
	if (c.balloon)
		rc = call(e->name, q, "balloon",
			  json_pack("{s:I}", "value", (json_int_t)room->memory), timeout_ms, NULL,
			  err);
	hv_config_free(&c);
	return rc;
}

int ledger_steer_actual(const char *name, struct hv_qmp **q, int timeout_ms, uint64_t *actual,
			struct hv_error *err)
{
	json_t *ret = NULL, *value;
	int rc = call(name, q, "query-balloon", NULL, timeout_ms, &ret, err);

	value = json_object_get(ret, "actual");
	if (!rc && !json_is_integer(value))
		rc = hv_err(err, -EPROTO, "domain %s: query-balloon says no \"actual\"", name);
	if (!rc)
		*actual = (uint64_t)json_integer_value(value);
	json_decref(ret);
	return rc;
}
