// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of keys as somebody might write it.  What is taken is taken whole: names
 * are names, keys have their length, and no identity stands there twice.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fencing/door_keys.h"
#include "hv/rundir.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), err[256] = "";
	struct door_key *key;
	size_t n;
	int rc;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	rc = door_keys_parse(text, size, &key, &n, err, sizeof(err));
	if (rc ? n || key || !err[0] : n > DOOR_KEYS_MAX)
		abort();
	for (size_t i = 0; i < n; i++) {
		const struct door_key *k = &key[i];

		if (!hv_name_ok(k->identity) || (k->group[0] && !hv_name_ok(k->group)) ||
		    k->len < DOOR_KEY_MIN || k->len > DOOR_KEY_MAX)
			abort();
		for (size_t j = 0; j < i; j++)
			if (!strcmp(key[j].identity, k->identity))
				abort();
	}
	door_keys_wipe(key, n);
	free(text);
	return 0;
}
