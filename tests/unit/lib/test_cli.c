// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The program hv: exit codes, what it stores, what it refuses, and that it
 * leaves a terminal as it was.  This program stands in hv-domain's place, with
 * a lock and a console and nothing else; hv with real guests is in tests/lab.
 */
#include "util.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include "hv/command.h"
#include "hv/rundir.h"

enum { TIMEOUT_MS = 60000 };

static char hv[4096], dir[128], cib[256];

/* The fake: a lock, an incarnation, and a console that answers each byte with its upper case. */
static int fake_domain(int status, const char *name)
{
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	char path[4096], byte;
	int lock, s, c;

	alarm(120);
	signal(SIGPIPE, SIG_IGN); /* a console may be left while it answers */
	hv_run_path(path, sizeof(path), name, "lock");
	lock = open(path, O_RDWR | O_CREAT, 0600);
	hv_run_path(path, sizeof(path), name, "incarnation");
	c = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	dprintf(c, "322baf42-0a4a-5495-b8e7-faf758da7333\n");
	close(c);
	hv_run_path(a.sun_path, sizeof(a.sun_path), name, "console.sock");
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fcntl(lock, F_OFD_SETLK, &fl) || bind(s, (struct sockaddr *)&a, sizeof(a)) ||
	    listen(s, 1))
		return 1;
	dprintf(STDERR_FILENO, "one\ntwo\nthree\n");
	dprintf(status, "ok\n");
	while ((c = accept(s, NULL, NULL)) >= 0) {
		while (read(c, &byte, 1) == 1) {
			if (byte == 'q')
				return 0;
			byte = (char)(byte >= 'a' && byte <= 'z' ? byte - 32 : byte);
			if (write(c, &byte, 1) != 1)
				break;
		}
		close(c);
	}
	return 1;
}

static int run(char **out, const char *first, ...)
{
	const char *argv[16] = {hv, first};
	struct hv_command cmd = {.argv = argv, .timeout_ms = TIMEOUT_MS};
	struct hv_error err = {""};
	va_list ap;
	int rc;

	va_start(ap, first);
	for (int i = 2; first && (argv[i] = va_arg(ap, const char *)); i++)
		;
	va_end(ap);
	rc = hv_command(&cmd, out, NULL, &err);
	if (rc < 0)
		fail_msg("%s", err.text);
	return rc;
}

static const char *file(const char *name, const char *text)
{
	static char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	return path;
}

#define DOMAIN(name, memory)                                                 \
	"<domain type='kvm'><name>" name "</name><memory unit='MiB'>" memory \
	"</memory><os><kernel>/boot/vmlinuz</kernel></os></domain>\n"

static int setup(void **state)
{
	snprintf(dir, sizeof(dir), "%s", scratch());
	setenv("TAIKI_CGROUP", "", 1);
	/* cibadmin works on a file instead of on a cluster; so nothing is asked of this host's. */
	snprintf(cib, sizeof(cib), "%s",
		 file("cib.xml",
		      "<cib crm_feature_set='3.16.1' validate-with='pacemaker-3.9' epoch='1' "
		      "num_updates='0' admin_epoch='0'><configuration><crm_config/><nodes/>"
		      "<resources/><constraints/></configuration><status/></cib>\n"));
	chmod(cib, 0666);
	setenv("CIB_file", cib, 1);
	/* The fake is this program, found by its own path: hv's /proc/self/exe is hv. */
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	assert_true(n > 0);
	self[n] = '\0';
	setenv("TAIKI_HV_DOMAIN", self, 1);
	return 0;
}

static int teardown(void **state)
{
	scratch_remove();
	return 0;
}

static void usage(void **state)
{
	char *out;

	assert_int_equal(run(&out, "--help", NULL), 0);
	assert_non_null(strstr(out, "destroy"));
	free(out);
	assert_int_equal(run(&out, "start", "--help", NULL), 0);
	assert_non_null(strstr(out, "--paused"));
	free(out);
	assert_int_equal(run(NULL, NULL), 2);
	assert_int_equal(run(NULL, "frob", NULL), 2);
	assert_int_equal(run(NULL, "start", NULL), 2);
	assert_int_equal(run(NULL, "start", "a", "b", NULL), 2);
	assert_int_equal(run(NULL, "start", "--json", "a", NULL), 2);
	assert_int_equal(run(NULL, "start", "--frob", "a", NULL), 2);
	assert_int_equal(run(NULL, "start", "--timeout", "x", "a", NULL), 2);
	assert_int_equal(run(NULL, "start", "--timeout", "0", "a", NULL), 2);
	assert_int_equal(run(NULL, "pause", "a/b", NULL), 2);
	assert_int_equal(run(NULL, "log", "../x", NULL), 2);
	assert_int_equal(run(NULL, "define", "--remove", "../x", NULL), 2);
	assert_int_equal(run(NULL, "cluster", "frob", "x", NULL), 2);
}

static void nobody_there(void **state)
{
	static const char *const commands[] = {"shutdown", "destroy", "reset",   "pause",
					       "resume",   "info",    "console", "events",
					       "start",    "run",     "log"};
	char *out;

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (run(NULL, commands[i], "web1", NULL) != 3)
			fail_msg("hv %s of a domain that is not there", commands[i]);
	assert_int_equal(run(NULL, "set", "web1", "memory=1GiB", NULL), 3);
	assert_int_equal(run(&out, "list", "--json", NULL), 0);
	assert_string_equal(out, "[]\n");
	free(out);
}

static void defines(void **state)
{
	const char *path = file("x.xml", DOMAIN("web1", "64"));
	char *out, stored[4096];
	struct stat st;

	assert_int_equal(run(&out, "define", "--check", path, NULL), 0);
	assert_non_null(strstr(out, "x.xml:1: understood   domain/name"));
	assert_non_null(strstr(out, "0 refused: it can be run\nIts UUID is 322baf42-"));
	free(out);
	assert_int_equal(run(&out, "define", "--json", path, NULL), 0);
	assert_non_null(strstr(out, "\"uuid\": \"322baf42-0a4a-5495-b8e7-faf758da7333\""));
	free(out);
	assert_int_equal(run(&out, "list", NULL), 0);
	assert_null(strstr(out, "web1")); /* checked, not stored */
	free(out);
	assert_int_equal(run(NULL, "define", path, NULL), 0);
	snprintf(stored, sizeof(stored), "%s/etc/domains/web1.xml", dir);
	out = slurp(stored, NULL);
	assert_string_equal(out, DOMAIN("web1", "64"));
	free(out);
	assert_int_equal(stat(stored, &st), 0);
	assert_int_equal(st.st_mode & 077, 0);
	assert_int_equal(run(&out, "list", NULL), 0);
	assert_non_null(strstr(out, "web1"));
	assert_non_null(strstr(out, "off"));
	free(out);
	assert_int_equal(run(&out, "info", "web1", NULL), 0);
	assert_non_null(strstr(out, "64 MiB"));
	free(out);
	assert_int_equal(run(NULL, "define", "--remove", "web1", NULL), 0);
	assert_int_equal(run(NULL, "define", "--remove", "web1", NULL), 3);
	assert_int_equal(run(NULL, "info", "web1", NULL), 3);
}

/* How a guest is watched is said of a domain that is off, too, and what heartbeat said last. */
static void info_of_what_is_watched(void **state)
{
	const char *path = file(
		"w.xml",
		"<domain><name>dog</name><memory unit='MiB'>64</memory>"
		"<metadata><taiki:domain xmlns:taiki='urn:taiki:domain:1'>"
		"<taiki:heartbeat timeout='1s' interval='200ms' boot-grace='3min' action='reset'/>"
		"<taiki:fencing group='db'/></taiki:domain></metadata>"
		"<os><kernel>/boot/vmlinuz</kernel></os>"
		"<devices><watchdog model='wdat' action='inject-nmi'/></devices></domain>");
	char run_dir[4096], *out;

	assert_int_equal(run(NULL, "define", path, NULL), 0);
	mkdir(hv_run_root(), 0755);
	assert_int_equal(hv_run_path(run_dir, sizeof(run_dir), "dog", ""), 0);
	mkdir(run_dir, 0755);
	file("run/dog/verdict", "failed: no beat for 1.0 s while its vCPUs ran\nmore\n");
	assert_int_equal(run(&out, "info", "dog", NULL), 0);
	assert_non_null(strstr(out, "beats every 200ms, failed after 1s; reset in place"));
	assert_non_null(strstr(out, "boot grace 3min, I/O speaks for it for 5s, 3 resets"));
	assert_non_null(strstr(out, "watchdog:       wdat, action inject-nmi\n"));
	assert_non_null(strstr(out, "fence group:    db\n"));
	assert_non_null(
		strstr(out, "verdict:        failed: no beat for 1.0 s while its vCPUs ran\n"));
	free(out);
	assert_int_equal(run(&out, "info", "--json", "dog", NULL), 0);
	assert_non_null(strstr(out, "\"verdict\": \"failed: no beat"));
	assert_non_null(strstr(out, "\"fence_group\": \"db\""));
	free(out);
	assert_int_equal(run(NULL, "define", "--remove", "dog", NULL), 0);
}

static void refuses(void **state)
{
	const char *path = file("x.xml", "<domain><name>w</name>\n<frob/></domain>");
	char *out;

	assert_int_equal(run(&out, "define", "--check", path, NULL), 4);
	assert_non_null(strstr(out, "x.xml:2: refused      domain/frob: not known"));
	free(out);
	assert_int_equal(run(&out, "define", "--json", path, NULL), 4);
	assert_non_null(strstr(out, "\"error\""));
	free(out);
	assert_int_equal(run(&out, "define", "--resolve", path, NULL), 4);
	assert_non_null(strstr(out, "x.xml:2: domain/frob: refused"));
	free(out);
	assert_int_equal(run(NULL, "define", path, NULL), 4);
	assert_int_equal(run(NULL, "start", path, NULL), 4);
	assert_int_equal(run(NULL, "define", "--check", file("y.xml", "<dom"), NULL), 4);
	assert_int_equal(run(NULL, "define", "/no/such.xml", NULL), 1);
	assert_int_equal(run(NULL, "start", "/no/such.xml", NULL), 1);
	assert_int_equal(run(NULL, "cluster", "define", "/no/such.xml", NULL), 1);
	/* A stored file that defines another domain than its name says. */
	assert_int_equal(run(NULL, "define", file("x.xml", DOMAIN("web1", "64")), NULL), 0);
	file("etc/domains/web2.xml", DOMAIN("web1", "64"));
	assert_int_equal(run(NULL, "start", "web2", NULL), 4);
}

static void lives(void **state)
{
	const char *path = file("x.xml", DOMAIN("web1", "64"));
	char *out;

	assert_int_equal(run(NULL, "start", path, NULL), 0);
	assert_int_equal(run(NULL, "start", path, NULL), 4);
	assert_int_equal(run(&out, "list", "--json", NULL), 0);
	assert_non_null(strstr(out, "\"state\": \"silent\"")); /* the fake speaks no QMP */
	free(out);
	assert_int_equal(run(&out, "log", "-n", "2", "web1", NULL), 0);
	assert_string_equal(out, "two\nthree\n");
	free(out);
	assert_int_equal(run(&out, "log", "-n", "100", "web1", NULL), 0);
	assert_string_equal(out, "one\ntwo\nthree\n");
	free(out);
	assert_int_equal(run(NULL, "set", "web1", "frob=1", NULL), 4);
	assert_int_equal(run(NULL, "set", "web1", "memory=65MiB", NULL), 4);
	assert_int_equal(run(NULL, "set", "web1", "memory=x", NULL), 4);
	assert_int_equal(run(NULL, "set", "web1", "shares=1", NULL), 4);
	assert_int_equal(run(NULL, "set", "web1", "vcpus=2", NULL), 4);
	assert_int_equal(run(NULL, "pause", "web1", NULL), 3); /* nobody serves its qmp.sock */
	assert_int_equal(run(NULL, "destroy", "web1", NULL), 0);
	assert_int_equal(run(NULL, "destroy", "web1", NULL), 3);
}

/* What cannot be told is not said to be off, and nothing is done about it. */
static void cannot_tell(void **state)
{
	static const char *const commands[] = {"shutdown", "destroy", "reset",   "pause",
					       "resume",   "info",    "console", "events"};
	const char *path = file("x.xml", DOMAIN("web1", "64"));
	char lock[256], *out;

	/* A lock that cannot be opened. */
	snprintf(lock, sizeof(lock), "%s/run", dir);
	mkdir(lock, 0755);
	snprintf(lock, sizeof(lock), "%s/run/web1", dir);
	mkdir(lock, 0755);
	snprintf(lock, sizeof(lock), "%s/run/web1/lock", dir);
	mkdir(lock, 0755);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (run(NULL, commands[i], "web1", NULL) != 6)
			fail_msg("hv %s of a domain that cannot be asked", commands[i]);
	assert_int_equal(run(NULL, "start", path, NULL), 6);
	assert_int_equal(run(NULL, "cluster", "define", path, NULL), 1);
	assert_int_equal(run(&out, "list", "--json", NULL), 0);
	assert_non_null(strstr(out, "\"state\": \"unknown\""));
	free(out);
}

static void in_the_cluster(void **state)
{
	const char *path = file("x.xml", DOMAIN("web1", "64"));
	char *out;

	assert_int_equal(run(NULL, "cluster", "show", "web1", NULL), 3);
	assert_int_equal(run(NULL, "cluster", "update", path, NULL), 3);
	assert_int_equal(run(NULL, "cluster", "define", path, NULL), 0);
	assert_int_equal(run(&out, "cluster", "show", "web1", NULL), 0);
	assert_string_equal(out, DOMAIN("web1", "64"));
	free(out);
	assert_int_equal(run(NULL, "cluster", "define", path, NULL), 4);
	path = file("x.xml", DOMAIN("web1", "128"));
	assert_int_equal(run(NULL, "cluster", "update", path, NULL), 0);
	assert_int_equal(run(&out, "cluster", "show", "web1", NULL), 0);
	assert_string_equal(out, DOMAIN("web1", "128"));
	free(out);
	out = slurp(cib, NULL);
	assert_null(
		strstr(strstr(out, "name=\"definition\"") + 1, "name=\"definition\"")); /* one */
	assert_non_null(strstr(out, "migration-threshold"));
	free(out);

	/* And now it is the cluster's. */
	assert_int_equal(run(NULL, "start", path, NULL), 4);
	assert_int_equal(run(NULL, "define", path, NULL), 4);
	assert_int_equal(run(NULL, "start", "--force", path, NULL), 0);
	assert_int_equal(run(NULL, "destroy", "web1", NULL),
			 0); /* started by hand: no resource owns it */
	path = file("x.xml", DOMAIN("web2", "64"));
	assert_int_equal(run(NULL, "start", path, NULL), 0);
	assert_int_equal(run(NULL, "cluster", "define", path, NULL), 4); /* it would run twice */
	assert_int_equal(run(NULL, "destroy", "web2", NULL), 0);
}

static void with_a_file(void **state)
{
	const char *path = file("x.xml", DOMAIN("web1", "64"));
	char *out, copy[256];

	snprintf(copy, sizeof(copy), "%s", path);
	assert_int_equal(run(NULL, "cluster", "define", "--config", "x.xml", copy, NULL), 4);
	assert_int_equal(run(NULL, "cluster", "define", "--config", copy, copy, NULL), 0);
	assert_int_equal(run(&out, "cluster", "show", "web1", NULL), 0);
	assert_string_equal(out, DOMAIN("web1", "64"));
	free(out);
	file("x.xml", DOMAIN("web1", "128")); /* changed on this host alone */
	assert_int_equal(run(NULL, "cluster", "show", "web1", NULL), 4);
	assert_int_equal(run(NULL, "cluster", "update", copy, NULL), 0);
	assert_int_equal(run(NULL, "cluster", "show", "web1", NULL), 0);
	assert_int_equal(run(NULL, "start", copy, NULL), 4); /* known by the name in the file */
}

/* A running domain's run directory says whose it is. */
static void owned_by_a_resource(void **state)
{
	static const char *const commands[] = {"shutdown", "destroy", "reset", "pause", "resume"};
	const char *path = file("x.xml", DOMAIN("web1", "64"));

	assert_int_equal(run(NULL, "start", path, NULL), 0);
	file("run/web1/resource", "vm-web1\n");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (run(NULL, commands[i], "web1", NULL) != 4)
			fail_msg("hv %s of the cluster's domain", commands[i]);
	assert_int_equal(run(NULL, "set", "web1", "shares=2", NULL), 4);
	assert_int_equal(run(NULL, "log", "web1", NULL), 0);
	assert_int_equal(run(NULL, "destroy", "--force", "web1", NULL), 0);
}

/* The terminal. */

struct terminal {
	pid_t pid;
	int master;
	struct termios before;
};

static void type(const struct terminal *t, const char *keys)
{
	assert_int_equal(write(t->master, keys, strlen(keys)), strlen(keys));
}

/* Reads until @text was seen. */
static void see(const struct terminal *t, const char *text)
{
	char buf[4096] = "";
	size_t n = 0;

	while (!strstr(buf, text)) {
		struct pollfd p = {.fd = t->master, .events = POLLIN};
		ssize_t got;

		if (poll(&p, 1, TIMEOUT_MS) <= 0 || n == sizeof(buf) - 1)
			fail_msg("\"%s\" was not seen in \"%s\"", text, buf);
		got = read(t->master, buf + n, sizeof(buf) - 1 - n);
		if (got <= 0)
			fail_msg("\"%s\" was not seen in \"%s\"", text, buf);
		n += (size_t)got;
		buf[n] = '\0';
	}
}

/* A shell in between keeps the terminal's other side open after hv's end. */
static void open_terminal(struct terminal *t)
{
	int slave;

	assert_int_equal(openpty(&t->master, &slave, NULL, NULL, NULL), 0);
	assert_int_equal(tcgetattr(t->master, &t->before), 0); /* before hv has it */
	t->pid = fork();
	assert_true(t->pid >= 0);
	if (!t->pid) {
		char line[4096 + 64];

		close(t->master);
		login_tty(slave);
		snprintf(line, sizeof(line),
			 "trap : INT TERM HUP; %s console web1; echo exit=$?; read x", hv);
		execlp("sh", "sh", "-c", line, NULL);
		_exit(127);
	}
	close(slave);
	see(t, "Ctrl-] leaves");
}

static void close_terminal(const struct terminal *t, const char *exit)
{
	struct termios now;

	see(t, exit);
	assert_int_equal(tcgetattr(t->master, &now), 0);
	assert_int_equal(now.c_lflag, t->before.c_lflag);
	assert_int_equal(now.c_iflag, t->before.c_iflag);
	assert_int_equal(now.c_oflag, t->before.c_oflag);
	type(t, "\n");
	assert_int_equal(waitpid(t->pid, NULL, 0), t->pid);
	close(t->master);
}

static bool is_raw(const struct terminal *t)
{
	struct termios now;

	return !tcgetattr(t->master, &now) && !(now.c_lflag & (ICANON | ECHO | ISIG));
}

static void console(void **state)
{
	struct terminal t;

	assert_int_equal(run(NULL, "start", file("x.xml", DOMAIN("web1", "64")), NULL), 0);
	open_terminal(&t);
	assert_true(is_raw(&t));
	type(&t, "abc\x03\x1a\x04");
	see(&t, "ABC\x03\x1a\x04"); /* Ctrl-C, -Z, -D are the guest's */
	type(&t, "x\x1dy");
	close_terminal(&t, "exit=0");
	assert_int_equal(run(NULL, "destroy", "web1", NULL), 0);
}

/* The domain ends under it. */
static void console_of_one_that_ends(void **state)
{
	struct terminal t;

	assert_int_equal(run(NULL, "start", file("x.xml", DOMAIN("web1", "64")), NULL), 0);
	open_terminal(&t);
	type(&t, "q");
	close_terminal(&t, "exit=0");
}

/* hv itself is ended; the shell, its parent, has the terminal's process group. */
static void console_that_is_killed(void **state)
{
	struct terminal t;
	char line[64], pid[32] = "";
	FILE *f;

	assert_int_equal(run(NULL, "start", file("x.xml", DOMAIN("web1", "64")), NULL), 0);
	open_terminal(&t);
	assert_true(is_raw(&t));
	snprintf(line, sizeof(line), "/proc/%d/task/%d/children", (int)t.pid, (int)t.pid);
	f = fopen(line, "r");
	assert_non_null(f);
	assert_non_null(fgets(pid, sizeof(pid), f));
	fclose(f);
	assert_int_equal(kill(atoi(pid), SIGWINCH), 0); /* without effect */
	type(&t, "a");
	see(&t, "A");
	assert_int_equal(kill(atoi(pid), SIGTERM), 0);
	close_terminal(&t, "exit=143");
	assert_int_equal(run(NULL, "destroy", "web1", NULL), 0);
}

/* Not a terminal: what is given is sent, and what comes is copied to the end. */
static void console_in_a_pipe(void **state)
{
	const char *argv[] = {hv, "console", "web1", NULL};
	struct hv_command cmd = {
		.argv = argv, .input = "hello q", .input_len = 7, .timeout_ms = TIMEOUT_MS};
	char *out;

	assert_int_equal(run(NULL, "start", file("x.xml", DOMAIN("web1", "64")), NULL), 0);
	assert_int_equal(hv_command(&cmd, &out, NULL, NULL), 0);
	assert_string_equal(out, "HELLO ");
	free(out);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(usage, setup, teardown),
		cmocka_unit_test_setup_teardown(nobody_there, setup, teardown),
		cmocka_unit_test_setup_teardown(defines, setup, teardown),
		cmocka_unit_test_setup_teardown(info_of_what_is_watched, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses, setup, teardown),
		cmocka_unit_test_setup_teardown(lives, setup, teardown),
		cmocka_unit_test_setup_teardown(cannot_tell, setup, teardown),
		cmocka_unit_test_setup_teardown(in_the_cluster, setup, teardown),
		cmocka_unit_test_setup_teardown(with_a_file, setup, teardown),
		cmocka_unit_test_setup_teardown(owned_by_a_resource, setup, teardown),
		cmocka_unit_test_setup_teardown(console, setup, teardown),
		cmocka_unit_test_setup_teardown(console_of_one_that_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(console_that_is_killed, setup, teardown),
		cmocka_unit_test_setup_teardown(console_in_a_pipe, setup, teardown),
	};
	char *slash;
	ssize_t n;

	if (argc >= 6 && !strcmp(argv[1], "--config-fd"))
		return fake_domain(atoi(argv[4]), argv[argc - 1]);
	/* $O/tests/unit/lib_cli tests $O/hv. */
	n = readlink("/proc/self/exe", hv, sizeof(hv) - 16);
	for (int up = 0; n > 0 && up < 3; up++) {
		hv[n] = '\0';
		slash = strrchr(hv, '/');
		n = slash ? slash - hv : 0;
	}
	strcpy(hv + n, "/hv");
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
