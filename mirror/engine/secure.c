// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whether a socket that is to be one of the connection's two is encrypted: as it is configured here, or not at all.  The
 * first byte tells TLS from DRBD, so that what is configured on one side alone is called by its name.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "hv/daemon.h"
#include "mirror/engine/private.h"

/* turned_away() - Said once for as long as it is the same: both sides try again and again. */
static int __attribute__((format(printf, 3, 4)))
turned_away(struct volume *v, bool came, const char *fmt, ...)
{
	char *last = v->link.turned_away[came], text[sizeof(v->link.turned_away[0])];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (strcmp(last, text) != 0)
		volume_say(v, LOG_WARNING, "%s", text);
	memcpy(last, text, sizeof(text));
	return -EACCES;
}

int secure_first(struct volume *v, int fd)
{
	bool wanted = v->config.tls.length;
	uint8_t byte;
	ssize_t n = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return -EAGAIN;
	if (n != 1)
		return -ECONNRESET;
	if (wanted && !tls_begins(byte))
		return turned_away(v, true,
				   "the peer is turned away: it does not use TLS, and --tls-psk is "
				   "given here; give it there, too");
	if (!wanted && tls_begins(byte))
		return turned_away(
			v, true,
			"the peer is turned away: it uses TLS, and no --tls-psk is given "
			"here; give it here, too");
	return 0;
}

int secure_begin(struct volume *v, struct channel *c, bool came)
{
	const union address *who = came ? &v->config.peer : &v->config.local;
	char text[ADDRESS_TEXT];

	if (!v->config.tls.length)
		return 0;
	/* the host alone, as of who is let in at all */
	address_print(who, text);
	*strrchr(text, ':') = '\0';
	return tls_new(&c->tls, &v->config.tls, c->fd, came, text);
}

int secure_go_on(struct volume *v, struct channel *c, bool came)
{
	int r = c->tls ? tls_handshake(c->tls) : 0;

	if (r != -EACCES)
		return r;
	return turned_away(v, came,
			   "no TLS with the peer that %s: %s; does it have the same --tls-psk, "
			   "and our addresses the other way round?",
			   came ? "connects" : "is connected to", tls_why(c->tls));
}
