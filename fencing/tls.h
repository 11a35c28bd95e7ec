/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What both ends of the TLS door have in common.
 */
#ifndef TAIKI_FENCE_TLS_H
#define TAIKI_FENCE_TLS_H

/* 1229 is fence_virtd's, which may run beside. */
#define FENCE_TLS_PORT "1230"

/*
 * TLS 1.3 and a pre-shared key, always with an exchange of fresh keys (psk_dhe_ke), so that
 * who learns the key later reads nothing of the past.  SHA-256 alone: the hash of an
 * external key is fixed (RFC 8446, 4.2.11).
 */
#define FENCE_TLS_PRIORITY                                                            \
	"NONE:+VERS-TLS1.3:+AEAD:+SHA256:+COMP-NULL:+AES-128-GCM:+CHACHA20-POLY1305:" \
	"+ECDHE-PSK:+GROUP-X25519:+GROUP-SECP256R1:+SIGN-ALL"

#endif
