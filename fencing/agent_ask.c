// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One request and its reply.  Whatever breaks on the way, the same request (the same id) is
 * asked again until its time is over: taiki-fenced answers it, but does not do it, twice.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "fencing/agent.h"

enum {
	PAUSE_MIN_MS = 50,
	PAUSE_MAX_MS = 1000,
	AGAIN_MS = 5000, /* an answer may be lost without a connection breaking */
	SPARE_MS = 200,  /* of our time, for the answer's way back */
};

struct asking {
	struct agent_link *link;
	struct fence_request *request;
	struct fence_framer in;
	int64_t deadline;
	int64_t reached; /* when somebody was last connected; for login_timeout */
};

/* wait_for() - 1: ready; 0: @until is past; -EPIPE: the host's end is not there. */
static int wait_for(struct asking *a, short events, int64_t until)
{
	for (;;) {
		struct pollfd p = {.fd = a->link->fd, .events = events};
		int64_t left = until - agent_now_ms();

		if (left <= 0)
			return 0;
		if (poll(&p, 1, (int)left) < 0 && errno != EINTR)
			return -errno;
		/* What was said before the end is read first. */
		if (p.revents & events)
			return 1;
		if (p.revents & (POLLHUP | POLLERR | POLLNVAL))
			return -EPIPE;
	}
}

static int send_request(struct asking *a)
{
	uint8_t out[FENCE_HEADER + FENCE_REQUEST_MAX];
	int64_t left = a->deadline - agent_now_ms(), spare = left > 5 * SPARE_MS ? SPARE_MS : 0;
	size_t done = 0, len;
	int n;

	a->request->timeout_ms = (uint32_t)(left - spare > 100 ? left - spare : 100);
	n = fence_request_encode(out, sizeof(out), a->request);
	if (n < 0)
		return n;
	len = (size_t)n;
	while (done < len) {
		ssize_t w = write(a->link->fd, out + done, len - done);
		int rc;

		if (w > 0) {
			done += (size_t)w;
			continue;
		}
		if (w < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		rc = wait_for(a, POLLOUT, a->deadline);
		if (rc <= 0)
			return rc ? rc : -ETIMEDOUT;
	}
	return 0;
}

/* take() - What came: 1 with the reply to our request; 0: nothing of ours yet. */
static int take(struct asking *a, const uint8_t *data, size_t len, struct fence_reply *reply)
{
	const uint8_t *body;
	size_t body_len;
	uint16_t kind;

	if (fence_feed(&a->in, data, len))
		return -ENOMEM;
	while (fence_next(&a->in, &kind, &body, &body_len) == 1) {
		int rc = fence_reply_decode(body, body_len, reply);

		if (rc == -ENOMEM)
			return rc;
		if (rc)
			continue;
		if (!memcmp(reply->id, a->request->id, sizeof(reply->id)))
			return 1;
		agent_detail("a reply to somebody else's request was passed over");
		fence_reply_free(reply);
	}
	return 0;
}

/* exchange() - Over one connection: 1 with the reply, or why it ended. */
static int exchange(struct asking *a, struct fence_reply *reply)
{
	uint8_t buf[16384];
	int rc;

	for (;;) {
		int64_t until = agent_now_ms() + AGAIN_MS;
		ssize_t n;

		rc = send_request(a);
		if (rc)
			return rc;
		a->reached = agent_now_ms();
		if (until > a->deadline)
			until = a->deadline;
		while ((rc = wait_for(a, POLLIN, until)) == 1) {
			n = read(a->link->fd, buf, sizeof(buf));
			if (n < 0 && (errno == EAGAIN || errno == EINTR))
				continue;
			if (n <= 0)
				return n ? -errno : -EPIPE;
			rc = take(a, buf, (size_t)n, reply);
			if (rc)
				return rc;
		}
		if (rc)
			return rc;
		if (agent_now_ms() >= a->deadline)
			return -ETIMEDOUT;
		agent_detail("no answer yet; asking again");
	}
}

/* attempt() - 1: answered; 0: not this time; negative: it is over. */
static int attempt(struct asking *a, int64_t login_ms, struct fence_reply *reply)
{
	int64_t give_up = a->reached + login_ms;
	int rc = a->link->fd >= 0
			 ? 0
			 : link_open(a->link, give_up < a->deadline ? give_up : a->deadline);

	if (rc) {
		agent_detail("%s", a->link->problem);
	} else {
		memset(&a->in, 0, sizeof(a->in));
		rc = exchange(a, reply);
		fence_framer_free(&a->in);
		if (rc == 1)
			return 1;
		if (rc != -ETIMEDOUT)
			snprintf(a->link->problem, sizeof(a->link->problem),
				 "the connection broke: %s", strerror(-rc));
		agent_detail("%s", a->link->problem);
		link_close(a->link);
	}
	if (agent_now_ms() >= a->deadline)
		return -ETIMEDOUT;
	/* Another agent that holds the port may be waiting for its own answer: no failure. */
	return rc == -EBUSY || agent_now_ms() < a->reached + login_ms ? 0 : rc;
}

int agent_ask(struct agent_link *link, struct fence_request *r, int64_t timeout_ms,
	      struct fence_reply *reply)
{
	struct asking a = {.link = link, .request = r};
	int64_t pause = PAUSE_MIN_MS, login_ms = options_ms(link->options, OPT_LOGIN_TIMEOUT);
	int rc;

	if (getrandom(r->id, sizeof(r->id), 0) != sizeof(r->id)) {
		agent_say("no random number for the request: %s", strerror(errno));
		return -EIO;
	}
	a.reached = agent_now_ms();
	a.deadline = a.reached + timeout_ms;
	while (!(rc = attempt(&a, login_ms, reply))) {
		int64_t left = a.deadline - agent_now_ms();

		agent_sleep_ms(pause < left ? pause : left);
		pause = pause * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : pause * 2;
	}
	if (rc == 1)
		return 0;
	agent_say("no answer from the hypervisor in time%s%s", link->problem[0] ? ": " : "",
		  link->problem);
	return rc;
}
