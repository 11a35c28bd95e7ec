// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two hosts: a disk with a volatile cache (storaged) and a taiki-mirrord each.
 *
 * What a cluster knows is here, too, as files: `only` names who may be promoted (the fence-peer handler
 * places it, as taiki-fence-peer does in the CIB), `dead` says of a host that it was seen to be.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mirror/client.h"
#include "tests/history/torture/host.h"

enum { WORDS = 48, STATUS_MS = 10000, UP_MS = 60000, POLL_MS = 5, ATTACH_MS = 20000 };

struct host hosts[2];

/* ---- processes ---- */

pid_t host_run(char *const argv[], const char *log)
{
	pid_t pid = fork();

	if (pid < 0)
		give_up("cannot fork: %s", strerror(errno));
	if (pid)
		return pid;
	int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	dup2(fd, 1);
	dup2(fd, 2);
	/* whoever reads what this program says need not wait for a daemon's end */
	close_range(3, ~0U, 0);
	execv(argv[0], argv);
	_exit(127);
}

void host_finish(const char *what, pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status))
		give_up("%s has failed", what);
}

void host_reap(pid_t *pid)
{
	if (*pid)
		waitpid(*pid, NULL, 0);
	*pid = 0;
}

/* What a process has left behind is ours now, and ends with it. */
void host_reap_strays(void)
{
	char path[64], line[4096] = "", *at = line, *word;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, line, sizeof(line) - 1) < 0)
		give_up("%s: %s", path, strerror(errno));
	close(fd);
	while ((word = strsep(&at, " \n"))) {
		pid_t pid = (pid_t)strtol(word, NULL, 10);
		bool known = !pid;

		for (int i = 0; i < 2; i++)
			known |= pid == hosts[i].disk || pid == hosts[i].mirror;
		if (known)
			continue;
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
}

/* ---- the disk ---- */

static void disk_up(struct host *h)
{
	char platter[128], mount[128], wrong[128], pid_file[128], log[128], evict[16], program[160];
	char *argv[] = {program,
			(char *)"--node",
			(char *)h->name,
			(char *)"--boot",
			(char *)"1",
			(char *)"--backing",
			platter,
			(char *)"--mount",
			mount,
			(char *)"--log",
			(char *)"/dev/null",
			(char *)"--faults",
			wrong,
			(char *)"--pid-file",
			pid_file,
			(char *)"--evict",
			evict,
			NULL};
	FILE *f;
	int pid;

	snprintf(program, sizeof(program), "%s/tests/lab/storaged", settings.build);
	snprintf(platter, sizeof(platter), "%s/platter", h->root);
	snprintf(mount, sizeof(mount), "%s/mnt", h->root);
	snprintf(wrong, sizeof(wrong), "%s/faults", h->root);
	snprintf(pid_file, sizeof(pid_file), "%s/storaged.pid", h->root);
	snprintf(log, sizeof(log), "%s/storaged.log", h->root);
	snprintf(evict, sizeof(evict), "%u", settings.evict);
	host_finish("storaged", host_run(argv, log));
	f = fopen(pid_file, "re");
	if (!f || fscanf(f, "%d", &pid) != 1)
		give_up("%s: no process", pid_file);
	fclose(f);
	h->disk = pid;
}

void host_disk_down(struct host *h)
{
	char mount[128];

	snprintf(mount, sizeof(mount), "%s/mnt", h->root);
	if (h->disk)
		kill(h->disk, SIGKILL);
	host_reap(&h->disk);
	umount2(mount, MNT_DETACH);
}

void host_disk_fault(struct host *h, const char *what, const char *file)
{
	bool lies = settings.lie && !strcmp(settings.lie, h->name);
	char path[128], new[136];
	FILE *f;

	snprintf(path, sizeof(path), "%s/faults", h->root);
	snprintf(new, sizeof(new), "%s.new", path);
	f = fopen(new, "we");
	if (!f)
		give_up("%s: %s", new, strerror(errno));
	if (lies)
		fprintf(f, "data lose-flush\n");
	if (what)
		fprintf(f, "%s %s\n", file, what);
	fclose(f);
	rename(new, path);
}

void host_read(struct host *h, void *buf, size_t len, uint64_t off)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/mnt/data", h->root);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || pread(fd, buf, len, (off_t)off) != (ssize_t)len)
		give_up("%s: cannot read: %s", path, strerror(errno));
	close(fd);
}

/* ---- the daemon ---- */

void host_mirror_up(struct host *h, const char *where)
{
	char program[160], disk[128], meta[128], log[128], fence[128], run_dir[128];
	char state_dir[128];
	char protocol[2] = {settings.protocol, 0};
	char *argv[WORDS] = {program,
			     (char *)"--name",
			     (char *)"r0",
			     (char *)"--disk",
			     disk,
			     (char *)"--local",
			     h->address,
			     (char *)"--peer",
			     h->peer_address,
			     (char *)"--protocol",
			     protocol,
			     (char *)"--connect-int",
			     (char *)"1",
			     (char *)"--ping-int",
			     (char *)"100",
			     (char *)"--ping-timeout",
			     (char *)"400",
			     (char *)"--timeout",
			     (char *)"500",
			     (char *)"--ko-count",
			     (char *)"6",
			     (char *)"--al-extents",
			     (char *)"67"};
	int n = 23;

	snprintf(program, sizeof(program), "%s/taiki-mirrord", settings.build);
	snprintf(disk, sizeof(disk), "%s/%s/data", h->root, where);
	snprintf(meta, sizeof(meta), "%s/%s/meta", h->root, where);
	snprintf(log, sizeof(log), "%s/log", h->root);
	snprintf(fence, sizeof(fence), "%s/fence", h->root);
	snprintf(run_dir, sizeof(run_dir), "%s/run", h->root);
	if (settings.external) {
		argv[n++] = (char *)"--meta-disk";
		argv[n++] = meta;
	}
	if (settings.thin) {
		argv[n++] = (char *)"--rs-discard-granularity";
		argv[n++] = (char *)"4096";
	}
	if (settings.protocol != 'A') {
		argv[n++] = (char *)"--fencing";
		argv[n++] = (char *)"resource-and-stonith";
		argv[n++] = (char *)"--fence-peer";
		argv[n++] = fence;
	}
	snprintf(state_dir, sizeof(state_dir), "%s/state", h->root);
	setenv("TAIKI_RUN_DIR", run_dir, 1);
	setenv("TAIKI_STATE_DIR", state_dir, 1);
	h->mirror = host_run(argv, log);
	for (uint64_t until = now_ns() + UP_MS * UINT64_C(1000000); !host_is(h, "name", "r0");) {
		if (now_ns() > until || waitpid(h->mirror, NULL, WNOHANG) == h->mirror)
			give_up("taiki-mirrord of %s does not begin; see %s", h->name, log);
		pause_ms(POLL_MS);
	}
}

json_t *host_ask_with(struct host *h, const char *command, json_t *arguments, unsigned ms, int *why)
{
	struct timespec t;
	struct hv_error err;
	char run_dir[128];
	json_t *o;

	snprintf(run_dir, sizeof(run_dir), "%s/run", h->root);
	setenv("TAIKI_RUN_DIR", run_dir, 1);
	clock_gettime(CLOCK_MONOTONIC, &t);
	o = mirror_ask("r0", command, arguments, t.tv_sec * 1000 + t.tv_nsec / 1000000 + ms, why,
		       &err);
	if (!o && *why == -EREMOTEIO && settings.verbose)
		say("%s: %s: %s", h->name, command, err.text);
	return o;
}

int host_ask(struct host *h, const char *command, unsigned ms)
{
	int why;
	json_t *o = host_ask_with(h, command, NULL, ms, &why);

	json_decref(o);
	return o ? 0 : why;
}

bool host_state(struct host *h, const char *key, char value[64])
{
	int why;
	json_t *o = host_ask_with(h, "status", NULL, STATUS_MS, &why), *v = json_object_get(o, key);

	if (json_is_integer(v))
		snprintf(value, 64, "%lld", (long long)json_integer_value(v));
	else if (json_is_array(v)) /* the current one of several */
		snprintf(value, 64, "%s", json_string_value(json_array_get(v, 0)));
	else
		snprintf(value, 64, "%s", v ? json_string_value(v) : "");
	json_decref(o);
	return v;
}

bool host_is(struct host *h, const char *key, const char *value)
{
	char have[64];

	return host_state(h, key, have) && !strcmp(have, value);
}

/* A disk that has failed is perhaps about to be let go, and one that cannot be attached without the peer can when it is back. */
void host_attach(struct host *h)
{
	uint64_t until = now_ns() + ATTACH_MS * UINT64_C(1000000);

	while (host_is(h, "disk", "Failed") || host_is(h, "disk", "Diskless")) {
		if (host_is(h, "disk", "Diskless"))
			host_ask(h, "attach", ATTACH_MS);
		if (now_ns() > until)
			give_up("%s: its disk cannot be attached", h->name);
		pause_ms(POLL_MS);
	}
}

/* ---- the host ---- */

void host_up(struct host *h)
{
	host_dead(h, false);
	if (!h->disk)
		disk_up(h);
	if (!h->mirror)
		host_mirror_up(h, "mnt");
}

void host_kill(struct host *h)
{
	if (h->mirror)
		kill(h->mirror, SIGKILL);
	host_reap(&h->mirror);
	host_reap_strays();
}

void host_freeze(struct host *h, bool freeze)
{
	if (h->mirror)
		kill(h->mirror, freeze ? SIGSTOP : SIGCONT);
}

void host_power_cut(struct host *h)
{
	char command[160];

	/*
	 * The daemon stands still first, or it would tell a client of a disk that is gone; then the disk
	 * goes: what the daemon leaves open is written back when it is closed.
	 */
	host_freeze(h, true);
	if (h->disk)
		kill(h->disk, SIGKILL);
	host_kill(h);
	host_disk_down(h);
	snprintf(command, sizeof(command), "rm -rf '%s/run/.mirror'", h->root);
	if (system(command))
		give_up("%s: its run directory stays", h->name);
	h->power_cuts++;
}

void host_disk_freeze(struct host *h, bool freeze)
{
	if (h->disk)
		kill(h->disk, freeze ? SIGSTOP : SIGCONT);
}

bool host_is_barred(struct host *h)
{
	char path[128], who[16] = "";

	snprintf(path, sizeof(path), "%s/only", settings.dir);
	return readlink(path, who, sizeof(who) - 1) > 0 && strcmp(who, h->name) != 0;
}

void host_dead(struct host *h, bool dead)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/dead", h->root);
	unlink(path);
	if (!dead)
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		give_up("%s: %s", path, strerror(errno));
	close(fd);
}
