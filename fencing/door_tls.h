/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two halves of the TLS door: listeners and clients (door_tls.c), and one
 * connection (door_tls_conn.c).
 */
#ifndef TAIKI_FENCE_DOOR_TLS_H
#define TAIKI_FENCE_DOOR_TLS_H

#include <gnutls/gnutls.h>

#include "fencing/door_address.h"
#include "fencing/door_keys.h"
#include "fencing/door_private.h"

enum {
	TLS_HANDSHAKE_MS = 5000, /* from accept() to a shown key */
	TLS_IDLE_MS = 120000,    /* without a request, and with none open */
};

struct tls_connection;

/* door_tls_keys() - The table, read again if the file has changed. */
const struct door_keys *door_tls_keys(void);

/* door_tls_client() - The client for @key, made if needed; NULL: no group, or no memory (*why). */
struct door_client *door_tls_client(const struct door_key *key, const char **why);

/* door_tls_refused() - Somebody at the door did not come in. */
void door_tls_refused(const char *from, const char *why);

/* tls_connection_new() - @fd and @address become its own, also when it fails: -ENOMEM, -EIO. */
int tls_connection_new(int fd, struct door_address *address, const char *from,
		       gnutls_priority_t priority, gnutls_psk_server_credentials_t credentials);
unsigned tls_connections(void);
/* tls_connections_drop_stranger() - The one that takes longest to show a key; false: none. */
bool tls_connections_drop_stranger(void);
void tls_connections_close(void);

/* tls_connection_key() - The callback of GnuTLS that looks up a key. */
int tls_connection_key(gnutls_session_t session, const gnutls_datum_t *identity,
		       gnutls_datum_t *key);

#endif
