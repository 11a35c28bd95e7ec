// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A ledger's entry, as it is and with its checksum made right; what is accepted
 * reads back the same.  And a host.conf.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/crc.h"
#include "hv/ledger.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(const char *text, size_t len)
{
	struct hv_ledger_entry a, b;
	char again[HV_LEDGER_TEXT];
	struct hv_error err;
	int n;

	if (hv_ledger_parse(text, len, &a, &err))
		return;
	n = hv_ledger_print(&a, again, sizeof(again));
	if (n < 0 || (size_t)n != len || memcmp(text, again, len) ||
	    hv_ledger_parse(again, (size_t)n, &b, NULL) || memcmp(&a, &b, sizeof(a)))
		abort();
	if (a.target.memory > a.full.memory || a.minimum.memory > a.full.memory ||
	    a.priority > HV_PRIORITY_MAX)
		abort();
}

static void host_conf(const char *text, size_t len)
{
	struct hv_room measured = {1ULL << 32, 400};
	struct hv_host_conf conf;
	struct hv_capacity cap;
	struct hv_error err;

	if (hv_host_conf_parse("host.conf", text, len, &conf, &err))
		return;
	hv_capacity_decide(&measured, &conf, &cap);
	if (!conf.has.memory && cap.room.memory > measured.memory * 10)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[HV_LEDGER_TEXT];
	size_t n = size < sizeof(text) - 16 ? size : sizeof(text) - 16;

	parse((const char *)data, size);
	host_conf((const char *)data, size);
	/* What a seed has for a checksum is cut off and made anew. */
	if (n >= 13 && !memcmp(data + n - 13, "crc ", 4))
		n -= 13;
	memcpy(text, data, n);
	n += (size_t)sprintf(text + n, "crc %08x\n", hv_crc32(text, n));
	parse(text, n);
	return 0;
}
