// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "mirror/drbd/bytes.h"
#include "mirror/export/nbd_private.h"

static const char malformed[] = "malformed request";
static const char no_such_export[] = "the export has no name, or the volume's";

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

	if (hold && volume_hold(v, &c->holder))
		return -EROFS;
	c->export.size = volume_size(v);
	c->export.min = volume_align(v);
	c->export.preferred = 4096;
	c->export.max = NBD_DATA_MAX;
	c->export.slow_zeroes = !volume_zeroes_fast(v);
	return 0;
}

/* is_ours() - The export has no name, or the volume's. */
static bool is_ours(const struct nbd_client *c, const char *name)
{
	struct volume_status s;

	volume_status(c->nbd->volume, &s);
	return !name[0] || !strcmp(name, s.name);
}

static int export_name(struct nbd_client *c, const struct nbd_option_header *h, const uint8_t *data)
{
	uint8_t out[NBD_EXPORT];

	/* this old option has no way to say no */
	if (measure(c, true))
		return -EROFS;
	c->stage = NBD_REQUESTS;
	return nbd_say(c, out, nbd_export(out, &c->export, c->no_zeroes));
}

static int inform(struct nbd_client *c, const struct nbd_option_header *h, const uint8_t *data)
{
	uint32_t option = h->option;
	struct nbd_wanted w;
	uint8_t out[14];
	int r;

	if (nbd_wanted(data, h->length, &w))
		return refuse(c, option, NBD_REP_ERR_INVALID, malformed);
	if (!is_ours(c, w.name))
		return refuse(c, option, NBD_REP_ERR_UNKNOWN, no_such_export);
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

static int list(struct nbd_client *c, const struct nbd_option_header *h, const uint8_t *data)
{
	static const uint8_t nameless[4];
	int r;

	if (h->length)
		return refuse(c, h->option, NBD_REP_ERR_INVALID, malformed);
	r = answer(c, h->option, NBD_REP_SERVER, nameless, sizeof(nameless));
	return r ? r : answer(c, h->option, NBD_REP_ACK, NULL, 0);
}

static int leave(struct nbd_client *c, const struct nbd_option_header *h, const uint8_t *data)
{
	c->leaves = true;
	return answer(c, h->option, NBD_REP_ACK, NULL, 0);
}

static int structured(struct nbd_client *c, const struct nbd_option_header *h, const uint8_t *data)
{
	if (h->length)
		return refuse(c, h->option, NBD_REP_ERR_INVALID, malformed);
	c->export.structured = true;
	return answer(c, h->option, NBD_REP_ACK, NULL, 0);
}

/* One reply for each context that is meant; of a list their numbers mean nothing. */
static int contexts(struct nbd_client *c, const struct nbd_option_header *h, const uint8_t *data)
{
	bool set = h->option == NBD_OPT_SET_META_CONTEXT;
	struct nbd_wanted_contexts w;
	int r = 0;

	if (set)
		c->export.contexts = 0;
	if (nbd_wanted_contexts(h->option, data, h->length, &w))
		return refuse(c, h->option, NBD_REP_ERR_INVALID, malformed);
	if (!c->export.structured)
		return refuse(c, h->option, NBD_REP_ERR_INVALID, "structured replies come first");
	if (!is_ours(c, w.name))
		return refuse(c, h->option, NBD_REP_ERR_UNKNOWN, no_such_export);
	if (set)
		c->export.contexts = w.contexts;
	for (unsigned i = 0; i < NBD_CONTEXTS && !r; i++) {
		const char *name = nbd_context_name((enum nbd_context)i);
		uint8_t out[64];

		if (!(w.contexts & 1U << i))
			continue;
		put_be32(out, set ? i : 0);
		memcpy(out + 4, name, strlen(name));
		r = answer(c, h->option, NBD_REP_CONTEXT, out, 4 + strlen(name));
	}
	return r ? r : answer(c, h->option, NBD_REP_ACK, NULL, 0);
}

static int unknown(struct nbd_client *c, const struct nbd_option_header *h, const uint8_t *data)
{
	return refuse(c, h->option, NBD_REP_ERR_UNSUP, "not supported");
}

static int option(struct nbd_client *c, const struct nbd_option_header *h, const uint8_t *data)
{
	static int (*const take[])(struct nbd_client * c, const struct nbd_option_header *h,
				   const uint8_t *data) = {
		[NBD_OPT_EXPORT_NAME] = export_name,
		[NBD_OPT_ABORT] = leave,
		[NBD_OPT_LIST] = list,
		[NBD_OPT_INFO] = inform,
		[NBD_OPT_GO] = inform,
		[NBD_OPT_STRUCTURED_REPLY] = structured,
		[NBD_OPT_LIST_META_CONTEXT] = contexts,
		[NBD_OPT_SET_META_CONTEXT] = contexts,
	};
	bool known = h->option < sizeof(take) / sizeof(take[0]) && take[h->option];

	return (known ? take[h->option] : unknown)(c, h, data);
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
