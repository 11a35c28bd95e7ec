// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bytes of replies.  A structured one is made of chunks, the last of which says so.
 */
#include <errno.h>
#include <string.h>

#include "mirror/drbd/bytes.h"
#include "mirror/export/nbd_proto.h"

enum { REPLY_MAGIC = 0x67446698, CHUNK_MAGIC = 0x668e33ef, DONE = 1 };

enum chunk_type {
	OFFSET_DATA = 1,
	OFFSET_HOLE = 2,
	BLOCK_STATUS = 5,
	ERROR = 0x8001,
	ERROR_OFFSET = 0x8002,
};

/* NBD's own numbers for errors, which are Linux's for these, and what is said with them. */
static const struct {
	int error;
	uint32_t number;
	const char *text;
} errors[] = {
	{-EPERM, EPERM, "the export is read-only"},
	{-EROFS, EPERM, "the volume is not Primary on this host"},
	{-EIO, EIO, "the volume's disk has failed, or it is frozen and was left"},
	{-ENOMEM, ENOMEM, "out of memory"},
	{-EINVAL, EINVAL, "not a request of this export"},
	{-ENOSPC, ENOSPC, "behind the end of the volume"},
	{-EOPNOTSUPP, EOPNOTSUPP, "the disk has zeroes written to it one by one"},
};

static unsigned row_of(int error)
{
	unsigned other = 0;

	for (unsigned i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (errors[i].error == error)
			return i;
		if (errors[i].error == -EIO)
			other = i;
	}
	return other;
}

uint32_t nbd_reply(uint8_t out[NBD_HEAD_MAX], int error, uint64_t cookie)
{
	put_be32(out, REPLY_MAGIC);
	put_be32(out + 4, error ? errors[row_of(error)].number : 0);
	put_be64(out + 8, cookie);
	return NBD_REPLY;
}

static uint32_t chunk(uint8_t *out, bool last, enum chunk_type type, uint64_t cookie, uint32_t len)
{
	put_be32(out, CHUNK_MAGIC);
	put_be16(out + 4, last ? DONE : 0);
	put_be16(out + 6, (uint16_t)type);
	put_be64(out + 8, cookie);
	put_be32(out + 16, len);
	return NBD_CHUNK;
}

uint32_t nbd_chunk_data(uint8_t out[NBD_HEAD_MAX], uint64_t cookie, uint64_t off, uint32_t len)
{
	uint32_t n = chunk(out, true, OFFSET_DATA, cookie, 8 + len);

	put_be64(out + n, off);
	return n + 8;
}

uint32_t nbd_chunk_hole(uint8_t out[NBD_HEAD_MAX], uint64_t cookie, uint64_t off, uint32_t len)
{
	uint32_t n = chunk(out, true, OFFSET_HOLE, cookie, 12);

	put_be64(out + n, off);
	put_be32(out + n + 8, len);
	return n + 12;
}

uint32_t nbd_chunk_error(uint8_t out[NBD_HEAD_MAX], int error, uint64_t cookie, const uint64_t *off)
{
	unsigned row = row_of(error);
	size_t text = strlen(errors[row].text);
	uint32_t len = 6 + (uint32_t)text + (off ? 8 : 0);
	uint32_t n = chunk(out, true, off ? ERROR_OFFSET : ERROR, cookie, len);

	put_be32(out + n, errors[row].number);
	put_be16(out + n + 4, (uint16_t)text);
	memcpy(out + n + 6, errors[row].text, text);
	if (off)
		put_be64(out + n + 6 + text, *off);
	return n + len;
}

uint32_t nbd_chunk_extents(uint8_t *out, uint64_t cookie, bool last, enum nbd_context context,
			   const struct nbd_extent *e, unsigned n)
{
	uint32_t at = chunk(out, last, BLOCK_STATUS, cookie, 4 + n * NBD_EXTENT);

	put_be32(out + at, context);
	at += 4;
	for (unsigned i = 0; i < n; i++, at += NBD_EXTENT) {
		put_be32(out + at, e[i].len);
		put_be32(out + at + 4, e[i].flags);
	}
	return at;
}
