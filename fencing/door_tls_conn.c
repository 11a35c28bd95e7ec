// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One connection of the TLS door:  handshake ──► open ──► gone.  One timer: the deadline of
 * the handshake, and then that of idleness.
 */
#include <errno.h>
#include <gnutls/crypto.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <qb/qbdefs.h>
#include <qb/qblog.h>
#include <qb/qbloop.h>

#include "fencing/door_tls.h"
#include "hvcore/lib/probe.h"

enum {
	OUT_MAX = 128 << 10,
	RECORD_MAX = 16 << 10, /* RFC 8446, 5.1 */
	READS_MAX = 4,
};

struct tls_connection {
	struct door_route route; /* first: send() gets it */
	struct tls_connection *next;
	struct door_address *address;
	char from[64];
	int fd;
	gnutls_session_t session;
	struct door_client *client; /* NULL: the handshake is not over */
	unsigned generation;        /* of the table that had its key */
	bool unknown;               /* its identity is in no table */
	struct fence_framer in;
	qb_loop_timer_handle timer; /* 0: none */
	int events;                 /* being polled */
	bool broken;
	bool half; /* gnutls_record_send() has a record to finish */
	size_t out_len;
	uint8_t out[OUT_MAX];
};

static struct tls_connection *connections; /* the newest first */
static unsigned count;

static void set_timer(struct tls_connection *c, unsigned ms);

unsigned tls_connections(void)
{
	return count;
}

/* drop() - @why: for the log, of one that never came in; NULL: it just ends. */
static void drop(struct tls_connection *c, const char *why)
{
	struct tls_connection **at = &connections;

	if (why && !c->client)
		door_tls_refused(c->from, why);
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	count--;
	if (c->client) {
		door_hangup(c->client, &c->route);
		c->client->routes--;
	}
	if (c->timer)
		qb_loop_timer_del(door_loop(), c->timer);
	qb_loop_poll_del(door_loop(), c->fd);
	gnutls_deinit(c->session);
	close(c->fd);
	door_address_leave(c->address);
	fence_framer_free(&c->in);
	free(c);
}

bool tls_connections_drop_stranger(void)
{
	struct tls_connection *oldest = NULL;

	for (struct tls_connection *c = connections; c; c = c->next)
		if (!c->client)
			oldest = c;
	if (oldest)
		drop(oldest, "others wait, and it has not shown a key yet");
	return oldest != NULL;
}

void tls_connections_close(void)
{
	while (connections)
		drop(connections, NULL);
}

/*
 * An unknown identity gets a key that nobody has, so that it fails where a wrong
 * key fails, and cannot be told from one.
 */
int tls_connection_key(gnutls_session_t session, const gnutls_datum_t *identity,
		       gnutls_datum_t *out)
{
	struct tls_connection *c = gnutls_session_get_ptr(session);
	char name[FENCE_NAME_MAX + 1] = "";
	const struct door_key *key;
	unsigned len = DOOR_KEY_MIN;

	if (identity->size < sizeof(name))
		memcpy(name, identity->data, identity->size);
	key = strlen(name) == identity->size ? door_keys_find(door_tls_keys(), name) : NULL;
	c->unknown = !key;
	if (key)
		len = (unsigned)key->len;
	out->data = gnutls_malloc(len);
	if (!out->data)
		return -1;
	out->size = len;
	if (key)
		memcpy(out->data, key->secret, len);
	else if (gnutls_rnd(GNUTLS_RND_KEY, out->data, len))
		return -1;
	return 0;
}

static int32_t on_connection(int32_t fd, int32_t events, void *data);

static void watch(struct tls_connection *c)
{
	int events = POLLIN;

	if (c->client ? c->out_len > 0 : gnutls_record_get_direction(c->session) == 1)
		events |= POLLOUT;
	if (events == c->events)
		return;
	c->events = events;
	qb_loop_poll_mod(door_loop(), QB_LOOP_MED, c->fd, events, c, on_connection);
}

static void flush(struct tls_connection *c)
{
	size_t done = 0;

	while (done < c->out_len) {
		size_t len = c->out_len - done < RECORD_MAX ? c->out_len - done : RECORD_MAX;
		ssize_t n = c->half ? gnutls_record_send(c->session, NULL, 0)
				    : gnutls_record_send(c->session, c->out + done, len);

		c->half = n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED;
		if (n == GNUTLS_E_INTERRUPTED)
			continue;
		if (n <= 0) {
			c->broken = !c->half;
			break;
		}
		done += (size_t)n;
	}
	c->out_len = door_rest(c->out, c->out_len, done);
}

/* Who does not take its answers is dropped; over TLS it comes back and asks again. */
static void send_reply(struct door_route *route, const uint8_t *data, size_t len)
{
	struct tls_connection *c = (struct tls_connection *)route;
	bool waited = c->out_len > 0;

	if (c->broken)
		return;
	if (c->out_len + len > OUT_MAX) {
		c->broken = true;
	} else {
		memcpy(c->out + c->out_len, data, len);
		c->out_len += len;
		if (!waited)
			flush(c);
	}
	if (c->broken)
		set_timer(c, 0);
	else
		watch(c);
}

static const char *who_comes(struct tls_connection *c)
{
	const struct door_keys *keys = door_tls_keys();
	const struct door_key *key = NULL;
	char name[FENCE_NAME_MAX + 1] = "";
	const char *why = "its key was taken out of the table";
	gnutls_datum_t identity;

	if (!gnutls_psk_server_get_username2(c->session, &identity) &&
	    identity.size < sizeof(name)) {
		memcpy(name, identity.data, identity.size);
		key = door_keys_find(keys, name);
	}
	if (!key)
		return why;
	c->client = door_tls_client(key, &why);
	if (!c->client)
		return why;
	c->client->routes++;
	c->generation = keys->generation;
	return NULL;
}

/* still_welcome() - Its key and its group may have changed since; then it may come again. */
static bool still_welcome(struct tls_connection *c)
{
	const struct door_keys *keys = door_tls_keys();
	const struct door_key *key = door_keys_find(keys, c->client->identity);
	const char *why;

	return c->generation == keys->generation && key && door_tls_client(key, &why) == c->client;
}

/* shake() - 0: go on; else the connection was dropped. */
static int shake(struct tls_connection *c)
{
	int rc = gnutls_handshake(c->session);
	const char *why;

	if (rc == GNUTLS_E_AGAIN || rc == GNUTLS_E_INTERRUPTED ||
	    (rc && !gnutls_error_is_fatal(rc))) {
		watch(c);
		return 0;
	}
	if (rc) {
		gnutls_alert_send_appropriate(c->session, rc);
		drop(c, c->unknown ? "it showed an identity that has no key" : gnutls_strerror(rc));
		return -1;
	}
	why = who_comes(c);
	if (why) {
		gnutls_alert_send(c->session, GNUTLS_AL_FATAL, GNUTLS_A_ACCESS_DENIED);
		drop(c, why);
		return -1;
	}
	c->events = 0;
	watch(c);
	set_timer(c, TLS_IDLE_MS);
	return 0;
}

/* read_some() - 0; negative: it ends. */
static int read_some(struct tls_connection *c)
{
	/* Room for a whole record: nothing is left in GnuTLS where no poll would see it. */
	static uint8_t buf[RECORD_MAX];

	for (unsigned i = 0; i < READS_MAX; i++) {
		ssize_t n = gnutls_record_recv(c->session, buf, sizeof(buf));

		if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
			return 0;
		if (n < 0 && !gnutls_error_is_fatal((int)n))
			continue;
		if (n <= 0 || !still_welcome(c))
			return -1;
		/* TLS brings bytes as they were sent: what is damaged here was meant to be. */
		if (door_input(c->client, &c->route, &c->in, buf, (size_t)n))
			return -1;
		set_timer(c, TLS_IDLE_MS);
	}
	return 0;
}

static int32_t on_connection(int32_t fd, int32_t events, void *data)
{
	struct tls_connection *c = data;

	if (!c->client) {
		shake(c);
		return 0;
	}
	if (events & POLLOUT)
		flush(c);
	if (!c->broken && events & (POLLIN | POLLHUP | POLLERR) && read_some(c))
		c->broken = true;
	if (c->broken)
		drop(c, NULL);
	else
		watch(c);
	return 0;
}

static void on_timer(void *data)
{
	struct tls_connection *c = data;

	c->timer = 0;
	if (!c->client)
		drop(c, "it did not show a key in time");
	else if (!c->broken && replay_pending(&c->client->replay))
		set_timer(c, TLS_IDLE_MS);
	else
		drop(c, NULL);
}

static void set_timer(struct tls_connection *c, unsigned ms)
{
	if (c->timer)
		qb_loop_timer_del(door_loop(), c->timer);
	c->timer = 0;
	qb_loop_timer_add(door_loop(), QB_LOOP_MED, ms * QB_TIME_NS_IN_MSEC, c, on_timer,
			  &c->timer);
}

static int start_session(struct tls_connection *c, gnutls_priority_t priority,
			 gnutls_psk_server_credentials_t credentials)
{
	if (gnutls_init(&c->session,
			GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS))
		return -ENOMEM;
	gnutls_session_set_ptr(c->session, c);
	gnutls_transport_set_int(c->session, c->fd);
	if (gnutls_priority_set(c->session, priority) ||
	    gnutls_credentials_set(c->session, GNUTLS_CRD_PSK, credentials))
		return -EIO;
	return 0;
}

int tls_connection_new(int fd, struct door_address *address, const char *from,
		       gnutls_priority_t priority, gnutls_psk_server_credentials_t credentials)
{
	struct tls_connection *c = calloc(1, sizeof(*c));
	int rc = -ENOMEM;

	if (!c)
		goto out;
	c->route.send = send_reply;
	c->route.from = c->from;
	c->fd = fd;
	c->address = address;
	snprintf(c->from, sizeof(c->from), "%s", from);
	rc = start_session(c, priority, credentials);
	if (rc)
		goto out;
	c->events = POLLIN;
	rc = qb_loop_poll_add(door_loop(), QB_LOOP_MED, fd, c->events, c, on_connection);
	if (rc)
		goto out;
	c->next = connections;
	connections = c;
	count++;
	set_timer(c, TLS_HANDSHAKE_MS);
	return 0;
out:
	if (c && c->session)
		gnutls_deinit(c->session);
	free(c);
	close(fd);
	door_address_leave(address);
	return rc;
}
