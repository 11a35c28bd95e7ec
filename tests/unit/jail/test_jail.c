/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Somebody who has taken over hv-domain tries to get out.  Each attempt is made in
 * a process of its own, which is jailed first; what came of it is its exit
 * status, or the signal that ended it.
 */
#include "hvcore/vmm/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <grp.h>
#include <linux/kvm.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const char uuid[] = "6d1f0b5e-0000-4000-8000-00000000002a";

enum { NO_JAIL = 99 }; /* exit status: the jail itself failed */

/* attempt() - @f(@arg) in a jailed child; its wait status. */
static int attempt(bool step2, enum jail_role role, int (*f)(long), long arg)
{
	struct hv_error err = {""};
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		signal(SIGSEGV, SIG_DFL); /* cmocka's handler goes on with the parent's tests */
		if (jail_enter(uuid, &err) || (step2 && jail_thread(role, &err))) {
			dprintf(2, "%s\n", err.text);
			_exit(NO_JAIL);
		}
		_exit(f(arg));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void succeeds(bool step2, enum jail_role role, int (*f)(long), long arg)
{
	int status = attempt(step2, role, f, arg);

	if (!WIFEXITED(status) || WEXITSTATUS(status))
		fail_msg("status 0x%x (exit %d, signal %d)", status, WEXITSTATUS(status),
			 WTERMSIG(status));
}

/* --- step 1 --- */

static int has_nothing(long arg)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct caps[2];
	uid_t r, e, s;
	struct rlimit core;

	if (getresuid(&r, &e, &s) || r != e || e != s)
		return 1;
	if (arg && r != jail_uid(uuid))
		return 2;
	if (getresgid(&r, &e, &s) || r != e || e != s || (arg && r != jail_uid(uuid)))
		return 3;
	if (arg && getgroups(0, NULL))
		return 4;
	if (syscall(SYS_capget, &head, caps))
		return 5;
	if (caps[0].effective | caps[0].permitted | caps[0].inheritable | caps[1].effective |
	    caps[1].permitted | caps[1].inheritable)
		return 6;
	for (int cap = 0; arg && cap <= CAP_LAST_CAP; cap++)
		if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) > 0)
			return 7;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0))
		return 8;
	if (getrlimit(RLIMIT_CORE, &core) || core.rlim_max)
		return 9;
	return 0;
}

static void test_owns_nothing(void **state)
{
	succeeds(false, JAIL_LOOP, has_nothing, geteuid() == 0);
}

static int sees_no_file(long arg)
{
	static const char *const paths[] = {"/etc/passwd", "/dev/kvm",      "/proc/self/mem",
					    "/bin/sh",     "../etc/passwd", "/run",
					    "/sys/kernel"};
	char entries[512];
	int root;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (open(paths[i], O_RDONLY) >= 0 || errno != ENOENT)
			return (int)i + 1;
	if (open("/new", O_CREAT | O_WRONLY, 0600) >= 0)
		return 20;
	root = open("/", O_RDONLY | O_DIRECTORY);
	/* "." and "..", 24 bytes each. */
	if (root < 0 || syscall(SYS_getdents64, root, entries, sizeof(entries)) != 48)
		return 21;
	if (!chroot("/") || !mount("none", "/", "tmpfs", 0, ""))
		return 22;
	return 0;
}

static void test_sees_no_file(void **state)
{
	assert_int_equal(geteuid(), 0); /* without root there are no namespaces to test */
	succeeds(false, JAIL_LOOP, sees_no_file, 0);
}

static int sees_no_network(long arg)
{
	struct ifconf conf = {0};
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	if (s < 0)
		return 1;
	/* Interfaces that have an address: none, not even lo. */
	if (ioctl(s, SIOCGIFCONF, &conf) || conf.ifc_len)
		return 2;
	return 0;
}

static void test_sees_no_network(void **state)
{
	succeeds(false, JAIL_LOOP, sees_no_network, 0);
}

static int touches_nobody(long parent)
{
	if (!kill((pid_t)parent, 0) || errno != EPERM)
		return 1;
	if (!setuid(0) || !setgid(0))
		return 2;
	if (!unshare(CLONE_NEWNS) || !sethostname("x", 1))
		return 3;
	return 0;
}

static void test_touches_nobody(void **state)
{
	succeeds(false, JAIL_LOOP, touches_nobody, getpid());
}

static void test_users_differ(void **state)
{
	const char *other = "6d1f0b5e-0000-4000-8000-00000000002b";

	assert_true(jail_uid(uuid) >= JAIL_UID_BASE && jail_uid(uuid) <= JAIL_UID_BASE + 0xffffff);
	assert_int_equal(jail_uid(uuid), jail_uid(uuid));
	assert_int_not_equal(jail_uid(uuid), jail_uid(other));
}

/* --- step 2 --- */

static int is_refused(long arg)
{
	if (open("/", O_RDONLY) >= 0 || errno != EACCES)
		return 1;
	if (socket(AF_INET, SOCK_STREAM, 0) >= 0 || errno != EACCES)
		return 2;
	if (!unlink("/x") || errno != EACCES)
		return 3;
	return 0;
}

static void test_open_and_socket_are_refused(void **state)
{
	succeeds(true, JAIL_LOOP, is_refused, 0);
	succeeds(true, JAIL_VCPU, is_refused, 0);
}

static int forbidden(long nr)
{
	/* Arguments that would be harmless: what counts is that it never gets that far. */
	syscall(nr, 0, 0, 0, 0, 0, 0);
	return 1;
}

static const long deadly[] = {
	SYS_fork,
	SYS_vfork,
	SYS_clone,
	SYS_clone3,
	SYS_execve,
	SYS_execveat,
	SYS_ptrace,
	SYS_process_vm_readv,
	SYS_process_vm_writev,
	SYS_kill,
	SYS_tkill,
	SYS_rt_sigqueueinfo,
	SYS_pidfd_open,
	SYS_pidfd_send_signal,
	SYS_pidfd_getfd,
	SYS_setuid,
	SYS_setresuid,
	SYS_setgroups,
	SYS_capset,
	SYS_prctl,
	SYS_seccomp,
	SYS_mount,
	SYS_umount2,
	SYS_pivot_root,
	SYS_chroot,
	SYS_unshare,
	SYS_setns,
	SYS_bpf,
	SYS_perf_event_open,
	SYS_userfaultfd,
	SYS_io_uring_setup,
	SYS_keyctl,
	SYS_add_key,
	SYS_init_module,
	SYS_finit_module,
	SYS_kexec_load,
	SYS_reboot,
	SYS_openat2,
	SYS_open_by_handle_at,
	SYS_name_to_handle_at,
	SYS_memfd_create,
	SYS_shmget,
	SYS_msgget,
	SYS_socketpair,
	SYS_bind,
	SYS_listen,
	SYS_chmod,
	SYS_fchmod,
	SYS_chown,
	SYS_link,
	SYS_symlink,
	SYS_mknod,
	SYS_mkdir,
	SYS_swapon,
	SYS_iopl,
	SYS_ioperm,
	SYS_modify_ldt,
	SYS_personality,
	SYS_setrlimit,
	SYS_prlimit64,
	SYS_sched_setscheduler,
	SYS_quotactl,
	SYS_acct,
	SYS_settimeofday,
	SYS_clock_settime,
	SYS_adjtimex,
	SYS_sethostname,
	SYS_syslog,
	SYS_getdents64,
	SYS_dup2,
	SYS_pipe2,
	SYS_epoll_create1,
	SYS_eventfd2,
	SYS_timerfd_create,
	SYS_signalfd4,
	SYS_inotify_init1,
	SYS_fanotify_init,
	SYS_mlockall,
	SYS_remap_file_pages,
	SYS_pkey_mprotect,
	0x40000000 | SYS_getpid, /* x32 */
	100000,                  /* a call of the future */
};

static void dies(enum jail_role role, int (*f)(long), long arg)
{
	int status = attempt(true, role, f, arg);

	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
		fail_msg("%ld as role %d: status 0x%x instead of SIGSYS", arg, role, status);
}

static void test_forbidden_calls_kill(void **state)
{
	for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++) {
		dies(JAIL_LOOP, forbidden, deadly[i]);
		dies(JAIL_VCPU, forbidden, deadly[i]);
	}
}

static int makes_code(long how)
{
	static _Alignas(4096) uint8_t page[4096];

	if (how)
		return mprotect(page, sizeof(page), PROT_READ | PROT_EXEC) ? 2 : 1;
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
			       MAP_FAILED
		       ? 2
		       : 1;
}

static void test_no_executable_memory(void **state)
{
	dies(JAIL_LOOP, makes_code, 0);
	dies(JAIL_LOOP, makes_code, 1);
	dies(JAIL_VCPU, makes_code, 0);
	dies(JAIL_VCPU, makes_code, 1);
}

static int bad_ioctl(long request)
{
	ioctl(0, (unsigned long)request, 0);
	return 1;
}

static int bad_fcntl(long command)
{
	fcntl(0, (int)command, 0);
	return 1;
}

static int signals_init(long arg)
{
	syscall(SYS_tgkill, 1, 1, 0);
	return 1;
}

/*
 * The 32-bit entry: number 20 is getpid there, and writev here.  It dies of the
 * filter, or (a kernel without this gate, as in confidential guests) of the entry itself.
 */
static int old_gate(long arg)
{
	long rc;

	__asm__ volatile("int $0x80" : "=a"(rc) : "a"(20) : "memory");
	return 1;
}

static void no_old_gate(void)
{
	int status = attempt(true, JAIL_LOOP, old_gate, 0);

	if (!WIFSIGNALED(status) || (WTERMSIG(status) != SIGSYS && WTERMSIG(status) != SIGSEGV))
		fail_msg("the 32-bit entry: status 0x%x instead of SIGSYS or SIGSEGV", status);
}

static void test_arguments_count(void **state)
{
	dies(JAIL_LOOP, bad_ioctl, TIOCSTI);
	dies(JAIL_LOOP, bad_ioctl, KVM_CREATE_VM);
	dies(JAIL_LOOP, bad_ioctl, KVM_RUN);
	dies(JAIL_VCPU, bad_ioctl, KVM_SET_USER_MEMORY_REGION);
	dies(JAIL_VCPU, bad_ioctl, TIOCSTI);
	dies(JAIL_LOOP, bad_fcntl, F_DUPFD);
	dies(JAIL_LOOP, bad_fcntl, F_SETOWN);
	dies(JAIL_LOOP, signals_init, 0);
	dies(JAIL_VCPU, signals_init, 0);
	no_old_gate();
}

static int accepts(long fd)
{
	return accept4((int)fd, NULL, NULL, SOCK_CLOEXEC) < 0;
}

static void test_roles_differ(void **state)
{
	dies(JAIL_VCPU, accepts, -1);
}

/* --- what has to go on working --- */

static int serves(long fd)
{
	char c;
	int client = accept4((int)fd, NULL, NULL, SOCK_CLOEXEC);

	if (client < 0 || recv(client, &c, 1, 0) != 1)
		return 1;
	c++;
	return send(client, &c, 1, MSG_NOSIGNAL) != 1;
}

static void *client_main(void *arg)
{
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char c = 'a';

	/* It gets in by the socket's name, which the jailed server can no longer see. */
	if (s < 0 || connect(s, arg, sizeof(struct sockaddr_un)) || send(s, &c, 1, 0) != 1 ||
	    recv(s, &c, 1, 0) != 1)
		c = '?';
	close(s);
	return (void *)(intptr_t)c;
}

static void test_serves_clients(void **state)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	char dir[] = "/tmp/jail-test.XXXXXX";
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pthread_t client;
	void *got;

	assert_non_null(mkdtemp(dir));
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/s", dir);
	assert_int_equal(bind(s, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(s, 1), 0);
	assert_int_equal(pthread_create(&client, NULL, client_main, &at), 0);
	succeeds(true, JAIL_LOOP, serves, s);
	pthread_join(client, &got);
	assert_int_equal((intptr_t)got, 'b');
	close(s);
	unlink(at.sun_path);
	rmdir(dir);
}

static void *locks(void *arg)
{
	struct hv_error err;

	if (jail_thread(JAIL_VCPU, &err))
		return (void *)1;
	return (void *)(intptr_t)(syscall(SYS_getpid) != getpid());
}

static int runs_threads(long arg)
{
	struct hv_error err;
	pthread_t t;
	void *rc;

	if (pthread_create(&t, NULL, locks, NULL))
		return 1;
	if (jail_thread(JAIL_LOOP, &err))
		return 2;
	if (pthread_join(t, &rc) || rc)
		return 3;
	rc = malloc(1 << 20);
	if (!rc)
		return 4;
	memset(rc, 1, 1 << 20);
	free(rc);
	return 0;
}

static void test_threads_each_have_theirs(void **state)
{
	succeeds(false, JAIL_LOOP, runs_threads, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_owns_nothing),
		cmocka_unit_test(test_sees_no_file),
		cmocka_unit_test(test_sees_no_network),
		cmocka_unit_test(test_touches_nobody),
		cmocka_unit_test(test_users_differ),
		cmocka_unit_test(test_open_and_socket_are_refused),
		cmocka_unit_test(test_forbidden_calls_kill),
		cmocka_unit_test(test_no_executable_memory),
		cmocka_unit_test(test_arguments_count),
		cmocka_unit_test(test_roles_differ),
		cmocka_unit_test(test_serves_clients),
		cmocka_unit_test(test_threads_each_have_theirs),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
