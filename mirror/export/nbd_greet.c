// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "mirror/drbd/bytes.h"
#include "mirror/export/nbd_private.h"

/* Data that is written without being sent back as it is. */
static int answer(struct nbd_client *c, uint32_t option, uint32_t type, const void *data,
		  size_t len)
{
	uint8_t head[NBD_OPTION_REPLY];

	nbd_option_reply(head, option, type, (uint32_t)len);
	if (nbd_say(c, head, sizeof(head)))
		return -ENOBUFS;
	return len ? nbd_say(c, data, len) : 0;
}

static int refuse(struct nbd_client *c, uint32_t option, uint32_t type, const char *why)
{
	return answer(c, option, type, why, strlen(why));
}

/* measure() - The export as it is now, held for this client.  0 or -EROFS. */
static int measure(struct nbd_client *c, bool hold)
{
	struct volume *v = c->nbd->volume;

	if (hold && !c->holds) {
		if (volume_hold(v))
			return -EROFS;
		c->holds = true;
	}
	c->export = (struct nbd_export){
		.size = volume_size(v),
		.min = volume_align(v),
		.preferred = 4096,
		.max = NBD_DATA_MAX,
	};
	return 0;
}

static int export_name(struct nbd_client *c)
{
	uint8_t out[NBD_EXPORT];

	/* this old option has no way to say no */
	if (measure(c, true))
		return -EROFS;
	c->stage = NBD_REQUESTS;
	return nbd_say(c, out, nbd_export(out, &c->export, c->no_zeroes));
}

static int inform(struct nbd_client *c, uint32_t option, const uint8_t *data, uint32_t len)
{
	struct nbd_wanted w;
	uint8_t out[14];
	int r;

	if (nbd_wanted(data, len, &w))
		return refuse(c, option, NBD_REP_ERR_INVALID, "malformed request");
	if (measure(c, option == NBD_OPT_GO))
		return refuse(c, option, NBD_REP_ERR_POLICY,
			      "the volume is not Primary on this host");
	nbd_info_export(out, &c->export);
	r = answer(c, option, NBD_REP_INFO, out, 12);
	nbd_info_block_size(out, &c->export);
	if (!r)
		r = answer(c, option, NBD_REP_INFO, out, 14);
	if (!r)
		r = answer(c, option, NBD_REP_ACK, NULL, 0);
	if (!r && option == NBD_OPT_GO)
		c->stage = NBD_REQUESTS;
	return r;
}

static int list(struct nbd_client *c)
{
	static const uint8_t nameless[4];
	int r = answer(c, NBD_OPT_LIST, NBD_REP_SERVER, nameless, sizeof(nameless));

	return r ? r : answer(c, NBD_OPT_LIST, NBD_REP_ACK, NULL, 0);
}

static int option(struct nbd_client *c, const struct nbd_option_header *h, const uint8_t *data)
{
	switch (h->option) {
	case NBD_OPT_EXPORT_NAME: return export_name(c);
	case NBD_OPT_INFO:
	case NBD_OPT_GO: return inform(c, h->option, data, h->length);
	case NBD_OPT_LIST:
		if (h->length)
			return refuse(c, h->option, NBD_REP_ERR_INVALID, "malformed request");
		return list(c);
	case NBD_OPT_ABORT: c->leaves = true; return answer(c, h->option, NBD_REP_ACK, NULL, 0);
	default: return refuse(c, h->option, NBD_REP_ERR_UNSUP, "not supported");
	}
}

int nbd_greet(struct nbd_client *c)
{
	const uint8_t *in = c->in + c->at;
	uint32_t have = c->end - c->at;
	struct nbd_option_header h;
	int r;

	if (c->stage == NBD_FLAGS) {
		if (have < NBD_CLIENT_FLAGS)
			return 0;
		r = nbd_client_flags(in, &c->no_zeroes);
		c->stage = NBD_OPTIONS;
		return r ? r : NBD_CLIENT_FLAGS;
	}
	if (have < NBD_OPTION)
		return 0;
	r = nbd_option(in, &h);
	if (r)
		return r;
	if (have < NBD_OPTION + h.length)
		return 0;
	r = option(c, &h, in + NBD_OPTION);
	return r ? r : (int)(NBD_OPTION + h.length);
}
