// SPDX-License-Identifier: GPL-2.0-or-later
/* The 16550A, and the character device behind it: real sockets, a real log. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "hvcore/vmm/chardev.h"
#include "rig.h"

enum { UART = 0x3f8 };

static char dir[] = "/tmp/test_console.XXXXXX", sock[64], logname[64];
static struct chardev *console;
static struct loop_timer stop;
static unsigned rounds;

enum { ROUNDS = 5 };

static int make_dir(void **state)
{
	assert_non_null(mkdtemp(dir));
	snprintf(sock, sizeof(sock), "%s/console.sock", dir);
	snprintf(logname, sizeof(logname), "%s/console.log", dir);
	return 0;
}

static int remove_dir(void **state)
{
	unlink(logname);
	return rmdir(dir);
}

static int setup(void **state)
{
	struct chardev_config cfg = {.socket = sock, .log = logname};
	struct hv_error err;

	rig_up(state);
	unlink(logname);
	pic_create();
	ioapic_create();
	uart_create();
	rig_pic_init();
	if (chardev_open(&cfg, &uart_chardev, NULL, &console, &err))
		fail_msg("%s", err.text);
	uart_attach(console);
	return 0;
}

static int teardown(void **state)
{
	uart_attach(NULL);
	chardev_close_all();
	return rig_down(state);
}

static void stop_later(struct loop_timer *t)
{
	if (rounds--)
		loop_host_timer_arm(t, loop_host_now());
	else
		loop_quit();
}

/*
 * Let the loop work for 20 ms of host time; and then for some rounds more: where we stood still meanwhile, the timer may be
 * the first that it is told of, and what is ready already, and what follows from it, is to have its turn.
 */
static void turn(void)
{
	rounds = ROUNDS;
	stop.expired = stop_later;
	loop_host_timer_arm(&stop, loop_host_now() + 20000000);
	loop_run();
}

static int join(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	strcpy(sa.sun_path, path);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	turn();
	return fd;
}

static void say(const char *s)
{
	while (*s)
		out8(UART, (uint8_t)*s++);
}

static void expect(int fd, const char *want)
{
	char got[256] = "";
	ssize_t n = read(fd, got, sizeof(got) - 1);

	assert_true(n >= 0);
	got[n] = '\0';
	assert_string_equal(got, want);
}

static void every_client_hears_and_the_log_too(void **state)
{
	int a, b, f;

	say("before\n");
	a = join(sock);
	b = join(sock);
	say("after\n");
	turn();
	expect(a, "before\nafter\n"); /* what was said last comes first */
	expect(b, "before\nafter\n");
	f = open(logname, O_RDONLY);
	expect(f, "before\nafter\n");
	close(f);
	close(a);
	say("one is left\n");
	turn();
	expect(b, "one is left\n");
	close(b);
}

/* After a silence; what follows at once is gathered for the loop thread. */
static void first_byte_waits_for_nobody(void **state)
{
	int a = join(sock);

	say("1");
	expect(a, "1");
	say("23");
	turn();
	expect(a, "23");
	turn();
	say("4");
	expect(a, "4");
	close(a);
}

static void input_arrives_with_an_interrupt(void **state)
{
	int a = join(sock);

	out8(UART + 2, 0xc1);
	out8(UART + 1, 0x01);
	assert_int_equal(write(a, "hi", 2), 2);
	turn();
	assert_int_equal(rig_irq(), 0x34);
	assert_int_equal(in8(UART + 2) & 0x0f, 0x0c); /* fewer than the trigger: time-out */
	assert_int_equal(in8(UART + 5) & 1, 1);
	assert_int_equal(in8(UART), 'h');
	assert_int_equal(in8(UART), 'i');
	assert_int_equal(in8(UART + 5) & 1, 0);
	assert_int_equal(in8(UART + 2) & 0x0f, 1);
	close(a);
}

/* `echo x | socat - UNIX:...`: what was said last is answered too. */
static void half_closed_client_still_hears(void **state)
{
	int a = join(sock);

	assert_int_equal(write(a, "x", 1), 1);
	shutdown(a, SHUT_WR);
	turn();
	assert_int_equal(in8(UART), 'x');
	say("heard\n");
	turn();
	expect(a, "heard\n");
	assert_true(chardev_connected(console));
	close(a);
	turn();
	assert_false(chardev_connected(console));
}

/* More than the FIFO holds: nothing is lost, the rest waits in the socket. */
static void input_is_held_until_there_is_room(void **state)
{
	char text[201], got[201] = "";
	int a = join(sock);
	unsigned n = 0;

	for (unsigned i = 0; i < 200; i++)
		text[i] = (char)('a' + i % 26);
	text[200] = '\0';
	out8(UART + 2, 0x01);
	assert_int_equal(write(a, text, 200), 200);
	for (unsigned i = 0; i < 20; i++) {
		turn();
		while (in8(UART + 5) & 1)
			got[n++] = (char)in8(UART);
	}
	assert_string_equal(got, text);
	close(a);
}

static void transmitter_interrupts_again_after_each_byte(void **state)
{
	out8(UART + 1, 0x02);
	assert_int_equal(rig_irq(), 0x34);
	assert_int_equal(in8(UART + 2) & 0x0f, 2);
	assert_int_equal(in8(UART + 2) & 0x0f, 1); /* reading acknowledged it */
	rig_pic_eoi(0x34);
	assert_int_equal(rig_irq(), -1);
	out8(UART, 'x');
	assert_int_equal(rig_irq(), 0x34);
	assert_int_equal(in8(UART + 5) & 0x60, 0x60);
}

static void loopback_stays_inside(void **state)
{
	uint64_t before = uart_bytes();

	out8(UART + 4, 0x1f);
	assert_int_equal(in8(UART + 6) & 0xf0, 0xf0);
	out8(UART, 0x5a);
	assert_int_equal(in8(UART), 0x5a);
	assert_int_equal(uart_bytes(), before);
}

static void divisor_and_scratch_keep_their_values(void **state)
{
	out8(UART + 3, 0x83);
	out8(UART, 0x34);
	out8(UART + 1, 0x12);
	assert_int_equal(in8(UART), 0x34);
	assert_int_equal(in8(UART + 1), 0x12);
	out8(UART + 3, 0x03);
	out8(UART + 7, 0xa5);
	assert_int_equal(in8(UART + 7), 0xa5);
	assert_int_equal(in8(UART + 1), 0);
}

/* A client that never reads: it goes, the guest's writes never wait, the log has all. */
static void silent_client_is_dropped(void **state)
{
	int deaf = join(sock), sndbuf;
	struct stat st;
	char byte;

	for (sndbuf = 0; sndbuf < 600000; sndbuf++)
		out8(UART, 'x');
	turn();
	assert_false(chardev_connected(console));
	while (read(deaf, &byte, 1) == 1)
		;
	close(deaf);
	assert_int_equal(stat(logname, &st), 0);
	assert_int_equal(st.st_size, 600000);
}

static void log_is_bounded(void **state)
{
	struct stat st;
	int f;
	char tail[8] = "";

	for (unsigned i = 0; i < 3 << 20; i += 8)
		chardev_write(console, "abcdefg\n", 8);
	chardev_write(console, "the end", 7);
	turn();
	assert_int_equal(stat(logname, &st), 0);
	assert_in_range(st.st_size, CHARDEV_LOG_MAX / 2, CHARDEV_LOG_MAX);
	f = open(logname, O_RDONLY);
	assert_int_equal(pread(f, tail, 7, st.st_size - 7), 7);
	close(f);
	assert_string_equal(tail, "the end");
}

static size_t channel_got;
static unsigned channel_writable;
static int channel_connected;

static void channel_receive(void *dev, const uint8_t *data, size_t len)
{
	channel_got += len;
}

static void channel_is_connected(void *dev, bool yes)
{
	channel_connected = yes;
}

static void channel_is_writable(void *dev)
{
	channel_writable++;
}

static const struct chardev_ops channel_ops = {
	.receive = channel_receive,
	.connected = channel_is_connected,
	.writable = channel_is_writable,
};

static void channel_loses_nothing(void **state)
{
	static uint8_t chunk[30000];
	struct chardev_config cfg = {.socket = NULL, .lossless = true};
	size_t accepted = 0, read_back = 0, n;
	struct chardev *c;
	struct hv_error err;
	char path[80], buf[4096];
	int fd, second;
	ssize_t r;

	snprintf(path, sizeof(path), "%s/channel.sock", dir);
	cfg.socket = path;
	channel_got = channel_writable = 0;
	assert_int_equal(chardev_open(&cfg, &channel_ops, NULL, &c, &err), 0);
	assert_int_equal(chardev_write(c, "x", 1), 0); /* nobody is there */
	fd = join(path);
	assert_true(channel_connected);
	second = join(path);
	assert_int_equal(read(second, buf, 1), 0); /* one client at a time */
	close(second);
	do {
		n = chardev_write(c, chunk, sizeof(chunk));
		accepted += n;
		turn();
	} while (n == sizeof(chunk));
	assert_int_equal(channel_writable, 0);
	while (read_back < accepted) {
		r = read(fd, buf, sizeof(buf));
		if (r > 0)
			read_back += (size_t)r;
		else
			turn();
	}
	turn();
	assert_int_equal(channel_writable, 1);
	assert_int_equal(write(fd, "hello", 5), 5);
	turn();
	assert_int_equal(channel_got, 5);
	/* Who comes at once after who went, and both before the loop has looked. */
	assert_int_equal(write(fd, "last", 4), 4);
	close(fd);
	fd = join(path);
	assert_int_equal(channel_got, 9);
	assert_int_equal(write(fd, "hello", 5), 5);
	turn();
	assert_int_equal(channel_got, 14);
	close(fd);
	turn();
	assert_false(channel_connected);
	chardev_close(c);
	assert_int_equal(access(path, F_OK), -1);
}

static void leftover_socket_is_replaced(void **state)
{
	struct chardev_config cfg = {.socket = sock};
	struct chardev *c;
	struct hv_error err;

	/* The first still listens there, as a crashed one's file would lie there. */
	assert_int_equal(chardev_open(&cfg, &uart_chardev, NULL, &c, &err), 0);
	close(join(sock));
	cfg.socket = "/nonexistent/directory/s.sock";
	assert_int_equal(chardev_open(&cfg, &uart_chardev, NULL, &c, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nonexistent/directory/s.sock"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(every_client_hears_and_the_log_too),
		T(first_byte_waits_for_nobody),
		T(input_arrives_with_an_interrupt),
		T(half_closed_client_still_hears),
		T(input_is_held_until_there_is_room),
		T(transmitter_interrupts_again_after_each_byte),
		T(loopback_stays_inside),
		T(divisor_and_scratch_keep_their_values),
		T(silent_client_is_dropped),
		T(log_is_bounded),
		T(channel_loses_nothing),
		T(leftover_socket_is_replaced),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
