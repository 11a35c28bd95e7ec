// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "hvcore/vmm/control/control.h"

#include "fakes.h"
#include "talk.h"

enum { SEND_MAX = 253 };

static char dir[] = "/tmp/taiki-qmp-XXXXXX";
char talk_path[64];

void talk_turn(void)
{
	while (fake_loop_turn(0) > 0)
		;
}

int talk_connect_raw(void)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	memcpy(sa.sun_path, talk_path, strlen(talk_path) + 1);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	talk_turn();
	return fd;
}

const char *talk_said(int fd)
{
	static char buf[65536];
	ssize_t n;

	talk_turn();
	n = recv(fd, buf, sizeof(buf) - 1, 0);
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return NULL;
	buf[n > 0 ? n : 0] = '\0';
	return buf;
}

void talk_tell(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	talk_turn();
}

void talk_tell_fds(int fd, const char *text, const int *send, unsigned n)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(SEND_MAX * sizeof(int))];
	} control;
	struct iovec iov = {.iov_base = (char *)text, .iov_len = strlen(text)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.bytes,
			     .msg_controllen = CMSG_SPACE(n * sizeof(int))};

	assert_true(n <= SEND_MAX);
	memset(&control, 0, sizeof(control));
	control.head = (struct cmsghdr){.cmsg_len = CMSG_LEN(n * sizeof(int)),
					.cmsg_level = SOL_SOCKET,
					.cmsg_type = SCM_RIGHTS};
	memcpy(CMSG_DATA(&control.head), send, n * sizeof(int));
	assert_int_equal(sendmsg(fd, &msg, MSG_NOSIGNAL), strlen(text));
	talk_turn();
}

int talk_connect_negotiated(void)
{
	int fd = talk_connect_raw();

	assert_non_null(strstr(talk_said(fd), "\"QMP\""));
	talk_tell(fd, "{\"execute\": \"qmp_capabilities\"}");
	assert_string_equal(talk_said(fd), "{\"return\":{}}\r\n");
	return fd;
}

int talk_setup(void **state)
{
	struct hv_error err;

	fakes_reset();
	memset(&control_counters, 0, sizeof(control_counters));
	if (!talk_path[0]) {
		if (!mkdtemp(dir))
			return -1;
		snprintf(talk_path, sizeof(talk_path), "%s/qmp.sock", dir);
	}
	return control_listen(talk_path, &err);
}

int talk_teardown(void **state)
{
	control_close();
	return 0;
}

int talk_remove(void **state)
{
	unlink(talk_path);
	return rmdir(dir);
}
