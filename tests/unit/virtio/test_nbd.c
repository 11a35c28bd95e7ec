/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A disk behind an NBD server: a server of this test's own, in a process, which can also do wrong. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_blk.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "hvcore/lib/probe.h"
#include "hvcore/lib/served.h"
#include "hvcore/vmm/block/nbd.h"
#include "hvcore/vmm/progress.h"
#include "hvcore/vmm/virtio/blk.h"
#include "hvcore/vmm/virtio/devices.h"
#include "tests/unit/virtio/disk.h"

enum { EXPORT = 8 << 20, MAX = 8192 };

/* How a server goes wrong. */
enum fault {
	NONE,
	REFUSES,
	NO_FLUSH,
	READ_ONLY,
	NO_MAGIC,
	LONG_INFO,
	NO_EXPORT,
	HUGE_MIN,
	EMPTY,
	WRONG_COOKIE,
	TWICE,
	WRONG_MAGIC,
	LEAVES,
	NO_SPACE,
	NO_ZEROES_KNOWN,
	NO_TRIM_KNOWN,
	REVERSED,
};

static char path[] = "/tmp/nbd-test-XXXXXX";
static struct {
	uint8_t data[EXPORT];
	unsigned flushes, trims, zeroes, writes, longest;
} * shared;
static pid_t server;
static struct hv_disk disk;
static struct hv_progress page;
static enum fault fault;

/* ---- the server ---- */

static void get(int fd, void *buf, size_t len)
{
	if (len && recv(fd, buf, len, MSG_WAITALL) != (ssize_t)len)
		_exit(0);
}

static void put(int fd, const void *buf, size_t len)
{
	if (send(fd, buf, len, MSG_NOSIGNAL) != (ssize_t)len)
		_exit(0);
}

static void put16(int fd, uint16_t v)
{
	v = htobe16(v);
	put(fd, &v, 2);
}

static void put32(int fd, uint32_t v)
{
	v = htobe32(v);
	put(fd, &v, 4);
}

static void put64(int fd, uint64_t v)
{
	v = htobe64(v);
	put(fd, &v, 8);
}

static void option_head(int fd, uint32_t type, uint32_t len)
{
	put64(fd, 0x3e889045565a9);
	put32(fd, 7);
	put32(fd, type);
	put32(fd, len);
}

static void greet(int fd)
{
	uint8_t in[28];
	uint16_t flags = 0x1 | 0x4 | 0x20 | 0x40;

	put64(fd, fault == NO_MAGIC ? 1 : 0x4e42444d41474943);
	put64(fd, 0x49484156454f5054);
	put16(fd, 3);
	get(fd, in, 4);
	get(fd, in, 24); /* GO, no name, one kind of information */
	if (fault == REFUSES) {
		option_head(fd, 0x80000002, 11);
		put(fd, "not Primary", 11);
		pause();
	}
	flags &= ~(fault == NO_FLUSH ? 4 : fault == NO_ZEROES_KNOWN ? 0x40 : 0);
	flags &= ~(fault == NO_TRIM_KNOWN ? 0x20 : 0);
	flags |= fault == READ_ONLY ? 2 : 0;
	if (fault != NO_EXPORT) {
		option_head(fd, 3, fault == LONG_INFO ? 1 << 20 : 12);
		put16(fd, 0);
		put64(fd, fault == EMPTY ? 0 : EXPORT);
		put16(fd, flags);
	}
	option_head(fd, 3, 14);
	put16(fd, 3);
	put32(fd, fault == HUGE_MIN ? 1 << 20 : 512);
	put32(fd, 4096);
	put32(fd, MAX);
	option_head(fd, 1, 0);
}

struct asked {
	uint32_t magic;
	uint16_t flags, type;
	uint64_t cookie, off;
	uint32_t len;
} __attribute__((packed));

static void reply(int fd, const struct asked *q, uint32_t error)
{
	put32(fd, fault == WRONG_MAGIC ? 1 : 0x67446698);
	put32(fd, error);
	put64(fd, be64toh(q->cookie) + (fault == WRONG_COOKIE));
	if (q->type == htobe16(0) && !error)
		put(fd, shared->data + be64toh(q->off), be32toh(q->len));
	if (fault == TWICE)
		put(fd, "\x67\x44\x66\x98\0\0\0\0", 8), put64(fd, be64toh(q->cookie));
}

static void carry_out(int fd, const struct asked *q)
{
	uint64_t off = be64toh(q->off);
	uint32_t len = be32toh(q->len);

	switch (be16toh(q->type)) {
	case 0:
	case 1:
		shared->longest = len > shared->longest ? len : shared->longest;
		if (len > MAX || off > EXPORT || len > EXPORT - off)
			_exit(1);
		if (q->type)
			get(fd, shared->data + off, len);
		shared->writes += q->type != 0;
		break;
	case 3: shared->flushes++; break;
	case 4: shared->trims++; break;
	case 6:
		shared->zeroes++;
		memset(shared->data + off, 0, len);
		break;
	default: _exit(1);
	}
}

static void serve(int listener)
{
	int fd = accept(listener, NULL, NULL);
	struct asked q, held;
	bool holds = false;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	greet(fd);
	for (;;) {
		get(fd, &q, sizeof(q));
		if (q.magic != htobe32(0x25609513) || fault == LEAVES)
			_exit(1);
		carry_out(fd, &q);
		if (fault == REVERSED && !holds) {
			held = q;
			holds = true;
			continue;
		}
		reply(fd, &q, fault == NO_SPACE ? 28 : 0);
		if (holds)
			reply(fd, &held, 0);
		holds = false;
	}
}

static void begin_server(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(a.sun_path, path);
	unlink(path);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 1), 0);
	server = fork();
	assert_true(server >= 0);
	if (!server)
		serve(fd);
	close(fd);
}

/* ---- the disk ---- */

static int create_gated(bool closed, struct hv_error *err)
{
	memset(shared, 0, sizeof(*shared));
	for (unsigned i = 0; i < EXPORT; i++)
		shared->data[i] = (uint8_t)(i * 31 + (i >> 9));
	rig_init();
	memset(&page, 0, sizeof(page));
	board.progress = &page;
	begin_server();
	disk = (struct hv_disk){.path = path,
				.target = (char *)"vda",
				.nbd = true,
				.discard = true,
				.guard = HV_GUARD_MIRROR};
	return virtio_blk_create(&disk, "test", false, closed, err);
}

static int create(struct hv_error *err)
{
	return create_gated(false, err);
}

static void end_server(void)
{
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
}

static void plug(enum fault how, bool closed)
{
	struct hv_error err;

	fault = how;
	assert_int_equal(create_gated(closed, &err), 0);
	disk_plugged();
}

static void plug_in(enum fault how)
{
	plug(how, false);
}

static int unplug(void **state)
{
	if (blk)
		end_server();
	disk_unplug();
	return 0;
}

/* ---- what is asked and answered ---- */

static void size_and_features(void **state)
{
	plug_in(NONE);
	assert_int_equal(reg_read(rig.device, R_CONFIG, 4), EXPORT / 512);
	assert_true(rig.device->features & F(VIRTIO_BLK_F_DISCARD));
	assert_true(rig.device->features & F(VIRTIO_BLK_F_FLUSH));
	assert_int_equal(blk->block.align, 512);
}

static void reads_and_writes(void **state)
{
	struct piece odd[3] = {
		{DATA + 1, 5, false}, {DATA + 100, 1000, false}, {DATA + 3000, 19, false}};
	uint8_t b[1024];
	uint32_t id;

	plug_in(NONE);
	assert_int_equal(request(VIRTIO_BLK_T_IN, 3, DATA, 4096, true), VIRTIO_BLK_S_OK);
	assert_memory_equal(drv_at(DATA), shared->data + 3 * 512, 4096);
	/* in pieces of any length */
	for (unsigned i = 0; i < sizeof(b); i++)
		b[i] = (uint8_t)(i * 7);
	drv_put(DATA + 1, b, 5);
	drv_put(DATA + 100, b + 5, 1000);
	drv_put(DATA + 3000, b + 1005, 19);
	post(0, VIRTIO_BLK_T_OUT, 9, odd, 3);
	drv_kick(&d);
	assert_true(answered(&id));
	assert_int_equal(*(uint8_t *)drv_at(STATUS), VIRTIO_BLK_S_OK);
	assert_memory_equal(shared->data + 9 * 512, b, sizeof(b));
	assert_int_equal(request(VIRTIO_BLK_T_FLUSH, 0, 0, 0, false), VIRTIO_BLK_S_OK);
	assert_int_equal(shared->flushes, 1);
}

static void longer_than_the_server_takes(void **state)
{
	enum { LEN = 100 * 1024 };
	uint8_t *b = malloc(LEN);

	plug_in(NONE);
	for (unsigned i = 0; i < LEN; i++)
		b[i] = (uint8_t)(i * 13 + (i >> 8));
	drv_put(DATA, b, LEN);
	assert_int_equal(request(VIRTIO_BLK_T_OUT, 8, DATA, LEN, false), VIRTIO_BLK_S_OK);
	assert_memory_equal(shared->data + 8 * 512, b, LEN);
	assert_int_equal(request(VIRTIO_BLK_T_IN, 0, DATA, LEN, true), VIRTIO_BLK_S_OK);
	assert_memory_equal(drv_at(DATA), shared->data, LEN);
	assert_int_equal(shared->longest, MAX);
	free(b);
}

static void many_at_once(void **state)
{
	uint32_t id;

	plug_in(NONE);
	for (unsigned i = 0; i < 16; i++) {
		struct piece p = {DATA + i * 8192, 8192, true};

		post(i, VIRTIO_BLK_T_IN, i * 100, &p, 1);
	}
	drv_kick(&d);
	for (unsigned i = 0; i < 16; i++)
		assert_true(answered(&id));
	for (unsigned i = 0; i < 16; i++)
		assert_memory_equal(drv_at(DATA + i * 8192), shared->data + i * 51200, 8192);
	assert_int_equal(rig_unreported(), -1);
}

static void answers_in_another_order(void **state)
{
	struct piece p[2] = {{DATA, 512, true}, {DATA + 512, 512, true}};
	uint32_t id[2];
	uint16_t first;

	plug_in(REVERSED);
	first = post(0, VIRTIO_BLK_T_IN, 1, &p[0], 1);
	post(1, VIRTIO_BLK_T_IN, 5, &p[1], 1);
	drv_kick(&d);
	assert_true(answered(&id[0]) && answered(&id[1]));
	assert_int_equal(id[1], first);
	assert_memory_equal(drv_at(DATA), shared->data + 512, 512);
	assert_memory_equal(drv_at(DATA + 512), shared->data + 5 * 512, 512);
}

static bool is_zero(uint64_t off, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (shared->data[off + i])
			return false;
	return true;
}

static void zeroes_and_discards(void **state)
{
	plug_in(NONE);
	assert_int_equal(range(VIRTIO_BLK_T_WRITE_ZEROES, 16, 400, 0), VIRTIO_BLK_S_OK);
	assert_true(is_zero(16 * 512, 400 * 512));
	assert_int_equal(range(VIRTIO_BLK_T_DISCARD, 1000, 8, 0), VIRTIO_BLK_S_OK);
	assert_int_equal(shared->zeroes, 1);
	assert_int_equal(shared->trims, 1);
	assert_int_equal(shared->writes, 0);
}

static void zeroes_are_written_where_the_server_knows_none(void **state)
{
	plug_in(NO_ZEROES_KNOWN);
	for (int i = 0; i < 2; i++) /* found out once */
		assert_int_equal(range(VIRTIO_BLK_T_WRITE_ZEROES, 16 + 400 * i, 400, 0),
				 VIRTIO_BLK_S_OK);
	assert_true(is_zero(16 * 512, 800 * 512));
	assert_int_equal(shared->zeroes, 0);
	assert_int_equal(shared->longest, MAX);
}

static void a_discard_that_the_server_does_not_know(void **state)
{
	plug_in(NO_TRIM_KNOWN);
	assert_int_equal(range(VIRTIO_BLK_T_DISCARD, 16, 8, 0), VIRTIO_BLK_S_UNSUPP);
	assert_int_equal(request(VIRTIO_BLK_T_IN, 3, DATA, 512, true), VIRTIO_BLK_S_OK);
}

static void errors_are_the_guests_to_see(void **state)
{
	plug_in(NO_SPACE);
	assert_int_equal(request(VIRTIO_BLK_T_IN, 3, DATA, 512, true), VIRTIO_BLK_S_IOERR);
	assert_int_equal(blk->last_error, -ENOSPC);
}

/* As they are never answered, their memory is the test's to give back. */
static void forget_requests(void)
{
	struct block_nbd *n = blk->block.nbd;

	for (unsigned i = 0; i < NBD_SLOTS; i++)
		free(n->slot[i].r);
	while (n->waiting) {
		struct block_request *r = n->waiting;

		n->waiting = r->next;
		free(r);
	}
	blk->inflight = 0;
}

static bool is_broken(void *arg)
{
	return blk->block.nbd->broken;
}

/* Nothing is answered then, and nothing of the guest's memory is touched. */
static void owes_for_ever(void **state)
{
	static const enum fault faults[] = {WRONG_COOKIE, WRONG_MAGIC, LEAVES};
	uint32_t used[2];

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct piece p = {DATA, 512, true};

		plug_in(faults[i]);
		post(0, VIRTIO_BLK_T_IN, 3, &p, 1);
		drv_kick(&d);
		assert_true(rig_run_until(is_broken, NULL, RIG_PATIENCE_MS));
		assert_false(rig_run_until(is_used, used, 100));
		post(1, VIRTIO_BLK_T_IN, 3, &p, 1);
		drv_kick(&d);
		assert_false(rig_run_until(is_used, used, 100));
		assert_int_equal(blk->inflight, 2);
		forget_requests();
		unplug(NULL);
	}
}

static void an_answer_that_comes_twice(void **state)
{
	plug_in(TWICE);
	assert_int_equal(request(VIRTIO_BLK_T_FLUSH, 0, 0, 0, false), VIRTIO_BLK_S_OK);
	assert_true(rig_run_until(is_broken, NULL, RIG_PATIENCE_MS));
}

/* ---- who is not let in, or lets us in wrongly ---- */

static void refused(void **state)
{
	static const struct {
		enum fault fault;
		int rc;
		const char *says;
	} row[] = {
		{REFUSES, -EACCES, "refuses it: not Primary"},
		{NO_FLUSH, -ENOTSUP, "does not know flush"},
		{READ_ONLY, -EROFS, "read-only"},
		{NO_MAGIC, -EPROTO, "does not speak NBD"},
		{LONG_INFO, -EPROTO, "does not speak NBD"},
		{NO_EXPORT, -EPROTO, "does not speak NBD"},
		{HUGE_MIN, -EPROTO, "does not speak NBD"},
		{EMPTY, -EINVAL, "no sectors"},
	};
	struct hv_error err;

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		fault = row[i].fault;
		assert_int_equal(create(&err), row[i].rc);
		assert_non_null(strstr(err.text, row[i].says));
		assert_non_null(strstr(err.text, path));
		end_server();
	}
	unlink(path);
	assert_int_equal(virtio_blk_create(&disk, "test", false, false, &err), -ENOENT);
	assert_non_null(strstr(err.text, "cannot be reached"));
}

static void it_is_resized_where_it_is(void **state)
{
	struct hv_error err;

	plug_in(NONE);
	assert_int_equal(block_resize(&blk->block, 2 * EXPORT, &err), -ENOTSUP);
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

	plug(NONE, true);
	assert_int_equal(reg_read(rig.device, R_CONFIG, 4), 0);
	assert_int_equal(request(VIRTIO_BLK_T_IN, 0, DATA, 512, true), VIRTIO_BLK_S_IOERR);
	/* somebody with the right to connects, and is let in */
	fd = served_dial(&disk, hv_clock_ms() + RIG_PATIENCE_MS, &s, &err);
	assert_true(fd >= 0);
	assert_int_equal(s.nbd.size, EXPORT);
	assert_int_equal(virtio_blk_open_gate("vda", fd, &s, 1, &err), 0);
	assert_true(rig_run_until(told, NULL, RIG_PATIENCE_MS));
	assert_int_equal(rig.answer_rc, 0);
	assert_int_equal(reg_read(rig.device, R_CONFIG, 4), EXPORT / 512);
	memset(block, 0x5a, sizeof(block));
	drv_put(DATA, block, sizeof(block));
	assert_int_equal(request(VIRTIO_BLK_T_OUT, 8, DATA, 4096, false), VIRTIO_BLK_S_OK);
	assert_int_equal(shared->data[4096], 0x5a);
	assert_int_equal(request(VIRTIO_BLK_T_IN, 3, DATA, 512, true), VIRTIO_BLK_S_OK);
	assert_memory_equal(drv_at(DATA), shared->data + 3 * 512, 512);
	assert_int_equal(request(VIRTIO_BLK_T_FLUSH, 0, 0, 0, false), VIRTIO_BLK_S_OK);
	assert_int_equal(virtio_blk_open_gate("vda", fd, &s, 2, &err), -EALREADY);
}

static void a_gate_stays_closed_to_what_will_not_do(void **state)
{
	const struct served good = {SERVED_NBD, .nbd = {EXPORT, 0x1 | 0x4 | 0x20 | 0x40, 512, MAX}};
	struct {
		struct nbd_export e;
		int rc;
		const char *says;
	} row[] = {
		{{0}, -EINVAL, "no connection"},
		{{EXPORT, 0x1, 512, MAX}, -ENOTSUP, "does not know flush"},
		{{EXPORT, 0x7, 512, MAX}, -EROFS, "read-only"},
		{{EXPORT, 0x5, 4096, MAX}, -EINVAL, "logical_block_size='4096'"},
		{{EXPORT, 0x5, 3, MAX}, -EINVAL, "no connection"},
		{{100, 0x5, 1, MAX}, -EINVAL, "no sectors"},
		{{UINT64_MAX, 0x5, 512, MAX}, -EINVAL, "no connection"},
	};
	struct hv_error err;
	int pair[2], null = open("/dev/null", O_RDWR);

	plug(NONE, true);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const struct served s = {SERVED_NBD, .nbd = row[i].e};

		assert_int_equal(virtio_blk_open_gate("vda", pair[0], &s, 1, &err), row[i].rc);
		assert_non_null(strstr(err.text, row[i].says));
		assert_int_equal(blk->gate.state, GATE_CLOSED);
		assert_int_equal(blk->block.fd, -1);
	}
	assert_int_equal(virtio_blk_open_gate("vda", null, &good, 1, &err), -EINVAL);
	/* it can still be opened with the right one */
	assert_int_equal(virtio_blk_open_gate("vda", pair[0], &good, 1, &err), 0);
	assert_int_equal(blk->gate.state, GATE_OPENING);
	free(blk->gate.buf); /* of the read that is never answered */
	close(pair[1]);
	close(null);
}

#define ROW(name) cmocka_unit_test_teardown(name, unplug)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(size_and_features),
		ROW(reads_and_writes),
		ROW(longer_than_the_server_takes),
		ROW(many_at_once),
		ROW(answers_in_another_order),
		ROW(zeroes_and_discards),
		ROW(zeroes_are_written_where_the_server_knows_none),
		ROW(a_discard_that_the_server_does_not_know),
		ROW(errors_are_the_guests_to_see),
		ROW(owes_for_ever),
		ROW(an_answer_that_comes_twice),
		ROW(refused),
		ROW(it_is_resized_where_it_is),
		ROW(a_gate_is_opened_with_a_connection),
		ROW(a_gate_stays_closed_to_what_will_not_do),
	};
	int fd = mkstemp(path);

	if (fd < 0)
		return 1;
	close(fd);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		return 1;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	fd = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return fd;
}
