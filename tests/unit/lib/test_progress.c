// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What stands in a run directory for those who watch: progress page and intent.
 */
#include "util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hv/progress.h"

static char path[4096];

static void put(const char *file, const void *bytes, size_t len, mode_t mode)
{
	int fd;

	mkdir(hv_run_root(), 0755);
	assert_int_equal(hv_run_path(path, sizeof(path), "web1", ""), 0);
	mkdir(path, 0755);
	assert_int_equal(hv_run_path(path, sizeof(path), "web1", file), 0);
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static union {
	struct hv_progress page;
	char bytes[HV_PROGRESS_SIZE + 1];
} sheet;

static void make_page(void)
{
	memset(&sheet, 0, sizeof(sheet));
	memcpy(sheet.page.magic, HV_PROGRESS_MAGIC, sizeof(sheet.page.magic));
	sheet.page.version = HV_PROGRESS_VERSION;
	sheet.page.size = HV_PROGRESS_SIZE;
	sheet.page.vcpus = 2;
	sheet.page.disks = 1;
	sheet.page.state = HV_PROGRESS_RUNNING;
	sheet.page.vcpu[1].work = 1ULL << 40;
	strcpy(sheet.page.incarnation, "12345678-1234-4234-8234-1234567890ab");
}

static int open_page(struct hv_error *err)
{
	const struct hv_progress *p;
	int rc = hv_progress_open("web1", &p, err);

	if (rc)
		assert_null(p);
	hv_progress_close(p);
	return rc;
}

/* A reader sees what the writer writes, without another call. */
static void shared(void **state)
{
	const struct hv_progress *p;
	struct hv_progress look;
	uint64_t more = (1ULL << 40) + 5;
	int fd;

	make_page();
	put("progress", &sheet, HV_PROGRESS_SIZE, 0640);
	assert_int_equal(hv_progress_open("web1", &p, NULL), 0);
	hv_progress_look(p, &look);
	assert_int_equal(look.vcpu[1].work, 1ULL << 40);
	assert_int_equal(look.vcpus, 2);
	assert_string_equal(look.incarnation, "12345678-1234-4234-8234-1234567890ab");
	fd = open(path, O_WRONLY);
	assert_int_equal(pwrite(fd, &more, 8, offsetof(struct hv_progress, vcpu[1].work)), 8);
	close(fd);
	hv_progress_look(p, &look);
	assert_int_equal(look.vcpu[1].work, more);
	/* The next start's is another file: the old one stands still. */
	put("progress", &sheet, HV_PROGRESS_SIZE, 0640);
	hv_progress_look(p, &look);
	assert_int_equal(look.vcpu[1].work, more);
	hv_progress_close(p);
}

/* Counts that no table has, and an incarnation without an end, lead nobody astray. */
static void wild_counts(void **state)
{
	const struct hv_progress *p;
	struct hv_progress look;

	make_page();
	sheet.page.vcpus = sheet.page.disks = sheet.page.nics = 0xffffffff;
	memset(sheet.page.incarnation, 'x', sizeof(sheet.page.incarnation));
	put("progress", &sheet, HV_PROGRESS_SIZE, 0640);
	assert_int_equal(hv_progress_open("web1", &p, NULL), 0);
	hv_progress_look(p, &look);
	assert_int_equal(look.vcpus, HV_VCPUS_MAX);
	assert_int_equal(look.disks, HV_DISKS_MAX);
	assert_int_equal(look.nics, HV_NICS_MAX);
	assert_int_equal(strlen(look.incarnation), sizeof(look.incarnation) - 1);
	hv_progress_close(p);
}

static void refused(void **state)
{
	struct hv_error err = {""};

	assert_int_equal(hv_progress_open("../x", &(const struct hv_progress *){NULL}, &err),
			 -EINVAL);
	make_page();
	put("progress", &sheet, HV_PROGRESS_SIZE, 0640);
	assert_int_equal(open_page(&err), 0);
	unlink(path);
	assert_int_equal(open_page(&err), -ENOENT);
	assert_int_equal(symlink("/proc/self/exe", path), 0);
	assert_int_equal(open_page(&err), -ELOOP);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(open_page(&err), -EPROTO);
	put("progress", &sheet, HV_PROGRESS_SIZE - 1, 0640);
	assert_int_equal(open_page(&err), -EPROTO);
	assert_non_null(strstr(err.text, "4096 bytes"));
	put("progress", &sheet, HV_PROGRESS_SIZE + 1, 0640);
	assert_int_equal(open_page(&err), -EPROTO);
	put("progress", &sheet, HV_PROGRESS_SIZE, 0660);
	assert_int_equal(open_page(&err), -EPERM);
	put("progress", &sheet, HV_PROGRESS_SIZE, 0642);
	assert_int_equal(open_page(&err), -EPERM);
	sheet.page.version++;
	put("progress", &sheet, HV_PROGRESS_SIZE, 0640);
	assert_int_equal(open_page(&err), -EPROTO);
	assert_non_null(strstr(err.text, "another release"));
	make_page();
	sheet.page.magic[0] = 'X';
	put("progress", &sheet, HV_PROGRESS_SIZE, 0640);
	assert_int_equal(open_page(&err), -EPROTO);
}

static void somebody_elses(void **state)
{
	if (geteuid()) {
		print_message("# not root: nobody else's file can be made\n");
		return;
	}
	make_page();
	put("progress", &sheet, HV_PROGRESS_SIZE, 0640);
	assert_int_equal(chown(path, 12345, 0), 0);
	assert_int_equal(open_page(NULL), -EPERM);
}

static void intents(void **state)
{
	static const enum hv_intent all[] = {HV_INTENT_STOP, HV_INTENT_MIGRATE, HV_INTENT_RELOAD};
	struct hv_error err = {""};
	uint64_t until = 1, first;

	put("other", "", 0, 0644);
	assert_int_equal(hv_intent_read("web1", &until), HV_INTENT_NONE);
	assert_int_equal(until, 0);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(hv_intent_write("web1", all[i], 60000, &err), 0);
		assert_int_equal(hv_intent_read("web1", NULL), all[i]);
	}
	assert_int_equal(hv_intent_write("web1", HV_INTENT_STOP, 60000, NULL), 0);
	assert_int_equal(hv_intent_read("web1", &first), HV_INTENT_STOP);
	assert_int_equal(hv_intent_write("web1", HV_INTENT_STOP, 120000, NULL), 0);
	assert_int_equal(hv_intent_read("web1", &until), HV_INTENT_STOP);
	assert_true(until >= first + 60000);
	/* Said for no time at all: it has expired. */
	assert_int_equal(hv_intent_write("web1", HV_INTENT_STOP, 0, NULL), 0);
	assert_int_equal(hv_intent_read("web1", &until), HV_INTENT_NONE);
	assert_int_equal(hv_intent_write("web1", HV_INTENT_NONE, 0, NULL), 0);
	assert_int_equal(hv_intent_write("web1", HV_INTENT_NONE, 0, NULL), 0);
	assert_null(hv_run_read("web1", "intent"));
	assert_int_equal(hv_intent_write("nobody", HV_INTENT_STOP, 1, &err), -ENOENT);
	assert_int_equal(hv_intent_write("a/b", HV_INTENT_STOP, 1, &err), -EINVAL);
	assert_string_equal(hv_intent_name(HV_INTENT_MIGRATE), "migrate");
}

static void malformed_intents(void **state)
{
	static const char *const bad[] = {
		"",
		"\n",
		"stop",
		"stop ",
		"stop x",
		"stop -1",
		"stop +99999999999999",
		"stop 99999999999999x",
		"STOP 99999999999999",
		"none 99999999999999",
		"stopp 99999999999999",
		" stop 99999999999999",
		"stop  99999999999999",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put("intent", bad[i], strlen(bad[i]), 0644);
		if (hv_intent_read("web1", NULL) != HV_INTENT_NONE)
			fail_msg("\"%s\" was believed", bad[i]);
	}
	put("intent", "stop 99999999999999", 19, 0644);
	assert_int_equal(hv_intent_read("web1", NULL), HV_INTENT_STOP);
}

static void say(const char *file, const char *text)
{
	put(file, text, strlen(text), 0644);
}

static void verdicts(void **state)
{
	static const char since[] =
		"failed since 2026-11-27T01:00:00Z: no beats (no-beats), incarnation ";
	char line[256];

	say("incarnation", "a01024f5-a678-49d6-9164-c91917ac0dd2\n");
	assert_false(hv_verdict_failed("web1"));
	snprintf(line, sizeof(line), "%sa01024f5-a678-49d6-9164-c91917ac0dd2\n", since);
	say("verdict", line);
	assert_true(hv_verdict_failed("web1"));
	/* About the domain as it was started before: nothing. */
	say("incarnation", "b01024f5-a678-49d6-9164-c91917ac0dd2\n");
	assert_false(hv_verdict_failed("web1"));
	say("incarnation", "\n");
	assert_false(hv_verdict_failed("web1"));
	say("incarnation", "a01024f5-a678-49d6-9164-c91917ac0dd2\n");
	say("verdict", "alive since 2026-11-27T01:00:00Z: beats come (beats), incarnation "
		       "a01024f5-a678-49d6-9164-c91917ac0dd2\n");
	assert_false(hv_verdict_failed("web1"));
	say("verdict", "");
	assert_false(hv_verdict_failed("web1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shared),   cmocka_unit_test(wild_counts),
		cmocka_unit_test(refused),  cmocka_unit_test(somebody_elses),
		cmocka_unit_test(intents),  cmocka_unit_test(malformed_intents),
		cmocka_unit_test(verdicts),
	};
	int rc;

	scratch();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	scratch_remove();
	return rc;
}
