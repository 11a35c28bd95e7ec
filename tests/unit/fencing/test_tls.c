// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The TLS door against real clients, each in a thread of its own.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "fencing/tls.h"
#include "rig.h"

#define KEY1  "000102030405060708090a0b0c0d0e0f"
#define KEY2  "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff000102030405060708090a0b0c0d0e0f"
#define TLS12 "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+ECDHE-PSK"
#define NO_DHE \
	"NONE:+VERS-TLS1.3:+AEAD:+SHA256:+COMP-NULL:+AES-128-GCM:+PSK:+GROUP-X25519:+SIGN-ALL"

enum { CLIENTS = 20, ADDRESS_MAX = 32 };

struct client {
	const char *identity, *key, *priority;
	unsigned number;  /* of its request */
	unsigned repeats; /* connections, one after the other, with the same request */
	bool slow;        /* a few bytes at a time */
	pthread_t thread;
	gnutls_session_t session;
	int fd;
	int handshake; /* what it came to */
	int result;    /* of the last reply; -1: none */
	char text[FENCE_TEXT_MAX + 1];
	atomic_bool done;
};

static struct sockaddr_in address;

static int dial(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timeval limit = {.tv_sec = 30};

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		close(fd);
		return -1;
	}
	return fd;
}

static ssize_t push_slowly(gnutls_transport_ptr_t p, const void *data, size_t len)
{
	struct client *c = p;

	usleep(2000);
	return send(c->fd, data, len < 16 ? len : 16, MSG_NOSIGNAL);
}

static ssize_t pull(gnutls_transport_ptr_t p, void *data, size_t len)
{
	struct client *c = p;

	return recv(c->fd, data, len, 0);
}

static void exchange(struct client *c)
{
	struct fence_request r = rig_request(c->number, FENCE_OP_OFF, "db2");
	uint8_t buf[FENCE_HEADER + FENCE_BODY_MAX];
	int n = fence_request_encode(buf, sizeof(buf), &r);
	struct fence_framer f = {0};
	struct fence_reply reply;
	const uint8_t *body;
	uint16_t kind;
	size_t len;

	if (gnutls_record_send(c->session, buf, (size_t)n) != n)
		return;
	while (c->result < 0) {
		ssize_t got = gnutls_record_recv(c->session, buf, sizeof(buf));

		if (got == GNUTLS_E_AGAIN || got == GNUTLS_E_INTERRUPTED)
			continue;
		if (got <= 0)
			break;
		fence_feed(&f, buf, (size_t)got);
		if (fence_next(&f, &kind, &body, &len) != 1 ||
		    fence_reply_decode(body, len, &reply))
			continue;
		c->result = reply.result;
		memcpy(c->text, reply.text, sizeof(c->text));
		fence_reply_free(&reply);
	}
	fence_framer_free(&f);
}

static void connect_once(struct client *c)
{
	gnutls_psk_client_credentials_t cred;
	gnutls_datum_t key = {(unsigned char *)(uintptr_t)c->key, (unsigned)strlen(c->key)};

	c->result = -1;
	c->fd = dial();
	gnutls_psk_allocate_client_credentials(&cred);
	gnutls_psk_set_client_credentials(cred, c->identity, &key, GNUTLS_PSK_KEY_HEX);
	gnutls_init(&c->session, GNUTLS_CLIENT);
	gnutls_priority_set_direct(c->session, c->priority ? c->priority : FENCE_TLS_PRIORITY,
				   NULL);
	gnutls_credentials_set(c->session, GNUTLS_CRD_PSK, cred);
	gnutls_handshake_set_timeout(c->session, 0);
	if (c->slow) {
		gnutls_transport_set_ptr(c->session, c);
		gnutls_transport_set_pull_function(c->session, pull);
		gnutls_transport_set_push_function(c->session, push_slowly);
	} else {
		gnutls_transport_set_int(c->session, c->fd);
	}
	do {
		c->handshake = gnutls_handshake(c->session);
	} while (c->handshake && !gnutls_error_is_fatal(c->handshake));
	if (!c->handshake)
		exchange(c);
	gnutls_deinit(c->session);
	gnutls_psk_free_client_credentials(cred);
	close(c->fd);
}

static void *run_client(void *data)
{
	struct client *c = data;

	do {
		connect_once(c);
	} while (c->repeats && c->repeats--);
	c->done = true;
	return NULL;
}

static bool is_done(void *data)
{
	return ((struct client *)data)->done;
}

static void finish(struct client *c)
{
	assert_true(rig_until(is_done, c));
	pthread_join(c->thread, NULL);
}

static void start(struct client *c)
{
	c->done = false;
	assert_int_equal(pthread_create(&c->thread, NULL, run_client, c), 0);
}

static void go(struct client *c)
{
	start(c);
	finish(c);
}

static void put_keys(const char *text)
{
	char path[128], fresh[140];
	int fd;

	snprintf(path, sizeof(path), "%s/keys", rig.dir);
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	fd = open(fresh, O_CREAT | O_TRUNC | O_WRONLY, 0600);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	assert_int_equal(rename(fresh, path), 0);
}

/* listen_somewhere() - On a port that is free now. */
static void listen_somewhere(void)
{
	char path[128], where[32], err[256];
	socklen_t len = sizeof(address);
	int on = 1, fd, rc = -1;

	snprintf(path, sizeof(path), "%s/keys", rig.dir);
	for (unsigned i = 0; i < 20 && rc; i++) {
		address = (struct sockaddr_in){.sin_family = AF_INET};
		address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
		assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
		close(fd);
		snprintf(where, sizeof(where), "127.0.0.1:%u", ntohs(address.sin_port));
		rc = door_tls_listen(where, path, err, sizeof(err));
	}
	assert_int_equal(rc, 0);
}

static int setup(void **state)
{
	rig_open();
	rig.answer = true;
	rig.group = "sales";
	put_keys("db1 " KEY1 "\nboss " KEY2 " group=board\n");
	listen_somewhere();
	return 0;
}

static int teardown(void **state)
{
	rig_close();
	return 0;
}

static void test_good_keys(void **state)
{
	struct client db1 = {"db1", KEY1, .number = 1}, boss = {"boss", KEY2, .number = 2};

	go(&db1);
	assert_int_equal(db1.handshake, 0);
	assert_int_equal(db1.result, FENCE_DONE);
	assert_string_equal(rig.asked[0].name, "domain db1 (tls, 127.0.0.1)");
	assert_string_equal(rig.asked[0].domain, "db1");
	assert_string_equal(rig.asked[0].group, "sales");
	go(&boss);
	assert_int_equal(boss.result, FENCE_DONE);
	assert_string_equal(rig.asked[1].name, "boss (tls, 127.0.0.1)");
	assert_string_equal(rig.asked[1].domain, "");
	assert_string_equal(rig.asked[1].group, "board");
	assert_int_equal(rig_logged("\"door\": \"tls\""), 4);
}

/* None of them comes in, and nothing of what they wanted reaches the daemon. */
static void test_bad_keys(void **state)
{
	struct client cases[] = {
		{"db1", KEY2}, /* another's key */
		{"boss", KEY1},
		{"nobody", KEY1}, /* no such identity */
		{"", KEY1},
		{"db1x", KEY1},
		{"db", KEY1},
		{"db1", KEY1, TLS12},                           /* too old */
		{"db1", KEY1, NO_DHE},                          /* without forward secrecy */
		{"db1", KEY1, "NORMAL:-VERS-ALL:+VERS-TLS1.3"}, /* by certificate */
		{"a-name-that-is-far-longer-than-any-name-of-a-domain-can-be-and-so-no-identity",
		 KEY1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		go(&cases[i]);
		assert_int_equal(cases[i].result, -1);
	}
	assert_int_equal(rig.nasked, 0);
	assert_true(rig_logged("\"event\": \"refused\"") > 0);
	assert_int_equal(rig_logged("\"event\": \"request\""), 0);
}

static void test_no_group(void **state)
{
	struct client c = {"db1", KEY1};

	rig.group = NULL;
	go(&c);
	assert_int_equal(c.result, -1);
	assert_int_equal(rig.nasked, 0);
	assert_int_equal(rig_logged("no fence group"), 1);
}

static void test_keys_change(void **state)
{
	struct client old = {"db1", KEY1, .number = 1}, new = {"db1", KEY2, .number = 2};

	go(&new);
	assert_int_equal(new.result, -1);
	put_keys("db1 " KEY2 "\n");
	go(&new);
	assert_int_equal(new.result, FENCE_DONE);
	go(&old);
	assert_int_equal(old.result, -1);
	put_keys("db1 " KEY2 "\nbroken\n"); /* what was there stays */
	go(&new);
	assert_int_equal(new.result, FENCE_DONE);
}

static bool nasked(void *data)
{
	return rig.nasked >= *(unsigned *)data;
}

/* Connected with a key that is taken away: not a word more is heard. */
static void test_key_taken_away(void **state)
{
	struct client c = {"db1", KEY1, .number = 1};

	rig.answer = false;
	start(&c);
	assert_true(rig_until(nasked, &(unsigned){1}));
	put_keys("boss " KEY2 " group=board\n");
	rig_answer(0, FENCE_DONE, "it was asked while the key was good");
	finish(&c);
	assert_int_equal(c.result, FENCE_DONE);
	rig_run(50);
	go(&c);
	assert_int_equal(c.result, -1);
	/* Without a key and a connection it has gone. */
	assert_int_equal(rig.gone, 1);
}

static void test_repeated_over_connections(void **state)
{
	struct client c = {"db1", KEY1, .number = 1, .repeats = 3};

	go(&c);
	assert_int_equal(c.result, FENCE_DONE);
	assert_int_equal(rig.nasked, 1);
	assert_int_equal(rig_logged("answered again"), 3);
}

/* The connection breaks before the answer: who comes back with the same id gets it. */
static void test_lost_connection(void **state)
{
	struct client one = {"db1", KEY1, .number = 1}, two = {"db1", KEY1, .number = 1};

	rig.answer = false;
	start(&one);
	assert_true(rig_until(nasked, &(unsigned){1}));
	shutdown(one.fd, SHUT_RDWR);
	finish(&one);
	start(&two);
	rig_run(200);
	assert_int_equal(rig.nasked, 1);
	rig_answer(0, FENCE_DONE, "here it is");
	finish(&two);
	assert_int_equal(two.result, FENCE_DONE);
	assert_string_equal(two.text, "here it is");
	assert_int_equal(rig.nasked, 1);
}

static void test_many_clients(void **state)
{
	static struct client c[CLIENTS];

	for (unsigned i = 0; i < CLIENTS; i++) {
		c[i] = (struct client){i % 2 ? "db1" : "boss", i % 2 ? KEY1 : KEY2, .number = i};
		start(&c[i]);
	}
	for (unsigned i = 0; i < CLIENTS; i++) {
		finish(&c[i]);
		assert_int_equal(c[i].result, FENCE_DONE);
	}
	assert_int_equal(rig.nasked, CLIENTS);
}

static void test_slow_client(void **state)
{
	struct client slow = {"db1", KEY1, .number = 1, .slow = true};
	struct client quick = {"boss", KEY2, .number = 2};

	start(&slow);
	go(&quick); /* nobody waits for it */
	assert_int_equal(quick.result, FENCE_DONE);
	finish(&slow);
	assert_int_equal(slow.result, FENCE_DONE);
}

static bool is_closed(void *data)
{
	char c;
	ssize_t n = recv(*(int *)data, &c, 1, MSG_DONTWAIT);

	return n == 0 || (n < 0 && errno != EAGAIN);
}

/* Cut off anywhere, or no TLS at all; and the next one is served. */
static void test_truncated_handshakes(void **state)
{
	static const uint8_t hello[] = {0x16, 0x03, 0x01, 0x00, 0x40, 0x01, 0x00,
					0x00, 0x3c, 0x03, 0x03, 0x00, 0x01, 0x02};
	struct client c = {"db1", KEY1};

	for (size_t n = 0; n <= sizeof(hello); n++) {
		int fd = dial();

		assert_true(fd >= 0);
		assert_int_equal(send(fd, hello, n, MSG_NOSIGNAL), n);
		rig_run(2);
		close(fd);
	}
	for (unsigned i = 0; i < 3; i++) {
		static const char noise[3][24] = {"GET / HTTP/1.0\r\n\r\n", "TKF1\1\0\1\0",
						  "\x15\x03\x03\x00\x02\x02\x28"};
		int fd = dial();

		send(fd, noise[i], sizeof(noise[i]), MSG_NOSIGNAL);
		assert_true(rig_until(is_closed, &fd));
		close(fd);
	}
	rig_run(20);
	go(&c);
	assert_int_equal(c.result, FENCE_DONE);
}

/* Connected, and silent: the deadline of the handshake ends it. */
static void test_silent_client(void **state)
{
	int fd = dial();

	rig_run(50);
	assert_false(is_closed(&fd));
	assert_true(rig_until(is_closed, &fd));
	assert_int_equal(rig_logged("did not show a key in time"), 1);
	close(fd);
}

static void test_too_many_from_one_address(void **state)
{
	int fd[ADDRESS_MAX], more;

	for (unsigned i = 0; i < ADDRESS_MAX; i++) {
		fd[i] = dial();
		rig_run(1);
		assert_false(is_closed(&fd[i]));
	}
	more = dial();
	assert_true(rig_until(is_closed, &more));
	close(more);
	assert_int_equal(rig_logged("too many connections from this address"), 1);
	for (unsigned i = 0; i < ADDRESS_MAX; i++)
		close(fd[i]);
	rig_run(20);
	more = dial();
	rig_run(20);
	assert_false(is_closed(&more));
	close(more);
}

static void test_addresses_refused(void **state)
{
	static const char *const wrong[] = {"",           "1230",       ":1230",    "127.0.0.1",
					    "127.0.0.1:", "a:1230",     "::1:1230", "[::1]1230",
					    "[::1:1230",  "127.0.0.1:x"};
	char err[256], path[128];

	snprintf(path, sizeof(path), "%s/keys", rig.dir);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(door_tls_listen(wrong[i], path, err, sizeof(err)), -EINVAL);
		assert_non_null(strstr(err, "is not an address and a port"));
	}
	assert_int_equal(door_tls_listen("127.0.0.1:0", "/other", err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "one table"));
	assert_int_equal(door_tls_listen("192.0.2.1:1230", path, err, sizeof(err)), -EADDRNOTAVAIL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(good_keys),         TEST(bad_keys),
		TEST(no_group),          TEST(keys_change),
		TEST(key_taken_away),    TEST(repeated_over_connections),
		TEST(lost_connection),   TEST(many_clients),
		TEST(slow_client),       TEST(truncated_handshakes),
		TEST(silent_client),     TEST(too_many_from_one_address),
		TEST(addresses_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
