// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fencing/agent.h"

static bool verbose, quiet;
static FILE *debug_file;

int64_t agent_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

/* agent_sleep_ms() - No shorter, whatever signals come. */
void agent_sleep_ms(int64_t ms)
{
	struct timespec t;
	int64_t end;

	if (ms <= 0)
		return;
	clock_gettime(CLOCK_MONOTONIC, &t);
	end = t.tv_nsec + ms % 1000 * 1000000;
	t.tv_sec += ms / 1000 + end / 1000000000;
	t.tv_nsec = end % 1000000000;
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

static void to_debug_file(const char *text)
{
	char date[32];
	time_t now = time(NULL);
	struct tm tm;

	if (!debug_file)
		return;
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	fprintf(debug_file, "%s [%d] %s\n", date, (int)getpid(), text);
	fflush(debug_file);
}

/* printable() - What the other side says cannot move the cursor of a terminal. */
static void printable(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

static __attribute__((format(printf, 2, 0))) void say(bool shown, const char *fmt, va_list ap)
{
	char text[1024];

	vsnprintf(text, sizeof(text), fmt, ap);
	printable(text);
	if (shown)
		fprintf(stderr, "fence_taiki: %s\n", text);
	to_debug_file(text);
}

void agent_say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(!quiet, fmt, ap);
	va_end(ap);
}

void agent_detail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(verbose && !quiet, fmt, ap);
	va_end(ap);
}

void agent_log_open(const struct options *o)
{
	const char *path = options_get(o, OPT_DEBUG_FILE);

	verbose = options_flag(o, OPT_VERBOSE);
	quiet = options_flag(o, OPT_QUIET);
	if (!path)
		return;
	debug_file = fopen(path, "ae");
	if (!debug_file)
		agent_say("%s: cannot be written: %s; going on without it", path, strerror(errno));
}

int main(int argc, char **argv)
{
	struct options o = {0};
	int rc;

	/* Told by write() instead. */
	signal(SIGPIPE, SIG_IGN);
	rc = argc > 1 ? options_parse(&o, argc, argv) : options_read(&o, stdin);
	if (rc) {
		if (argc <= 1)
			agent_say("the parameters could not be read: %s", strerror(-rc));
		free(o.text);
		return AGENT_FAILED;
	}
	agent_log_open(&o);
	if (options_flag(&o, OPT_HELP)) {
		agent_help(stdout);
	} else if (options_flag(&o, OPT_VERSION)) {
		printf("fence_taiki %s\n", TAIKI_VERSION);
	} else {
		rc = agent_act(&o);
	}
	if (fflush(stdout) || ferror(stdout))
		rc = AGENT_FAILED;
	if (debug_file)
		fclose(debug_file);
	free(o.text);
	return rc;
}
