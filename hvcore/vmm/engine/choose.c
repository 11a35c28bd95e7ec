/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which engine a domain gets, and why. */
#include "hvcore/vmm/engine/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hv/replace.h"
#include "hvcore/vmm/engine/calibrate.h"

enum {
	WHY = 200,
	BOOT_ID = 36, /* characters of a boot's UUID */
};

/* boot_id() - The present boot's into @id; false where the kernel does not say. */
static bool boot_id(char id[BOOT_ID + 1])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, id, BOOT_ID);
	close(fd);
	id[BOOT_ID] = '\0';
	return n == BOOT_ID;
}

static bool cache_path(char path[4096], const char *dir)
{
	return dir && snprintf(path, 4096, "%s/kvm-calibration", dir) < 4096;
}

/* The cache is one line: boot id, space, rate or -errno. */
static bool cache_read(const char *dir, int64_t *rate)
{
	char path[4096], id[BOOT_ID + 1], line[128] = "", was[BOOT_ID + 1], end;
	bool ok = false;
	int fd;

	if (!cache_path(path, dir) || !boot_id(id))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return false;
	if (read(fd, line, sizeof(line) - 1) > 0)
		ok = sscanf(line, "%36s %" SCNd64 "%c", was, rate, &end) == 3 && end == '\n' &&
		     !strcmp(was, id);
	close(fd);
	return ok;
}

/* Without a cache every start measures: slower, not wrong.  So errors are nobody's. */
static void cache_write(const char *dir, int64_t rate)
{
	char path[4096], id[BOOT_ID + 1], line[128];
	int n;

	if (!cache_path(path, dir) || !boot_id(id))
		return;
	n = snprintf(line, sizeof(line), "%s %" PRId64 "\n", id, rate);
	hv_replace(path, line, (size_t)n, 0644, false);
}

static int64_t measured(const char *dir)
{
	int64_t rate;

	if (cache_read(dir, &rate))
		return rate;
	rate = kvm_calibrate();
	/* What hung once may be better next time; what is missing may be loaded. */
	if (rate > 0)
		cache_write(dir, rate);
	return rate;
}

const struct engine_ops *engine_choose(enum hv_engine want, const char *cache_dir, char why[WHY],
				       struct hv_error *err)
{
	int64_t rate;

	switch (want) {
	case HV_ENGINE_SOFT: snprintf(why, WHY, "the definition asks for it"); return &engine_soft;
	case HV_ENGINE_KVM:
		if (access("/dev/kvm", R_OK | W_OK)) {
			hv_err(err, -errno,
			       "/dev/kvm: cannot be opened: %s; the definition asks for kvm; load "
			       "the kvm module or use engine='auto'",
			       strerror(errno));
			return NULL;
		}
		snprintf(why, WHY, "the definition asks for it");
		return &engine_kvm;
	case HV_ENGINE_AUTO: break;
	}
	rate = measured(cache_dir);
	if (rate >= ENGINE_KVM_MIN_RATE) {
		snprintf(why, WHY, "/dev/kvm executes %.1f million instructions a second",
			 (double)rate / 1e6);
		return &engine_kvm;
	}
	if (rate > 0)
		snprintf(why, WHY,
			 "/dev/kvm executes only %.1f million instructions a second, where "
			 "%.0f are asked of it",
			 (double)rate / 1e6, ENGINE_KVM_MIN_RATE / 1e6);
	else if (rate == -ENOENT)
		snprintf(why, WHY, "there is no /dev/kvm");
	else
		snprintf(why, WHY, "/dev/kvm cannot be used: %s", strerror((int)-rate));
	return &engine_soft;
}
