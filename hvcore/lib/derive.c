// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a definition need not say: its digest, its UUID and its MAC addresses,
 * each a pure function of what it does say, so that every host finds the same.
 */
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>

#include "hv/definition.h"

static void sha256(const char *text, size_t len, uint8_t out[SHA256_DIGEST_SIZE])
{
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, len, (const uint8_t *)text);
	sha256_digest(&ctx, SHA256_DIGEST_SIZE, out);
}

void hv_definition_digest(const char *text, size_t len, char digest[HV_DIGEST_SIZE])
{
	uint8_t h[SHA256_DIGEST_SIZE];

	sha256(text, len, h);
	for (size_t i = 0; i < sizeof(h); i++)
		snprintf(digest + 2 * i, 3, "%02x", h[i]);
}

void hv_mac_derive(const char *uuid, unsigned index, uint8_t mac[6])
{
	uint8_t h[SHA256_DIGEST_SIZE];
	char text[64];
	int n = snprintf(text, sizeof(text), "%.36s/%u", uuid, index);

	sha256(text, (size_t)n, h);
	memcpy(mac, h, 6);
	mac[0] = (uint8_t)((mac[0] & 0xfc) | 2); /* unicast, locally administered */
}

void hv_uuid_derive(const char *name, char uuid[37])
{
	/* uuidgen --sha1 --namespace @url --name urn:taiki:domain:1, which is 50a14ee7-5c19-5be4-bf5d-f37fcd50112a */
	static const uint8_t space[16] = {0x50, 0xa1, 0x4e, 0xe7, 0x5c, 0x19, 0x5b, 0xe4,
					  0xbf, 0x5d, 0xf3, 0x7f, 0xcd, 0x50, 0x11, 0x2a};
	uint8_t h[SHA1_DIGEST_SIZE];
	struct sha1_ctx ctx;
	char *at = uuid;

	sha1_init(&ctx);
	sha1_update(&ctx, sizeof(space), space);
	sha1_update(&ctx, strlen(name), (const uint8_t *)name);
	sha1_digest(&ctx, sizeof(h), h);
	h[6] = (uint8_t)((h[6] & 0x0f) | 0x50); /* RFC 4122 section 4.3: version 5, */
	h[8] = (uint8_t)((h[8] & 0x3f) | 0x80); /* and its variant */
	for (int i = 0; i < 16; i++) {
		bool dash = i == 4 || i == 6 || i == 8 || i == 10;

		at += snprintf(at, 4, "%s%02x", dash ? "-" : "", h[i]);
	}
}
