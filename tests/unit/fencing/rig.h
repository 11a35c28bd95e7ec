/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A callee behind the doors that remembers what it was asked and answers what the
 * test wants, and a main loop that runs until something is so.
 */
#ifndef TEST_FENCING_RIG_H
#define TEST_FENCING_RIG_H

#include "fencing/door.h"

enum { RIG_ASKED_MAX = 64 };

struct rig_asked {
	struct door_client *who;
	char name[192], domain[64], group[64];
	struct fence_request request;
};

extern struct rig {
	struct qb_loop *loop;
	struct rig_asked asked[RIG_ASKED_MAX];
	unsigned nasked;
	unsigned gone;
	bool answer; /* each is answered at once, with result */
	enum fence_result result;
	const char *group; /* what group_of() says */
	char dir[64];      /* a directory of its own, which is $TAIKI_RUN_DIR */
	char log[80];      /* the audit log */
} rig;

void rig_open(void);
void rig_close(void);

/* rig_until() - Run the loop until @so; false: it was not within 20 s. */
bool rig_until(bool (*so)(void *), void *data);
/* rig_run() - For some time: to see that nothing happens. */
void rig_run(unsigned ms);

/* rig_answer() - Number @i of what was asked. */
void rig_answer(unsigned i, enum fence_result result, const char *text);

/* rig_request() - A request that is well-formed; its id is made of @number. */
struct fence_request rig_request(unsigned number, unsigned op, const char *target);

/* rig_logged() - How many lines of the audit log contain @text. */
unsigned rig_logged(const char *text);

#endif
