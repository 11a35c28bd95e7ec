// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Unpacking a kernel's payload.  Each format has one function that appends to
 * a growing mapping; growth is bounded, so a small file cannot fill the host.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include <lz4.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "kernel.h"

enum {
	GROW = 16 << 20,
	LZ4_MAGIC = 0x184c2102,
	LZ4_BLOCK = 8 << 20,     /* bytes a legacy block unpacks to */
	LZMA_MEMORY = 128 << 20, /* dictionaries of real kernels are below 32 MiB */
};

struct sink {
	uint8_t *at;
	size_t len, size, max;
};

/* Room for @want more bytes. */
static int grow(struct sink *s, size_t want)
{
	size_t size = s->size;
	void *p;

	if (want <= s->size - s->len)
		return 0;
	if (want > s->max - s->len)
		return -EFBIG;
	size = s->len + want + GROW;
	if (size > s->max)
		size = s->max;
	p = s->at ? mremap(s->at, s->size, size, MREMAP_MAYMOVE)
		  : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return -ENOMEM;
	s->at = p;
	s->size = size;
	return 0;
}

/* Some room, for decoders that fill what there is. */
static int some_room(struct sink *s)
{
	if (s->len < s->size)
		return 0;
	return grow(s, s->max - s->len < GROW ? s->max - s->len + (s->len == s->max) : GROW);
}

static int unpack_gzip(const uint8_t *in, size_t len, struct sink *s)
{
	z_stream z = {.next_in = (uint8_t *)in, .avail_in = (uInt)len};
	int rc = inflateInit2(&z, 15 + 16), z_rc = Z_OK;

	if (rc != Z_OK)
		return -ENOMEM;
	rc = 0;
	while (!rc && z_rc == Z_OK) {
		rc = some_room(s);
		if (rc)
			break;
		z.next_out = s->at + s->len;
		z.avail_out = (uInt)(s->size - s->len);
		z_rc = inflate(&z, Z_NO_FLUSH);
		s->len = (size_t)(z.next_out - s->at);
		if (z_rc == Z_BUF_ERROR && !z.avail_out)
			z_rc = Z_OK;
	}
	inflateEnd(&z);
	if (!rc && z_rc != Z_STREAM_END)
		rc = z_rc == Z_MEM_ERROR ? -ENOMEM : -ENOEXEC;
	return rc;
}

static int run_lzma(lzma_stream *z, const uint8_t *in, size_t len, struct sink *s)
{
	lzma_ret z_rc = LZMA_OK;
	int rc = 0;

	z->next_in = in;
	z->avail_in = len;
	while (!rc && z_rc == LZMA_OK) {
		rc = some_room(s);
		if (rc)
			break;
		z->next_out = s->at + s->len;
		z->avail_out = s->size - s->len;
		z_rc = lzma_code(z, LZMA_RUN);
		s->len = (size_t)(z->next_out - s->at);
		if (z_rc == LZMA_OK && !z->avail_in && z->avail_out)
			z_rc = LZMA_BUF_ERROR;
	}
	lzma_end(z);
	if (!rc && z_rc != LZMA_STREAM_END)
		rc = z_rc == LZMA_MEM_ERROR || z_rc == LZMA_MEMLIMIT_ERROR ? -ENOMEM : -ENOEXEC;
	return rc;
}

static int unpack_xz(const uint8_t *in, size_t len, struct sink *s)
{
	lzma_stream z = LZMA_STREAM_INIT;

	if (lzma_stream_decoder(&z, LZMA_MEMORY, 0) != LZMA_OK)
		return -ENOMEM;
	return run_lzma(&z, in, len, s);
}

static int unpack_lzma(const uint8_t *in, size_t len, struct sink *s)
{
	lzma_stream z = LZMA_STREAM_INIT;

	if (lzma_alone_decoder(&z, LZMA_MEMORY) != LZMA_OK)
		return -ENOMEM;
	return run_lzma(&z, in, len, s);
}

static int unpack_zstd(const uint8_t *in, size_t len, struct sink *s)
{
	ZSTD_inBuffer src = {.src = in, .size = len};
	ZSTD_DStream *z = ZSTD_createDStream();
	size_t z_rc = 1;
	int rc = z ? 0 : -ENOMEM;

	/* Kernels are made with windows of up to 128 MiB. */
	if (z)
		ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, 27);
	while (!rc && z_rc) {
		ZSTD_outBuffer dst;
		size_t before = src.pos;

		rc = some_room(s);
		if (rc)
			break;
		dst = (ZSTD_outBuffer){.dst = s->at, .size = s->size, .pos = s->len};
		z_rc = ZSTD_decompressStream(z, &dst, &src);
		if (ZSTD_isError(z_rc) || (src.pos == before && dst.pos == s->len))
			rc = -ENOEXEC;
		s->len = ZSTD_isError(z_rc) ? s->len : dst.pos;
	}
	ZSTD_freeDStream(z);
	return rc;
}

static uint32_t le32(const uint8_t *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

/*
 * The legacy frame: the magic, then blocks of a length and that many bytes,
 * each of LZ4_BLOCK bytes but the last.  The kernel's build appends the
 * unpacked size (4 bytes), which is too little for a block.
 */
static int unpack_lz4(const uint8_t *in, size_t len, struct sink *s)
{
	size_t at = 4;

	while (len - at > 4) {
		uint32_t n = le32(in + at);
		int got, rc;

		at += 4;
		if (n == LZ4_MAGIC)
			continue;
		if (!n || n > len - at || n > (uint32_t)LZ4_COMPRESSBOUND(LZ4_BLOCK))
			return -ENOEXEC;
		/* The last block may be smaller than it could be: at the limit only the rest is left. */
		rc = grow(s, s->max - s->len < LZ4_BLOCK ? s->max - s->len : LZ4_BLOCK);
		if (rc)
			return rc;
		got = LZ4_decompress_safe((const char *)in + at, (char *)s->at + s->len, (int)n,
					  s->size - s->len < LZ4_BLOCK ? (int)(s->size - s->len)
								       : LZ4_BLOCK);
		if (got < 0)
			return s->max - s->len < LZ4_BLOCK ? -EFBIG : -ENOEXEC;
		s->len += (size_t)got;
		at += n;
		if (got < LZ4_BLOCK)
			break;
	}
	return s->len ? 0 : -ENOEXEC;
}

static const struct {
	const char *name;
	uint8_t magic[6];
	unsigned len;
	int (*unpack)(const uint8_t *in, size_t len, struct sink *s);
} formats[] = {
	{"gzip", {0x1f, 0x8b, 0x08}, 3, unpack_gzip},
	{"xz", {0xfd, '7', 'z', 'X', 'Z', 0x00}, 6, unpack_xz},
	{"lzma", {0x5d, 0x00, 0x00}, 3, unpack_lzma},
	{"zstd", {0x28, 0xb5, 0x2f, 0xfd}, 4, unpack_zstd},
	{"lz4", {0x02, 0x21, 0x4c, 0x18}, 4, unpack_lz4},
};

int payload_unpack(const uint8_t *in, size_t len, uint64_t max, uint8_t **out, size_t *out_len,
		   const char **what)
{
	struct sink s = {.max = max};

	*out = NULL;
	*out_len = 0;
	*what = NULL;
	for (unsigned i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		int rc;

		if (len < 8 || memcmp(in, formats[i].magic, formats[i].len))
			continue;
		*what = formats[i].name;
		rc = formats[i].unpack(in, len, &s);
		if (rc) {
			payload_free(s.at, s.size);
			return rc;
		}
		/* Give the spare room back; the mapping then ends with the data's last page. */
		if (s.size != s.len)
			s.at = mremap(s.at, s.size, s.len, 0);
		*out = s.at;
		*out_len = s.len;
		return 0;
	}
	return -ENOEXEC;
}

void payload_free(uint8_t *p, size_t len)
{
	if (p && len)
		munmap(p, len);
}
