// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The storage server's cache against a model: what the node sees, and what is
 * on the disk, after writes of every alignment, flushes, and other nodes' writes.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "storaged.h"

enum { SIZE = 64 * 1024, ROUNDS = 4000 };

static int disk_file(void)
{
	char path[] = "/tmp/cache-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	unlink(path);
	return fd;
}

/* A generator of its own, so that a failure can be repeated. */
static uint32_t next(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) % below;
}

static void expect(int fd, const unsigned char *want, size_t len)
{
	unsigned char *have = malloc(len);

	assert_non_null(have);
	assert_int_equal(pread(fd, have, len, 0), len);
	assert_memory_equal(have, want, len);
	free(have);
}

static void like_a_model(void **state)
{
	static unsigned char seen[SIZE], durable[SIZE], buf[SIZE];
	uint32_t seed = 1;
	int fd = disk_file();
	struct inode *in;

	assert_int_equal(ftruncate(fd, SIZE), 0);
	in = inode_open(fd, "/x");
	assert_non_null(in);
	for (int i = 0; i < ROUNDS; i++) {
		size_t off = next(&seed, SIZE), len = 1 + next(&seed, 9000);

		if (len > SIZE - off)
			len = SIZE - off;
		switch (next(&seed, 8)) {
		case 0:
			assert_true(inode_destage(in, fd) >= 0);
			memcpy(durable, seen, SIZE);
			expect(fd, durable, SIZE);
			break;
		case 1:
		case 2:
		case 3:
			assert_int_equal(inode_read(in, fd, buf, len, (off_t)off), len);
			assert_memory_equal(buf, seen + off, len);
			break;
		default:
			memset(seen + off, (int)next(&seed, 256), len);
			assert_int_equal(inode_write(in, fd, seen + off, len, (off_t)off), 0);
			expect(fd, durable, SIZE);
		}
	}
	inode_close(in);
	close(fd);
}

static void a_neighbours_sector_is_not_written_back(void **state)
{
	unsigned char mine[512], theirs[512], have[1024];
	int fd = disk_file();
	struct inode *in;

	assert_int_equal(ftruncate(fd, 4096), 0);
	in = inode_open(fd, "/x");
	memset(mine, 'm', sizeof(mine));
	memset(theirs, 't', sizeof(theirs));
	assert_int_equal(inode_write(in, fd, mine, 512, 0), 0);
	assert_int_equal(pwrite(fd, theirs, 512, 512), 512); /* another node's server */
	assert_int_equal(inode_destage(in, fd), 512);
	assert_int_equal(pread(fd, have, 1024, 0), 1024);
	assert_memory_equal(have, mine, 512);
	assert_memory_equal(have + 512, theirs, 512);
	inode_close(in);
	close(fd);
}

static void a_file_grows_by_what_is_written(void **state)
{
	int fd = disk_file();
	struct inode *in = inode_open(fd, "/x");
	char buf[64];

	assert_int_equal(inode_write(in, fd, "abc", 3, 10), 0);
	assert_int_equal(inode_size_of(inode_number(in), 0), 13);
	assert_int_equal(inode_read(in, fd, buf, sizeof(buf), 0), 13);
	assert_memory_equal(buf, "\0\0\0\0\0\0\0\0\0\0abc", 13);
	assert_int_equal(inode_read(in, fd, buf, sizeof(buf), 13), 0);
	assert_int_equal(lseek(fd, 0, SEEK_END), 0);
	assert_true(inode_destage(in, fd) > 0);
	assert_int_equal(lseek(fd, 0, SEEK_END), 13);
	assert_int_equal(inode_dirty(in), 0);
	inode_close(in);
	close(fd);
}

static void the_last_close_drops_what_is_dirty(void **state)
{
	int fd = disk_file();
	struct inode *in = inode_open(fd, "/x"), *again = inode_open(fd, "/y");
	char have[8];

	assert_ptr_equal(in, again);
	assert_int_equal(inode_write(in, fd, "12345678", 8, 0), 0);
	assert_int_equal(inode_close(in), 0);
	assert_int_equal(inode_close(again), 512);
	assert_int_equal(pread(fd, have, 8, 0), 0);
	close(fd);
}

static void what_is_cut_off_does_not_come_back(void **state)
{
	int fd = disk_file();
	struct inode *in = inode_open(fd, "/x");
	unsigned char block[2048];

	memset(block, 'x', sizeof(block));
	assert_int_equal(inode_write(in, fd, block, sizeof(block), 0), 0);
	inode_forget(in, 512, 512);
	assert_int_equal(inode_dirty(in), 1536);
	inode_forget(in, 1024, SIZE_MAX);
	assert_int_equal(inode_dirty(in), 512);
	assert_int_equal(inode_destage(in, fd), 512);
	assert_int_equal(lseek(fd, 0, SEEK_END), 512);
	inode_close(in);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(like_a_model),
		cmocka_unit_test(a_neighbours_sector_is_not_written_back),
		cmocka_unit_test(a_file_grows_by_what_is_written),
		cmocka_unit_test(the_last_close_drops_what_is_dirty),
		cmocka_unit_test(what_is_cut_off_does_not_come_back),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
