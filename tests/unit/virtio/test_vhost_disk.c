/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A disk behind a vhost-user-blk server, which answers, goes, comes back, and does wrong. */
#include <errno.h>
#include <linux/virtio_blk.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "hvcore/lib/probe.h"
#include "hvcore/lib/served.h"
#include "hvcore/vmm/block/vhost.h"
#include "hvcore/vmm/progress.h"
#include "hvcore/vmm/virtio/devices.h"
#include "tests/unit/virtio/disk.h"
#include "tests/unit/virtio/vhost_server.h"

static char path[] = "/tmp/vhost-test-XXXXXX";
static struct hv_disk disk;
static struct hv_progress page;

static int create(enum server_fault fault, bool closed, struct hv_error *err)
{
	server_new();
	rig_init();
	memset(&page, 0, sizeof(page));
	board.progress = &page;
	server_begin(path, fault);
	return virtio_blk_create(&disk, "test", false, closed, err);
}

static void plug_gated(enum server_fault fault, bool closed)
{
	struct hv_error err;

	if (create(fault, closed, &err))
		fail_msg("%s", err.text);
	disk_plugged();
}

static void plug(enum server_fault fault)
{
	plug_gated(fault, false);
}

static int set_up(void **state)
{
	disk = (struct hv_disk){.path = path,
				.target = (char *)"vda",
				.vhost = true,
				.discard = true,
				.guard = HV_GUARD_MIRROR};
	return 0;
}

static int unplug(void **state)
{
	server_kill();
	disk_unplug();
	return 0;
}

static struct block_vhost *vhost(void)
{
	return blk->block.vhost;
}

/* ---- what is asked and answered ---- */

static void size_and_features(void **state)
{
	plug(NONE);
	assert_int_equal(reg_read(rig.device, R_CONFIG, 4), SERVER_BYTES / 2 / 512);
	assert_true(rig.device->features & F(VIRTIO_BLK_F_DISCARD));
	assert_int_equal(blk->block.align, 512);
	assert_true(vhost()->checked);
}

static void reads_and_writes(void **state)
{
	struct piece odd[3] = {
		{DATA + 1, 5, false}, {DATA + 100, 1000, false}, {DATA + 3000, 19, false}};
	uint8_t b[1024];
	uint32_t id;

	plug(NONE);
	assert_int_equal(request(VIRTIO_BLK_T_IN, 3, DATA, 4096, true), VIRTIO_BLK_S_OK);
	assert_memory_equal(drv_at(DATA), server->data + 3 * 512, 4096);
	for (unsigned i = 0; i < sizeof(b); i++)
		b[i] = (uint8_t)(i * 7);
	drv_put(DATA + 1, b, 5);
	drv_put(DATA + 100, b + 5, 1000);
	drv_put(DATA + 3000, b + 1005, 19);
	post(0, VIRTIO_BLK_T_OUT, 9, odd, 3);
	drv_kick(&d);
	assert_true(answered(&id));
	assert_int_equal(*(uint8_t *)drv_at(STATUS), VIRTIO_BLK_S_OK);
	assert_memory_equal(server->data + 9 * 512, b, sizeof(b));
	assert_int_equal(request(VIRTIO_BLK_T_FLUSH, 0, 0, 0, false), VIRTIO_BLK_S_OK);
	assert_int_equal(server->flushes, 1);
}

static void more_requests_than_slots(void **state)
{
	struct piece p = {DATA, 512, true};
	uint32_t id;

	plug(NONE);
	for (unsigned turn = 0; turn < 20; turn++) {
		for (unsigned i = 0; i < 16; i++)
			post(i, VIRTIO_BLK_T_IN, turn * 16 + i, &p, 1);
		drv_kick(&d);
		for (unsigned i = 0; i < 16; i++)
			assert_true(answered(&id));
	}
	assert_int_equal(server->reads, 320);
	assert_int_equal(rig_unreported(), -1);
}

static void pieces_are_given_in_turns(void **state)
{
	struct piece p[8];
	uint32_t id;

	plug(FEW_SEGMENTS);
	/* 8 KiB in eight pieces, three at once: a step ends where a sector does */
	for (unsigned i = 0; i < 8; i++)
		p[i] = (struct piece){DATA + i * 2048, i % 2 ? 1536 : 512, true};
	post(0, VIRTIO_BLK_T_IN, 7, p, 8);
	drv_kick(&d);
	assert_true(answered(&id));
	for (unsigned i = 0, off = 7 * 512; i < 8; i++) {
		assert_memory_equal(drv_at(p[i].addr), server->data + off, p[i].len);
		off += p[i].len;
	}
	assert_int_equal(server->segments, 3);
	assert_int_equal(server->reads, 3);
	/* what has no sector in three pieces is nothing that can be cut */
	for (unsigned i = 0; i < 4; i++)
		p[i] = (struct piece){DATA + i * 2048, 128, true};
	post(0, VIRTIO_BLK_T_IN, 7, p, 4);
	drv_kick(&d);
	assert_true(answered(&id));
	assert_int_equal(*(uint8_t *)drv_at(STATUS), VIRTIO_BLK_S_IOERR);
}

static bool is_zero(uint64_t off, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (server->data[off + i])
			return false;
	return true;
}

static void zeroes_and_discards(void **state)
{
	static const struct {
		enum server_fault fault;
		unsigned zeroes, writes, discards;
		uint8_t discard;
	} row[] = {
		{NONE, 1, 0, 1, VIRTIO_BLK_S_OK},
		{SMALL_RANGES, 25, 0, 2, VIRTIO_BLK_S_OK},
		{NO_ZEROES, 0, 4, 1, VIRTIO_BLK_S_OK},
		{NO_DISCARD, 1, 0, 0, VIRTIO_BLK_S_UNSUPP},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		plug(row[i].fault);
		assert_int_equal(range(VIRTIO_BLK_T_WRITE_ZEROES, 16, 400, 0), VIRTIO_BLK_S_OK);
		assert_true(is_zero(16 * 512, 400 * 512));
		assert_int_equal(range(VIRTIO_BLK_T_DISCARD, 1000, 32, 0), row[i].discard);
		assert_int_equal(server->zeroes, row[i].zeroes);
		assert_int_equal(server->writes, row[i].writes);
		assert_int_equal(server->discards, row[i].discards);
		unplug(NULL);
	}
}

static void errors_are_the_guests_to_see(void **state)
{
	plug(FAILS);
	assert_int_equal(request(VIRTIO_BLK_T_IN, 3, DATA, 512, true), VIRTIO_BLK_S_IOERR);
	assert_int_equal(blk->last_error, -EIO);
}

/* ---- a server that goes ---- */

/* As they are never answered, their memory is the test's to give back. */
static void forget_requests(void)
{
	struct block_vhost *v = vhost();

	for (unsigned i = 0; i < VHOST_SLOTS; i++)
		free(v->slot[i].r);
	while (v->waiting) {
		struct block_request *r = v->waiting;

		v->waiting = r->next;
		free(r);
	}
	blk->inflight = 0;
}

static bool is_down(void *arg)
{
	return !vhost()->up;
}

static void owes_for_ever(void **state)
{
	static const enum server_fault faults[] = {LEAVES, BAD_ID, BAD_STATUS};
	uint32_t used[2];

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct piece p = {DATA, 512, true};

		plug(faults[i]);
		post(0, VIRTIO_BLK_T_IN, 3, &p, 1);
		drv_kick(&d);
		assert_true(rig_run_until(is_down, NULL, RIG_PATIENCE_MS));
		assert_false(rig_run_until(is_used, used, 100));
		post(1, VIRTIO_BLK_T_IN, 3, &p, 1);
		drv_kick(&d);
		assert_false(rig_run_until(is_used, used, 100));
		assert_int_equal(blk->inflight, 2);
		forget_requests();
		unplug(NULL);
	}
}

static void answers_that_nobody_asked_for(void **state)
{
	static const enum server_fault faults[] = {TWICE, TOO_MANY};

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		plug(faults[i]);
		assert_int_equal(request(VIRTIO_BLK_T_FLUSH, 0, 0, 0, false), VIRTIO_BLK_S_OK);
		assert_true(rig_run_until(is_down, NULL, RIG_PATIENCE_MS));
		unplug(NULL);
	}
}

static bool holds(void *arg)
{
	return server->held >= *(unsigned *)arg;
}

static bool is_up(void *arg)
{
	return vhost()->up && vhost()->checked;
}

/* In flight when it went are three writes, and a flush that came while it was away. */
static void it_comes_back_and_is_asked_again(void **state)
{
	unsigned three = 3;
	uint32_t id;
	uint8_t b[512];

	disk.reconnect = 1;
	plug(NONE);
	server->hold = true;
	for (unsigned i = 0; i < 3; i++) {
		struct piece p = {DATA + i * 512, 512, false};

		memset(b, 0x10 + (int)i, sizeof(b));
		drv_put(p.addr, b, sizeof(b));
		post(i, VIRTIO_BLK_T_OUT, 40 + i, &p, 1);
	}
	drv_kick(&d);
	assert_true(rig_run_until(holds, &three, RIG_PATIENCE_MS));
	server_kill();
	memset(server->data, 0, sizeof(server->data));
	assert_true(rig_run_until(is_down, NULL, RIG_PATIENCE_MS));
	post(3, VIRTIO_BLK_T_FLUSH, 0, NULL, 0);
	drv_kick(&d);
	server->hold = false;
	server_begin(path, NONE);
	for (int i = 0; i < 4; i++)
		assert_true(answered(&id));
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(*(uint8_t *)drv_at(STATUS + i), VIRTIO_BLK_S_OK);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(server->data[(40 + i) * 512 + 511], 0x10 + i);
	assert_int_equal(server->flushes, 1);
	assert_int_equal(server->connections, 2);
	assert_int_equal(blk->failed, 0);
	assert_false(vhost()->away);
}

/* Each is refused, and the one after them is not. */
static void what_comes_back_has_to_be_the_same(void **state)
{
	static const enum server_fault faults[] = {HALF, READ_ONLY, NO_FLUSH, REFUSES_MEMORY};
	struct piece p = {DATA, 512, true};
	uint32_t used[2], id;

	disk.reconnect = 1;
	plug(NONE);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		server_kill();
		assert_true(rig_run_until(is_down, NULL, RIG_PATIENCE_MS));
		server_begin(path, faults[i]);
		if (!i) {
			post(0, VIRTIO_BLK_T_IN, 5, &p, 1);
			drv_kick(&d);
		}
		assert_false(rig_run_until(is_used, used, 1500));
		assert_false(is_up(NULL));
		assert_true(strlen(vhost()->why) > 0);
	}
	server_kill();
	server_begin(path, NONE);
	assert_true(answered(&id));
	assert_memory_equal(drv_at(DATA), server->data + 5 * 512, 512);
}

static void away_for_too_long(void **state)
{
	disk.reconnect = 1;
	plug(NONE);
	server_kill();
	unlink(path);
	assert_true(rig_run_until(is_down, NULL, RIG_PATIENCE_MS));
	rig_timers(59000000000);
	assert_false(vhost()->failed);
	rig_timers(1100000000);
	assert_true(vhost()->failed);
	assert_int_equal(request(VIRTIO_BLK_T_IN, 3, DATA, 512, true), VIRTIO_BLK_S_IOERR);
	server_begin(path, NONE);
	assert_true(rig_run_until(is_up, NULL, RIG_PATIENCE_MS));
	assert_int_equal(request(VIRTIO_BLK_T_IN, 3, DATA, 512, true), VIRTIO_BLK_S_OK);
}

/* ---- its size ---- */

static bool has_grown(void *arg)
{
	return reg_read(rig.device, R_CONFIG, 4) == SERVER_BYTES / 512;
}

static void it_grows_and_does_not_shrink(void **state)
{
	unsigned generation;

	plug(NONE);
	generation = (unsigned)reg_read(rig.device, R_GENERATION, 1);
	server->size = SERVER_BYTES;
	assert_true(rig_run_until(has_grown, NULL, RIG_PATIENCE_MS));
	assert_int_not_equal(reg_read(rig.device, R_GENERATION, 1), generation);
	assert_int_equal(request(VIRTIO_BLK_T_IN, SERVER_BYTES / 512 - 1, DATA, 512, true),
			 VIRTIO_BLK_S_OK);
	server->size = SERVER_BYTES / 2;
	assert_false(rig_run_until(is_down, NULL, 200));
	assert_true(has_grown(NULL));
}

static void it_has_grown_when_it_comes_back(void **state)
{
	disk.reconnect = 1;
	plug(NONE);
	server_kill();
	assert_true(rig_run_until(is_down, NULL, RIG_PATIENCE_MS));
	server->size = SERVER_BYTES;
	server_begin(path, NONE);
	assert_true(rig_run_until(has_grown, NULL, RIG_PATIENCE_MS));
}

static bool not_listened_to(void *arg)
{
	return vhost()->backend.fd < 0;
}

static void what_is_not_known_is_not_listened_to(void **state)
{
	plug(BACKEND_NOISE);
	assert_true(rig_run_until(not_listened_to, NULL, RIG_PATIENCE_MS));
	assert_int_equal(request(VIRTIO_BLK_T_IN, 3, DATA, 512, true), VIRTIO_BLK_S_OK);
}

static void it_is_resized_where_it_is(void **state)
{
	struct hv_error err;

	plug(NONE);
	assert_int_equal(block_resize(&blk->block, SERVER_BYTES, &err), -ENOTSUP);
}

/* ---- who does not let us in, or lets us in wrongly ---- */

static void refused(void **state)
{
	static const struct {
		enum server_fault fault;
		int rc;
		const char *says;
	} row[] = {
		{HANGS_UP, -ECONNRESET, "does not let us in"},
		{NO_INDIRECT, -ENOTSUP, "lacks what is needed"},
		{NO_CONFIG, -ENOTSUP, "lacks what is needed"},
		{NO_FLUSH, -ENOTSUP, "does not know flush"},
		{READ_ONLY, -EROFS, "read-only"},
		{HUGE_BLOCKS, -EPROTO, "as it is meant"},
		{EMPTY, -EINVAL, "no sectors"},
		{BAD_ANSWER, -EPROTO, "as it is meant"},
		{REFUSES_MEMORY, -EPROTO, "refuses the message 5"},
	};
	struct hv_error err;

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		int rc = create(row[i].fault, false, &err);

		if (rc != row[i].rc || !strstr(err.text, row[i].says) || !strstr(err.text, path))
			fail_msg("row %zu: %d, %s", i, rc, err.text);
		server_kill();
	}
	unlink(path);
	assert_int_equal(virtio_blk_create(&disk, "test", false, false, &err), -ENOENT);
	assert_non_null(strstr(err.text, "cannot be reached"));
}

/* ---- a standby's gate ---- */

static bool told(void *arg)
{
	return rig.answered;
}

static void a_gate_is_opened_with_a_connection(void **state)
{
	struct served s;
	struct hv_error err;
	uint8_t block[4096];
	int fd;

	plug_gated(NONE, true);
	rig.answered = 0;
	assert_int_equal(reg_read(rig.device, R_CONFIG, 4), 0);
	assert_int_equal(request(VIRTIO_BLK_T_IN, 0, DATA, 512, true), VIRTIO_BLK_S_IOERR);
	fd = served_dial(&disk, hv_clock_ms() + RIG_PATIENCE_MS, &s, &err);
	assert_true(fd >= 0);
	assert_int_equal(s.how, SERVED_VHOST);
	assert_int_equal(virtio_blk_open_gate("vda", fd, &s, 1, &err), 0);
	assert_true(rig_run_until(told, NULL, RIG_PATIENCE_MS));
	assert_int_equal(rig.answer_rc, 0);
	assert_int_equal(reg_read(rig.device, R_CONFIG, 4), SERVER_BYTES / 2 / 512);
	memset(block, 0x5a, sizeof(block));
	drv_put(DATA, block, sizeof(block));
	assert_int_equal(request(VIRTIO_BLK_T_OUT, 8, DATA, 4096, false), VIRTIO_BLK_S_OK);
	assert_int_equal(server->data[4096], 0x5a);
	assert_int_equal(virtio_blk_open_gate("vda", fd, &s, 2, &err), -EALREADY);
}

static void a_gate_stays_closed_to_what_will_not_do(void **state)
{
	struct served good, bad;
	struct hv_error err;
	int fd;

	plug_gated(NONE, true);
	rig.answered = 0;
	fd = served_dial(&disk, hv_clock_ms() + RIG_PATIENCE_MS, &good, &err);
	assert_true(fd >= 0);
	bad = good;
	bad.vhost.size = UINT64_MAX;
	assert_int_equal(virtio_blk_open_gate("vda", fd, &bad, 1, &err), -EINVAL);
	bad = good;
	bad.vhost.features &= ~(1ULL << VIRTIO_BLK_F_FLUSH);
	assert_int_equal(virtio_blk_open_gate("vda", fd, &bad, 1, &err), -ENOTSUP);
	bad = good;
	bad.vhost.block = 4096;
	assert_int_equal(virtio_blk_open_gate("vda", fd, &bad, 1, &err), -EINVAL);
	assert_non_null(strstr(err.text, "logical_block_size='4096'"));
	assert_int_equal(blk->gate.state, GATE_CLOSED);
	assert_int_equal(virtio_blk_open_gate("vda", fd, &good, 1, &err), 0);
	assert_true(rig_run_until(told, NULL, RIG_PATIENCE_MS));
	assert_int_equal(rig.answer_rc, 0);
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, set_up, unplug)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(size_and_features),
		ROW(reads_and_writes),
		ROW(more_requests_than_slots),
		ROW(pieces_are_given_in_turns),
		ROW(zeroes_and_discards),
		ROW(errors_are_the_guests_to_see),
		ROW(owes_for_ever),
		ROW(answers_that_nobody_asked_for),
		ROW(it_comes_back_and_is_asked_again),
		ROW(what_comes_back_has_to_be_the_same),
		ROW(away_for_too_long),
		ROW(it_grows_and_does_not_shrink),
		ROW(it_has_grown_when_it_comes_back),
		ROW(what_is_not_known_is_not_listened_to),
		ROW(it_is_resized_where_it_is),
		ROW(refused),
		ROW(a_gate_is_opened_with_a_connection),
		ROW(a_gate_stays_closed_to_what_will_not_do),
	};
	int fd = mkstemp(path), rc;

	if (fd < 0)
		return 1;
	close(fd);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return rc;
}
