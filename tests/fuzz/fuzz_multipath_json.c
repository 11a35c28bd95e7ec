// SPDX-License-Identifier: GPL-2.0-or-later
/* multipathd's answer about a map; and what the agent has written down about maps. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "resource-agents/multipath.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void answer(const char *text, size_t len)
{
	const struct multipath_limits l = {2, 1, 80000, 60000};
	struct multipath_past past = {0};
	struct multipath_map m;
	unsigned working = 0;
	enum ocf_rc rc;

	if (multipath_read(text, len, "m", &m)) {
		if (m.n)
			abort();
		return;
	}
	for (unsigned i = 0; i < m.n; i++) {
		working += m.path[i].works;
		if (!m.path[i].dev[0] || strlen(m.path[i].dev) >= sizeof(m.path[i].dev))
			abort();
	}
	rc = multipath_judge(&m, working, &l, &past, 1000).rc;
	/* Well is only what has all the paths that are wanted. */
	if (working != m.working || (rc == OCF_SUCCESS) != (working >= 2 && !m.suspended))
		abort();
}

static void memory(const char *text)
{
	static struct multipath_memory a, b;
	static char again[MULTIPATH_MAPS * 256];

	multipath_memory_parse(&a, text);
	multipath_memory_print(&a, again, sizeof(again));
	multipath_memory_parse(&b, again);
	if (a.n != b.n || memcmp(a.past, b.past, a.n * sizeof(a.past[0])))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	memcpy(text, data, size);
	text[size] = '\0';
	answer(text, size);
	memory(text);
	free(text);
	return 0;
}
