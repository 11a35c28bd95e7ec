// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fence_taiki's helper for TLS (agent_link_tls.c has the protocol): what comes on standard
 * input, a socket, goes to taiki-fenced over TLS 1.3, and back.  It has no deadlines of its own:
 * the agent kills it, and it ends with the agent.
 */
#include <errno.h>
#include <gnutls/gnutls.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fencing/tls.h"

enum { NOBODY = 65534, AGENT = 0, HELLO_MAX = 8192, RECORD_MAX = 16384 };

static bool write_all(const void *data, size_t len)
{
	const char *at = data;

	while (len) {
		ssize_t n = send(AGENT, at, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

__attribute__((format(printf, 1, 2), noreturn)) static void fail(const char *fmt, ...)
{
	char line[240];
	va_list ap;
	int n = snprintf(line, sizeof(line), "error: ");

	va_start(ap, fmt);
	vsnprintf(line + n, sizeof(line) - (size_t)n - 1, fmt, ap);
	va_end(ap);
	strcat(line, "\n");
	write_all(line, strlen(line));
	exit(1);
}

/* read_hello() - The first line; not a byte more. */
static void read_hello(char *line, size_t size)
{
	size_t n = 0;

	while (n + 1 < size && read(AGENT, line + n, 1) == 1 && line[n] != '\n')
		n++;
	line[n] = '\0';
}

/* drop_rights() - TLS needs none: the socket is there, and the key was read. */
static void drop_rights(void)
{
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (geteuid() != 0)
		return;
	/* In a container that has no such user it goes on as it is. */
	if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY))
		return;
}

static int dial(const char *host, const char *port)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *list, *ai;
	int rc = getaddrinfo(host, port, &hints, &list), fd = -1, on = 1, error = 0;

	if (rc)
		fail("%s: %s", host, gai_strerror(rc));
	for (ai = list; ai && fd < 0; ai = ai->ai_next) {
		fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd >= 0 && !connect(fd, ai->ai_addr, ai->ai_addrlen))
			break;
		error = errno;
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	freeaddrinfo(list);
	if (fd < 0)
		fail("%s port %s: %s", host, port, strerror(error));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	return fd;
}

static gnutls_session_t shake(int fd, const char *host, const char *identity, const char *key)
{
	gnutls_datum_t datum = {(unsigned char *)(uintptr_t)key, (unsigned)strlen(key)};
	gnutls_psk_client_credentials_t cred;
	gnutls_session_t session;
	int rc;

	if (gnutls_init(&session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL) ||
	    gnutls_psk_allocate_client_credentials(&cred))
		fail("GnuTLS: no memory");
	rc = gnutls_psk_set_client_credentials(cred, identity, &datum, GNUTLS_PSK_KEY_HEX);
	if (!rc)
		rc = gnutls_priority_set_direct(session, FENCE_TLS_PRIORITY, NULL);
	if (!rc)
		rc = gnutls_credentials_set(session, GNUTLS_CRD_PSK, cred);
	if (rc)
		fail("the key is not hexadecimal, or GnuTLS is too old: %s", gnutls_strerror(rc));
	gnutls_transport_set_int(session, fd);
	gnutls_handshake_set_timeout(session, GNUTLS_INDEFINITE_TIMEOUT);
	do {
		rc = gnutls_handshake(session);
	} while (rc && !gnutls_error_is_fatal(rc));
	if (rc)
		fail("%s does not know %s, or not by this key: %s", host, identity,
		     gnutls_strerror(rc));
	return session;
}

/* from_agent() - false: it is over. */
static bool from_agent(gnutls_session_t session)
{
	char buf[RECORD_MAX];
	ssize_t n = read(AGENT, buf, sizeof(buf)), sent = 0;

	while (n > 0 && sent < n) {
		ssize_t rc = gnutls_record_send(session, buf + sent, (size_t)(n - sent));

		if (rc < 0 && gnutls_error_is_fatal((int)rc))
			return false;
		if (rc > 0)
			sent += rc;
	}
	return n > 0 || (n < 0 && errno == EINTR);
}

static bool from_host(gnutls_session_t session)
{
	char buf[RECORD_MAX];

	do {
		ssize_t n = gnutls_record_recv(session, buf, sizeof(buf));

		if (n == 0 || (n < 0 && gnutls_error_is_fatal((int)n)))
			return false;
		if (n > 0 && !write_all(buf, (size_t)n))
			return false;
	} while (gnutls_record_check_pending(session));
	return true;
}

int main(int argc, char **argv)
{
	char hello[HELLO_MAX], *save, *word[4];
	gnutls_session_t session;
	struct pollfd p[2];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	read_hello(hello, sizeof(hello));
	for (int i = 0; i < 4; i++) {
		word[i] = strtok_r(i ? NULL : hello, " ", &save);
		if (!word[i])
			fail("fence_taiki starts it; nobody else needs to");
	}
	drop_rights();
	p[0] = (struct pollfd){.fd = AGENT, .events = POLLIN};
	p[1] = (struct pollfd){.fd = dial(word[0], word[1]), .events = POLLIN};
	session = shake(p[1].fd, word[0], word[2], word[3]);
	explicit_bzero(hello, sizeof(hello));
	if (!write_all("ok\n", 3))
		return 1;
	for (;;) {
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return 1;
		if (p[0].revents && !from_agent(session))
			break;
		if (p[1].revents && !from_host(session))
			break;
	}
	gnutls_bye(session, GNUTLS_SHUT_WR);
	return 0;
}
