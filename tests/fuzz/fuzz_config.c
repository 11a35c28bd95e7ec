// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A configuration's JSON, as hv-domain reads it: refused with words, or
 * consistent and the same after another round.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hv/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hv_error err = {""};
	struct hv_config a, b;
	char *ta, *tb;
	int rc = hv_config_from_json(&a, (const char *)data, size, &err);

	must(rc == 0 || (rc == -EINVAL && err.text[0]));
	if (rc) {
		must(!a.name && !a.disk[0].path);
		return 0;
	}
	must(!hv_config_check(&a, NULL));
	ta = hv_config_to_json(&a);
	must(ta && !hv_config_from_json(&b, ta, strlen(ta), NULL));
	tb = hv_config_to_json(&b);
	must(tb && !strcmp(ta, tb));
	free(ta);
	free(tb);
	hv_config_free(&a);
	hv_config_free(&b);
	return 0;
}
