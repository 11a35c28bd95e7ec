// SPDX-License-Identifier: GPL-2.0-or-later
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <qb/qbdefs.h>
#include <qb/qbloop.h>
#include <cmocka.h>

#include "fencing/audit.h"
#include "rig.h"

enum { GIVE_UP_MS = 20000, LOOK_NS = 1000000 };

struct rig rig;

static void on_request(struct door_client *who, const struct fence_request *r)
{
	struct rig_asked *a = &rig.asked[rig.nasked];
	struct fence_reply reply = {.result = (uint16_t)rig.result};

	if (rig.nasked < RIG_ASKED_MAX)
		rig.nasked++;
	a->who = who;
	a->request = *r;
	snprintf(a->name, sizeof(a->name), "%s", door_name(who));
	snprintf(a->domain, sizeof(a->domain), "%s", door_domain(who));
	snprintf(a->group, sizeof(a->group), "%s", door_group(who));
	memcpy(reply.id, r->id, sizeof(reply.id));
	if (rig.answer)
		door_answer(who, &reply, NULL);
}

static void on_gone(struct door_client *who)
{
	rig.gone++;
}

static const char *group_of(const char *domain)
{
	return rig.group;
}

void rig_open(void)
{
	static const struct door_ops ops = {
		.request = on_request,
		.gone = on_gone,
		.group_of = group_of,
	};

	memset(&rig, 0, sizeof(rig));
	strcpy(rig.dir, "/tmp/fencing.XXXXXX");
	assert_non_null(mkdtemp(rig.dir));
	snprintf(rig.log, sizeof(rig.log), "%s/fence.log", rig.dir);
	setenv("TAIKI_RUN_DIR", rig.dir, 1);
	assert_int_equal(audit_open(rig.log), 0);
	rig.loop = qb_loop_create();
	assert_non_null(rig.loop);
	door_open(rig.loop, &ops);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

void rig_close(void)
{
	door_close();
	audit_close();
	qb_loop_destroy(rig.loop);
	nftw(rig.dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

struct look {
	bool (*so)(void *);
	void *data;
	unsigned left;
	bool yes;
};

static void look(void *data)
{
	struct look *l = data;
	qb_loop_timer_handle h;

	l->yes = l->so && l->so(l->data);
	if (l->yes || !l->left--)
		qb_loop_stop(rig.loop);
	else
		qb_loop_timer_add(rig.loop, QB_LOOP_MED, LOOK_NS, l, look, &h);
}

static bool run(bool (*so)(void *), void *data, unsigned ms)
{
	struct look l = {.so = so, .data = data, .left = ms};

	look(&l);
	if (!l.yes)
		qb_loop_run(rig.loop);
	return l.yes;
}

bool rig_until(bool (*so)(void *), void *data)
{
	return run(so, data, GIVE_UP_MS);
}

void rig_run(unsigned ms)
{
	run(NULL, NULL, ms);
}

void rig_answer(unsigned i, enum fence_result result, const char *text)
{
	struct fence_reply reply = {.result = (uint16_t)result};

	assert_true(i < rig.nasked);
	memcpy(reply.id, rig.asked[i].request.id, sizeof(reply.id));
	snprintf(reply.text, sizeof(reply.text), "%s", text);
	door_answer(rig.asked[i].who, &reply, NULL);
}

struct fence_request rig_request(unsigned number, unsigned op, const char *target)
{
	struct fence_request r = {.op = (uint16_t)op, .timeout_ms = 20000};

	r.id[0] = 0xaa;
	r.id[14] = (uint8_t)(number >> 8);
	r.id[15] = (uint8_t)number;
	snprintf(r.target, sizeof(r.target), "%s", target);
	return r;
}

unsigned rig_logged(const char *text)
{
	FILE *f = fopen(rig.log, "r");
	char line[4096];
	unsigned n = 0;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		n += strstr(line, text) != NULL;
	fclose(f);
	return n;
}
