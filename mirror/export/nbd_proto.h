/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The NBD protocol's bytes: fixed newstyle negotiation, simple and structured replies.  Numbers are
 * big-endian.  No I/O.  What a function is given may be any bytes at all.
 *
 * client                                  server
 *          ◄── NBDMAGIC IHAVEOPT flags ──        18 bytes
 *  flags   ──►                                   4
 *  IHAVEOPT option length data ──►               16 + length, any number of times
 *          ◄── magic option type length data ──  20 + length, one or more for each
 *  request ──►                                   28 + data of a write
 *          ◄── magic error cookie data ──        16 + data of a read
 *          ◄── magic flags type cookie length data ──  20 + length: a chunk of a structured reply,
 *                                                where that was negotiated and there is something to say
 */
#ifndef MIRROR_EXPORT_NBD_PROTO_H
#define MIRROR_EXPORT_NBD_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	NBD_GREETING = 18,
	NBD_CLIENT_FLAGS = 4,
	NBD_OPTION = 16,
	NBD_OPTION_REPLY = 20,
	NBD_REQUEST = 28,
	NBD_REPLY = 16,
	NBD_CHUNK = 20,
	NBD_HEAD_MAX = 128, /* of a reply, before its data */
	NBD_EXTENT = 8,     /* in the data of a chunk */
	NBD_OPTION_MAX =
		8 << 10,  /* of data: an export's name, and a list of informations or contexts */
	NBD_EXPORT = 134, /* the answer to NBD_OPT_EXPORT_NAME, with its zeroes */
	NBD_EXPORT_SHORT = 10,
};

enum nbd_option {
	NBD_OPT_EXPORT_NAME = 1,
	NBD_OPT_ABORT = 2,
	NBD_OPT_LIST = 3,
	NBD_OPT_INFO = 6,
	NBD_OPT_GO = 7,
	NBD_OPT_STRUCTURED_REPLY = 8,
	NBD_OPT_LIST_META_CONTEXT = 9,
	NBD_OPT_SET_META_CONTEXT = 10,
};

#define NBD_REP_ACK         UINT32_C(1)
#define NBD_REP_SERVER      UINT32_C(2)
#define NBD_REP_INFO        UINT32_C(3)
#define NBD_REP_CONTEXT     UINT32_C(4)
#define NBD_REP_ERR_UNSUP   UINT32_C(0x80000001)
#define NBD_REP_ERR_POLICY  UINT32_C(0x80000002)
#define NBD_REP_ERR_INVALID UINT32_C(0x80000003)
#define NBD_REP_ERR_UNKNOWN UINT32_C(0x80000006)
#define NBD_REP_ERR_TOO_BIG UINT32_C(0x80000009)

enum nbd_info { NBD_INFO_EXPORT = 0, NBD_INFO_BLOCK_SIZE = 3 };

enum nbd_command {
	NBD_CMD_READ = 0,
	NBD_CMD_WRITE = 1,
	NBD_CMD_DISC = 2,
	NBD_CMD_FLUSH = 3,
	NBD_CMD_TRIM = 4,
	NBD_CMD_WRITE_ZEROES = 6,
	NBD_CMD_BLOCK_STATUS = 7,
	NBD_COMMANDS
};

enum nbd_command_flags {
	NBD_CMD_FLAG_FUA = 1,
	NBD_CMD_FLAG_NO_HOLE = 2,
	NBD_CMD_FLAG_DF = 4,      /* READ: in one chunk */
	NBD_CMD_FLAG_REQ_ONE = 8, /* BLOCK_STATUS: one extent of each context */
	NBD_CMD_FLAG_FAST_ZERO = 16,
};

/* What a client can ask of blocks; the number is the context's on the wire, the bit in a set 1 << that. */
enum nbd_context { NBD_ALLOCATION = 0, NBD_OUT_OF_SYNC = 1, NBD_CONTEXTS };

enum nbd_extent_flags {
	NBD_STATE_HOLE = 1, /* base:allocation */
	NBD_STATE_ZERO = 2,
	NBD_STATE_DIRTY = 1, /* taiki:out-of-sync: the peer may not have it */
};

struct nbd_extent {
	uint32_t len, flags;
};

struct nbd_option_header {
	uint32_t option, length;
};

struct nbd_request {
	uint16_t flags, type;
	uint64_t cookie; /* the client's own */
	uint64_t off;
	uint32_t len;
};

/* What an export is, to its clients. */
struct nbd_export {
	uint64_t size;                /* bytes */
	uint32_t min, preferred, max; /* of a request, bytes */
	bool readonly;
	bool structured;   /* was negotiated: replies may be */
	bool slow_zeroes;  /* the disk has zeroes written to it one by one */
	unsigned contexts; /* that were, bits */
};

/* What INFO or GO ask for. */
struct nbd_wanted {
	char name[256];
	bool block_size;
};

/* What LIST_META_CONTEXT or SET_META_CONTEXT ask for. */
struct nbd_wanted_contexts {
	char name[256];
	unsigned contexts; /* bits */
};

void nbd_greeting(uint8_t out[NBD_GREETING]);

/* nbd_client_flags() - 0, with whether the zeroes of NBD_EXPORT are left out; -EPROTO. */
int nbd_client_flags(const uint8_t in[NBD_CLIENT_FLAGS], bool *no_zeroes);

/* nbd_option() - 0; -EPROTO no option; -EMSGSIZE one with too much data. */
int nbd_option(const uint8_t in[NBD_OPTION], struct nbd_option_header *h);

/* nbd_option_reply() - The header of a reply with @len bytes of data. */
void nbd_option_reply(uint8_t out[NBD_OPTION_REPLY], uint32_t option, uint32_t type, uint32_t len);

/* nbd_wanted() - The data of INFO or GO.  0 or -EPROTO. */
int nbd_wanted(const uint8_t *in, size_t len, struct nbd_wanted *w);

/* nbd_wanted_contexts() - The data of @option, which is one of the two.  0 or -EPROTO. */
int nbd_wanted_contexts(uint32_t option, const uint8_t *in, size_t len,
			struct nbd_wanted_contexts *w);

/* nbd_context_name() - As the client is told; with its terminating NUL. */
const char *nbd_context_name(enum nbd_context c);

/* The data of replies with informations: 12, and 14 bytes. */
void nbd_info_export(uint8_t out[12], const struct nbd_export *e);
void nbd_info_block_size(uint8_t out[14], const struct nbd_export *e);

/* nbd_export() - The answer to EXPORT_NAME: NBD_EXPORT or NBD_EXPORT_SHORT bytes of @out. */
size_t nbd_export(uint8_t out[NBD_EXPORT], const struct nbd_export *e, bool no_zeroes);

/* nbd_request() - 0 or -EPROTO. */
int nbd_request(const uint8_t in[NBD_REQUEST], struct nbd_request *r);

/* nbd_request_check() - 0, or -EINVAL, -EPERM, -ENOSPC: what is answered instead. */
int nbd_request_check(const struct nbd_request *r, const struct nbd_export *e);

/*
 * The beginnings of replies: bytes of @out.  nbd_reply() - Simple; @error: 0 or -errno.  nbd_chunk_data() - Of a
 * read, with @len bytes that follow.  nbd_chunk_hole() - Of a read, all of which is zeroes.  nbd_chunk_error() -
 * Of any request; @off: where, or NULL.
 */
uint32_t nbd_reply(uint8_t out[NBD_HEAD_MAX], int error, uint64_t cookie);
uint32_t nbd_chunk_data(uint8_t out[NBD_HEAD_MAX], uint64_t cookie, uint64_t off, uint32_t len);
uint32_t nbd_chunk_hole(uint8_t out[NBD_HEAD_MAX], uint64_t cookie, uint64_t off, uint32_t len);
uint32_t nbd_chunk_error(uint8_t out[NBD_HEAD_MAX], int error, uint64_t cookie,
			 const uint64_t *off);

/* nbd_chunk_extents() - What @context says of blocks: NBD_CHUNK + 4 + n * NBD_EXTENT bytes.  @last: of the reply's chunks. */
uint32_t nbd_chunk_extents(uint8_t *out, uint64_t cookie, bool last, enum nbd_context context,
			   const struct nbd_extent *e, unsigned n);

#endif
