// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A definition as it stands in the cluster: zlib, then base64 on one line, so
 * that no XML has to be quoted inside the CIB's XML and it stays small there.
 */
#include <errno.h>
#include <nettle/base64.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "hv/definition.h"

int hv_definition_encode(const char *text, size_t len, char **out, struct hv_error *err)
{
	uLongf size = compressBound(len);
	uint8_t *packed = malloc(size);
	char *b64 = NULL;
	int rc = -ENOMEM;

	if (!packed || compress2(packed, &size, (const Bytef *)text, len, 9) != Z_OK)
		goto out;
	b64 = malloc(BASE64_ENCODE_RAW_LENGTH(size) + 1);
	if (!b64)
		goto out;
	base64_encode_raw(b64, size, packed);
	b64[BASE64_ENCODE_RAW_LENGTH(size)] = '\0';
	*out = b64;
	rc = 0;
out:
	free(packed);
	return rc ? hv_err(err, rc, "definition: not enough memory to pack it") : 0;
}

static int unpack(const uint8_t *packed, size_t size, char **text, size_t *len)
{
	/* One byte more than may be: what fills it is too large. */
	uLongf n = HV_DEFINITION_MAX + 1;
	char *t = malloc(n + 1), *fit;
	int z;

	if (!t)
		return -ENOMEM;
	z = uncompress((Bytef *)t, &n, packed, size);
	if (z != Z_OK || n > HV_DEFINITION_MAX) {
		free(t);
		return z == Z_MEM_ERROR ? -ENOMEM : -EINVAL;
	}
	t[n] = '\0';
	fit = realloc(t, n + 1);
	*text = fit ? fit : t;
	*len = n;
	return 0;
}

int hv_definition_decode(const char *encoded, char **text, size_t *len, struct hv_error *err)
{
	size_t n = strlen(encoded), size = BASE64_DECODE_LENGTH(n);
	struct base64_decode_ctx ctx;
	uint8_t *packed = NULL;
	int rc = -EINVAL;

	*text = NULL;
	*len = 0;
	/* Base64 of zlib's worst case for the largest text; anything above is no definition. */
	if (n > 2 * HV_DEFINITION_MAX)
		goto out;
	packed = malloc(size + 1);
	if (!packed) {
		rc = -ENOMEM;
		goto out;
	}
	base64_decode_init(&ctx);
	if (base64_decode_update(&ctx, &size, packed, n, encoded) && base64_decode_final(&ctx))
		rc = unpack(packed, size, text, len);
out:
	free(packed);
	if (rc == -ENOMEM)
		return hv_err(err, rc, "definition: not enough memory to unpack it");
	return rc ? hv_err(err, rc,
			   "definition: the packed form is cut short, altered or too large; "
			   "write it again with `hv cluster update FILE`")
		  : 0;
}
