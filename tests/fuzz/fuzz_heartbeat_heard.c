// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What heartbeatd reads from domains, guest agents and clients: the first byte
 * says which, and how large the pieces are in which the rest arrives.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "heartbeat/agent_read.h"
#include "heartbeat/ask.h"
#include "heartbeat/lines.h"
#include "heartbeat/qmp_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool printable(const char *text, size_t size)
{
	size_t n = strnlen(text, size);

	for (size_t i = 0; i < n; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	return n < size;
}

static void one(unsigned which, const struct lines *l)
{
	struct qmp_meaning m;
	struct ask a;

	switch (which) {
	case 0:
		m = qmp_read(l->text, l->len);
		if (m.vcpus > HV_VCPUS_MAX || (unsigned)m.run >= RUNS || m.id > QMP_ID_OTHER ||
		    !printable(m.cause, sizeof(m.cause)) || !printable(m.line, sizeof(m.line)))
			abort();
		break;
	case 1: agent_read(l->text, l->len, 7); break;
	default:
		if (!ask_parse(l->text, l->len - 1, &a) && strchr(a.name, '/'))
			abort();
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lines l = {0};
	size_t piece, at = 1;

	if (!size)
		return 0;
	piece = data[0] / 3 + 1;
	while (at < size) {
		size_t left = size - at < piece ? size - at : piece;
		const char *p = (const char *)data + at;

		at += left;
		while (lines_next(&l, &p, &left))
			one(data[0] % 3, &l);
	}
	lines_free(&l);
	return 0;
}
