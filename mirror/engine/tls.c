// SPDX-License-Identifier: GPL-2.0-or-later
#include "mirror/engine/tls.h"

#include <ctype.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "mirror/engine/address.h"

/*
 * TLS 1.3 and nothing else.  SHA-256 alone: the hash of an external key is fixed (RFC 8446, 4.2.11).
 */
#define PRIORITY                                                                      \
	"NONE:+VERS-TLS1.3:+AEAD:+SHA256:+COMP-NULL:+AES-128-GCM:+CHACHA20-POLY1305:" \
	"+ECDHE-PSK:+GROUP-X25519:+GROUP-SECP256R1:+SIGN-ALL"

enum { RECORD = 16384, HANDSHAKE = 22 /* RFC 8446, 5.1 */ };

struct tls {
	gnutls_session_t session;
	gnutls_psk_client_credentials_t client;
	gnutls_psk_server_credentials_t server;
	struct tls_key key;
	char who[TLS_IDENTITY_MAX + 1 + ADDRESS_TEXT]; /* who the end that has connected is */
	char why[TLS_WHY];
	bool done;
	size_t taken; /* bytes of a record that is not all with the kernel; 0 */
	uint8_t record[RECORD];
};

/* ---- who it is ---- */

static int give_key(const struct tls *t, gnutls_datum_t *key)
{
	key->data = gnutls_malloc(t->key.length);
	if (!key->data)
		return -1;
	memcpy(key->data, t->key.key, t->key.length);
	key->size = t->key.length;
	return 0;
}

/* The server's: the key of who says that it is @name. */
static int key_of(gnutls_session_t session, const char *name, gnutls_datum_t *key)
{
	struct tls *t = gnutls_session_get_ptr(session);

	if (!strcmp(name, t->who))
		return give_key(t, key);
	snprintf(t->why, sizeof(t->why), "it calls itself %.60s, and is not %.60s", name, t->who);
	for (char *c = t->why; *c; c++)
		if (!isprint((unsigned char)*c))
			*c = '?';
	return -1;
}

static int credentials(struct tls *t, bool server)
{
	gnutls_datum_t key = {t->key.key, t->key.length};

	if (!server)
		return gnutls_psk_allocate_client_credentials(&t->client) ||
		       gnutls_psk_set_client_credentials(t->client, t->who, &key,
							 GNUTLS_PSK_KEY_RAW) ||
		       gnutls_credentials_set(t->session, GNUTLS_CRD_PSK, t->client);
	if (gnutls_psk_allocate_server_credentials(&t->server))
		return -1;
	gnutls_psk_set_server_credentials_function(t->server, key_of);
	return gnutls_credentials_set(t->session, GNUTLS_CRD_PSK, t->server);
}

int tls_new(struct tls **out, const struct tls_key *k, int fd, bool server, const char *who)
{
	struct tls *t = calloc(1, sizeof(*t));
	unsigned flags = (server ? GNUTLS_SERVER : GNUTLS_CLIENT) | GNUTLS_NONBLOCK |
			 GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS;

	if (!t)
		return -ENOMEM;
	t->key = *k;
	snprintf(t->who, sizeof(t->who), "%s@%s", k->identity, who);
	if (gnutls_init(&t->session, flags)) {
		free(t);
		return -ENOMEM;
	}
	gnutls_session_set_ptr(t->session, t);
	gnutls_transport_set_int(t->session, fd);
	if (gnutls_priority_set_direct(t->session, PRIORITY, NULL) || credentials(t, server)) {
		tls_free(t);
		return -EIO;
	}
	*out = t;
	return 0;
}

void tls_free(struct tls *t)
{
	if (!t)
		return;
	if (t->done && !t->taken)
		gnutls_bye(t->session, GNUTLS_SHUT_WR);
	gnutls_deinit(t->session);
	if (t->client)
		gnutls_psk_free_client_credentials(t->client);
	if (t->server)
		gnutls_psk_free_server_credentials(t->server);
	explicit_bzero(&t->key, sizeof(t->key));
	free(t);
}

/* ---- the handshake ---- */

int tls_handshake(struct tls *t)
{
	int r;

	do
		r = gnutls_handshake(t->session);
	while (r == GNUTLS_E_INTERRUPTED ||
	       (r < 0 && r != GNUTLS_E_AGAIN && !gnutls_error_is_fatal(r)));
	if (r == GNUTLS_E_AGAIN)
		return -EAGAIN;
	t->done = !r;
	if (!r)
		return 0;
	if (!t->why[0])
		snprintf(t->why, sizeof(t->why), "%s",
			 r == GNUTLS_E_FATAL_ALERT_RECEIVED
				 ? gnutls_alert_get_name(gnutls_alert_get(t->session))
				 : gnutls_strerror(r));
	/* the other end is to know, too */
	gnutls_alert_send_appropriate(t->session, r);
	return -EACCES;
}

uint32_t tls_events(const struct tls *t)
{
	return gnutls_record_get_direction(t->session) ? EPOLLOUT : EPOLLIN;
}

const char *tls_why(const struct tls *t)
{
	return t->why;
}

bool tls_begins(uint8_t byte)
{
	return byte == HANDSHAKE;
}

/* ---- data ---- */

static ssize_t result(ssize_t n)
{
	switch (n) {
	case GNUTLS_E_AGAIN:
	case GNUTLS_E_INTERRUPTED: return -EAGAIN;
	case 0:
	case GNUTLS_E_PREMATURE_TERMINATION:
	case GNUTLS_E_PULL_ERROR:
	case GNUTLS_E_PUSH_ERROR: return -ECONNRESET;
	case GNUTLS_E_MEMORY_ERROR: return -ENOMEM;
	default: return n > 0 ? n : -EBADMSG;
	}
}

ssize_t tls_read(struct tls *t, void *buf, size_t len)
{
	return result(gnutls_record_recv(t->session, buf, len));
}

bool tls_pending(const struct tls *t)
{
	return gnutls_record_check_pending(t->session) > 0;
}

/* gather() - The beginning of @v, as much as a record has room for. */
static size_t gather(struct tls *t, const struct iovec *v, size_t n)
{
	size_t len = 0;

	for (size_t i = 0; i < n && len < RECORD; i++) {
		size_t part = v[i].iov_len < RECORD - len ? v[i].iov_len : RECORD - len;

		memcpy(t->record + len, v[i].iov_base, part);
		len += part;
	}
	return len;
}

ssize_t tls_writev(struct tls *t, const struct iovec *v, size_t n)
{
	size_t len = t->taken;
	ssize_t sent;

	/* what GnuTLS has encrypted it keeps, and is asked for without data */
	if (len) {
		sent = gnutls_record_send(t->session, NULL, 0);
	} else {
		len = gather(t, v, n);
		sent = gnutls_record_send(t->session, t->record, len);
	}
	sent = result(sent);
	t->taken = sent == -EAGAIN ? len : 0;
	return sent < 0 ? sent : (ssize_t)len;
}
