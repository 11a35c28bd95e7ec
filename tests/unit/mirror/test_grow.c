// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Metadata that moves with a growing disk, cut off at each of its writes and flushes: what is found afterwards is
 * what was, or what was to be, and whole.
 *
 * pwrite() and fdatasync() are this program's own: the child counts them, and dies in the middle of one.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "mirror/drbd/meta_file.h"

enum { MIB = 2048, BEFORE = 640 * MIB, AFTER = 768 * MIB, DIES = 9 };

static int left = -1; /* calls until it dies; -1: it does not */

static bool is_last(void)
{
	return left >= 0 && !left--;
}

ssize_t pwrite(int fd, const void *buf, size_t len, off_t at)
{
	bool last = is_last();
	/* torn, at a sector */
	ssize_t n = syscall(SYS_pwrite64, fd, buf, last ? len / 1024 * 512 : len, at);

	if (last)
		_exit(DIES);
	return n;
}

int fdatasync(int fd)
{
	if (is_last())
		_exit(DIES);
	return (int)syscall(SYS_fdatasync, fd);
}

/* Page @page of the bitmap, before and after: the same, and then what is new. */
static void page_of(void *arg, uint32_t page, uint8_t out[MD_BLOCK])
{
	memset(out, (int)(page * 37 + 1), MD_BLOCK);
}

struct disk {
	int meta, data;
	enum md_kind kind;
	struct md_grow g;
};

static struct disk make(enum md_kind kind)
{
	FILE *meta = tmpfile(), *data = kind == MD_INTERNAL ? meta : tmpfile();
	struct disk d = {.kind = kind};
	struct md_file f;
	uint8_t *b = md_buffer(MD_BLOCK);

	assert_true(meta && data && b);
	d.meta = dup(fileno(meta));
	d.data = kind == MD_INTERNAL ? d.meta : dup(fileno(data));
	fclose(meta);
	if (kind != MD_INTERNAL)
		fclose(data);
	assert_int_equal(ftruncate(d.meta, kind == MD_INTERNAL ? BEFORE * 512L : 1 << 20), 0);
	assert_int_equal(
		md_layout(&d.g.from, kind, 0, kind == MD_INTERNAL ? BEFORE : MIB, BEFORE, 0, 0), 0);
	assert_int_equal(md_file_create(d.meta, &d.g.from), 0);
	f = (struct md_file){.fd = d.meta, .layout = d.g.from};
	md_super_new(&f.super, &f.layout);
	f.super.la_size = d.g.from.data_max;
	f.super.unclean = true;
	f.super.uuid[MD_CURRENT] = 0x1234;
	assert_int_equal(md_file_super(&f), 0);
	for (uint32_t p = 0; p < 5; p++) {
		page_of(NULL, p, b);
		assert_int_equal(md_file_write(d.meta, b, MD_BLOCK, f.layout.bitmap + p * 8UL), 0);
	}
	free(b);
	if (kind == MD_INTERNAL)
		assert_int_equal(ftruncate(d.meta, AFTER * 512L), 0);
	d.g.meta = d.meta;
	d.g.data = d.data;
	assert_int_equal(
		md_layout_grown(&d.g.to, &d.g.from, 0, kind == MD_INTERNAL ? AFTER : MIB, AFTER),
		0);
	d.g.super = f.super;
	d.g.super.la_size = d.g.to.data_max;
	d.g.super.flags |= MD_CRASHED_PRIMARY;
	md_super_place(&d.g.super, &d.g.to);
	d.g.pages = 6;
	d.g.page = page_of;
	return d;
}

/* check() - What is found.  Whether it is what was to be. */
static bool check(struct disk *d)
{
	uint8_t *b = md_buffer(MD_BLOCK), want[MD_BLOCK];
	uint64_t meta = d->kind == MD_INTERNAL ? AFTER : MIB;
	struct md_file f;
	bool grown;

	assert_int_equal(md_file_find(&f, d->meta, d->kind, 0, meta, AFTER, BEFORE), 0);
	grown = f.super.la_size == d->g.to.data_max;
	assert_true(grown || f.super.la_size == d->g.from.data_max);
	assert_true(f.layout.super == (grown ? d->g.to.super : d->g.from.super));
	assert_true(f.super.uuid[MD_CURRENT] == 0x1234);
	assert_int_equal(!!(f.super.flags & MD_CRASHED_PRIMARY), grown);
	for (uint32_t p = 0; p < (grown ? 6 : 5); p++) {
		page_of(NULL, p, want);
		assert_int_equal(md_file_read(d->meta, b, MD_BLOCK, f.layout.bitmap + p * 8UL), 0);
		assert_memory_equal(b, want, MD_BLOCK);
	}
	free(b);
	return grown;
}

static void cut_everywhere(enum md_kind kind)
{
	bool was = false, done = false;

	for (int n = 0; !done; n++) {
		struct disk d = make(kind);
		pid_t child = fork();
		int status;

		if (!child) {
			left = n;
			_exit(md_file_grow(&d.g) ? 1 : 0);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		done = WEXITSTATUS(status) == 0;
		assert_true(done || WEXITSTATUS(status) == DIES);
		assert_true(check(&d) || !was); /* never back */
		was = check(&d);
		assert_true(was || !done);
		close(d.meta);
		if (kind != MD_INTERNAL)
			close(d.data);
		assert_true(n < 100 && (n > 5 || !done));
	}
}

static void test_internal(void **state)
{
	cut_everywhere(MD_INTERNAL);
}

static void test_external(void **state)
{
	cut_everywhere(MD_FLEX_EXTERNAL);
}

/* What has grown is undone, cut off everywhere, too: it is what was in the end. */
static void undo_everywhere(enum md_kind kind)
{
	bool done = false;

	for (int n = 0; !done; n++) {
		struct disk d = make(kind);
		struct md_super before = d.g.super;
		pid_t child;
		int status;

		before.la_size = d.g.from.data_max;
		before.flags &= ~MD_CRASHED_PRIMARY;
		md_super_place(&before, &d.g.from);
		assert_int_equal(md_file_grow(&d.g), 0);
		assert_true(check(&d));
		child = fork();
		if (!child) {
			left = n;
			_exit(md_file_grow_undo(&d.g, &before) ? 1 : 0);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		done = WEXITSTATUS(status) == 0;
		assert_true(done || WEXITSTATUS(status) == DIES);
		assert_true(!check(&d) || !done);
		close(d.meta);
		if (kind != MD_INTERNAL)
			close(d.data);
		assert_true(n < 100);
	}
}

static void test_undone(void **state)
{
	undo_everywhere(MD_INTERNAL);
	undo_everywhere(MD_FLEX_EXTERNAL);
}

/* What was made anew at the end of a larger disk is not passed over for what is still in its middle. */
static void test_made_anew(void **state)
{
	struct disk d = make(MD_INTERNAL);
	struct md_file f;

	assert_int_equal(md_file_create(d.meta, &d.g.to), 0);
	assert_int_equal(md_file_find(&f, d.meta, MD_INTERNAL, 0, AFTER, AFTER, BEFORE), 0);
	assert_true(f.layout.super == d.g.to.super && !f.super.la_size);
	close(d.meta);
}

static void test_room(void **state)
{
	static const struct {
		uint64_t before, after;
		int result;
	} cases[] = {
		{BEFORE, BEFORE, 0},
		{BEFORE, BEFORE + 7, 0},       /* the end is at the same block */
		{BEFORE, BEFORE + 8, -ERANGE}, /* it would overlap itself */
		{BEFORE, BEFORE + 112, -ERANGE},
		{BEFORE, BEFORE + 120, 0},
		{BEFORE, AFTER, 0},
	};
	struct md_layout from, to;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
			md_layout(&from, MD_INTERNAL, 0, cases[i].before, cases[i].before, 0, 0),
			0);
		assert_int_equal(md_layout_grown(&to, &from, 0, cases[i].after, cases[i].after),
				 cases[i].result);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_room),      cmocka_unit_test(test_internal),
		cmocka_unit_test(test_external),  cmocka_unit_test(test_undone),
		cmocka_unit_test(test_made_anew),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
