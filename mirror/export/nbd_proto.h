/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The NBD protocol's bytes: fixed newstyle negotiation, simple replies.  Numbers are big-endian.
 * No I/O.  What a function is given may be any bytes at all.
 *
 * client                                  server
 *          ◄── NBDMAGIC IHAVEOPT flags ──        18 bytes
 *  flags   ──►                                   4
 *  IHAVEOPT option length data ──►               16 + length, any number of times
 *          ◄── magic option type length data ──  20 + length, one or more for each
 *  request ──►                                   28 + data of a write
 *          ◄── magic error cookie data ──        16 + data of a read
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
	NBD_OPTION_MAX = 4096 + 256, /* of data: an export's name and a list of informations */
	NBD_EXPORT = 134,            /* the answer to NBD_OPT_EXPORT_NAME, with its zeroes */
	NBD_EXPORT_SHORT = 10,
};

enum nbd_option {
	NBD_OPT_EXPORT_NAME = 1,
	NBD_OPT_ABORT = 2,
	NBD_OPT_LIST = 3,
	NBD_OPT_INFO = 6,
	NBD_OPT_GO = 7,
};

#define NBD_REP_ACK         UINT32_C(1)
#define NBD_REP_SERVER      UINT32_C(2)
#define NBD_REP_INFO        UINT32_C(3)
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
};

enum nbd_command_flags { NBD_CMD_FLAG_FUA = 1, NBD_CMD_FLAG_NO_HOLE = 2 };

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
};

/* What INFO or GO ask for. */
struct nbd_wanted {
	char name[256];
	bool block_size;
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

/* The data of replies with informations: 12, and 14 bytes. */
void nbd_info_export(uint8_t out[12], const struct nbd_export *e);
void nbd_info_block_size(uint8_t out[14], const struct nbd_export *e);

/* nbd_export() - The answer to EXPORT_NAME: NBD_EXPORT or NBD_EXPORT_SHORT bytes of @out. */
size_t nbd_export(uint8_t out[NBD_EXPORT], const struct nbd_export *e, bool no_zeroes);

/* nbd_request() - 0 or -EPROTO. */
int nbd_request(const uint8_t in[NBD_REQUEST], struct nbd_request *r);

/* nbd_request_check() - 0, or -EINVAL, -EPERM, -ENOSPC: what is answered instead. */
int nbd_request_check(const struct nbd_request *r, const struct nbd_export *e);

/* nbd_reply() - @error: 0 or -errno. */
void nbd_reply(uint8_t out[NBD_REPLY], int error, uint64_t cookie);

#endif
