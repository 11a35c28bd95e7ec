// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * beaters COUNT INTERVAL_MS: looks to heartbeatd like COUNT domains whose
 * guests beat, for its cost to be measured without the cost of as many guests.
 * In $TAIKI_RUN_DIR it makes their run directories with everything that
 * heartbeatd reads: lock, pid, config.json, a progress page that moves, a QMP
 * server and the heartbeat channel.  Says "ready" and runs until it is killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "heartbeat/beat.h"
#include "hv/config.h"
#include "hv/progress.h"
#include "hv/rundir.h"

enum { MOST = 512 };

struct fake {
	char name[16];
	struct hv_progress *page;
	int listen[2], peer[2]; /* 0: QMP, 1: the channel */
	int64_t next;           /* when it beats */
	uint64_t seq;
};

static struct fake fakes[MOST];

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int put(const char *name, const char *file, const char *text)
{
	char path[512];
	int fd;

	hv_run_path(path, sizeof(path), name, file);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		die(path);
	return fd;
}

/* publish() - As hv-domain does: there as a whole, or not at all. */
static void publish(const char *name, const char *file, const char *text)
{
	char from[512], to[512];

	close(put(name, ".new", text));
	hv_run_path(from, sizeof(from), name, ".new");
	hv_run_path(to, sizeof(to), name, file);
	if (rename(from, to))
		die(to);
}

static int serve(const char *name, const char *file)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	hv_run_path(sa.sun_path, sizeof(sa.sun_path), name, file);
	unlink(sa.sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) || listen(fd, 4))
		die(sa.sun_path);
	return fd;
}

static void put_config(const char *name, unsigned interval)
{
	struct hv_config c;
	char *text;

	hv_config_init(&c);
	c.name = strdup(name);
	strcpy(c.uuid, "11111111-2222-3333-4444-555555555555");
	c.memory = c.current_memory = 64 << 20;
	c.vcpus = c.vcpus_current = 1;
	c.kernel = strdup("/boot/vmlinuz");
	c.cmdline = strdup("");
	c.heartbeat.beats = true;
	c.heartbeat.interval = interval;
	c.heartbeat.timeout = 1000;
	c.channel[c.nchannels++].name = strdup(HV_CHANNEL_HEARTBEAT);
	text = hv_config_to_json(&c);
	if (!text)
		die("config");
	close(put(name, "config.json", text));
	free(text);
	hv_config_free(&c);
}

static void put_page(struct fake *f, const char *uuid)
{
	int fd = put(f->name, "progress", "");

	if (ftruncate(fd, HV_PROGRESS_SIZE))
		die("progress");
	f->page = mmap(NULL, HV_PROGRESS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (f->page == MAP_FAILED)
		die("progress");
	memcpy(f->page->magic, HV_PROGRESS_MAGIC, sizeof(f->page->magic));
	f->page->version = HV_PROGRESS_VERSION;
	f->page->size = HV_PROGRESS_SIZE;
	f->page->vcpus = f->page->disks = f->page->nics = 1;
	f->page->state = HV_PROGRESS_RUNNING;
	snprintf(f->page->incarnation, sizeof(f->page->incarnation), "%s", uuid);
}

static void make(struct fake *f, unsigned i, unsigned interval)
{
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char path[512], uuid[40], pid[16];

	snprintf(f->name, sizeof(f->name), "beater%u", i);
	hv_run_path(path, sizeof(path), f->name, "");
	if (mkdir(path, 0755) && errno != EEXIST)
		die(path);
	strcat(path, "channel");
	mkdir(path, 0755);
	if (fcntl(put(f->name, "lock", ""), F_OFD_SETLK, &fl))
		die("lock");
	f->listen[0] = serve(f->name, "qmp.sock");
	f->listen[1] = serve(f->name, "channel/" BEAT_PORT ".sock");
	f->peer[0] = f->peer[1] = -1;
	put_config(f->name, interval);
	snprintf(uuid, sizeof(uuid), "00000000-0000-4000-8000-%012x", i);
	put_page(f, uuid);
	snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	publish(f->name, "incarnation", uuid);
	publish(f->name, "pid", pid);
	f->next = now_ms() + (int64_t)(rand() % (int)interval);
}

static void say(int fd, const char *text)
{
	if (send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EAGAIN)
		perror("send");
}

static void answer(int fd, const char *command)
{
	char text[256];

	if (strstr(command, "query-cpus-fast")) {
		snprintf(text, sizeof(text), "{\"return\":[{\"thread-id\":%d}],\"id\":3}\r\n",
			 (int)getpid());
		say(fd, text);
	}
	if (strstr(command, "x-taiki-info"))
		say(fd, "{\"return\":{\"engine\":\"soft\"},\"id\":4}\r\n");
	if (strstr(command, "query-status"))
		say(fd, "{\"return\":{\"running\":true,\"status\":\"running\"},\"id\":2}\r\n");
}

static void beat(struct fake *f, unsigned interval)
{
	struct beat b = {.kind = BEAT_BEAT,
			 .seq = ++f->seq,
			 .clock = (uint64_t)now_ms(),
			 .role = "active",
			 .health = BEAT_HEALTH_OK};
	char line[BEAT_LINE_MAX];
	int n = beat_format(line, &b);

	f->next += interval;
	f->page->vcpu[0].work += 100000;
	f->page->turns++;
	f->page->disk[0].done++;
	if (f->peer[1] >= 0 && n > 0 &&
	    send(f->peer[1], line, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EAGAIN) {
		close(f->peer[1]);
		f->peer[1] = -1;
	}
}

static void look(struct fake *f, int which, short events, short peer_events)
{
	char text[1024];
	ssize_t n;

	if (events & POLLIN) {
		if (f->peer[which] >= 0)
			close(f->peer[which]);
		f->peer[which] = accept4(f->listen[which], NULL, NULL,
					 SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (which == 0)
			say(f->peer[0], "{\"QMP\":{\"version\":{},\"capabilities\":[]}}\r\n");
		return;
	}
	if (!peer_events || f->peer[which] < 0)
		return;
	n = recv(f->peer[which], text, sizeof(text) - 1, MSG_DONTWAIT);
	if (n <= 0 && errno != EAGAIN) {
		close(f->peer[which]);
		f->peer[which] = -1;
	} else if (n > 0 && which == 0) {
		text[n] = '\0';
		answer(f->peer[0], text);
	}
}

int main(int argc, char **argv)
{
	unsigned count = argc > 2 ? (unsigned)atoi(argv[1]) : 0;
	unsigned interval = argc > 2 ? (unsigned)atoi(argv[2]) : 0;
	static struct pollfd p[MOST * 4];

	if (!count || count > MOST || interval < BEAT_INTERVAL_MIN) {
		fputs("usage: beaters COUNT INTERVAL_MS\n", stderr);
		return 2;
	}
	for (unsigned i = 0; i < count; i++)
		make(&fakes[i], i, interval);
	puts("ready");
	fflush(stdout);
	for (;;) {
		int64_t next = now_ms() + 1000;

		for (unsigned i = 0; i < count; i++) {
			struct fake *f = &fakes[i];

			while (f->next <= now_ms())
				beat(f, interval);
			next = f->next < next ? f->next : next;
			for (int w = 0; w < 2; w++) {
				p[i * 4 + w] = (struct pollfd){f->listen[w], POLLIN, 0};
				p[i * 4 + 2 + w] = (struct pollfd){f->peer[w], POLLIN, 0};
			}
		}
		next -= now_ms();
		if (poll(p, count * 4, next > 0 ? (int)next : 0) > 0)
			for (unsigned i = 0; i < count; i++)
				for (int w = 0; w < 2; w++)
					look(&fakes[i], w, p[i * 4 + w].revents,
					     p[i * 4 + 2 + w].revents);
	}
}
