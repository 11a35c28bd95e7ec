// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * storaged: options, mount, and the server's life.  Its starter
 * returns when the file system is mounted and the process id is written.
 */
#define FUSE_USE_VERSION 312
#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse.h>
#include <fuse3/fuse_lowlevel.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "storaged.h"

/* Requests that hang hold a thread each; more than a node ever has in flight. */
enum { THREADS_MAX = 256 };

static const struct option options[] = {
	{"node", required_argument, NULL, 'n'},    {"boot", required_argument, NULL, 'b'},
	{"backing", required_argument, NULL, 'd'}, {"mount", required_argument, NULL, 'm'},
	{"faults", required_argument, NULL, 'f'},  {"pid-file", required_argument, NULL, 'p'},
	{"log", required_argument, NULL, 'l'},     {"evict", required_argument, NULL, 'e'},
	{"platter", required_argument, NULL, 'w'}, {NULL},
};

struct settings {
	const char *node, *boot, *backing, *mount, *faults, *pid_file, *log, *platter;
	unsigned evict;
};

static int parse(int argc, char **argv, struct settings *s)
{
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'n': s->node = optarg; break;
		case 'b': s->boot = optarg; break;
		case 'd': s->backing = optarg; break;
		case 'm': s->mount = optarg; break;
		case 'f': s->faults = optarg; break;
		case 'p': s->pid_file = optarg; break;
		case 'l': s->log = optarg; break;
		case 'w': s->platter = optarg; break;
		case 'e': s->evict = (unsigned)strtoul(optarg, NULL, 10); break;
		default: return -EINVAL;
		}
	}
	if (!s->node || !s->boot || !s->backing || !s->mount || !s->log || optind != argc)
		return -EINVAL;
	return 0;
}

static int write_pid(const char *path)
{
	FILE *f = fopen(path, "we");

	if (!f)
		return -errno;
	fprintf(f, "%d\n", (int)getpid());
	return fclose(f) ? -errno : 0;
}

/* detach() - The parent stays until the child says through *@ready that it serves, then ends. */
static int detach(int *ready)
{
	int p[2];
	char byte;
	pid_t pid;

	if (pipe2(p, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid > 0) {
		close(p[1]);
		_exit(read(p[0], &byte, 1) == 1 ? 0 : 1);
	}
	close(p[0]);
	*ready = p[1];
	setsid();
	return chdir("/") ? -errno : 0;
}

static int serve(struct fuse *fuse, const struct settings *s)
{
	struct fuse_loop_config *loop = fuse_loop_cfg_create();
	int ready = -1, rc = -ENOMEM;

	if (!loop)
		return rc;
	fuse_loop_cfg_set_max_threads(loop, THREADS_MAX);
	fuse_loop_cfg_set_idle_threads(loop, 4);
	/* Forks, so no thread may exist yet. */
	rc = detach(&ready);
	if (rc)
		goto out;
	record_open(s->log, s->node, s->boot);
	if (s->platter)
		platter_open(s->platter);
	if (s->pid_file && (rc = write_pid(s->pid_file))) {
		fprintf(stderr, "storaged: %s: cannot write: %s\n", s->pid_file, strerror(-rc));
		goto out;
	}
	if (write(ready, "", 1) != 1)
		goto out;
	close(ready);
	rc = fuse_loop_mt(fuse, loop);
out:
	fuse_loop_cfg_destroy(loop);
	return rc;
}

int main(int argc, char **argv)
{
	char *fuse_argv[] = {argv[0], (char *)"-oallow_other,default_permissions,fsname=shared",
			     NULL};
	struct fuse_args args = FUSE_ARGS_INIT(2, fuse_argv);
	struct settings s = {0};
	struct fuse *fuse;
	int dir, rc = 1;

	if (parse(argc, argv, &s)) {
		fprintf(stderr, "usage: storaged --node NODE --boot ID --backing DIR --mount DIR "
				"--log FILE [--faults FILE] [--pid-file FILE] [--evict PERMILLE] "
				"[--platter FILE]\n");
		return 2;
	}
	dir = open(s.backing, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		fprintf(stderr, "storaged: %s: cannot open: %s\n", s.backing, strerror(errno));
		return 1;
	}
	umask(0);
	storaged_backing(dir);
	fault_file(s.faults);
	storaged_evict(s.evict);
	fuse = fuse_new(&args, &storaged_operations, sizeof(storaged_operations), NULL);
	if (!fuse)
		return 1;
	if (fuse_mount(fuse, s.mount)) {
		fprintf(stderr, "storaged: cannot mount on %s\n", s.mount);
		goto out;
	}
	rc = serve(fuse, &s) ? 1 : 0;
	fuse_unmount(fuse);
out:
	fuse_destroy(fuse);
	return rc;
}
