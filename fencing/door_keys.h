/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of pre-shared keys: who may come through the TLS door.
 *
 *   # comment
 *   IDENTITY HEXKEY [group=GROUP]
 *
 * An identity, and a group, is a name as a domain's (hv_name_ok()); a key is 16 to 64
 * bytes in hexadecimal.  The file belongs to root (or to who runs this), and nobody else
 * may read or write it: else no key in it is a secret, and none opens anything.
 */
#ifndef TAIKI_FENCE_DOOR_KEYS_H
#define TAIKI_FENCE_DOOR_KEYS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "fencing/message.h"

enum {
	DOOR_KEY_MIN = 16,
	DOOR_KEY_MAX = 64,
	DOOR_KEYS_MAX = 1024,
	DOOR_KEYS_FILE_MAX = 1 << 20,
};

struct door_key {
	char identity[FENCE_NAME_MAX + 1];
	char group[FENCE_NAME_MAX + 1]; /* "": the identity is a domain, with its own group */
	uint8_t secret[DOOR_KEY_MAX];
	size_t len;
};

struct door_keys {
	char path[4096];
	struct door_key *key;
	size_t n;
	struct stat seen;    /* the file as it was read */
	unsigned generation; /* counts what was read, or found to open nothing */
	char problem[512];   /* why the file is not in use as it is; "": it is */
};

/*
 * door_keys_refresh() - Read the file if it is not as it was.  What is malformed is not
 * taken: the keys read before stay.  A file that is missing, or that others may touch, opens
 * nothing.  1: read anew, or the problem changed; 0: as it was.
 */
int door_keys_refresh(struct door_keys *t);

/* door_keys_find() - Of the table as it is; NULL: no such identity. */
const struct door_key *door_keys_find(const struct door_keys *t, const char *identity);

/* door_keys_free() - Wiped, and freed. */
void door_keys_free(struct door_keys *t);

/*
 * door_keys_parse() - @text (@len bytes, NUL-terminated; it is cut up) into *@key, which the
 * caller frees with door_keys_wipe().  0; -EINVAL with a message naming the line; -ENOMEM.
 */
int door_keys_parse(char *text, size_t len, struct door_key **key, size_t *n, char *err,
		    size_t err_size);
void door_keys_wipe(struct door_key *key, size_t n);

#endif
