// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /var/lib/taiki/fenced.state: the newest state, as a SNAPSHOT message.  It is taken up as
 * stale: what other hosts know comes before it.  A thread writes it, so that a disk that
 * hangs holds up nothing, and it is not synced: a host that lost power asks the others.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <qb/qbloop.h>
#include <qb/qbutil.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fencing/fenced.h"
#include "hv/daemon.h"
#include "hv/replace.h"

enum { GATHER_MS = 100 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static uint8_t *next; /* under lock: what is to be written, NULL: nothing */
static size_t next_len;
static qb_loop_timer_handle timer;

static const char *directory(void)
{
	const char *dir = getenv("TAIKI_STATE_DIR");

	return dir && *dir ? dir : "/var/lib/taiki";
}

static int write_file(const uint8_t *bytes, size_t len)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/fenced.state", directory());
	return hv_replace(path, bytes, len, 0600, false);
}

static void *writer(void *data)
{
	int said = 0;

	for (;;) {
		uint8_t *bytes;
		size_t len;
		int rc;

		pthread_mutex_lock(&lock);
		while (!next)
			pthread_cond_wait(&wake, &lock);
		bytes = next;
		len = next_len;
		next = NULL;
		pthread_mutex_unlock(&lock);
		rc = write_file(bytes, len);
		free(bytes);
		if (rc && rc != said)
			hv_log_line(LOG_WARNING,
				    "%s/fenced.state: cannot be written: %s; after a restart "
				    "of every host's taiki-fenced, earlier requests are not known",
				    directory(), strerror(-rc));
		said = rc;
	}
	return NULL;
}

static void hand_over(void *data)
{
	uint8_t *blob = malloc(ORDER_WIRE_MAX), *bytes = malloc(ORDER_WIRE_MAX);
	struct order_message m;
	int len = -ENOMEM;

	timer = 0;
	if (blob && bytes && !sync_snapshot(&fenced.sync, &m, blob, ORDER_WIRE_MAX - 1024))
		len = order_encode(bytes, ORDER_WIRE_MAX, &m);
	free(blob);
	if (len <= 0) {
		free(bytes);
		return;
	}
	pthread_mutex_lock(&lock);
	free(next);
	next = bytes;
	next_len = (size_t)len;
	pthread_cond_signal(&wake);
	pthread_mutex_unlock(&lock);
}

void keep_changed(void)
{
	if (!timer)
		qb_loop_timer_add(fenced.loop, QB_LOOP_LOW, GATHER_MS * QB_TIME_NS_IN_MSEC, NULL,
				  hand_over, &timer);
}

static void take_up(void)
{
	char path[4096];
	uint8_t *bytes = malloc(ORDER_WIRE_MAX);
	struct order_message m;
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "%s/fenced.state", directory());
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0 && bytes)
		n = read(fd, bytes, ORDER_WIRE_MAX);
	if (fd >= 0)
		close(fd);
	if (n > 0 && (order_decode(bytes, (size_t)n, &m) || m.kind != ORDER_MSG_SNAPSHOT ||
		      order_state_decode(m.blob, m.blob_len, fenced.sync.state)))
		hv_log_line(LOG_WARNING, "%s: is damaged, and not used", path);
	free(bytes);
	/* Who is here, the next view tells. */
	order_absent(fenced.sync.state, NULL, 0);
}

int keep_open(void)
{
	pthread_t thread;
	int rc;

	if (mkdir(directory(), 0755) && errno != EEXIST)
		hv_log_line(LOG_WARNING, "%s: cannot be made: %s", directory(), strerror(errno));
	take_up();
	rc = pthread_create(&thread, NULL, writer, NULL);
	if (!rc)
		pthread_detach(thread);
	return -rc;
}
