// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hvcore/lib/probe.h"
#include "util.h"

enum { WAITERS_MS = 60000 };

char *slurp(const char *path, size_t *len)
{
	FILE *f = fopen(path, "r");
	char *text;
	long n;

	if (!f)
		fail_msg("%s: %s (tests run in the source directory)", path, strerror(errno));
	fseek(f, 0, SEEK_END);
	n = ftell(f);
	rewind(f);
	text = calloc(1, (size_t)n + 1);
	assert_non_null(text);
	assert_int_equal(fread(text, 1, (size_t)n, f), n);
	fclose(f);
	if (len)
		*len = (size_t)n;
	return text;
}

static void sample_disks(struct hv_config *c)
{
	c->ndisks = 3;
	c->disk[0].path = strdup("/var/lib/images/web1.raw");
	c->disk[0].target = strdup("vda");
	c->disk[0].serial = strdup("WEB1-ROOT");
	c->disk[0].discard = true;
	c->disk[0].limits.rate[HV_BPS] = (struct hv_rate){10 << 20, 20 << 20, 100 << 20};
	c->disk[0].limits.rate[HV_IOPS_WR].avg = 100;
	c->disk[0].limits.iops_size = 4096;
	c->disk[1].path = strdup("/dev/vg/data");
	c->disk[1].target = strdup("vdb");
	c->disk[1].gated = true;
	c->disk[1].guard = HV_GUARD_LEASE;
	c->disk[1].lease_lockspace = strdup("taiki");
	c->disk[1].lease_key = strdup("web1-data");
	c->disk[1].lease_path = strdup("/dev/vg/leases");
	c->disk[1].lease_offset = 1 << 20;
	c->disk[2].path = strdup("/var/lib/images/tools.iso");
	c->disk[2].target = strdup("vdc");
	c->disk[2].readonly = true;
}

void sample(struct hv_config *c)
{
	static const uint8_t mac[6] = {0x52, 0x54, 0x00, 0xab, 0x01, 0xff};

	hv_config_init(c);
	c->name = strdup("web1");
	strcpy(c->uuid, "322baf42-0a4a-5495-b8e7-faf758da7333");
	c->memory = 2048ULL << 20;
	c->current_memory = 1024ULL << 20;
	c->vcpus = 4;
	c->vcpus_current = 2;
	c->engine = HV_ENGINE_SOFT;
	c->cpu = HV_CPU_HOST_PASSTHROUGH;
	c->cputune.shares = 2048;
	c->cputune.period = 50000;
	c->cputune.quota = -1;
	c->npins = 2;
	c->pin[0].cpuset = strdup("2");
	c->pin[1].vcpu = 3;
	c->pin[1].cpuset = strdup("3-5,^4");
	c->emulatorpin = strdup("0-1");
	c->kernel = strdup("/boot/vmlinuz");
	c->initrd = strdup("/boot/initrd.img");
	free(c->cmdline);
	c->cmdline = strdup("root=/dev/vda1 motto=\"待機 & <ready>\"");
	c->rtc_localtime = true;
	c->acpi = false;
	c->on_reboot = HV_ACTION_PRESERVE;
	c->on_crash = HV_ACTION_RESTART;
	c->console = c->rng = c->balloon = c->free_page_reporting = c->panic = true;
	c->balloon_autodeflate = true;
	c->console_is_serial = false;
	c->balloon_stats_period = 5;
	c->watchdog = HV_WATCHDOG_I6300ESB;
	c->watchdog_action = HV_WATCHDOG_PAUSE;
	c->heartbeat.beats = true;
	c->heartbeat.timeout = 5000;
	c->heartbeat.agent_timeout = 20000;
	c->heartbeat.action = HV_HEARTBEAT_NOTIFY;
	c->fence_group = strdup("web");
	c->standby.wanted = c->standby.spare = true;
	c->standby.memory = 96ULL << 20;
	c->standby.shares = 64;
	c->standby.quota = 20000;
	c->minimum.memory = 256ULL << 20;
	c->minimum.shares = 32;
	c->minimum.quota = 10000;
	c->priority = 10;
	c->nroles = 2;
	c->role[0].key = strdup("address");
	c->role[0].value = strdup("10.0.0.5/24");
	c->role[1].key = strdup("motto");
	c->role[1].value = strdup("");
	sample_disks(c);
	c->nnics = 2;
	c->nic[0].bridge = strdup("br0");
	c->nic[0].tap = strdup("web1-0");
	c->nic[0].queues = c->nic[1].queues = 1;
	memcpy(c->nic[0].mac, mac, 6);
	c->nic[1].bridge = strdup("br1");
	memcpy(c->nic[1].mac, mac, 6);
	c->nic[1].mac[5] = 0;
	c->nic[1].link_down = true;
	c->nic[1].gated = true;
	c->nic[1].limits.rate[HV_BPS_RD].avg = 128000;
	c->nchannels = 5;
	c->channel[0].name = strdup("org.qemu.guest_agent.0");
	c->channel[1].name = strdup("com.example.log");
	c->channel[1].socket = strdup("/run/example/log.sock");
	c->channel[2].name = strdup("org.taiki.heartbeat.0");
	c->channel[3].name = strdup("org.taiki.fence.0");
	c->channel[4].name = strdup("org.taiki.role.0");
}

static char dir[64];

const char *scratch(void)
{
	char path[128];

	strcpy(dir, "/tmp/taiki-unit-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/run", dir);
	setenv("TAIKI_RUN_DIR", path, 1);
	snprintf(path, sizeof(path), "%s/etc", dir);
	setenv("TAIKI_ETC_DIR", path, 1);
	return dir;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

void scratch_remove(void)
{
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

unsigned lock_waiters(const char *path)
{
	char line[256], inode[32];
	unsigned n = 0;
	struct stat st;
	FILE *f = fopen("/proc/locks", "re");

	assert_non_null(f);
	assert_int_equal(stat(path, &st), 0);
	snprintf(inode, sizeof(inode), ":%lu ", (unsigned long)st.st_ino);
	while (fgets(line, sizeof(line), f))
		n += strstr(line, inode) && strstr(line, "->");
	fclose(f);
	return n;
}

bool until_waited_for(const char *path, unsigned n)
{
	int64_t end = hv_clock_ms() + WAITERS_MS;

	while (lock_waiters(path) < n && hv_left_ms(end))
		usleep(1000);
	return lock_waiters(path) >= n;
}
