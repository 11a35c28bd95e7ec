// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "tool.h"

extern char **environ;

static char *read_all(int fd)
{
	size_t len = 0, room = 65536;
	char *s = malloc(room);

	assert_non_null(s);
	for (;;) {
		ssize_t n = read(fd, s + len, room - len - 1);

		assert_true(n >= 0);
		if (!n)
			break;
		len += (size_t)n;
		if (room - len < 4096)
			s = realloc(s, room *= 2);
		assert_non_null(s);
	}
	s[len] = 0;
	return s;
}

char *tool(const char *const argv[], int *status)
{
	posix_spawn_file_actions_t a;
	int out[2];
	pid_t pid;
	char *s;

	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	posix_spawn_file_actions_init(&a);
	posix_spawn_file_actions_addopen(&a, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&a, out[1], 1);
	posix_spawn_file_actions_addopen(&a, 2, "/dev/null", O_WRONLY, 0);
	assert_int_equal(posix_spawnp(&pid, argv[0], &a, NULL, (char *const *)argv, environ), 0);
	posix_spawn_file_actions_destroy(&a);
	close(out[1]);
	s = read_all(out[0]);
	close(out[0]);
	assert_int_equal(waitpid(pid, status, 0), pid);
	assert_true(WIFEXITED(*status));
	*status = WEXITSTATUS(*status);
	return s;
}

char *tool_drbdmeta(const char *file, const char *words)
{
	const char *argv[16] = {"drbdmeta", "--force", "-", "v08", file};
	char *copy = strdup(words), *save = NULL, *s;
	int n = 5, status;

	for (char *w = strtok_r(copy, " ", &save); w && n < 15; w = strtok_r(NULL, " ", &save))
		argv[n++] = w;
	s = tool(argv, &status);
	if (status)
		print_error("drbdmeta %s %s: %d\n%s", file, words, status, s);
	assert_int_equal(status, 0);
	free(copy);
	return s;
}

int scratch(char name[64], uint64_t bytes)
{
	const char *dir = getenv("TMPDIR");
	int fd;

	snprintf(name, 64, "%.40s/mirror-XXXXXX", dir ? dir : "/tmp");
	fd = mkostemp(name, O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
	return fd;
}

uint64_t rnd(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}
