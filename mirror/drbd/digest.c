// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <nettle/nettle-meta.h>

#include "mirror/drbd/bytes.h"
#include "mirror/drbd/crc32c.h"
#include "mirror/drbd/digest.h"

enum { CONTEXT_MAX = 512 };

/* The kernel's names, which for these are nettle's too. */
static const char *const names[] = {"md5", "sha1", "sha224", "sha256", "sha384", "sha512"};

static const struct nettle_hash *nettle_find(const char *name)
{
	const struct nettle_hash *const *all = nettle_get_hashes();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], name))
			continue;
		for (; *all; all++)
			if (!strcmp((*all)->name, name))
				return *all;
	}
	return NULL;
}

int digest_find(struct digest *d, const char *name)
{
	const struct nettle_hash *h;

	if (!strcmp(name, "crc32c")) {
		*d = (struct digest){"crc32c", 4, NULL};
		return 0;
	}
	h = nettle_find(name);
	if (!h || h->context_size > CONTEXT_MAX || h->digest_size > DIGEST_MAX)
		return -ENOENT;
	*d = (struct digest){h->name, h->digest_size, h};
	return 0;
}

void digest_of(const struct digest *d, const void *data, size_t len, uint8_t out[DIGEST_MAX])
{
	_Alignas(16) uint8_t context[CONTEXT_MAX];
	const struct nettle_hash *h = d->hash;
	uint32_t crc;

	if (h) {
		h->init(context);
		h->update(context, len, data);
		h->digest(context, h->digest_size, out);
		return;
	}
	crc = htole32(~crc32c(UINT32_MAX, data, len));
	memcpy(out, &crc, sizeof(crc));
}

int digest_response(const struct digest *d, const char *secret, const void *challenge, size_t len,
		    uint8_t out[DIGEST_MAX])
{
	_Alignas(16) uint8_t outer[CONTEXT_MAX], inner[CONTEXT_MAX], state[CONTEXT_MAX];
	const struct nettle_hash *h = d->hash;

	if (!h)
		return -EINVAL;
	hmac_set_key(outer, inner, state, h, strlen(secret), (const uint8_t *)secret);
	hmac_update(state, h, len, challenge);
	hmac_digest(outer, inner, state, h, h->digest_size, out);
	return (int)h->digest_size;
}

bool digest_equal(const void *a, const void *b, size_t n)
{
	return memeql_sec(a, b, n);
}
