// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "mirror/drbd/bytes.h"
#include "mirror/export/nbd_proto.h"

#define MAGIC        UINT64_C(0x4e42444d41474943) /* NBDMAGIC */
#define HAVE_OPTION  UINT64_C(0x49484156454f5054) /* IHAVEOPT */
#define OPTION_REPLY UINT64_C(0x3e889045565a9)

enum { REQUEST_MAGIC = 0x25609513 };

enum { FIXED_NEWSTYLE = 1, NO_ZEROES = 2 };

enum transmission_flags {
	HAS_FLAGS = 0x1,
	READ_ONLY = 0x2,
	SEND_FLUSH = 0x4,
	SEND_FUA = 0x8,
	SEND_TRIM = 0x20,
	SEND_WRITE_ZEROES = 0x40,
	SEND_DF = 0x80,
	CAN_MULTI_CONN = 0x100,
	SEND_FAST_ZERO = 0x800,
};

void nbd_greeting(uint8_t out[NBD_GREETING])
{
	put_be64(out, MAGIC);
	put_be64(out + 8, HAVE_OPTION);
	put_be16(out + 16, FIXED_NEWSTYLE | NO_ZEROES);
}

int nbd_client_flags(const uint8_t in[NBD_CLIENT_FLAGS], bool *no_zeroes)
{
	uint32_t flags = get_be32(in);

	*no_zeroes = flags & NO_ZEROES;
	return flags & ~(uint32_t)(FIXED_NEWSTYLE | NO_ZEROES) ? -EPROTO : 0;
}

int nbd_option(const uint8_t in[NBD_OPTION], struct nbd_option_header *h)
{
	*h = (struct nbd_option_header){get_be32(in + 8), get_be32(in + 12)};
	if (get_be64(in) != HAVE_OPTION)
		return -EPROTO;
	return h->length > NBD_OPTION_MAX ? -EMSGSIZE : 0;
}

void nbd_option_reply(uint8_t out[NBD_OPTION_REPLY], uint32_t option, uint32_t type, uint32_t len)
{
	put_be64(out, OPTION_REPLY);
	put_be32(out + 8, option);
	put_be32(out + 12, type);
	put_be32(out + 16, len);
}

int nbd_wanted(const uint8_t *in, size_t len, struct nbd_wanted *w)
{
	uint32_t name, n;

	memset(w, 0, sizeof(*w));
	if (len < 6)
		return -EPROTO;
	name = get_be32(in);
	if (name > len - 6 || name >= sizeof(w->name))
		return -EPROTO;
	memcpy(w->name, in + 4, name);
	n = get_be16(in + 4 + name);
	if (len - 6 - name != n * 2)
		return -EPROTO;
	for (uint32_t i = 0; i < n; i++)
		if (get_be16(in + 6 + name + 2 * i) == NBD_INFO_BLOCK_SIZE)
			w->block_size = true;
	return 0;
}

static uint16_t flags_of(const struct nbd_export *e)
{
	return HAS_FLAGS | SEND_FLUSH | SEND_FUA | SEND_TRIM | SEND_WRITE_ZEROES | SEND_FAST_ZERO |
	       CAN_MULTI_CONN | (e->structured ? SEND_DF : 0) | (e->readonly ? READ_ONLY : 0);
}

void nbd_info_export(uint8_t out[12], const struct nbd_export *e)
{
	put_be16(out, NBD_INFO_EXPORT);
	put_be64(out + 2, e->size);
	put_be16(out + 10, flags_of(e));
}

void nbd_info_block_size(uint8_t out[14], const struct nbd_export *e)
{
	put_be16(out, NBD_INFO_BLOCK_SIZE);
	put_be32(out + 2, e->min);
	put_be32(out + 6, e->preferred);
	put_be32(out + 10, e->max);
}

size_t nbd_export(uint8_t out[NBD_EXPORT], const struct nbd_export *e, bool no_zeroes)
{
	memset(out, 0, NBD_EXPORT);
	put_be64(out, e->size);
	put_be16(out + 8, flags_of(e));
	return no_zeroes ? NBD_EXPORT_SHORT : NBD_EXPORT;
}

int nbd_request(const uint8_t in[NBD_REQUEST], struct nbd_request *r)
{
	*r = (struct nbd_request){
		.flags = get_be16(in + 4),
		.type = get_be16(in + 6),
		.cookie = get_be64(in + 8),
		.off = get_be64(in + 16),
		.len = get_be32(in + 24),
	};
	return get_be32(in) == REQUEST_MAGIC ? 0 : -EPROTO;
}

static const struct rule {
	uint16_t flags; /* that it may have */
	bool known, data, writes;
} rules[NBD_COMMANDS] = {
	[NBD_CMD_READ] = {.known = true, .data = true, .flags = NBD_CMD_FLAG_FUA | NBD_CMD_FLAG_DF},
	[NBD_CMD_WRITE] = {.known = true, .data = true, .writes = true, .flags = NBD_CMD_FLAG_FUA},
	[NBD_CMD_FLUSH] = {.known = true, .flags = NBD_CMD_FLAG_FUA},
	[NBD_CMD_TRIM] = {.known = true, .writes = true, .flags = NBD_CMD_FLAG_FUA},
	[NBD_CMD_WRITE_ZEROES] = {.known = true,
				  .writes = true,
				  .flags = NBD_CMD_FLAG_FUA | NBD_CMD_FLAG_NO_HOLE |
					   NBD_CMD_FLAG_FAST_ZERO},
	[NBD_CMD_BLOCK_STATUS] = {.known = true, .flags = NBD_CMD_FLAG_FUA | NBD_CMD_FLAG_REQ_ONE},
};

int nbd_request_check(const struct nbd_request *r, const struct nbd_export *e)
{
	const struct rule *rule = r->type < NBD_COMMANDS ? &rules[r->type] : &rules[NBD_CMD_DISC];

	if (!rule->known || r->flags & ~rule->flags)
		return -EINVAL;
	if (r->flags & NBD_CMD_FLAG_DF && !e->structured)
		return -EINVAL;
	if (r->type == NBD_CMD_FLUSH)
		return r->off || r->len ? -EINVAL : 0;
	if (r->type == NBD_CMD_BLOCK_STATUS && !e->contexts)
		return -EINVAL;
	if (!r->len || r->off % e->min || r->len % e->min || (rule->data && r->len > e->max))
		return -EINVAL;
	if (r->off > e->size || r->len > e->size - r->off)
		return rule->writes ? -ENOSPC : -EINVAL;
	if (r->flags & NBD_CMD_FLAG_FAST_ZERO && e->slow_zeroes)
		return -EOPNOTSUPP;
	return rule->writes && e->readonly ? -EPERM : 0;
}
