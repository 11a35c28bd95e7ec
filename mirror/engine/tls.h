/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLS between two mirrors, with a key that both have been given: everything between them is encrypted, and nobody else
 * has written any of it.  DRBD has no such thing: its peer is another taiki-mirrord.
 *
 * The key is never used alone (psk_dhe_ke): who learns it later reads nothing of the past.  Whoever connects says who it is,
 * IDENTITY@ADDRESS of its own end, and is the peer only with the peer's: else somebody in between could connect
 * a mirror to itself, which has the right key (RFC 9257, 4.1).
 */
#ifndef MIRROR_ENGINE_TLS_H
#define MIRROR_ENGINE_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

enum { TLS_IDENTITY_MAX = 32, TLS_KEY_MIN = 16, TLS_KEY_MAX = 64, TLS_WHY = 160 };

/* A key file's line; length 0: there is none, and nothing is encrypted. */
struct tls_key {
	char identity[TLS_IDENTITY_MAX + 1];
	unsigned length; /* bytes */
	uint8_t key[TLS_KEY_MAX];
};

/* tls_key_parse() - "IDENTITY:HEX", as psktool(1) writes it; empty lines and # before it are skipped.  NULL, or what is wrong. */
const char *tls_key_parse(struct tls_key *k, const char *text);
/* tls_key_read() - Of a file that is nobody else's to read.  NULL, or what is wrong. */
const char *tls_key_read(struct tls_key *k, const char *path);

struct tls;

/*
 * tls_new() - A session on the connected, non-blocking @fd, which stays the caller's.  @server: it was accepted, from who has to be
 * @who, an address; else @who is our own end.  0 or -errno.
 */
int tls_new(struct tls **t, const struct tls_key *k, int fd, bool server, const char *who);
/* tls_free() - Says goodbye if that can be done at once; NULL is nothing. */
void tls_free(struct tls *t);

/* tls_handshake() - 0: it is done; -EAGAIN: when poll(2) sees tls_events(); -EACCES: never, and tls_why(). */
int tls_handshake(struct tls *t);
uint32_t tls_events(const struct tls *t);
const char *tls_why(const struct tls *t);

/* tls_begins() - Whether @byte, somebody's first, begins a handshake. */
bool tls_begins(uint8_t byte);

/* tls_read() - Bytes; -EAGAIN; -ECONNRESET the end, -EBADMSG it is not the peer's, or -errno. */
ssize_t tls_read(struct tls *t, void *buf, size_t len);
/* tls_pending() - There is something to read that poll(2) does not see. */
bool tls_pending(const struct tls *t);
/* tls_writev() - How many bytes from the front of @v are taken.  After -EAGAIN the next @v begins with the same bytes. */
ssize_t tls_writev(struct tls *t, const struct iovec *v, size_t n);

#endif
