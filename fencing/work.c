// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <qb/qbloop.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "fencing/work.h"
#include "hv/launch.h"

struct job {
	struct job *next;
	struct work_kill k;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct job *finished; /* under lock */
static int tell = -1;
static unsigned running; /* the loop's */
static void (*on_done)(const struct work_kill *k);

static void *work(void *arg)
{
	struct job *j = arg;
	struct hv_error err = {""};
	uint64_t one = 1;

	j->k.rc = hv_kill_incarnation(j->k.name, j->k.incarnation, j->k.timeout_ms, &j->k.ran,
				      &err);
	snprintf(j->k.text, sizeof(j->k.text), "%.250s", err.text);
	pthread_mutex_lock(&lock);
	j->next = finished;
	finished = j;
	pthread_mutex_unlock(&lock);
	/* It can only fail when the counter is full, and then the loop has been told. */
	(void)!write(tell, &one, sizeof(one));
	return NULL;
}

static int take_finished(int fd, int revents, void *data)
{
	struct job *list;
	uint64_t n;

	(void)!read(fd, &n, sizeof(n));
	pthread_mutex_lock(&lock);
	list = finished;
	finished = NULL;
	pthread_mutex_unlock(&lock);
	while (list) {
		struct job *j = list;

		list = j->next;
		running--;
		on_done(&j->k);
		free(j);
	}
	return 0;
}

int work_open(struct qb_loop *loop, void (*done)(const struct work_kill *k))
{
	on_done = done;
	tell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return tell < 0 ? -errno
			: qb_loop_poll_add(loop, QB_LOOP_HIGH, tell, POLLIN, NULL, take_finished);
}

int work_start(const struct work_kill *k)
{
	struct job *j = running < WORK_MAX ? malloc(sizeof(*j)) : NULL;
	sigset_t all, before;
	pthread_attr_t attr;
	pthread_t thread;
	int rc;

	if (!j)
		return running < WORK_MAX ? -ENOMEM : -EAGAIN;
	j->k = *k;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	/* Signals are the loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&thread, &attr, work, j);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	if (rc) {
		free(j);
		return -rc;
	}
	running++;
	return 0;
}
