// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The two hosts in the beginning, and in the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/history/torture/host.h"

enum { SYNC_MS = 120000, DOWN_MS = 30000, POLL_MS = 5 };

/* As taiki-fence-peer decides, with a file in the place of the CIB. */
static const char handler[] =
	"#!/bin/sh\n"
	"# %s\n"
	"[ $1 = fence ] || { [ \"$(readlink '%s/only')\" != '%s' ] || rm -f '%s/only'; exit 0; }\n"
	"ln -s '%s' '%s/only' 2>/dev/null\n"
	"[ \"$(readlink '%s/only')\" = '%s' ] || exit 6\n"
	"[ -e '%s/dead' ] && exit 7\n"
	"exit 4\n";

static void make(struct host *h)
{
	static const char *const folders[] = {"", "/platter", "/mnt", "/run"};
	char path[160], program[160], meta[128];
	char *argv[] = {program,
			(char *)"create-md",
			(char *)"--disk",
			path,
			settings.external ? (char *)"--meta-disk" : NULL,
			meta,
			NULL};
	FILE *f;
	int fd;

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", h->root, folders[i]);
		if (mkdir(path, 0755))
			give_up("%s: %s", path, strerror(errno));
	}
	snprintf(path, sizeof(path), "%s/fence", h->root);
	f = fopen(path, "we");
	if (!f)
		give_up("%s: %s", path, strerror(errno));
	fprintf(f, handler, h->name, settings.dir, h->name, settings.dir, h->name, settings.dir,
		settings.dir, h->name, h->peer->root);
	fchmod(fileno(f), 0755);
	fclose(f);
	host_disk_fault(h, NULL, NULL);
	snprintf(meta, sizeof(meta), "%s/platter/meta", h->root);
	snprintf(path, sizeof(path), "%s/platter/data", h->root);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || ftruncate(fd, (off_t)settings.megabytes << 20))
		give_up("%s: %s", path, strerror(errno));
	close(fd);
	if (settings.external) {
		fd = open(meta, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
		if (fd < 0 || ftruncate(fd, 1 << 20))
			give_up("%s: %s", meta, strerror(errno));
		close(fd);
	}
	snprintf(program, sizeof(program), "%s/taiki-mirror", settings.build);
	host_finish("create-md", host_run(argv, "/dev/null"));
}

static void down(struct host *h)
{
	host_ask(h, "down", DOWN_MS);
	host_reap(&h->mirror);
}

/* first_copy() - Both have everything, made on plain files. */
static void first_copy(void)
{
	struct host *a = &hosts[0], *b = &hosts[1];
	uint64_t until = now_ns() + SYNC_MS * UINT64_C(1000000);
	int why = 0;

	host_mirror_up(a, "platter");
	host_mirror_up(b, "platter");
	while (!host_is(a, "connection", "Connected")) {
		if (now_ns() > until)
			give_up("the two do not find one another");
		pause_ms(POLL_MS);
	}
	json_decref(host_ask_with(a, "primary", json_pack("{s:b}", "force", 1), DOWN_MS, &why));
	if (why)
		give_up("no first Primary: %s", strerror(-why));
	while (!host_is(a, "peer-disk", "UpToDate") || !host_is(b, "disk", "UpToDate")) {
		if (now_ns() > until)
			give_up("no first copy");
		pause_ms(POLL_MS);
	}
	host_ask(a, "secondary", DOWN_MS);
	down(a);
	down(b);
}

void hosts_make(void)
{
	char net[24];
	unsigned port = 7789;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	snprintf(net, sizeof(net), "127.%u.%u", (unsigned)getpid() % 250 + 2,
		 (unsigned)getpid() / 250 % 250 + 2);
	for (int i = 0; i < 2; i++) {
		struct host *h = &hosts[i];

		h->name = i ? "b" : "a";
		h->peer = &hosts[1 - i];
		snprintf(h->root, sizeof(h->root), "%.80s/%s", settings.dir, h->name);
		snprintf(h->address, sizeof(h->address), "%s.%d:%u", net, i ? 4 : 1, port);
		snprintf(h->peer_address, sizeof(h->peer_address), "%s.%d:%u", net, i ? 2 : 3,
			 port);
	}
	link_open(net, port, settings.delay_ms);
	for (int i = 0; i < 2; i++)
		make(&hosts[i]);
	first_copy();
	for (int i = 0; i < 2; i++)
		host_up(&hosts[i]);
}

void hosts_end(void)
{
	for (int i = 0; i < 2; i++) {
		if (hosts[i].mirror)
			down(&hosts[i]);
		host_disk_down(&hosts[i]);
	}
	host_reap_strays();
	link_close();
}
