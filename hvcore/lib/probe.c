// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

int64_t hv_clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int hv_left_ms(int64_t deadline)
{
	int64_t left = deadline - hv_clock_ms();

	return left > 0 ? (int)left : 0;
}

struct result {
	int rc;
	_Alignas(16) char answer[]; /* for whatever the caller keeps in it */
};

static int wait_child(pid_t pid, int timeout_ms)
{
	int64_t deadline = hv_clock_ms() + timeout_ms;
	int fd = pidfd_open(pid, 0), n;
	struct pollfd p = {.fd = fd, .events = POLLIN};

	if (fd < 0)
		return -errno;
	do
		n = poll(&p, 1, hv_left_ms(deadline));
	while (n < 0 && errno == EINTR);
	close(fd);
	return n > 0 ? 0 : -ETIMEDOUT;
}

int hv_probe(int (*ask)(const void *arg, void *answer), const void *arg, void *answer, size_t size,
	     int timeout_ms)
{
	size_t bytes = sizeof(struct result) + size;
	struct result *r;
	int rc, status;
	pid_t pid;

	r = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (r == MAP_FAILED)
		return -errno;
	r->rc = -ECHILD;
	pid = fork();
	if (pid < 0) {
		rc = -errno;
		goto out;
	}
	if (!pid) {
		signal(SIGTERM, SIG_DFL);
		r->rc = ask(arg, r->answer);
		_exit(0);
	}
	rc = wait_child(pid, timeout_ms);
	if (rc) {
		/* It may hang where no signal reaches it; whoever reaps us then reaps it. */
		kill(pid, SIGKILL);
		waitpid(pid, &status, WNOHANG);
		goto out;
	}
	waitpid(pid, &status, 0);
	rc = r->rc;
	memcpy(answer, r->answer, size);
out:
	munmap(r, bytes);
	return rc;
}
