// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The machine's life after setup: what a request of the guest or of QMP does.
 */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "board_private.h"
#include "boot.h"
#include "chardev.h"
#include "clock.h"
#include "control/control.h"
#include "device/device.h"
#include "device/watchdog.h"
#include "idle.h"
#include "jail.h"
#include "log.h"
#include "loop.h"
#include "machine.h"
#include "machine_private.h"
#include "progress.h"
#include "threads.h"

enum { DRAIN_POLL_NS = 1000000, DRAIN_WARN_NS = 2000000000 };

/* What happens once no host I/O is in flight. */
enum drain_then { DRAIN_NOTHING, DRAIN_RESET, DRAIN_END };

static struct {
	enum drain_then then;
	bool run_after; /* the reset machine runs */
	struct loop_timer drain;
	uint64_t drain_since;
	bool drain_warned;
	struct loop_fd wake; /* eventfd: a request is there */
	unsigned requests;   /* 1 << enum board_request */
	const char *cause;
	int status; /* exit status */
	bool stuck; /* a vCPU does not come back: nothing can be taken down in order */
} m = {.wake = {.fd = -1}};

struct machine_counts machine_counts;

bool machine_drained(void)
{
	for (struct device *d = board_devices; d; d = d->next)
		if (d->busy && d->busy(d))
			return false;
	return true;
}

static void clock_changed(void)
{
	board.engine_ops->clock_changed(board.engine);
	loop_clock_changed();
}

/* vCPUs out, time stands still, no new host I/O. */
static int stand_still(struct hv_error *err)
{
	int rc = threads_park();

	if (rc)
		return hv_err(err, rc, "domain %s: a vCPU did not leave the engine within %d s",
			      board.config->name, MACHINE_PARK_MS / 1000);
	idle_watch(false);
	clock_stop(board.clock);
	clock_changed();
	for (struct device *d = board_devices; d; d = d->next)
		if (d->quiesce)
			d->quiesce(d);
	return 0;
}

static void go(void)
{
	for (struct device *d = board_devices; d; d = d->next)
		if (d->resume)
			d->resume(d);
	clock_continue(board.clock);
	clock_changed();
	machine_set_state(MACHINE_RUNNING);
	idle_watch(true);
	threads_go();
}

int machine_pause(struct hv_error *err)
{
	int rc;

	if (m.then != DRAIN_NOTHING)
		m.run_after = false;
	/* From now on it is not the disk alone that it waits for. */
	if (machine_state() == MACHINE_IO_ERROR)
		machine_set_state(MACHINE_PAUSED);
	if (machine_state() != MACHINE_RUNNING)
		return 0;
	rc = stand_still(err);
	if (rc)
		return rc;
	/* The guest may have powered itself off in its last moment: then that is what happened. */
	machine_set_state(MACHINE_PAUSED);
	machine_counts.pauses++;
	event_emit("STOP", NULL);
	return 0;
}

int machine_resume(struct hv_error *err)
{
	if (m.then == DRAIN_RESET) {
		m.run_after = true;
		return 0;
	}
	if (machine_state() == MACHINE_RUNNING || m.then == DRAIN_END)
		return 0;
	if (!machine_resumable())
		return hv_err(err, -EINVAL,
			      "domain %s: the guest has ended (%s); reset it first (system_reset)",
			      board.config->name, machine_state_name());
	go();
	event_emit("RESUME", NULL);
	return 0;
}

static void end_now(void)
{
	loop_quit();
}

static void rebuild(void);

static void drain_step(struct loop_timer *t)
{
	enum drain_then then = m.then;

	if (!machine_drained()) {
		if (!m.drain_warned && loop_host_now() - m.drain_since > DRAIN_WARN_NS) {
			m.drain_warned = true;
			log_line(LOG_WARNING, "waiting for disk requests in flight before %s",
				 then == DRAIN_END ? "the end" : "the reset");
		}
		loop_host_timer_arm(t, loop_host_now() + DRAIN_POLL_NS);
		return;
	}
	m.then = DRAIN_NOTHING;
	if (then == DRAIN_RESET)
		rebuild();
	else if (then == DRAIN_END)
		end_now();
}

static void drain(enum drain_then then)
{
	/* The end overrides a reset that waits. */
	if (m.then == DRAIN_END)
		return;
	m.then = then;
	m.drain_since = loop_host_now();
	m.drain_warned = false;
	m.drain.expired = drain_step;
	drain_step(&m.drain);
}

static void begin_end(bool guest, const char *reason, int status)
{
	struct hv_error err;

	if (m.then == DRAIN_END)
		return;
	event_emit("SHUTDOWN", json_pack("{s:b, s:s}", "guest", guest, "reason", reason));
	log_line(LOG_NOTICE, "ending: %s", reason);
	m.status = status;
	if (stand_still(&err)) {
		log_line(LOG_WARNING, "%s", err.text);
		m.stuck = true;
	}
	machine_set_state(MACHINE_SHUTDOWN);
	drain(DRAIN_END);
}

static void begin_reset(bool guest, const char *reason)
{
	struct hv_error err;
	/* What its disk owes is forgotten with the rest, so that it need not wait for that. */
	bool was_running = machine_state() == MACHINE_RUNNING ||
			   machine_state() == MACHINE_IO_ERROR;

	if (m.then != DRAIN_NOTHING)
		return;
	if (stand_still(&err)) {
		log_line(LOG_ERROR, "reset: %s", err.text);
		return;
	}
	/* What stood still stands still after it. */
	m.run_after = was_running;
	event_emit("RESET", json_pack("{s:b, s:s}", "guest", guest, "reason", reason));
	log_line(LOG_NOTICE, "reset: %s", reason);
	drain(DRAIN_RESET);
}

/* The guest is off; the process stays for whoever wants to look. */
static void preserve(enum machine_state state)
{
	struct hv_error err;

	if (stand_still(&err))
		log_line(LOG_WARNING, "%s", err.text);
	machine_set_state(state);
	event_emit("STOP", NULL);
}

static void act(enum hv_action action, const char *reason, enum machine_state kept, int status)
{
	bool guest = strncmp(reason, "host-", 5) != 0;

	switch (action) {
	case HV_ACTION_DESTROY: begin_end(guest, reason, status); break;
	case HV_ACTION_RESTART: begin_reset(guest, reason); break;
	case HV_ACTION_PRESERVE: preserve(kept); break;
	}
}

/* Nothing of the guest's doing: it cannot be gone on with. */
static void engine_error(void)
{
	enum hv_action a = board.config->on_crash;

	act(a == HV_ACTION_RESTART ? HV_ACTION_DESTROY : a, "host-error", MACHINE_INTERNAL_ERROR,
	    MACHINE_EXIT_ENGINE);
}

static void rebuild(void)
{
	struct hv_error err;

	board.engine_ops->reset(board.engine);
	for (struct device *d = board_devices; d; d = d->next)
		d->reset(d);
	if (boot_load(board.config, &err)) {
		log_line(LOG_ERROR, "reset failed: %s", err.text);
		engine_error();
		return;
	}
	machine_counts.resets++;
	progress_resets(machine_counts.resets);
	if (m.run_after) {
		go();
		return;
	}
	/* Devices stay quiesced until it is resumed. */
	machine_set_state(MACHINE_PAUSED);
}

static void panicked(void)
{
	static const char *const actions[] = {
		[HV_ACTION_DESTROY] = "poweroff",
		[HV_ACTION_RESTART] = "reset",
		[HV_ACTION_PRESERVE] = "pause",
	};
	enum hv_action a = board.config->on_crash;
	const char *why = threads_failed();

	if (why) {
		log_line(LOG_ERROR, "the engine cannot execute the guest: %s", why);
		engine_error();
		return;
	}
	event_emit("GUEST_PANICKED", json_pack("{s:s}", "action", actions[a]));
	act(a, "guest-panic", MACHINE_PANICKED, MACHINE_EXIT_PANIC);
}

void machine_nmi(void)
{
	for (unsigned i = 0; i < board.config->vcpus; i++)
		board.engine_ops->nmi(board.engine, i);
}

static void bitten(void)
{
	enum hv_watchdog_action action = watchdog_action();
	struct hv_error err;

	log_line(LOG_WARNING, "the guest did not feed its watchdog: %s",
		 watchdog_action_name(action));
	event_emit("WATCHDOG", json_pack("{s:s}", "action", watchdog_action_name(action)));
	switch (action) {
	case HV_WATCHDOG_RESET:
		act(board.config->on_reboot, "guest-reset", MACHINE_SHUTDOWN, 0);
		break;
	case HV_WATCHDOG_SHUTDOWN:
		if (machine_powerdown(&err))
			log_line(LOG_ERROR, "%s", err.text);
		break;
	/* QMP has no cause of its own for it: a guest that failed is the one that says most. */
	case HV_WATCHDOG_POWEROFF: begin_end(true, "guest-panic", MACHINE_EXIT_PANIC); break;
	case HV_WATCHDOG_PAUSE: preserve(MACHINE_WATCHDOG); break;
	case HV_WATCHDOG_ACT_NONE: break;
	case HV_WATCHDOG_INJECT_NMI: machine_nmi(); break;
	}
}

/* A disk keeps what has failed; who has stopped for another reason goes on by whoever stopped it. */
static void io_error(void)
{
	struct hv_error err;

	/* What a reset waits for is forgotten when it has ended, well or not. */
	if (machine_state() != MACHINE_RUNNING || m.then != DRAIN_NOTHING)
		return;
	if (stand_still(&err)) {
		log_line(LOG_ERROR, "%s", err.text);
		return;
	}
	machine_set_state(MACHINE_IO_ERROR);
	event_emit("STOP", NULL);
	io_retry_begin();
}

/* On the loop thread: what was asked for, the most final first. */
static void requests_ready(struct loop_fd *w, uint32_t events)
{
	unsigned what = m.requests;
	uint64_t n;

	if (read(w->fd, &n, sizeof(n)) < 0 && errno != EAGAIN)
		log_line(LOG_WARNING, "requests: %s", strerror(errno));
	m.requests = 0;
	if (what & 1 << BOARD_CRASHLOADED)
		event_emit("GUEST_CRASHLOADED", json_pack("{s:s}", "action", "run"));
	if (what & 1 << BOARD_POWEROFF)
		act(board.config->on_poweroff, "guest-shutdown", MACHINE_SHUTDOWN, 0);
	else if (what & 1 << BOARD_PANIC)
		panicked();
	else if (what & 1 << BOARD_RESET)
		act(board.config->on_reboot, m.cause, MACHINE_SHUTDOWN, 0);
	else if (what & 1 << BOARD_WATCHDOG)
		bitten();
	else if (what & 1 << BOARD_IO_ERROR)
		io_error();
}

void board_request(enum board_request what, const char *cause)
{
	uint64_t one = 1;

	m.requests |= 1u << what;
	if (what == BOARD_RESET)
		m.cause = cause;
	/* What a watchdog's action is, and whether the guest stops for it, the loop decides. */
	if (what != BOARD_CRASHLOADED && what != BOARD_WATCHDOG)
		threads_hold();
	if (write(m.wake.fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		log_line(LOG_ERROR, "request: %s", strerror(errno));
}

void machine_reset(void)
{
	begin_reset(false, "host-qmp-system-reset");
}

int machine_powerdown(struct hv_error *err)
{
	if (!board.config->acpi)
		return hv_err(err, -ENOTSUP,
			      "domain %s: has no ACPI, so no power button; its definition lacks "
			      "<features><acpi/></features>",
			      board.config->name);
	event_emit("POWERDOWN", NULL);
	acpi_pm_power_button();
	return 0;
}

void machine_quit(const char *cause)
{
	begin_end(false, cause, 0);
}

int machine_wake_init(struct hv_error *err)
{
	int rc;

	m.wake.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	m.wake.ready = requests_ready;
	rc = m.wake.fd < 0 ? -errno : loop_add(&m.wake, EPOLLIN);
	return rc ? hv_err(err, rc, "request descriptor: %s", strerror(-rc)) : 0;
}

void machine_wake_fini(void)
{
	if (m.wake.fd >= 0)
		close(m.wake.fd);
	m.wake.fd = -1;
}

int machine_start(struct hv_error *err)
{
	int rc;

	rc = threads_start(board.engine_ops->nthreads(board.engine), err);
	/* Beside the run threads, which enter their jail now too. */
	if (!rc)
		rc = jail_thread(JAIL_LOOP, err);
	if (rc)
		return rc;
	board_lock();
	rc = threads_ready(err);
	board_unlock();
	return rc;
}

void machine_first_go(void)
{
	board_lock();
	go();
	board_unlock();
}

int machine_run(void)
{
	int rc = loop_run();

	if (rc) {
		log_line(LOG_ERROR, "loop: %s", strerror(-rc));
		return MACHINE_EXIT_ENGINE;
	}
	/* Joining a thread that does not come back would wait for ever; requests are done. */
	if (m.stuck)
		_exit(m.status);
	return m.status;
}
