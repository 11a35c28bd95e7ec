// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lab-node: a node of a lab seen from the machine, without a shell between: tests ask thousands of
 * times.
 *
 *   lab-node LAB enter NODE COMMAND...   run it inside, with the node's environment
 *   lab-node LAB pids NODE [COMM]        the node's processes (whose name matches COMM), as
 *                                        the machine numbers them
 *
 * LAB is the lab's directory (lib/common.sh says what is in it).  Exit status: enter, the command's;
 * 1 and why on standard error, where there is no such node or it is off (pids: nothing is printed).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { READY_MS = 30000, STEP_MS = 20 };

static const char *name; /* of the lab */

static int fail(const char *node, const char *what)
{
	fprintf(stderr, "lab %s: %s: %s\n", name, node, what);
	return 1;
}

/* The first @cap - 1 bytes of a file, as a string; false: it cannot be read. */
static bool slurp(const char *path, char *to, size_t cap)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, to, cap - 1);

	if (fd >= 0)
		close(fd);
	to[n > 0 ? n : 0] = '\0';
	return n >= 0;
}

/* When a process began, in ticks since boot (proc(5), field 22); 0: it lives no more. */
static unsigned long long began(pid_t pid)
{
	char path[64], text[1024], state = 'X';
	unsigned long long start = 0;
	char *at;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (!slurp(path, text, sizeof(text)))
		return 0;
	at = strrchr(text, ')');
	if (!at || sscanf(at + 1, " %c", &state) != 1 || state == 'Z' || state == 'X')
		return 0;
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	return at && sscanf(at, "%llu", &start) == 1 ? start : 0;
}

/* The node's first process, or 0: it is off. */
static pid_t init_of(const char *lab, const char *node)
{
	char path[512], text[64];
	unsigned long long start;
	int pid;

	snprintf(path, sizeof(path), "%s/nodes/%s/init", lab, node);
	if (!slurp(path, text, sizeof(text)) || sscanf(text, "%d %llu", &pid, &start) != 2)
		return 0;
	return began(pid) == start ? pid : 0;
}

/* A node's control groups are those that cgroup.sh made below what $LAB/cgroups lists. */
static void join_groups(const char *lab, const char *node)
{
	char path[512], dir[256], procs[640];
	FILE *f;

	snprintf(path, sizeof(path), "%s/cgroups", lab);
	f = fopen(path, "re");
	while (f && fscanf(f, "%*s %255s", dir) == 1) {
		static const char *const where[] = {"/init", ""};

		for (int i = 0; i < 2; i++) {
			int fd;

			snprintf(procs, sizeof(procs), "%s/taiki-lab.%s/%s%s/cgroup.procs", dir,
				 name, node, where[i]);
			fd = open(procs, O_WRONLY | O_CLOEXEC);
			if (fd < 0)
				continue;
			if (write(fd, "0", 1) != 1)
				fail(node, "a control group does not take us");
			close(fd);
			break;
		}
	}
	if (f)
		fclose(f);
}

static int run(char **command)
{
	static const char *const environment[][2] = {
		{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"},
		{"HOME", "/root"},
		{"LANG", "C.UTF-8"},
		{"PCMK_logfile", "/var/log/pacemaker/pacemaker.log"},
	};
	char term[64];
	int e;

	snprintf(term, sizeof(term), "%s", getenv("TERM") ?: "linux");
	clearenv();
	setenv("TERM", term, 1);
	for (size_t i = 0; i < sizeof(environment) / sizeof(environment[0]); i++)
		setenv(environment[i][0], environment[i][1], 1);
	/* node-setup ends with this file */
	for (int ms = 0; access("/run/lab-node", F_OK) && ms < READY_MS; ms += STEP_MS)
		nanosleep(&(struct timespec){.tv_nsec = STEP_MS * 1000000L}, NULL);
	execvp(command[0], command);
	e = errno;
	fprintf(stderr, "lab %s: %s: %s\n", name, command[0], strerror(e));
	return e == ENOENT ? 127 : 126;
}

static int enter(const char *lab, const char *node, char **command)
{
	int spaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET |
		     CLONE_NEWCGROUP;
	pid_t init = init_of(lab, node), child;
	int fd, status;

	if (!init)
		return fail(node, "it is off");
	fd = (int)syscall(SYS_pidfd_open, init, 0);
	if (fd < 0 || init_of(lab, node) != init)
		return fail(node, "it is off");
	join_groups(lab, node);
	if (setns(fd, spaces) || chdir("/"))
		return fail(node, strerror(errno));
	close(fd);
	/* who enters a process namespace is not in it, but its children are */
	child = fork();
	if (child < 0)
		return fail(node, strerror(errno));
	if (!child)
		exit(run(command));
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return fail(node, strerror(errno));
	if (WIFSIGNALED(status)) {
		signal(WTERMSIG(status), SIG_DFL);
		kill(getpid(), WTERMSIG(status));
		return 128 + WTERMSIG(status);
	}
	return WEXITSTATUS(status);
}

static bool space_of(const char *pid, struct stat *st)
{
	char path[288];

	snprintf(path, sizeof(path), "/proc/%s/ns/pid", pid);
	return !stat(path, st);
}

static int pids(const char *lab, const char *node, const char *comm)
{
	pid_t init = init_of(lab, node);
	struct stat ours, its;
	char text[64], path[288];
	struct dirent *d;
	DIR *proc;

	snprintf(text, sizeof(text), "%d", init);
	if (!init || !space_of(text, &ours))
		return 0;
	proc = opendir("/proc");
	if (!proc)
		return fail(node, "/proc cannot be read");
	while ((d = readdir(proc))) {
		if (d->d_name[0] < '0' || d->d_name[0] > '9' || !space_of(d->d_name, &its) ||
		    its.st_ino != ours.st_ino)
			continue;
		snprintf(path, sizeof(path), "/proc/%s/comm", d->d_name);
		if (comm && (!slurp(path, text, sizeof(text)) ||
			     fnmatch(comm, strtok(text, "\n") ?: "", 0)))
			continue;
		puts(d->d_name);
	}
	closedir(proc);
	return 0;
}

int main(int argc, char **argv)
{
	char path[512];

	if (argc < 4 || (strcmp(argv[2], "enter") != 0 && strcmp(argv[2], "pids") != 0) ||
	    (argv[2][0] == 'e' && argc < 5)) {
		fprintf(stderr, "usage: lab-node LAB enter NODE COMMAND... | pids NODE [COMM]\n");
		return 2;
	}
	name = strrchr(argv[1], '/') ? strrchr(argv[1], '/') + 1 : argv[1];
	snprintf(path, sizeof(path), "%s/config", argv[1]);
	if (access(path, F_OK)) {
		fprintf(stderr, "lab %s: it is not up; start it with: lab --name %s up\n", name,
			name);
		return 1;
	}
	snprintf(path, sizeof(path), "%s/nodes/%s", argv[1], argv[3]);
	if (strncmp(argv[3], "node", 4) != 0 || strchr(argv[3], '/') || access(path, F_OK))
		return fail(argv[3], "no node is called that; see: lab power");
	return argv[2][0] == 'e' ? enter(argv[1], argv[3], argv + 4)
				 : pids(argv[1], argv[3], argv[4]);
}
