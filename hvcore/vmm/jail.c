/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Step 1 of the jail: what the process may reach (jail.h).
 *
 * The namespaces are not there for system calls, which step 2 takes away, but
 * for io_uring: its operations run in the kernel without passing a seccomp
 * filter, and include openat and socket.  In an empty root and a network
 * without interfaces they find nothing.
 */
#include "hvcore/vmm/jail.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

uid_t jail_uid(const char *uuid)
{
	uint32_t hash = 2166136261U; /* FNV-1a, folded to 24 bits */

	for (; *uuid; uuid++)
		hash = (hash ^ (uint8_t)*uuid) * 16777619U;
	return JAIL_UID_BASE + ((hash >> 24 ^ hash) & 0xffffff);
}

/* own_namespaces() - No file, no interface, no System V object of the host. */
static int own_namespaces(void)
{
	return unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) ? -errno : 0;
}

/*
 * empty_root() - An empty, read-only file system becomes the root, and
 * everything else is unmounted from this namespace.  Open descriptors stay.
 */
static int empty_root(void)
{
	/* Any directory that every Linux has; only this namespace sees the mount. */
	const char *place = "/proc";

	if (mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) ||
	    mount("empty", place, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  "size=4k,nr_inodes=1,mode=555") ||
	    chdir(place))
		return -errno;
	if (!syscall(SYS_pivot_root, ".", ".")) {
		if (umount2(".", MNT_DETACH))
			return -errno;
	} else if (errno == EINVAL) {
		/* The root is the boot's initramfs, which cannot be pivoted away: cover it. */
		if (mount(".", "/", NULL, MS_MOVE, NULL) || chroot("."))
			return -errno;
	} else {
		return -errno;
	}
	return chdir("/") ? -errno : 0;
}

/* no_privileges() - Nothing that is executed may gain rights, though nothing can be executed. */
static int no_privileges(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return 0;
}

static int drop_bounding_set(void)
{
	/* EINVAL: the kernel knows no higher one. */
	for (int cap = 0;; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0))
			return errno == EINVAL && cap > 0 ? 0 : -errno;
}

static int become(uid_t id)
{
	if (setgroups(0, NULL) || setresgid(id, id, id) || setresuid(id, id, id))
		return -errno;
	return 0;
}

/* drop_capabilities() - All but the set @kept, of the first 32. */
static int drop_capabilities(uint32_t kept)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct left[_LINUX_CAPABILITY_U32S_3] = {
		{.effective = kept, .permitted = kept}};

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) ||
	    syscall(SYS_capset, &head, left))
		return -errno;
	return 0;
}

/* no_traces() - The guest's memory goes into no core file, and no equal may attach. */
static int no_traces(void)
{
	const struct rlimit none = {0, 0};

	if (setrlimit(RLIMIT_CORE, &none) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return -errno;
	umask(077);
	return 0;
}

static int failed(struct hv_error *err, int rc, const char *what)
{
	return hv_err(
		err, rc,
		"jail: cannot %s: %s; hv-domain runs no guest with more rights than it needs; "
		"start it as root",
		what, strerror(-rc));
}

int jail_enter(const char *uuid, struct hv_error *err)
{
	bool root = geteuid() == 0;
	int rc;

	if (root && (rc = own_namespaces()))
		return failed(err, rc, "enter its own namespaces");
	if (root && (rc = empty_root()))
		return failed(err, rc, "put an empty file system in the place of the root");
	if ((rc = no_privileges()))
		return failed(err, rc, "give up gaining privileges");
	if (root && (rc = drop_bounding_set()))
		return failed(err, rc, "empty the capability bounding set");
	if (root && (rc = become(jail_uid(uuid))))
		return failed(err, rc, "become the domain's own user");
	if ((rc = drop_capabilities(0)))
		return failed(err, rc, "drop its capabilities");
	if ((rc = no_traces()))
		return failed(err, rc, "forbid core files");
	return 0;
}

int jail_dial(struct hv_error *err)
{
	bool root = geteuid() == 0;
	int rc;

	if ((rc = no_privileges()))
		return failed(err, rc, "give up gaining privileges");
	if (root && (rc = drop_bounding_set()))
		return failed(err, rc, "empty the capability bounding set");
	if ((rc = drop_capabilities(root ? 1U << CAP_DAC_OVERRIDE : 0)))
		return failed(err, rc, "drop its capabilities");
	if ((rc = no_traces()))
		return failed(err, rc, "forbid core files");
	return jail_thread(JAIL_DIAL, err);
}
