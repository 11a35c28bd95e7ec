// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mirror/export/nbd_private.h"

static void part_done(struct request *r, int result);

static void reply(struct nbd_job *j)
{
	struct nbd_client *c = j->client;

	nbd_answer(j);
	list_append(&c->replies, &j->link);
	if (c->stage == NBD_ENDING)
		nbd_client_check(c);
	else
		loop_task(c->nbd->loop, &c->flush);
}

void nbd_job_free(struct nbd_job *j)
{
	struct nbd_client *c = j->client;

	if (j->buf) {
		volume_buffer_put(c->nbd->volume, j->buf, j->room);
		c->memory -= j->room;
	}
	c->jobs--;
	list_remove(&j->link);
	free(j);
}

static enum request_verb verb_of(uint16_t type)
{
	switch (type) {
	case NBD_CMD_READ: return REQUEST_READ;
	case NBD_CMD_WRITE: return REQUEST_WRITE;
	case NBD_CMD_FLUSH: return REQUEST_FLUSH;
	case NBD_CMD_BLOCK_STATUS: return REQUEST_MAP;
	default: return REQUEST_ZERO;
	}
}

/* room_of() - Bytes that it needs for data. */
static uint32_t room_of(const struct nbd_request *r)
{
	switch (r->type) {
	case NBD_CMD_READ:
	case NBD_CMD_WRITE: return r->len;
	case NBD_CMD_BLOCK_STATUS: return NBD_MAP_ROOM;
	default: return 0;
	}
}

/* submit() - The next part of @j. */
static void submit(struct nbd_job *j, struct nbd_part *p)
{
	enum request_verb verb = verb_of(j->is.type);
	uint32_t max = verb == REQUEST_ZERO  ? REQUEST_ZERO_MAX
		       : verb == REQUEST_MAP ? UINT32_MAX
					     : REQUEST_MAX;
	uint64_t left = j->is.len - j->next;

	p->job = j;
	p->r = (struct request){
		.verb = verb,
		.off = j->is.off + j->next,
		.len = left < max ? (uint32_t)left : max,
		.buf = j->buf ? j->buf + j->next : NULL,
		.fua = j->is.flags & NBD_CMD_FLAG_FUA,
		.unmap = j->is.type == NBD_CMD_TRIM || !(j->is.flags & NBD_CMD_FLAG_NO_HOLE),
		.done = part_done,
	};
	j->next += p->r.len;
	j->flying++;
	volume_submit(j->client->nbd->volume, &p->r);
}

static void part_done(struct request *r, int result)
{
	struct nbd_part *p = list_entry(r, struct nbd_part, r);
	struct nbd_job *j = p->job;

	j->flying--;
	if (result && !j->error) {
		j->error = result;
		if (p->r.verb == REQUEST_READ)
			j->broke = p->r.off;
	}
	if (j->next < j->is.len && !j->error)
		submit(j, p);
	else if (!j->flying)
		reply(j);
}

static void begin(struct nbd_job *j)
{
	if (j->is.type == NBD_CMD_BLOCK_STATUS &&
	    !(j->client->export.contexts & 1U << NBD_ALLOCATION)) {
		reply(j);
		return;
	}
	if (j->is.type == NBD_CMD_FLUSH) {
		submit(j, &j->part[0]);
		return;
	}
	/* never more parts than there are: they end only on a later turn */
	for (int i = 0; i < NBD_PARTS && j->next < j->is.len; i++)
		submit(j, &j->part[i]);
}

static struct nbd_job *make(struct nbd_client *c, const struct nbd_request *r)
{
	struct nbd_job *j = malloc(sizeof(*j));

	if (!j)
		return NULL;
	/* but for its parts, which are filled in when they are used */
	memset(j, 0, offsetof(struct nbd_job, part));
	list_init(&j->link);
	j->client = c;
	j->is = *r;
	j->broke = UINT64_MAX;
	c->jobs++;
	return j;
}

int nbd_serve(struct nbd_client *c)
{
	struct nbd_request r;
	struct nbd_job *j;

	if (c->end - c->at < NBD_REQUEST)
		return 0;
	if (nbd_request(c->in + c->at, &r))
		return -EPROTO;
	if (r.type == NBD_CMD_DISC)
		return -ECONNRESET;
	j = make(c, &r);
	if (!j)
		return -ENOMEM;
	j->error = nbd_request_check(&r, &c->export);
	j->room = j->error ? 0 : room_of(&r);
	if (j->room) {
		j->buf = volume_buffer(c->nbd->volume, j->room);
		j->error = j->buf ? 0 : -ENOMEM;
		c->memory += j->buf ? j->room : 0;
	}
	if (r.type == NBD_CMD_WRITE && j->error) {
		c->discard = r.len; /* its data comes all the same */
		c->stage = NBD_DISCARD;
	} else if (r.type == NBD_CMD_WRITE) {
		c->incoming = j;
		c->stage = NBD_DATA;
		return NBD_REQUEST;
	}
	if (j->error)
		reply(j);
	else
		begin(j);
	return NBD_REQUEST;
}

void nbd_data(struct nbd_client *c)
{
	struct nbd_job *j = c->incoming;

	c->incoming = NULL;
	c->stage = NBD_REQUESTS;
	begin(j);
}
