// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The TLS door: listeners, the table of keys, and the clients that came in.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <qb/qbdefs.h>
#include <qb/qblog.h>
#include <qb/qbloop.h>

#include "fencing/audit.h"
#include "fencing/door_tls.h"
#include "fencing/tls.h"
#include "hvcore/lib/probe.h"

enum { LISTENERS_MAX = 8, BACKLOG = 64, DEAF_MS = 1000 };

struct listener {
	int fd;
	qb_loop_timer_handle deaf; /* accept() failed, and is tried again later; 0: no */
};

static struct listener listener[LISTENERS_MAX];
static unsigned nlisteners;
static struct door_keys keys;
static struct door_addresses addresses;
static struct door_client *clients;
static struct policy_bucket refusals;
static uint64_t untold;
static gnutls_priority_t priority;
static gnutls_psk_server_credentials_t credentials;

const struct door_keys *door_tls_keys(void)
{
	if (door_keys_refresh(&keys) && keys.problem[0])
		qb_log(LOG_ERR, "%s: %s", keys.path, keys.problem);
	return &keys;
}

void door_tls_refused(const char *from, const char *why)
{
	char who[96];

	if (!policy_take(&refusals, &policy_refusals, hv_clock_ms())) {
		untold++;
		return;
	}
	snprintf(who, sizeof(who), "(tls, %s)", from);
	audit_write(&(struct audit_line){.event = AUDIT_REFUSED,
					 .door = "tls",
					 .who = who,
					 .result = -1,
					 .text = why,
					 .us = -1,
					 .untold = untold});
	untold = 0;
}

/* forget_idle() - Who has no connection, no open request and no answer that could be asked again. */
static void forget_idle(void)
{
	int64_t now = hv_clock_ms();

	for (struct door_client **at = &clients, *c; (c = *at);) {
		bool idle = now - c->seen_ms > REPLAY_AGE_MS || !door_keys_find(&keys, c->identity);

		if (c->routes || replay_pending(&c->replay) || !idle) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		door_client_free(c);
	}
}

struct door_client *door_tls_client(const struct door_key *key, const char **why)
{
	const char *domain = key->group[0] ? "" : key->identity;
	const char *group = key->group[0] ? key->group : door_callee()->group_of(key->identity);
	struct door_client *c = clients;

	*why = "no such domain is defined, or it has no fence group";
	if (!group || !group[0])
		return NULL;
	while (c && strcmp(c->identity, key->identity) != 0)
		c = c->next;
	if (!c) {
		*why = "no memory";
		c = door_client_new("tls", key->identity, domain, group);
		if (!c)
			return NULL;
		c->next = clients;
		clients = c;
	}
	snprintf(c->domain, sizeof(c->domain), "%s", domain);
	door_client_set_group(c, group);
	return c;
}

static int32_t on_listener(int32_t fd, int32_t events, void *data);

static void listen_again(void *data)
{
	struct listener *l = data;

	l->deaf = 0;
	qb_loop_poll_add(door_loop(), QB_LOOP_LOW, l->fd, POLLIN, l, on_listener);
}

/* deafen() - Without descriptors it would be ready again at once, for ever. */
static void deafen(struct listener *l)
{
	qb_log(LOG_ERR, "tls: cannot accept: %s; it is tried again in a second", strerror(errno));
	qb_loop_poll_del(door_loop(), l->fd);
	if (qb_loop_timer_add(door_loop(), QB_LOOP_MED, DEAF_MS * QB_TIME_NS_IN_MSEC, l,
			      listen_again, &l->deaf))
		listen_again(l);
}

static void admit(int fd, const struct sockaddr *sa)
{
	struct door_address *a;
	const char *why;
	char from[64];
	int on = 1;

	door_address_text(sa, from, sizeof(from));
	a = door_address_enter(&addresses, sa, hv_clock_ms(), &why);
	if (a && tls_connections() >= DOOR_CONNECTIONS_MAX && !tls_connections_drop_stranger()) {
		door_address_leave(a);
		a = NULL;
		why = "too many connections";
	}
	if (!a) {
		door_tls_refused(from, why);
		close(fd);
		return;
	}
	door_tls_keys();
	forget_idle();
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	if (tls_connection_new(fd, a, from, priority, credentials))
		door_tls_refused(from, "no memory for a session");
}

static int32_t on_listener(int32_t fd, int32_t events, void *data)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	int s = accept4(fd, (struct sockaddr *)&sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (s >= 0)
		admit(s, (struct sockaddr *)&sa);
	else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
		deafen(data);
	return 0;
}

/* split() - "[HOST]:PORT" or "HOST:PORT" into @host and the port, which is returned; NULL: neither. */
static const char *split(const char *address, char *host, size_t size)
{
	const char *colon = strrchr(address, ':'), *end = colon;

	if (!colon || !colon[1] || colon == address)
		return NULL;
	if (*address == '[') {
		address++;
		end = colon - 1;
		if (*end != ']')
			return NULL;
	} else if (memchr(address, ':', (size_t)(colon - address))) {
		return NULL;
	}
	snprintf(host, size, "%.*s", (int)(end - address), address);
	return colon + 1;
}

static int bind_to(const char *address)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
				 .ai_socktype = SOCK_STREAM};
	struct addrinfo *ai = NULL;
	int fd = -1, rc = -EINVAL, on = 1;
	char host[128];
	const char *port = split(address, host, sizeof(host));

	if (!port || getaddrinfo(host, port, &hints, &ai))
		return -EINVAL;
	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (fd < 0 || bind(fd, ai->ai_addr, ai->ai_addrlen) || listen(fd, BACKLOG)) {
		rc = -errno;
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	freeaddrinfo(ai);
	return fd >= 0 ? fd : rc;
}

static int prepare(const char *path, char *err, size_t err_size)
{
	if (keys.path[0] && strcmp(keys.path, path) != 0) {
		snprintf(err, err_size, "%s: there is one table of keys for all, and it is %s",
			 path, keys.path);
		return -EINVAL;
	}
	if (strlen(path) >= sizeof(keys.path)) {
		snprintf(err, err_size, "the path of the table of keys is too long");
		return -ENAMETOOLONG;
	}
	strcpy(keys.path, path);
	if (priority)
		return 0;
	if (gnutls_priority_init(&priority, FENCE_TLS_PRIORITY, NULL) ||
	    gnutls_psk_allocate_server_credentials(&credentials)) {
		snprintf(err, err_size, "GnuTLS cannot do TLS 1.3 with pre-shared keys here");
		return -EIO;
	}
	gnutls_psk_set_server_credentials_function2(credentials, tls_connection_key);
	return 0;
}

int door_tls_listen(const char *address, const char *path, char *err, size_t err_size)
{
	struct listener *l = &listener[nlisteners];
	int rc = prepare(path, err, err_size);

	if (rc)
		return rc;
	if (nlisteners == LISTENERS_MAX) {
		snprintf(err, err_size, "%s: at most %d addresses can be listened on", address,
			 LISTENERS_MAX);
		return -E2BIG;
	}
	l->deaf = 0;
	l->fd = bind_to(address);
	if (l->fd == -EINVAL) {
		snprintf(err, err_size,
			 "%s: it is not an address and a port, as 10.0.0.1:%s or [::]:%s", address,
			 FENCE_TLS_PORT, FENCE_TLS_PORT);
		return l->fd;
	}
	rc = l->fd < 0 ? l->fd
		       : qb_loop_poll_add(door_loop(), QB_LOOP_LOW, l->fd, POLLIN, l, on_listener);
	if (rc) {
		snprintf(err, err_size, "%s: cannot listen: %s", address, strerror(-rc));
		if (l->fd >= 0)
			close(l->fd);
		return rc;
	}
	nlisteners++;
	door_tls_keys();
	return 0;
}

void door_tls_close(void)
{
	while (nlisteners) {
		struct listener *l = &listener[--nlisteners];

		if (l->deaf)
			qb_loop_timer_del(door_loop(), l->deaf);
		else
			qb_loop_poll_del(door_loop(), l->fd);
		close(l->fd);
	}
	tls_connections_close();
	while (clients) {
		struct door_client *c = clients;

		clients = c->next;
		door_client_free(c);
	}
	door_keys_free(&keys);
	memset(&keys, 0, sizeof(keys));
	memset(&addresses, 0, sizeof(addresses));
	memset(&refusals, 0, sizeof(refusals));
	untold = 0;
	if (credentials)
		gnutls_psk_free_server_credentials(credentials);
	if (priority)
		gnutls_priority_deinit(priority);
	credentials = NULL;
	priority = NULL;
}
