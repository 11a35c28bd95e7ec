// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A disk's last blocks, as anybody may have left them: super block, then activity log.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mirror/drbd/bytes.h"
#include "mirror/drbd/crc32c.h"
#include "mirror/drbd/meta.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read says the same when it is written and read again. */
static void super(const uint8_t in[MD_BLOCK])
{
	uint8_t out[MD_BLOCK], again[MD_BLOCK];
	struct md_super s, t;
	struct md_layout l;

	if (md_super_decode(in, &s))
		return;
	md_super_encode(out, &s);
	if (md_super_decode(out, &t))
		abort();
	md_super_encode(again, &t);
	if (memcmp(out, again, MD_BLOCK))
		abort();
	for (int kind = MD_INTERNAL; kind <= MD_EXTERNAL; kind++)
		if (!md_layout(&l, (enum md_kind)kind, 0, s.md_size, s.la_size, s.al_stripes,
			       s.al_stripe_4k))
			md_super_check(&s, &l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t log[4 * MD_BLOCK], hot[4096];

	if (size < MD_BLOCK || size > 5 * MD_BLOCK)
		return 0;
	super(data);
	memset(log, 0, sizeof(log));
	memcpy(log, data + MD_BLOCK, size - MD_BLOCK);
	for (int i = 0; i < 4; i++) { /* the checksum is no secret */
		uint8_t *b = log + i * MD_BLOCK;

		put_be32(b + 8, 0);
		put_be32(b + 8, crc32c(0, b, MD_BLOCK));
	}
	memset(hot, 0, sizeof(hot));
	if (md_al_replay(log, 4, hot, data[0] * 16u) > (int)sizeof(hot))
		abort();
	return 0;
}
