// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Work that may wait, in a process of its own.  It dies with the daemon: whatever it was at
 * is found half done by the next one, which is what that has to be able to do anyway.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hv/daemon.h"

#include "poold.h"

enum { ANSWER_FD = 3, ANSWER_MAX = 4 * 1024 * 1024 };

/* What the answer begins with; text follows. */
struct head {
	int rc, percent;
};

__attribute__((noreturn)) static void child(pid_t daemon, int result,
					    int (*work)(const void *, struct job_answer *),
					    const void *arg, int timeout_ms)
{
	struct job_answer a = {.fd = ANSWER_FD};
	int rc;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != daemon)
		_exit(1);
	hv_signals_fresh();
	/* Above all the lock, which would outlive the daemon in us. */
	if (dup2(result, ANSWER_FD) < 0 || fcntl(ANSWER_FD, F_SETFD, FD_CLOEXEC))
		_exit(1);
	close_range(ANSWER_FD + 1, ~0U, 0);
	alarm((unsigned)timeout_ms / 1000 + 1);
	rc = work(arg, &a);
	_exit(pwrite(ANSWER_FD, &rc, sizeof(rc), 0) != sizeof(rc));
}

void job_say(struct job_answer *a, const void *data, size_t len)
{
	off_t at = lseek(a->fd, 0, SEEK_END);

	if (pwrite(a->fd, data, len, at) != (ssize_t)len)
		_exit(1);
}

void job_step(void *answer, uint64_t done, uint64_t all)
{
	struct job_answer *a = answer;
	int percent = all ? (int)(done * 100 / all) : 100;

	if (pwrite(a->fd, &percent, sizeof(percent), offsetof(struct head, percent)) < 0)
		_exit(1);
}

int job_progress(const struct job *j)
{
	struct head h;

	return job_runs(j) && pread(j->result, &h, sizeof(h), 0) == sizeof(h) ? h.percent : -1;
}

/* take_answer() - The return code, and *@text what it said beside it. */
static int take_answer(struct job *j, const siginfo_t *how, char **text, size_t *len)
{
	struct stat st;
	struct head h;

	*text = NULL;
	*len = 0;
	if (how->si_code != CLD_EXITED)
		return how->si_status == SIGALRM ? -ETIMEDOUT : -EINTR;
	if (how->si_status || fstat(j->result, &st) || st.st_size > ANSWER_MAX ||
	    pread(j->result, &h, sizeof(h), 0) != sizeof(h))
		return -EIO;
	*len = (size_t)st.st_size - sizeof(h);
	*text = malloc(*len + 1);
	if (!*text || pread(j->result, *text, *len, sizeof(h)) != (ssize_t)*len)
		*len = 0;
	if (*text)
		(*text)[*len] = '\0';
	return h.rc;
}

static void drop(struct job *j)
{
	poller_del(&j->end);
	close(j->end.fd);
	close(j->result);
	j->pid = 0;
}

static void ended(void *data)
{
	struct job *j = data;
	siginfo_t how = {0};
	char *text;
	size_t len;
	int rc;

	if (waitid(P_PIDFD, (id_t)j->end.fd, &how, WEXITED | WNOHANG) || !how.si_pid)
		return;
	rc = take_answer(j, &how, &text, &len);
	drop(j);
	j->done(j->owner, rc, text, len);
	free(text);
}

int job_start(struct job *j, int (*work)(const void *, struct job_answer *), const void *arg,
	      int timeout_ms)
{
	static const struct head none = {.rc = -EIO, .percent = -1};
	pid_t self = getpid();
	int rc;

	j->result = memfd_create("answer", MFD_CLOEXEC);
	if (j->result < 0)
		return -errno;
	if (write(j->result, &none, sizeof(none)) != sizeof(none)) {
		close(j->result);
		return -ENOSPC;
	}
	j->pid = fork();
	if (!j->pid)
		child(self, j->result, work, arg, timeout_ms);
	j->end = (struct poller_entry){.fd = -1, .ready = ended, .data = j};
	if (j->pid > 0)
		j->end.fd = pidfd_open(j->pid, 0);
	if (j->end.fd >= 0 && !poller_add(&j->end))
		return 0;
	rc = errno ? -errno : -EIO;
	if (j->pid > 0) {
		kill(j->pid, SIGKILL);
		waitpid(j->pid, NULL, 0);
	}
	if (j->end.fd >= 0)
		close(j->end.fd);
	close(j->result);
	j->pid = 0;
	return rc;
}

void job_forget(struct job *j)
{
	if (!job_runs(j))
		return;
	kill(j->pid, SIGKILL);
	waitpid(j->pid, NULL, 0);
	drop(j);
}
