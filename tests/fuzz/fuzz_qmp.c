// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bytes of a QMP client: framing, JSON, envelope, arguments, every command.
 * The first byte says how large the pieces are in which they arrive; whatever
 * they are, the framer must come to the same objects as in one piece.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hvcore/vmm/control/command.h"
#include "hvcore/vmm/control/framer.h"
#include "tests/unit/control/fakes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t mix(uint64_t hash, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;

	while (len--)
		hash = (hash ^ *p++) * 0x100000001b3ULL;
	return hash;
}

/* feed() - A hash of everything the framer said about @text in pieces of @piece bytes. */
static uint64_t feed(const char *text, size_t total, size_t piece, struct session *s)
{
	struct framer f = {0};
	uint64_t hash = 0xcbf29ce484222325ULL;
	enum framer_result r = FRAMER_MORE;

	for (size_t at = 0; at < total && r != FRAMER_TOO_DEEP; at += piece) {
		const char *in = text + at;
		size_t len = total - at < piece ? total - at : piece;

		while ((r = framer_take(&f, &in, &len)) != FRAMER_MORE) {
			uint8_t code = (uint8_t)r;

			hash = mix(hash, &code, 1);
			if (r == FRAMER_OBJECT) {
				hash = mix(hash, f.buf, f.len);
				json_t *reply = s ? dispatch(s, f.buf, f.len) : NULL;
				char *out = reply ? json_dumps(reply, JSON_COMPACT) : NULL;

				/* Every request has an answer, and it can be sent. */
				if (s && !out)
					abort();
				free(out);
				json_decref(reply);
			}
			if (r == FRAMER_TOO_DEEP)
				break;
		}
	}
	framer_free(&f);
	return hash;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct session s = {.negotiated = true};

	if (size < 1 || size > 65536)
		return 0;
	fakes_reset();
	const char *text = (const char *)data + 1;
	/* A descriptor has come along, for getfd and what takes it. */
	s.fds.pending = dup(STDERR_FILENO);
	s.fds.has_pending = s.fds.pending >= 0;
	uint64_t whole = feed(text, size - 1, size, &s);
	session_end(&s);
	if (feed(text, size - 1, data[0] % 61 + 1, NULL) != whole)
		abort();
	return 0;
}
