// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bitmaps meet before a resync: the source sends its own; the target adds that to its own, and
 * sends the sum back.  Both have the same then.
 *
 *   source  WFBitMapS ── bitmap ──►  WFBitMapT  target
 *           WFBitMapS ◄── sum ─────  WFSyncUUID
 *          SyncSource ── SYNC_UUID ► SyncTarget
 *
 * Runs of equal bits are sent as a code, or, where that would be longer, plain.
 */
#include <errno.h>
#include <string.h>

#include "mirror/drbd/bytes.h"
#include "mirror/drbd/wire_bits.h"
#include "mirror/engine/private.h"

enum { QUEUE_MAX = 1 << 20, MORE_MS = 1 };

/* ---- ours ---- */

/* encode() - Runs from bit @from on into @code; how many bits of the bitmap they are, 0: not worth it. */
static uint64_t encode(const struct bitmap *b, uint64_t from, uint8_t *code, struct wire_packet *p)
{
	struct wire_bits w = {.bytes = code, .room = (WIRE_BITMAP_MAX - 1) * 8};
	bool set = bitmap_test(b, from), first = set;
	uint64_t at = from;

	while (at < b->bits) {
		uint64_t end = bitmap_next(b, at, !set);

		if (end == BITMAP_END)
			end = b->bits;
		if (wire_run_put(&w, end - at))
			break;
		at = end;
		set = !set;
	}
	if (at - from < w.at || at == from)
		return 0;
	p->command = WIRE_COMPRESSED_BITMAP;
	p->encoding = wire_code(w.at, first);
	p->bulk = (uint32_t)((w.at + 7) / 8);
	return at - from;
}

/* plain() - Whole words from the one of bit @from on; the bit behind them. */
static uint64_t plain(const struct bitmap *b, uint64_t from, uint8_t *out, struct wire_packet *p)
{
	uint64_t word = from / 64;
	uint32_t n = wire_words(bitmap_words(b) - word);

	for (uint32_t i = 0; i < n; i++)
		put_le64(out + 8 * i, bitmap_word(b, word + i));
	p->command = WIRE_BITMAP;
	p->bulk = n * 8;
	return (word + n) * 64;
}

static void all_sent(struct volume *v)
{
	struct drbd_state s = v->state;

	v->sync.sending = BITMAP_END;
	if (s.conn != CONN_WF_BITMAP_T)
		return;
	s.conn = CONN_WF_SYNC_UUID;
	state_set(v, s, false);
}

void exchange_more(struct volume *v)
{
	uint8_t data[WIRE_BITMAP_MAX];
	struct sync *s = &v->sync;

	while (link_is_up(v) && v->link.data.queued < QUEUE_MAX) {
		struct wire_packet p = {0};
		uint64_t n = encode(&v->bitmap, s->sending, data, &p);

		s->sending = n ? s->sending + n : plain(&v->bitmap, s->sending, data, &p);
		send_data(v, &p, data, NULL);
		if (s->sending < v->bitmap.bits)
			continue;
		if (!n) { /* the end of what is plain is said */
			p = (struct wire_packet){.command = WIRE_BITMAP};
			send_data(v, &p, NULL, NULL);
		}
		all_sent(v);
		return;
	}
	loop_timer(v->loop, &s->more, MORE_MS * LOOP_MS);
}

void exchange_begin(struct volume *v, bool full)
{
	if (full) {
		v->full_sync = true;
		bitmap_set(&v->bitmap, 0, BITMAP_END);
		keep_super(v, NULL);
	}
	v->sync.got = 0;
	v->sync.stale = v->sync.ending = false;
	if (v->state.conn != CONN_WF_BITMAP_S)
		return;
	v->sync.sending = 0;
	exchange_more(v);
}

/* ---- the peer's ---- */

static void all_got(struct volume *v)
{
	v->sync.got = BITMAP_END;
	if (v->state.conn == CONN_WF_BITMAP_S) {
		source_begin(v);
		return;
	}
	v->sync.sending = 0;
	exchange_more(v);
}

static bool expected(const struct volume *v)
{
	enum conn c = v->state.conn;

	return v->sync.got != BITMAP_END && (c == CONN_WF_BITMAP_S || c == CONN_WF_BITMAP_T);
}

int exchange_plain(struct volume *v, const struct wire_packet *p, void *bulk)
{
	uint64_t word = v->sync.got / 64, words = bitmap_words(&v->bitmap);
	const uint8_t *data = bulk;

	if (!expected(v))
		return -EPROTO;
	if (!p->bulk) {
		if (v->sync.got < v->bitmap.bits)
			return -EPROTO;
		all_got(v);
		return 0;
	}
	if (word >= words || p->bulk != wire_words(words - word) * 8)
		return -EPROTO;
	for (uint32_t i = 0; i < p->bulk / 8; i++)
		bitmap_merge(&v->bitmap, word + i, get_le64(data + 8 * i));
	v->sync.got = (word + p->bulk / 8) * 64;
	return 0;
}

int exchange_code(struct volume *v, const struct wire_packet *p, void *bulk)
{
	struct wire_bits code = {.bytes = bulk};
	uint64_t at = v->sync.got, n;
	bool set;
	int r;

	if (!expected(v) || wire_code_read(p->encoding, p->bulk, &code.room, &set))
		return -EPROTO;
	while (!(r = wire_run_get(&code, &n))) {
		if (n > v->bitmap.bits - at || at >= v->bitmap.bits)
			return -EPROTO;
		if (set)
			bitmap_set(&v->bitmap, at, at + n);
		at += n;
		set = !set;
	}
	if (r != -ENODATA)
		return r;
	v->sync.got = at;
	if (at == v->bitmap.bits)
		all_got(v);
	return 0;
}
