/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DRBD's packets, protocol 100 and 101, as structures.  No I/O.
 *
 *   header (8 or 16 bytes) | fields | digest | bulk data
 *
 * h80 heads the packets up to and with CONNECTION_FEATURES, h100 all others.  Fields are
 * big-endian.  Two sockets: requests and data go over one, acknowledgements and pings over the
 * other.  Reading is in three steps, each of which refuses what cannot be:
 *
 *   wire_header_decode()   what is it, and how long
 *   wire_kind_of()         is that allowed on this socket, with this length: the table below
 *   wire_decode()          its fields; bulk data stays with the caller
 *
 * What a function is given may be any bytes at all.
 */
#ifndef MIRROR_DRBD_WIRE_H
#define MIRROR_DRBD_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	WIRE_VERSION_MIN = 100,
	WIRE_VERSION_MAX = 101,
	WIRE_H80 = 8, /* bytes */
	WIRE_H100 = 16,
	WIRE_HEADER_MAX = WIRE_H100,
	WIRE_FIELDS_MAX = 4096, /* of any packet, without bulk data */
	WIRE_BULK_MAX = 1 << 20,
	WIRE_TRIM_MAX = 128 << 20,
	WIRE_BITMAP_MAX = 4096 - WIRE_H100, /* bytes of a bitmap's packet */
	WIRE_ALGORITHM_MAX = 64,            /* with its NUL */
	WIRE_DIGEST_MAX = 64,
	WIRE_CHALLENGE = 64,
	WIRE_CHALLENGE_MAX = 128,
};

enum wire_command {
	WIRE_DATA = 0x00,
	WIRE_DATA_REPLY = 0x01,
	WIRE_RS_DATA_REPLY = 0x02,
	WIRE_BARRIER = 0x03,
	WIRE_BITMAP = 0x04,
	WIRE_UNPLUG_REMOTE = 0x07,
	WIRE_DATA_REQUEST = 0x08,
	WIRE_RS_DATA_REQUEST = 0x09,
	WIRE_PROTOCOL = 0x0b,
	WIRE_UUIDS = 0x0c,
	WIRE_SIZES = 0x0d,
	WIRE_STATE = 0x0e,
	WIRE_SYNC_UUID = 0x0f,
	WIRE_AUTH_CHALLENGE = 0x10,
	WIRE_AUTH_RESPONSE = 0x11,
	WIRE_STATE_CHG_REQ = 0x12,
	WIRE_PING = 0x13,
	WIRE_PING_ACK = 0x14,
	WIRE_RECV_ACK = 0x15,
	WIRE_WRITE_ACK = 0x16,
	WIRE_RS_WRITE_ACK = 0x17,
	WIRE_SUPERSEDED = 0x18,
	WIRE_NEG_ACK = 0x19,
	WIRE_NEG_DREPLY = 0x1a,
	WIRE_NEG_RS_DREPLY = 0x1b,
	WIRE_BARRIER_ACK = 0x1c,
	WIRE_STATE_CHG_REPLY = 0x1d,
	WIRE_OV_REQUEST = 0x1e,
	WIRE_OV_REPLY = 0x1f,
	WIRE_OV_RESULT = 0x20,
	WIRE_CSUM_RS_REQUEST = 0x21,
	WIRE_RS_IS_IN_SYNC = 0x22,
	WIRE_SYNC_PARAM89 = 0x23,
	WIRE_COMPRESSED_BITMAP = 0x24,
	WIRE_DELAY_PROBE = 0x27,
	WIRE_OUT_OF_SYNC = 0x28,
	WIRE_RS_CANCEL = 0x29,
	WIRE_CONN_ST_CHG_REQ = 0x2a,
	WIRE_CONN_ST_CHG_REPLY = 0x2b,
	WIRE_RETRY_WRITE = 0x2c,
	WIRE_PROTOCOL_UPDATE = 0x2d,
	WIRE_TRIM = 0x31,
	WIRE_RS_THIN_REQ = 0x32,
	WIRE_RS_DEALLOCATED = 0x33,
	WIRE_ZEROES = 0x36,
	WIRE_INITIAL_META = 0xfff1,
	WIRE_INITIAL_DATA = 0xfff2,
	WIRE_FEATURES = 0xfffe,
};

enum wire_feature {
	WIRE_FF_TRIM = 0x1,
	WIRE_FF_THIN_RESYNC = 0x2,
	WIRE_FF_WSAME = 0x4, /* SIZES is longer, and the peer is new: see generation.h, rule 41 */
	WIRE_FF_WZEROES = 0x8,
	WIRE_FEATURES_OURS = WIRE_FF_TRIM | WIRE_FF_THIN_RESYNC | WIRE_FF_WSAME | WIRE_FF_WZEROES,
};

/* What the header's kind does not tell: agreed when the connection was made. */
struct wire_agreed {
	uint32_t version;
	uint32_t features; /* enum wire_feature */
	uint32_t digest;   /* bytes of data-integrity-alg's digest before bulk data; 0: none */
};

enum wire_protocol_flags { WIRE_CF_DISCARD_MY_DATA = 1, WIRE_CF_DRY_RUN = 2 };
enum wire_sizes_flags { WIRE_DDS_FORCED = 1, WIRE_DDS_NO_RESYNC = 2 };
enum wire_uuid_flags {
	WIRE_UUID_DISCARD_MY_DATA = 1,
	WIRE_UUID_CRASHED_PRIMARY = 2,
	WIRE_UUID_INCONSISTENT = 4, /* the disk will be */
	WIRE_UUID_SKIP_SYNC = 8,
};
enum wire_data_flags {
	WIRE_DP_SYNC = 0x2,
	WIRE_DP_MAY_SET_IN_SYNC = 0x4,
	WIRE_DP_FUA = 0x10,
	WIRE_DP_FLUSH = 0x20,
	WIRE_DP_DISCARD = 0x40,
	WIRE_DP_RECV_ACK = 0x80,
	WIRE_DP_WRITE_ACK = 0x100,
	WIRE_DP_ZEROES = 0x400,
};

#define WIRE_ID_RESYNC UINT64_MAX
#define WIRE_OV_SAME   4711
#define WIRE_OV_OTHER  4712

/* The fields.  An `id` and a `handle` are their sender's own: echoed as they came, never interpreted. */
struct wire_features {
	uint32_t min, flags, max;
};
struct wire_protocol {
	uint32_t protocol;    /* 1 A, 2 B, 3 C */
	uint32_t after_sb[3]; /* by number of Primaries; enum after_sb */
	uint32_t flags;       /* enum wire_protocol_flags */
	uint32_t two_primaries;
	char integrity[WIRE_ALGORITHM_MAX];
};
struct wire_sync_param {
	uint32_t rate; /* KiB/s */
	char verify[WIRE_ALGORITHM_MAX], csums[WIRE_ALGORITHM_MAX];
	uint32_t plan_ahead, delay_target, fill_target, max_rate;
};
struct wire_sizes {
	uint64_t own, user, current; /* sectors; own 0: diskless, user 0: no wish */
	uint32_t max_bio;            /* bytes */
	uint16_t queue_order;
	uint16_t flags; /* enum wire_sizes_flags */
	/* from here only with WIRE_FF_WSAME */
	uint32_t physical, logical, alignment, io_min, io_opt;
	uint8_t discard, discard_zeroes, write_same;
};
struct wire_uuids {
	uint64_t uuid[4]; /* enum md_uuid */
	uint64_t bits;    /* out of sync */
	uint64_t flags;   /* enum wire_uuid_flags */
};
struct wire_data {
	uint64_t sector, id;
	uint32_t seq;
	uint32_t flags; /* enum wire_data_flags */
	uint32_t size;  /* TRIM, ZEROES: bytes; others: of the bulk data, from the length */
	uint8_t digest[WIRE_DIGEST_MAX];
};
struct wire_block { /* requests and acknowledgements */
	uint64_t sector, id;
	uint32_t size; /* bytes */
	uint32_t seq;  /* acknowledgements */
};
struct wire_barrier {
	uint32_t handle;
	uint32_t count; /* BARRIER_ACK: writes in the epoch */
};
struct wire_change {
	uint32_t mask, value; /* state words */
};
struct wire_range {
	uint64_t sector;
	uint32_t size; /* bytes */
};

/* A packet; which of the members counts is the command's. */
struct wire_packet {
	uint16_t command; /* enum wire_command */
	uint16_t volume;
	uint32_t bulk; /* bytes of data that follow the fields */
	union {
		struct wire_features features;
		struct wire_protocol protocol;
		struct wire_sync_param sync_param;
		struct wire_sizes sizes;
		struct wire_uuids uuids;
		uint64_t sync_uuid;
		uint32_t state;
		struct wire_data data;
		struct wire_block block;
		struct wire_barrier barrier;
		struct wire_change change;
		int32_t reply;
		struct wire_range range;
		uint32_t probe[2];
		uint8_t encoding; /* of COMPRESSED_BITMAP */
	};
};

enum wire_socket { WIRE_ON_DATA = 1, WIRE_ON_META = 2, WIRE_ON_BOTH = 3 };

/* What follows the fields. */
enum wire_bulk {
	WIRE_BULK_NONE,
	WIRE_BULK_BLOCKS, /* data of the volume: whole sectors, at least one */
	WIRE_BULK_WORDS,  /* plain bitmap: words of 64 bits, perhaps none */
	WIRE_BULK_BYTES,  /* a code, a challenge, a digest */
};

struct wire_field;

/* A row of the table of packets. */
struct wire_kind {
	uint16_t command;
	const char *name; /* without P_ */
	enum wire_socket socket;
	enum wire_bulk bulk;
	bool connection;   /* the connection's, whose volume is 0 and means nothing */
	bool digest;       /* of wire_agreed.digest bytes, behind the fields */
	uint32_t min, max; /* bytes behind the header, without that digest */
	uint32_t features; /* needs these */
	const struct wire_field *fields;
	unsigned nfields;
	uint32_t size; /* bytes of the fields */
};

/* What a header says. */
struct wire_header {
	uint16_t command, volume;
	uint32_t length; /* bytes behind it */
};

/* wire_header_size() - Of the header before @command: WIRE_H80 or WIRE_H100. */
unsigned wire_header_size(uint16_t command);

/* wire_header_decode() - @in: @size (WIRE_H80 or WIRE_H100) bytes.  0; -EPROTO: not that header. */
int wire_header_decode(const uint8_t *in, unsigned size, struct wire_header *h);

/*
 * wire_kind_of() - The row of @h->command.  NULL with errno: ENOTSUP no such packet, or one that
 * was not agreed on; EPROTO wrong socket or impossible length.
 */
const struct wire_kind *wire_kind_of(const struct wire_header *h, enum wire_socket socket,
				     const struct wire_agreed *agreed);

/* wire_fields_size() - How many bytes of the packet come before the bulk data; up to WIRE_FIELDS_MAX. */
uint32_t wire_fields_size(const struct wire_kind *k, const struct wire_header *h,
			  const struct wire_agreed *agreed);

/*
 * wire_decode() - The fields of a packet that wire_kind_of() has let in.  @in: wire_fields_size()
 * bytes.  p->bulk is what is still to come.  0; -EPROTO: strings without end, sizes that are none.
 */
int wire_decode(const struct wire_kind *k, const struct wire_header *h,
		const struct wire_agreed *agreed, const uint8_t *in, struct wire_packet *p);

/*
 * wire_encode() - Header and fields of @p, behind which the caller sends p->bulk bytes.
 * @out: WIRE_HEADER_MAX + WIRE_FIELDS_MAX bytes are always enough.
 * Returns the bytes; -EINVAL: no such packet, or one that wire_kind_of() would refuse.
 */
int wire_encode(uint8_t *out, const struct wire_packet *p, const struct wire_agreed *agreed);

/* wire_kind_row() - The table's row of @command; NULL: there is no such packet. */
const struct wire_kind *wire_kind_row(uint16_t command);

/* wire_name() - "P_DATA"; "P_?" for what is none. */
const char *wire_name(uint16_t command);

#endif
