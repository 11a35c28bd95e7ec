// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bytes of fence messages are a format between releases: golden, in full.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <cmocka.h>

#include "fencing/bytes.h"
#include "fencing/message.h"
#include "hv/crc.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct fence_request golden_request = {
	.id = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
	.op = FENCE_OP_OFF,
	.timeout_ms = 20000,
	.target = "db2",
};
static const uint8_t golden_request_bytes[] = {
	'T',  'K',  'F',  '1',                                      /* magic */
	0x01, 0x00,                                                 /* version */
	0x01, 0x00,                                                 /* kind */
	0x1b, 0x00, 0x00, 0x00,                                     /* length */
	0x90, 0xf9, 0x91, 0x62,                                     /* CRC-32 */
	0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07,             /* id */
	0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x01, 0x00, /* op */
	0x20, 0x4e, 0x00, 0x00,                                     /* 20 s */
	0x03, 0x00, 'd',  'b',  '2',                                /* target */
};

static struct fence_listed golden_list[] = {{"db1", FENCE_POWER_ON}, {"db2", FENCE_POWER_OFF}};
static const struct fence_reply golden_reply = {
	.id = {0xff, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xfe},
	.result = FENCE_NO_QUORUM,
	.power = FENCE_POWER_ON,
	.text = "no",
	.nlisted = 2,
	.listed = golden_list,
};
static const uint8_t golden_reply_bytes[] = {
	'T',  'K',  'F',  '1',  0x01, 0x00, 0x02, 0x00, 0x25, 0x00, 0x00, 0x00,
	0x6f, 0x3a, 0x5c, 0xf9,                                     /* CRC-32 */
	0xff, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07,             /* id */
	0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0xfe, 0x04, 0x00, /* result */
	0x01,                                                       /* power */
	0x02, 0x00, 'n',  'o',                                      /* text */
	0x02, 0x00,                                                 /* listed */
	0x03, 0x00, 'd',  'b',  '1',  0x01, 0x03, 0x00, 'd',  'b',  '2',  0x02,
};

static void test_golden_request(void **state)
{
	uint8_t out[256];
	struct fence_request r;

	assert_int_equal(fence_request_encode(out, sizeof(out), &golden_request),
			 sizeof(golden_request_bytes));
	assert_memory_equal(out, golden_request_bytes, sizeof(golden_request_bytes));
	assert_int_equal(fence_request_decode(out + 16, sizeof(golden_request_bytes) - 16, &r), 0);
	assert_memory_equal(r.id, golden_request.id, 16);
	assert_int_equal(r.op, FENCE_OP_OFF);
	assert_int_equal(r.timeout_ms, 20000);
	assert_string_equal(r.target, "db2");
}

static void test_golden_reply(void **state)
{
	uint8_t out[256];
	struct fence_reply r;

	assert_int_equal(fence_reply_encode(out, sizeof(out), &golden_reply),
			 sizeof(golden_reply_bytes));
	assert_memory_equal(out, golden_reply_bytes, sizeof(golden_reply_bytes));
	assert_int_equal(fence_reply_decode(out + 16, sizeof(golden_reply_bytes) - 16, &r), 0);
	assert_memory_equal(r.id, golden_reply.id, 16);
	assert_int_equal(r.result, FENCE_NO_QUORUM);
	assert_int_equal(r.power, FENCE_POWER_ON);
	assert_string_equal(r.text, "no");
	assert_int_equal(r.nlisted, 2);
	assert_string_equal(r.listed[0].name, "db1");
	assert_int_equal(r.listed[0].power, FENCE_POWER_ON);
	assert_string_equal(r.listed[1].name, "db2");
	assert_int_equal(r.listed[1].power, FENCE_POWER_OFF);
	fence_reply_free(&r);
	assert_null(r.listed);
}

static void test_crc_is_ieee(void **state)
{
	uint8_t data[1000];

	assert_int_equal(hv_crc32((const uint8_t *)"123456789", 9), 0xcbf43926);
	for (size_t i = 0; i < sizeof(data); i++) {
		data[i] = (uint8_t)(i * 131 + 7);
		assert_int_equal(hv_crc32(data, i), crc32(0, data, (uInt)i));
	}
}

/* What does not fit, at every size but the right one, and what is no string. */
static void test_encoders_refuse(void **state)
{
	struct fence_request q = golden_request;
	struct fence_reply p = golden_reply;
	uint8_t out[256];

	for (size_t n = 0; n < sizeof(golden_request_bytes); n++)
		assert_int_equal(fence_request_encode(out, n, &q), -ENOSPC);
	for (size_t n = 0; n < sizeof(golden_reply_bytes); n++)
		assert_int_equal(fence_reply_encode(out, n, &p), -ENOSPC);
	memset(q.target, 'x', sizeof(q.target));
	assert_int_equal(fence_request_encode(out, sizeof(out), &q), -EINVAL);
	memset(p.text, 'x', sizeof(p.text));
	assert_int_equal(fence_reply_encode(out, sizeof(out), &p), -EINVAL);
	p = golden_reply;
	p.power = 3;
	assert_int_equal(fence_reply_encode(out, sizeof(out), &p), -EINVAL);
	p = golden_reply;
	p.nlisted = FENCE_LIST_MAX + 1;
	assert_int_equal(fence_reply_encode(out, sizeof(out), &p), -EINVAL);
}

static void test_largest_fit(void **state)
{
	static uint8_t out[FENCE_HEADER + FENCE_BODY_MAX];
	struct fence_request q = {.op = FENCE_OP_ON}, q2;
	struct fence_reply p = {.nlisted = FENCE_LIST_MAX}, p2;
	int n;

	memset(q.target, 't', FENCE_NAME_MAX);
	n = fence_request_encode(out, sizeof(out), &q);
	assert_int_equal(n, FENCE_HEADER + FENCE_REQUEST_MAX);
	assert_int_equal(fence_request_decode(out + FENCE_HEADER, FENCE_REQUEST_MAX, &q2), 0);
	assert_string_equal(q2.target, q.target);

	p.listed = calloc(FENCE_LIST_MAX, sizeof(*p.listed));
	assert_non_null(p.listed);
	memset(p.text, 'x', FENCE_TEXT_MAX);
	for (unsigned i = 0; i < FENCE_LIST_MAX; i++)
		memset(p.listed[i].name, 'n', FENCE_NAME_MAX);
	n = fence_reply_encode(out, sizeof(out), &p);
	assert_true(n > 0);
	assert_int_equal(fence_reply_decode(out + FENCE_HEADER, (size_t)n - FENCE_HEADER, &p2), 0);
	assert_int_equal(p2.nlisted, FENCE_LIST_MAX);
	assert_string_equal(p2.text, p.text);
	fence_reply_free(&p2);
	fence_reply_free(&p);
}

/* Each body cut short, one byte too long, or with one length or value wrong. */
static void test_decoders_refuse(void **state)
{
	static const struct {
		bool reply;
		size_t at; /* byte of the body that becomes */
		uint8_t value;
	} cases[] = {
		{false, 22, 0x02},                    /* a byte is left over */
		{false, 22, 0x04},                    /* one is missing */
		{false, 22, 0x40},                    /* a name of 64 */
		{false, 23, 0x01}, {false, 24, 0x00}, /* a NUL inside */
		{true, 18, 3},                        /* no power state */
		{true, 19, 1},     {true, 20, 1},     {true, 21, 0},
		{true, 23, 3},     {true, 24, 0x02}, /* 514 of them */
		{true, 25, 0x40},  {true, 30, 0x03},  {true, 27, 0x00},
	};
	uint8_t body[64];
	struct fence_request q;
	struct fence_reply p;

	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t n = (cases[i].reply ? sizeof(golden_reply_bytes)
					   : sizeof(golden_request_bytes)) -
			   16;

		memcpy(body, (cases[i].reply ? golden_reply_bytes : golden_request_bytes) + 16, n);
		assert_int_not_equal(body[cases[i].at], cases[i].value);
		body[cases[i].at] = cases[i].value;
		if (cases[i].reply)
			assert_int_equal(fence_reply_decode(body, n, &p), -EINVAL);
		else
			assert_int_equal(fence_request_decode(body, n, &q), -EINVAL);
		assert_true(!cases[i].reply || !p.listed);
	}
	for (size_t n = 0; n < sizeof(golden_request_bytes) - 16; n++)
		assert_int_equal(fence_request_decode(golden_request_bytes + 16, n, &q), -EINVAL);
	for (size_t n = 0; n < sizeof(golden_reply_bytes) - 16; n++)
		assert_int_equal(fence_reply_decode(golden_reply_bytes + 16, n, &p), -EINVAL);
	memcpy(body, golden_request_bytes + 16, sizeof(golden_request_bytes) - 16);
	assert_int_equal(fence_request_decode(body, sizeof(golden_request_bytes) - 15, &q),
			 -EINVAL);
}

static void test_names(void **state)
{
	assert_string_equal(fence_op_name(FENCE_OP_REBOOT), "reboot");
	assert_string_equal(fence_op_name(0), "unknown");
	assert_string_equal(fence_op_name(7), "unknown");
	assert_string_equal(fence_result_name(FENCE_DONE), "done");
	assert_string_equal(fence_result_name(FENCE_MALFORMED), "malformed");
	assert_string_equal(fence_result_name(9), "unknown");
	assert_string_equal(fence_power_name(FENCE_POWER_OFF), "off");
	assert_string_equal(fence_power_name(0), "unknown");
}

/* A stream is a text: Q a request, P a reply, and damaged or foreign things. */
static size_t write_stream(const char *text, uint8_t *out)
{
	size_t n = 0;

	for (; *text; text++) {
		bool reply = *text == 'P' || *text == 'l';
		size_t len = reply ? sizeof(golden_reply_bytes) : sizeof(golden_request_bytes);
		uint8_t *m = out + n;

		memcpy(m, reply ? golden_reply_bytes : golden_request_bytes, len);
		switch (*text) {
		case 'g': m[0] = 'X'; break;   /* no magic */
		case 'v': m[4] = 2; break;     /* of another version */
		case 'k': m[6] = 3; break;     /* of no kind */
		case 'L': m[9] = 0x10; break;  /* a request of 4 KiB */
		case 'l': m[10] = 0x02; break; /* a reply above the limit */
		case 'c': m[12] ^= 1; break;   /* its checksum is wrong */
		case 'b': m[20] ^= 1; break;   /* its body is */
		case 's': m[8] += 4; break;    /* it reaches into the next one */
		case 'h': len = 20; break;     /* it ends in the middle */
		case 't': len = 3; break;      /* in its magic */
		case 'T': memcpy(m, "TTKTKFTKF", len = 9); break;
		default: break;
		}
		n += len;
	}
	return n;
}

static void test_framer(void **state)
{
	static const struct {
		const char *stream, *want;
		unsigned bad;
		uint16_t kind;
	} cases[] = {
		{"", "", 0},
		{"Q", "Q", 0},
		{"QQQ", "QQQ", 0},
		{"QPQ", "QPQ", 0},
		{"gQ", "Q", 1},
		{"QgQ", "QQ", 1},
		{"ggQ", "Q", 1},
		{"QgQgQ", "QQQ", 2},
		{"vQ", "Q", 1},
		{"kQ", "Q", 1},
		{"LQ", "Q", 1},
		{"lQ", "Q", 1},
		{"cQ", "Q", 1},
		{"bQP", "QP", 1},
		{"sQ", "Q", 1},
		{"hQ", "Q", 1},
		{"tQ", "Q", 1},
		{"TQ", "Q", 1},
		{"T", "", 1},
		{"h", "", 0},
		{"hQtQ", "QQ", 2},
		{"QP", "Q", 1, FENCE_REQUEST},
		{"QP", "P", 1, FENCE_REPLY},
	};
	uint8_t stream[1024];

	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t total = write_stream(cases[i].stream, stream);

		for (size_t piece = 1; piece <= 64; piece++) {
			struct fence_framer f = {.want = cases[i].kind};
			char got[16] = "";
			size_t n = 0;

			for (size_t at = 0; at < total; at += piece) {
				const uint8_t *body;
				uint16_t kind;
				size_t len = total - at < piece ? total - at : piece;

				assert_int_equal(fence_feed(&f, stream + at, len), 0);
				while (fence_next(&f, &kind, &body, &len) == 1)
					got[n++] = kind == FENCE_REQUEST ? 'Q' : 'P';
			}
			assert_string_equal(got, cases[i].want);
			assert_int_equal(f.bad, cases[i].bad);
			fence_framer_free(&f);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden_request), cmocka_unit_test(test_golden_reply),
		cmocka_unit_test(test_crc_is_ieee),    cmocka_unit_test(test_encoders_refuse),
		cmocka_unit_test(test_largest_fit),    cmocka_unit_test(test_decoders_refuse),
		cmocka_unit_test(test_names),          cmocka_unit_test(test_framer),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
