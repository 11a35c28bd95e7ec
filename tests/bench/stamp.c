/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stamp - start a command, watch what comes out, and say when.
 *
 *   stamp [-u SOCKET [-w TEXT] | -f FILE] [-t SECONDS] [-l LOG] -e NAME=TEXT... -- COMMAND...
 *
 * Prints "NAME NANOSECONDS" (since just before the command was started) at the
 * first time TEXT is seen; TEXT "" is the first byte.  Ends with 0 once all
 * were seen, with 1 after SECONDS (60) or at the end of the output; the
 * command is killed either way.
 *
 * Watched is the command's standard output, or the Unix socket SOCKET (it must
 * accept before the command starts; TEXT of -w and a line's end are written to
 * it then), or FILE while it grows (by inotify).
 * Both sides of a comparison are read by this one program.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MARKS_MAX = 32, OUTPUT_MAX = 4 << 20 };

struct mark {
	const char *name, *text;
	uint64_t seen; /* ns, 0: not yet */
};

static struct mark marks[MARKS_MAX];
static unsigned nmarks;
static char output[OUTPUT_MAX + 1];
static size_t have;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void die(const char *what, const char *object)
{
	fprintf(stderr, "stamp: %s %s: %s\n", what, object, strerror(errno));
	exit(2);
}

/* Marks that have come to be seen in the output so far; how many are still missing. */
static unsigned look(uint64_t began)
{
	unsigned missing = 0;
	uint64_t t = now();

	for (unsigned i = 0; i < nmarks; i++) {
		if (marks[i].seen)
			continue;
		if (have && (!marks[i].text[0] ||
			     memmem(output, have, marks[i].text, strlen(marks[i].text)))) {
			marks[i].seen = t - began;
			printf("%s %llu\n", marks[i].name, (unsigned long long)marks[i].seen);
			fflush(stdout);
		} else {
			missing++;
		}
	}
	return missing;
}

static int open_socket(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(a.sun_path)) {
		errno = ENAMETOOLONG;
		die("connect to", path);
	}
	strcpy(a.sun_path, path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		die("connect to", path);
	return fd;
}

/* An inotify descriptor for the directory of @path: the file may not exist yet. */
static int watch_dir(const char *path)
{
	char *dir = strdup(path), *slash = strrchr(dir, '/');
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (slash)
		*slash = 0;
	if (fd < 0 || inotify_add_watch(fd, slash ? dir : ".", IN_MODIFY | IN_CREATE) < 0)
		die("watch", path);
	free(dir);
	return fd;
}

/* Reads what there is; false at the end of the output. */
static int take(int fd)
{
	ssize_t n;

	if (have == OUTPUT_MAX) {
		memmove(output, output + OUTPUT_MAX / 2, OUTPUT_MAX / 2);
		have = OUTPUT_MAX / 2;
	}
	n = read(fd, output + have, OUTPUT_MAX - have);
	if (n > 0)
		have += (size_t)n;
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static int take_file(int inotify, const char *path)
{
	char events[4096] __attribute__((aligned(8)));
	ssize_t n = read(inotify, events, sizeof(events));
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	(void)n;
	if (fd < 0)
		return 1;
	have = 0;
	while (have < OUTPUT_MAX && (n = read(fd, output + have, OUTPUT_MAX - have)) > 0)
		have += (size_t)n;
	close(fd);
	return 1;
}

static pid_t start(char **argv, int out)
{
	pid_t pid = fork();

	if (pid < 0)
		die("start", argv[0]);
	if (pid == 0) {
		setpgid(0, 0);
		if (out >= 0) {
			dup2(out, 1);
			dup2(out, 2);
		}
		execvp(argv[0], argv);
		die("start", argv[0]);
	}
	return pid;
}

int main(int argc, char **argv)
{
	const char *sock = NULL, *file = NULL, *log = NULL, *type = NULL;
	int opt, fd, pipefd[2] = {-1, -1}, seconds = 60;
	uint64_t began, end;
	unsigned missing;
	pid_t pid;

	while ((opt = getopt(argc, argv, "+u:w:f:t:l:e:")) != -1) {
		char *eq;

		switch (opt) {
		case 'u': sock = optarg; break;
		case 'w': type = optarg; break;
		case 'f': file = optarg; break;
		case 't': seconds = atoi(optarg); break;
		case 'l': log = optarg; break;
		case 'e':
			eq = strchr(optarg, '=');
			if (!eq || nmarks == MARKS_MAX) {
				fprintf(stderr, "stamp: -e wants NAME=TEXT, not '%s'\n", optarg);
				return 2;
			}
			*eq = 0;
			marks[nmarks].name = optarg;
			marks[nmarks++].text = eq + 1;
			break;
		default: return 2;
		}
	}
	if (optind == argc || !nmarks) {
		fprintf(stderr,
			"usage: stamp [-u SOCKET [-w TEXT] | -f FILE] [-t SECONDS] [-l LOG] -e NAME=TEXT... -- COMMAND...\n");
		return 2;
	}
	if (sock)
		fd = open_socket(sock);
	else if (file)
		fd = watch_dir(file);
	else if (pipe2(pipefd, O_CLOEXEC) < 0)
		die("make", "a pipe");
	else
		fd = pipefd[0];

	began = now();
	end = began + (uint64_t)seconds * 1000000000u;
	pid = start(argv + optind, pipefd[1]);
	if (pipefd[1] >= 0)
		close(pipefd[1]);
	if (sock && type && dprintf(fd, "%s\n", type) < 0)
		die("write to", sock);
	for (missing = nmarks; missing;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		uint64_t t = now();

		if (t >= end || poll(&p, 1, (int)((end - t) / 1000000 + 1)) == 0)
			break;
		if (!(file ? take_file(fd, file) : take(fd)))
			break;
		missing = look(began);
	}
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	if (log) {
		FILE *f = fopen(log, "w");

		if (f) {
			fwrite(output, 1, have, f);
			fclose(f);
		}
	}
	return missing ? 1 : 0;
}
