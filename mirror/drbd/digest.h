/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Digests by the names they have in drbd.conf ("sha256"): of challenges, of data.
 */
#ifndef MIRROR_DRBD_DIGEST_H
#define MIRROR_DRBD_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DIGEST_MAX = 64 };

struct digest {
	const char *name;
	uint32_t size;    /* bytes, up to DIGEST_MAX */
	const void *hash; /* nettle's; NULL: crc32c */
};

/* digest_find() - 0, or -ENOENT: there is no digest @name. */
int digest_find(struct digest *d, const char *name);

/* digest_of() - Of @len bytes. */
void digest_of(const struct digest *d, const void *data, size_t len, uint8_t out[DIGEST_MAX]);

/*
 * digest_response() - CRAM: the answer to a challenge: HMAC with @secret (a string of up to 64
 * bytes).  -EINVAL: @d is no hash that HMAC is made of.  Returns the bytes of it.
 */
int digest_response(const struct digest *d, const char *secret, const void *challenge, size_t len,
		    uint8_t out[DIGEST_MAX]);

/* digest_equal() - Whether @n bytes are the same, in a time that does not tell where they differ. */
bool digest_equal(const void *a, const void *b, size_t n);

#endif
