/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds the JSON objects in a byte stream, in whatever pieces it arrives.  It
 * looks at brackets and strings only; whether what stands between them is JSON
 * is the parser's business.  Memory and nesting are bounded, and every byte
 * leads to a defined state: a client can be wrong, but it cannot wedge us.
 */
#ifndef VMM_CONTROL_FRAMER_H
#define VMM_CONTROL_FRAMER_H

#include <stdbool.h>
#include <stddef.h>

enum {
	FRAMER_BYTES_MAX = 1 << 20, /* of one object, and of one line of garbage */
	FRAMER_DEPTH_MAX = 64,      /* brackets open at once */
};

enum framer_result {
	FRAMER_MORE,     /* the input is used up */
	FRAMER_OBJECT,   /* f->buf holds f->len bytes: one balanced {...} */
	FRAMER_GARBAGE,  /* something else was skipped; in step again */
	FRAMER_TOO_LONG, /* FRAMER_BYTES_MAX passed: give the stream up */
	FRAMER_TOO_DEEP, /* FRAMER_DEPTH_MAX passed: give the stream up */
	FRAMER_NO_MEMORY,
};

/* Zeroed: at the start of a stream. */
struct framer {
	char *buf;
	size_t len, size;
	size_t skipped; /* bytes of garbage so far */
	unsigned depth;
	bool in_string, escaped, garbage;
	bool complete; /* buf was handed out; the next call starts anew */
};

/*
 * framer_take() - Consume bytes from *in (advancing *in and *len) until
 * something is to be said.  Call again while the result is not FRAMER_MORE.
 */
enum framer_result framer_take(struct framer *f, const char **in, size_t *len);

/* framer_free() - Frees the buffer and starts over. */
void framer_free(struct framer *f);

#endif
