// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fence-ask: one fence request over TLS, with an id of one's choice, for tests:
 *
 *   fence-ask [--id HEX] ADDRESS PORT IDENTITY HEXKEY OP TARGET TIMEOUT_MS
 *
 * Prints "RESULT [POWER] TEXT" and what was listed; exit status 0 done, 1 any other result,
 * 2 no answer.
 */
#include <gnutls/gnutls.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fencing/message.h"
#include "fencing/tls.h"

static int give_up(const char *what)
{
	fprintf(stderr, "fence-ask: %s\n", what);
	return 2;
}

static int dial(const char *host, const char *port)
{
	struct addrinfo want = {.ai_socktype = SOCK_STREAM}, *at;
	int fd = -1;

	if (getaddrinfo(host, port, &want, &at))
		return -1;
	fd = socket(at->ai_family, SOCK_STREAM, 0);
	if (fd >= 0 && connect(fd, at->ai_addr, at->ai_addrlen)) {
		close(fd);
		fd = -1;
	}
	freeaddrinfo(at);
	return fd;
}

static int shake(gnutls_session_t s, int fd, const char *identity, const char *hexkey)
{
	gnutls_datum_t key = {.data = (unsigned char *)(uintptr_t)hexkey,
			      .size = (unsigned)strlen(hexkey)};
	gnutls_psk_client_credentials_t cred;
	int rc;

	gnutls_psk_allocate_client_credentials(&cred);
	gnutls_psk_set_client_credentials(cred, identity, &key, GNUTLS_PSK_KEY_HEX);
	gnutls_credentials_set(s, GNUTLS_CRD_PSK, cred);
	gnutls_priority_set_direct(s, FENCE_TLS_PRIORITY, NULL);
	gnutls_transport_set_int(s, fd);
	gnutls_handshake_set_timeout(s, 10000);
	do
		rc = gnutls_handshake(s);
	while (rc < 0 && !gnutls_error_is_fatal(rc));
	return rc;
}

static int show(const struct fence_reply *r)
{
	printf("%s %s %s\n", fence_result_name(r->result), fence_power_name(r->power), r->text);
	for (unsigned i = 0; i < r->nlisted; i++)
		printf("%s %s\n", r->listed[i].name, fence_power_name(r->listed[i].power));
	return r->result ? 1 : 0;
}

static int ask(gnutls_session_t s, const struct fence_request *r)
{
	struct fence_framer f = {0};
	struct fence_reply reply;
	const uint8_t *body;
	uint8_t bytes[4096];
	int len = fence_request_encode(bytes, sizeof(bytes), r);
	uint16_t kind;
	size_t n;

	if (len < 0 || gnutls_record_send(s, bytes, (size_t)len) != len)
		return give_up("it could not be asked");
	gnutls_record_set_timeout(s, r->timeout_ms + 5000);
	for (;;) {
		ssize_t got = gnutls_record_recv(s, bytes, sizeof(bytes));

		if (got == GNUTLS_E_AGAIN || got == GNUTLS_E_INTERRUPTED)
			continue;
		if (got <= 0)
			return give_up(got ? gnutls_strerror((int)got) : "it hung up");
		fence_feed(&f, bytes, (size_t)got);
		while (fence_next(&f, &kind, &body, &n))
			if (kind == FENCE_REPLY && !fence_reply_decode(body, n, &reply))
				return show(&reply);
	}
}

static int parse_op(const char *name)
{
	for (int op = FENCE_OP_OFF; op <= FENCE_OP_MONITOR; op++)
		if (!strcmp(fence_op_name((unsigned)op), name))
			return op;
	return 0;
}

int main(int argc, char **argv)
{
	struct fence_request r = {0};
	gnutls_session_t s;
	int fd;

	if (getrandom(r.id, sizeof(r.id), 0) != (ssize_t)sizeof(r.id))
		return give_up("no random numbers");
	if (argc > 2 && !strcmp(argv[1], "--id")) {
		for (size_t i = 0; i < sizeof(r.id); i++)
			if (sscanf(argv[2] + 2 * i, "%2hhx", &r.id[i]) != 1)
				return give_up("an id is 32 hexadecimal digits");
		argc -= 2;
		argv += 2;
	}
	if (argc != 8 || !(r.op = (uint16_t)parse_op(argv[5])))
		return give_up("usage: fence-ask [--id HEX] ADDRESS PORT IDENTITY HEXKEY OP TARGET "
			       "TIMEOUT_MS");
	snprintf(r.target, sizeof(r.target), "%s", argv[6]);
	r.timeout_ms = (uint32_t)atoi(argv[7]);
	fd = dial(argv[1], argv[2]);
	if (fd < 0)
		return give_up("nobody listens there");
	gnutls_init(&s, GNUTLS_CLIENT);
	if (shake(s, fd, argv[3], argv[4]) < 0)
		return give_up("the door does not let this key in");
	return ask(s, &r);
}
