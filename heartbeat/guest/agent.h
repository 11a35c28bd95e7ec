/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What QEMU's guest agent is asked that taiki-guest can answer in its place (agent = yes): whether it
 * is there, and how many processors are used.  The protocol is a JSON object a line.
 */
#ifndef TAIKI_GUEST_AGENT_H
#define TAIKI_GUEST_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { VCPUS_MAX = 64, VCPUS_LIST_MAX = VCPUS_MAX * 8 };

/* --- vcpus.c --- */

/* Where the kernel has them. */
#define VCPUS_DIR "/sys/devices/system/cpu"
/* The word with which taiki-guest runs itself for vcpus_set(). */
#define VCPUS_SET "--set-vcpus"

struct vcpu {
	unsigned id;
	bool online, can_offline;
};

/* vcpus_read() - Those below @dir, by number; how many. */
size_t vcpus_read(const char *dir, struct vcpu out[VCPUS_MAX]);

/*
 * vcpus_set() - Put them on and off in the order of @list ("1=0 3=1"), up to the first that
 * cannot be: an exit status, how many were done, or VCPUS_FAILED + errno where that was the first.
 * A program of its own: the kernel may take long to empty a processor.
 */
int vcpus_set(const char *dir, const char *list);
enum { VCPUS_FAILED = 100 };

/* --- agent_ask.c --- */

/* A request that is answered when vcpus_set() has ended. */
struct agent_set {
	char list[VCPUS_LIST_MAX]; /* "": none */
	char *id;                  /* of the request, as JSON, or NULL; whoever answers, frees it */
};

/*
 * agent_ask() - The answer to one line, the caller's to free; NULL: there is none, or it comes later, for
 * then @set says what is to be done first.
 */
char *agent_ask(const char *line, size_t len, const char *dir, struct agent_set *set);

/* agent_done() - The answer to @set, which has ended with @status (-1: it was killed); frees its id. */
char *agent_done(struct agent_set *set, int status);

/* --- agent.c --- */

/* agent_start() - Serve the port of the agent, at @path or (NULL) found by its name; false: errno says why not. */
bool agent_start(const char *path);

/* agent_handle() - Events of @fd; false: it is none of its. */
bool agent_handle(int fd, unsigned what);

/* agent_reap() - A child has ended, maybe its. */
void agent_reap(void);

#endif
