/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What fence_taiki asks and taiki-fenced answers, over a guest's channel
 * org.taiki.fence.0 or over TLS.  One message:
 *
 *   0  u32 magic "TKF1"   4 u16 version 1   6 u16 kind   8 u32 length of the body
 *  12  u32 CRC-32 (IEEE) of the body       16 body
 *
 * Everything little-endian; the body is written field by field as the structures
 * below list them, strings as u16 length and bytes without NUL.  At most
 * FENCE_BODY_MAX bytes of body.  A reader that loses step looks for the next magic.
 *
 * A request is idempotent by its id: asked again with the same id (the answer was lost,
 * the channel or the daemon went away) it is answered, not done, a second time.
 */
#ifndef TAIKI_FENCE_MESSAGE_H
#define TAIKI_FENCE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FENCE_PORT "org.taiki.fence.0"
enum {
	FENCE_HEADER = 16,
	FENCE_BODY_MAX = 64 << 10,
	FENCE_NAME_MAX = 63,
	FENCE_TEXT_MAX = 255,
	FENCE_LIST_MAX = 512,
	FENCE_REQUEST_MAX = 16 + 2 + 4 + 2 + FENCE_NAME_MAX, /* body of a request */
};

enum fence_kind { FENCE_REQUEST = 1, FENCE_REPLY = 2 };
enum fence_op {
	FENCE_OP_OFF = 1,
	FENCE_OP_ON,
	FENCE_OP_REBOOT,
	FENCE_OP_STATUS,
	FENCE_OP_LIST,    /* the targets this client may fence, with their states */
	FENCE_OP_MONITOR, /* whether a request could be served now */
};

enum fence_result {
	FENCE_DONE = 0,      /* proven */
	FENCE_FAILED = 1,    /* tried, or the deadline passed, and not proven */
	FENCE_DENIED = 2,    /* this client may not do this to this target */
	FENCE_NO_TARGET = 3, /* nobody has ever known such a target */
	FENCE_NO_QUORUM = 4, /* the host cluster is not quorate here */
	FENCE_TOO_OFTEN = 5, /* rate limit */
	FENCE_CONDEMNED = 6, /* the sender itself was fenced before its request came to its turn */
	FENCE_REPLAYED = 7,  /* the id was used for something else, or is too old */
	FENCE_MALFORMED = 8,
};

enum fence_power { FENCE_POWER_UNKNOWN = 0, FENCE_POWER_ON = 1, FENCE_POWER_OFF = 2 };

struct fence_request {
	uint8_t id[16];                  /* random, made once per request, kept over its retries */
	uint16_t op;                     /* enum fence_op */
	uint32_t timeout_ms;             /* what the client will wait in all, from now on */
	char target[FENCE_NAME_MAX + 1]; /* a domain; "" for LIST and MONITOR */
};

struct fence_listed {
	char name[FENCE_NAME_MAX + 1];
	uint8_t power; /* enum fence_power */
};

struct fence_reply {
	uint8_t id[16];
	uint16_t result;               /* enum fence_result */
	uint8_t power;                 /* STATUS: enum fence_power */
	char text[FENCE_TEXT_MAX + 1]; /* one sentence for a person */
	uint16_t nlisted;
	struct fence_listed *listed; /* LIST: fence_reply_free() frees it */
};

/* Encoders: bytes written to @out, or -ENOSPC, -EINVAL.  Header included. */
int fence_request_encode(uint8_t *out, size_t size, const struct fence_request *r);
int fence_reply_encode(uint8_t *out, size_t size, const struct fence_reply *r);

/* Decoders of a body.  0; -EINVAL malformed (@r holds nothing to free then); -ENOMEM. */
int fence_request_decode(const uint8_t *body, size_t len, struct fence_request *r);
int fence_reply_decode(const uint8_t *body, size_t len, struct fence_reply *r);
void fence_reply_free(struct fence_reply *r);

/* A word for each, for messages and logs ("off", "no-quorum"); "unknown" for what is none. */
const char *fence_op_name(unsigned op);
const char *fence_result_name(unsigned result);
const char *fence_power_name(unsigned power);

/*
 * Cuts a stream into messages; zeroed: empty; fence_framer_free() when it ends.
 * It holds one unfinished message at most, beside what one fence_feed() brought.
 */
struct fence_framer {
	uint8_t *buf;
	size_t len, size;
	size_t done; /* bytes of buf that the last fence_next() gave out */
	uint64_t
		bad; /* times that something was passed over: a damaged message, or bytes of none */
	bool lost;   /* out of step: what is being passed over was counted */
	/*
	 * The one kind that may come, an enum fence_kind; 0: any.  Who reads from a guest
	 * sets FENCE_REQUEST: requests are short, and so is the work that damaged ones make.
	 */
	uint16_t want;
};

/*
 * fence_feed() - Append @len bytes; 0, -ENOMEM (the framer is as it was).
 * fence_next() - The next whole, intact message: 1 with @kind, @body, @body_len (valid
 * until the next call); 0: none yet.  What is damaged is passed over and counted.
 */
int fence_feed(struct fence_framer *f, const uint8_t *data, size_t len);
int fence_next(struct fence_framer *f, uint16_t *kind, const uint8_t **body, size_t *body_len);
void fence_framer_free(struct fence_framer *f);

#endif
