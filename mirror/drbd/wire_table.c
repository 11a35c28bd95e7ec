// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of packets.
 */
#include "mirror/drbd/wire_fields.h"

#define AT(type_, member_, size_)                                             \
	{                                                                     \
		type_, (uint16_t)offsetof(struct wire_packet, member_), size_ \
	}
#define U8(member_)         AT(WIRE_U8, member_, 1)
#define U16(member_)        AT(WIRE_U16, member_, 2)
#define U32(member_)        AT(WIRE_U32, member_, 4)
#define U64(member_)        AT(WIRE_U64, member_, 8)
#define RAW(member_, size_) AT(WIRE_RAW, member_, size_)
#define NAME(member_)       AT(WIRE_NAME, member_, WIRE_ALGORITHM_MAX)
#define STRING(member_)     AT(WIRE_STRING, member_, WIRE_ALGORITHM_MAX)
#define PAD(size_)                 \
	{                          \
		WIRE_PAD, 0, size_ \
	}

#define FIELDS(name_, ...) static const struct wire_field name_[] = {__VA_ARGS__}

FIELDS(features, U32(features.min), U32(features.flags), U32(features.max), PAD(60));
FIELDS(protocol, U32(protocol.protocol), U32(protocol.after_sb[0]), U32(protocol.after_sb[1]),
       U32(protocol.after_sb[2]), U32(protocol.flags), U32(protocol.two_primaries),
       STRING(protocol.integrity));
FIELDS(sync_param, U32(sync_param.rate), NAME(sync_param.verify), NAME(sync_param.csums),
       U32(sync_param.plan_ahead), U32(sync_param.delay_target), U32(sync_param.fill_target),
       U32(sync_param.max_rate));
FIELDS(sizes, U64(sizes.own), U64(sizes.user), U64(sizes.current), U32(sizes.max_bio),
       U16(sizes.queue_order), U16(sizes.flags), U32(sizes.physical), U32(sizes.logical),
       U32(sizes.alignment), U32(sizes.io_min), U32(sizes.io_opt), U8(sizes.discard),
       U8(sizes.discard_zeroes), U8(sizes.write_same), PAD(1));
FIELDS(uuids, U64(uuids.uuid[0]), U64(uuids.uuid[1]), U64(uuids.uuid[2]), U64(uuids.uuid[3]),
       U64(uuids.bits), U64(uuids.flags));
FIELDS(sync_uuid, U64(sync_uuid));
FIELDS(state, U32(state));
FIELDS(data, U64(data.sector), RAW(data.id, 8), U32(data.seq), U32(data.flags));
FIELDS(trim, U64(data.sector), RAW(data.id, 8), U32(data.seq), U32(data.flags), U32(data.size));
FIELDS(request, U64(block.sector), RAW(block.id, 8), U32(block.size), PAD(4));
FIELDS(ack, U64(block.sector), RAW(block.id, 8), U32(block.size), U32(block.seq));
FIELDS(barrier, RAW(barrier.handle, 4), PAD(4));
FIELDS(barrier_ack, RAW(barrier.handle, 4), U32(barrier.count));
FIELDS(change, U32(change.mask), U32(change.value));
FIELDS(reply, U32(reply));
FIELDS(range, U64(range.sector), U32(range.size), PAD(4));
FIELDS(probe, U32(probe[0]), U32(probe[1]));
FIELDS(encoding, U8(encoding));

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The shapes of rows: no fields; fields alone; fields and bulk data of @min_ to @max_ bytes; bulk data alone. */
#define ROW(name_, socket_, ...)     \
	[WIRE_ROW(WIRE_##name_)] = { \
		.command = WIRE_##name_, .name = "P_" #name_, .socket = socket_, __VA_ARGS__}
#define EMPTY(name_, socket_, ...) ROW(name_, socket_, __VA_ARGS__)
#define FIXED(name_, socket_, fields_, size_, ...)                                        \
	ROW(name_, socket_, .min = size_, .max = size_, .size = size_, .fields = fields_, \
	    .nfields = COUNT(fields_), __VA_ARGS__)
#define BULK(name_, socket_, fields_, size_, kind_, min_, max_, ...)                     \
	ROW(name_, socket_, .bulk = kind_, .min = size_ + (min_), .max = size_ + (max_), \
	    .size = size_, .fields = fields_, .nfields = COUNT(fields_), __VA_ARGS__)
#define BYTES(name_, socket_, kind_, min_, max_, ...) \
	ROW(name_, socket_, .bulk = kind_, .min = min_, .max = max_, __VA_ARGS__)
/* Its string, of one byte at least, is counted apart. */
#define STRING_LAST(name_, socket_, fields_, size_)                              \
	ROW(name_, socket_, .connection = true, .min = size_ + 1,                \
	    .max = size_ + WIRE_ALGORITHM_MAX, .size = size_, .fields = fields_, \
	    .nfields = COUNT(fields_))

#define D WIRE_ON_DATA
#define M WIRE_ON_META

static const struct wire_kind kinds[] = {
	BULK(DATA, D, data, 24, WIRE_BULK_BLOCKS, 512, WIRE_BULK_MAX, .digest = true),
	BULK(DATA_REPLY, D, data, 24, WIRE_BULK_BLOCKS, 512, WIRE_BULK_MAX, .digest = true),
	BULK(RS_DATA_REPLY, D, data, 24, WIRE_BULK_BLOCKS, 512, WIRE_BULK_MAX, .digest = true),
	FIXED(BARRIER, D, barrier, 8),
	BYTES(BITMAP, D, WIRE_BULK_WORDS, 0, WIRE_BITMAP_MAX),
	EMPTY(UNPLUG_REMOTE, D),
	FIXED(DATA_REQUEST, D, request, 24),
	FIXED(RS_DATA_REQUEST, D, request, 24),
	STRING_LAST(PROTOCOL, D, protocol, 24),
	FIXED(UUIDS, D, uuids, 48),
	FIXED(SIZES, D, sizes, 56),
	FIXED(STATE, D, state, 4),
	FIXED(SYNC_UUID, D, sync_uuid, 8),
	BYTES(AUTH_CHALLENGE, D, WIRE_BULK_BYTES, WIRE_CHALLENGE, WIRE_CHALLENGE_MAX,
	      .connection = true),
	BYTES(AUTH_RESPONSE, D, WIRE_BULK_BYTES, 16, WIRE_DIGEST_MAX, .connection = true),
	FIXED(STATE_CHG_REQ, D, change, 8),
	EMPTY(PING, M, .connection = true),
	EMPTY(PING_ACK, M, .connection = true),
	FIXED(RECV_ACK, M, ack, 24),
	FIXED(WRITE_ACK, M, ack, 24),
	FIXED(RS_WRITE_ACK, M, ack, 24),
	FIXED(SUPERSEDED, M, ack, 24),
	FIXED(NEG_ACK, M, ack, 24),
	FIXED(NEG_DREPLY, M, ack, 24),
	FIXED(NEG_RS_DREPLY, M, ack, 24),
	FIXED(BARRIER_ACK, M, barrier_ack, 8),
	FIXED(STATE_CHG_REPLY, M, reply, 4),
	FIXED(OV_REQUEST, D, request, 24),
	BULK(OV_REPLY, D, request, 24, WIRE_BULK_BYTES, 1, WIRE_DIGEST_MAX),
	FIXED(OV_RESULT, M, ack, 24),
	BULK(CSUM_RS_REQUEST, D, request, 24, WIRE_BULK_BYTES, 1, WIRE_DIGEST_MAX),
	FIXED(RS_IS_IN_SYNC, M, ack, 24),
	FIXED(SYNC_PARAM89, D, sync_param, 148),
	BULK(COMPRESSED_BITMAP, D, encoding, 1, WIRE_BULK_BYTES, 1, WIRE_BITMAP_MAX - 1),
	FIXED(DELAY_PROBE, WIRE_ON_BOTH, probe, 8),
	FIXED(OUT_OF_SYNC, D, range, 16),
	FIXED(RS_CANCEL, M, ack, 24),
	FIXED(CONN_ST_CHG_REQ, D, change, 8, .connection = true),
	FIXED(CONN_ST_CHG_REPLY, M, reply, 4, .connection = true),
	FIXED(RETRY_WRITE, M, ack, 24),
	STRING_LAST(PROTOCOL_UPDATE, D, protocol, 24),
	FIXED(TRIM, D, trim, 28), /* comes also where it was not agreed on */
	FIXED(RS_THIN_REQ, D, request, 24, .features = WIRE_FF_THIN_RESYNC),
	FIXED(RS_DEALLOCATED, D, range, 16, .features = WIRE_FF_THIN_RESYNC),
	FIXED(ZEROES, D, trim, 28, .features = WIRE_FF_WZEROES),
	EMPTY(INITIAL_META, WIRE_ON_BOTH, .connection = true),
	EMPTY(INITIAL_DATA, WIRE_ON_BOTH, .connection = true),
	FIXED(FEATURES, D, features, 72, .connection = true),
};

const struct wire_kind *wire_kind_row(uint16_t command)
{
	unsigned i = WIRE_ROW(command);

	return i < COUNT(kinds) && kinds[i].name && kinds[i].command == command ? &kinds[i] : NULL;
}
