// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * F_OFD_SETLKW has no time limit of its own: a timer's signal ends it.  The timer fires
 * again and again, for the one that came before the wait began.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#include "lock_wait.h"
#include "probe.h"

enum { AGAIN_NS = 5000000 };

static void rung(int sig)
{
}

static bool held_by_others(void)
{
	return errno == EAGAIN || errno == EACCES;
}

static int wait_for(int fd, int64_t deadline)
{
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	while (fcntl(fd, F_OFD_SETLKW, &fl)) {
		if (errno != EINTR)
			return -errno;
		if (!hv_left_ms(deadline))
			return -ETIMEDOUT;
	}
	return 0;
}

int hv_lock_wait(int fd, int64_t deadline)
{
	struct sigaction bell = {.sa_handler = rung}, before;
	struct itimerspec when = {.it_interval.tv_nsec = AGAIN_NS};
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGALRM};
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	sigset_t alarm, mask;
	timer_t timer;
	int left, rc;

	if (!fcntl(fd, F_OFD_SETLK, &fl))
		return 0;
	if (!held_by_others())
		return -errno;
	left = hv_left_ms(deadline);
	if (!left)
		return -ETIMEDOUT;
	when.it_value.tv_sec = left / 1000;
	when.it_value.tv_nsec = left % 1000 * 1000000L;
	event._sigev_un._tid = gettid();
	if (timer_create(CLOCK_MONOTONIC, &event, &timer))
		return -errno;
	sigemptyset(&bell.sa_mask);
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	sigaction(SIGALRM, &bell, &before);
	pthread_sigmask(SIG_UNBLOCK, &alarm, &mask);
	rc = timer_settime(timer, 0, &when, NULL) ? -errno : wait_for(fd, deadline);
	timer_delete(timer);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	sigaction(SIGALRM, &before, NULL);
	return rc;
}
