/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The block device on real images: requests, refusals, errors, lock and guards. */
#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_blk.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "hv/guard.h"
#include "hvcore/vmm/progress.h"
#include "hvcore/vmm/virtio/blk.h"
#include "hvcore/vmm/virtio/devices.h"
#include "tests/unit/virtio/driver.h"

enum { RINGS = 0x10000, HEADER = 0x20000, STATUS = 0x20100, DATA = 0x40000, SECTORS = 2048 };

/* Not /tmp, which may be a tmpfs: a real file system, since O_DIRECT is the point. */
static char dir[] = "/var/tmp/blk-test-XXXXXX";
static char image[64];
static struct hv_disk disk;
static struct drv d;
static struct blk *blk;
static struct hv_progress page;

static uint8_t pattern(uint64_t at)
{
	return at * 31 + (at >> 9);
}

static void make_image(void)
{
	uint8_t *all = malloc(SECTORS * 512);
	FILE *f = fopen(image, "w");

	for (unsigned i = 0; i < SECTORS * 512; i++)
		all[i] = pattern(i);
	assert_non_null(f);
	assert_int_equal(fwrite(all, 512, SECTORS, f), SECTORS);
	assert_int_equal(fclose(f), 0);
	free(all);
}

/* Each on a file of its own: the kernel may still be letting go of the last request, and with it of the lock. */
static int setup(void **state)
{
	static unsigned number;
	struct hv_error err;

	snprintf(image, sizeof(image), "%s/image%u", dir, ++number);
	rig_init();
	memset(&page, 0, sizeof(page));
	board.progress = &page;
	make_image();
	disk = (struct hv_disk){.path = image,
				.target = (char *)"vda",
				.serial = (char *)"a-serial-of-20-bytes",
				.discard = true,
				.guard = HV_GUARD_FENCING,
				.readonly = *state != NULL};
	if (virtio_blk_create(&disk, "test", true, false, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	blk = (struct blk *)rig.device;
	drv_negotiate(rig.device, rig.device->features);
	drv_queue(&d, rig.device, 0, 64, RINGS);
	drv_ok(rig.device);
	return 0;
}

static int setup_readonly(void **state)
{
	*state = (void *)1;
	return setup(state);
}

static int teardown(void **state)
{
	struct virtq *q = blk->v.queue;

	loop_host_timer_cancel(&blk->turn);
	loop_host_timer_cancel(&blk->event);
	loop_del(&q->kick);
	close(q->kick.fd);
	free(q);
	block_close(&blk->block);
	free(blk);
	blk_list = NULL;
	json_decref(rig.event_data);
	rig.event_data = NULL;
	return unlink(image);
}

/* Each request of a batch has a header and a status byte of its own. */
static uint16_t post(unsigned slot, uint32_t type, uint64_t sector, const struct piece *data,
		     unsigned n)
{
	struct virtio_blk_outhdr h = {.type = type, .sector = sector};
	struct piece p[16] = {{HEADER + slot * 16, 16, false}};
	uint8_t unset = 0xee;

	drv_put(HEADER + slot * 16, &h, sizeof(h));
	drv_put(STATUS + slot, &unset, 1);
	memcpy(p + 1, data, n * sizeof(*p));
	p[n + 1] = (struct piece){STATUS + slot, 1, true};
	return drv_add(&d, p, n + 2);
}

/* One request to its end; the status byte. */
static uint8_t request(uint32_t type, uint64_t sector, const struct piece *data, unsigned n)
{
	uint32_t id, len;
	uint16_t head = post(0, type, sector, data, n);

	drv_kick(&d);
	assert_true(drv_wait(&d, &id, &len));
	assert_int_equal(id, head);
	assert_int_equal(rig_unreported(), -1);
	return *(uint8_t *)drv_at(STATUS);
}

static uint8_t one(uint32_t type, uint64_t sector, uint64_t addr, uint32_t len, bool in)
{
	struct piece p = {addr, len, in};

	return request(type, sector, &p, 1);
}

static void fill(uint64_t gpa, unsigned len, uint8_t with)
{
	uint8_t *b = malloc(len);

	memset(b, with, len);
	drv_put(gpa, b, len);
	free(b);
}

static void on_image(uint64_t off, void *to, unsigned len)
{
	int fd = open(image, O_RDONLY);

	assert_int_equal(pread(fd, to, len, off), len);
	close(fd);
}

static void check_pattern(uint64_t gpa, uint64_t off, unsigned len)
{
	const uint8_t *at = drv_at(gpa);

	for (unsigned i = 0; i < len; i++)
		assert_int_equal(at[i], pattern(off + i));
}

static void configuration(void **state)
{
	struct virtio_blk_config c = {0};

	for (unsigned i = 0; i < 56; i++)
		((uint8_t *)&c)[i] = reg_read(&blk->v, R_CONFIG + i, 1);
	assert_int_equal(c.capacity, SECTORS);
	assert_true(c.seg_max >= 128);
	assert_int_equal(c.max_discard_seg, 1);
	assert_true(blk->v.features & F(VIRTIO_BLK_F_FLUSH));
	assert_false(blk->v.features & F(VIRTIO_BLK_F_RO));
	assert_true(fcntl(blk->block.fd, F_GETFL) & O_DIRECT);
}

static void reads_and_writes(void **state)
{
	struct piece p[] = {
		{DATA, 512, true}, {DATA + 8192, 4096, true}, {DATA + 65536, 1024, true}};
	uint8_t buf[1024];

	assert_int_equal(request(VIRTIO_BLK_T_IN, 5, p, 3), VIRTIO_BLK_S_OK);
	check_pattern(DATA, 5 * 512, 512);
	check_pattern(DATA + 8192, 6 * 512, 4096);
	check_pattern(DATA + 65536, 14 * 512, 1024);
	fill(DATA, 1024, 0x5a);
	assert_int_equal(one(VIRTIO_BLK_T_OUT, SECTORS - 2, DATA, 1024, false), VIRTIO_BLK_S_OK);
	on_image((SECTORS - 2) * 512, buf, 1024);
	for (unsigned i = 0; i < 1024; i++)
		assert_int_equal(buf[i], 0x5a);
	assert_int_equal(one(VIRTIO_BLK_T_FLUSH, 0, DATA, 0, false), VIRTIO_BLK_S_OK);
	assert_int_equal(blk->count[BLOCK_READ].bytes, 512 + 4096 + 1024);
	assert_int_equal(blk->count[BLOCK_WRITE].bytes, 1024);
	assert_int_equal(blk->count[BLOCK_FLUSH].done, 1);
	assert_int_equal(page.disk[0].done, 3);
	assert_int_equal(page.disk[0].errors, 0);
	assert_int_equal(page.disk[0].in_flight, 0);
}

/* O_DIRECT does not take these: odd addresses, odd pieces, more than the bounce buffer. */
static void unaligned_buffers(void **state)
{
	struct piece p[] = {
		{DATA + 1, 100, true}, {DATA + 4099, 412, true}, {DATA + 8192, 512, true}};
	const unsigned big = 300 * 512;
	uint8_t *buf = malloc(big);

	assert_int_equal(request(VIRTIO_BLK_T_IN, 7, p, 3), VIRTIO_BLK_S_OK);
	check_pattern(DATA + 1, 7 * 512, 100);
	check_pattern(DATA + 4099, 7 * 512 + 100, 412);
	check_pattern(DATA + 8192, 8 * 512, 512);
	assert_int_equal(one(VIRTIO_BLK_T_IN, 0, DATA + 3, big, true), VIRTIO_BLK_S_OK);
	check_pattern(DATA + 3, 0, big);
	assert_int_equal(one(VIRTIO_BLK_T_OUT, 1000, DATA + 3, big, false), VIRTIO_BLK_S_OK);
	on_image(1000 * 512, buf, big);
	for (unsigned i = 0; i < big; i++)
		assert_int_equal(buf[i], pattern(i));
	free(buf);
}

static void many_in_flight(void **state)
{
	unsigned seen = 0;

	for (unsigned i = 0; i < 16; i++) {
		struct piece p = {DATA + i * 4096, 4096, true};

		post(i, VIRTIO_BLK_T_IN, i * 8, &p, 1);
	}
	drv_kick(&d);
	for (unsigned i = 0; i < 16; i++) {
		uint32_t id, len;

		assert_true(drv_wait(&d, &id, &len));
		assert_int_equal(len, 4097);
		seen |= 1U << id / 3;
	}
	assert_int_equal(seen, 0xffff);
	for (unsigned i = 0; i < 16; i++) {
		assert_int_equal(*(uint8_t *)drv_at(STATUS + i), VIRTIO_BLK_S_OK);
		check_pattern(DATA + i * 4096, i * 4096, 4096);
	}
	assert_int_equal(rig_unreported(), -1);
}

static void zeroes_and_discard(void **state)
{
	struct virtio_blk_discard_write_zeroes r = {.sector = 16, .num_sectors = 32};
	uint8_t buf[34 * 512];
	struct stat before, after;

	drv_put(DATA, &r, sizeof(r));
	assert_int_equal(one(VIRTIO_BLK_T_WRITE_ZEROES, 0, DATA, 16, false), VIRTIO_BLK_S_OK);
	on_image(15 * 512, buf, sizeof(buf));
	assert_int_equal(buf[511], pattern(15 * 512 + 511));
	for (unsigned i = 512; i < 33 * 512; i++)
		assert_int_equal(buf[i], 0);
	assert_int_equal(buf[33 * 512], pattern(48 * 512));
	/* The same where the file system cannot: zeroes are written. */
	blk->block.no_zero_range = true;
	r = (struct virtio_blk_discard_write_zeroes){.sector = 512, .num_sectors = 300};
	drv_put(DATA, &r, sizeof(r));
	assert_int_equal(one(VIRTIO_BLK_T_WRITE_ZEROES, 0, DATA, 16, false), VIRTIO_BLK_S_OK);
	on_image(512 * 512 + 299 * 512, buf, 1024);
	assert_int_equal(buf[511], 0);
	assert_int_equal(buf[512], pattern(812 * 512));
	/* A discard gives the blocks back. */
	stat(image, &before);
	r = (struct virtio_blk_discard_write_zeroes){.sector = 1024, .num_sectors = 512};
	drv_put(DATA, &r, sizeof(r));
	assert_int_equal(one(VIRTIO_BLK_T_DISCARD, 0, DATA, 16, false), VIRTIO_BLK_S_OK);
	stat(image, &after);
	assert_true(after.st_blocks < before.st_blocks);
	assert_int_equal(after.st_size, before.st_size);
}

static void serial(void **state)
{
	assert_int_equal(one(VIRTIO_BLK_T_GET_ID, 0, DATA, 20, true), VIRTIO_BLK_S_OK);
	assert_memory_equal(drv_at(DATA), "a-serial-of-20-bytes", 20);
	assert_int_equal(one(VIRTIO_BLK_T_GET_ID, 0, DATA, 19, true), VIRTIO_BLK_S_IOERR);
}

static void what_is_not_on_the_disk(void **state)
{
	static const struct {
		uint32_t type;
		uint64_t sector;
		uint32_t len;
	} row[] = {
		{VIRTIO_BLK_T_IN, SECTORS, 512},
		{VIRTIO_BLK_T_IN, SECTORS - 1, 1024},
		{VIRTIO_BLK_T_OUT, SECTORS - 1, 1024},
		{VIRTIO_BLK_T_IN, ~0ULL, 512},
		{VIRTIO_BLK_T_IN, 1ULL << 55, 512}, /* times 512: 0 again */
		{VIRTIO_BLK_T_OUT, 0, 100},
		{VIRTIO_BLK_T_IN, 0, 511},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		assert_int_equal(one(row[i].type, row[i].sector, DATA, row[i].len,
				     row[i].type == VIRTIO_BLK_T_IN),
				 VIRTIO_BLK_S_IOERR);
	/* The guest's fault, not the disk's: no event. */
	assert_int_equal(rig.events, 0);
	assert_int_equal(one(77, 0, DATA, 512, true), VIRTIO_BLK_S_UNSUPP);
}

static void wrong_ranges(void **state)
{
	static const struct {
		uint32_t type;
		struct virtio_blk_discard_write_zeroes r;
		uint32_t len;
		uint8_t status;
	} row[] = {
		{VIRTIO_BLK_T_DISCARD, {SECTORS, 1, 0}, 16, VIRTIO_BLK_S_IOERR},
		{VIRTIO_BLK_T_DISCARD, {~0ULL, 2, 0}, 16, VIRTIO_BLK_S_IOERR},
		{VIRTIO_BLK_T_DISCARD, {0, 0xffffffff, 0}, 16, VIRTIO_BLK_S_IOERR},
		{VIRTIO_BLK_T_WRITE_ZEROES, {0, 0x10000, 0}, 16, VIRTIO_BLK_S_IOERR},
		{VIRTIO_BLK_T_DISCARD, {0, 8, 1}, 16, VIRTIO_BLK_S_UNSUPP},
		{VIRTIO_BLK_T_WRITE_ZEROES, {0, 8, 2}, 16, VIRTIO_BLK_S_UNSUPP},
		{VIRTIO_BLK_T_DISCARD, {0, 8, 0}, 32, VIRTIO_BLK_S_UNSUPP},
		{VIRTIO_BLK_T_DISCARD, {0, 8, 0}, 15, VIRTIO_BLK_S_UNSUPP},
		{VIRTIO_BLK_T_DISCARD, {0, 0, 0}, 16, VIRTIO_BLK_S_OK},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		drv_put(DATA, &row[i].r, sizeof(row[i].r));
		assert_int_equal(one(row[i].type, 0, DATA, row[i].len, false), row[i].status);
	}
}

static void requests_without_shape(void **state)
{
	struct piece no_status[] = {{HEADER, 16, false}};
	struct piece short_header[] = {{HEADER, 15, false}, {STATUS, 1, true}};
	struct piece *bad[] = {no_status, short_header};

	for (unsigned i = 0; i < 2; i++) {
		drv_add(&d, bad[i], i + 1);
		drv_kick(&d);
		rig_run(20);
		assert_true(reg_read(&blk->v, R_STATUS, 1) & VIRTIO_CONFIG_S_NEEDS_RESET);
		memset(drv_at(RINGS), 0, 0x4000);
		memset(rig.shadow + RINGS, 0, 0x4000);
		drv_negotiate(&blk->v, blk->v.features);
		drv_queue(&d, &blk->v, 0, 64, RINGS);
		drv_ok(&blk->v);
	}
	assert_int_equal(one(VIRTIO_BLK_T_IN, 0, DATA, 512, true), VIRTIO_BLK_S_OK);
}

static void readonly_disk(void **state)
{
	uint8_t buf[512];

	assert_true(blk->v.features & F(VIRTIO_BLK_F_RO));
	assert_int_equal(one(VIRTIO_BLK_T_IN, 3, DATA + 1, 512, true), VIRTIO_BLK_S_OK);
	check_pattern(DATA + 1, 3 * 512, 512);
	fill(DATA, 512, 0);
	assert_int_equal(one(VIRTIO_BLK_T_OUT, 3, DATA, 512, false), VIRTIO_BLK_S_IOERR);
	on_image(3 * 512, buf, 512);
	assert_int_equal(buf[1], pattern(3 * 512 + 1));
	assert_int_equal(one(VIRTIO_BLK_T_FLUSH, 0, DATA, 0, false), VIRTIO_BLK_S_OK);
	drv_put(DATA, &(struct virtio_blk_discard_write_zeroes){0, 8, 0}, 16);
	assert_int_equal(one(VIRTIO_BLK_T_DISCARD, 0, DATA, 16, false), VIRTIO_BLK_S_UNSUPP);
}

/* The image is cut short under us: what is gone is an error, to the guest and to the operator. */
static void errors_reach_both(void **state)
{
	const char *device = NULL, *operation = NULL;

	assert_int_equal(truncate(image, 512 * 1024), 0);
	assert_int_equal(one(VIRTIO_BLK_T_IN, 0, DATA, 512, true), VIRTIO_BLK_S_OK);
	assert_int_equal(one(VIRTIO_BLK_T_IN, 1500, DATA, 512, true), VIRTIO_BLK_S_IOERR);
	assert_int_equal(rig.events, 1);
	assert_string_equal(rig.event, "BLOCK_IO_ERROR");
	json_unpack(rig.event_data, "{s:s, s:s}", "device", &device, "operation", &operation);
	assert_string_equal(device, "vda");
	assert_string_equal(operation, "read");
	/* A flood is counted, not sent. */
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(one(VIRTIO_BLK_T_IN, 1500, DATA, 512, true), VIRTIO_BLK_S_IOERR);
	assert_int_equal(rig.events, 1);
	assert_int_equal(blk->count[BLOCK_READ].failed, 6);
	assert_int_equal(page.disk[0].errors, 6);
	rig_timers(100000000);
	assert_int_equal(rig.events, 2);
	assert_int_equal(json_integer_value(json_object_get(rig.event_data, "x-taiki-errors")), 5);
}

/* A reset while requests are in flight is done when they are. */
static void reset_in_flight(void **state)
{
	for (unsigned i = 0; i < 16; i++) {
		struct piece p = {DATA + i * 4096, 4096, true};

		post(i, VIRTIO_BLK_T_IN, i * 8, &p, 1);
	}
	drv_kick(&d);
	blk->v.queue[0].kick.ready(&blk->v.queue[0].kick, 1);
	assert_int_equal(blk->inflight, 16);
	assert_int_equal(page.disk[0].in_flight, 16);
	reg_write(&blk->v, R_STATUS, 1, 0);
	assert_int_not_equal(reg_read(&blk->v, R_STATUS, 1), 0);
	while (blk->inflight)
		rig_run(10);
	assert_int_equal(page.disk[0].in_flight, 0);
	assert_int_equal(reg_read(&blk->v, R_STATUS, 1), 0);
	assert_false(drv_used(&d, NULL, NULL));
	assert_int_equal(rig_unreported(), -1);
}

static void resizing(void **state)
{
	struct hv_error err;

	assert_int_equal(virtio_blk_resize("vdz", 1 << 20, &err), -ENOENT);
	assert_int_equal(virtio_blk_resize("vda", 1000, &err), -EINVAL);
	assert_int_equal(virtio_blk_resize("vda", 512, &err), -EINVAL);
	assert_int_equal(virtio_blk_resize("vda", 2 * SECTORS * 512, &err), 0);
	assert_int_equal(reg_read(&blk->v, R_CONFIG, 4), 2 * SECTORS);
	assert_int_equal(reg_read(&blk->v, R_ISR, 1) & 2, 2);
	assert_int_equal(one(VIRTIO_BLK_T_IN, 2 * SECTORS - 1, DATA, 512, true), VIRTIO_BLK_S_OK);
}

/* The lock is the description's: another one in the same process does not get it either. */
static void image_lock(void **state)
{
	struct hv_disk reader = disk;
	struct hv_error err;
	struct block b;
	char pid[24];

	assert_int_equal(block_open(&b, &disk, &err), -EAGAIN);
	assert_non_null(strstr(err.text, image));
	snprintf(pid, sizeof(pid), "process %d", getpid());
	assert_non_null(strstr(err.text, pid));
	reader.readonly = true;
	assert_int_equal(block_open(&b, &reader, &err), -EAGAIN);
	close(blk->block.fd);
	blk->block.fd = -1;
	assert_int_equal(block_open(&b, &disk, &err), 0);
	block_close(&b);
}

static void readers_share(void **state)
{
	struct hv_disk writer = disk;
	struct hv_error err;
	struct block b;

	assert_int_equal(block_open(&b, &disk, &err), 0);
	block_close(&b);
	writer.readonly = false;
	assert_int_equal(block_open(&b, &writer, &err), -EAGAIN);
}

static void bad_images(void **state)
{
	static const struct {
		const char *path;
		int rc;
	} row[] = {{"/nonexistent/x", -ENOENT}, {"/dev/null", -EINVAL}, {"/tmp", -EINVAL}};
	struct hv_disk other = {.target = (char *)"vdb"};
	struct hv_error err;
	struct block b;

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		other.path = (char *)row[i].path;
		assert_int_equal(block_open(&b, &other, &err), row[i].rc);
		assert_non_null(strstr(err.text, row[i].path));
	}
	assert_int_equal(truncate(image, 100), 0);
	block_close(&blk->block);
	assert_int_equal(block_open(&b, &disk, &err), -EINVAL);
	assert_non_null(strstr(err.text, "no sectors"));
}

static void guards(void **state)
{
	struct hv_disk g = disk;
	struct hv_error err;

	assert_int_equal(hv_guard_take(&g, "web", true, 0, 0, &err), 0);
	assert_int_equal(hv_guard_take(&g, "web", false, 0, 0, &err), -EPERM);
	assert_non_null(strstr(err.text, "stonith-enabled"));
	g.guard = HV_GUARD_MIRROR;
	assert_int_equal(hv_guard_take(&g, "web", false, 0, 0, &err), 0);
	g.guard = HV_GUARD_SCSI_PR;
	assert_int_equal(hv_guard_take(&g, "web", true, 0, 0, &err), -ENOTSUP);
	g.guard = HV_GUARD_LEASE; /* without lockspace and key */
	assert_int_equal(hv_guard_take(&g, "web", true, 0, 0, &err), -EINVAL);
	g.readonly = true;
	assert_int_equal(hv_guard_take(&g, "web", false, 0, 0, &err), 0);
}

/* Limit the disk; @n reads of 4 KiB wait or have begun. */
static void limit(enum hv_limit which, uint64_t rate)
{
	struct hv_limits l = {0};

	l.rate[which].avg = rate;
	assert_int_equal(virtio_blk_throttle("vda", &l, NULL), 0);
}

static void read_some(unsigned first, unsigned n)
{
	for (unsigned i = first; i < first + n; i++) {
		struct piece p = {DATA + i * 4096, 4096, true};

		post(i, VIRTIO_BLK_T_IN, i * 8, &p, 1);
	}
	drv_kick(&d);
	rig_run(5);
	while (blk->inflight)
		rig_run(5);
}

static unsigned answered(void)
{
	unsigned n = 0;

	while (drv_used(&d, NULL, NULL))
		n++;
	return n;
}

/* In steps: who comes late has missed what his bucket has no room for. */
static void pass_time(uint64_t ms)
{
	for (uint64_t step; ms; ms -= step) {
		step = ms < 10 ? ms : 10;
		rig_timers(step * 1000000);
		while (blk->inflight)
			rig_run(1);
	}
}

/* 10 a second, 1 (and the one that goes below the ground) at once. */
static void throttled(void **state)
{
	uint32_t id;

	limit(HV_IOPS_RD, 10);
	read_some(0, 10);
	assert_int_equal(blk->waits, 9);
	assert_int_equal(answered(), 1);
	/* What waits has not begun: nothing is owed, nothing is in flight. */
	assert_int_equal(blk->began, 0);
	assert_int_equal(page.disk[0].in_flight, 0);
	/* The other direction has no limit, and is not behind them. */
	fill(DATA + 0x80000, 512, 1);
	assert_int_equal(one(VIRTIO_BLK_T_OUT, 0, DATA + 0x80000, 512, false), VIRTIO_BLK_S_OK);
	/* In order, each in its turn. */
	for (unsigned i = 1; i < 10; i++) {
		pass_time(i == 1 ? 1 : 100);
		assert_true(drv_used(&d, &id, NULL));
		assert_int_equal(id, i * 3);
		assert_false(drv_used(&d, NULL, NULL));
		check_pattern(DATA + i * 4096, i == 0 ? 512 : i * 4096, 4096);
	}
	assert_int_equal(blk->waits, 0);
	assert_int_equal(blk->throttled, 9);
	assert_int_equal(rig_unreported(), -1);
}

static void throttled_by_bytes(void **state)
{
	limit(HV_BPS, 40960);
	read_some(0, 12);
	/* 4096 at once, and the one that goes below. */
	pass_time(1);
	assert_int_equal(answered(), 2);
	pass_time(500);
	assert_int_equal(answered(), 5);
	/* One limit for both: the older goes first, whichever way it goes. */
	fill(DATA + 0x80000, 512, 1);
	struct piece p = {DATA + 0x80000, 512, false};
	post(12, VIRTIO_BLK_T_OUT, 0, &p, 1);
	drv_kick(&d);
	rig_run(5);
	assert_int_equal(blk->waits, 6);
	pass_time(540);
	assert_int_equal(answered(), 5);
	assert_int_equal(blk->waits, 1);
	assert_non_null(blk->waiting[THROTTLE_WRITE]);
	pass_time(200);
	assert_int_equal(answered(), 1);
	/* A flush and a discard are requests, and move no bytes. */
	limit(HV_BPS, 1);
	assert_int_equal(one(VIRTIO_BLK_T_FLUSH, 0, DATA, 0, false), VIRTIO_BLK_S_OK);
	drv_put(DATA, &(struct virtio_blk_discard_write_zeroes){8, 1024, 0}, 16);
	assert_int_equal(one(VIRTIO_BLK_T_DISCARD, 0, DATA, 16, false), VIRTIO_BLK_S_OK);
	assert_int_equal(one(VIRTIO_BLK_T_FLUSH, 0, DATA, 0, false), VIRTIO_BLK_S_OK);
}

/* Changed and lifted while requests wait: in force at once. */
static void limits_change(void **state)
{
	struct hv_limits none = {0}, wrong = {.rate[HV_BPS].max = 1};
	struct hv_error err;

	assert_int_equal(virtio_blk_throttle("vdz", &none, &err), -ENOENT);
	assert_int_equal(virtio_blk_throttle("vda", &wrong, &err), -EINVAL);
	assert_non_null(strstr(err.text, "disk vda"));
	limit(HV_IOPS, 1);
	read_some(0, 16);
	assert_int_equal(answered(), 1);
	limit(HV_IOPS, 100);
	pass_time(101);
	assert_in_range(answered(), 10, 15);
	assert_int_equal(virtio_blk_throttle("vda", &none, &err), 0);
	while (blk->inflight)
		rig_run(5);
	assert_int_equal(blk->waits, 0);
	assert_in_range(answered(), 1, 5);
	read_some(0, 16);
	assert_int_equal(answered(), 16);
}

/* A stop does not wait for what has not begun, and begins none of it; cont does. */
static void stopped_while_throttled(void **state)
{
	limit(HV_IOPS, 10);
	read_some(0, 4);
	assert_int_equal(answered(), 1);
	blk->v.device.quiesce(&blk->v.device);
	assert_false(blk->v.device.busy(&blk->v.device));
	pass_time(1000);
	assert_int_equal(answered(), 0);
	blk->v.device.resume(&blk->v.device);
	rig_run(5);
	pass_time(1000);
	assert_int_equal(answered(), 3);
}

/* A reset is done at once, and what waited is gone: no answer of it, ever. */
static void reset_while_throttled(void **state)
{
	limit(HV_IOPS, 1);
	read_some(0, 16);
	assert_int_equal(blk->waits, 15);
	assert_int_equal(answered(), 1);
	reg_write(&blk->v, R_STATUS, 1, 0);
	assert_int_equal(reg_read(&blk->v, R_STATUS, 1), 0);
	assert_int_equal(blk->waits, 0);
	pass_time(5000);
	assert_int_equal(blk->inflight, 0);
	assert_int_equal(answered(), 0);
	assert_int_equal(rig_unreported(), -1);
	/* With one in flight the reset waits for that one alone. */
	memset(drv_at(RINGS), 0, 0x4000);
	memset(rig.shadow + RINGS, 0, 0x4000);
	drv_negotiate(&blk->v, blk->v.features);
	drv_queue(&d, &blk->v, 0, 64, RINGS);
	drv_ok(&blk->v);
	for (unsigned i = 0; i < 4; i++) {
		struct piece p = {DATA + i * 4096, 4096, true};

		post(i, VIRTIO_BLK_T_IN, i * 8, &p, 1);
	}
	drv_kick(&d);
	blk->v.queue[0].kick.ready(&blk->v.queue[0].kick, 1);
	assert_true(blk->inflight >= 1 && blk->waits >= 2);
	reg_write(&blk->v, R_STATUS, 1, 0);
	rig_timers(100000000000);
	while (blk->inflight)
		rig_run(5);
	assert_int_equal(reg_read(&blk->v, R_STATUS, 1), 0);
	assert_int_equal(blk->waits, 0);
	assert_false(drv_used(&d, NULL, NULL));
}

int main(void)
{
#define TEST(f)     cmocka_unit_test_setup_teardown(f, setup, teardown)
#define READONLY(f) cmocka_unit_test_setup_teardown(f, setup_readonly, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(configuration),
		TEST(reads_and_writes),
		TEST(unaligned_buffers),
		TEST(many_in_flight),
		TEST(zeroes_and_discard),
		TEST(serial),
		TEST(what_is_not_on_the_disk),
		TEST(wrong_ranges),
		TEST(requests_without_shape),
		READONLY(readonly_disk),
		TEST(errors_reach_both),
		TEST(reset_in_flight),
		TEST(resizing),
		TEST(image_lock),
		READONLY(readers_share),
		TEST(bad_images),
		TEST(guards),
		TEST(throttled),
		TEST(throttled_by_bytes),
		TEST(limits_change),
		TEST(stopped_while_throttled),
		TEST(reset_while_throttled),
	};
	int rc;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (!mkdtemp(dir))
		return 1;
	rc = cmocka_run_group_tests_name("virtio block", tests, NULL, NULL);
	rmdir(dir);
	return rc;
}
