// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The CIB tells of its changes (most are of the status section, and pass); what
 * is watched is then asked for again, a little later, so that a burst is one question.
 */
#include <errno.h>
#include <glib.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <crm/cib.h>
#include <crm/common/xml.h>
#include <crm/msg_xml.h>

#include "reporter.h"
#include "reporter_cib.h"
#include "reporter_watch.h"

enum { WATCHED_MAX = 1024, SETTLE_MS = 200, AGAIN_MS = 1000 };

struct watched {
	uint32_t id;
	char name[REPORTER_TEXT];
	bool told;
	int rc;     /* what was told last, */
	char *text; /* and with what */
};

static struct {
	void (*tell)(void *user, uint32_t id, int rc, const char *text);
	void *user;
	struct watched list[WATCHED_MAX];
	unsigned n;
	guint timer; /* 0: not set */
	char version[64];
} self;

static gboolean ask_again(gpointer data);

static void soon(unsigned ms)
{
	if (!self.timer)
		self.timer = g_timeout_add(ms, ask_again, NULL);
}

static void changed(const char *event, xmlNode *message)
{
	soon(SETTLE_MS);
}

static void put(GString *out, const char *name, const char *value)
{
	if (!name || !value || !*value)
		return;
	g_string_append_printf(out, "%s=%s", name, value);
	g_string_append_c(out, '\0');
}

/* parameters() - "NAME=VALUE" NUL ... of @primitive; the first of one name counts. */
static void parameters(xmlNode *primitive, GString *out)
{
	for (xmlNode *set = primitive->children; set; set = set->next) {
		if (set->type != XML_ELEMENT_NODE ||
		    strcmp((const char *)set->name, "instance_attributes") != 0)
			continue;
		for (xmlNode *pair = set->children; pair; pair = pair->next)
			if (pair->type == XML_ELEMENT_NODE &&
			    !strcmp((const char *)pair->name, "nvpair"))
				put(out, crm_element_value(pair, "name"),
				    crm_element_value(pair, "value"));
	}
}

/* ask() - 0, or -errno; -ENXIO: the CIB has nothing there. */
static int ask(const char *xpath, xmlNode **out)
{
	cib_t *cib = NULL;
	int rc = cib_connection(&cib, changed);

	*out = NULL;
	if (!rc)
		rc = cib->cmds->query(cib, xpath, out, cib_scope_local | cib_sync_call | cib_xpath);
	if (rc && rc != -ENXIO)
		cib_forget();
	return rc > 0 ? -EIO : rc;
}

static int fencing(GString *out)
{
	static const char path[] = "//crm_config//nvpair[@name='stonith-enabled' or "
				   "@name='fencing-enabled']";
	xmlNode *pair;
	const char *value = NULL;
	int rc = ask(path, &pair);

	if (!rc)
		value = crm_element_value(pair, "value"); /* of several: the first is not known */
	if (!rc || rc == -ENXIO)
		put(out, "fencing-enabled", value && !crm_is_true(value) ? "false" : "true");
	free_xml(pair);
	return rc == -ENXIO ? 0 : rc;
}

static int read_resource(const char *name, GString *out)
{
	char path[REPORTER_TEXT + 64];
	xmlNode *primitive;
	int rc;

	if (strpbrk(name, "'\"<>&"))
		return -EINVAL;
	snprintf(path, sizeof(path), "//resources//primitive[@id='%s']", name);
	rc = ask(path, &primitive);
	if (!rc)
		parameters(primitive, out);
	free_xml(primitive);
	return rc ? rc : fencing(out);
}

/* look() - False: it could not be asked. */
static bool look(struct watched *w)
{
	GString *now = g_string_new(NULL);
	int rc = read_resource(w->name, now);

	if (!rc)
		rc = (int)now->len;
	if (!w->told || rc != w->rc || (rc > 0 && memcmp(now->str, w->text, now->len) != 0)) {
		free(w->text);
		w->told = true;
		w->rc = rc;
		w->text = rc > 0 ? malloc(now->len) : NULL;
		if (w->text)
			memcpy(w->text, now->str, now->len);
		else if (rc > 0)
			w->told = false;
		self.tell(self.user, w->id, rc, now->str);
	}
	g_string_free(now, TRUE);
	return rc >= 0 || rc == -ENXIO;
}

/* configured() - Whether the configuration is another one than last time, as far as can be told. */
static bool configured(void)
{
	xmlNode *root = NULL;
	cib_t *cib = NULL;
	char now[sizeof(self.version)];
	bool same;

	if (cib_connection(&cib, changed) ||
	    cib->cmds->query(cib, NULL, &root, cib_scope_local | cib_sync_call | cib_no_children))
		return true;
	snprintf(now, sizeof(now), "%s.%s", crm_element_value(root, XML_ATTR_GENERATION_ADMIN),
		 crm_element_value(root, XML_ATTR_GENERATION));
	free_xml(root);
	same = !strcmp(now, self.version);
	memcpy(self.version, now, sizeof(now));
	return !same;
}

static void look_at_all(void)
{
	bool all = true;

	alarm(REPORTER_CALL_S);
	for (unsigned i = 0; i < self.n; i++)
		all = look(&self.list[i]) && all;
	alarm(0);
	if (all)
		return;
	self.version[0] = '\0';
	soon(AGAIN_MS);
}

static gboolean ask_again(gpointer data)
{
	self.timer = 0;
	alarm(REPORTER_CALL_S);
	if (self.n && configured())
		look_at_all();
	alarm(0);
	return G_SOURCE_REMOVE;
}

void watch_start(void (*tell)(void *user, uint32_t id, int rc, const char *text), void *user)
{
	/* A file's reader checks it against the schemas; the daemon's does not. */
	if (getenv("CIB_file"))
		crm_xml_init();
	self.tell = tell;
	self.user = user;
}

int watch_resource(uint32_t id, const char *resource)
{
	struct watched *w;

	if (self.n == WATCHED_MAX)
		return -ENOSPC;
	w = &self.list[self.n++];
	*w = (struct watched){.id = id};
	snprintf(w->name, sizeof(w->name), "%s", resource);
	if (!look(w))
		soon(AGAIN_MS);
	return 0;
}

void watch_look(void)
{
	/* A file does not tell of its changes. */
	if (getenv("CIB_file"))
		cib_forget();
	soon(0);
}

void watch_forget(void)
{
	while (self.n)
		free(self.list[--self.n].text);
}
