// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fence channels against real sockets: the test is hv-domain's end, and the guest behind it.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "rig.h"

/* hv-domain's end of one channel. */
static struct end {
	int listener, fd;
	struct fence_framer in;
	struct fence_reply reply; /* the last one */
	unsigned replies;
	bool closed;
} end = {.listener = -1, .fd = -1};

static void path_of(const char *domain, const char *file, char *out, size_t size)
{
	snprintf(out, size, "%s/%s%s", rig.dir, domain, file);
}

static void make_dirs(const char *domain)
{
	char path[256];

	path_of(domain, "", path, sizeof(path));
	mkdir(path, 0700);
	path_of(domain, "/channel", path, sizeof(path));
	mkdir(path, 0700);
}

static void listen_for(const char *domain)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	path_of(domain, "/channel/" FENCE_PORT ".sock", sa.sun_path, sizeof(sa.sun_path));
	unlink(sa.sun_path);
	end.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(end.listener, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(end.listener, 8), 0);
}

static bool connected(void *data)
{
	if (end.fd < 0)
		end.fd = accept4(end.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	return end.fd >= 0;
}

static void hang_up(void)
{
	if (end.fd >= 0)
		close(end.fd);
	end.fd = -1;
	fence_framer_free(&end.in);
}

static void forget(void)
{
	hang_up();
	if (end.listener >= 0)
		close(end.listener);
	end.listener = -1;
	fence_reply_free(&end.reply);
	end.replies = 0;
	end.closed = false;
}

static void send_bytes(const void *data, size_t len)
{
	assert_int_equal(send(end.fd, data, len, MSG_NOSIGNAL), len);
}

static void send_request(const struct fence_request *r)
{
	uint8_t out[FENCE_HEADER + FENCE_REQUEST_MAX];
	int n = fence_request_encode(out, sizeof(out), r);

	assert_true(n > 0);
	send_bytes(out, (size_t)n);
}

/* take_replies() - Whether there are *(unsigned *)data of them by now. */
static bool replies(void *data)
{
	uint8_t buf[4096];
	const uint8_t *body;
	uint16_t kind;
	size_t len;
	ssize_t n;

	while ((n = recv(end.fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
		fence_feed(&end.in, buf, (size_t)n);
		while (fence_next(&end.in, &kind, &body, &len) == 1) {
			assert_int_equal(kind, FENCE_REPLY);
			fence_reply_free(&end.reply);
			assert_int_equal(fence_reply_decode(body, len, &end.reply), 0);
			end.replies++;
		}
	}
	if (!n)
		end.closed = true;
	return end.replies >= *(unsigned *)data;
}

static bool asked(void *data)
{
	return rig.nasked >= *(unsigned *)data;
}

#define until_replies(n) assert_true(rig_until(replies, &(unsigned){n}))
#define until_asked(n)   assert_true(rig_until(asked, &(unsigned){n}))

static int setup(void **state)
{
	rig_open();
	make_dirs("db1");
	listen_for("db1");
	return 0;
}

static int teardown(void **state)
{
	forget();
	rig_close();
	return 0;
}

static void join(void)
{
	assert_int_equal(door_channel_add("db1", "sales"), 0);
	assert_true(rig_until(connected, NULL));
}

static void test_request_and_answer(void **state)
{
	struct fence_request r = rig_request(1, FENCE_OP_OFF, "db2");

	join();
	send_request(&r);
	until_asked(1);
	assert_string_equal(rig.asked[0].name, "domain db1 (channel)");
	assert_string_equal(rig.asked[0].domain, "db1");
	assert_string_equal(rig.asked[0].group, "sales");
	assert_int_equal(rig.asked[0].request.op, FENCE_OP_OFF);
	assert_string_equal(rig.asked[0].request.target, "db2");
	rig_answer(0, FENCE_DONE, "db2 is off");
	until_replies(1);
	assert_int_equal(end.reply.result, FENCE_DONE);
	assert_string_equal(end.reply.text, "db2 is off");
	assert_memory_equal(end.reply.id, r.id, sizeof(r.id));
	assert_int_equal(rig_logged("\"event\": \"request\""), 1);
	assert_int_equal(rig_logged("\"event\": \"outcome\""), 1);
	/* Nobody hears a second answer. */
	rig_answer(0, FENCE_FAILED, "");
	rig_run(50);
	replies(&(unsigned){2});
	assert_int_equal(end.replies, 1);
}

/* Lost on the way, in every place: it is asked once, and answered to who is there. */
static void test_repeated(void **state)
{
	struct fence_request r = rig_request(1, FENCE_OP_REBOOT, "db2");

	join();
	send_request(&r);
	until_asked(1);
	send_request(&r);
	hang_up();
	assert_true(rig_until(connected, NULL));
	r.timeout_ms = 15000;
	send_request(&r);
	rig_run(50);
	assert_int_equal(rig.nasked, 1);
	rig_answer(0, FENCE_DONE, "rebooted");
	until_replies(1);
	assert_string_equal(end.reply.text, "rebooted");
	send_request(&r);
	until_replies(2);
	assert_string_equal(end.reply.text, "rebooted");
	assert_int_equal(end.reply.result, FENCE_DONE);
	assert_int_equal(rig.nasked, 1);
	strcpy(r.target, "db3");
	send_request(&r);
	until_replies(3);
	assert_int_equal(end.reply.result, FENCE_REPLAYED);
	assert_int_equal(rig.nasked, 1);
	assert_int_equal(rig_logged("\"event\": \"outcome\""), 1);
}

/* An answer that came while nobody was connected is there for the next who asks. */
static void test_answered_while_away(void **state)
{
	struct fence_request r = rig_request(1, FENCE_OP_OFF, "db2");

	join();
	send_request(&r);
	until_asked(1);
	hang_up();
	rig_run(20);
	rig_answer(0, FENCE_DONE, "off");
	assert_true(rig_until(connected, NULL));
	rig_run(20);
	replies(&(unsigned){1});
	assert_int_equal(end.replies, 0);
	send_request(&r);
	until_replies(1);
	assert_int_equal(end.reply.result, FENCE_DONE);
	assert_int_equal(rig.nasked, 1);
}

static void test_garbage(void **state)
{
	struct fence_request r = rig_request(1, FENCE_OP_STATUS, "db2");
	uint8_t noise[3000], whole[128];
	int n = fence_request_encode(whole, sizeof(whole), &r);

	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (uint8_t)(i * 37 + 11);
	join();
	send_bytes(noise, sizeof(noise));
	send_bytes(whole, (size_t)n - 3); /* cut off: the next one is still found */
	send_request(&r);
	until_asked(1);
	rig_answer(0, FENCE_DONE, "");
	until_replies(1);
	assert_int_equal(rig_logged("bytes that are no request"), 1);
	/* Whole, but no request: the answer says so. */
	r.id[0] = 0xbb;
	r.op = 99;
	send_request(&r);
	until_replies(2);
	assert_int_equal(end.reply.result, FENCE_MALFORMED);
	r.op = FENCE_OP_OFF;
	strcpy(r.target, "../etc");
	send_request(&r);
	until_replies(3);
	assert_int_equal(end.reply.result, FENCE_MALFORMED);
	assert_int_equal(rig.nasked, 1);
	assert_false(end.closed);
}

/* A guest that does nothing but shout: it is cut short, and so are its lines in the log. */
static void test_flood(void **state)
{
	time_t began = time(NULL);
	unsigned n, seconds;

	rig.answer = true;
	rig.result = FENCE_DONE;
	join();
	for (n = 0; n < 300; n++) {
		struct fence_request r = rig_request(n, FENCE_OP_OFF, "db2");

		send_request(&r);
		if (n % 30 == 29)
			until_replies(n + 1);
	}
	seconds = (unsigned)(time(NULL) - began) + 2;
	/* Ten, and one for each second that it took. */
	assert_in_range(rig.nasked, 10, 10 + seconds);
	assert_in_range(rig_logged("too-often"), 10, 10 + seconds);
	assert_int_equal(rig_logged("\"event\": \"outcome\""), rig.nasked);
	send_bytes("TKF1TKF1TKF1", 12);
	rig_run(20);
	assert_false(end.closed);
}

/* A guest that never reads: memory is bounded, others are served, and it is heard again later. */
static void test_never_reads(void **state)
{
	static struct fence_listed list[FENCE_LIST_MAX];
	struct fence_reply big = {.nlisted = FENCE_LIST_MAX, .listed = list};
	struct fence_request r;
	unsigned n;

	for (n = 0; n < FENCE_LIST_MAX; n++)
		memset(list[n].name, 'n', FENCE_NAME_MAX);
	join();
	for (n = 0; n < 40; n++) {
		r = rig_request(n, FENCE_OP_LIST, "");
		send_request(&r);
		until_asked(n + 1);
		memcpy(big.id, rig.asked[n].request.id, sizeof(big.id));
		door_answer(rig.asked[n].who, &big, NULL);
		rig_run(1);
	}
	/* What fitted arrives whole and in order; the rest was never sent. */
	until_replies(3);
	rig_run(100);
	replies(&(unsigned){0});
	n = end.replies;
	assert_in_range(n, 3, 39);
	assert_int_equal(end.reply.nlisted, FENCE_LIST_MAX);
	assert_int_equal(end.in.bad, 0);
	rig_run(3000); /* messages may come again */
	r = rig_request(100, FENCE_OP_MONITOR, "");
	rig.answer = true;
	send_request(&r);
	until_replies(n + 1);
	assert_int_equal(end.reply.id[15], 100);
}

/* The domain comes after the door did, piece by piece; and it comes back after it ended. */
static void test_comes_and_goes(void **state)
{
	char path[256];

	forget();
	path_of("db9", "", path, sizeof(path));
	assert_int_equal(door_channel_add("db9", "sales"), 0);
	rig_run(300);
	make_dirs("db9");
	rig_run(10);
	listen_for("db9");
	assert_true(rig_until(connected, NULL));
	for (unsigned i = 0; i < 3; i++) {
		forget();
		rig_run(20);
		listen_for("db9");
		assert_true(rig_until(connected, NULL));
		struct fence_request r = rig_request(i, FENCE_OP_MONITOR, "");
		send_request(&r);
		until_asked(i + 1);
	}
	assert_int_equal(rig.gone, 0);
	door_channel_remove("db9");
	assert_int_equal(rig.gone, 1);
	rig_run(5);
	replies(&(unsigned){1});
	assert_true(end.closed);
}

static unsigned now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (unsigned)(t.tv_sec * 1000 + t.tv_nsec / 1000000);
}

/*
 * hv-domain lets one client in: while somebody else is there, it is tried again, slower and slower: after 50, 100, 200 ms,
 * and so on up to 2 s.  A connection that had lasted for so long, as where this process stood still, was one: the
 * next ones come quickly again.
 */
static void test_taken(void **state)
{
	unsigned tries = 0, began = now_ms();

	assert_int_equal(door_channel_add("db1", "sales"), 0);
	for (unsigned i = 0; i < 100; i++) {
		rig_run(10);
		end.fd = -1;
		if (connected(NULL)) {
			tries++;
			hang_up();
		}
	}
	assert_in_range(tries, 2, 8 + 6 * ((now_ms() - began) / 2000));
	assert_true(rig_until(connected, NULL));
}

static void test_add_twice(void **state)
{
	struct fence_request r = rig_request(1, FENCE_OP_MONITOR, "");

	join();
	assert_int_equal(door_channel_add("db1", "other"), -EEXIST);
	assert_int_equal(door_channel_add("../db1", "other"), -EINVAL);
	assert_int_equal(door_channel_add("", "other"), -EINVAL);
	send_request(&r);
	until_asked(1);
	assert_string_equal(rig.asked[0].group, "other");
	door_channel_remove("nobody");
	assert_int_equal(rig.gone, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_request_and_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_repeated, setup, teardown),
		cmocka_unit_test_setup_teardown(test_answered_while_away, setup, teardown),
		cmocka_unit_test_setup_teardown(test_garbage, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flood, setup, teardown),
		cmocka_unit_test_setup_teardown(test_never_reads, setup, teardown),
		cmocka_unit_test_setup_teardown(test_comes_and_goes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(test_add_twice, setup, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
