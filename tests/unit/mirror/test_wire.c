// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Packets: those of two kernels come back byte for byte; the table's limits are the limits.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "capture.h"
#include "mirror/drbd/bytes.h"
#include "mirror/drbd/meta.h"
#include "mirror/drbd/state_word.h"
#include "tool.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct wire_agreed kernels = {.version = 101, .features = 0xf};
static const struct wire_agreed ours = {.version = 101, .features = WIRE_FEATURES_OURS};

struct seen {
	unsigned count[256], at_end[3];
	struct wire_packet packet;
	struct wire_uuids uuids_a;
	uint64_t data, resync;
};

static void one(const struct captured *c, void *arg)
{
	static uint8_t out[WIRE_HEADER_MAX + WIRE_FIELDS_MAX];
	struct seen *s = arg;
	struct wire_packet *p = &s->packet;
	const struct wire_kind *k;
	struct wire_header h;
	unsigned size = get_be32(c->bytes) == 0x83740267 ? WIRE_H80 : WIRE_H100;
	uint32_t fields;
	int n;

	assert_int_equal(wire_header_decode(c->bytes, size, &h), 0);
	assert_int_equal(wire_header_size(h.command), size);
	assert_int_equal(h.length, c->len - size + c->bulk);
	k = wire_kind_of(&h, c->socket, &kernels);
	assert_non_null(k);
	/* but for the handshake's first, none may come on the other socket */
	assert_true(k->socket == WIRE_ON_BOTH ||
		    !wire_kind_of(&h, c->socket ^ WIRE_ON_BOTH, &kernels));
	fields = wire_fields_size(k, &h, &kernels);
	assert_true(size + fields <= c->len);
	assert_int_equal(wire_decode(k, &h, &kernels, c->bytes + size, p), 0);
	assert_int_equal(p->bulk, c->len - size - fields + c->bulk);
	n = wire_encode(out, p, &kernels);
	assert_int_equal(n, size + fields);
	assert_memory_equal(out, c->bytes, n);
	s->count[h.command & 0xff]++;
	if (h.command == WIRE_DATA)
		s->data += p->bulk;
	if (h.command == WIRE_RS_DATA_REPLY)
		s->resync += p->bulk;
	if (h.command == WIRE_UUIDS && c->sender == 'A')
		s->uuids_a = p->uuids;
}

static void test_capture(void **state)
{
	struct seen s = {0};

	assert_int_equal(capture_each(one, &s), 73);
	assert_int_equal(s.count[WIRE_DATA], 7);
	assert_int_equal(s.count[WIRE_WRITE_ACK], 7);
	assert_int_equal(s.count[WIRE_BARRIER], 5);
	assert_int_equal(s.count[WIRE_BARRIER_ACK], 5);
	assert_int_equal(s.count[WIRE_PING], 3);
	assert_true(s.data == 4 * 65536 + 3 * 4096);
	assert_true(s.resync == 4016 * 512);
	assert_true(s.uuids_a.uuid[MD_CURRENT] == 0x8C11E19E7E8DB7DD);
	assert_true(s.uuids_a.uuid[MD_BITMAP] == MD_UUID_JUST_CREATED);
	assert_true(s.uuids_a.bits == 502);
}

/* Whether a header of @k's command with @length is let in where it belongs. */
static bool let_in(const struct wire_kind *k, uint32_t length, const struct wire_agreed *a)
{
	struct wire_header h = {.command = k->command, .length = length};

	return wire_kind_of(&h, k->socket, a);
}

/* Every row: its shortest and longest, and nothing beyond; on the socket it belongs to. */
static void test_lengths(void **state)
{
	unsigned n = 0;

	for (unsigned c = 0; c <= UINT16_MAX; c++) {
		const struct wire_kind *k = wire_kind_row((uint16_t)c);
		struct wire_header h = {.command = (uint16_t)c};
		struct wire_agreed with = {101, 0xf, 16};
		uint32_t digest;

		if (!k) {
			errno = 0;
			assert_null(wire_kind_of(&h, WIRE_ON_DATA, &kernels));
			assert_int_equal(errno, ENOTSUP);
			assert_string_equal(wire_name((uint16_t)c), "P_?");
			continue;
		}
		n++;
		digest = k->digest ? 16 : 0;
		assert_int_equal(k->command, c);
		assert_true(k->max <= k->size + WIRE_BULK_MAX);
		assert_true(k->bulk == WIRE_BULK_BLOCKS || k->max <= WIRE_FIELDS_MAX);
		assert_true(let_in(k, k->min, &kernels) && let_in(k, k->max, &kernels));
		assert_true(let_in(k, k->min + digest, &with));
		assert_false(let_in(k, k->max + 1, &kernels) || let_in(k, k->min - 1, &kernels));
		assert_false(let_in(k, UINT32_MAX, &kernels));
		h.length = k->min;
		if (k->socket != WIRE_ON_BOTH) {
			assert_null(wire_kind_of(&h, k->socket ^ WIRE_ON_BOTH, &kernels));
			assert_int_equal(errno, EPROTO);
		}
	}
	assert_int_equal(n, 48);
}

static void test_agreed(void **state)
{
	static const struct {
		uint16_t command;
		uint32_t length, features;
		int refused; /* 0, or errno */
	} cases[] = {
		{WIRE_SIZES, 32, WIRE_FF_TRIM, 0},
		{WIRE_SIZES, 56, WIRE_FF_TRIM, EPROTO},
		{WIRE_SIZES, 56, WIRE_FF_WSAME, 0},
		{WIRE_SIZES, 32, WIRE_FF_WSAME, EPROTO},
		{WIRE_TRIM, 28, 0, 0},
		{WIRE_ZEROES, 28, 0, ENOTSUP},
		{WIRE_ZEROES, 28, WIRE_FF_WZEROES, 0},
		{WIRE_RS_THIN_REQ, 24, 0, ENOTSUP},
		{WIRE_RS_DEALLOCATED, 16, WIRE_FF_THIN_RESYNC, 0},
		{0x34, 28, 0xf, ENOTSUP}, /* WSAME */
		{0x05, 0, 0xf, ENOTSUP},
		{0x0a, 4, 0xf, ENOTSUP},
		{WIRE_DATA, 24, 0xf, EPROTO},
		{WIRE_DATA, 24 + 511, 0xf, EPROTO},
		{WIRE_DATA, 24 + 513, 0xf, EPROTO},
		{WIRE_BITMAP, 12, 0xf, EPROTO},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct wire_agreed a = {.version = 101, .features = cases[i].features};
		struct wire_header h = {.command = cases[i].command, .length = cases[i].length};

		errno = 0;
		if (wire_kind_of(&h, WIRE_ON_DATA, &a))
			errno = 0;
		assert_int_equal(errno, cases[i].refused);
	}
}

static void test_headers_refused(void **state)
{
	uint8_t b[WIRE_H100] = {0x86, 0x20, 0xec, 0x20, 0x00, 0x07, 0x00, 0x03, 0, 0, 0, 8};
	struct wire_header h;

	assert_int_equal(wire_header_decode(b, WIRE_H100, &h), 0);
	assert_int_equal(h.volume, 7);
	assert_int_equal(h.command, WIRE_BARRIER);
	assert_int_equal(h.length, 8);
	assert_int_equal(wire_header_decode(b, WIRE_H80, &h), -EPROTO);
	for (int i = 12; i < 16; i++) {
		b[i] = 1;
		assert_int_equal(wire_header_decode(b, WIRE_H100, &h), -EPROTO);
		b[i] = 0;
	}
	b[0] = 0x83;
	assert_int_equal(wire_header_decode(b, WIRE_H100, &h), -EPROTO);
}

/* Random fields, of every packet, survive the way there and back, with and without a digest. */
static void test_round_trip(void **state)
{
	static uint8_t out[WIRE_HEADER_MAX + WIRE_FIELDS_MAX], again[sizeof(out)];
	uint64_t seed = 4711;

	for (unsigned c = 0; c <= UINT16_MAX; c++) {
		const struct wire_kind *k = wire_kind_row((uint16_t)c);

		for (int turn = 0; k && turn < 50; turn++) {
			struct wire_agreed a = {101, turn % 2 ? 0xf : 0xb, turn % 3 ? 0 : 32};
			struct wire_packet p, q;
			struct wire_header h;
			unsigned size = wire_header_size(k->command);
			int n;

			for (size_t i = 0; i < sizeof(p); i++)
				((uint8_t *)&p)[i] = (uint8_t)rnd(&seed);
			p.command = k->command;
			p.bulk = k->bulk == WIRE_BULK_NONE ? 0 : k->max - k->size;
			/* sizes are whole sectors, strings end */
			if (k->bulk == WIRE_BULK_BLOCKS)
				p.data.size = p.bulk;
			else if (c == WIRE_TRIM || c == WIRE_ZEROES)
				p.data.size = 512 * 77;
			else if (c == WIRE_OUT_OF_SYNC || c == WIRE_RS_DEALLOCATED)
				p.range.size = 4096;
			else if (c == WIRE_PROTOCOL || c == WIRE_PROTOCOL_UPDATE)
				snprintf(p.protocol.integrity, WIRE_ALGORITHM_MAX, "alg%d", turn);
			else if (c == WIRE_SYNC_PARAM89)
				p.sync_param.verify[5] = p.sync_param.csums[0] = 0;
			else
				p.block.size = p.block.size % (1 << 20) / 512 * 512 + 512;
			n = wire_encode(out, &p, &a);
			assert_true(n > 0);
			assert_int_equal(wire_header_decode(out, size, &h), 0);
			assert_ptr_equal(wire_kind_of(&h, k->socket, &a), k);
			assert_int_equal(wire_fields_size(k, &h, &a), n - size);
			assert_int_equal(wire_decode(k, &h, &a, out + size, &q), 0);
			assert_int_equal(wire_encode(again, &q, &a), n);
			assert_memory_equal(out, again, n);
		}
	}
}

/* A thin resync's two packets, which no capture has: DRBD's p_block_req and p_block_desc. */
static void test_thin(void **state)
{
	static const uint8_t asked[] = {
		0x86, 0x20, 0xec, 0x20, 0,    0,    0,    0x32,
		0,    0,    0,    24,   0,    0,    0,    0,    /* header */
		0,    0,    0,    0,    0,    0x12, 0x34, 0x80, /* sector */
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, /* id of a resync */
		0,    1,    0,    0,    0,    0,    0,    0,    /* bytes */
	};
	static const uint8_t hole[] = {
		0x86, 0x20, 0xec, 0x20, 0, 0,    0,    0x33, 0, 0, 0, 16, 0, 0, 0, 0, /* header */
		0,    0,    0,    0,    0, 0x12, 0x34, 0x80,                          /* sector */
		0,    1,    0,    0,    0, 0,    0,    0,                             /* bytes */
	};
	struct wire_packet p = {.command = WIRE_RS_THIN_REQ,
				.block = {0x123480, WIRE_ID_RESYNC, 65536}};
	uint8_t out[WIRE_HEADER_MAX + WIRE_FIELDS_MAX];

	assert_int_equal(wire_encode(out, &p, &ours), sizeof(asked));
	assert_memory_equal(out, asked, sizeof(asked));
	p = (struct wire_packet){.command = WIRE_RS_DEALLOCATED, .range = {0x123480, 65536}};
	assert_int_equal(wire_encode(out, &p, &ours), sizeof(hole));
	assert_memory_equal(out, hole, sizeof(hole));
}

static void test_fields_refused(void **state)
{
	static const struct {
		uint16_t command;
		uint32_t length, at, value;
	} cases[] = {
		{WIRE_TRIM, 28, 24, 0},
		{WIRE_TRIM, 28, 24, 1000},
		{WIRE_TRIM, 28, 24, (128 << 20) + 512},
		{WIRE_ZEROES, 28, 24, 0},
		{WIRE_RS_DATA_REQUEST, 24, 16, 0},
		{WIRE_RS_DATA_REQUEST, 24, 16, 511},
		{WIRE_RS_DATA_REQUEST, 24, 16, (1 << 20) + 512},
		{WIRE_DATA_REQUEST, 24, 16, UINT32_MAX},
		{WIRE_OV_REQUEST, 24, 16, 0},
		{WIRE_CSUM_RS_REQUEST, 24 + 16, 16, 0},
		{WIRE_OV_REPLY, 24 + 16, 16, 1},
		{WIRE_RS_THIN_REQ, 24, 16, 0},
		{WIRE_OUT_OF_SYNC, 16, 8, 0},
		{WIRE_RS_DEALLOCATED, 16, 8, 7},
		{WIRE_PROTOCOL, 28, 24, 0x61616161}, /* a string without end */
	};
	uint8_t in[256];
	struct wire_packet p;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct wire_header h = {.command = cases[i].command, .length = cases[i].length};
		const struct wire_kind *k = wire_kind_of(&h, WIRE_ON_DATA, &ours);

		assert_non_null(k);
		memset(in, 0, sizeof(in));
		put_be32(in + cases[i].at, cases[i].value);
		assert_int_equal(wire_decode(k, &h, &ours, in, &p), -EPROTO);
		if (cases[i].command == WIRE_PROTOCOL)
			continue;
		p.command = cases[i].command;
		if (k->bulk)
			p.bulk = 16;
		assert_int_equal(wire_encode(in, &p, &ours), -EINVAL);
	}
	p = (struct wire_packet){.command = WIRE_DATA, .bulk = 100};
	assert_int_equal(wire_encode(in, &p, &ours), -EINVAL);
	p = (struct wire_packet){.command = 0x34};
	assert_int_equal(wire_encode(in, &p, &ours), -EINVAL);
}

/* An algorithm's name that fills its field has no end. */
static void test_names_refused(void **state)
{
	struct wire_header h = {.command = WIRE_SYNC_PARAM89, .length = 148};
	const struct wire_kind *k = wire_kind_of(&h, WIRE_ON_DATA, &ours);
	uint8_t in[148];
	struct wire_packet p;

	memset(in, 'x', sizeof(in));
	assert_int_equal(wire_decode(k, &h, &ours, in, &p), -EPROTO);
	in[4 + 63] = in[68 + 63] = 0;
	assert_int_equal(wire_decode(k, &h, &ours, in, &p), 0);
	assert_int_equal(strlen(p.sync_param.csums), 63);
}

static void test_state_word(void **state)
{
	struct drbd_state s;
	uint32_t w;

	/* as the kernel said it: Secondary/Unknown, WFConnection, Inconsistent/DUnknown */
	assert_int_equal(state_decode(0xc882, &s), 0);
	assert_true(s.role == ROLE_SECONDARY && s.peer == ROLE_UNKNOWN &&
		    s.conn == CONN_WF_CONNECTION);
	assert_true(s.disk == DISK_INCONSISTENT && s.pdsk == DISK_UNKNOWN && !s.suspended);
	assert_int_equal(state_encode(&s), 0xc882);
	assert_int_equal(state_decode(0x000108e6, &s), 0);
	assert_true(s.conn == CONN_WF_BITMAP_T && s.pdsk == DISK_UP_TO_DATE);
	assert_int_equal(state_decode(3, &s), -EPROTO);
	assert_int_equal(state_decode(3 << 2, &s), -EPROTO);
	assert_int_equal(state_decode(24 << 4, &s), -EPROTO);
	assert_int_equal(state_decode(9 << 9, &s), -EPROTO);
	assert_int_equal(state_decode(9 << 13, &s), -EPROTO);
	for (w = 0; w < 1 << 17; w++) {
		if (state_decode(w, &s))
			continue;
		assert_int_equal(state_encode(&s), w);
		if (s.conn != CONN_DISCONNECTING && s.conn != CONN_WF_SYNC_UUID &&
		    s.conn != CONN_TEAR_DOWN)
			assert_int_equal(state_swap(state_swap(w)), w);
	}
	/* the kernel's `primary --force`, and its disconnect */
	assert_int_equal(state_swap(0x1e03), 0x1e00c);
	assert_int_equal(state_swap(0x1001), 0x10004);
	assert_int_equal(state_swap(0x1f0), 0x1f0);
	assert_int_equal(state_swap(0x10), CONN_TEAR_DOWN << 4);
	assert_string_equal(conn_name(CONN_PAUSED_SYNC_T), "PausedSyncT");
	assert_string_equal(conn_name((enum conn)24), "?");
	assert_string_equal(disk_name((enum disk)9), "?");
	assert_string_equal(role_name((enum role)3), "?");
	assert_string_equal(state_result_text(1), "done");
	assert_string_equal(state_result_text(-3), "?");
	assert_string_equal(state_result_text(-99), "?");
	assert_string_equal(state_result_text(STATE_NO_QUORUM), "the cluster has no quorum here");
	assert_string_equal(state_result_text(STATE_CW_FAILED_BY_PEER), "the peer refused");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_capture),       cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_agreed),        cmocka_unit_test(test_headers_refused),
		cmocka_unit_test(test_round_trip),    cmocka_unit_test(test_fields_refused),
		cmocka_unit_test(test_names_refused), cmocka_unit_test(test_state_word),
		cmocka_unit_test(test_thin),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
