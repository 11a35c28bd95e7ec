/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A standby's disk: closed whatever the guest does, opened once by what is handed over. */
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
#include <unistd.h>
#include <cmocka.h>

#include "hvcore/lib/served.h"
#include "hvcore/vmm/progress.h"
#include "hvcore/vmm/virtio/blk.h"
#include "hvcore/vmm/virtio/devices.h"
#include "tests/unit/virtio/driver.h"

enum { RINGS = 0x10000, HEADER = 0x20000, STATUS = 0x20100, DATA = 0x40000, BYTES = 1 << 20 };

static char dir[] = "/var/tmp/gate-test-XXXXXX";
static char image[64], other[64];
static struct hv_disk disk, second_disk;
static struct drv d;
static struct blk *blk, *second;
static struct hv_progress page;
static uint64_t tickets = 100;

static void make_image(const char *path)
{
	uint8_t *all = malloc(BYTES);
	FILE *f = fopen(path, "w");

	memset(all, 0xa5, BYTES);
	assert_non_null(f);
	assert_int_equal(fwrite(all, 1, BYTES, f), BYTES);
	assert_int_equal(fclose(f), 0);
	free(all);
}

/* Each on files of its own: the kernel may still be letting go of the last request, and with it of the lock. */
static int setup_disk(bool readonly, unsigned block_size)
{
	static unsigned number;
	struct hv_error err;

	snprintf(image, sizeof(image), "%s/image%u", dir, ++number);
	snprintf(other, sizeof(other), "%s/other%u", dir, number);
	rig_init();
	memset(&page, 0, sizeof(page));
	board.progress = &page;
	rig.answered = 0;
	make_image(image);
	make_image(other);
	disk = (struct hv_disk){.path = image,
				.target = (char *)"vdb",
				.serial = (char *)"gated",
				.discard = true,
				.readonly = readonly,
				.block_size = block_size,
				.guard = HV_GUARD_FENCING};
	second_disk = disk;
	second_disk.path = other;
	second_disk.target = (char *)"vdc";
	/* Not even the cluster's fencing is asked for: nothing is claimed yet. */
	if (virtio_blk_create(&second_disk, "web@twin", false, true, &err))
		return -1;
	second = (struct blk *)rig.device;
	if (virtio_blk_create(&disk, "web@twin", false, true, &err))
		return -1;
	blk = (struct blk *)rig.device;
	drv_negotiate(rig.device, rig.device->features);
	drv_queue(&d, rig.device, 0, 64, RINGS);
	drv_ok(rig.device);
	return 0;
}

static int setup(void **state)
{
	return setup_disk(false, 0);
}

static int setup_readonly(void **state)
{
	return setup_disk(true, 0);
}

static int setup_large_blocks(void **state)
{
	return setup_disk(false, 4096);
}

static void destroy(struct blk *b)
{
	struct virtq *q = b->v.queue;

	loop_del(&q->kick);
	close(q->kick.fd);
	free(q);
	block_close(&b->block);
	free(b);
}

static int teardown(void **state)
{
	rig_run(10);
	destroy(blk);
	destroy(second);
	blk_list = NULL;
	json_decref(rig.event_data);
	rig.event_data = NULL;
	return unlink(image) || unlink(other);
}

/* One request of @len bytes of data to its end; the status byte. */
static uint8_t request(uint32_t type, const void *out, uint32_t len, bool in)
{
	struct virtio_blk_outhdr h = {.type = type};
	struct piece p[3] = {{HEADER, 16, false}, {DATA, len, in}, {STATUS, 1, true}};
	uint8_t unset = 0xee;
	uint32_t id, used;

	drv_put(HEADER, &h, sizeof(h));
	drv_put(STATUS, &unset, 1);
	if (out)
		drv_put(DATA, out, len);
	if (!len)
		p[1] = p[2];
	drv_add(&d, p, len ? 3 : 2);
	drv_kick(&d);
	assert_true(drv_wait(&d, &id, &used));
	assert_int_equal(rig_unreported(), -1);
	return *(uint8_t *)drv_at(STATUS);
}

static uint64_t capacity(void)
{
	return reg_read(&blk->v, R_CONFIG, 4) | reg_read(&blk->v, R_CONFIG + 4, 4) << 32;
}

static const struct served no_server = {.how = SERVED_NOT};

static int hand_over(const char *target, int fd, struct hv_error *err)
{
	return virtio_blk_open_gate(target, fd, &no_server, ++tickets, err);
}

static bool answered(void *arg)
{
	return rig.answered == tickets;
}

static int open_image(int flags)
{
	int fd = open(image, flags | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static bool is_free(void *arg)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return fcntl(*(int *)arg, F_OFD_GETLK, &lock) == 0 && lock.l_type == F_UNLCK;
}

static void open_gate(void)
{
	struct hv_error err;

	assert_int_equal(hand_over("vdb", open_image(O_RDWR | O_DIRECT), &err), 0);
	assert_true(rig_run_until(answered, NULL, RIG_PATIENCE_MS));
	assert_int_equal(rig.answer_rc, 0);
}

/* query-block of "vdb" says so. */
static void expect_gate(const char *state, bool inserted)
{
	json_t *all = virtio_blk_query(), *one = json_array_get(all, 1);

	assert_string_equal(json_string_value(json_object_get(one, "x-taiki-gate")), state);
	assert_int_equal(json_object_get(one, "inserted") != NULL, inserted);
	json_decref(all);
}

static void closed_whatever_the_guest_does(void **state)
{
	struct virtio_blk_discard_write_zeroes range = {.num_sectors = 8};
	struct hv_error err;
	uint8_t block[512] = {1};
	struct stat before, after;

	assert_int_equal(stat(image, &before), 0);
	assert_int_equal(capacity(), 0);
	assert_int_equal(request(VIRTIO_BLK_T_IN, NULL, 512, true), VIRTIO_BLK_S_IOERR);
	assert_int_equal(request(VIRTIO_BLK_T_IN, NULL, 0, true), VIRTIO_BLK_S_IOERR);
	assert_int_equal(request(VIRTIO_BLK_T_OUT, block, 512, false), VIRTIO_BLK_S_IOERR);
	assert_int_equal(request(VIRTIO_BLK_T_OUT, NULL, 0, false), VIRTIO_BLK_S_IOERR);
	assert_int_equal(request(VIRTIO_BLK_T_FLUSH, NULL, 0, false), VIRTIO_BLK_S_IOERR);
	assert_int_equal(request(VIRTIO_BLK_T_DISCARD, &range, sizeof(range), false),
			 VIRTIO_BLK_S_IOERR);
	assert_int_equal(request(VIRTIO_BLK_T_WRITE_ZEROES, &range, sizeof(range), false),
			 VIRTIO_BLK_S_IOERR);
	assert_int_equal(request(0x7777, block, 512, false), VIRTIO_BLK_S_IOERR);
	assert_int_equal(blk->gate.refused, 8);
	/* Which disk it is it may know. */
	assert_int_equal(request(VIRTIO_BLK_T_GET_ID, NULL, 20, true), VIRTIO_BLK_S_OK);
	assert_string_equal(drv_at(DATA), "gated");
	/* Neither faults of the guest, nor failures of a disk. */
	assert_int_equal(rig.faults, 0);
	assert_int_equal(rig.events, 0);
	assert_int_equal(blk->failed, 0);
	expect_gate("closed", false);
	assert_int_equal(virtio_blk_resize("vdb", 2 * BYTES, &err), -ENOMEDIUM);
	assert_int_equal(stat(image, &after), 0);
	assert_int_equal(memcmp(&before.st_mtim, &after.st_mtim, sizeof(before.st_mtim)), 0);
}

static void opened_and_seen(void **state)
{
	uint64_t generation = reg_read(&blk->v, R_GENERATION, 1);
	int fired = (int)rig.intx_raised;
	uint8_t block[512];

	memset(block, 0x5a, sizeof(block));
	rig.now += 12345;
	open_gate();
	assert_int_equal(rig.events, 1);
	assert_string_equal(rig.event, "X_TAIKI_GATE");
	assert_string_equal(json_string_value(json_object_get(rig.event_data, "device")), "vdb");
	assert_string_equal(json_string_value(json_object_get(rig.event_data, "state")), "open");
	assert_int_equal(json_integer_value(json_object_get(rig.event_data, "size")), BYTES);
	assert_int_equal(rig.intx_raised, fired + 1);
	assert_int_equal(reg_read(&blk->v, R_ISR, 1), 2); /* the configuration's */
	assert_int_not_equal(reg_read(&blk->v, R_GENERATION, 1), generation);
	expect_gate("open", true);
	/* Other fields, and half of it, are no acknowledgement. */
	reg_read(&blk->v, R_CONFIG + 8, 4);
	reg_read(&blk->v, R_CONFIG, 4);
	assert_int_equal(rig.events, 1);
	rig.now += 777;
	assert_int_equal(capacity(), BYTES / 512);
	assert_int_equal(rig.events, 2);
	assert_string_equal(json_string_value(json_object_get(rig.event_data, "state")), "seen");
	assert_int_equal(json_integer_value(json_object_get(rig.event_data, "ns")), 777);
	capacity();
	assert_int_equal(rig.events, 2);
	expect_gate("seen", true);
	/* It is a disk like any other now. */
	assert_int_equal(request(VIRTIO_BLK_T_IN, NULL, 512, true), VIRTIO_BLK_S_OK);
	assert_int_equal(*(uint8_t *)drv_at(DATA), 0xa5);
	assert_int_equal(request(VIRTIO_BLK_T_OUT, block, 512, false), VIRTIO_BLK_S_OK);
	assert_int_equal(request(VIRTIO_BLK_T_FLUSH, NULL, 0, false), VIRTIO_BLK_S_OK);
	int fd = open_image(O_RDONLY);
	assert_int_equal(pread(fd, block, 1, 511), 1);
	assert_int_equal(block[0], 0x5a);
	close(fd);
	/* A guest that starts over finds it open. */
	reg_write(&blk->v, R_STATUS, 1, 0);
	assert_int_equal(capacity(), BYTES / 512);
	assert_int_equal(rig.events, 2);
}

static void the_guest_may_read_bytewise(void **state)
{
	open_gate();
	for (unsigned i = 0; i < 8; i++) {
		assert_int_equal(blk->gate.state, GATE_OPEN);
		reg_read(&blk->v, R_CONFIG + i, 1);
	}
	assert_int_equal(blk->gate.state, GATE_SEEN);
}

static void the_lock_is_the_disks(void **state)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	struct hv_error err;
	int fd = open_image(O_RDWR | O_DIRECT), late = open_image(O_RDWR);

	/* Somebody else has it. */
	assert_int_equal(fcntl(late, F_OFD_SETLK, &lock), 0);
	assert_int_equal(hand_over("vdb", fd, &err), -EAGAIN);
	assert_non_null(strstr(err.text, "is locked by process"));
	assert_int_equal(blk->gate.state, GATE_CLOSED);
	close(late);
	/* The description that is handed over has it. */
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
	assert_int_equal(hand_over("vdb", fd, &err), 0);
	assert_true(rig_run_until(answered, NULL, RIG_PATIENCE_MS));
	late = open_image(O_RDWR);
	assert_int_equal(fcntl(late, F_OFD_SETLK, &lock), -1);
	close(late);
}

static void it_opens_once(void **state)
{
	struct hv_error err;
	int fd = open_image(O_RDWR | O_DIRECT);

	open_gate();
	assert_int_equal(hand_over("vdb", fd, &err), -EALREADY);
	assert_int_equal(hand_over("vdz", fd, &err), -ENOENT);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC); /* still the caller's */
	close(fd);
	blk->gate.state = GATE_NONE;
	assert_int_equal(hand_over("vdb", 0, &err), -EINVAL);
}

static void one_image_is_one_disk(void **state)
{
	struct hv_error err;
	int fd = open_image(O_RDWR | O_DIRECT), same = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	assert_int_equal(hand_over("vdb", fd, &err), 0);
	/* The very description: the lock would not mind. */
	assert_int_equal(hand_over("vdc", same, &err), -EBUSY);
	assert_non_null(strstr(err.text, "is disk vdb already"));
	close(same);
	assert_int_equal(second->gate.state, GATE_CLOSED);
}

static void what_cannot_be_its_image(void **state)
{
	static const struct {
		const char *path;
		int flags;
		const char *why;
	} cases[] = {
		{image, O_RDONLY | O_DIRECT, "not open for reading and writing"},
		{image, O_WRONLY | O_DIRECT, "not open for reading and writing"},
		{image, O_RDWR, "not open with O_DIRECT"},
		{image, O_RDWR | O_DIRECT | O_APPEND, "O_APPEND"},
		{image, O_RDWR | O_DIRECT | O_NONBLOCK, "O_NONBLOCK"},
		{image, O_PATH, "O_PATH"},
		{dir, O_RDONLY | O_DIRECTORY, "neither a file nor a block device"},
		{"/dev/null", O_RDWR, "neither a file nor a block device"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int fd = open(cases[i].path, cases[i].flags | O_CLOEXEC);
		struct hv_error err;

		assert_true(fd >= 0);
		assert_int_equal(hand_over("vdb", fd, &err), -EINVAL);
		assert_non_null(strstr(err.text, cases[i].why));
		close(fd);
		assert_int_equal(blk->gate.state, GATE_CLOSED);
		assert_int_equal(blk->block.fd, -1);
		assert_int_equal(capacity(), 0);
	}
	assert_int_equal(rig.answered, 0);
	open_gate();
}

static void an_image_without_sectors(void **state)
{
	struct hv_error err;
	int fd = open_image(O_RDWR | O_DIRECT);

	assert_int_equal(ftruncate(fd, 511), 0);
	assert_int_equal(hand_over("vdb", fd, &err), -EINVAL);
	assert_non_null(strstr(err.text, "has no sectors"));
	close(fd);
	assert_int_equal(blk->gate.state, GATE_CLOSED);
}

static void (*real_done)(struct block_request *, int);
static int told;

static void other_result(struct block_request *r, int result)
{
	assert_int_equal(result, 0);
	real_done(r, told);
}

static void the_first_read_decides(void **state)
{
	static const struct {
		int rc;
		const char *says;
	} cases[] = {{-EINVAL, "larger than the 512 bytes"}, {-EIO, "cannot read image"}};

	for (size_t i = 0; i < 2; i++) {
		struct hv_error err;
		int fd = open_image(O_RDWR | O_DIRECT), again = open_image(O_RDWR | O_DIRECT);

		assert_int_equal(hand_over("vdb", fd, &err), 0);
		assert_int_equal(blk->gate.state, GATE_OPENING);
		expect_gate("opening", false);
		/* Closed to the guest as long as it lasts, and in nobody else's hand. */
		assert_int_equal(virtio_blk_open_gate("vdb", again, &no_server, 1, &err), -EBUSY);
		close(again);
		real_done = blk->gate.probe.done;
		blk->gate.probe.done = other_result;
		told = cases[i].rc;
		assert_true(rig_run_until(answered, NULL, RIG_PATIENCE_MS));
		assert_int_equal(rig.answer_rc, cases[i].rc);
		assert_non_null(strstr(rig.answer, cases[i].says));
		assert_int_equal(fcntl(fd, F_GETFD), -1);
		assert_int_equal(blk->gate.state, GATE_CLOSED);
		/* The lock goes with the read's own reference, which the kernel drops when it comes to it. */
		fd = open_image(O_RDWR);
		assert_true(rig_run_until(is_free, &fd, RIG_PATIENCE_MS));
		close(fd);
		assert_int_equal(capacity(), 0);
		assert_int_equal(request(VIRTIO_BLK_T_IN, NULL, 512, true), VIRTIO_BLK_S_IOERR);
		assert_int_equal(rig.events, 0);
	}
	open_gate();
	assert_int_equal(request(VIRTIO_BLK_T_IN, NULL, 512, true), VIRTIO_BLK_S_OK);
}

static uint32_t block_size(void)
{
	return (uint32_t)reg_read(&blk->v, R_CONFIG + offsetof(struct virtio_blk_config, blk_size),
				  4);
}

static void as_large_as_the_definition_says(void **state)
{
	struct hv_error err;
	int fd;

	/* Known before there is a disk, and the same when there is one. */
	assert_int_equal(block_size(), 4096);
	fd = open_image(O_RDWR | O_DIRECT);
	assert_int_equal(ftruncate(fd, 512), 0);
	assert_int_equal(hand_over("vdb", fd, &err), -EINVAL);
	assert_non_null(strstr(err.text, "smaller than a sector of 4096"));
	close(fd);
	make_image(image);
	fd = open_image(O_RDWR | O_DIRECT);
	assert_int_equal(ftruncate(fd, BYTES - 512), 0);
	assert_int_equal(hand_over("vdb", fd, &err), 0);
	assert_int_equal(blk->gate.probe.len, 4096);
	assert_true(rig_run_until(answered, NULL, RIG_PATIENCE_MS));
	assert_int_equal(rig.answer_rc, 0);
	assert_int_equal(block_size(), 4096);
	/* Whole blocks of it. */
	assert_int_equal(capacity(), (BYTES - 4096) / 512);
	assert_int_equal(request(VIRTIO_BLK_T_IN, NULL, 4096, true), VIRTIO_BLK_S_OK);
	assert_int_equal(*(uint8_t *)drv_at(DATA), 0xa5);
}

static void read_only(void **state)
{
	struct hv_error err;
	int fd = open_image(O_RDWR);

	assert_int_equal(hand_over("vdb", fd, &err), -EINVAL);
	assert_non_null(strstr(err.text, "is read-only"));
	close(fd);
	fd = open_image(O_RDONLY | O_DIRECT);
	assert_int_equal(hand_over("vdb", fd, &err), -EINVAL);
	close(fd);
	assert_int_equal(hand_over("vdb", open_image(O_RDONLY), &err), 0);
	assert_true(rig_run_until(answered, NULL, RIG_PATIENCE_MS));
	assert_int_equal(rig.answer_rc, 0);
	assert_int_equal(capacity(), BYTES / 512);
	assert_int_equal(request(VIRTIO_BLK_T_OUT, NULL, 512, false), VIRTIO_BLK_S_IOERR);
	assert_int_equal(request(VIRTIO_BLK_T_IN, NULL, 512, true), VIRTIO_BLK_S_OK);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(closed_whatever_the_guest_does),
		TEST(opened_and_seen),
		TEST(the_guest_may_read_bytewise),
		TEST(the_lock_is_the_disks),
		TEST(it_opens_once),
		TEST(one_image_is_one_disk),
		TEST(what_cannot_be_its_image),
		TEST(an_image_without_sectors),
		TEST(the_first_read_decides),
		cmocka_unit_test_setup_teardown(as_large_as_the_definition_says, setup_large_blocks,
						teardown),
		cmocka_unit_test_setup_teardown(read_only, setup_readonly, teardown),
	};
	int rc;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (!mkdtemp(dir))
		return 1;
	rc = cmocka_run_group_tests_name("virtio block gate", tests, NULL, NULL);
	rmdir(dir);
	return rc;
}
