// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "framer.h"

enum {
	GROW_FIRST = 512,
	KEEP_MAX = 64 << 10, /* a bigger buffer is given back after use */
	/*
	 * No UTF-8 text contains this byte; QMP clients send it to bring a
	 * parser that is in the middle of something back in step.
	 */
	RESYNC = 0xff,
};

static bool append(struct framer *f, char c)
{
	if (f->len == f->size) {
		size_t size = f->size ? f->size * 2 : GROW_FIRST;
		char *buf = realloc(f->buf, size);

		if (!buf)
			return false;
		f->buf = buf;
		f->size = size;
	}
	f->buf[f->len++] = c;
	return true;
}

static void start_over(struct framer *f)
{
	if (f->size > KEEP_MAX)
		framer_free(f);
	f->len = 0;
	f->skipped = 0;
	f->depth = 0;
	f->in_string = f->escaped = f->garbage = f->complete = false;
}

/* skip() - Garbage ends with its line. */
static enum framer_result skip(struct framer *f, unsigned char c)
{
	if (c == '\n' || c == RESYNC) {
		start_over(f);
		return FRAMER_GARBAGE;
	}
	f->garbage = true;
	return ++f->skipped > FRAMER_BYTES_MAX ? FRAMER_TOO_LONG : FRAMER_MORE;
}

static void step_string(struct framer *f, unsigned char c)
{
	if (f->escaped)
		f->escaped = false;
	else if (c == '\\')
		f->escaped = true;
	else if (c == '"')
		f->in_string = false;
}

static void step_brackets(struct framer *f, unsigned char c)
{
	switch (c) {
	case '"': f->in_string = true; break;
	case '{':
	case '[': f->depth++; break;
	case '}':
	case ']': f->depth--; break;
	default: break;
	}
}

/* step() - One byte; FRAMER_MORE unless there is something to say. */
static enum framer_result step(struct framer *f, unsigned char c)
{
	if (f->garbage)
		return skip(f, c);
	if (!f->depth && c != '{') {
		bool space = c == ' ' || c == '\t' || c == '\r' || c == '\n';

		return space ? FRAMER_MORE : skip(f, c);
	}
	/* JSON allows no control character in a string: it was never closed. */
	if (c == RESYNC || (f->in_string && c < ' '))
		return skip(f, c);
	if (f->len == FRAMER_BYTES_MAX)
		return FRAMER_TOO_LONG;
	if (!append(f, (char)c))
		return FRAMER_NO_MEMORY;
	if (f->in_string)
		step_string(f, c);
	else
		step_brackets(f, c);
	if (f->depth > FRAMER_DEPTH_MAX)
		return FRAMER_TOO_DEEP;
	if (f->depth)
		return FRAMER_MORE;
	f->complete = true;
	return FRAMER_OBJECT;
}

enum framer_result framer_take(struct framer *f, const char **in, size_t *len)
{
	if (f->complete)
		start_over(f);
	while (*len) {
		unsigned char c = (unsigned char)**in;
		enum framer_result r = step(f, c);

		++*in;
		--*len;
		if (r != FRAMER_MORE)
			return r;
	}
	return FRAMER_MORE;
}

void framer_free(struct framer *f)
{
	free(f->buf);
	memset(f, 0, sizeof(*f));
}
