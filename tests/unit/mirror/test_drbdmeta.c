// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Metadata against the distribution's drbdmeta: what it makes, we make the same bytes of; what we
 * make, it reads; and where a Primary was killed, both find the same blocks out of sync.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "mirror/drbd/meta_file.h"
#include "tool.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct shape {
	enum md_kind kind;
	unsigned index;
	uint64_t bytes; /* of the meta device */
	uint32_t stripes, stripe_4k;
};

static const struct shape shapes[] = {
	{MD_INTERNAL, 0, 1 << 20},
	{MD_INTERNAL, 0, 524288},
	{MD_INTERNAL, 0, 16 << 20},
	{MD_INTERNAL, 0, 128 << 20},
	{MD_INTERNAL, 0,
	 (128 << 20) + 1024}, /* one more sector of bitmap, in sectors that no block holds */
	{MD_INTERNAL, 0, (128 << 20) + 4096},
	{MD_INTERNAL, 0, 140 << 20},
	{MD_INTERNAL, 0, 1000000512},
	{MD_INTERNAL, 0, UINT64_C(10) << 30},
	{MD_INTERNAL, 0, UINT64_C(1) << 40},
	{MD_INTERNAL, 0, 140 << 20, 2, 16},
	{MD_INTERNAL, 0, 140 << 20, 7, 3},
	{MD_INTERNAL, 0, 140 << 20, 1, 32},
	{MD_FLEX_EXTERNAL, 0, 1 << 20},
	{MD_FLEX_EXTERNAL, 0, 69632},
	{MD_FLEX_EXTERNAL, 0, 5000192},
	{MD_FLEX_EXTERNAL, 0, 4 << 20, 4, 16},
	{MD_EXTERNAL, 0, 128 << 20},
	{MD_EXTERNAL, 1, 300 << 20},
};

static const char *kind_word(const struct shape *s, char word[16])
{
	if (s->kind == MD_EXTERNAL)
		snprintf(word, 16, "%u", s->index);
	else
		strcpy(word, s->kind == MD_INTERNAL ? "internal" : "flex-external");
	return word;
}

static char *drbdmeta(const char *file, const struct shape *s, const char *command)
{
	char words[256], kind[16];

	snprintf(words, sizeof(words), "%s %s", kind_word(s, kind), command);
	return tool_drbdmeta(file, words);
}

static void create_theirs(const char *file, const struct shape *s)
{
	char command[128] = "create-md";

	if (s->stripes)
		snprintf(command, sizeof(command),
			 "create-md --al-stripes %u --al-stripe-size-kB %u", s->stripes,
			 s->stripe_4k * 4);
	free(drbdmeta(file, s, command));
}

static struct md_layout layout_of(const struct shape *s, uint64_t data_sectors)
{
	struct md_layout l;

	assert_int_equal(md_layout(&l, s->kind, s->index, s->bytes / 512, data_sectors, s->stripes,
				   s->stripe_4k),
			 0);
	return l;
}

/* The metadata's bytes, but no more than 1 MiB of a bitmap. */
static uint8_t *area(int fd, const struct md_layout *l, size_t *len)
{
	uint64_t bitmap = l->bitmap_sectors < 2048 ? l->bitmap_sectors : 2048;
	uint64_t first = l->kind == MD_INTERNAL ? l->al - bitmap : l->super;
	uint8_t *b;

	*len = (bitmap + (md_al_blocks(l) + 1) * UINT64_C(8)) * 512;
	b = malloc(*len);
	assert_non_null(b);
	assert_int_equal(md_file_read(fd, b, *len, first), 0);
	return b;
}

static void same_area(int a, int b, const struct md_layout *l)
{
	size_t na, nb;
	uint8_t *pa = area(a, l, &na), *pb = area(b, l, &nb);

	assert_int_equal(na, nb);
	assert_memory_equal(pa, pb, na);
	free(pa);
	free(pb);
}

/* A dump without the lines that say when it was made, and of what. */
static char *dump(const char *file, const struct shape *s)
{
	char *d = drbdmeta(file, s, "dump-md"), *at;

	at = strstr(d, "version");
	assert_non_null(at);
	memmove(d, at, strlen(at) + 1);
	return d;
}

static void test_create(void **state)
{
	for (size_t i = 0; i < COUNT(shapes); i++) {
		const struct shape *s = &shapes[i];
		struct md_layout l = layout_of(s, UINT64_C(1) << 31);
		char theirs[64], ours[64], *a, *b;
		int tfd = scratch(theirs, s->bytes), ofd = scratch(ours, s->bytes);
		struct md_file f;

		create_theirs(theirs, s);
		assert_int_equal(md_file_create(ofd, &l), 0);
		same_area(tfd, ofd, &l);
		a = dump(theirs, s);
		b = dump(ours, s);
		assert_string_equal(a, b);
		free(a);
		free(b);
		assert_int_equal(
			md_file_load(&f, tfd, s->kind, s->index, s->bytes / 512, UINT64_C(1) << 31),
			0);
		assert_memory_equal(&f.layout, &l, sizeof(l));
		assert_int_equal(f.super.uuid[0], MD_UUID_JUST_CREATED);
		assert_int_equal(f.super.al_stripes, l.al_stripes);
		assert_false(f.super.unclean);
		close(tfd);
		close(ofd);
		unlink(theirs);
		unlink(ours);
	}
}

/* What we write into the super block is what it shows, and what it writes is what we read. */
static void test_identifiers(void **state)
{
	static const struct shape s = {MD_INTERNAL, 0, 140 << 20};
	struct md_layout l = layout_of(&s, 0);
	char file[64], *out;
	int fd = scratch(file, s.bytes);
	struct md_file f;

	assert_int_equal(md_file_create(fd, &l), 0);
	assert_int_equal(md_file_load(&f, fd, MD_INTERNAL, 0, s.bytes / 512, 0), 0);
	f.super.la_size = l.data_max;
	f.super.uuid[0] = 0x123456789abcdef1;
	f.super.uuid[1] = 0x2222222222222222;
	f.super.uuid[2] = 0x3333333333333332;
	f.super.uuid[3] = 0x4444444444444444;
	f.super.device_uuid = 0x5555555555555555;
	f.super.peer_max_bio = 1048576;
	f.super.al_extents = 1237;
	f.super.flags = MD_CONSISTENT | MD_WAS_UP_TO_DATE | MD_CONNECTED;
	assert_int_equal(md_file_super(&f), 0);
	out = drbdmeta(file, &s, "get-gi");
	assert_non_null(strstr(
		out,
		"123456789ABCDEF1:2222222222222222:3333333333333332:4444444444444444:1:1:0:1:0:0:0"));
	free(out);
	out = drbdmeta(file, &s, "dump-md");
	assert_non_null(strstr(out, "la-size-sect 286632;"));
	assert_non_null(strstr(out, "al-extents 1237;"));
	assert_non_null(strstr(out, "device-uuid 0x5555555555555555;"));
	assert_non_null(strstr(out, "la-peer-max-bio-size 1048576;"));
	free(out);
	free(drbdmeta(
		file, &s,
		"set-gi AAAAAAAAAAAAAAAA:BBBBBBBBBBBBBBBA:CCCCCCCCCCCCCCCC:DDDDDDDDDDDDDDDC:1:0:1:0:0:0:1"));
	assert_int_equal(md_file_load(&f, fd, MD_INTERNAL, 0, s.bytes / 512, 0), 0);
	assert_true(f.super.uuid[0] == 0xaaaaaaaaaaaaaaaa && f.super.uuid[1] == 0xbbbbbbbbbbbbbbba);
	assert_true(f.super.uuid[2] == 0xcccccccccccccccc && f.super.uuid[3] == 0xdddddddddddddddc);
	assert_true(f.super.flags & MD_CONSISTENT);
	assert_false(f.super.flags & MD_WAS_UP_TO_DATE);
	assert_true(f.super.flags & MD_PRIMARY);
	close(fd);
	unlink(file);
}

/* A bitmap of ours, dumped and restored by drbdmeta into another file, is the same there. */
static void test_restore(void **state)
{
	static const struct shape s = {MD_INTERNAL, 0, 140 << 20};
	struct md_layout l = layout_of(&s, 0);
	char from[64], to[64], text[80], words[128], *d;
	int fd = scratch(from, s.bytes), tfd = scratch(to, s.bytes), out;
	uint64_t seed = 20260101;
	uint8_t *map = md_buffer(MD_BLOCK), *back = md_buffer(MD_BLOCK);
	struct md_file f;

	assert_int_equal(md_file_create(fd, &l), 0);
	assert_int_equal(md_file_load(&f, fd, MD_INTERNAL, 0, s.bytes / 512, 0), 0);
	f.super.la_size = l.data_max;
	f.super.uuid[0] = 0x0102030405060708;
	assert_int_equal(md_file_super(&f), 0);
	for (int i = 0; i < 4000; i++)
		map[i] = rnd(&seed) % 3 ? 0 : (uint8_t)rnd(&seed);
	assert_int_equal(md_file_write(fd, map, MD_BLOCK, l.bitmap), 0);
	d = drbdmeta(from, &s, "dump-md");
	snprintf(text, sizeof(text), "%s.txt", from);
	out = open(text, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	assert_int_equal(write(out, d, strlen(d)), strlen(d));
	close(out);
	snprintf(words, sizeof(words), "restore-md %s", text);
	create_theirs(to, &s);
	free(drbdmeta(to, &s, words));
	assert_int_equal(md_file_load(&f, tfd, MD_INTERNAL, 0, s.bytes / 512, 0), 0);
	assert_true(f.super.uuid[0] == 0x0102030405060708);
	assert_true(f.super.la_size == l.data_max);
	assert_int_equal(md_file_read(tfd, back, MD_BLOCK, l.bitmap), 0);
	assert_memory_equal(map, back, MD_BLOCK);
	free(d);
	free(map);
	free(back);
	close(fd);
	close(tfd);
	unlink(from);
	unlink(to);
	unlink(text);
}

/* A writer of activity logs, as random as it can be while it keeps the rules. */
struct writer {
	struct md_layout l;
	uint64_t seed;
	uint32_t transaction, slots, extents;
	uint32_t context_first;
	uint32_t *slot; /* the truth */
};

static void write_transaction(struct writer *w, int fd)
{
	struct md_al *t = calloc(1, sizeof(*t));
	uint8_t *b = md_buffer(MD_BLOCK);

	t->transaction = w->transaction;
	t->context_size = (uint16_t)w->slots;
	t->updates = (uint16_t)(rnd(&w->seed) % (MD_AL_UPDATES + 1));
	if (t->updates > w->slots)
		t->updates = (uint16_t)w->slots;
	for (int i = 0; i < t->updates; i++) {
		t->slot[i] = (uint16_t)(rnd(&w->seed) % w->slots);
		t->extent[i] = rnd(&w->seed) % 8 ? (uint32_t)(rnd(&w->seed) % w->extents)
						 : MD_AL_FREE;
		w->slot[t->slot[i]] = t->extent[i];
	}
	t->context_first = (uint16_t)w->context_first;
	for (uint32_t i = 0; i < MD_AL_CONTEXT; i++) {
		uint32_t n = w->context_first + i;

		t->context[i] = n < w->slots ? w->slot[n] : MD_AL_FREE;
	}
	w->context_first += MD_AL_CONTEXT;
	if (w->context_first >= w->slots)
		w->context_first = 0;
	md_al_encode(b, t);
	assert_int_equal(
		md_file_write(fd, b, MD_BLOCK,
			      w->l.al + md_al_position(&w->l, w->transaction) * UINT64_C(8)),
		0);
	w->transaction++;
	free(b);
	free(t);
}

/* Bytes of the log that a power cut has torn: the block that is being written, or, never in practice, any. */
static void tear(struct writer *w, int fd, uint32_t block)
{
	uint8_t *b = md_buffer(MD_BLOCK);
	uint64_t sector = w->l.al + block * UINT64_C(8);

	assert_int_equal(md_file_read(fd, b, MD_BLOCK, sector), 0);
	b[512 + rnd(&w->seed) % 3000] ^= (uint8_t)(1 + rnd(&w->seed) % 255);
	assert_int_equal(md_file_write(fd, b, MD_BLOCK, sector), 0);
	free(b);
}

static void history(const struct shape *s, uint64_t seed)
{
	struct md_layout l = layout_of(s, UINT64_C(1) << 31);
	struct writer w = {.l = l, .seed = seed};
	char ours[64], theirs[64];
	int ofd = scratch(ours, s->bytes), tfd = scratch(theirs, s->bytes);
	uint32_t steps, found;
	struct md_file f;
	uint8_t *map = md_buffer(MD_BLOCK);
	size_t len;

	assert_int_equal(md_file_create(ofd, &l), 0);
	assert_int_equal(
		md_file_load(&f, ofd, s->kind, s->index, s->bytes / 512, UINT64_C(1) << 31), 0);
	f.super.la_size = l.data_max - rnd(&w.seed) % 20000;
	if (s->kind == MD_INTERNAL)
		f.super.la_size = l.data_max;
	f.super.al_extents = w.slots = 67 + (uint32_t)rnd(&w.seed) % (md_al_extents_max(&l) - 66);
	f.super.unclean = true;
	f.super.uuid[0] = 0x1111111111111111;
	f.super.flags = MD_CONSISTENT | MD_WAS_UP_TO_DATE | (rnd(&w.seed) % 8 ? MD_PRIMARY : 0) |
			(rnd(&w.seed) % 4 ? 0 : MD_CRASHED_PRIMARY);
	assert_int_equal(md_file_super(&f), 0);
	for (int i = 0; i < 1000; i++)
		map[rnd(&w.seed) % 1024] = (uint8_t)rnd(&w.seed);
	assert_int_equal(md_file_write(ofd, map, MD_BLOCK, l.bitmap), 0);

	w.slot = malloc(w.slots * sizeof(*w.slot));
	memset(w.slot, 0xff, w.slots * sizeof(*w.slot));
	w.extents = (uint32_t)((f.super.la_size + MD_EXTENT_SECTORS - 1) / MD_EXTENT_SECTORS);
	if (rnd(&w.seed) % 4 == 0 && !(md_al_blocks(&l) & (md_al_blocks(&l) - 1)))
		w.transaction = (uint32_t)-3; /* the number wraps */
	steps = (uint32_t)rnd(&w.seed) % (3 * md_al_blocks(&l));
	for (uint32_t i = 0; i < steps; i++)
		write_transaction(&w, ofd);
	if (rnd(&w.seed) % 3 == 0)
		tear(&w, ofd, md_al_position(&l, w.transaction - (uint32_t)rnd(&w.seed) % 2));

	len = s->bytes < (64 << 20) ? s->bytes : 0;
	if (len) {
		uint8_t *all = malloc(len);

		assert_int_equal(md_file_read(ofd, all, len, 0), 0);
		assert_int_equal(md_file_write(tfd, all, len, 0), 0);
		free(all);
	} else {
		uint8_t *a = area(ofd, &l, &len);

		assert_int_equal(
			md_file_write(tfd, a, len, s->kind == MD_INTERNAL ? l.bitmap : l.super), 0);
		free(a);
	}
	free(drbdmeta(theirs, s, "apply-al"));
	assert_int_equal(
		md_file_load(&f, ofd, s->kind, s->index, s->bytes / 512, UINT64_C(1) << 31), 0);
	assert_int_equal(md_file_recover(&f, &found), 0);
	same_area(ofd, tfd, &l);
	free(w.slot);
	free(map);
	close(ofd);
	close(tfd);
	unlink(ours);
	unlink(theirs);
}

static void test_histories(void **state)
{
	static const struct shape which[] = {
		{MD_INTERNAL, 0, 140 << 20},           {MD_INTERNAL, 0, 140 << 20, 2, 16},
		{MD_INTERNAL, 0, 1000000512},          {MD_FLEX_EXTERNAL, 0, 1 << 20},
		{MD_FLEX_EXTERNAL, 0, 4 << 20, 4, 16}, {MD_INTERNAL, 0, 140 << 20, 7, 3},
	};

	for (uint64_t seed = 1; seed <= 24; seed++)
		history(&which[seed % COUNT(which)], seed * 7919);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create),
		cmocka_unit_test(test_identifiers),
		cmocka_unit_test(test_restore),
		cmocka_unit_test(test_histories),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
