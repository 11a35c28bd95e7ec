// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "hvcore/vmm/board.h"
#include "hvcore/vmm/device/watchdog.h"
#include "hvcore/vmm/log.h"
#include "hvcore/vmm/loop.h"
#include "hvcore/vmm/virtio/devices.h"

#include "fakes.h"
#include "hvcore/lib/served.h"

enum { WATCHED_MAX = 64 };

struct fakes fakes;
static char config_name[] = "web";
static struct hv_config config = {
	.name = config_name,
	.uuid = "3c5f3ce2-86e4-4a3c-9b34-0d6f1ff2c2f1",
	.memory = 128 << 20,
};
struct board board = {.config = &config};
static struct loop_fd *watched[WATCHED_MAX];
static int epoll_fd = -1;

void fakes_reset(void)
{
	fakes = (struct fakes){
		.state = MACHINE_RUNNING,
		.balloon = 64 << 20,
		.disk_size = 1 << 20,
		.link_up = true,
	};
}

int loop_add(struct loop_fd *w, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.fd = w->fd};

	if (epoll_fd < 0)
		epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	for (unsigned i = 0; i < WATCHED_MAX; i++) {
		if (!watched[i]) {
			watched[i] = w;
			return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, w->fd, &e) ? -errno : 0;
		}
	}
	return -ENOSPC;
}

int loop_mod(struct loop_fd *w, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.fd = w->fd};

	return epoll_ctl(epoll_fd, EPOLL_CTL_MOD, w->fd, &e) ? -errno : 0;
}

void loop_del(struct loop_fd *w)
{
	for (unsigned i = 0; i < WATCHED_MAX; i++)
		if (watched[i] == w)
			watched[i] = NULL;
	epoll_ctl(epoll_fd, EPOLL_CTL_DEL, w->fd, NULL);
}

int fake_loop_turn(int ms)
{
	struct epoll_event e[WATCHED_MAX];
	int n = epoll_wait(epoll_fd, e, WATCHED_MAX, ms);

	for (int k = 0; k < n; k++) {
		for (unsigned i = 0; i < WATCHED_MAX; i++) {
			if (watched[i] && watched[i]->fd == e[k].data.fd) {
				watched[i]->ready(watched[i], e[k].events);
				break;
			}
		}
	}
	return n;
}

uint64_t loop_host_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

void loop_host_timer_arm(struct loop_timer *t, uint64_t deadline)
{
}

void loop_host_timer_cancel(struct loop_timer *t)
{
}

void log_line(enum log_level level, const char *fmt, ...)
{
	fakes.log_lines++;
}

uint64_t machine_io_error_ms(void)
{
	return fakes.io_error_ms;
}

uint64_t virtio_blk_owing_ms(const char **name)
{
	*name = "vda";
	return fakes.owing_ms;
}

enum machine_state machine_state(void)
{
	return fakes.state;
}

const char *machine_state_name(void)
{
	static const char *const names[] = {
		[MACHINE_PRELAUNCH] = "prelaunch",     [MACHINE_RUNNING] = "running",
		[MACHINE_PAUSED] = "paused",           [MACHINE_SHUTDOWN] = "shutdown",
		[MACHINE_PANICKED] = "guest-panicked", [MACHINE_INTERNAL_ERROR] = "internal-error",
	};

	return names[fakes.state];
}

void machine_nmi(void)
{
	fakes.nmis++;
}

int watchdog_set_action(const char *name, struct hv_error *err)
{
	snprintf(fakes.watchdog, sizeof(fakes.watchdog), "%s", name);
	return strcmp(name, "bad") ? 0 : hv_err(err, -EINVAL, "no such action");
}

json_t *watchdog_query(void)
{
	return json_null();
}

int machine_pause(struct hv_error *err)
{
	fakes.state = MACHINE_PAUSED;
	return 0;
}

int machine_resume(struct hv_error *err)
{
	if (fakes.state == MACHINE_PANICKED)
		return hv_err(err, -EINVAL, "the guest has ended; reset it first");
	fakes.state = MACHINE_RUNNING;
	return 0;
}

void machine_reset(void)
{
	fakes.resets++;
}

int machine_powerdown(struct hv_error *err)
{
	fakes.powerdowns++;
	return fakes.powerdown_rc;
}

void machine_quit(const char *cause)
{
	fakes.quits++;
}

int machine_adopt(const struct adoption *a, struct hv_error *err)
{
	if (!*a->name)
		return hv_err(err, -EINVAL, "no name");
	snprintf(fakes.adopted, sizeof(fakes.adopted), "%s/%s/%s", a->name, a->resource,
		 a->incarnation);
	return 0;
}

void machine_info(struct machine_info *out)
{
	*out = (struct machine_info){
		.engine = "soft",
		.engine_why = "there is no /dev/kvm",
		.vcpus = 2,
		.guest_faults = 7,
	};
}

uint64_t machine_retired(unsigned vcpu)
{
	return 100 + vcpu;
}

int machine_thread_id(unsigned vcpu)
{
	return 4000 + (int)vcpu;
}

json_t *virtio_blk_query(void)
{
	return json_pack("[{s:s, s:I}]", "device", "vda", "size", (json_int_t)fakes.disk_size);
}

json_t *virtio_blk_stats(void)
{
	return json_pack("[{s:s}]", "device", "vda");
}

int virtio_blk_resize(const char *target, uint64_t bytes, struct hv_error *err)
{
	if (strcmp(target, "vda") != 0)
		return hv_err(err, -ENOENT, "Cannot find device=\"%s\"", target);
	fakes.disk_size = bytes;
	return 0;
}

int virtio_blk_open_gate(const char *target, int fd, const struct served *s, uint64_t ticket,
			 struct hv_error *err)
{
	if (strcmp(target, "vdb") != 0)
		return hv_err(err, -ENOENT, "Cannot find device=\"%s\"", target);
	close(fd);
	fakes.gate_ticket = ticket;
	fakes.gate_nbd = s->how == SERVED_NBD ? s->nbd.size : 0;
	fakes.gate_vhost = s->how == SERVED_VHOST ? s->vhost.size : 0;
	return 0;
}

int virtio_role_say(const char *text, bool keep, struct hv_error *err)
{
	snprintf(fakes.role, sizeof(fakes.role), "%s%s", text, keep ? "+" : "");
	return 0;
}

json_t *virtio_role_query(void)
{
	return fakes.role[0] ? json_pack("{s:s}", "last", fakes.role) : NULL;
}

int virtio_net_link(const char *name, bool up, struct hv_error *err)
{
	if (strcmp(name, "net@0") != 0)
		return hv_err(err, -ENOENT, "Device '%s' not found", name);
	fakes.link_up = up;
	return 0;
}

json_t *virtio_net_query(void)
{
	return json_array();
}

json_t *virtio_console_query(void)
{
	return json_array();
}

int virtio_balloon_set(uint64_t bytes, struct hv_error *err)
{
	if (!fakes.balloon)
		return hv_err(err, -ENODEV, "No balloon device has been activated");
	fakes.balloon = bytes;
	return 0;
}

bool virtio_balloon_actual(uint64_t *bytes)
{
	*bytes = fakes.balloon;
	return fakes.balloon != 0;
}

json_t *virtio_balloon_stats(void)
{
	return json_object();
}

int virtio_balloon_stats_period(unsigned seconds, struct hv_error *err)
{
	return 0;
}

json_t *virtio_balloon_query(void)
{
	return json_pack("{s:I}", "asked", (json_int_t)fakes.balloon);
}

int virtio_blk_throttle(const char *target, const struct hv_limits *l, struct hv_error *err)
{
	fakes.limits = *l;
	return strcmp(target, "vda") ? hv_err(err, -ENOENT, "there is no disk %s", target) : 0;
}

int virtio_net_throttle(const char *name, const struct hv_limits *l, struct hv_error *err)
{
	fakes.limits = *l;
	return strcmp(name, "net0") ? hv_err(err, -ENOENT, "there is no interface %s", name) : 0;
}
