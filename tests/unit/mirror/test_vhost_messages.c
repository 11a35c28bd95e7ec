// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages of a vhost-user front-end that are wrong: it is hung up on, or told no, and the next one is served. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "vhost_front.h"

static struct front f;

static void region(uint64_t gpa, uint64_t size, uint64_t uva, uint64_t offset, int fd)
{
	const struct vhost_wire_memory m = {.n = 1, .region[0] = {gpa, size, uva, offset}};

	front_say(&f, VHOST_SET_MEM_TABLE, 0, &m, 8 + sizeof(m.region[0]), &fd, 1);
}

static void vring(uint32_t request, uint32_t index, uint32_t num)
{
	const struct vhost_wire_vring v = {index, num};

	front_say(&f, request, 0, &v, sizeof(v), NULL, 0);
}

static void number(uint32_t request, uint64_t n)
{
	front_say(&f, request, 0, &n, sizeof(n), NULL, 0);
}

static int file(unsigned seals, unsigned flags)
{
	int fd = memfd_create("m", MFD_ALLOW_SEALING | flags);

	assert_int_equal(ftruncate(fd, 4 << 20), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static void no_such_message(void)
{
	front_say(&f, 200, 0, NULL, 0, NULL, 0);
}

static void log_that_was_not_offered(void)
{
	front_say(&f, 6, 0, "12345678", 8, NULL, 0);
}

static void another_version(void)
{
	front_say(&f, VHOST_GET_FEATURES, 2, NULL, 0, NULL, 0);
}

static void an_answer(void)
{
	front_say(&f, VHOST_GET_FEATURES, 4, NULL, 0, NULL, 0);
}

static void too_short(void)
{
	front_say(&f, VHOST_SET_FEATURES, 0, "1234", 4, NULL, 0);
}

static void too_long(void)
{
	static const char much[4096];

	front_say(&f, VHOST_SET_CONFIG, 0, much, sizeof(much), NULL, 0);
}

static void descriptors_nobody_wants(void)
{
	front_say(&f, VHOST_SET_OWNER, 0, NULL, 0, (int[]){0, 0}, 2);
}

static void more_descriptors_than_any_has(void)
{
	front_say(&f, VHOST_SET_OWNER, 0, NULL, 0, (int[]){0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 10);
}

static void features_not_offered(void)
{
	number(VHOST_SET_FEATURES, UINT64_MAX);
}

static void protocol_not_offered(void)
{
	number(VHOST_SET_PROTOCOL_FEATURES, 1ULL << 40);
}

static void memory_that_could_shrink(void)
{
	int fd = file(0, 0);

	region(0, 4 << 20, FRONT_UVA, 0, fd);
	close(fd);
}

static void memory_that_is_no_memfd(void)
{
	int fd = open("/proc/self/exe", O_RDONLY);

	region(0, 4096, FRONT_UVA, 0, fd);
	close(fd);
}

static void memory_that_cannot_be_written(void)
{
	int fd = file(F_SEAL_SHRINK | F_SEAL_WRITE, 0);

	region(0, 4096, FRONT_UVA, 0, fd);
	close(fd);
}

static void behind_the_end_of_its_file(void)
{
	region(0, FRONT_MEMORY, FRONT_UVA, 4096, f.memory);
}

static void around_the_end(void)
{
	region(UINT64_MAX - 4095, 8192, FRONT_UVA, 0, f.memory);
}

static void around_the_end_of_the_front_end(void)
{
	region(0, 8192, UINT64_MAX - 4095, 0, f.memory);
}

static void around_the_end_of_the_file(void)
{
	region(0, 8192, FRONT_UVA, UINT64_MAX - 4095, f.memory);
}

static void an_empty_region(void)
{
	region(0, 0, FRONT_UVA, 0, f.memory);
}

static void regions_without_descriptors(void)
{
	const struct vhost_wire_memory m = {.n = 8};

	front_say(&f, VHOST_SET_MEM_TABLE, 0, &m, sizeof(m), &f.memory, 1);
}

static void a_ring_there_is_not(void)
{
	vring(VHOST_SET_VRING_NUM, VHOST_QUEUES_MAX, 64);
}

static void a_ring_of_65(void)
{
	vring(VHOST_SET_VRING_NUM, 0, 65);
}

static void a_ring_of_none(void)
{
	vring(VHOST_SET_VRING_NUM, 0, 0);
}

static void a_ring_of_too_many(void)
{
	vring(VHOST_SET_VRING_NUM, 0, 32768);
}

static void a_base_there_is_not(void)
{
	vring(VHOST_SET_VRING_BASE, 0, 65536);
}

static void a_kick_that_is_a_pipe(void)
{
	const uint64_t index = 0;
	int p[2];

	assert_int_equal(pipe(p), 0);
	front_say(&f, VHOST_SET_VRING_KICK, 0, &index, 8, &p[0], 1);
	close(p[0]);
	close(p[1]);
}

static void a_kick_that_is_none(void)
{
	number(VHOST_SET_VRING_KICK, 0x100);
}

static void a_call_without_its_descriptor(void)
{
	number(VHOST_SET_VRING_CALL, 0);
}

static void records(uint64_t size, uint16_t queues, int fd)
{
	const struct vhost_wire_inflight x = {.size = size, .queues = queues, .ring = 64};

	front_say(&f, VHOST_SET_INFLIGHT_FD, 0, &x, sizeof(x), &fd, 1);
}

static void records_that_could_shrink(void)
{
	int fd = file(0, 0);

	records(vhost_records_size(64), 1, fd);
	close(fd);
}

static void records_without_room(void)
{
	records(64, 1, f.memory);
}

static void records_for_no_ring(void)
{
	records(0, 0, f.memory);
}

static void records_without_their_descriptor(void)
{
	const struct vhost_wire_inflight x = {
		.size = vhost_records_size(64), .queues = 1, .ring = 64};

	front_say(&f, VHOST_SET_INFLIGHT_FD, 0, &x, sizeof(x), NULL, 0);
}

static void (*const wrongs[])(void) = {
	no_such_message,
	log_that_was_not_offered,
	another_version,
	an_answer,
	too_short,
	too_long,
	descriptors_nobody_wants,
	more_descriptors_than_any_has,
	features_not_offered,
	protocol_not_offered,
	memory_that_could_shrink,
	memory_that_is_no_memfd,
	memory_that_cannot_be_written,
	behind_the_end_of_its_file,
	around_the_end,
	around_the_end_of_the_front_end,
	around_the_end_of_the_file,
	an_empty_region,
	regions_without_descriptors,
	a_ring_there_is_not,
	a_ring_of_65,
	a_ring_of_none,
	a_ring_of_too_many,
	a_base_there_is_not,
	a_kick_that_is_a_pipe,
	a_kick_that_is_none,
	a_call_without_its_descriptor,
	records_that_could_shrink,
	records_without_room,
	records_for_no_ring,
	records_without_their_descriptor,
};

static int begin(void **state)
{
	back_new();
	back_start(true);
	return 0;
}

static int end(void **state)
{
	front_end(&f);
	back_end();
	return 0;
}

static void who_talks_nonsense_is_sent_away(void **state)
{
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		front_connect(&f);
		front_begin(&f);
		front_stop(&f);
		wrongs[i]();
		if (!front_is_hung_up(&f))
			fail_msg("message %zu is taken", i);
		front_leave(&f);
	}
	front_connect(&f);
	front_begin(&f);
	assert_int_equal(front_do(&f, VIRTIO_BLK_T_IN, 0, FRONT_DATA, 512, 1, 0), 0);
	assert_true(back_lives());
}

static void who_asks_is_told(void **state)
{
	static const uint8_t nothing[12 + 4];
	uint64_t r = 9;

	front_connect(&f);
	front_begin(&f);
	front_say(&f, VHOST_SET_OWNER, 8, NULL, 0, NULL, 0);
	assert_true(front_hear(&f, VHOST_SET_OWNER, &r, sizeof(r), NULL) && r == 0);
	front_say(&f, VHOST_SET_CONFIG, 8, nothing, sizeof(nothing), NULL, 0);
	assert_true(front_hear(&f, VHOST_SET_CONFIG, &r, sizeof(r), NULL) && r == 1);
	front_say(&f, VHOST_RESET_DEVICE, 8, NULL, 0, NULL, 0);
	assert_true(front_hear(&f, VHOST_RESET_DEVICE, &r, sizeof(r), NULL) && r == 0);
}

/* Memory that is mapped anew elsewhere while the ring runs. */
static void memory_moves_under_a_ring(void **state)
{
	const struct vhost_wire_memory m = {.n = 2,
					    .region = {{0, FRONT_DATA, FRONT_UVA, 0},
						       {FRONT_DATA, FRONT_MEMORY - FRONT_DATA,
							FRONT_UVA + FRONT_DATA, FRONT_DATA}}};

	front_connect(&f);
	front_begin(&f);
	memset(f.mem + FRONT_DATA - 4096, 'm', 8192);
	assert_int_equal(front_do(&f, VIRTIO_BLK_T_OUT, 0, FRONT_DATA - 4096, 8192, 1, 0), 0);
	front_say(&f, VHOST_SET_MEM_TABLE, 0, &m, 8 + 2 * sizeof(m.region[0]),
		  (int[]){f.memory, f.memory}, 2);
	memset(f.mem + FRONT_DATA - 4096, 0, 8192);
	/* in two regions */
	assert_int_equal(front_do(&f, VIRTIO_BLK_T_IN, 0, FRONT_DATA - 4096, 8192, 1, 0), 0);
	assert_true(f.mem[FRONT_DATA - 4096] == 'm' && f.mem[FRONT_DATA + 4095] == 'm');
	region(0, 4096, FRONT_UVA, 0, f.memory);
	assert_true(front_is_stopped(&f));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_talks_nonsense_is_sent_away, begin, end),
		cmocka_unit_test_setup_teardown(who_asks_is_told, begin, end),
		cmocka_unit_test_setup_teardown(memory_moves_under_a_ring, begin, end),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("vhost_messages", tests, NULL, NULL);
}
