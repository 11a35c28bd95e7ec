// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "qmp_read.h"

enum hb_run qmp_run(const char *status)
{
	static const struct {
		const char *name;
		enum hb_run run;
	} states[] = {
		{"running", RUN_RUNNING},       {"prelaunch", RUN_PRELAUNCH},
		{"paused", RUN_PAUSED},         {"suspended", RUN_PAUSED},
		{"debug", RUN_PAUSED},          {"io-error", RUN_IO_ERROR},
		{"watchdog", RUN_WATCHDOG},     {"inmigrate", RUN_MIGRATING},
		{"postmigrate", RUN_MIGRATING}, {"finish-migrate", RUN_MIGRATING},
		{"save-vm", RUN_SAVING},        {"restore-vm", RUN_SAVING},
		{"shutdown", RUN_OFF},          {"guest-panicked", RUN_PANICKED},
		{"internal-error", RUN_ERROR},  {"colo", RUN_SAVING},
	};

	for (size_t i = 0; status && i < sizeof(states) / sizeof(states[0]); i++)
		if (!strcmp(status, states[i].name))
			return states[i].run;
	return RUN_UNSEEN;
}

static void copy_printable(char *out, size_t size, const char *text)
{
	size_t n = 0;

	for (; text && *text && n < size - 1; text++)
		out[n++] = isprint((unsigned char)*text) && *text != '"' && *text != '\\' ? *text
											  : '?';
	out[n] = '\0';
}

static const char *text_of(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static bool is(const json_t *o, const char *key, const char *value)
{
	const char *text = text_of(o, key);

	return text && !strcmp(text, value);
}

static void ev_reset(const json_t *data, struct qmp_meaning *m)
{
	m->says = QMP_RESET;
	m->by_guest = json_is_true(json_object_get(data, "guest"));
	copy_printable(m->cause, sizeof(m->cause), text_of(data, "reason"));
}
static void ev_stop(const json_t *data, struct qmp_meaning *m)
{
	m->says = QMP_RUN;
	m->run = RUN_PAUSED; /* why, query-status says */
}
static void ev_resume(const json_t *data, struct qmp_meaning *m)
{
	m->says = QMP_RUN;
	m->run = RUN_RUNNING;
}
static void ev_panicked(const json_t *data, struct qmp_meaning *m)
{
	m->says = QMP_PANICKED;
	m->ends = is(data, "action", "poweroff");
	copy_printable(m->cause, sizeof(m->cause), text_of(data, "action"));
}
static void ev_watchdog(const json_t *data, struct qmp_meaning *m)
{
	m->says = QMP_WATCHDOG;
	m->run = is(data, "action", "pause") ? RUN_WATCHDOG : RUN_UNSEEN;
	m->ends = is(data, "action", "poweroff");
	copy_printable(m->cause, sizeof(m->cause), text_of(data, "action"));
}
static void ev_shutdown(const json_t *data, struct qmp_meaning *m)
{
	m->says = QMP_SHUTDOWN;
	m->by_guest = json_is_true(json_object_get(data, "guest"));
	copy_printable(m->cause, sizeof(m->cause), text_of(data, "reason"));
}
static void ev_io_error(const json_t *data, struct qmp_meaning *m)
{
	m->says = QMP_IO_ERROR;
	copy_printable(m->cause, sizeof(m->cause), text_of(data, "device"));
	if (is(data, "action", "stop"))
		m->run = RUN_IO_ERROR;
}
static void ev_migration(const json_t *data, struct qmp_meaning *m)
{
	bool over = is(data, "status", "failed") || is(data, "status", "cancelled") ||
		    is(data, "status", "completed") || is(data, "status", "none");

	m->says = QMP_RUN;
	m->run = over ? RUN_UNSEEN : RUN_MIGRATING; /* UNSEEN: ask */
}
static void ev_role(const json_t *data, struct qmp_meaning *m)
{
	m->says = QMP_ROLE;
	m->open = true;
	copy_printable(m->line, sizeof(m->line), text_of(data, "text"));
}

static void read_event(const char *name, const json_t *data, struct qmp_meaning *m)
{
	static const struct {
		const char *name;
		void (*read)(const json_t *data, struct qmp_meaning *m);
	} events[] = {
		{"RESET", ev_reset},
		{"STOP", ev_stop},
		{"RESUME", ev_resume},
		{"GUEST_PANICKED", ev_panicked},
		{"WATCHDOG", ev_watchdog},
		{"SHUTDOWN", ev_shutdown},
		{"BLOCK_IO_ERROR", ev_io_error},
		{"MIGRATION", ev_migration},
		{"X_TAIKI_ROLE", ev_role},
	};

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (!strcmp(name, events[i].name))
			events[i].read(data, m);
}

static void read_cpus(const json_t *list, struct qmp_meaning *m)
{
	size_t n = json_array_size(list);

	m->says = QMP_VCPUS;
	for (size_t i = 0; i < n && i < HV_VCPUS_MAX; i++) {
		json_int_t t =
			json_integer_value(json_object_get(json_array_get(list, i), "thread-id"));

		m->thread[m->vcpus++] = t > 0 && t == (pid_t)t ? (pid_t)t : 0;
	}
}

static void read_answer(const json_t *value, struct qmp_meaning *m)
{
	switch (m->id) {
	case QMP_ID_STATUS:
		m->says = QMP_RUN;
		m->run = qmp_run(text_of(value, "status"));
		break;
	case QMP_ID_CPUS: read_cpus(value, m); break;
	case QMP_ID_INFO:
		m->says = QMP_ENGINE;
		m->soft = is(value, "engine", "soft");
		break;
	case QMP_ID_ROLE:
		m->says = QMP_ROLE;
		m->open = json_is_true(json_object_get(value, "open"));
		copy_printable(m->line, sizeof(m->line), text_of(value, "last"));
		break;
	default: m->says = QMP_DONE; break;
	}
}

struct qmp_meaning qmp_read(const char *line, size_t len)
{
	struct qmp_meaning m = {.says = QMP_OTHER};
	json_t *o = json_loadb(line, len, 0, NULL);
	const char *event = text_of(o, "event");
	json_int_t id = json_integer_value(json_object_get(o, "id"));

	m.id = id > QMP_ID_NONE && id <= QMP_ID_OTHER ? (enum qmp_id)id : QMP_ID_NONE;
	if (event)
		read_event(event, json_object_get(o, "data"), &m);
	else if (json_object_get(o, "QMP"))
		m.says = QMP_GREETING;
	else if (json_object_get(o, "error"))
		m.says = QMP_REFUSED;
	else if (json_object_get(o, "return"))
		read_answer(json_object_get(o, "return"), &m);
	json_decref(o);
	return m;
}
